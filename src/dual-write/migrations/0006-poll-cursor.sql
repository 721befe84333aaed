-- How far the changes of an entity have been asked for, on a side that does not post them.
create table dual_write.poll_cursor (
  entity text primary key,
  cursor text not null,
  -- Changes may have been missed: the records are read through before this is over.
  reads_through boolean not null default false,
  at timestamptz not null default clock_timestamp()
);

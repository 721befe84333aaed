-- What became of each attempt to carry a change: so that anybody can be told why a row did or did not travel. What happened to the rows
-- themselves stands in tables.row_history.

create table dual_write.trace (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  map text not null,
  row_id uuid,
  remote_key text,
  step text not null,
  text text not null,
  details jsonb not null default '{}'
);
create index trace_of_row on dual_write.trace (row_id, id) where row_id is not null;
create index trace_of_record on dual_write.trace (map, remote_key, id) where remote_key is not null;
-- Entries stand in the order of their time, near enough.
create index trace_at on dual_write.trace using brin (at) with (pages_per_range = 32);

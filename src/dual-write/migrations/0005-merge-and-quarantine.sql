-- What is known of values that lost, of what the ERP made of our values, of what is gone on either side, and of what waits for a person.

alter table dual_write.map
  -- A save waits for the ERP's answer before it counts.
  add column confirm_first boolean not null default false;

alter table dual_write.row_link
  -- Columns whose values the portal has sent at some time.
  add column sent text[];

alter table dual_write.conflict
  -- What decided: 'erp', 'newest', 'portal while …'.
  add column rule text not null default '',
  -- Somebody has written the value that lost all the same.
  add column taken_at timestamptz;
create index conflict_of_map on dual_write.conflict (map, id);

-- What the ERP made of values that the portal had sent: the last word for each column, until the portal sends another.
create table dual_write.erp_change (
  row_id uuid not null,
  map text not null,
  column_name text not null,
  sent text,
  became text,
  at timestamptz not null default clock_timestamp(),
  primary key (row_id, map, column_name)
);

-- Records that are gone, or outside a map's filter, and the rows that were theirs. A page that was read before does not bring them back
-- (by the number), and an edit of the row does not create them anew.
create table dual_write.tombstone (
  -- In one series with the revisions of links: what a reader knew before he read is below what came after.
  number bigint primary key default nextval('dual_write.link_revision'),
  map text not null,
  remote_key text not null,
  -- The row that stays here without its record.
  row_id uuid,
  kind text not null check (kind in ('gone', 'left')),
  at timestamptz not null default clock_timestamp()
);
create index tombstone_of_record on dual_write.tombstone (map, remote_key, number);
create index tombstone_of_row on dual_write.tombstone (row_id, map) where row_id is not null;
create index tombstone_at on dual_write.tombstone (at) where row_id is null;

alter table dual_write.remote_change
  -- When the last notice came; `received_at` is of the first that has not been worked on.
  add column noticed_at timestamptz not null default clock_timestamp(),
  add column pattern text,
  -- The row that must come first: its table and the values of its key, joined by U+001F.
  add column waits_for text,
  -- Values of the portal's columns that a person has given instead of what the record says.
  add column overrides jsonb;
drop index dual_write.remote_change_due;
create index remote_change_due on dual_write.remote_change (map, due_at, remote_key) where parked_at is null;
create index remote_change_waiting on dual_write.remote_change (map, received_at) where parked_at is null;
create index remote_change_waits_for on dual_write.remote_change (waits_for) where waits_for is not null;
create index remote_change_newest_parked on dual_write.remote_change (parked_at) where parked_at is not null;
create index remote_change_cluster on dual_write.remote_change (map, reason_code, pattern) where parked_at is not null;

-- For rules of deletion: whether the ERP has the row, as far as a map that is not stopped says.
create function dual_write.is_linked(map text, id uuid) returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (
    select 1 from dual_write.row_link l join dual_write.map m on m.name = l.map
     where l.map = $1 and l.row_id = $2 and m.state <> 'not_running')
$$;

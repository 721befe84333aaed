-- What the sync engine knows: maps and their state, which row is which record, and what still has to be done.

create schema dual_write;

create table dual_write.map (
  name text primary key,
  version text not null,
  table_name text not null,
  entity text not null,
  state text not null check (state in ('not_running', 'initializing', 'running', 'paused', 'resuming')),
  state_at timestamptz not null default clock_timestamp(),
  last_error text,
  last_error_at timestamptz
);

-- Which row is which record, and what both sides last agreed on: values as text, by column.
create table dual_write.row_link (
  map text not null,
  row_id uuid not null,
  remote_key text not null,
  company text,
  agreed jsonb not null default '{}',
  -- Null when it is not known: the next read brings it.
  remote_version text,
  -- Counts writes: who has read the other side before somebody else wrote must read again.
  revision bigint not null default 1,
  linked_at timestamptz not null default clock_timestamp(),
  primary key (row_id, map)
);
create unique index row_link_remote on dual_write.row_link (map, remote_key);

-- One entry for each record of the other side that has to be read again, however often it changed.
create table dual_write.remote_change (
  map text not null,
  remote_key text not null,
  -- Counts notices: one that arrives during the work on it is not lost.
  generation bigint not null default 1,
  event_id text,
  received_at timestamptz not null default clock_timestamp(),
  -- Schedule, back-off and lease in one, as in tables.change.
  due_at timestamptz not null default clock_timestamp(),
  attempt int not null default 0,
  parked_at timestamptz,
  reason_code text,
  reason text,
  primary key (map, remote_key)
);
create index remote_change_due on dual_write.remote_change (due_at) where parked_at is null;
create index remote_change_parked on dual_write.remote_change (map, remote_key) where parked_at is not null;

-- A lookup whose target had not arrived: filled in when it does.
create table dual_write.deferred_lookup (
  map text not null,
  row_id uuid not null,
  column_name text not null,
  target_table text not null,
  key text not null,
  primary key (map, row_id, column_name)
);
create index deferred_lookup_target on dual_write.deferred_lookup (target_table, key);

-- The first copy of a map, one entry for each legal entity ('' where the entity has none).
create table dual_write.initial_sync (
  map text not null,
  company text not null,
  -- Where the next page starts; null before the first.
  cursor text,
  done boolean not null default false,
  rows_total bigint,
  rows_done bigint not null default 0,
  rows_created bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (map, company)
);

create table dual_write.initial_sync_error (
  map text not null,
  company text not null,
  remote_key text not null,
  code text not null,
  reason text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (map, remote_key)
);

-- Both sides changed the same column: which value lost.
create table dual_write.conflict (
  id bigint generated always as identity primary key,
  map text not null,
  row_id uuid not null,
  column_name text not null,
  winner text not null check (winner in ('portal', 'erp')),
  kept text,
  lost text,
  at timestamptz not null default clock_timestamp()
);
create index conflict_of_row on dual_write.conflict (row_id);

create table dual_write.activity (
  id bigint generated always as identity primary key,
  map text,
  actor text not null,
  action text not null,
  details jsonb not null default '{}',
  at timestamptz not null default clock_timestamp()
);

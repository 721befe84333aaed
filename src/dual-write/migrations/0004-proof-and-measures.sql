-- What proves that both sides are equal, how fast changes travel, and which installation may write.

-- Settled changes of a minute (later: of an hour) by how long they took. `map` is empty for all maps together.
create table dual_write.series (
  at timestamptz not null,
  map text not null,
  direction text not null check (direction in ('toErp', 'toPortal')),
  settled bigint not null,
  -- Element n counts the changes of the nth span of time (src/dual-write/series/spans.ts).
  spans int[] not null,
  primary key (map, direction, at)
);
create index series_at on dual_write.series (at);

-- When the way was last found open, and how long there and back took.
create table dual_write.beat (
  direction text primary key check (direction in ('toErp', 'toPortal')),
  at timestamptz not null,
  round_trip_ms int not null
);

-- Who this installation is, and where it stood when a person or the first start let it write.
create table dual_write.environment (
  is_only boolean primary key default true check (is_only),
  installation uuid not null,
  -- What it was called before: folders of other processes may still know it by those names.
  former uuid[] not null default '{}',
  system_identifier text not null,
  database_oid bigint not null,
  erp text not null,
  -- Counts up all the time, here first and then in the folder: a folder that is ahead has seen what this database no longer knows.
  epoch bigint not null default 1,
  armed boolean not null,
  reason text,
  armed_by text,
  armed_at timestamptz
);

-- How far the comparison of a map and legal entity is ('' where it has none), and what the last whole one found.
create table dual_write.comparison (
  map text not null,
  company text not null,
  -- Of the one under way; null when none is.
  pass bigint,
  is_exact boolean not null default false,
  cursor text,
  progress jsonb,
  progress_at timestamptz,
  -- Of the last whole one.
  rows bigint not null default 0,
  differences bigint not null default 0,
  explained bigint not null default 0,
  ranges_read int not null default 0,
  ranges_compared int not null default 0,
  compared_at timestamptz,
  exact_at timestamptz,
  primary key (map, company)
);
create sequence dual_write.comparison_pass;

create table dual_write.difference (
  map text not null,
  -- Record key of the ERP's side, or the row id where only the portal has it.
  key text not null,
  company text not null,
  row_id uuid,
  kind text not null check (kind in ('only_erp', 'only_portal', 'columns')),
  columns jsonb not null default '[]',
  explanation text,
  pass bigint not null,
  found_at timestamptz not null default clock_timestamp(),
  primary key (map, key)
);
create index difference_of_company on dual_write.difference (map, company, key);

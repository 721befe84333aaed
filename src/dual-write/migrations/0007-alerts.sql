-- Rules that tell people when something goes wrong, and what they have told.

create table dual_write.alert_rule (
  id bigint generated always as identity primary key,
  title text not null,
  -- Null: all maps together.
  map text,
  kind text not null check (kind in ('parked', 'failed', 'lag', 'difference', 'unreachable')),
  -- At least so many (of `lag`: milliseconds), within so long.
  count bigint not null check (count > 0),
  window_minutes int not null check (window_minutes > 0),
  mail text[] not null default '{}',
  webhook text,
  pause boolean not null default false,
  enabled boolean not null default true,
  -- What it tells of goes on since then: it tells again when that has ended, or when the window has passed.
  standing_since timestamptz
);

create table dual_write.alert (
  id bigint generated always as identity primary key,
  rule_id bigint not null,
  title text not null,
  map text,
  at timestamptz not null default clock_timestamp(),
  count bigint not null,
  text text not null,
  delivered text[] not null default '{}'
);

create index remote_change_failing on dual_write.remote_change (map, reason_code) where parked_at is null and reason_code is not null;

-- Delivery of data events to whoever asked for them.

-- "entities" are public entity sets; empty means every one. A failing endpoint waits as a whole until "due_at".
create table scm.event_endpoint (
  id bigint generated always as identity primary key,
  url text not null unique,
  secret text not null default '',
  entities text[] not null default '{}',
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  last_error text not null default '',
  created_at timestamptz not null default now()
);

-- Null until the event has been handed to the endpoints. A flag on the row and not a cursor over "id": a transaction that took a lower
-- number may commit later, and a cursor would have passed it.
alter table scm.data_event add column dispatched_at timestamptz;
create index data_event_undispatched on scm.data_event (id) where dispatched_at is null;
create index data_event_dispatched on scm.data_event (dispatched_at) where dispatched_at is not null;

-- One event of one public entity set on its way to one endpoint; gone when acknowledged. "id" grows in the order of commits per record.
create table scm.event_delivery (
  id bigint generated always as identity primary key,
  endpoint_id bigint not null references scm.event_endpoint (id) on delete cascade,
  event_id bigint not null references scm.data_event (id),
  entity_set text not null,
  recid bigint not null,
  attempts integer not null default 0,
  due_at timestamptz not null default now(),
  last_error text not null default ''
);
create index on scm.event_delivery (endpoint_id, entity_set, recid, id);
create index on scm.event_delivery (event_id);

-- One row once the company's data has been loaded whole: a load that was killed half-way starts anew.
create table scm.company_load (
  single boolean primary key default true check (single),
  source text not null,
  finished_at timestamptz not null default now()
);

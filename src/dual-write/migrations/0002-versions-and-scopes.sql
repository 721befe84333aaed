-- Versions of maps beside their files, what a new version still has to carry over, and parts of maps that are paused.

alter table dual_write.map
  -- A person stopped it: it does not begin by itself.
  add column is_stopped boolean not null default false,
  -- The version of map_version that holds; null: the file's.
  add column active_version text,
  -- What capture and links were last made for (map-shape.ts); null: never looked at.
  add column shape jsonb,
  -- Which side wins in the first copy, where a person said so when he started the map.
  add column initial_winner text check (initial_winner in ('erp', 'portal')),
  -- The entity as the other side last described it, and what the map misses of it, in sentences.
  add column entity_seen jsonb,
  add column misses text[] not null default '{}';

update dual_write.map m set is_stopped = true
 where state = 'not_running'
   and (select a.action from dual_write.activity a where a.map = m.name order by a.id desc limit 1) = 'stopped';

create table dual_write.map_version (
  name text not null,
  version text not null,
  text text not null,
  publisher text not null,
  -- `file`: as it stood in a folder when it was read; its text follows the file.
  source text not null check (source in ('file', 'stored')),
  message text not null,
  by_whom text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (name, version)
);

-- Lists of values that came with an import: they stand before those of the files.
create table dual_write.value_list (
  name text primary key,
  entries jsonb not null,
  by_whom text not null,
  at timestamptz not null default clock_timestamp()
);

-- What a new version of a map still has to carry over: one entry for each map, in pages.
create table dual_write.backfill (
  map text primary key,
  -- Counts versions: one that arrives during the work begins it anew.
  revision bigint not null default 1,
  -- Every linked record is read again.
  to_portal boolean not null,
  -- Columns that linked rows tell the ERP.
  to_erp text[] not null,
  -- The other side is read through for records that the filter now lets in.
  entering_erp boolean not null,
  -- Rows that the portal's filter now lets in or out.
  entering_portal boolean not null,
  -- Where the next page starts.
  step text not null default 'begin',
  after text not null default ''
);

-- Parts of maps that a person has paused; '' stands for all legal entities or both directions.
create table dual_write.map_scope (
  map text not null,
  company text not null,
  direction text not null check (direction in ('', 'toErp', 'toPortal')),
  since timestamptz not null default clock_timestamp(),
  by_whom text not null,
  primary key (map, company, direction)
);

-- The legal entity of a record that was set aside because its part of the map is paused.
alter table dual_write.remote_change add column company text;
create index remote_change_set_aside on dual_write.remote_change (map, company) where reason_code = 'dual_write.paused';

create index activity_of_map on dual_write.activity (map, id desc);

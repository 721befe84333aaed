-- The first copy of a map: in ranges side by side, in both directions, with what became of every row.

-- Links are numbered in the order in which they are written, all together: a page knows by the number that was the last one before it
-- was read whether a link has been written since. (It counted the writes of one link until now.)
create sequence dual_write.link_revision;
select setval('dual_write.link_revision', (select coalesce(max(revision), 1) from dual_write.row_link));
alter table dual_write.row_link alter column revision set default nextval('dual_write.link_revision');

create table dual_write.copy_run (
  map text primary key,
  -- The links that were there before have no higher number; null where there were none.
  revision bigint,
  started_at timestamptz not null default clock_timestamp()
);

-- What is copied one page after another: a range of the records of one legal entity ('' where the entity has none), or its rows.
create table dual_write.copy_range (
  map text not null,
  company text not null,
  direction text not null check (direction in ('toPortal', 'toErp')),
  range int not null,
  -- Of the records, as the connector has named it; null for all of them.
  bounds text,
  -- Where the next page starts; null before the first.
  cursor text,
  done boolean not null default false,
  rows_total bigint,
  rows_done bigint not null default 0,
  rows_created bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_failed bigint not null default 0,
  started_at timestamptz,
  page_at timestamptz,
  finished_at timestamptz,
  primary key (map, company, direction, range)
);
create index copy_range_open on dual_write.copy_range (map, direction) where not done;

insert into dual_write.copy_run (map, started_at) select map, min(started_at) from dual_write.initial_sync group by map;
insert into dual_write.copy_range (map, company, direction, range, cursor, done, rows_total, rows_done, rows_created, rows_updated,
                                   rows_unchanged, started_at, page_at, finished_at)
  select map, company, 'toPortal', 0, cursor, done, rows_total, rows_done, rows_created, rows_updated, rows_unchanged, started_at,
         coalesce(finished_at, started_at), finished_at
    from dual_write.initial_sync;
drop table dual_write.initial_sync;

-- What became of the rows of a page, one entry for each kind. `queued` are rows on their way to the other side.
create table dual_write.copy_outcome (
  id bigint generated always as identity primary key,
  map text not null,
  company text not null,
  direction text not null,
  kind text not null check (kind in ('created', 'updated', 'unchanged', 'excluded', 'ignored', 'failed', 'queued')),
  -- Record keys, or row ids towards the ERP.
  keys text[] not null,
  rows int not null,
  at timestamptz not null default clock_timestamp(),
  -- Of queued ones: when somebody looked last whether they have arrived.
  checked_at timestamptz not null default clock_timestamp()
);
create index copy_outcome_of_map on dual_write.copy_outcome (map, kind, id);
create index copy_outcome_at on dual_write.copy_outcome (map, at);
create index copy_outcome_queued on dual_write.copy_outcome (map, checked_at, id) where kind = 'queued';

alter table dual_write.initial_sync_error rename to copy_failure;
alter table dual_write.copy_failure rename column remote_key to key;
alter table dual_write.copy_failure add column direction text not null default 'toPortal';
-- The reason without what is the row's own: failures of one cause have the same.
alter table dual_write.copy_failure add column cause text not null generated always as (tables.failure_pattern(reason)) stored;
-- It has been tried again: what it met there is told by the queue.
alter table dual_write.copy_failure add column retried_at timestamptz;
alter table dual_write.copy_failure drop constraint initial_sync_error_pkey;
alter table dual_write.copy_failure add primary key (map, direction, key);

-- Failures that are still open: the row has not come since, and where it was tried again, the queue has not settled it.
create view dual_write.open_copy_failure as
  select e.* from dual_write.copy_failure e
   where not exists (
           select 1 from dual_write.row_link l where e.direction = 'toPortal' and l.map = e.map and l.remote_key = e.key)
     and not exists (
           select 1 from dual_write.row_link l
            where l.map = e.map and l.row_id = case when e.direction = 'toErp' then e.key::uuid end)
     and (e.retried_at is null or exists (
           select 1 from dual_write.remote_change c where c.map = e.map and c.remote_key = e.key));

-- The tables of the portal, the captured changes of their rows, and what every row carries.

create schema tables;

create sequence tables.row_version;

-- The trigger takes the number while it holds the row's lock, so for one row number order is commit order.
-- This needs the sequence's cache to stay 1 (docs/decisions/0003-change-queue-per-row.md).
create sequence tables.change_number cache 1;

-- Who wants the changes of a table: one queue per subscriber (a running or paused table map).
-- `columns` limits updates to those that touch one of them; null means any.
create table tables.capture (
  table_name text not null,
  subscriber text not null,
  columns text[],
  primary key (table_name, subscriber)
);

create table tables.change (
  number bigint primary key default nextval('tables.change_number'),
  subscriber text not null,
  table_name text not null,
  row_id uuid not null,
  operation text not null check (operation in ('create', 'update', 'delete')),
  -- The columns that changed: all of them for create and delete.
  columns text[] not null,
  -- Their values before, as text by column name; null for create.
  before jsonb,
  -- Changes of one transaction belong together.
  transaction_id bigint not null default (pg_current_xact_id()::text::bigint),
  actor text,
  captured_at timestamptz not null default clock_timestamp(),
  -- Schedule, back-off and lease in one: not to be claimed before.
  due_at timestamptz not null default clock_timestamp(),
  -- Counts claims; settling names it, so that a worker that lost its lease cannot settle.
  attempt int not null default 0,
  -- A parked change waits for a person; it blocks the later changes of its row and nothing else.
  parked_at timestamptz,
  reason_code text,
  reason text
);
create index change_of_row on tables.change (subscriber, row_id, number);
create index change_due on tables.change (subscriber, due_at) where parked_at is null;
create index change_parked on tables.change (subscriber, number) where parked_at is not null;
create index change_by_row on tables.change (row_id);

create function tables.touch_row() returns trigger language plpgsql as $$
begin
  new.createdon := case when tg_op = 'UPDATE' then old.createdon else clock_timestamp() end;
  new.modifiedon := clock_timestamp();
  new.versionnumber := nextval('tables.row_version');
  return new;
end $$;

-- Captures one changed row for each subscriber other than the one that wrote it (setting comptoir.origin), and tells
-- listeners (unless setting comptoir.quiet is 'on', for bulk writes that announce themselves).
-- For rows that nobody wants to know about (a first copy writes them by the ten thousand, quietly) nothing is computed.
create function tables.capture_change() returns trigger language plpgsql as $$
declare
  is_wanted boolean := exists (
    select 1 from tables.capture c
     where c.table_name = tg_table_name and c.subscriber is distinct from current_setting('comptoir.origin', true));
  is_quiet boolean := current_setting('comptoir.quiet', true) is not distinct from 'on';
  old_row jsonb;
  new_row jsonb;
  id uuid;
  changed text[];
  captured int := 0;
begin
  if is_quiet and not is_wanted then return null; end if;
  old_row := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  id := coalesce(new_row, old_row) ->> tg_argv[0];
  if is_wanted then
    select array_agg(e.key) into changed
      from jsonb_each(coalesce(new_row, old_row)) e
     where e.key not in ('modifiedon', 'versionnumber', 'createdon')
       and (tg_op <> 'UPDATE' or (old_row -> e.key) is distinct from e.value);
    if changed is not null then
      insert into tables.change (subscriber, table_name, row_id, operation, columns, before, actor)
      select c.subscriber, tg_table_name, id,
             case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
             changed,
             case when tg_op = 'INSERT' then null
                  else (select jsonb_object_agg(k, old_row ->> k) from unnest(changed) k) end,
             nullif(current_setting('comptoir.actor', true), '')
        from tables.capture c
       where c.table_name = tg_table_name
         and c.subscriber is distinct from current_setting('comptoir.origin', true)
         and (c.columns is null or tg_op <> 'UPDATE' or c.columns && changed);
      get diagnostics captured = row_count;
      if captured > 0 then perform pg_notify('comptoir_changes', tg_table_name); end if;
    end if;
  end if;
  if not is_quiet then perform pg_notify('comptoir_rows', tg_table_name || ' ' || id); end if;
  return null;
end $$;

create table tables.number_series (
  name text primary key,
  value bigint not null
);

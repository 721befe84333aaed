-- What happened to every row: who changed what, when and through which door. Written by the trigger that captures changes, so nothing can
-- forget it; bulk writers that are quiet (a first copy) leave none.
create table tables.row_history (
  number bigint generated always as identity primary key,
  table_name text not null,
  row_id uuid not null,
  operation text not null check (operation in ('create', 'update', 'delete')),
  -- Values as text by column: of an update those that changed, of a deletion all, so that it can be taken back.
  before jsonb,
  after jsonb,
  -- A contact, a service account, 'anonymous', or null: a program of ours.
  actor text,
  -- The table map that wrote it: the ERP's edit.
  origin text,
  -- 'studio', 'import'; null: the portal or an API, as the actor is a person or a program.
  surface text,
  -- What one transaction did belongs together.
  transaction_id bigint not null default (pg_current_xact_id()::text::bigint),
  at timestamptz not null default clock_timestamp()
);
create index row_history_of_row on tables.row_history (row_id, number);
create index row_history_of_transaction on tables.row_history (transaction_id);
create index row_history_by_age on tables.row_history (at);

-- Captures one changed row for each subscriber other than the one that wrote it (setting comptoir.origin), and tells
-- listeners (unless setting comptoir.quiet is 'on', for bulk writes that announce themselves).
-- For rows that nobody wants to know about (a first copy writes them by the ten thousand, quietly) nothing is computed.
create or replace function tables.capture_change() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
  select array_agg(e.key) into changed
    from jsonb_each(coalesce(new_row, old_row)) e
   where e.key not in ('modifiedon', 'versionnumber', 'createdon')
     and (tg_op <> 'UPDATE' or (old_row -> e.key) is distinct from e.value);
  if changed is not null and not is_quiet then
    insert into tables.row_history (table_name, row_id, operation, before, after, actor, origin, surface)
    values (tg_table_name, id,
            case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
            case when tg_op <> 'INSERT' then (select jsonb_object_agg(k, old_row ->> k) from unnest(changed) k) end,
            case when tg_op = 'UPDATE' then (select jsonb_object_agg(k, new_row ->> k) from unnest(changed) k) end,
            nullif(current_setting('comptoir.actor', true), ''), nullif(current_setting('comptoir.origin', true), ''),
            nullif(current_setting('comptoir.surface', true), ''));
  end if;
  if is_wanted and changed is not null then
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
  if not is_quiet then perform pg_notify('comptoir_rows', tg_table_name || ' ' || id); end if;
  return null;
end $$;

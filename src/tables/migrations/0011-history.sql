-- What happened to rows: who changed what, when and through which door. Written by triggers in the transaction that made the change, so
-- that no writer can forget it. Which tables have the triggers follows from their definitions (schema/wanted.ts).

create table tables.row_history (
  -- Taken while the row's lock is held: for one row number order is commit order.
  number bigint generated always as identity primary key,
  table_name text not null,
  row_id uuid not null,
  -- The row's versionnumber afterwards; of a deletion the last one.
  version bigint not null,
  operation text not null check (operation in ('create', 'update', 'delete')),
  -- Values as text by column: of an update those that changed, of a deletion all, so that it can be taken back; of a creation what was given.
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

-- Argument: the table's id column. Its triggers leave quiet bulk writes out: a first copy is no history.
create function tables.record_history() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  kept constant text[] := array['modifiedon', 'versionnumber', 'createdon'];
  old_row jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  new_row jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  before jsonb;
  after jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(e.key, old_row ->> e.key), jsonb_object_agg(e.key, new_row ->> e.key)
      into before, after
      from jsonb_each(new_row) e
     where (old_row -> e.key) is distinct from e.value and e.key <> all (kept);
    if after is null then return null; end if;
  else
    select jsonb_object_agg(e.key, e.value) into before from jsonb_each_text(coalesce(old_row, new_row) - kept) e;
    if tg_op = 'INSERT' then
      after := jsonb_strip_nulls(before);
      before := null;
    end if;
  end if;
  insert into tables.row_history (table_name, row_id, version, operation, before, after, actor, origin, surface)
  values (tg_table_name, (coalesce(new_row, old_row) ->> tg_argv[0])::uuid, (coalesce(new_row, old_row) ->> 'versionnumber')::bigint,
          case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end, before, after,
          nullif(current_setting('comptoir.actor', true), ''), nullif(current_setting('comptoir.origin', true), ''),
          nullif(current_setting('comptoir.surface', true), ''));
  return null;
end $$;

-- What changed in the tables that somebody follows (OData's change tracking): the last change of each row, by the transaction that made
-- it. A reader remembers a snapshot and asks for what was not visible in it, so a transaction that was open then is not lost.

create table tables.tracked_change (
  table_name text not null,
  row_id uuid not null,
  transaction_id xid8 not null,
  is_deleted boolean not null,
  changed_at timestamptz not null,
  primary key (table_name, row_id)
);
create index tracked_change_by_transaction on tables.tracked_change (table_name, transaction_id);
create index tracked_change_deleted on tables.tracked_change (table_name, changed_at) where is_deleted;

-- Runs while the row's lock is held: of one row, the last to commit is the last to be noted.
create function tables.track_change() returns trigger language plpgsql as $$
declare
  id uuid := (case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end) ->> tg_argv[0];
begin
  insert into tables.tracked_change (table_name, row_id, transaction_id, is_deleted, changed_at)
  values (tg_table_name, id, pg_current_xact_id(), tg_op = 'DELETE', clock_timestamp())
  on conflict (table_name, row_id) do update
    set transaction_id = excluded.transaction_id, is_deleted = excluded.is_deleted, changed_at = excluded.changed_at;
  return null;
end $$;

import type { Tx } from '#postgres/database.ts'
import { identifier } from '#postgres/sql.ts'
import { literal } from './expressions.ts'
import type { PgEntity } from './tables.ts'

/**
 * How the other database tells that something has changed: by a notification at the end of a transaction, and only while somebody waits for
 * one, since transactions that notify are committed one after the other. A server that knows prepared transactions refuses those that notify:
 * there nobody is told.
 */
export async function installTelling(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('comptoir_sync'))`
  await tx`create schema if not exists comptoir_sync`
  await tx`create unlogged table if not exists comptoir_sync.listener (process int primary key, waits boolean not null)`
  await tx`
    create or replace function comptoir_sync.tell() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
    begin
      if current_setting('max_prepared_transactions') = '0' and exists (select from comptoir_sync.listener where waits) then
        perform pg_notify('comptoir_sync', tg_argv[0]);
      end if;
      return null;
    end $$`
}

/** Names of those tables, as schema.table, that tell already. */
export async function listTelling(tx: Tx): Promise<Set<string>> {
  const rows = await tx<{ name: string }>`
    select n.nspname || '.' || c.relname as name
      from pg_catalog.pg_trigger t
      join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where t.tgname = 'comptoir_sync_tell' and t.tgenabled <> 'D'`
  return new Set(rows.map((row) => row.name))
}

export async function installTellingOf(tx: Tx, entity: PgEntity): Promise<void> {
  await tx`
    create or replace trigger comptoir_sync_tell after insert or update or delete or truncate on ${identifier(entity.schema, entity.table)}
       for each statement execute function comptoir_sync.tell(${literal(entity.name)})`
}

/** The session hears notifications, and is known to wait for them. Sessions that have ended without a word are forgotten. */
export async function listenForChanges(tx: Tx): Promise<void> {
  await tx`listen comptoir_sync`
  await tx`
    delete from comptoir_sync.listener l where not exists (select from pg_catalog.pg_stat_activity a where a.pid = l.process)`
  await setWaiting(tx, true)
}

export async function setWaiting(tx: Tx, waits: boolean): Promise<void> {
  await tx`
    insert into comptoir_sync.listener (process, waits) values (pg_backend_pid(), ${waits}::boolean)
    on conflict (process) do update set waits = excluded.waits`
}

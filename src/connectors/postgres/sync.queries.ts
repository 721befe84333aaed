import { createHash } from 'node:crypto'
import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { keyText, literal } from './expressions.ts'
import type { PgColumn, PgEntity } from './tables.ts'

/** What the connector keeps in the other database: a log of changes and the outcomes of groups, in a schema of its own. */

const APPLIED_DAYS = 30
export const CHANGE_DAYS = 14

export async function hasSync(tx: Tx): Promise<boolean> {
  const [found] = await tx<{ there: string }>`
    select (to_regclass('comptoir_sync.applied') is not null and to_regclass('comptoir_sync.change') is not null)::text as there`
  return found?.there === 'true'
}

/** Throws PostgreSQL's own error where this user may not make a schema. One connector at a time. */
export async function installSync(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('comptoir_sync'))`
  await tx`create schema if not exists comptoir_sync`
  await tx`
    create table if not exists comptoir_sync.applied (
      group_id text primary key, outcomes text, at timestamptz not null default clock_timestamp())`
  await tx`create index if not exists applied_at on comptoir_sync.applied (at)`
  await tx`
    create table if not exists comptoir_sync.change (
      id bigint generated always as identity primary key, xid xid8 not null default pg_current_xact_id(), entity text not null,
      key text, operation text not null, at timestamptz not null default clock_timestamp())`
  await tx`create index if not exists change_of_entity on comptoir_sync.change (entity, xid, id)`
  await tx`create index if not exists change_at on comptoir_sync.change (at)`
}

/**
 * Takes the group's id for this transaction, after another that has it has ended. Answers what an earlier attempt has noted, or, for one
 * that did not arrive, the number of this transaction.
 */
export async function claimGroup(tx: Tx, id: string): Promise<{ outcomes: string } | { xid: string }> {
  const [made] = await tx<{ xid: string }>`
    insert into comptoir_sync.applied (group_id) values (${id}) on conflict do nothing returning pg_current_xact_id()::text as xid`
  if (made !== undefined) return made
  const [found] = await tx<{ outcomes: string | null; xid: string }>`
    select outcomes, pg_current_xact_id()::text as xid from comptoir_sync.applied where group_id = ${id}`
  return typeof found?.outcomes === 'string' ? { outcomes: found.outcomes } : { xid: found?.xid ?? '' }
}

export async function noteOutcomes(tx: Tx, id: string, outcomes: string): Promise<void> {
  await tx`update comptoir_sync.applied set outcomes = ${outcomes} where group_id = ${id}`
}

/** The outcomes of groups that nobody has noted before. Answers false where one of them was. */
export async function noteNew(tx: Tx, notes: readonly { id: string; outcomes: string }[]): Promise<boolean> {
  const made = await tx`
    insert into comptoir_sync.applied (group_id, outcomes)
    select * from unnest(${notes.map((one) => one.id)}::text[], ${notes.map((one) => one.outcomes)}::text[]) on conflict do nothing returning 1 as one`
  return made.length === notes.length
}

/** The outcomes of those of these groups that were carried out. */
export async function findNoted(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx<{ id: string; outcomes: string }>`
    select group_id as id, outcomes from comptoir_sync.applied where group_id = any(${ids}::text[]) and outcomes is not null`
  return new Map(rows.map((row) => [row.id, row.outcomes]))
}

/** For the rest of the transaction: what somebody else holds is not waited for any longer. Answers the transaction's number. */
export async function waitForLocks(tx: Tx, msMax: number): Promise<string> {
  const [found] = await tx<{ xid: string }>`
    select set_config('lock_timeout', ${String(msMax)}, true), pg_current_xact_id()::text as xid`
  return found?.xid ?? ''
}

/** Once an hour: of a hundred changes a second it keeps pace. */
const FORGOTTEN_AT_ONCE_MAX = 400_000

/** What nobody can ask for any more, the oldest first, so that what is kept is not read. */
export async function forgetOld(tx: Tx): Promise<void> {
  await tx`
    delete from comptoir_sync.applied where group_id in (
      select group_id from comptoir_sync.applied where at < (select clock_timestamp() - make_interval(days => ${APPLIED_DAYS}::int))
       order by at limit ${FORGOTTEN_AT_ONCE_MAX})`
  await tx`
    delete from comptoir_sync.change where id in (
      select id from comptoir_sync.change where at < (select clock_timestamp() - make_interval(days => ${CHANGE_DAYS}::int))
       order by at limit ${FORGOTTEN_AT_ONCE_MAX})`
}

/** What can be seen, and whether changes of the table are logged. */
export async function readLogState(tx: Tx, entity: PgEntity): Promise<{ snapshot: string; xmax: number; isLogged: boolean }> {
  const [found] = await tx<{ snapshot: string; xmax: string; logged: string }>`
    select pg_current_snapshot()::text as snapshot, pg_snapshot_xmax(pg_current_snapshot())::text as xmax,
           exists (select from pg_catalog.pg_trigger t
                     join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = ${entity.schema} and c.relname = ${entity.table} and t.tgname = 'comptoir_sync_change'
                      and t.tgenabled <> 'D')::text as logged`
  return { snapshot: found?.snapshot ?? '', xmax: Number(found?.xmax ?? 0), isLogged: found?.logged === 'true' }
}

/** From its commit on every change of the table is logged, with the key as recordKey() writes it, whoever makes it. */
export async function installTrigger(tx: Tx, entity: PgEntity): Promise<void> {
  const name = identifier('comptoir_sync', functionName(entity))
  const on = identifier(entity.schema, entity.table)
  const put = (key: Sql, operation: string) =>
    sql`insert into comptoir_sync.change (entity, key, operation) values (${literal(entity.name)}, ${key}, ${literal(operation)});`
  const body = sql`
    begin
      if tg_op = 'TRUNCATE' then ${put(sql`null`, 'truncate')}
      elsif tg_op = 'DELETE' then ${put(keyText(entity, 'old'), 'delete')}
      elsif tg_op = 'INSERT' then ${put(keyText(entity, 'new'), 'create')}
      else
        if ${keyText(entity, 'new')} is distinct from ${keyText(entity, 'old')} then ${put(keyText(entity, 'old'), 'delete')} end if;
        ${put(keyText(entity, 'new'), 'update')}
      end if;
      return null;
    end`
  // Whoever may write to the table may not write to the log: the function does it in its owner's name.
  await tx`
    create or replace function ${name}() returns trigger language plpgsql security definer
       set search_path = pg_catalog as ${literal(body.compile().text)}`
  await tx`
    create or replace trigger comptoir_sync_change after insert or update or delete on ${on}
       for each row execute function ${name}()`
  await tx`
    create or replace trigger comptoir_sync_truncate after truncate on ${on} for each statement execute function ${name}()`
}

export async function readSnapshot(tx: Tx): Promise<{ snapshot: string; xmax: number }> {
  const [found] = await tx<{ snapshot: string; xmax: string }>`
    select pg_current_snapshot()::text as snapshot, pg_snapshot_xmax(pg_current_snapshot())::text as xmax`
  return { snapshot: found?.snapshot ?? '', xmax: Number(found?.xmax ?? 0) }
}

export type LoggedChange = { xid: string; id: string; key: string | null; operation: string }

/**
 * What has become visible between two snapshots, in the order of the transactions. Not what comes after a number: a transaction that took
 * its number early and ends late would be passed over.
 */
export function listLogged(
  tx: Tx,
  read: { entity: string; since: string; until: string; after: { xid: string; id: string } | undefined; rowsMax: number },
): Promise<LoggedChange[]> {
  const { after } = read
  return tx<LoggedChange>`
    select xid::text as xid, id::text as id, key, operation from comptoir_sync.change
     where entity = ${read.entity} and xid >= pg_snapshot_xmin(${read.since}::pg_snapshot)
       and not pg_visible_in_snapshot(xid, ${read.since}::pg_snapshot) and pg_visible_in_snapshot(xid, ${read.until}::pg_snapshot)
       and ${after === undefined ? trustedSql('true') : sql`(xid, id) > (${after.xid}::xid8, ${after.id}::bigint)`}
     order by xid, id limit ${read.rowsMax}`
}

/** The highest version there is, as text that can be compared again; null for an empty table. */
export async function readHighest(tx: Tx, entity: PgEntity, version: PgColumn): Promise<string | null> {
  const [found] = await tx<{ highest: string | null }>`
    select max(${identifier('r', version.name)})::text as highest from ${identifier(entity.schema, entity.table)} as r`
  return found?.highest ?? null
}

export type VersionedChange = { key: string; version: string }

/** Records above a version whose last writer may have ended after the snapshot. */
export function listVersioned(
  tx: Tx,
  entity: PgEntity,
  version: PgColumn,
  read: { above: string | null; since: string; after: { version: string; key: string } | undefined; rowsMax: number },
): Promise<VersionedChange[]> {
  const column = identifier('r', version.name)
  const type = identifier(...version.sqlType)
  // Not pg_visible_in_snapshot: behind a savepoint the row bears a number that no snapshot lists as running.
  const parts = [sql`${fullXid()} >= pg_snapshot_xmin(${read.since}::pg_snapshot)`]
  if (read.above !== null) parts.push(sql`${column} > ${read.above}::${type}`)
  if (read.after !== undefined)
    parts.push(sql`(${column}, ${keyText(entity)}) > (${read.after.version}::${type}, ${read.after.key}::text)`)
  return tx<VersionedChange>`
    select ${keyText(entity)} as key, ${column}::text as version from ${identifier(entity.schema, entity.table)} as r
     where ${column} is not null and ${and(parts)} order by ${join([column, keyText(entity)])} limit ${read.rowsMax}`
}

/** A row's xmin has 32 bits: the 64 of which it is the end are the newest that are not in the future. */
function fullXid(): Sql {
  const now = sql`pg_snapshot_xmax(pg_current_snapshot())::text::numeric`
  const low = sql`r.xmin::text::numeric`
  return sql`(${now} - mod(${now} - ${low} + 4294967296, 4294967296))::text::xid8`
}

function functionName(entity: PgEntity): string {
  // Names end after 63 bytes over there, and two of them may make more.
  return `note_${createHash('md5').update(entity.name).digest('hex')}`
}

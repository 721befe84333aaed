import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { Activity, Side } from './facets-control.ts'
import type { TableMapState } from './map-state.ts'

export type StoredMap = {
  name: string
  version: string
  state: TableMapState
  isStopped: boolean
  misses: string[]
  lastError: string | null
  lastErrorAt: string | null
}

/** A map is not running until somebody starts it. */
export async function putMap(tx: Tx, map: { name: string; version: string; table: string; entity: string }): Promise<void> {
  await tx`
    insert into dual_write.map (name, version, table_name, entity, state)
    values (${map.name}, ${map.version}, ${map.table}, ${map.entity}, 'not_running')
    on conflict (name) do nothing`
}

export async function listMaps(tx: Tx): Promise<Map<string, StoredMap>> {
  const rows = await tx<StoredMap>`
    select name, version, state, is_stopped as "isStopped", misses, last_error as "lastError", last_error_at as "lastErrorAt" from dual_write.map`
  return new Map(rows.map((row) => [row.name, row]))
}

/** The state, locked until the transaction ends. */
export async function lockMapState(tx: Tx, name: string): Promise<TableMapState | undefined> {
  const [row] = await tx<{ state: TableMapState }>`select state from dual_write.map where name = ${name} for update`
  return row?.state
}

export async function setMapState(tx: Tx, name: string, state: TableMapState): Promise<void> {
  await tx`update dual_write.map set state = ${state}, state_at = clock_timestamp(), is_stopped = false where name = ${name}`
  await tx`select pg_notify('comptoir_changes', 'dual_write.map')`
}

/** It does not begin again by itself. */
export async function setMapStopped(tx: Tx, name: string): Promise<void> {
  await tx`update dual_write.map set is_stopped = true where name = ${name}`
}

/** Which side wins in the next first copy; null: as the map says. */
export async function setInitialWinner(tx: Tx, name: string, winner: Side | null): Promise<void> {
  await tx`update dual_write.map set initial_winner = ${winner} where name = ${name}`
}

export async function setMapError(tx: Tx, name: string, reason: string): Promise<void> {
  await tx`update dual_write.map set last_error = ${reason}, last_error_at = clock_timestamp() where name = ${name}`
}

export async function insertActivity(
  tx: Tx,
  activity: { map: string | null; actor: string; action: string; details?: Json },
): Promise<void> {
  await tx`
    insert into dual_write.activity (map, actor, action, details)
    values (${activity.map}, ${activity.actor}, ${activity.action}, ${JSON.stringify(activity.details ?? {})}::jsonb)`
}

/** The newest first; `before` is the id of the last one of the page before. */
export function listActivity(
  tx: Tx,
  page: { map: string | null; before?: number | undefined; rowsMax: number },
): Promise<Activity[]> {
  const before = page.before ?? null
  if (page.map === null)
    return tx<Activity>`
      select id, map, actor, action, details, at from dual_write.activity
       where ${before}::bigint is null or id < ${before} order by id desc limit ${page.rowsMax}`
  return tx<Activity>`
    select id, map, actor, action, details, at from dual_write.activity
     where map = ${page.map} and (${before}::bigint is null or id < ${before}) order by id desc limit ${page.rowsMax}`
}

export function setSavepoint(tx: Tx): Promise<object[]> {
  return tx`savepoint dual_write`
}

export function releaseSavepoint(tx: Tx): Promise<object[]> {
  return tx`release savepoint dual_write`
}

export function returnToSavepoint(tx: Tx): Promise<object[]> {
  return tx`rollback to savepoint dual_write`
}

/** The number of the lock that makes one process the one that works. */
const LEADER_LOCK = 7_305_001

/** Answers the number of this session if it holds the lock now; it does until it ends. */
export async function tryLead(tx: Tx): Promise<number | undefined> {
  const [row] = await tx<{ leads: boolean; session: number }>`
    select pg_try_advisory_lock(${LEADER_LOCK}) as leads, pg_backend_pid() as session`
  return row?.leads ? row.session : undefined
}

/** Whether that session holds the lock still. Asked by another one: who holds it may be cut off and not know. */
export async function doesLead(tx: Tx, session: number): Promise<boolean> {
  const rows = await tx`
    select 1 as one from pg_locks
     where locktype = 'advisory' and classid = 0 and objid = ${LEADER_LOCK}::oid and objsubid = 1 and granted and pid = ${session}
       and database = (select oid from pg_database where datname = current_database())`
  return rows.length > 0
}

export async function stopLeading(tx: Tx): Promise<void> {
  await tx`select pg_advisory_unlock(${LEADER_LOCK})`
}

/** Every process looks at states and queues again. */
export async function notifyWorkers(tx: Tx): Promise<void> {
  await tx`select pg_notify('comptoir_changes', 'dual_write.map')`
}

import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { TableMapState } from './map-state.ts'

export type StoredMap = {
  name: string
  version: string
  state: TableMapState
  lastError: string | null
  lastErrorAt: string | null
}

/** A map is not running until somebody starts it; its version follows its file. */
export async function putMap(tx: Tx, map: { name: string; version: string; table: string; entity: string }): Promise<void> {
  await tx`
    insert into dual_write.map (name, version, table_name, entity, state)
    values (${map.name}, ${map.version}, ${map.table}, ${map.entity}, 'not_running')
    on conflict (name) do update set version = excluded.version, table_name = excluded.table_name, entity = excluded.entity`
}

export async function listMaps(tx: Tx): Promise<Map<string, StoredMap>> {
  const rows = await tx<StoredMap>`
    select name, version, state, last_error as "lastError", last_error_at as "lastErrorAt" from dual_write.map`
  return new Map(rows.map((row) => [row.name, row]))
}

/** The state, locked until the transaction ends. */
export async function lockMapState(tx: Tx, name: string): Promise<TableMapState | undefined> {
  const [row] = await tx<{ state: TableMapState }>`select state from dual_write.map where name = ${name} for update`
  return row?.state
}

export async function setMapState(tx: Tx, name: string, state: TableMapState): Promise<void> {
  await tx`update dual_write.map set state = ${state}, state_at = clock_timestamp() where name = ${name}`
  await tx`select pg_notify('comptoir_changes', 'dual_write.map')`
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

export type Activity = { id: number; map: string | null; actor: string; action: string; details: Json; at: string }

/** The newest first. */
export function listActivity(tx: Tx, page: { map: string | null; rowsMax: number }): Promise<Activity[]> {
  return tx<Activity>`
    select id, map, actor, action, details, at from dual_write.activity
     where ${page.map}::text is null or map = ${page.map} order by id desc limit ${page.rowsMax}`
}

export type NewConflict = {
  map: string
  rowId: string
  column: string
  winner: 'portal' | 'erp'
  kept: string | null
  lost: string | null
}

export async function insertConflicts(tx: Tx, conflicts: readonly NewConflict[]): Promise<void> {
  if (conflicts.length === 0) return
  await tx`
    insert into dual_write.conflict (map, row_id, column_name, winner, kept, lost)
    select * from unnest(${conflicts.map((one) => one.map)}::text[], ${conflicts.map((one) => one.rowId)}::uuid[],
                         ${conflicts.map((one) => one.column)}::text[], ${conflicts.map((one) => one.winner)}::text[],
                         ${conflicts.map((one) => one.kept)}::text[], ${conflicts.map((one) => one.lost)}::text[])`
}

export type Conflict = NewConflict & { id: number; at: string }

/** Values that lost, the newest first. */
export function listConflicts(tx: Tx, page: { map: string | null; rowId: string | null; rowsMax: number }): Promise<Conflict[]> {
  return tx<Conflict>`
    select id, map, row_id as "rowId", column_name as column, winner, kept, lost, at from dual_write.conflict
     where (${page.map}::text is null or map = ${page.map}) and (${page.rowId}::uuid is null or row_id = ${page.rowId}::uuid)
     order by id desc limit ${page.rowsMax}`
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

/** Answers whether this session now holds the lock; it does until it ends. */
export async function tryLead(tx: Tx): Promise<boolean> {
  const [row] = await tx<{ leads: boolean }>`select pg_try_advisory_lock(${LEADER_LOCK}) as leads`
  return row?.leads ?? false
}

export async function stopLeading(tx: Tx): Promise<void> {
  await tx`select pg_advisory_unlock(${LEADER_LOCK})`
}

/** Every process looks at states and queues again. */
export async function notifyWorkers(tx: Tx): Promise<void> {
  await tx`select pg_notify('comptoir_changes', 'dual_write.map')`
}

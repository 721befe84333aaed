import type { RemoteRecord } from '#connector/contract.ts'
import { messageOf } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { listRowHistory, type RowHistoryEntry } from '#tables/history.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { listChangesOfRow, type WaitingChange } from '#tables/troubled-changes.queries.ts'
import { listLostValues } from '../conflicts.queries.ts'
import type { Core } from '../core.ts'
import type { LostValue } from '../facets-rows.ts'
import { findLinksByRow, type RowLink } from '../links.queries.ts'
import type { TableMapState } from '../map-state.ts'
import { type MappedRecord, mapToPortal } from '../mapping/to-portal.ts'
import { listMaps } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'
import { findWaitingRecord, listTrace, type TracedStep, type WaitingRecord } from '../trace.queries.ts'

/** Everything that is known of one row and one map. */
export type Known = {
  state: TableMapState
  row: QueryRow | undefined
  link: RowLink | undefined
  history: readonly RowHistoryEntry[]
  trace: readonly TracedStep[]
  conflicts: readonly LostValue[]
  waiting: readonly WaitingChange[]
  notice: WaitingRecord | undefined
  /** The record as the ERP has it now; why it could not be read. */
  record: RemoteRecord | undefined
  mapped: MappedRecord | undefined
  unread: string | null
}

const ENTRIES_MAX = 200
const READ_MS_MAX = 10_000

/** Reads it all in one snapshot of the database, and the record from the ERP. */
export async function gather(
  core: Core,
  of: { map: TableMap; rowId: RowId | null; remoteKey: string | null; until: string | null },
  signal: AbortSignal,
): Promise<Known> {
  const { map } = of
  const { record, unread } = await readRecord(core, map, of.remoteKey, signal)
  return core.database.read(async (tx) => {
    const mapped = record === undefined ? undefined : (await mapToPortal(core, tx, map, [record]))[0]
    const state = (await listMaps(tx)).get(map.name)?.state ?? 'not_running'
    const notice = of.remoteKey === null ? undefined : await findWaitingRecord(tx, map.name, of.remoteKey)
    const trace = await listTrace(tx, { ...of, map: map.name, rowsMax: ENTRIES_MAX })
    return { state, record, mapped, unread, notice, trace, ...(await ofRow(tx, map, of.rowId)) }
  })
}

async function ofRow(
  tx: Tx,
  map: TableMap,
  rowId: RowId | null,
): Promise<Pick<Known, 'row' | 'link' | 'history' | 'conflicts' | 'waiting'>> {
  if (rowId === null) return { row: undefined, link: undefined, history: [], conflicts: [], waiting: [] }
  return {
    row: (await readRowsById(tx, map.table, [rowId])).get(rowId),
    link: (await findLinksByRow(tx, map.name, [rowId])).get(rowId),
    history: await listRowHistory(tx, { table: map.table.name, rowId, before: null, rowsMax: ENTRIES_MAX }),
    conflicts: await listLostValues(tx, { map: map.name, rowId, before: null, rowsMax: ENTRIES_MAX }),
    waiting: await listChangesOfRow(tx, { subscriber: map.name, rowId, rowsMax: ENTRIES_MAX }),
  }
}

async function readRecord(
  core: Core,
  map: TableMap,
  key: string | null,
  signal: AbortSignal,
): Promise<{ record: RemoteRecord | undefined; unread: string | null }> {
  if (key === null) return { record: undefined, unread: null }
  try {
    const request = { entity: map.entity, fields: map.fields, keys: [key] }
    const read = await core.connector.readRecords(request, AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]))
    return { record: read.get(key), unread: null }
  } catch (error) {
    return { record: undefined, unread: messageOf(error) }
  }
}

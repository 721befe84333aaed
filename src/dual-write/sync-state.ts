import type { Tx } from '#postgres/database.ts'
import { findWaiting } from '#tables/changes.queries.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { listConfirmFirst } from './confirming.queries.ts'
import { listErpChanges } from './conflicts.queries.ts'
import { findLinksOfRows } from './links.queries.ts'

/** Where a row stands with the ERP, as a page shows it. */
export type SyncState =
  /**
   * On its way; `reason` says what the last attempt met, if there was one. `confirming`: by the map's choice the save counts only once the
   * ERP has answered.
   */
  | { kind: 'waiting'; since: string; attempt: number; reason: string | null; confirming: boolean }
  /** The ERP has it. `changes` are what it has made of values that the portal had sent. */
  | { kind: 'accepted'; remoteKey: string; at: string; changes: readonly ErpChange[] }
  /** The ERP said no, in its own words; a person decides. */
  | { kind: 'refused'; code: string; reason: string }
  /** Nothing of it is known to the ERP, and nothing is on its way. */
  | { kind: 'unlinked' }

/** A value as it was sent and as the ERP has it, both as text. */
export type ErpChange = { column: string; sent: string | null; became: string | null; at: string }

/** What the ERP has made of values that the portal had sent of these rows: for lists, which need no more of the state. */
export async function findErpChanges(tx: Tx, table: string, rowIds: readonly RowId[]): Promise<Map<RowId, ErpChange[]>> {
  const found = new Map<RowId, ErpChange[]>()
  if (rowIds.length === 0) return found
  for (const { rowId, ...change } of await listErpChanges(tx, table, rowIds))
    found.set(rowId, [...(found.get(rowId) ?? []), change])
  return found
}

/** The state of each of the rows. A row with an edit on its way is `waiting` even where the ERP has the row. */
export async function findSyncStates(tx: Tx, table: string, rowIds: readonly RowId[]): Promise<Map<RowId, SyncState>> {
  const states = new Map<RowId, SyncState>(rowIds.map((id) => [id, { kind: 'unlinked' }]))
  if (rowIds.length === 0) return states
  const links = await findLinksOfRows(tx, table, rowIds)
  const changes = await findErpChanges(
    tx,
    table,
    links.map((link) => link.rowId),
  )
  for (const { rowId, remoteKey, linkedAt } of links)
    states.set(rowId, { kind: 'accepted', remoteKey, at: linkedAt, changes: changes.get(rowId) ?? [] })
  const waiting = await findWaiting(tx, rowIds)
  const confirmFirst = waiting.length === 0 ? new Set() : await listConfirmFirst(tx)
  for (const { rowId, subscriber, parked, attempt, reason, code, capturedAt } of waiting) {
    states.set(
      rowId,
      parked
        ? { kind: 'refused', code: code ?? '', reason: reason ?? '' }
        : { kind: 'waiting', since: capturedAt, attempt, reason, confirming: confirmFirst.has(subscriber) },
    )
  }
  return states
}

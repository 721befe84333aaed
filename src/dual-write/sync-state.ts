import type { Tx } from '#postgres/database.ts'
import { findWaiting } from '#tables/changes.queries.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { findLinksOfRows } from './links.queries.ts'

/** Where a row stands with the ERP, as a page shows it. */
export type SyncState =
  /** On its way; `reason` says what the last attempt met, if there was one. */
  | { kind: 'waiting'; since: string; attempt: number; reason: string | null }
  /** The ERP has it. */
  | { kind: 'accepted'; remoteKey: string; at: string }
  /** The ERP said no, in its own words; a person decides. */
  | { kind: 'refused'; code: string; reason: string }
  /** Nothing of it is known to the ERP, and nothing is on its way. */
  | { kind: 'unlinked' }

/** The state of each of the rows. A row with an edit on its way is `waiting` even where the ERP has the row. */
export async function findSyncStates(tx: Tx, table: string, rowIds: readonly RowId[]): Promise<Map<RowId, SyncState>> {
  const states = new Map<RowId, SyncState>(rowIds.map((id) => [id, { kind: 'unlinked' }]))
  if (rowIds.length === 0) return states
  for (const link of await findLinksOfRows(tx, table, rowIds)) {
    states.set(link.rowId, { kind: 'accepted', remoteKey: link.remoteKey, at: link.linkedAt })
  }
  for (const change of await findWaiting(tx, rowIds)) {
    const { attempt, reason } = change
    states.set(
      change.rowId,
      change.parked
        ? { kind: 'refused', code: change.code ?? '', reason: reason ?? '' }
        : { kind: 'waiting', since: change.capturedAt, attempt, reason },
    )
  }
  return states
}

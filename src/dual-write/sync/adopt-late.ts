import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { releaseParkedOfRows } from '#tables/parked-changes.queries.ts'
import type { Applied, ApplyOptions } from '../apply/applied.ts'
import { applyRecords } from '../apply/apply-records.ts'
import type { Core } from '../core.ts'
import { notifyWorkers } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'

/**
 * Records of rows that we have sent ourselves and of which no answer came. What the ERP refused of such a row at a later attempt is void: it
 * has the row, and what was edited since goes to it as an edit.
 */
export async function adoptLate(
  core: Core,
  tx: Tx,
  map: TableMap,
  records: readonly RemoteRecord[],
  options: ApplyOptions,
): Promise<Applied[]> {
  const results = await applyRecords(core, tx, map, records, { ...options, adopt: true })
  const rowIds = results.flatMap(({ result }) =>
    result.kind === 'updated' || result.kind === 'unchanged' ? (result.rowId ?? []) : [],
  )
  const released = await releaseParkedOfRows(tx, { subscriber: map.name, rowIds })
  if (released > 0) await notifyWorkers(tx)
  return results
}

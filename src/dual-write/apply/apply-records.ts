import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import type { Core } from '../core.ts'
import { mapToPortal } from '../mapping/to-portal.ts'
import type { TableMap } from '../table-map.ts'
import type { Applied, ApplyOptions } from './applied.ts'
import { applyToExisting, applyToShared } from './other-rows.ts'
import { applyOwn } from './own-rows.ts'

/** Applies records to their rows, in the caller's transaction, with a number of statements that does not depend on how many they are. */
export async function applyRecords(
  core: Core,
  tx: Tx,
  map: TableMap,
  records: readonly RemoteRecord[],
  options: ApplyOptions,
): Promise<Applied[]> {
  if (records.length === 0) return []
  const results: Applied[] = []
  const mapped = await mapToPortal(core, tx, map, records)
  const ready = mapped.filter((one) => {
    const required = one.missing.filter((missing) => missing.required)
    if (one.excluded) results.push({ record: one.record, result: { kind: 'excluded' } })
    else if (one.misfits.length > 0)
      results.push({ record: one.record, result: { kind: 'held', reason: one.misfits.join('; ') } })
    else if (required.length > 0) results.push({ record: one.record, result: { kind: 'waits', missing: required } })
    else return true
    return false
  })
  if (map.rows === 'own') results.push(...(await applyOwn(core, tx, map, ready, options)))
  else if (map.rows === 'existing') results.push(...(await applyToExisting(core, tx, map, ready, options)))
  else results.push(...(await applyToShared(core, tx, map, ready, options)))
  return results
}

import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import type { Core } from '../core.ts'
import { type MissingTarget, mapToPortal } from '../mapping/to-portal.ts'
import type { TableMap } from '../table-map.ts'
import { applyToExisting, applyToShared } from './other-rows.ts'
import { applyOwn } from './own-rows.ts'

/** What became of one record. */
export type Applied = {
  record: RemoteRecord
  result:
    | { kind: 'created' | 'updated' | 'unchanged'; rowId: string | undefined }
    /** Outside the map's filter, or a row that was deleted here and stays so. */
    | { kind: 'excluded' | 'ignored' }
    /** Needs rows that are not here yet. */
    | { kind: 'waits'; missing: MissingTarget[] }
    /** A person must change something. */
    | { kind: 'held'; reason: string }
    /** Somebody else has written since the record was read: read it again. */
    | { kind: 'stale' }
    /** Our own create of it is on its way. */
    | { kind: 'in_flight' }
}

export type ApplyOptions = {
  /** Readers are told by the caller, once for the whole table. */
  quiet: boolean
  /** Revisions of the links when the records were read, by remote key; absent keys had none. */
  fence?: ReadonlyMap<string, number>
  /** Take a row as ours although its create is on its way: after waiting for it in vain, or from that create itself. */
  adopt?: boolean
}

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

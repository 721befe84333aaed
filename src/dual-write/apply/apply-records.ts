import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { validateValues } from '#tables/validate.ts'
import type { Core } from '../core.ts'
import { type MappedRecord, mapToPortal } from '../mapping/to-portal.ts'
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
  const { ready, results } = await screenRecords(core, tx, map, records, options.overrides)
  if (map.rows === 'own') results.push(...(await applyOwn(core, tx, map, ready, options)))
  else if (map.rows === 'existing') results.push(...(await applyToExisting(core, tx, map, ready, options)))
  else results.push(...(await applyToShared(core, tx, map, ready, options)))
  return results
}

/** Maps the records and tells those that can be applied from those that cannot, with the reason. */
export async function screenRecords(
  core: Core,
  tx: Tx,
  map: TableMap,
  records: readonly RemoteRecord[],
  overrides: NonNullable<ApplyOptions['overrides']> = new Map(),
): Promise<{ ready: MappedRecord[]; results: Applied[] }> {
  const results: Applied[] = []
  const mapped = await mapToPortal(core, tx, map, records)
  for (const one of mapped) override(map, one, overrides.get(one.record.key) ?? {})
  const ready = mapped.filter((one) => {
    const required = one.missing.filter((missing) => missing.required)
    if (one.excluded) results.push({ record: one.record, result: { kind: 'excluded' } })
    else if (one.misfits.length > 0)
      results.push({ record: one.record, result: { kind: 'held', reason: one.misfits.join('; ') } })
    else if (required.length > 0) results.push({ record: one.record, result: { kind: 'waits', missing: required } })
    else return true
    return false
  })
  return { ready, results }
}

/** A person's values stand for what the record says, and for what does not fit in it. */
function override(map: TableMap, one: MappedRecord, given: Readonly<Record<string, string | null>>): void {
  const { values } = validateValues(map.table, given, { mode: 'update' })
  const fields = map.columns.flatMap((column) =>
    column.column !== undefined && column.column.name in values ? [column.field] : [],
  )
  one.misfits = one.misfits.filter((text) => !fields.some((field) => text.startsWith(`${field}:`)))
  one.missing = one.missing.filter((missing) => !(missing.column in values))
  Object.assign(one.values, values)
}

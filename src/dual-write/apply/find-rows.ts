import type { Tx } from '#postgres/database.ts'
import { listPendingDeletes } from '#tables/changes.queries.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { type ColumnValue, findIdsByKey, type RowId } from '#tables/rows.queries.ts'
import { findLinksByRow } from '../links.queries.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import type { MappedRecord } from '../mapping/to-portal.ts'
import type { TableMap } from '../table-map.ts'
import { keyText } from './deferred.ts'

/** Rows that exist already: by the integration key, or because our own create of them carries the record's findBy values. */
export async function findByKeys(tx: Tx, map: TableMap, mapped: readonly MappedRecord[]): Promise<Map<MappedRecord, RowId>> {
  const found = new Map<MappedRecord, RowId>()
  await findBy(tx, map, map.key, mapped, found, (one, name) => one.values[name])
  if (map.findBy.length === 0) return found
  const columns = map.findBy.map((field) => columnsOf(map, field))
  if (columns.some((one) => one === undefined)) return found
  const company = map.table.columns.has(COMPANY_COLUMN) ? [COMPANY_COLUMN] : []
  // The values of a child tell it apart among its parent's, not among all.
  const parent = map.group === undefined ? [] : [map.group.through]
  for (const pick of ['column', 'elseColumn'] as const) {
    const names = columns.map((one) => (pick === 'column' ? one?.column : (one?.elseColumn ?? one?.column)) ?? '')
    const open = mapped.filter((one) => !found.has(one))
    const source = new Map(names.map((name, i) => [name, columns[i]?.column ?? name]))
    const candidates = new Map<MappedRecord, RowId>()
    await findBy(
      tx,
      map,
      [...names, ...parent, ...company],
      open,
      candidates,
      (one, name) => one.values[source.get(name) ?? name],
    )
    // A row that is linked is another record's: the value was not as unique as hoped.
    const linked = await findLinksByRow(tx, map.name, [...candidates.values()])
    for (const [one, id] of candidates) if (!linked.has(id)) found.set(one, id)
  }
  return found
}

/** Where the portal keeps what the field says: in a column, or in a lookup that is found by it. */
function columnsOf(map: TableMap, field: string): { column: string; elseColumn: string | undefined } | undefined {
  const own = map.columns.find((one) => one.field === field && one.column !== undefined)
  if (own?.column !== undefined) return { column: own.column.name, elseColumn: own.elseColumn }
  const lookup = map.lookups.find((one) => one.targets.some((target) => target.parts.some((part) => part.field === field)))
  return lookup === undefined ? undefined : { column: lookup.column.name, elseColumn: undefined }
}

const DELETES_MAX = 10_000

/** Rows that were deleted here while their records were not known yet, and whose deletion still waits: by the integration key. */
export async function findDeletedRows(tx: Tx, map: TableMap, mapped: readonly MappedRecord[]): Promise<Map<MappedRecord, RowId>> {
  const found = new Map<MappedRecord, RowId>()
  if (!map.writes || mapped.length === 0) return found
  const deletes = await listPendingDeletes(tx, map.name, DELETES_MAX)
  if (deletes.length === 0) return found
  const ids = new Map(deletes.map((one) => [keyText(map.table, map.key, one.before), one.rowId]))
  for (const one of mapped) {
    const id = ids.get(keyText(map.table, map.key, one.values))
    if (id !== undefined) found.set(one, id)
  }
  return found
}

async function findBy(
  tx: Tx,
  map: TableMap,
  columns: readonly string[],
  mapped: readonly MappedRecord[],
  found: Map<MappedRecord, RowId>,
  valueIn: (one: MappedRecord, column: string) => ColumnValue | undefined,
): Promise<void> {
  const keys = new Map<string, MappedRecord>()
  for (const one of mapped) {
    const values = Object.fromEntries(columns.map((name) => [name, valueIn(one, name) ?? null]))
    const isWhole = Object.values(values).every((value) => value !== null && value !== '')
    if (isWhole) keys.set(keyText(map.table, columns, values), one)
  }
  const tuples = [...keys.keys()].map((key) => key.split(KEY_SEPARATOR))
  for (const [key, id] of await findIdsByKey(tx, map.table, columns, tuples)) {
    const one = keys.get(key)
    if (one !== undefined) found.set(one, id)
  }
}

import type { RemoteRecord, RemoteValue } from '#connector/contract.ts'
import { parseDecimal } from '#lib/decimal.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { Difference } from '../facets-rows.ts'
import type { Agreed } from '../links.queries.ts'
import { mapChanges, type Targets } from '../mapping/to-erp.ts'
import type { MappedRecord } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import { type ColumnMap, fieldsOfTarget, type TableMap } from '../table-map.ts'

export type ColumnDifference = Difference['columns'][number]

/** Columns that the ERP's record, in the portal's form, gives another value than the row has. */
export function differingColumns(
  map: TableMap,
  mapped: MappedRecord,
  row: QueryRow,
  agreed: Agreed | undefined,
): ColumnDifference[] {
  return Object.entries(mapped.values).flatMap(([name, value]) => {
    const column = map.table.columns.get(name)
    if (column === undefined || (map.rows === 'existing' && map.key.includes(name))) return []
    const [portal, erp] = [textOf(column, row[name]), textOf(column, value)]
    // The portal fills the column itself while the ERP has nothing for it.
    if (portal === erp || (erp === null && map.fillFrom?.columns.has(name))) return []
    return [{ column: name, field: fieldOf(map, name), portal, erp, agreed: agreed?.[name] ?? null }]
  })
}

/** Whether the row still has what both sides last agreed on, and every column of the map is among it. */
export function isAsAgreed(map: TableMap, row: QueryRow, agreed: Agreed): boolean {
  for (const name in agreed) {
    const column = map.table.columns.get(name)
    if (column !== undefined && textOf(column, row[name]) !== agreed[name]) return false
  }
  const isKnown = (name: string | undefined) => name === undefined || name in agreed || map.fillFrom?.columns.has(name)
  return (
    map.columns.every((one) => !one.toPortal || isKnown(one.column?.name)) &&
    map.lookups.every((one) => !one.toPortal || isKnown(one.column.name))
  )
}

/** Columns that only go to the ERP: nothing brings them back, so they are compared in the ERP's form. */
export function onlySent(map: TableMap): ColumnMap[] {
  return map.columns.filter((one) => one.toErp && !one.toPortal && one.column !== undefined && one.field !== undefined)
}

/** Everything that an exact comparison reads. */
export function comparedFields(map: TableMap): string[] {
  return [...new Set([...map.fields, ...onlySent(map).flatMap((one) => one.field ?? [])])]
}

export function differingSentColumns(
  map: TableMap,
  record: RemoteRecord,
  row: QueryRow,
  targets: Targets,
  agreed: Agreed,
): ColumnDifference[] {
  const sent = onlySent(map)
  if (sent.length === 0) return []
  const names = sent.flatMap((one) => one.column?.name ?? [])
  // No value is ever this text: every column counts as changed, so that all are mapped.
  const unlike = Object.fromEntries(names.map((name) => [name, '\u0000']))
  const { fields } = mapChanges(map, row, targets, new Set(names), unlike)
  return sent.flatMap((one) => {
    const { column, field } = one
    if (column === undefined || field === undefined || fields[field] === undefined) return []
    const portal = textOf(column, row[column.name])
    // What was never told is the ERP's own default.
    if (portal === null && agreed[column.name] === undefined) return []
    if (isSameValue(fields[field], record.fields[field] ?? null)) return []
    const erp = record.fields[field] ?? null
    return [{ column: column.name, field, portal, erp: erp === null ? null : String(erp), agreed: agreed[column.name] ?? null }]
  })
}

/** As the ERP sees it: '' is null, '1.50' is 1.5, and a moment is the same however it is written. */
function isSameValue(sent: RemoteValue, found: RemoteValue): boolean {
  const [a, b] = [sent ?? '', found ?? ''].map(String) as [string, string]
  if (a.toLowerCase() === b.toLowerCase()) return true
  const [x, y] = [parseDecimal(a), parseDecimal(b)]
  if (x !== undefined || y !== undefined) return x === y
  return a !== '' && b !== '' && /^\d{4}-\d{2}-\d{2}/.test(a) && Date.parse(a) === Date.parse(b)
}

function fieldOf(map: TableMap, column: string): string {
  const own = map.columns.find((one) => one.column?.name === column && one.field !== undefined)?.field
  if (own !== undefined) return own
  const lookup = map.lookups.find((one) => one.column.name === column || `${one.column.name}type` === column)
  return [...new Set(lookup?.targets.flatMap(fieldsOfTarget) ?? [])].join(', ')
}

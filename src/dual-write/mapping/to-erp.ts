import type { RemoteValue } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type ColumnValue, type RowId, readRowsById } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { LookupMap, TableMap } from '../table-map.ts'
import { passes } from './filter.ts'
import { textOf, toErpValue } from './values.ts'

/** Rows that lookups point to, by table and id: read together, asked one by one. */
export type Targets = (table: string, id: RowId) => QueryRow | undefined

/** Reads what the rows' lookups point to (and their legal entities), one query for each table. */
export async function readTargets(core: Core, tx: Tx, items: readonly { map: TableMap; row: QueryRow }[]): Promise<Targets> {
  const wanted = new Map<string, Set<RowId>>()
  const want = (table: string, id: ColumnValue | undefined) => {
    if (id !== null && id !== undefined) wanted.set(table, (wanted.get(table) ?? new Set()).add(String(id)))
  }
  for (const { map, row } of items) {
    want('cdm_company', row[COMPANY_COLUMN])
    for (const lookup of map.lookups) if (lookup.toErp) want(targetTable(lookup, row), row[lookup.column.name])
  }
  const found = new Map<string, Map<RowId, QueryRow>>()
  for (const [table, ids] of wanted) found.set(table, await readRowsById(tx, core.catalog.get(table), [...ids]))
  return (table, id) => found.get(table)?.get(id)
}

export function companyOf(row: QueryRow, targets: Targets): string | undefined {
  const id = row[COMPANY_COLUMN]
  const code = id === null || id === undefined ? undefined : targets('cdm_company', String(id))?.cdm_companycode
  return code === null || code === undefined ? undefined : String(code)
}

/** Whether the row is one that the ERP shall have. */
export function belongsInErp(map: TableMap, row: QueryRow): boolean {
  return map.filter.portal === undefined || passes(map.filter.portal, row)
}

export type ErpValues = {
  fields: Record<string, RemoteValue>
  /** What both sides agree on once the fields are applied. */
  agreed: Record<string, string | null>
  /** Lookups whose target the ERP does not know yet. */
  open: { table: string; id: RowId }[]
}

/** All that a new record says. What is empty is left to the ERP's defaults. */
export function mapNewRecord(map: TableMap, row: QueryRow, targets: Targets): ErpValues {
  const values = mapColumns(map, row, targets, () => true)
  for (const column of map.columns) {
    if (column.toErp && column.column === undefined && column.constant !== undefined && column.field !== undefined)
      values.fields[column.field] = column.constant
  }
  for (const [field, value] of Object.entries(values.fields)) if (value === null) delete values.fields[field]
  if (map.companyField !== undefined) delete values.fields[map.companyField]
  return values
}

/** What an existing record must be told: columns that changed here and differ from what was last agreed. Never a part of its key. */
export function mapChanges(
  map: TableMap,
  row: QueryRow,
  targets: Targets,
  changed: ReadonlySet<string>,
  agreed: Readonly<Record<string, string | null>>,
): ErpValues {
  const differs = (name: string) => {
    const column = map.table.columns.get(name)
    return column !== undefined && changed.has(name) && textOf(column, row[name]) !== (agreed[name] ?? null)
  }
  const values = mapColumns(map, row, targets, differs)
  for (const field of map.recordKey) delete values.fields[field]
  return values
}

function mapColumns(map: TableMap, row: QueryRow, targets: Targets, isWanted: (column: string) => boolean): ErpValues {
  const values: ErpValues = { fields: {}, agreed: {}, open: [] }
  for (const one of map.columns) {
    if (!one.toErp || one.column === undefined || one.field === undefined || !isWanted(one.column.name)) continue
    const own = row[one.column.name] ?? null
    const value = own === null && one.elseColumn !== undefined ? (row[one.elseColumn] ?? null) : own
    values.fields[one.field] = toErpValue(one, value)
    values.agreed[one.column.name] = textOf(one.column, own)
  }
  for (const lookup of map.lookups) if (lookup.toErp && isWanted(lookup.column.name)) mapLookup(lookup, row, targets, values)
  return values
}

function mapLookup(lookup: LookupMap, row: QueryRow, targets: Targets, values: ErpValues): void {
  const id = row[lookup.column.name] ?? null
  const table = targetTable(lookup, row)
  const target = lookup.targets.find((one) => one.table.name === table)
  if (target === undefined) return
  const found = id === null ? undefined : targets(table, String(id))
  for (const part of target.parts) {
    const value = found?.[part.column.name] ?? null
    values.fields[part.field] = value
    if (id !== null && value === null) values.open.push({ table, id: String(id) })
  }
  values.agreed[lookup.column.name] = textOf(lookup.column, id)
  if (lookup.column.type === 'customer') values.agreed[`${lookup.column.name}type`] = id === null ? null : table
}

function targetTable(lookup: LookupMap, row: QueryRow): string {
  const [first] = lookup.targets
  if (lookup.column.type !== 'customer') return first?.table.name ?? ''
  const type = row[`${lookup.column.name}type`]
  return typeof type === 'string' ? type : (first?.table.name ?? '')
}

import type { RemoteValue } from '#connector/contract.ts'
import { evaluate } from '#lib/expression/evaluate.ts'
import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type ColumnValue, type RowId, readRowsById } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import { type ColumnMap, erpColumnsOf, type LookupMap, type LookupTarget, type TableMap } from '../table-map.ts'
import { passes } from './filter.ts'
import { textOf, toErpValue } from './values.ts'

/** Rows that lookups point to, by table and id: read together, asked one by one. */
export type Targets = (table: string, id: RowId) => QueryRow | undefined

/** Reads what the rows' lookups point to (and their legal entities), one query for each table and hop. */
export async function readTargets(core: Core, tx: Tx, items: readonly { map: TableMap; row: QueryRow }[]): Promise<Targets> {
  const found = new Map<string, Map<RowId, QueryRow>>()
  let wanted: Wanted[] = items.flatMap(({ map, row }) => wantedBy(map, row))
  // Hops end: a path has a few steps only (see lookups.ts).
  while (wanted.length > 0) {
    for (const [table, some] of Map.groupBy(wanted, (one) => one.table)) {
      const known = found.get(table) ?? new Map<RowId, QueryRow>()
      const ids = [...new Set(some.map((one) => one.id))].filter((id) => !known.has(id))
      for (const [id, row] of await readRowsById(tx, core.catalog.get(table), ids)) known.set(id, row)
      found.set(table, known)
    }
    wanted = wanted.flatMap(({ table, id, target }) => {
      const row = found.get(table)?.get(id)
      return row === undefined || target === undefined ? [] : hopsOf(target, row)
    })
  }
  return (table, id) => found.get(table)?.get(id)
}

type Wanted = { table: string; id: RowId; target: LookupTarget | undefined }

function wantedBy(map: TableMap, row: QueryRow): Wanted[] {
  const wanted: Wanted[] = []
  const want = (table: string, id: ColumnValue | undefined, target: LookupTarget | undefined) => {
    if (id !== null && id !== undefined) wanted.push({ table, id: String(id), target })
  }
  want('cdm_company', row[COMPANY_COLUMN], undefined)
  for (const lookup of map.lookups) {
    if (!lookup.toErp) continue
    const table = targetTable(lookup, row)
    want(
      table,
      row[lookup.column.name],
      lookup.targets.find((one) => one.table.name === table),
    )
  }
  return wanted
}

function hopsOf(target: LookupTarget, row: QueryRow): Wanted[] {
  return target.hops.flatMap((hop) => {
    const id = row[hop.column.name]
    return id === null || id === undefined ? [] : [{ table: hop.target.table.name, id: String(id), target: hop.target }]
  })
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
  /** Why the row must be kept back: values that no rule of the map covers. */
  misfits: string[]
  /** What was lost on the way. */
  warnings: string[]
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
  const values: ErpValues = { fields: {}, agreed: {}, open: [], misfits: [], warnings: [] }
  for (const one of map.columns) {
    if (!erpColumnsOf(one).some(isWanted)) continue
    if (one.erpExpressions.length > 0) mapExpressions(map, one, row, values)
    else mapColumn(one, row, values)
  }
  for (const lookup of map.lookups) if (lookup.toErp && isWanted(lookup.column.name)) mapLookup(lookup, row, targets, values)
  return values
}

function mapColumn(one: ColumnMap, row: QueryRow, values: ErpValues): void {
  if (one.column === undefined || one.field === undefined) return
  const own = row[one.column.name] ?? null
  const value = toErpValue(one, own === null && one.elseColumn !== undefined ? (row[one.elseColumn] ?? null) : own)
  if (value !== null && typeof value === 'object') {
    values.misfits.push(value.misfit)
    return
  }
  values.fields[one.field] = value
  values.agreed[one.column.name] = textOf(one.column, own)
}

function mapExpressions(map: TableMap, one: ColumnMap, row: QueryRow, values: ErpValues): void {
  for (const { field, expression } of one.erpExpressions) {
    const outcome = evaluate(expression, row)
    if ('failure' in outcome) {
      values.misfits.push(`${field}: ${outcome.failure}`)
      continue
    }
    values.fields[field] = outcome.value ?? one.default.toErp ?? null
    values.warnings.push(...outcome.warnings.map((warning) => `${field}: ${warning}`))
  }
  for (const name of erpColumnsOf(one)) {
    const column = map.table.columns.get(name)
    if (column !== undefined) values.agreed[name] = textOf(column, row[name])
  }
}

function mapLookup(lookup: LookupMap, row: QueryRow, targets: Targets, values: ErpValues): void {
  const id = row[lookup.column.name] ?? null
  const table = targetTable(lookup, row)
  const target = lookup.targets.find((one) => one.table.name === table)
  if (target === undefined) return
  const openBefore = values.open.length
  mapTarget(target, id === null ? null : String(id), targets, values)
  // What the ERP does not know it is not told, so nobody has agreed on it.
  if (values.open.length > openBefore) return
  values.agreed[lookup.column.name] = textOf(lookup.column, id)
  if (lookup.column.type === 'customer') values.agreed[`${lookup.column.name}type`] = id === null ? null : table
}

/** The key of the row behind a lookup, its hops' included; what has no key yet is open. */
function mapTarget(target: LookupTarget, id: RowId | null, targets: Targets, values: ErpValues): void {
  const found = id === null ? undefined : targets(target.table.name, id)
  for (const part of target.parts) {
    const value = found?.[part.column.name] ?? null
    values.fields[part.field] = value
    if (id !== null && value === null) values.open.push({ table: target.table.name, id })
  }
  for (const hop of target.hops) {
    const next = found?.[hop.column.name] ?? null
    mapTarget(hop.target, next === null ? null : String(next), targets, values)
    if (id !== null && next === null) values.open.push({ table: target.table.name, id })
  }
}

function targetTable(lookup: LookupMap, row: QueryRow): string {
  const [first] = lookup.targets
  if (lookup.column.type !== 'customer') return first?.table.name ?? ''
  const type = row[`${lookup.column.name}type`]
  return typeof type === 'string' ? type : (first?.table.name ?? '')
}

import fc from 'fast-check'
import type { RemoteValue } from '#connector/contract.ts'
import { equal } from '#lib/decimal.ts'
import type { Typed } from '#lib/expression/ast.ts'
import { evaluate } from '#lib/expression/evaluate.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { ColumnValue } from '#tables/rows.queries.ts'
import { mapNewRecord } from '../mapping/to-erp.ts'
import { mapRecords } from '../mapping/to-portal.ts'
import { textOf, toErpValue, toPortalValue } from '../mapping/values.ts'
import type { ColumnMap, LookupMap, TableMap } from '../table-map.ts'
import { decimal, idOf, mappedValue, valueOfType } from './arbitraries.ts'
import { COMPANY, rowOf } from './fixtures.ts'
import { imagineGround, imagineTargets } from './world.ts'

export type RoundTripOptions = { runs: number; seed?: number | undefined }

/** What does not come back as it went, in sentences: for rows that are made at random from the columns' types and lists. */
export async function checkRoundTrip(
  catalog: Catalog,
  maps: readonly TableMap[],
  map: TableMap,
  { runs, seed }: RoundTripOptions,
): Promise<string[]> {
  const columns = map.columns.filter((one) => one.toPortal && one.toErp && one.column !== undefined && one.constant === undefined)
  const lookups = map.lookups.filter((one) => one.toPortal && one.toErp)
  if (columns.length + lookups.length === 0) return []
  const row = fc.record<Record<string, ColumnValue>>({
    ...Object.fromEntries(columns.map((one) => [one.column?.name ?? '', anyValueOf(one)])),
    ...Object.fromEntries(lookups.map((one) => [one.column.name, targetOf(one)])),
  })
  const outcome = await fc.check(
    fc.asyncProperty(row, async (given) => {
      const problems = await roundTrip(catalog, maps, map, given)
      if (problems.length > 0) throw new Error(problems.join('; '))
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  )
  if (!outcome.failed) return []
  const reason = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : String(outcome.errorInstance)
  return [`${reason} (seed ${outcome.seed}, row ${JSON.stringify(outcome.counterexample)})`]
}

/** Every value of every list goes and comes back, and decimals keep every digit. */
export function checkValues(map: TableMap): string[] {
  return map.columns.flatMap((one) => [...listProblems(one), ...decimalProblems(one)])
}

/** A row to the ERP and back. Lookups are written 'table key'. */
async function roundTrip(
  catalog: Catalog,
  maps: readonly TableMap[],
  map: TableMap,
  given: Readonly<Record<string, ColumnValue>>,
): Promise<string[]> {
  const there = new Set<string>([`cdm_company ${COMPANY}`])
  const values: Record<string, ColumnValue> = { ...given }
  for (const { column } of map.lookups) {
    const text = given[column.name]
    if (typeof text !== 'string') continue
    there.add(text)
    values[column.name] = text.slice(text.indexOf(' ') + 1)
    if (column.type === 'customer') values[`${column.name}type`] = text.slice(0, text.indexOf(' '))
  }
  // Rows behind the hops are there too: only the lookups' own may be one of several tables.
  const owners = new Set(map.lookups.flatMap((one) => one.targets.map((target) => target.table.name)))
  const rows = { has: (table: string, id: string) => there.has(`${table} ${id}`) || !owners.has(table) }
  const { fields, misfits, open } = mapNewRecord(map, rowOf(map, values), imagineTargets(map, rows))
  if (misfits.length > 0) return misfits
  if (open.length > 0) return [`the ERP would not know ${open.map((one) => `${one.table} ${one.id}`).join(', ')}`]
  const record: Record<string, RemoteValue> = Object.fromEntries(map.fields.map((name) => [name, fields[name] ?? null]))
  if (map.companyField !== undefined) record[map.companyField] = COMPANY
  const [back] = await mapRecords(imagineGround(catalog, maps, rows), map, [{ key: 'x', version: '1', fields: record }])
  return Object.keys(given).flatMap((name) => {
    const column = map.table.columns.get(name)
    if (column === undefined || back === undefined) return []
    const [sent, returned] = [textOf(column, values[name]), textOf(column, back.values[name])]
    return sent === returned
      ? []
      : [`${name} '${sent}' came back as '${returned ?? ''}'${back.misfits.length > 0 ? `: ${back.misfits.join('; ')}` : ''}`]
  })
}

/** An expression's column holds what the expression makes. */
function anyValueOf(one: ColumnMap): fc.Arbitrary<ColumnValue> {
  const { column, portalExpression } = one
  if (column === undefined) return fc.constant(null)
  if (portalExpression === undefined) return mappedValue(one, column)
  const types = new Map<string, Typed>()
  const visit = (node: Typed): void => {
    if (node.kind === 'name') types.set(node.name, node)
    if (node.kind === 'call') node.arguments.forEach(visit)
  }
  visit(portalExpression.root)
  return fc.record(Object.fromEntries([...types].map(([name, node]) => [name, valueOfType(node.type)]))).map((fields) => {
    const outcome = evaluate(portalExpression, fields)
    const value = 'failure' in outcome ? null : toPortalValue({ ...one, values: undefined }, column, outcome.value)
    return value !== null && typeof value === 'object' ? null : value
  })
}

function targetOf(one: LookupMap): fc.Arbitrary<ColumnValue> {
  return fc.oneof(...one.targets.map((target) => idOf(target).map((id) => `${target.table.name} ${id}`)))
}

function listProblems(one: ColumnMap): string[] {
  const { column, values } = one
  if (values === undefined || column === undefined) return []
  return [...values.toPortal].flatMap(([theirs, ours]) => {
    const arrived = one.toPortal ? toPortalValue(one, column, theirs) : ours
    if (textOf(column, plain(arrived)) !== textOf(column, ours))
      return [`${one.field} ${theirs} becomes ${String(plain(arrived))}, not ${String(ours)}`]
    if (!one.toErp || !one.toPortal) return []
    const again = toPortalValue(one, column, plain(toErpValue(one, ours)))
    return textOf(column, plain(again)) === textOf(column, ours)
      ? []
      : [`${column.name} ${String(ours)} goes out and comes back as ${String(plain(again))}`]
  })
}

function decimalProblems(one: ColumnMap): string[] {
  const { column } = one
  const isDecimal = column?.type === 'decimal' || column?.type === 'money'
  if (
    column === undefined ||
    !isDecimal ||
    !one.toPortal ||
    one.values !== undefined ||
    one.portalExpression !== undefined ||
    one.constant !== undefined
  )
    return []
  return fc.sample(decimal(column.scale ?? 10), { numRuns: 50, seed: 1 }).flatMap((text) => {
    const arrived = textOf(column, plain(toPortalValue(one, column, text)))
    return arrived !== null && equal(arrived, text) ? [] : [`${one.field} ${text} becomes ${arrived ?? 'nothing'}`]
  })
}

function plain(value: ColumnValue | { misfit: string }): ColumnValue {
  return value !== null && typeof value === 'object' ? `(${value.misfit})` : value
}

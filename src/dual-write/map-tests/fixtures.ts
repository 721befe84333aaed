import { z } from 'zod'
import type { RemoteValue } from '#connector/contract.ts'
import { parseDecimal } from '#lib/decimal.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { belongsInErp, mapNewRecord } from '../mapping/to-erp.ts'
import { mapRecords } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import type { TableMap } from '../table-map.ts'
import { type ImaginedRows, imagineGround, imagineTargets } from './world.ts'

const SCALAR = z.union([z.string(), z.number(), z.boolean(), z.null()])
const VALUES = z.record(z.string(), SCALAR)

/** A file beside the maps: `tests/<map>.yaml`. */
export const fixtureFile = z.strictObject({
  map: z.string(),
  cases: z
    .array(
      z.strictObject({
        /** What it shows: 'a person stays out'. */
        it: z.string().min(1),
        /** `portal`: the record is given and the row expected; `erp`: the other way round. */
        to: z.enum(['portal', 'erp']).default('portal'),
        record: VALUES.optional(),
        row: VALUES.optional(),
        /** Rows that are not there, by table: their keys. */
        without: z.record(z.string(), z.array(z.string())).default({}),
        /** Columns of other rows, by table and key, for the function lookup. */
        rows: z.record(z.string(), z.record(z.string(), VALUES)).default({}),
        /** Outside the map's filter. */
        excluded: z.boolean().default(false),
        /** Kept back, with words of the reason. */
        held: z.string().optional(),
        /** Lookups whose row is not there yet. */
        waits: z.array(z.string()).optional(),
      }),
    )
    .min(1),
})
export type Fixture = z.infer<typeof fixtureFile>['cases'][number]

/** What is not as the case says, in sentences. Columns and fields that it does not name are not looked at. */
export async function runFixture(catalog: Catalog, maps: readonly TableMap[], map: TableMap, one: Fixture): Promise<string[]> {
  const rows: ImaginedRows = {
    has: (table, id) => one.without[table]?.includes(id) !== true,
    columnsOf: (table, id) => one.rows[table]?.[id],
  }
  return one.to === 'portal' ? toPortal(catalog, maps, map, one, rows) : toErp(map, one, rows)
}

async function toPortal(
  catalog: Catalog,
  maps: readonly TableMap[],
  map: TableMap,
  one: Fixture,
  rows: ImaginedRows,
): Promise<string[]> {
  const unread = Object.keys(one.record ?? {}).filter((name) => !map.fields.includes(name))
  if (unread.length > 0) return [`the map does not read ${unread.join(', ')}`]
  const company = map.companyField === undefined ? {} : { [map.companyField]: COMPANY }
  const record = { key: 'test', version: '1', fields: { ...company, ...one.record } }
  const [mapped] = await mapRecords(imagineGround(catalog, maps, rows), map, [record])
  if (mapped === undefined) return ['nothing came of the record']
  if (mapped.excluded !== one.excluded)
    return [mapped.excluded ? 'the record is outside the filter' : 'the record is inside the filter']
  const waits = mapped.missing.map((missing) => missing.column)
  return [
    ...heldAs(one, mapped.misfits),
    ...(sameNames(waits, one.waits ?? []) ? [] : [`it waits for ${waits.join(', ') || 'nothing'}`]),
    ...Object.entries(one.row ?? {}).flatMap(([name, wanted]) => {
      const column = map.table.columns.get(name)
      if (column === undefined) return [`${map.table.name} has no column ${name}`]
      return unlike(name, textOf(column, mapped.values[name]), textOf(column, wanted))
    }),
  ]
}

async function toErp(map: TableMap, one: Fixture, rows: ImaginedRows): Promise<string[]> {
  const strangers = Object.keys(one.row ?? {}).filter((name) => !map.table.columns.has(name))
  if (strangers.length > 0) return [`${map.table.name} has no column ${strangers.join(', ')}`]
  const row = rowOf(map, one.row ?? {})
  const isExcluded = !belongsInErp(map, row)
  if (isExcluded !== one.excluded) return [isExcluded ? 'the row is outside the filter' : 'the row is inside the filter']
  if (one.excluded) return []
  const { fields, misfits, open } = mapNewRecord(map, row, imagineTargets(map, rows))
  const waits = [...new Set(open.map((target) => target.table))]
  return [
    ...heldAs(one, misfits),
    ...(sameNames(waits, one.waits ?? []) ? [] : [`it waits for ${waits.join(', ') || 'nothing'}`]),
    ...Object.entries(one.record ?? {}).flatMap(([name, wanted]) => unlike(name, remoteText(fields[name]), remoteText(wanted))),
  ]
}

/** Where a case names no legal entity. */
export const COMPANY = 'usmf'

/** A whole row: what is not given is empty. */
export function rowOf(map: TableMap, given: Readonly<Record<string, string | number | boolean | null>>): QueryRow {
  const row: Record<string, string | number | boolean | null> = {}
  for (const name of map.table.columns.keys()) row[name] = given[name] ?? null
  for (const { column, targets } of map.lookups) {
    const [target] = targets
    if (column.type === 'customer' && row[column.name] !== null) row[`${column.name}type`] ??= target?.table.name ?? null
  }
  if (map.companyField !== undefined && map.table.columns.has(COMPANY_COLUMN)) row[COMPANY_COLUMN] ??= COMPANY
  return row
}

/** As the ERP sees it: '' is nothing, and 1.50 is 1.5. */
function remoteText(value: RemoteValue | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : (parseDecimal(String(value)) ?? String(value))
}

function heldAs(one: Fixture, misfits: readonly string[]): string[] {
  if (one.held === undefined) return misfits.map((misfit) => `it is kept back: ${misfit}`)
  return misfits.some((misfit) => misfit.includes(one.held ?? '')) ? [] : [`it is not kept back for "${one.held}"`]
}

function unlike(name: string, found: string | null, wanted: string | null): string[] {
  return found === wanted ? [] : [`${name} is ${told(found)}, not ${told(wanted)}`]
}

function told(value: string | null): string {
  return value === null ? 'empty' : `'${value}'`
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join()
}

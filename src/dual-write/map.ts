import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { AppError, messageOf } from '#lib/app-error.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { buildColumns } from './mapping/columns.ts'
import { equalitiesOf, fieldsIn } from './mapping/filter.ts'
import { type MapFile, mapFile } from './mapping/map-file.ts'
import { orderMaps } from './mapping/order.ts'
import type { ColumnMap, LookupMap, TableMap } from './table-map.ts'

/**
 * The maps of the folders, in dependency order: whoever is looked up comes before who looks up. The lists of values of all folders are one;
 * a map of a later folder takes the place of one with the same name. Throws AppError `dual_write.invalid_map` with every problem at once.
 */
export function readMaps(catalog: Catalog, ...folders: readonly string[]): TableMap[] {
  const lists = Object.assign({}, ...folders.map(readLists)) as ReturnType<typeof readLists>
  const problems: string[] = []
  const byName = new Map<string, TableMap>()
  for (const folder of folders) {
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== VALUES)
    const taken = new Set<string>()
    for (const name of files.sort()) {
      try {
        const map = parseMap(catalog, parse(readFileSync(join(folder, name), 'utf8')), lists, name)
        if (taken.has(map.name)) problems.push(`${name}: there is a map ${map.name} in this folder already`)
        taken.add(map.name)
        byName.set(map.name, map)
      } catch (error) {
        problems.push(messageOf(error))
      }
    }
  }
  const maps = [...byName.values()]
  for (const map of maps) {
    if (map.group !== undefined && !maps.some((other) => other.name === map.group?.parent))
      problems.push(`${map.name}: the group's parent ${map.group.parent} is not among the maps`)
  }
  if (problems.length > 0)
    throw new AppError('dual_write.invalid_map', `Table maps of ${folders.join(', ')}:\n${problems.join('\n')}`)
  return orderMaps(maps)
}

/** What the maps carry that other definitions would lack, in sentences. */
export function missingForMaps(maps: readonly TableMap[], next: Catalog): string[] {
  return maps.flatMap((map) => {
    const columns = [...map.columns.map((one) => one.column?.name), ...map.lookups.map((one) => one.column.name), ...map.key]
    const table = next.tables.get(map.table.name)
    if (table === undefined) return [`The table map ${map.name} carries the table ${map.table.name}`]
    const missing = new Set(columns.filter((name) => name !== undefined && !table.columns.has(name)))
    return [...missing].map((name) => `The table map ${map.name} carries the column ${table.name}.${name}`)
  })
}

const VALUES = 'values.yaml'

/** A row that leaves the ERP's filter is treated as one that is gone there, unless the map says otherwise. */
const LEAVES = { propagate: 'delete', mark: 'mark', ignore: 'keep', refuse: 'keep' } as const

function readLists(folder: string): Record<string, Record<string, string | number | boolean>> {
  const file = join(folder, VALUES)
  if (!existsSync(file)) return {}
  return z
    .record(z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))
    .parse(parse(readFileSync(file, 'utf8')))
}

export function parseMap(
  catalog: Catalog,
  content: unknown,
  lists: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>,
  file: string,
): TableMap {
  const parsed = mapFile.safeParse(content)
  if (!parsed.success)
    throw new AppError('dual_write.invalid_map', `${file} is not a table map:\n${z.prettifyError(parsed.error)}`)
  const source = parsed.data
  const table = catalog.get(source.table)
  const problems: string[] = []
  const { columns, lookups } = buildColumns(catalog, table, source, lists, problems)
  const key = table.keys.get(source.key) ?? []
  if (key.length === 0) problems.push(`the table ${table.name} has no key ${source.key}`)
  checkKey(source, key, columns, lookups, problems)
  const filter = parseFilters(source, problems)
  if (table.scope === 'company' && source.companyField === undefined && source.rows !== 'existing')
    problems.push('rows of this table belong to a legal entity: companyField must say which field names it')
  if (problems.length > 0)
    throw new AppError('dual_write.invalid_map', `${file}:\n${problems.map((one) => `  ${one}`).join('\n')}`)
  return {
    name: source.map,
    title: source.title,
    version: source.version,
    table,
    entity: source.entity,
    rows: source.rows,
    key,
    recordKey: source.recordKey,
    companyField: source.companyField,
    filter,
    winner: source.winner,
    initialWinner: source.initialWinner ?? source.winner,
    deletes: {
      toPortal: source.deletes.toPortal,
      toErp: source.deletes.toErp,
      markErp: source.deletes.markErp ?? {},
      reason: source.deletes.reason,
    },
    leaves: { toPortal: source.leaves.toPortal ?? LEAVES[source.deletes.toPortal], toErp: source.leaves.toErp },
    start: source.start,
    excludes: source.excludes,
    confirmFirst: source.confirmFirst,
    publisher: source.publisher,
    group: source.group,
    findBy: source.findBy,
    columns,
    lookups,
    fillFrom:
      source.fillFrom === undefined
        ? undefined
        : { through: source.fillFrom.through, columns: new Map(Object.entries(source.fillFrom.columns)) },
    fields: fieldsOf(source, columns, lookups, filter),
    writes: columns.some((one) => one.toErp && one.column !== undefined) || lookups.some((one) => one.toErp),
  }
}

function checkKey(
  source: MapFile,
  key: readonly string[],
  columns: readonly ColumnMap[],
  lookups: readonly LookupMap[],
  problems: string[],
): void {
  for (const name of key) {
    const isMapped =
      name === COMPANY_COLUMN ||
      columns.some((one) => one.toPortal && one.column?.name === name) ||
      lookups.some((one) => one.toPortal && one.column.name === name)
    if (!isMapped) problems.push(`the key column ${name} gets its value from no field`)
  }
  const fields = new Set(source.columns.map((one) => one.field))
  for (const field of source.findBy) if (!fields.has(field)) problems.push(`findBy names ${field}, which is not mapped`)
}

function parseFilters(source: MapFile, problems: string[]): TableMap['filter'] {
  const read = (text: string | undefined) => {
    if (text === undefined) return undefined
    try {
      return parseFilter(text)
    } catch (error) {
      problems.push(`the filter "${text}" cannot be read: ${messageOf(error)}`)
      return undefined
    }
  }
  const erp = read(source.filter?.erp)
  return { erp, portal: read(source.filter?.portal), where: erp === undefined ? {} : equalitiesOf(erp) }
}

function fieldsOf(
  source: MapFile,
  columns: readonly ColumnMap[],
  lookups: readonly LookupMap[],
  filter: TableMap['filter'],
): string[] {
  const fields = new Set(source.recordKey)
  if (source.companyField !== undefined) fields.add(source.companyField)
  for (const one of columns) if (one.field !== undefined && one.toPortal) fields.add(one.field)
  for (const one of lookups) for (const target of one.targets) for (const part of target.parts) fields.add(part.field)
  if (filter.erp !== undefined) for (const name of fieldsIn(filter.erp)) fields.add(name)
  return [...fields]
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { EntityDescription } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { validateValues } from '#tables/validate.ts'
import type { Finding } from './facets-control.ts'
import { checkMapAlone } from './mapping/check-alone.ts'
import { buildColumns } from './mapping/columns.ts'
import { typeOfField } from './mapping/field-types.ts'
import { fieldsIn } from './mapping/filter.ts'
import { readFilters } from './mapping/filters.ts'
import { createFindings, findingText } from './mapping/findings.ts'
import { type MapFile, mapFile, type ValueLists, valueLists } from './mapping/map-file.ts'
import { orderMaps } from './mapping/order.ts'
import { fieldsOfTarget, type TableMap } from './table-map.ts'

/**
 * The maps of the folders, in dependency order: whoever is looked up comes before who looks up. The lists of values of all folders are one;
 * a map of a later folder takes the place of one with the same name. Throws AppError `dual_write.invalid_map` with every problem at once.
 */
export function readMaps(catalog: Catalog, ...folders: readonly string[]): TableMap[] {
  const lists = Object.assign({}, ...folders.map(readLists)) as ValueLists
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

function readLists(folder: string): ValueLists {
  const file = join(folder, VALUES)
  return existsSync(file) ? valueLists.parse(parse(readFileSync(file, 'utf8'))) : {}
}

/** Throws AppError `dual_write.invalid_map` with everything that is wrong. What is only doubtful, `validateMap` says. */
export function parseMap(catalog: Catalog, content: unknown, lists: ValueLists, file: string): TableMap {
  const { map, findings } = buildMap(catalog, content, lists)
  const errors = findings.filter((one) => one.severity === 'error')
  if (map !== undefined && errors.length === 0) return map
  const lines = errors.map((one) => `  ${findingText(one)}`)
  throw new AppError('dual_write.invalid_map', `${file}:\n${lines.join('\n')}`, { details: { findings } })
}

/** The map of a file as far as it can be made, with all that is wrong or doubtful in it. `entity` is what the ERP says of its side. */
export function buildMap(
  catalog: Catalog,
  content: unknown,
  lists: ValueLists,
  entity?: EntityDescription,
): { map: TableMap | undefined; source: MapFile | undefined; findings: Finding[] } {
  const { list: findings, report } = createFindings()
  const parsed = mapFile.safeParse(content)
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      report('CMP2001', placeOf(issue.path), {
        message: `not a table map: ${issue.message}`,
        remedy: 'Correct it as docs/maps.md says',
      })
    return { map: undefined, source: undefined, findings }
  }
  const source = parsed.data
  const table = catalog.tables.get(source.table)
  if (table === undefined) {
    report('DIPV1020', 'table', { message: `there is no table ${source.table}`, remedy: 'Correct the name, or add the table' })
    return { map: undefined, source, findings }
  }
  const fieldType = entity === undefined ? () => 'unknown' as const : (name: string) => typeOfField(entity, name)
  const { columns, lookups } = buildColumns(source, { catalog, table, lists, report, fieldType })
  const map = mapOf(source, table, { columns, lookups, filter: readFilters(source, table, report) })
  checkMapAlone(catalog, source, map, report)
  return { map, source, findings }
}

function mapOf(source: MapFile, table: TableDefinition, built: Pick<TableMap, 'columns' | 'lookups' | 'filter'>): TableMap {
  const { deletes, leaves } = source
  const titles = typeof source.title === 'string' ? { en: source.title } : source.title
  return {
    ...built,
    name: source.map,
    title: titles.en,
    titles,
    version: source.version,
    table,
    entity: source.entity,
    rows: source.rows,
    key: table.keys.get(source.key) ?? [],
    recordKey: source.recordKey,
    companyField: source.companyField,
    winner: source.winner,
    initialWinner: source.initialWinner ?? source.winner,
    deletes: { ...deletes, markErp: deletes.markErp ?? {}, reason: deletes.reason },
    leaves: { toPortal: leaves.toPortal ?? LEAVES[deletes.toPortal], toErp: leaves.toErp },
    start: source.start,
    excludes: source.excludes,
    confirmFirst: source.confirmFirst,
    givenUp: validateValues(table, source.givenUp ?? {}, { mode: 'update' }).values,
    publisher: source.publisher,
    group: source.group,
    findBy: source.findBy,
    fillFrom:
      source.fillFrom === undefined
        ? undefined
        : { through: source.fillFrom.through, columns: new Map(Object.entries(source.fillFrom.columns)) },
    fields: fieldsOf(source, built),
    writes:
      built.columns.some((one) => one.toErp && (one.column !== undefined || one.erpExpressions.length > 0)) ||
      built.lookups.some((one) => one.toErp),
  }
}

function fieldsOf(source: MapFile, { columns, lookups, filter }: Pick<TableMap, 'columns' | 'lookups' | 'filter'>): string[] {
  const fields = new Set(source.recordKey)
  if (source.companyField !== undefined) fields.add(source.companyField)
  for (const one of columns) {
    if (!one.toPortal) continue
    if (one.portalExpression !== undefined) for (const name of one.portalExpression.names) fields.add(name)
    else if (one.field !== undefined) fields.add(one.field)
  }
  for (const one of lookups) for (const target of one.targets) for (const field of fieldsOfTarget(target)) fields.add(field)
  if (filter.erp !== undefined) for (const name of fieldsIn(filter.erp)) fields.add(name)
  return [...fields]
}

/** ['columns', 3, 'field'] → 'columns[3].field' */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (place, step) => (typeof step === 'number' ? `${place}[${step}]` : `${place}${place === '' ? '' : '.'}${String(step)}`),
    '',
  )
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { ColumnDefinition, TableDefinition } from './definition.ts'
import { parseDefinition } from './table-file.ts'

/**
 * All tables of this installation, by logical name. What is made here is immutable; the one that a program holds (live-catalog.ts) always
 * answers from the newest.
 */
export type Catalog = {
  readonly tables: ReadonlyMap<string, TableDefinition>
  /** Throws AppError `tables.unknown_table`: for names that come from people. */
  get(name: string): TableDefinition
  findBySet(setName: string): TableDefinition | undefined
  /** Lookups of all tables that point to this one. */
  pointingTo(name: string): readonly { table: TableDefinition; lookup: ColumnDefinition }[]
}

/** The standard tables alone. */
export function readCatalog(): Catalog {
  return createCatalog(readStandardTables())
}

/** Read once: they are part of the program. */
export function readStandardTables(): readonly TableDefinition[] {
  standardTables ??= readdirSync(STANDARD_FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => parseDefinition(parse(readFileSync(join(STANDARD_FOLDER, name), 'utf8')), name))
  return standardTables
}

const STANDARD_FOLDER = join(import.meta.dirname, 'definitions')
let standardTables: readonly TableDefinition[] | undefined

/** Throws AppError `tables.invalid` with everything that does not fit together between the tables. */
export function createCatalog(definitions: readonly TableDefinition[]): Catalog {
  const problems = problemsBetween(definitions)
  if (problems.length > 0)
    throw new AppError('tables.invalid', `The tables do not fit together:\n  ${problems.join('\n  ')}`, { details: { problems } })
  const tables = new Map(definitions.map((table) => [table.name, table]))
  const sets = new Map(definitions.map((table) => [table.setName, table]))
  const pointing = new Map<string, { table: TableDefinition; lookup: ColumnDefinition }[]>()
  for (const table of definitions)
    for (const lookup of table.columns.values())
      for (const target of lookup.targets) pointing.set(target, [...(pointing.get(target) ?? []), { table, lookup }])
  return {
    tables,
    get(name) {
      const table = tables.get(name)
      if (table === undefined)
        throw new AppError('tables.unknown_table', `There is no table ${name}`, { details: { table: name } })
      return table
    },
    findBySet: (setName) => sets.get(setName),
    pointingTo: (name) => pointing.get(name) ?? [],
  }
}

/** The one table a lookup points to. A customer column is read as an account unless a path says otherwise. */
export function targetOf(catalog: Catalog, table: TableDefinition, column: string): TableDefinition {
  return catalog.get(required(table.columns.get(column)?.targets[0], `${table.name}.${column} is a lookup`))
}

function problemsBetween(definitions: readonly TableDefinition[]): string[] {
  const problems: string[] = []
  const tables = new Map<string, TableDefinition>()
  const sets = new Map<string, string>()
  for (const table of definitions) {
    if (tables.has(table.name)) problems.push(`${table.name}: the table is defined twice`)
    tables.set(table.name, table)
    const other = sets.get(table.setName)
    if (other !== undefined && other !== table.name)
      problems.push(`${table.name}: set: ${table.setName} is the set of ${other} already`)
    sets.set(table.setName, table.name)
  }
  const collections = new Map<string, string>()
  for (const table of definitions)
    for (const column of table.columns.values())
      for (const name of column.targets) {
        const place = `${table.name}: columns.${column.name}`
        const target = tables.get(name)
        if (target === undefined) {
          problems.push(`${place}: it points to the table ${name}, which is not defined`)
          continue
        }
        const key = `${name} ${column.collectionName}`
        const other = collections.get(key)
        if (other !== undefined)
          problems.push(
            `${place}: its rows are called ${column.collectionName} from ${name}, as those of ${other}; give it a collection`,
          )
        if (target.columns.has(column.collectionName))
          problems.push(
            `${place}: its rows are called ${column.collectionName} from ${name}, which is a column there; give it a collection`,
          )
        collections.set(key, `${table.name}.${column.name}`)
      }
  return problems
}

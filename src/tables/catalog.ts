import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { AppError } from '#lib/app-error.ts'
import { assert, required } from '#lib/assert.ts'
import type { ColumnDefinition, TableDefinition } from './definition.ts'
import { parseDefinition } from './table-file.ts'

/** All tables of this installation, by logical name. Immutable: a change of definitions makes a new catalog. */
export type Catalog = {
  readonly tables: ReadonlyMap<string, TableDefinition>
  /** Throws AppError `tables.unknown_table`: for names that come from people. */
  get(name: string): TableDefinition
  findBySet(setName: string): TableDefinition | undefined
  /** Lookups of all tables that point to this one. */
  pointingTo(name: string): readonly { table: TableDefinition; lookup: ColumnDefinition }[]
}

/** The standard tables of definitions/, and after them those of further folders. */
export function readCatalog(...furtherFolders: readonly string[]): Catalog {
  const folders = [join(import.meta.dirname, 'definitions'), ...furtherFolders]
  return createCatalog(folders.flatMap(readFolder))
}

export function createCatalog(definitions: readonly TableDefinition[]): Catalog {
  const tables = new Map<string, TableDefinition>()
  const sets = new Map<string, TableDefinition>()
  for (const table of definitions) {
    if (tables.has(table.name) || sets.has(table.setName))
      throw new AppError('tables.invalid', `The table ${table.name} is defined twice`)
    tables.set(table.name, table)
    sets.set(table.setName, table)
  }
  const pointing = new Map<string, { table: TableDefinition; lookup: ColumnDefinition }[]>()
  for (const table of definitions) {
    for (const column of table.columns.values()) {
      for (const target of column.targets) {
        pointing.set(target, [...(pointing.get(target) ?? []), { table, lookup: column }])
        if (!tables.has(target))
          throw new AppError('tables.invalid', `${table.name}.${column.name} points to the table ${target}, which is not defined`)
      }
    }
  }
  assert(tables.size > 0, 'there are tables')
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

function readFolder(folder: string): TableDefinition[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => parseDefinition(parse(readFileSync(join(folder, name), 'utf8')), name))
}

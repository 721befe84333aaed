import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { AppError, messageOf } from '#lib/app-error.ts'
import { type Catalog, createCatalog, readStandardTables } from './catalog.ts'
import type { TableDefinition } from './definition.ts'
import { defineTable, extendTable, parseTableSource, reporter, type TableSource, tableOf } from './table-file.ts'

/** What an installation has defined, as it was written: a whole table, or what it adds to a standard one. `place` is its file. */
export type CustomDocument = { place: string; content: unknown }

const DOCUMENTS_MAX = 500
const NAME_LENGTH_MAX = 50
const COLUMNS_MAX = 400
/** Names of ours, of Microsoft's, and of the tables themselves begin so. */
const RESERVED: readonly string[] = [
  'comptoir',
  'msdyn',
  'adx',
  'cdm',
  'mspp',
  'msdynce',
  'change',
  'capture',
  'row',
  'file',
  'number',
  'definition',
]
const PREFIXED = /^([a-z][a-z0-9]{1,7})_[a-z0-9]/

/** The documents of a folder, one a file; none where there is no folder. Throws AppError `tables.invalid` with every file that is not YAML. */
export function readDocuments(folder: string): CustomDocument[] {
  const problems: string[] = []
  const documents = listYaml(folder).map((name): CustomDocument => {
    try {
      return { place: name, content: parse(readFileSync(join(folder, name), 'utf8')) }
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`)
      return { place: name, content: undefined }
    }
  })
  if (documents.length > DOCUMENTS_MAX) problems.push(`${folder} has more than ${DOCUMENTS_MAX} definitions`)
  if (problems.length > 0) throw invalid(problems)
  return documents
}

/** The table a document speaks of. Throws AppError `tables.invalid` where it has not even the shape of one. */
export function tableOfDocument(document: CustomDocument): string {
  const problems: string[] = []
  const source = parseTableSource(document.content, document.place, problems)
  if (source === undefined) throw invalid(problems)
  return tableOf(source)
}

/**
 * The standard tables with what the documents add. Throws AppError `tables.invalid` with all problems of all documents, by file and place.
 */
export function assembleCatalog(documents: readonly CustomDocument[]): Catalog {
  const problems: string[] = []
  const sources = documents.flatMap((document) => parseTableSource(document.content, document.place, problems) ?? [])
  const standard = new Map(readStandardTables().map((table) => [table.name, table]))
  const places = new Map<string, string>()
  const tables = new Map(standard)
  for (const source of sources) {
    const name = tableOf(source)
    const other = places.get(name)
    if (other !== undefined) problems.push(`${source.place}: ${name} is defined by ${other} already; one table, one file`)
    places.set(name, source.place)
    const table = customTable(source, standard.get(name), problems)
    if (table !== undefined) tables.set(name, table)
  }
  if (problems.length > 0) throw invalid(problems)
  try {
    return createCatalog([...tables.values()])
  } catch (error) {
    const between = error instanceof AppError ? (error.details.problems as string[]) : undefined
    if (between === undefined) throw error
    throw invalid(between.map((problem) => withFile(problem, places)))
  }
}

function customTable(
  source: TableSource,
  standard: TableDefinition | undefined,
  problems: string[],
): TableDefinition | undefined {
  const report = reporter(source.place, problems)
  for (const name of Object.keys(source.file.columns)) {
    if (name.length > NAME_LENGTH_MAX) report(`columns.${name}`, `a name has at most ${NAME_LENGTH_MAX} characters`)
    if (source.kind === 'extension' && !hasPrefix(name)) report(`columns.${name}`, PREFIX_WANTED)
  }
  if (Object.keys(source.file.columns).length > COLUMNS_MAX) report('columns', `a definition has at most ${COLUMNS_MAX} columns`)
  if (source.kind === 'extension') {
    for (const key of Object.keys(source.file.keys)) if (!hasPrefix(key)) report(`keys.${key}`, PREFIX_WANTED)
    if (standard !== undefined) return extendTable(standard, source.file, report)
    report('extend', `there is no standard table ${source.file.extend}; a table of your own is defined whole, with table:`)
    return undefined
  }
  const { table, set } = source.file
  if (standard !== undefined) report('table', `${table} is a standard table; add to it with extend: ${table}`)
  if (table.length > NAME_LENGTH_MAX) report('table', `a name has at most ${NAME_LENGTH_MAX} characters`)
  if (!hasPrefix(table)) report('table', PREFIX_WANTED)
  if (!hasPrefix(set)) report('set', PREFIX_WANTED)
  return defineTable(source.file, 'custom', report)
}

/** So that no later version of the standard tables can have the same name. */
const PREFIX_WANTED = `a name of yours begins with a prefix of yours, as in contoso_code (not ${RESERVED.join('_, ')}_)`

function hasPrefix(name: string): boolean {
  const prefix = PREFIXED.exec(name)?.[1]
  return prefix !== undefined && !RESERVED.includes(prefix)
}

function withFile(problem: string, places: ReadonlyMap<string, string>): string {
  const place = places.get(problem.slice(0, problem.indexOf(':')))
  return place === undefined ? problem : `${place}: ${problem.slice(problem.indexOf(':') + 2)}`
}

function invalid(problems: readonly string[]): AppError {
  return new AppError('tables.invalid', `The table definitions are not right:\n  ${problems.join('\n  ')}`, {
    details: { problems },
  })
}

function listYaml(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw new AppError('tables.invalid', `The folder of definitions ${folder} cannot be read`, { cause })
  }
}

import { z } from 'zod'
import { AppError, messageOf } from '#lib/app-error.ts'
import { COMPANY_COLUMN, type ColumnDefinition, type TableDefinition } from './definition.ts'
import { parseAutonumber, shortestLength } from './file/autonumber.ts'
import { compileCalculated } from './file/calculated.ts'
import { blankColumn, defineColumn, labelsOf, type Origin, type Report } from './file/columns.ts'
import { type ExtensionFile, extensionShape, type TableFile, tableShape } from './file/shape.ts'

/**
 * A definition as people write it, checked for its shape: a whole table, or what an installation adds to a standard one. A file of YAML,
 * a document from Studio and one from the API are the same.
 */
export type TableSource = { place: string } & ({ kind: 'table'; file: TableFile } | { kind: 'extension'; file: ExtensionFile })

/** The JSON Schema of such a document, for editors. schemas/table.schema.json is this, written out. */
export function tableSchema(): object {
  return z.toJSONSchema(z.union([tableShape, extensionShape]), { io: 'input' })
}

/** Reads one document; `place` is its file. What is wrong is added to `problems`, and nothing answered. */
export function parseTableSource(content: unknown, place: string, problems: string[]): TableSource | undefined {
  const isExtension = typeof content === 'object' && content !== null && 'extend' in content
  const parsed = (isExtension ? extensionShape : tableShape).safeParse(content)
  if (parsed.success)
    return isExtension
      ? { place, kind: 'extension', file: parsed.data as ExtensionFile }
      : { place, kind: 'table', file: parsed.data as TableFile }
  for (const issue of parsed.error.issues) problems.push(`${place}: ${issue.path.join('.') || 'the document'}: ${issue.message}`)
  return undefined
}

/** The table that a document speaks of. */
export function tableOf(source: TableSource): string {
  return source.kind === 'table' ? source.file.table : source.file.extend
}

/** One standard table. Throws AppError `tables.invalid` with every problem of the file at once. */
export function parseDefinition(content: unknown, place: string): TableDefinition {
  const problems: string[] = []
  const source = parseTableSource(content, place, problems)
  if (source?.kind === 'extension') problems.push(`${place}: a standard table is defined whole`)
  const table = source?.kind === 'table' ? defineTable(source.file, 'standard', reporter(place, problems)) : undefined
  if (table === undefined || problems.length > 0)
    throw new AppError('tables.invalid', `${place} is not a table definition:\n  ${problems.join('\n  ')}`, {
      details: { problems },
    })
  return table
}

export function defineTable(file: TableFile, origin: Origin, report: Report): TableDefinition {
  const columns = new Map<string, ColumnDefinition>()
  const labels = labelsOf(file.label, file.table)
  columns.set(file.id, { ...blankColumn(file.id, 'uniqueidentifier', origin), labels, required: true })
  addColumns(columns, file.table, file, origin, report)
  if (file.scope === 'company') columns.set(COMPANY_COLUMN, companyColumn(file.table))
  for (const column of systemColumns()) {
    if (columns.has(column.name)) report(`columns.${column.name}`, 'every table has this column already')
    columns.set(column.name, column)
  }
  const table: TableDefinition = {
    name: file.table,
    labels,
    description: file.description,
    origin,
    setName: file.set,
    idColumn: file.id,
    nameColumn: file.name,
    scope: file.scope,
    columns,
    keys: new Map(Object.entries(file.keys)),
    indexes: file.indexes,
    search: file.search,
    history: file.history ?? origin === 'custom',
  }
  if (!columns.has(file.name)) report('name', `the table has no column ${file.name}`)
  checkNames(table, file, report)
  checkExpressions(table, file.columns, report)
  return table
}

/** A standard table with what an installation adds. Keeps the names of the standard: they cannot be taken. */
export function extendTable(base: TableDefinition, file: ExtensionFile, report: Report): TableDefinition {
  const columns = new Map(base.columns)
  addColumns(columns, base.name, file, 'custom', report)
  for (const key of Object.keys(file.keys))
    if (base.keys.has(key)) report(`keys.${key}`, `${base.name} has a key of this name already`)
  const table: TableDefinition = {
    ...base,
    columns,
    keys: new Map([...base.keys, ...Object.entries(file.keys)]),
    indexes: [...base.indexes, ...file.indexes],
    search: [...new Set([...base.search, ...file.search])],
    history: file.history ?? base.history,
  }
  checkNames(table, file, report)
  checkExpressions(table, file.columns, report)
  return table
}

export function reporter(place: string, problems: string[]): Report {
  return (where, problem) => void problems.push(`${place}: ${where}: ${problem}`)
}

function addColumns(
  columns: Map<string, ColumnDefinition>,
  table: string,
  file: Pick<TableFile, 'columns'>,
  origin: Origin,
  report: Report,
): void {
  const put = (column: ColumnDefinition) => {
    if (columns.has(column.name)) report(`columns.${column.name}`, `${table} has a column of this name already`)
    else columns.set(column.name, column)
  }
  for (const [name, one] of Object.entries(file.columns)) {
    const column = defineColumn(table, name, one, origin, report)
    put(column)
    // Which table a customer is a row of stands beside it.
    if (one.type === 'customer') put({ ...blankColumn(`${name}type`, 'string', origin), length: 20 })
  }
}

function companyColumn(table: string): ColumnDefinition {
  return {
    ...blankColumn(COMPANY_COLUMN, 'lookup', 'standard'),
    labels: { en: 'Company', fr: 'Société' },
    targets: ['cdm_company'],
    required: true,
    onDelete: 'restrict',
    collectionName: `${table}_${COMPANY_COLUMN}`,
  }
}

/** Columns that every table has, written by the database alone (except statecode and statuscode). */
function systemColumns(): ColumnDefinition[] {
  const column = (name: string, type: ColumnDefinition['type'], system: boolean, en: string, fr: string) => ({
    ...blankColumn(name, type, 'standard'),
    labels: { en, fr },
    system,
  })
  return [
    column('createdon', 'datetime', true, 'Created on', 'Créé le'),
    column('modifiedon', 'datetime', true, 'Modified on', 'Modifié le'),
    column('versionnumber', 'bigint', true, 'Version', 'Version'),
    column('statecode', 'integer', false, 'State', 'État'),
    column('statuscode', 'integer', false, 'Status reason', 'Raison du statut'),
  ]
}

function checkNames(table: TableDefinition, file: Pick<TableFile, 'keys' | 'indexes' | 'search'>, report: Report): void {
  const mustExist = (name: string, where: string) => {
    if (!table.columns.has(name)) report(where, `the table has no column ${name}`)
  }
  for (const [key, names] of Object.entries(file.keys)) for (const name of names) mustExist(name, `keys.${key}`)
  for (const names of file.indexes) for (const name of names) mustExist(name, `indexes (${names.join(', ')})`)
  for (const name of file.search) {
    mustExist(name, 'search')
    const type = table.columns.get(name)?.type
    if (type !== undefined && type !== 'string' && type !== 'memo')
      report('search', `${name} is a ${type}; only texts are searched`)
  }
}

/** What a column is made of by the database: its expression, or its number. */
function checkExpressions(table: TableDefinition, files: TableFile['columns'], report: Report): void {
  const check = (where: string, work: () => unknown) => {
    try {
      work()
    } catch (error) {
      report(where, messageOf(error))
    }
  }
  for (const name of Object.keys(files)) {
    const column = table.columns.get(name)
    if (column?.calculated !== undefined) check(`columns.${name}.calculated`, () => compileCalculated(table, column))
    const { autonumber, length } = column ?? {}
    if (autonumber === undefined) continue
    check(`columns.${name}.autonumber`, () => {
      const shortest = shortestLength(parseAutonumber(autonumber))
      if (length !== undefined && shortest > length)
        throw new AppError('tables.invalid', `its ${shortest} characters do not fit the length ${length}`)
    })
  }
}

import { z } from 'zod'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'

/**
 * A table as data: Dataverse's logical names, kept as a real PostgreSQL table of the schema `tables` (see schema.ts). Definitions are
 * YAML files, one table a file; the standard ones stand in definitions/.
 */
export type TableDefinition = {
  /** Logical name, also the PostgreSQL table: salesorder */
  name: string
  /** For people, by language: { en: 'Sales order', fr: 'Commande client' }. Ask `labelOf`. */
  labels: Labels
  description: string
  /** `custom`: made by this installation, or a standard table that it has added columns to keeps `standard`. */
  origin: 'standard' | 'custom'
  /** Entity set name, for URLs: salesorders */
  setName: string
  idColumn: string
  /** The column that names a row to people. */
  nameColumn: string
  /** Rows of a `company` table belong to one legal entity through the column msdyn_company. */
  scope: 'company' | 'global'
  columns: ReadonlyMap<string, ColumnDefinition>
  /** Alternate keys: a unique index each, by name. Rows with a null in a key are outside it. */
  keys: ReadonlyMap<string, readonly string[]>
  indexes: readonly (readonly string[])[]
  /** The columns that a search box looks into. */
  search: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

export type ColumnType =
  | 'uniqueidentifier'
  | 'string'
  | 'memo'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'money'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'choice'
  | 'choices'
  | 'lookup'
  | 'customer'
  | 'file'
  | 'image'

export type ColumnDefinition = {
  name: string
  labels: Labels
  description: string
  origin: 'standard' | 'custom'
  type: ColumnType
  required: boolean
  /** Characters, for strings. */
  length: number | undefined
  /** Tables a lookup can point to; two for a customer, whose `<name>type` column says which. */
  targets: readonly string[]
  onDelete: 'set null' | 'cascade' | 'restrict'
  /** Of a lookup: what the rows that point to a row are called from there, as OData's collection-valued navigation property. */
  collectionName: string
  /** Member name → value, for choices. */
  options: ReadonlyMap<string, number>
  optionLabels: ReadonlyMap<number, Labels>
  /** What a date-time means: a moment shown in the reader's zone, or the same figures everywhere. */
  behaviour: 'user_local' | 'time_zone_independent'
  /** Bounds of numbers, as decimal text; and how many decimals a decimal or money keeps. */
  min: string | undefined
  max: string | undefined
  scale: number | undefined
  /** A regular expression that the whole text must match, with the sentence that says so to people. */
  pattern: { expression: string; message: string } | undefined
  /** What a new row has where nobody says. */
  default: string | number | boolean | undefined
  /** Given by the database to new rows: 'RMA-{SEQNUM:6}-{DATETIMEUTC:yyyy}-{RANDSTRING:4}', as Dataverse writes it. */
  autonumber: string | undefined
  /** An expression over the row's other columns (OData: `quantity mul priceperunit`), kept by PostgreSQL. */
  calculated: string | undefined
  /** For files and images. `accept` holds media types: 'application/pdf', 'image/*'. */
  bytesMax: number | undefined
  accept: readonly string[]
  /** SQL of a column that PostgreSQL computes; only in the standard definitions. */
  generated: string | undefined
  /** Kept by the tables themselves: nobody writes it. */
  system: boolean
}

/** Columns that every table has, written by the database alone (except statecode and statuscode). */
const SYSTEM_COLUMNS: Readonly<Record<string, { type: ColumnType; system: boolean }>> = {
  createdon: { type: 'datetime', system: true },
  modifiedon: { type: 'datetime', system: true },
  versionnumber: { type: 'bigint', system: true },
  statecode: { type: 'integer', system: false },
  statuscode: { type: 'integer', system: false },
}

export const COMPANY_COLUMN = 'msdyn_company'
const LOGICAL_NAME = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'a logical name has lower-case letters, digits and _')

const columnFile = z.strictObject({
  type: z.enum([
    'string',
    'memo',
    'integer',
    'bigint',
    'decimal',
    'money',
    'boolean',
    'date',
    'datetime',
    'choice',
    'choices',
    'lookup',
    'customer',
    'uniqueidentifier',
    'file',
    'image',
  ]),
  required: z.boolean().default(false),
  length: z.int().min(1).max(4_000).optional(),
  scale: z.int().min(0).max(20).optional(),
  target: LOGICAL_NAME.optional(),
  onDelete: z.enum(['set null', 'cascade', 'restrict']).default('set null'),
  collection: LOGICAL_NAME.optional(),
  options: z.record(z.string(), z.int()).optional(),
  generated: z.string().optional(),
})

const tableFile = z.strictObject({
  table: LOGICAL_NAME,
  set: LOGICAL_NAME,
  id: LOGICAL_NAME,
  name: LOGICAL_NAME,
  scope: z.enum(['company', 'global']),
  columns: z.record(LOGICAL_NAME, columnFile),
  keys: z.record(LOGICAL_NAME, z.array(LOGICAL_NAME).min(1)).default({}),
  indexes: z.array(z.array(LOGICAL_NAME).min(1)).default([]),
  search: z.array(LOGICAL_NAME).default([]),
})

/** Reads one definition. Throws AppError `tables.invalid` with every problem of the file at once. */
export function parseDefinition(content: unknown, file: string): TableDefinition {
  const parsed = tableFile.safeParse(content)
  if (!parsed.success) {
    throw new AppError('tables.invalid', `${file} is not a table definition:\n${z.prettifyError(parsed.error)}`)
  }
  const source = parsed.data
  const columns = new Map<string, ColumnDefinition>()
  const put = (name: string, column: Partial<ColumnDefinition> & { type: ColumnType }) =>
    columns.set(name, { ...BLANK, ...column, name })

  put(source.id, { type: 'uniqueidentifier', required: true })
  for (const [name, column] of Object.entries(source.columns)) {
    put(name, {
      type: column.type,
      required: column.required,
      length: column.length,
      targets: column.type === 'customer' ? ['account', 'contact'] : column.target === undefined ? [] : [column.target],
      onDelete: column.onDelete,
      collectionName: column.collection ?? `${source.table}_${name}`,
      options: new Map(Object.entries(column.options ?? {})),
      generated: column.generated,
    })
    if (column.type === 'customer') put(`${name}type`, { type: 'string', length: 20 })
  }
  if (source.scope === 'company')
    put(COMPANY_COLUMN, {
      type: 'lookup',
      targets: ['cdm_company'],
      required: true,
      onDelete: 'restrict',
      collectionName: `${source.table}_${COMPANY_COLUMN}`,
    })
  for (const [name, column] of Object.entries(SYSTEM_COLUMNS)) put(name, column)

  const problems = checkNames(source, columns)
  if (problems.length > 0) throw new AppError('tables.invalid', `${file}:\n  ${problems.join('\n  ')}`)
  return {
    name: source.table,
    labels: {},
    description: '',
    origin: 'standard',
    setName: source.set,
    idColumn: source.id,
    nameColumn: source.name,
    scope: source.scope,
    columns,
    keys: new Map(Object.entries(source.keys)),
    indexes: source.indexes,
    search: source.search,
  }
}

/** What people call a table, column or option: in their language, in English, or by its name. */
export function labelOf(named: { labels: Labels; name: string }, language: string): string {
  return named.labels[language] ?? named.labels.en ?? named.name
}

/** Whether PostgreSQL or the tables themselves write it: nobody else can. */
export function isComputed(column: ColumnDefinition): boolean {
  return column.system || column.generated !== undefined || column.calculated !== undefined
}

/** What OData calls the row behind a lookup: 'primarycontactid', and of a customer 'customerid_account' or 'customerid_contact'. */
export function navigationName(column: ColumnDefinition, target: string): string {
  return column.targets.length > 1 ? `${column.name}_${target}` : column.name
}

export function isLookup(column: ColumnDefinition): boolean {
  return column.type === 'lookup' || column.type === 'customer'
}

/** Throws AppError `tables.unknown_column`: for names that come from people. */
export function getColumn(table: TableDefinition, name: string): ColumnDefinition {
  const column = table.columns.get(name)
  if (column === undefined)
    throw new AppError('tables.unknown_column', `The table ${table.name} has no column ${name}`, {
      details: { table: table.name, column: name },
    })
  return column
}

/** The value of a choice's member, for code that names it: optionOf(salesorder, 'msdyn_processingstatus', 'confirmed'). */
export function optionOf(table: TableDefinition, column: string, member: string): number {
  return required(getColumn(table, column).options.get(member), `the option ${member} of ${table.name}.${column}`)
}

const BLANK: Omit<ColumnDefinition, 'name' | 'type'> = {
  labels: {},
  description: '',
  origin: 'standard',
  optionLabels: new Map(),
  behaviour: 'user_local',
  min: undefined,
  max: undefined,
  scale: undefined,
  pattern: undefined,
  default: undefined,
  autonumber: undefined,
  calculated: undefined,
  bytesMax: undefined,
  accept: [],
  required: false,
  length: undefined,
  targets: [],
  onDelete: 'set null',
  collectionName: '',
  options: new Map(),
  generated: undefined,
  system: false,
}

function checkNames(source: z.infer<typeof tableFile>, columns: ReadonlyMap<string, ColumnDefinition>): string[] {
  const problems: string[] = []
  const mustExist = (name: string, where: string) => {
    if (!columns.has(name)) problems.push(`${where} names the column ${name}, which the table does not have`)
  }
  mustExist(source.name, 'name')
  for (const [key, names] of Object.entries(source.keys)) for (const name of names) mustExist(name, `the key ${key}`)
  for (const names of source.indexes) for (const name of names) mustExist(name, 'an index')
  for (const name of source.search) mustExist(name, 'search')
  for (const column of columns.values()) {
    if (column.type === 'lookup' && column.targets.length === 0) problems.push(`the lookup ${column.name} needs a target`)
    if (column.type === 'choice' && column.options.size === 0) problems.push(`the choice ${column.name} needs options`)
  }
  return problems
}

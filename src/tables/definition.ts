import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'

/**
 * A table as data: Dataverse's logical names, kept as a real PostgreSQL table of the schema `tables` (see schema.ts). Definitions are
 * YAML files (table-file.ts), one table a file; the standard ones stand in definitions/.
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
  /** Whether every change of a row is remembered, and who made it (history.queries.ts). Deletions always are. */
  history: boolean
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
  /** Kept by the tables themselves: nobody writes it. */
  system: boolean
}

export const COMPANY_COLUMN = 'msdyn_company'

/** What people call a table, column or option: in their language, in English, or by its name. */
export function labelOf(named: { labels: Labels; name: string }, language: string): string {
  return named.labels[language] ?? named.labels.en ?? named.name
}

/** Whether PostgreSQL or the tables themselves write it: nobody else can. */
export function isComputed(column: ColumnDefinition): boolean {
  return column.system || column.calculated !== undefined
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

/**
 * What Studio's data workspace and its server say to each other: tables, columns and rows of /studio/api/tables. Types only. Times are
 * ISO 8601 in UTC; decimals are text; several choices are their numbers between commas.
 */
export type Labels = Readonly<Record<string, string>>

export type TableSummary = {
  name: string
  setName: string
  labels: Labels
  description: string
  origin: 'standard' | 'custom'
  scope: 'company' | 'global'
  columnCount: number
  customColumnCount: number
  /** As PostgreSQL estimates it: exact after its statistics have caught up. */
  rowsAbout: number
  /** Names of the table maps that keep it equal to the ERP. */
  maps: string[]
  /** Tables that its lookups point to, one for each lookup. */
  pointsTo: { column: string; table: string }[]
}

export type ColumnInfo = {
  name: string
  labels: Labels
  description: string
  origin: 'standard' | 'custom'
  type: string
  required: boolean
  /** Kept by the database: shown, never edited. */
  computed: boolean
  length: number | null
  scale: number | null
  min: string | null
  max: string | null
  pattern: { expression: string; message: string } | null
  default: string | number | boolean | null
  autonumber: string | null
  calculated: string | null
  bytesMax: number | null
  accept: readonly string[]
  targets: readonly string[]
  options: { value: number; member: string; labels: Labels }[]
}

export type TableDetail = TableSummary & {
  idColumn: string
  nameColumn: string
  columns: ColumnInfo[]
  keys: { name: string; columns: readonly string[] }[]
  search: readonly string[]
  /** Lookups of other tables (and of itself) that point here. */
  pointedFrom: { table: string; column: string; collectionName: string; labels: Labels }[]
}

export type CellValue = string | number | boolean | null

/** A row of the grid: its values by column, and the names of the rows that its lookups point to. */
export type GridRow = { id: string; version: number; values: Record<string, CellValue>; names: Record<string, string> }
export type GridPage = { rows: GridRow[]; next: string | null; total: number | null; totalMax: number }

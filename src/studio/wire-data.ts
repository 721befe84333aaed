/**
 * What Studio's data workspace and its server say to each other: tables, columns and rows of /studio/api/tables. Types only. Times are
 * ISO 8601 in UTC; decimals are text; several choices are their numbers between commas.
 */
import type { SyncState } from './wire.ts'

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
  /** Of a date-time: the same figures everywhere, or a moment shown in the reader's zone. */
  behaviour: 'user_local' | 'time_zone_independent'
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

/** A row as the drawer shows it. */
export type RowDetail = GridRow & {
  /** Where it stands with the ERP; null where no table map keeps the table. */
  sync: SyncState | null
  files: Record<string, { name: string; mediaType: string; bytes: number }>
  /** Whether each value written here goes to the ERP, by column. */
  mappedColumns: string[]
}
export type FieldProblem = { column: string; code: string; message: string; values: Record<string, string | number> }

export type SaveOutcome =
  | { kind: 'saved'; id: string; version: number }
  | { kind: 'invalid'; problems: FieldProblem[] }
  /** Somebody else was quicker: the row as it is now. */
  | { kind: 'stale'; row: RowDetail }

export type DeleteOutcome =
  | { kind: 'deleted' }
  | { kind: 'stale' }
  /** Other rows need it. */
  | { kind: 'in_use' }

/** Rows that point to a row by one lookup; `count` goes up to `countMax`. */
export type RelatedRows = {
  table: string
  column: string
  labels: Labels
  columnLabels: Labels
  onDelete: 'set null' | 'cascade' | 'restrict'
  count: number
  countMax: number
}

/** A row to point to. */
export type LookupChoice = { id: string; name: string; key: string }

export type HistoryEntry = {
  number: number
  operation: 'create' | 'update' | 'delete'
  at: string
  who: string | null
  /** Through which door it came. */
  from: 'portal' | 'studio' | 'import' | 'api' | 'erp' | 'program'
  map: string | null
  changes: { column: string; before: CellValue; after: CellValue; beforeName: string | null; afterName: string | null }[]
}
export type HistoryPage = { entries: HistoryEntry[]; next: number | null }

export type ViewState = Partial<Record<'columns' | 'filter' | 'orderby' | 'search', string>>
/** What a grid can be set to. `labels` are those of a view of the site's files; others have their name. */
export type ViewInfo = {
  id: string
  name: string
  labels: Labels
  isShared: boolean
  isMine: boolean
  /** From a file of the site: nobody changes it here. */
  isOfSite: boolean
  state: ViewState
  widths: Readonly<Record<string, number>>
}

export type ImportCounts = { read: number; created: number; updated: number; unchanged: number; refused: number }
export type ImportSettings = {
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
  separator: string
  decimalMark: '.' | ','
  dayOrder: 'dmy' | 'mdy'
  /** Where a time without a zone is read. */
  timeZone: string
  /** For each head of the file the column that it fills. */
  mapping: (string | null)[]
  /** How rows are found again: 'id', the name of an alternate key, or 'none'. */
  matchBy: string
}
export type ImportInfo = {
  id: string
  table: string
  fileName: string
  kind: 'csv' | 'xlsx'
  heads: string[]
  samples: string[][]
  rows: number
  settings: ImportSettings
  /** A dry pass writes nothing. */
  state:
    | { kind: 'ready' }
    | { kind: 'working'; pass: 'dry' | 'run'; counts: ImportCounts }
    | { kind: 'done' | 'cancelled'; pass: 'dry' | 'run'; counts: ImportCounts; tookMs: number }
    | { kind: 'failed'; pass: 'dry' | 'run'; counts: ImportCounts; reason: string }
  /** The first lines that were refused; all of them are in the file. */
  refused: { line: number; problems: FieldProblem[] }[]
}

/** What a change of definitions would do, in words and in SQL; what rows would lose; what stands in the way. */
export type PlanInfo = {
  steps: { what: string; sql: string[] }[]
  losses: { confirm: string; says: string; rows: number }[]
  refusals: string[]
}
export type DefinitionVersionInfo = {
  version: number
  table: string
  source: 'file' | 'stored'
  author: string
  message: string
  appliedAt: string
  /** Null: defined no more. */
  document: object | null
}
export type Definitions = {
  /** What names of this installation begin with. */
  prefix: string
  documents: { table: string; source: 'file' | 'stored'; document: object }[]
  versions: DefinitionVersionInfo[]
  /** Columns (null: whole tables) that are defined no more and keep their values. */
  hidden: { table: string; column: string | null; type: string; values: number }[]
}
export type SampleValue = { name: string | null; value: string | null }

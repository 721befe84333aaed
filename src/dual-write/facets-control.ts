import type { TableMapState } from './map-state.ts'

/**
 * What a person or a program can ask of the sync engine, by theme. Studio, the command line and the HTTP API show these and nothing else;
 * all of it is plain data that JSON carries unchanged. `actor` says who asks, for the activity log. Names of maps that do not exist throw
 * AppError `dual_write.not_found`; what is asked too early or too late throws `dual_write.conflict`; bad input throws `request.invalid`.
 */

export type Direction = 'toErp' | 'toPortal'
export type Side = 'erp' | 'portal'

/** A part of a map: one legal entity, one direction, or both. Absent means all. */
export type MapScope = { company?: string | undefined; direction?: Direction | undefined }

// Lifecycle

export type Lifecycle = {
  /** Maps that should run before this one, in the order in which they should be started. */
  prerequisitesOf(name: string): Promise<Prerequisite[]>
  /** Starts a map that is not running; with `prerequisites` those that are not running start first. */
  runMap(name: string, actor: string, options?: RunOptions): Promise<void>
  /** Changes queue from now on: of the whole map, or of a part of it. */
  pauseMap(name: string, actor: string, scope?: MapScope): Promise<void>
  resumeMap(name: string, actor: string, options?: ResumeOptions): Promise<void>
  /** Ends the map and discards what waits for it; the row links stay. */
  stopMap(name: string, actor: string): Promise<void>
  /** Reads the schema of both sides again, then reads the other side through for changes that no notice told. */
  refreshMap(name: string, actor: string): Promise<{ schema: string[]; queued: number }>
  /** What a stop, or a resume that discards, would lose. */
  lossesOf(name: string, scope?: MapScope): Promise<Losses>
  /** Newest first. `before` is the id of the last entry of the page before. */
  listActivity(page: { map: string | null; before?: number | undefined; rowsMax: number }): Promise<Activity[]>
}

export type RunOptions = {
  /** False: straight to live changes. Default true. */
  initialSync?: boolean | undefined
  prerequisites?: boolean | undefined
  /** Which side wins where both have the row, for columns without a rule of their own. Default: what the map says. */
  winner?: Side | undefined
}
export type ResumeOptions = {
  scope?: MapScope | undefined
  /**
   * `first`: new changes wait until the queue is empty. `beside`: live at once, the queue is caught up beside it. `discard`: the queue is
   * given up and recorded; needs `confirmLoss` equal to the `token` of `lossesOf`, so that nobody gives up what he has not seen.
   */
  queue?: 'first' | 'beside' | 'discard' | undefined
  confirmLoss?: string | undefined
}
export type Prerequisite = { map: string; title: string; state: TableMapState; reason: string; required: boolean }
export type Losses = {
  toErp: number
  toPortal: number
  /** `key`: the row's id, or the record's key; `remoteKey`: null for a row that the ERP does not know yet. */
  samples: { direction: Direction; key: string; remoteKey: string | null; operation: string; columns: string[] }[]
  /** Changes whenever what would be lost changes. */
  token: string
}
export type Activity = {
  id: number
  at: string
  map: string | null
  actor: string
  action: string
  details: Record<string, unknown>
}

/** A part of a map that is paused while the map runs. `queued`: what waits for it, counted up to 10,000. */
export type ScopeState = { company: string | null; direction: Direction | null; state: 'paused'; since: string; queued: number }

// Versions and promotion

export type Versions = {
  /** The active version as text (YAML) with where it comes from, or any that was ever active here; `listVersions`: newest first. */
  readMap(name: string, version?: string): Promise<{ text: string; version: string; source: 'shipped' | 'folder' | 'stored' }>
  listVersions(name: string): Promise<MapVersion[]>
  /** Checks a map's text against both sides without storing it. */
  checkMap(text: string): Promise<Finding[]>
  /** A few real records and rows through a map's text. Nothing is written. */
  previewMap(text: string, rowsMax: number): Promise<MapPreview>
  /** What differs between two texts of a map, in words: one for each column or property. */
  describeDifferences(before: string, after: string): Promise<string[]>
  /** What the two ends of a map have to offer, for an editor. */
  readSchemas(name: string): Promise<MapSchemas>
  /**
   * Stores a new version and makes it the active one at once, without a restart and without losing changes. Refuses errors, and a text
   * that was made from another version (`basedOn`) than the one that holds now.
   */
  saveMap(
    text: string,
    actor: string,
    message: string,
    basedOn?: string,
  ): Promise<{ name: string; version: string; findings: Finding[] }>
  activateVersion(name: string, version: string, actor: string): Promise<void>
  /** Active maps and their settings as one document, to be imported elsewhere. */
  exportMaps(names: readonly string[] | 'all'): Promise<MapBundle>
  /** What an import would change, map by map and column by column. */
  planImport(bundle: unknown): Promise<MapDifference[]>
  importMaps(bundle: unknown, actor: string): Promise<MapDifference[]>
}
export type MapVersion = { version: string; publisher: string; at: string; by: string; message: string; active: boolean }
export type MapBundle = {
  format: 'comptoir-maps/1'
  from: string
  at: string
  maps: { name: string; text: string }[]
  values: string
}
export type MapDifference = {
  map: string
  kind: 'added' | 'changed' | 'same' | 'missing'
  from: string | null
  to: string | null
  /** In words, one for each column or property that differs. */
  changes: string[]
  findings: Finding[]
}

/** What validation says: at least the rules behind DIPV1000–DIPV1031 (dual-write-error-codes). */
export type Finding = {
  code: string
  severity: 'error' | 'warning'
  /** Where in the file: 'columns[3].field'; empty for the map as a whole. */
  at: string
  /** Of the text, from 1. */
  line: number | null
  column: string | null
  message: string
  /** What to do. */
  remedy: string
}

/** A few real records and rows through a map's text, for an editor. Nothing is written. */
export type MapPreview = { findings: Finding[]; toPortal: PreviewedRow[]; toErp: PreviewedRow[] }
export type PreviewedRow = {
  /** Record key, or row id. */
  key: string
  /** Outside the map's filter. */
  excluded: boolean
  columns: PreviewedColumn[]
}
export type PreviewedColumn = {
  column: string | null
  field: string | null
  source: string | null
  value: string | null
  /** Why it has no value, or what was lost. */
  note: string | null
}

export type MapSchemas = {
  table: string
  entity: string
  columns: SchemaColumn[]
  /** Null where the other side could not be asked (`unreachable` says why), or does not say what its entities have. */
  fields: SchemaField[] | null
  unreachable: string | null
  /** Alternate keys of the table. */
  keys: { name: string; columns: string[] }[]
  /** The lists of values.yaml: the ERP's value, and ours. */
  lists: { name: string; entries: { erp: string; portal: string | null }[] }[]
  /** What expressions can call. */
  functions: { signature: string; about: string; example: string }[]
}
export type SchemaColumn = {
  name: string
  labels: Readonly<Record<string, string>>
  type: string
  length: number | null
  required: boolean
  /** Nobody can write it. */
  readOnly: boolean
  /** For a lookup: how its row can be found, as an entry of the map names it ('pricelevelid.name'). */
  paths: string[]
}
export type SchemaField = { name: string; type: string; nullable: boolean; isKey: boolean; members: string[] }

/** Lists of values that maps share (values.yaml). What a person saves holds in place of the file's list of that name. */
export type ValueListing = {
  listValueLists(): Promise<SharedList[]>
  /** What other pairs would change. `pairs` null: what `resetValueList` would. Nothing is written. */
  planValueList(name: string, pairs: readonly ValuePair[] | null): Promise<ListPlan>
  /**
   * Holds at once, in every map that uses the list; what it changes is carried over to the rows that are there. Refuses what a map cannot
   * work with, and pairs that were made from another list (`basedOn`, a `revision`; empty for a new one) than the one that holds now.
   */
  saveValueList(name: string, list: NewList, actor: string): Promise<ListPlan>
  /** What was saved is given up: the file's list holds again, or none. */
  resetValueList(name: string, actor: string): Promise<ListPlan>
}
export type ValuePair = { erp: string; portal: string | number | boolean | null }
export type NewList = { pairs: readonly ValuePair[]; message: string; basedOn: string }
export type SharedList = {
  name: string
  pairs: ValuePair[]
  /** Changes whenever the pairs do. */
  revision: string
  /** Names of maps that use it. */
  maps: string[]
  /** Null where the file's list holds. `isNew`: no file has one of this name. */
  saved: { by: string; at: string; isNew: boolean } | null
}
export type ListPlan = {
  /** In words, one for each pair that came, went or means another value. */
  changes: string[]
  /** The maps that use the list. `carried`: their rows are brought in line. `findings`: what is wrong or doubtful then and was not before. */
  maps: { map: string; carried: boolean; findings: Finding[] }[]
}

// Initial sync

export type Copying = {
  /** One entry for each legal entity and direction. */
  copyProgress(name: string): Promise<CopyPart[]>
  /** Failed rows that are still open, by cause. */
  groupCopyErrors(name: string): Promise<CopyErrorGroup[]>
  /** Outcomes row by row, in pages: for looking and for export. */
  listCopyOutcomes(page: OutcomePage): Promise<{ rows: CopyOutcome[]; next: string | null }>
  /** Only rows that failed. Answers how many are tried again. */
  retryFailedRows(name: string, actor: string, which?: { code?: string | undefined }): Promise<number>
  /** What a run would do, in data terms, without doing it. Throws AppError `connector.…` where the other side does not answer. */
  dryRun(
    name: string,
    options?: { company?: string | undefined; winner?: Side | undefined; samplesMax?: number },
    watch?: DryRunWatch,
  ): Promise<DryRun>
}
export type DryRunWatch = {
  /** Ends the reading: what was found until then is answered. */
  signal?: AbortSignal | undefined
  /** Called after each page. */
  progress?: ((now: DryRunProgress) => void) | undefined
}
/** `part` counts from 1; `rowsTotal` is null where nobody says. */
export type DryRunProgress = {
  company: string
  direction: Direction
  part: number
  parts: number
  rowsDone: number
  rowsTotal: number | null
}
export type CopyPart = {
  company: string
  direction: Direction
  state: 'waiting' | 'running' | 'done'
  rowsDone: number
  rowsTotal: number | null
  created: number
  updated: number
  unchanged: number
  failed: number
  rowsPerSecond: number | null
  msLeft: number | null
  startedAt: string | null
  finishedAt: string | null
  /** A part that is under way and has stored nothing for long stands still. */
  lastPageAt: string | null
}
export type CopyErrorGroup = { code: string; reason: string; count: number; exampleKey: string; remedy: string }
export type CopyOutcomeKind = 'created' | 'updated' | 'unchanged' | 'excluded' | 'ignored' | 'failed'
export type CopyOutcome = {
  map: string
  company: string
  direction: Direction
  key: string
  kind: CopyOutcomeKind
  code: string | null
  reason: string | null
  at: string
}
export type OutcomePage = {
  map: string
  kind?: CopyOutcomeKind | undefined
  code?: string | undefined
  after?: string | undefined
  rowsMax: number
}
export type DryRun = {
  map: string
  parts: {
    company: string
    direction: Direction
    created: number
    changed: number
    unchanged: number
    deleted: number
    refused: number
    excluded: number
  }[]
  samples: DryRunSample[]
}
export type DryRunSample = {
  company: string
  direction: Direction
  kind: 'created' | 'changed' | 'deleted' | 'refused'
  key: string
  /** For `refused`. */
  reason: string | null
  columns: { column: string; before: string | null; after: string | null; decidedBy: string }[]
}

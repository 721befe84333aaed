import type { Direction, Side } from './facets-control.ts'
import type { ParkedItem } from './status.ts'

/** What can be asked of single rows: are they equal, why not, what waits for a person. See facets-control.ts for what holds for all. */

// Comparison and repair

export type Comparing = {
  /** Compares both sides now. Without maps: all that run. */
  compareMaps(options?: CompareOptions): Promise<Comparison>
  /** What the comparison that goes on all the time knows. */
  lastComparison(): Promise<Comparison>
  /** The rows and columns that differ, from the last comparison of the map. */
  listDifferences(page: {
    map: string
    company?: string | undefined
    after?: string | undefined
    rowsMax: number
  }): Promise<Difference[]>
  /** Makes rows equal: `to` is the side that is changed. Answers how many were put on their way. */
  repair(
    which: { map: string; keys: readonly string[] | 'all'; to: Side },
    actor: string,
  ): Promise<{ repaired: number; refused: { key: string; reason: string }[] }>
}
export type CompareOptions = {
  maps?: readonly string[] | undefined
  companies?: readonly string[] | undefined
  /** Default true: every value of both sides is read. False: a record whose version is the linked one counts as what was agreed on. */
  exact?: boolean | undefined
}
export type Comparison = {
  equal: boolean
  at: string | null
  maps: {
    map: string
    company: string
    /** Rows that should be on both sides. */
    rows: number
    differences: number
    /** Of these, rows whose change is on its way or parked: not yet equal, but known. */
    explained: number
    comparedAt: string | null
    rangesRead: number
    rangesCompared: number
  }[]
}
export type Difference = {
  map: string
  company: string
  /** Record key of the ERP's side, or the row id where only the portal has it. */
  key: string
  rowId: string | null
  kind: 'only_erp' | 'only_portal' | 'columns'
  columns: { column: string; field: string; portal: string | null; erp: string | null; agreed: string | null }[]
  /** Why, where it is known: on its way, parked, ignored by the map's policy. */
  explanation: string | null
}

// Waiting for a person

export type Parking = {
  /** The newest first. `cluster` is the id of a cluster: its changes alone. */
  listParked(page: { map: string | null; cluster?: string | undefined; rowsMax: number }): Promise<ParkedItem[]>
  /** Similar failures as one, largest first. */
  clusterParked(map: string | null): Promise<ParkedCluster[]>
  /** Back into the queue, with what depends on them. `cluster` is the id of a cluster. */
  retryParked(
    which: { ids: readonly string[] | 'all'; map: string | null; cluster?: string | undefined },
    actor: string,
  ): Promise<number>
  /** Given up for good. What they said, and why a person discarded them, is in the activity log. */
  discardParked(
    which: { ids: readonly string[]; map: string | null; reason?: string | undefined },
    actor: string,
  ): Promise<number>
  /** Corrects the row (columns of the portal's side, as text) and puts it back into the queue. */
  editParked(id: string, values: Readonly<Record<string, string | null>>, actor: string): Promise<void>
  /** Values that lost against the other side's. */
  listConflicts(page: {
    map?: string | undefined
    rowId?: string | undefined
    before?: number | undefined
    rowsMax: number
  }): Promise<LostValue[]>
  /** Writes the value that lost, as an edit of `actor`. */
  takeLostValue(id: number, actor: string): Promise<void>
}
export type ParkedCluster = {
  id: string
  map: string
  code: string
  pattern: string
  count: number
  exampleId: string
  exampleReason: string
  oldestAt: string
  waitingBehind: number
}
export type LostValue = {
  id: number
  at: string
  map: string
  rowId: string
  column: string
  winner: Side
  rule: string
  kept: string | null
  lost: string | null
  /** When somebody wrote the value that had lost all the same. */
  takenAt: string | null
}

// Waiting for their turn

export type Queueing = {
  /**
   * Single changes that wait for their turn, and not for a person: the oldest first. `after`: the `next` of the page before. Costs the same
   * however many wait.
   */
  listQueued(page: {
    map?: string | undefined
    direction?: Direction | undefined
    after?: string | undefined
    rowsMax: number
  }): Promise<{ rows: QueuedItem[]; next: string | null }>
  /** Due at once: those that back off, or wait for another row. Everything else goes by itself as soon as it can. */
  hurryQueued(which: { ids: readonly string[] }, actor: string): Promise<{ hurried: number; refused: RefusedItem[] }>
  /**
   * Given up for good, one by one; what they were, and why, is in the activity log. The creation of a row goes with the later changes of the
   * row and with its lines, which are nothing without it. `discarded` counts all that is gone.
   */
  discardQueued(
    which: { ids: readonly string[]; reason?: string | undefined },
    actor: string,
  ): Promise<{ discarded: number; refused: RefusedItem[] }>
}
export type QueuedItem = {
  /** As of a parked change. */
  id: string
  map: string
  direction: Direction
  table: string
  /** Null for a record that has no row yet. */
  rowId: string | null
  /** Null for a row that the ERP does not know yet. */
  remoteKey: string | null
  operation: 'create' | 'update' | 'delete' | 'read'
  columns: string[]
  queuedAt: string
  /** Null where no time makes it due. */
  dueAt: string | null
  attempt: number
  actor: string | null
  state: QueuedState
  /** The same in a sentence. */
  waitsFor: string
}
export type QueuedState =
  | 'next'
  | 'under_way'
  | 'backing_off'
  | 'unreachable'
  | 'parent'
  | 'behind'
  | 'paused'
  | 'disarmed'
  | 'initial_sync'
  | 'not_running'
export type RefusedItem = { id: string; reason: string }

// Explanation

export type Explaining = {
  /** Everything that is known of one row's way, for each map of its table. */
  explain(of: {
    map?: string | undefined
    rowId?: string | undefined
    remoteKey?: string | undefined
    at?: string | undefined
  }): Promise<Explanation[]>
}
export type Explanation = {
  map: string
  direction: Direction | null
  rowId: string | null
  remoteKey: string | null
  /** One sentence: where it stands and why. */
  verdict: string
  /** Oldest first. */
  steps: { at: string | null; step: ExplainStep; text: string; details: Record<string, unknown> }[]
  columns: {
    column: string
    field: string
    direction: string
    portal: string | null
    erp: string | null
    agreed: string | null
    note: string | null
  }[]
}
export type ExplainStep =
  | 'captured'
  | 'filtered'
  | 'mapped'
  | 'waiting'
  | 'sent'
  | 'answered'
  | 'received'
  | 'applied'
  | 'parked'
  | 'conflict'
  | 'linked'
  | 'paused'
  | 'not_captured'

// Identity

export type Adopting = {
  /** Pairs of unlinked rows and records that are probably the same, by matching rules; nothing is linked yet. */
  suggestPairs(of: {
    map: string
    company?: string | undefined
    rules?: readonly MatchRule[] | undefined
    rowsMax: number
  }): Promise<PairSuggestion[]>
  /** Links pairs after a review. `winner` says which side's values stay where they differ. */
  adoptPairs(
    pairs: readonly { map: string; rowId: string; remoteKey: string; winner: Side }[],
    actor: string,
  ): Promise<{ adopted: number; refused: { remoteKey: string; reason: string }[] }>
  /** The record has another key now: the link follows it, nothing is deleted or created. */
  renumber(of: { map: string; from: string; to: string }, actor: string): Promise<void>
  /** Two records became one: rows that point to the lost one point to the kept one. */
  mergeRecords(of: { map: string; lost: string; kept: string }, actor: string): Promise<{ moved: number }>
}
/** Columns compared as: the same text, the same without case and spaces, or the same e-mail domain; a pair must meet all of a rule. */
export type MatchRule = { name: string; columns: { column: string; as: 'exact' | 'loose' | 'domain' }[] }
export type PairSuggestion = {
  map: string
  company: string
  rowId: string
  remoteKey: string
  rule: string
  certain: boolean
  columns: { column: string; portal: string | null; erp: string | null }[]
}

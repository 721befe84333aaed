import type { ScopeState } from './facets-control.ts'
import type { TableMapState } from './map-state.ts'

/** What a person sees of one table map. */
export type MapStatus = {
  name: string
  title: string
  version: string
  table: string
  entity: string
  state: TableMapState
  /** Rows that are linked to a record. */
  rows: number
  /** Changes that wait for the other side, parked ones left out. */
  queued: { toErp: number; toPortal: number }
  parked: number
  /** Age of the oldest change that waits; 0 when nothing does. */
  lagMs: { toErp: number; toPortal: number }
  /** Settled in the last minute. */
  perMinute: { toErp: number; toPortal: number }
  /** Rows that the last comparison found to differ; null before the first. Of what was compared longest ago. */
  differences: number | null
  comparedAt: string | null
  /** Parts that are paused while the map runs. */
  scopes: ScopeState[]
  /** What the map carries and the other side no longer has, as of the last refresh, in sentences. */
  misses: string[]
  lastError: { at: string; reason: string } | null
  initialSync: InitialSyncProgress | null
}

export type InitialSyncProgress = {
  state: 'waiting' | 'running' | 'done'
  rowsDone: number
  /** Null until the other side has said how many there are. */
  rowsTotal: number | null
  created: number
  updated: number
  unchanged: number
  failed: number
  /** Of the last seconds; once it is done, of the whole. */
  rowsPerSecond: number | null
  msLeft: number | null
  startedAt: string | null
  finishedAt: string | null
  /** A copy that is under way and has stored no page for long stands still: `lastError` of the map says why. */
  lastPageAt: string | null
}

/** A change that waits for a person. `id` names it in retries and discards. */
export type ParkedItem = {
  id: string
  direction: 'toErp' | 'toPortal'
  map: string
  table: string
  /** Absent where a record of the other side has no row yet. */
  rowId: string | null
  remoteKey: string | null
  operation: string
  /** Those of the row that the change is about. */
  columns: readonly string[]
  parkedAt: string
  code: string
  reason: string
  attempt: number
  actor: string | null
}

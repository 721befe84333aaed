import type { Connector } from '#connector/contract.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { MapStatus, ParkedItem } from './status.ts'
import type { TableMap } from './table-map.ts'

export type DualWriteOptions = {
  database: Database
  catalog: Catalog
  connector: Connector
  /** From `readMaps(catalog, folder)`. */
  maps: readonly TableMap[]
  clock: Clock
  log: Log
  /** Where the ERP shall post its changes, without the secret: 'http://localhost:4000/erp-events'. Undefined: the engine polls. */
  eventUrl: string | undefined
  /** Last part of that URL. */
  eventSecret: string
}

/** Keeps the two sides equal. One process at a time does the work; others stand by and can still receive events and be asked. */
export type DualWrite = {
  /** Returns when the work has begun: initial sync of maps never synced, then live sync, in the background, resuming by itself. */
  start(): Promise<void>
  /** Ends what is under way and waits for it. Nothing is lost: what was not settled is taken up again. */
  stop(): Promise<void>
  status(): Promise<MapStatus[]>
  /** Resolves once every map runs (or is paused by a person). Rejects when the engine stops before. */
  whenRunning(): Promise<void>
  /** Starts a map that is not running: initial sync, then live sync. */
  runMap(name: string, actor: string): Promise<void>
  /** Changes of both sides queue from now on. */
  pauseMap(name: string, actor: string): Promise<void>
  /** What queued is caught up, then the map runs. */
  resumeMap(name: string, actor: string): Promise<void>
  /** Ends the map and discards what waits for it; the row links stay. */
  stopMap(name: string, actor: string): Promise<void>
  /** Reads the other side through and takes up what was missed: after it lost events, or when a person asks. */
  refreshMap(name: string, actor: string): Promise<void>
  listParked(page: { map: string | null; rowsMax: number }): Promise<ParkedItem[]>
  /** Back into the queue, with what was parked for the same reason beside it (an order's lines). Answers how many. */
  retryParked(which: { ids: readonly string[] | 'all'; map: string | null }, actor: string): Promise<number>
  /** Gives the changes up; what they said is kept in the activity log. Answers how many. */
  discardParked(which: { ids: readonly string[]; map: string | null }, actor: string): Promise<number>
  /** Takes what the ERP posted. Returns when it is safe on disk. Throws AppError `connector.bad_event`. */
  receiveEvent(body: unknown): Promise<void>
}

export function createDualWrite(_options: DualWriteOptions): DualWrite {
  throw new Error('in the making')
}

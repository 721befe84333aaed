import type { Connector } from '#connector/contract.ts'
import { required } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database, TransactionOptions } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { ActiveMaps } from './active-maps.ts'
import type { EnvironmentGuard } from './environment.ts'
import type { Direction } from './facets-control.ts'
import type { LookupIndex } from './mapping/lookup-index.ts'
import type { Meter } from './meter.ts'
import type { Scopes } from './paused-parts.ts'
import type { TableMap } from './table-map.ts'

/** What all parts of the engine share. */
export type Core = {
  readonly database: Database
  readonly catalog: Catalog
  readonly connector: Connector
  /** In dependency order, as they hold at this moment: what takes several steps works on `pinned(core)`. */
  readonly maps: readonly TableMap[]
  /** What the maps are made of. */
  readonly active: ActiveMaps
  /** Parts of maps that are paused. */
  readonly scopes: Scopes
  readonly index: LookupIndex
  readonly meter: Meter
  readonly environment: EnvironmentGuard
  /** Maps whose first copy is under way in this process, with the direction that it has come to. */
  readonly copying: Map<string, Direction>
  readonly clock: Clock
  readonly log: Log
}

/** Reasons for waiting that end together, when the other side answers again. */
export const UNREACHABLE = 'dual_write.unreachable'
/** Waits for the row or record that it belongs to. */
export const PARENT = 'dual_write.parent'
export const CONFLICT = 'dual_write.conflict'

/**
 * Transactions of live sync: small, many, and over tables that the first copy has filled. What one of them settles it also takes from the
 * queue, so that after a crash of the server which undoes it the work waits there again (docs/decisions/0029-commits-that-do-not-wait.md).
 */
export const LIVE: TransactionOptions = { prepared: true, isDurable: false }
/** Of these the other side is told something on the strength of what was committed. */
export const LIVE_AND_SAFE: TransactionOptions = { prepared: true }

/** The core with the maps that hold now: work that has begun ends with the maps it began with. */
export function pinned(core: Core): Core {
  // Copying evaluates the live `maps`.
  return { ...core }
}

export const OVERTAKEN = { afterMs: 0, code: 'dual_write.version', reason: 'The maps were replaced meanwhile' }

/** Its maps were replaced since it was pinned. What is claimed after that is left to who works with the new ones: it may be what they carry over. */
export function isOvertaken(core: Core): boolean {
  return core.maps !== core.active.maps
}

export function getMap(core: Core, name: string): TableMap {
  return required(
    core.maps.find((map) => map.name === name),
    `the table map ${name}`,
  )
}

/** Maps whose rows are the lines of this map's rows. */
export function childrenOf(core: Core, map: TableMap): TableMap[] {
  return core.maps.filter((other) => other.group?.parent === map.name)
}

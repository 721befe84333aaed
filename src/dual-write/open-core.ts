import type { Connector } from '#connector/contract.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { openActiveMaps } from './active-maps.ts'
import type { Core } from './core.ts'
import { createEnvironmentGuard, type EnvironmentOptions, guardedConnector } from './environment.ts'
import { createLookupIndex } from './mapping/lookup-index.ts'
import { createMeter } from './meter.ts'
import { createScopes } from './paused-parts.ts'

export type CoreOptions = {
  database: Database
  catalog: Catalog
  connector: Connector
  /** Where the files of the maps stand: the connector's folder, then those of the installation. */
  mapFolders: readonly string[]
  clock: Clock
  log: Log
  /** Which installation this is; by default one that knows its database only. */
  environment?: EnvironmentOptions
}

/** Reads the maps. Throws AppError `dual_write.invalid_map`. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { database, catalog, connector, clock, log } = options
  const active = await openActiveMaps({ database, catalog, folders: options.mapFolders, log })
  const environment = createEnvironmentGuard({
    database,
    log,
    environment: options.environment ?? { folder: undefined, erp: connector.name },
  })
  const core: Core = {
    database,
    catalog,
    connector: guardedConnector(connector, environment),
    environment,
    clock,
    log,
    index: createLookupIndex(),
    meter: createMeter(clock, database),
    copying: new Map(),
    active,
    scopes: createScopes(),
    get maps() {
      return active.maps
    },
  }
  active.onChange(core.index.forget)
  return core
}

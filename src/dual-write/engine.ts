import type { Connector, RemoteNotice } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { CatalogDependent } from '#tables/live-catalog.ts'
import { openActiveMaps } from './active-maps.ts'
import { createAdopting } from './adopting.ts'
import { type AlertWatch, createAlerting, type Notify } from './alerting.ts'
import { createComparing } from './comparing.ts'
import { type Confirming, createConfirming } from './confirming.ts'
import { createCopying } from './copying.ts'
import type { Core } from './core.ts'
import { createEnvironmentGuard, type EnvironmentOptions, guardedConnector } from './environment.ts'
import { createExplaining } from './explaining.ts'
import type { Copying, Lifecycle, Versions } from './facets-control.ts'
import type { Adopting, Comparing, Explaining, Parking } from './facets-rows.ts'
import type { Arming, Measuring } from './facets-watch.ts'
import { lead } from './leader.ts'
import { createLifecycle } from './lifecycle.ts'
import { missingForMaps } from './map.ts'
import { keepMapRules } from './map-rules.ts'
import { createLookupIndex } from './mapping/lookup-index.ts'
import { createMeasuring } from './measuring.ts'
import { createMeter } from './meter.ts'
import { createParking } from './parked.ts'
import { createScopes } from './paused-parts.ts'
import { createPromotion } from './promotion.ts'
import { createQueueCount } from './queue-count.ts'
import { createLinkCount, readStatus } from './read-status.ts'
import { refresh } from './refresh.ts'
import { putRemoteChanges } from './remote-changes.queries.ts'
import { createStates, type States } from './states.ts'
import type { MapStatus } from './status.ts'
import { createWaker } from './sync/waker.ts'
import { work } from './sync/worker.ts'
import type { TableMap } from './table-map.ts'
import { createVersions } from './versions.ts'

export type DualWriteOptions = {
  database: Database
  catalog: Catalog
  connector: Connector
  /** Where the files of the maps stand: the connector's folder, then those of the installation. */
  mapFolders: readonly string[]
  clock: Clock
  log: Log
  /** How alerts leave the house; without it they stay in the list. */
  notify?: Notify | undefined
  /** Where the ERP shall post its changes, without the secret: 'http://localhost:4000/erp-events'. Undefined: the engine polls. */
  eventUrl: string | undefined
  /** Last part of that URL. */
  eventSecret: string
  /** Which installation this is; by default one that knows its database only. */
  environment?: EnvironmentOptions
}

/** Keeps the two sides equal. One process at a time does the work; others stand by and can still receive events and be asked. */
export type DualWrite = Carrying &
  Copying &
  Lifecycle &
  Versions &
  Comparing &
  Parking &
  Confirming &
  Adopting &
  Explaining &
  Measuring &
  AlertWatch &
  Arming

type Carrying = {
  /** Returns when the work has begun: initial sync of maps never synced, then live sync, in the background, resuming by itself. */
  start(): Promise<void>
  /** Ends what is under way and waits for it. Nothing is lost: what was not settled is taken up again. */
  stop(): Promise<void>
  status(): Promise<MapStatus[]>
  /** The maps that hold now, in dependency order. */
  maps(): readonly TableMap[]
  /** For the catalog: columns that a map carries stay, and running maps follow definitions. */
  readonly dependent: CatalogDependent
  /** Resolves once every map runs (or is paused by a person). Rejects when the engine stops before. */
  whenRunning(): Promise<void>
  /** Takes what the ERP posted. Returns when it is safe on disk. Throws AppError `connector.bad_event`. */
  receiveEvent(body: unknown): Promise<void>
}

/** Reads the maps. Throws AppError `dual_write.invalid_map`. */
export async function openDualWrite(options: DualWriteOptions): Promise<DualWrite> {
  const { database, catalog, connector, clock, log, eventUrl } = options
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
  const states = createStates(core)
  const [outboundWaker, inboundWaker] = [createWaker(clock), createWaker(clock)]
  const [stateWaker, mapsWaker] = [createWaker(clock), createWaker(clock)]
  const linkCount = createLinkCount(clock)
  const queueCount = createQueueCount(clock)
  const stopping = new AbortController()
  const { signal } = stopping
  let listener: { close(): Promise<void> } | undefined
  let working: Promise<void> = Promise.resolve()
  const wakeAll = () => {
    for (const waker of [outboundWaker, inboundWaker, stateWaker, mapsWaker]) waker.wake()
  }

  async function listen(): Promise<void> {
    const reload = () => void Promise.all([environment.reload(), states.reload()]).then(wakeAll, () => undefined)
    const followAll = () => void follow().catch(() => undefined)
    const onPayload = (payload: string) => {
      if (payload === 'dual_write.map') reload()
      else if (payload === 'dual_write.maps') followAll()
      else if (payload === 'dual_write.remote_change') inboundWaker.wake()
      else outboundWaker.wake()
    }
    listener = await database.listen('comptoir_changes', onPayload, followAll)
  }

  async function follow(): Promise<void> {
    await active.follow().catch((error: unknown) => {
      log.error({ reason: messageOf(error) }, 'the maps cannot be read anew; the earlier ones stay')
      throw error
    })
    await states.reload()
    await keepMapRules(database, core.maps)
    wakeAll()
  }

  const registerEvents =
    eventUrl === undefined || !connector.capabilities.events
      ? undefined
      : (during: AbortSignal) =>
          connector.registerEvents(
            {
              url: `${eventUrl}/${options.eventSecret}`,
              secret: options.eventSecret,
              entities: [...new Set(core.maps.map((map) => map.entity))],
            },
            during,
          )

  const lifecycle = createLifecycle(core, states, () => states.reload().then(wakeAll))
  const status = () => database.read((tx) => readStatus(tx, core.maps, clock.nowMs(), linkCount, queueCount))
  const alerting = createAlerting({ core, notify: options.notify, status, pauseMap: lifecycle.pauseMap })

  return {
    async start() {
      await environment.open()
      await listen()
      // What was activated between opening and listening.
      await follow()
      working = lead(core, signal, (during) =>
        work(
          core,
          { states, outboundWaker, inboundWaker, stateWaker, mapsWaker, registerEvents, evaluateAlerts: alerting.evaluateAlerts },
          during,
        ),
      )
    },
    async stop() {
      stopping.abort()
      wakeAll()
      await working
      await listener?.close()
    },
    maps: () => active.maps,
    dependent: { problemsWith: (next) => missingForMaps(active.maps, next), changed: follow },
    status,
    whenRunning: () => whenRunning(core, states, signal),
    ...lifecycle,
    ...createVersions(core, follow, signal),
    ...createPromotion(core, follow, signal),
    ...createCopying(core, signal),
    ...createComparing(core, signal),
    ...createParking(core),
    ...createConfirming(core),
    ...createMeasuring(core),
    ...alerting,
    ...createAdopting(core, signal),
    ...createExplaining(core, signal),
    readEnvironment: environment.readEnvironment,
    arm: environment.arm,
    refreshMap: (name, actor) => refresh(core, name, actor, { follow, signal }),
    async receiveEvent(body) {
      await storeNotices(core, states, connector.parseEvent(body))
      inboundWaker.wake()
    },
  }
}

async function storeNotices(core: Core, states: States, notices: readonly RemoteNotice[]): Promise<void> {
  const changes = notices.flatMap((notice) =>
    core.maps
      .filter((map) => map.entity === notice.entity && !states.isStopped(map.name))
      .map((map) => ({ map: map.name, remoteKey: notice.key, eventId: notice.eventId })),
  )
  await core.database.statement((tx) => putRemoteChanges(tx, changes))
  if (changes.length === 0) core.log.debug({ notices: notices.length }, 'an event concerns no map')
}

function whenRunning(core: Core, states: States, signal: AbortSignal): Promise<void> {
  const isDone = () =>
    core.maps.every((map) => {
      const state = states.of(map.name)
      const waits = map.start === 'manual' || states.isStopped(map.name) || map.excludes.length > 0
      return state !== 'initializing' && (state !== 'not_running' || waits)
    })
  return new Promise((resolve, reject) => {
    const check = () => (isDone() ? resolve() : undefined)
    const stopped = () => reject(new AppError('dual_write.stopped', 'The engine was stopped'))
    signal.addEventListener('abort', stopped, { once: true })
    states.onChange(check)
    check()
  })
}

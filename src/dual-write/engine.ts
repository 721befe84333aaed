import { AppError } from '#lib/app-error.ts'
import type { CatalogDependent } from '#tables/live-catalog.ts'
import { createAdopting } from './adopting.ts'
import { type AlertWatch, createAlerting, type Notify } from './alerting.ts'
import { createComparing } from './comparing.ts'
import { type Confirming, createConfirming } from './confirming.ts'
import { createCopying } from './copying.ts'
import type { Core } from './core.ts'
import { createExplaining } from './explaining.ts'
import type { Copying, Lifecycle, ValueListing, Versions } from './facets-control.ts'
import type { Adopting, Comparing, Explaining, Parking, Queueing } from './facets-rows.ts'
import type { Arming, Measuring } from './facets-watch.ts'
import { createFollowing } from './following.ts'
import { lead } from './leader.ts'
import { createLifecycle } from './lifecycle.ts'
import { missingForMaps } from './map.ts'
import { createMeasuring } from './measuring.ts'
import { eventRegistration, storeNotices } from './notices.ts'
import { type CoreOptions, openCore } from './open-core.ts'
import { createParking } from './parked.ts'
import { createPromotion } from './promotion.ts'
import { createQueueCount } from './queue-count.ts'
import { createQueueing } from './queued.ts'
import { createLinkCount, readStatus } from './read-status.ts'
import { refresh } from './refresh.ts'
import { createSchemas } from './schemas.ts'
import { createStates, type States } from './states.ts'
import type { MapStatus } from './status.ts'
import { work } from './sync/worker.ts'
import type { TableMap } from './table-map.ts'
import { createValueLists } from './value-lists.ts'
import { createVersions } from './versions.ts'

export type DualWriteOptions = CoreOptions & {
  /** How alerts leave the house; without it they stay in the list. */
  notify?: Notify | undefined
  /** Where the ERP shall post its changes, without the secret: 'http://localhost:4000/erp-events'. Undefined: the engine polls. */
  eventUrl: string | undefined
  /** Last part of that URL. */
  eventSecret: string
}

/** Keeps the two sides equal. One process at a time does the work; others stand by and can still receive events and be asked. */
export type DualWrite = Carrying &
  Copying &
  Lifecycle &
  Versions &
  ValueListing &
  Comparing &
  Parking &
  Queueing &
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
  const core = await openCore(options)
  const { active, clock, database, environment } = core
  const states = createStates(core)
  const { wakers, wakeAll, follow, listen } = createFollowing(core, states)
  const linkCount = createLinkCount(clock)
  const queueCount = createQueueCount(clock)
  const stopping = new AbortController()
  const { signal } = stopping
  let listener: { close(): Promise<void> } | undefined
  let working: Promise<void> = Promise.resolve()
  const lifecycle = createLifecycle(core, states, () => states.reload().then(wakeAll))
  const status = () => database.read((tx) => readStatus(tx, core.maps, clock.nowMs(), linkCount, queueCount))
  const alerting = createAlerting({ core, notify: options.notify, status, pauseMap: lifecycle.pauseMap })

  return {
    async start() {
      await environment.open()
      listener = await listen()
      // What was activated between opening and listening.
      await follow()
      const { evaluateAlerts } = alerting
      const registerEvents = eventRegistration(core, options)
      working = lead(core, signal, (during, isLeading) =>
        work(core, { states, ...wakers, registerEvents, evaluateAlerts, isLeading }, during),
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
    ...createSchemas(core, signal),
    ...createPromotion(core, follow, signal),
    ...createValueLists(core, follow),
    ...createCopying(core, signal),
    ...createComparing(core, signal),
    ...createParking(core),
    ...createQueueing(core),
    ...createConfirming(core),
    ...createMeasuring(core),
    ...alerting,
    ...createAdopting(core, signal),
    ...createExplaining(core, signal),
    readEnvironment: environment.readEnvironment,
    arm: environment.arm,
    refreshMap: (name, actor) => refresh(core, name, actor, { follow, signal }),
    async receiveEvent(body) {
      await storeNotices(core, states, core.connector.parseEvent(body))
      wakers.inboundWaker.wake()
    },
  }
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

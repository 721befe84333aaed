import { messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import { releaseLeases } from '#tables/changes.queries.ts'
import { beginCapture, followFiles } from '../activation.ts'
import { type Core, pinned } from '../core.ts'
import { isBesideExcluded } from '../excludes.ts'
import { wasCopied } from '../initial-sync.queries.ts'
import type { IsLeading } from '../leader.ts'
import { insertActivity, lockMapState, setMapError, setMapState } from '../maps.queries.ts'
import { releaseRemoteLeases } from '../remote-changes.queries.ts'
import type { States } from '../states.ts'
import { watch } from '../watch.ts'
import { carryOver } from './backfill.ts'
import { copyAdded, copyMaps, copyOut, findAdded } from './first-copies.ts'
import { createInbound } from './inbound.ts'
import { createOutbound } from './outbound.ts'
import { createPoller, type Poller } from './poll.ts'
import { sweep } from './sweep.ts'
import type { Waker } from './waker.ts'

/** How long a missed notification can delay work. */
const POLL_MS = 2_000
/** A connector without events is read through that often. */
const SWEEP_MS = 30_000
const REGISTER_MS = 5 * 60_000
const RETRY_MS_MAX = 15_000
/** Between two steps of rows that go out. */
const COPY_OUT_MS = 100
/** Where so many rows go out between two looks, the next comes sooner: there is room for more by then. */
const QUICK_ROWS = 100
const COPY_OUT_QUICK_MS = 10

export type WorkOptions = {
  states: States
  outboundWaker: Waker
  inboundWaker: Waker
  copyOutWaker: Waker
  stateWaker: Waker
  mapsWaker: Waker
  registerEvents: ((signal: AbortSignal) => Promise<void>) | undefined
  evaluateAlerts(signal: AbortSignal): Promise<void>
  isLeading: IsLeading
}

/** All the work of the engine, until the signal aborts: then what is under way is ended and waited for. */
export async function work(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  await recover(core)
  // A side that posts its changes is not asked for them.
  const isAsked = options.registerEvents === undefined && core.connector.capabilities.changes
  const poller = isAsked ? createPoller(core, options) : undefined
  await Promise.all([
    runOutbound(core, options, signal),
    runInbound(core, options, signal),
    runPreparation(core, { ...options, poller }, signal),
    runCopyOut(core, options, signal),
    runCarryOver(core, options, signal),
    runFollowUp(core, { ...options, poller }, signal),
    poller?.run(signal),
    watch(core, options.evaluateAlerts, signal),
  ])
}

type Polling = WorkOptions & { poller: Poller | undefined }

/** Only one process works: leases that stand are those of a process that is gone. */
async function recover(core: Core): Promise<void> {
  const names = core.maps.map((map) => map.name)
  await core.database.transaction(async (tx) => {
    await releaseLeases(tx, names)
    await releaseRemoteLeases(tx, names)
  })
}

async function runOutbound(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  const { states, outboundWaker: waker, isLeading } = options
  const outboundOf = perMaps(core, (current) =>
    createOutbound(current, () => (core.environment.isArmed() ? states.flowing('toErp') : []), isLeading),
  )
  const running = new Set<Promise<void>>()
  while (!signal.aborted) {
    const outbound = outboundOf()
    const loads = await attempt(core, () => outbound.claim(running.size), [])
    for (const load of loads) {
      const task = outbound.run(load, signal).then((dueMs) => {
        running.delete(task)
        if (dueMs === undefined || dueMs === 0) waker.wake()
        else if (dueMs < POLL_MS) waker.wakeAfter(dueMs, signal)
        // What a new record was waited for is on both sides now.
        waker.wake()
      })
      running.add(task)
    }
    if (loads.length === 0) await waker.wait(POLL_MS, signal)
  }
  await Promise.all(running)
}

async function runInbound(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  const { states, inboundWaker: waker, isLeading } = options
  const inboundOf = perMaps(core, (current) => createInbound(current, () => states.flowing('toPortal'), isLeading))
  while (!signal.aborted) {
    const { claimed, dueMs } = await attempt(core, () => inboundOf().run(signal), { claimed: 0, dueMs: undefined })
    if (dueMs !== undefined && dueMs < POLL_MS) waker.wakeAfter(dueMs, signal)
    if (claimed === 0) await waker.wait(POLL_MS, signal)
  }
}

/** What works with the maps that hold: made anew when they are replaced, so that work in flight ends with the maps it began with. */
function perMaps<T>(core: Core, make: (current: Core) => T): () => T {
  let last: { maps: Core['maps']; made: T } | undefined
  return () => {
    if (last?.maps !== core.maps) {
      const current = pinned(core)
      last = { maps: current.maps, made: make(current) }
    }
    return last.made
  }
}

/** Registers for events, then copies the maps that have not been copied, in order, and starts each. */
async function runPreparation(core: Core, options: Polling, signal: AbortSignal): Promise<void> {
  let registeredMs = Number.NEGATIVE_INFINITY
  let registeredFor: Core['maps'] | undefined
  let attempts = 0
  while (!signal.aborted) {
    try {
      const { maps } = core
      const isDue = registeredFor !== maps || core.clock.nowMs() - registeredMs >= REGISTER_MS
      if (options.registerEvents !== undefined && isDue) {
        await options.registerEvents(signal)
        registeredMs = core.clock.nowMs()
        registeredFor = maps
      }
      await options.poller?.begin(signal)
      await initializeMaps(core, options, signal)
      await copyAdded(core, options.states.live(), signal)
      attempts = 0
    } catch (error) {
      attempts += 1
      if (!signal.aborted) {
        core.log.warn({ attempts, reason: messageOf(error) }, 'the first copy is interrupted and goes on later')
        await noteError(core, options.states, messageOf(error))
      }
    }
    const waitMs = attempts === 0 ? SWEEP_MS : Math.min(retryDelayMs(attempts, core.clock.random()), RETRY_MS_MAX)
    await options.stateWaker.wait(waitMs, signal)
  }
}

async function initializeMaps(
  live: Core,
  { states, outboundWaker, inboundWaker, copyOutWaker }: WorkOptions,
  signal: AbortSignal,
): Promise<void> {
  const core = pinned(live)
  await beginNewMaps(core, states)
  const waiting = core.maps.filter((map) => states.of(map.name) === 'initializing')
  const wake = () => {
    outboundWaker.wake()
    inboundWaker.wake()
    copyOutWaker.wake()
  }
  await copyMaps(core, waiting, { onBegin: wake, onDone: () => states.reload().then(wake) }, signal)
}

/** Maps that have never been started begin by themselves. */
async function beginNewMaps(core: Core, states: States): Promise<void> {
  await core.database.transaction(async (tx) => {
    for (const map of core.maps) {
      if (map.start === 'manual' || (await lockMapState(tx, map.name)) !== 'not_running') continue
      if ((await wasCopied(tx, map.name)) || states.isStopped(map.name)) continue
      if (await isBesideExcluded(core, tx, map)) continue
      await beginCapture(tx, map, core.active.shapeOf(map))
      await setMapState(tx, map.name, 'initializing')
      await insertActivity(tx, { map: map.name, actor: 'engine', action: 'started' })
    }
  })
  await states.reload()
}

/** Rows that the portal alone has go out beside live sync, once their map runs; legal entities that have come are told to who copies. */
async function runCopyOut(core: Core, { states, copyOutWaker, stateWaker }: WorkOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rows = await attempt(core, () => copyOut(core, states.live()), 0)
    if (rows === 0 && (await attempt(core, () => findAdded(core, states.live()), [])).length > 0) stateWaker.wake()
    if (rows === 0) await copyOutWaker.wait(POLL_MS, signal)
    else await core.clock.sleep(rows < QUICK_ROWS ? COPY_OUT_MS : COPY_OUT_QUICK_MS, signal)
  }
}

/** Maps that have changed are followed, and carried over to the rows that are there. */
async function runCarryOver(core: Core, { states, mapsWaker }: WorkOptions, signal: AbortSignal): Promise<void> {
  let followed: Core['maps'] | undefined
  while (!signal.aborted) {
    const isBusy = await attempt(
      core,
      async () => {
        const { maps } = core
        if (followed !== maps) await followFiles(pinned(core))
        followed = maps
        return carryOver(core, states, signal)
      },
      false,
    )
    if (!isBusy) await mapsWaker.wait(POLL_MS, signal)
  }
}

/** Catch-up that has ended makes a map running; a side without events is read through. */
async function runFollowUp(core: Core, options: Polling, signal: AbortSignal): Promise<void> {
  const sweptMs = new Map<string, number>()
  const beganMs = core.clock.nowMs()
  while (!signal.aborted) {
    await core.clock.sleep(options.states.isAnyResuming() ? 250 : POLL_MS, signal)
    await attempt(core, () => options.states.finishResuming(), undefined)
    if (options.registerEvents !== undefined) continue
    for (const name of options.states.live()) {
      const map = core.maps.find((one) => one.name === name)
      if (map === undefined || map.rows !== 'own') continue
      const everyMs = options.poller === undefined ? SWEEP_MS : options.poller.readThroughMs(map.entity)
      if (everyMs === undefined || core.clock.nowMs() - (sweptMs.get(name) ?? beganMs) < everyMs) continue
      await attempt(core, () => sweep(core, map, signal), 0)
      sweptMs.set(name, core.clock.nowMs())
    }
  }
}

/** A step that fails is logged and tried again by the loop it belongs to. */
async function attempt<T>(core: Core, step: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await step()
  } catch (error) {
    core.index.forget()
    core.log.warn({ reason: messageOf(error) }, 'a step of the engine failed and is tried again')
    await noteError(core, undefined, messageOf(error))
    await core.clock.sleep(500)
    return otherwise
  }
}

/** What stands in the way of the engine as a whole is told by the map that waits for it: the first that does not run yet. */
async function noteError(core: Core, states: States | undefined, reason: string): Promise<void> {
  const waiting = core.maps.find((map) => states !== undefined && !states.live().includes(map.name)) ?? core.maps[0]
  if (waiting === undefined) return
  await core.database.transaction((tx) => setMapError(tx, waiting.name, reason)).catch(() => undefined)
}

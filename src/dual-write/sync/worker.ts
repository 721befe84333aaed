import { messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import { releaseLeases, subscribe } from '#tables/changes.queries.ts'
import { type Core, pinned } from '../core.ts'
import { listInitialSync, listOpenSyncErrors } from '../initial-sync.queries.ts'
import { areRelated } from '../mapping/order.ts'
import { insertActivity, lockMapState, setMapError, setMapState } from '../maps.queries.ts'
import { putRemoteChanges, releaseRemoteLeases } from '../remote-changes.queries.ts'
import type { States } from '../states.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { watch } from '../watch.ts'
import { createInbound } from './inbound.ts'
import { runInitialSync } from './initial-sync.ts'
import { createOutbound } from './outbound.ts'
import { sweep } from './sweep.ts'
import type { Waker } from './waker.ts'

/** Groups that are written to the ERP at once. */
const GROUPS_MAX = 8
/** Maps that are copied at once: while the database writes a page of one, a page of the other is mapped. */
const COPIES_MAX = 2
/** How long a missed notification can delay work. */
const POLL_MS = 2_000
/** A connector without events is read through that often. */
const SWEEP_MS = 30_000
const REGISTER_MS = 5 * 60_000
const RETRY_MS_MAX = 15_000
const FAILED_ROWS_MAX = 100_000

export type WorkOptions = {
  states: States
  outboundWaker: Waker
  inboundWaker: Waker
  stateWaker: Waker
  registerEvents: ((signal: AbortSignal) => Promise<void>) | undefined
  evaluateAlerts(signal: AbortSignal): Promise<void>
}

/** All the work of the engine, until the signal aborts: then what is under way is ended and waited for. */
export async function work(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  await recover(core)
  await Promise.all([
    runOutbound(core, options, signal),
    runInbound(core, options, signal),
    runPreparation(core, options, signal),
    runFollowUp(core, options, signal),
    watch(core, options.evaluateAlerts, signal),
  ])
}

/** Only one process works: leases that stand are those of a process that is gone. */
async function recover(core: Core): Promise<void> {
  const names = core.maps.map((map) => map.name)
  await core.database.transaction(async (tx) => {
    await releaseLeases(tx, names)
    await releaseRemoteLeases(tx, names)
  })
}

async function runOutbound(core: Core, { states, outboundWaker: waker }: WorkOptions, signal: AbortSignal): Promise<void> {
  const outboundOf = perMaps(core, (current) => createOutbound(current, () => (core.environment.isArmed() ? states.live() : [])))
  const running = new Set<Promise<void>>()
  while (!signal.aborted) {
    const free = GROUPS_MAX - running.size
    const outbound = outboundOf()
    const groups = free === 0 ? [] : await attempt(core, () => outbound.claim(free), [])
    for (const group of groups) {
      const task = outbound.run(group, signal).then((dueMs) => {
        running.delete(task)
        if (dueMs === undefined || dueMs === 0) waker.wake()
        else if (dueMs < POLL_MS) waker.wakeAfter(dueMs, signal)
        // What a new record was waited for is on both sides now.
        waker.wake()
      })
      running.add(task)
    }
    if (groups.length === 0) await waker.wait(POLL_MS, signal)
  }
  await Promise.all(running)
}

async function runInbound(core: Core, { states, inboundWaker: waker }: WorkOptions, signal: AbortSignal): Promise<void> {
  const inboundOf = perMaps(core, (current) => createInbound(current, states.live))
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
async function runPreparation(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  let registeredMs = Number.NEGATIVE_INFINITY
  let attempts = 0
  while (!signal.aborted) {
    try {
      if (options.registerEvents !== undefined && core.clock.nowMs() - registeredMs >= REGISTER_MS) {
        await options.registerEvents(signal)
        registeredMs = core.clock.nowMs()
      }
      await initializeMaps(core, options, signal)
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

async function initializeMaps(live: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  const core = pinned(live)
  await beginNewMaps(core, options.states)
  const waiting = core.maps.filter((map) => options.states.of(map.name) === 'initializing')
  const running = new Map<TableMap, Promise<void>>()
  const failures: unknown[] = []
  let isAnyNew = false
  const start = (map: TableMap) => {
    waiting.splice(waiting.indexOf(map), 1)
    const copy = initializeMap(core, map, options, signal)
      .then((isDone) => {
        isAnyNew ||= isDone
      })
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(map))
    running.set(map, copy)
  }
  for (;;) {
    const mayStart = running.size < COPIES_MAX && failures.length === 0 && !signal.aborted
    // Behind everything that stands before it and has to do with it, so that each row meets what it looks up.
    const next = mayStart
      ? waiting.find((map, at) => ![...running.keys(), ...waiting.slice(0, at)].some((other) => areRelated(map, other)))
      : undefined
    if (next !== undefined) start(next)
    else if (running.size > 0) await Promise.race(running.values())
    else break
  }
  if (failures.length > 0) throw failures[0]
  if (isAnyNew && !signal.aborted) for (const map of core.maps) await retryFailedRows(core, map)
}

async function initializeMap(
  core: Core,
  map: TableMap,
  { states, outboundWaker, inboundWaker }: WorkOptions,
  signal: AbortSignal,
): Promise<boolean> {
  core.log.info({ map: map.name }, 'the first copy of a map begins')
  if (!(await runInitialSync(core, map, signal))) return false
  await core.database.transaction(async (tx) => {
    if ((await lockMapState(tx, map.name)) !== 'initializing') return
    await setMapState(tx, map.name, 'running')
    await insertActivity(tx, { map: map.name, actor: 'engine', action: 'initial sync done' })
  })
  await states.reload()
  outboundWaker.wake()
  inboundWaker.wake()
  return true
}

/** Maps that have never been started begin by themselves. */
async function beginNewMaps(core: Core, states: States): Promise<void> {
  await core.database.transaction(async (tx) => {
    for (const map of core.maps) {
      if ((await lockMapState(tx, map.name)) !== 'not_running') continue
      if ((await listInitialSync(tx, map.name)).length > 0 || states.isStopped(map.name)) continue
      if (map.writes) await subscribe(tx, map.table.name, map.name, sentColumns(map))
      await setMapState(tx, map.name, 'initializing')
      await insertActivity(tx, { map: map.name, actor: 'engine', action: 'started' })
    }
  })
  await states.reload()
}

/** Rows that failed because of others, which may have come since: they take the way of any change, and park where they fail again. */
async function retryFailedRows(core: Core, map: TableMap): Promise<void> {
  await core.database.transaction(async (tx) => {
    const keys = await listOpenSyncErrors(tx, map.name, FAILED_ROWS_MAX)
    await putRemoteChanges(
      tx,
      keys.map((remoteKey) => ({ map: map.name, remoteKey, eventId: null })),
    )
  })
}

/** Catch-up that has ended makes a map running; a side without events is read through. */
async function runFollowUp(core: Core, options: WorkOptions, signal: AbortSignal): Promise<void> {
  let sweptMs = core.clock.nowMs()
  while (!signal.aborted) {
    await core.clock.sleep(options.states.isAnyResuming() ? 250 : POLL_MS, signal)
    await attempt(core, () => options.states.finishResuming(), undefined)
    if (options.registerEvents !== undefined || core.clock.nowMs() - sweptMs < SWEEP_MS) continue
    for (const name of options.states.live()) {
      const map = core.maps.find((one) => one.name === name)
      if (map !== undefined && map.rows === 'own') await attempt(core, () => sweep(core, map, signal), 0)
    }
    sweptMs = core.clock.nowMs()
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

import { messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '../entities/catalog.ts'
import { dispatch } from './dispatch.ts'
import {
  type Delivery,
  deleteDeliveries,
  deleteHistory,
  type Endpoint,
  listDue,
  listDueEndpoints,
  nextDueMs,
  postponeDelivery,
  postponeEndpoint,
  settleEndpoint,
} from './events.queries.ts'
import { postEvent } from './post.ts'

const DELIVERIES_MAX = 64
const PARALLEL_MAX = 8
const IDLE_MS_MAX = 5_000
const HISTORY_MS = 60 * 60_000
const HISTORY_INTERVAL_MS = 60_000
const FAILED_PAUSE_MS = 1_000

export type EventDeliveryOptions = {
  database: Database
  catalog: Catalog
  clock: Clock
  log: Log
  /** Nothing is posted meanwhile. */
  paused: () => boolean
}

export type EventDelivery = { close(): Promise<void> }

/**
 * Posts data events to the registered endpoints: at least once, per record and entity in the order of its changes, different records side by
 * side, again and again until a 2xx. What is on its way is in the database, so a killed process loses nothing.
 */
export async function startEventDelivery(options: EventDeliveryOptions): Promise<EventDelivery> {
  const { database, catalog, clock, log } = options
  const stop = new AbortController()
  let wake = new AbortController()
  const listening = await database.listen(
    'scm_data_event',
    () => wake.abort(),
    () => wake.abort(),
  )
  const byTable = Map.groupBy(catalog.entities, (entity) => entity.table)
  let historyAtMs = clock.nowMs()

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        // Armed before looking: what is committed while we look wakes the wait below at once.
        wake = new AbortController()
        if (!options.paused() && (await round())) continue
        await clock.sleep(await idleMs(), AbortSignal.any([wake.signal, stop.signal]))
      } catch (error) {
        if (stop.signal.aborted) return
        log.warn({ reason: messageOf(error) }, 'delivering events failed and will be tried again')
        await clock.sleep(FAILED_PAUSE_MS, stop.signal)
      }
    }
  }

  /** True when there may be more to do right away. */
  async function round(): Promise<boolean> {
    const dispatched = await database.transaction((tx) => dispatch(tx, byTable))
    const endpoints = await database.transaction(listDueEndpoints)
    const settled = await Promise.all(endpoints.map((endpoint) => serve(options, endpoint, stop.signal)))
    if (clock.nowMs() - historyAtMs > HISTORY_INTERVAL_MS) {
      historyAtMs = clock.nowMs()
      await database.transaction((tx) => deleteHistory(tx, HISTORY_MS))
    }
    return dispatched || settled.some((count) => count > 0)
  }

  async function idleMs(): Promise<number> {
    const dueMs = await database.transaction(nextDueMs)
    return Math.max(10, Math.min(dueMs ?? IDLE_MS_MAX, IDLE_MS_MAX))
  }

  const running = run()
  return {
    async close() {
      stop.abort()
      await running
      await listening.close()
    },
  }
}

/** One round of an endpoint; answers how many deliveries it acknowledged. */
async function serve(options: EventDeliveryOptions, endpoint: Endpoint, stop: AbortSignal): Promise<number> {
  const { database, catalog, clock } = options
  const due = await database.transaction((tx) => listDue(tx, endpoint.id, DELIVERIES_MAX))
  const acknowledged: number[] = []
  let down: string | undefined
  const queue = due.values()
  const work = async () => {
    for (const delivery of queue) {
      if (down !== undefined || stop.aborted) return
      const outcome = await postEvent(catalog, endpoint, delivery, stop)
      if (outcome.kind === 'acknowledged') acknowledged.push(delivery.id)
      else if (outcome.kind === 'down') down = outcome.reason
      else await postpone(options, delivery, outcome.reason)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work))
  await database.transaction(async (tx) => {
    if (acknowledged.length > 0) await deleteDeliveries(tx, acknowledged)
    if (down === undefined) await settleEndpoint(tx, endpoint.id)
    else await postponeEndpoint(tx, endpoint.id, retryDelayMs(endpoint.attempts + 1, clock.random()), down)
  })
  if (down !== undefined)
    options.log.warn(
      { endpoint: endpoint.id, attempts: endpoint.attempts + 1, reason: down },
      'an event endpoint does not answer',
    )
  return acknowledged.length
}

function postpone({ database, clock }: EventDeliveryOptions, delivery: Delivery, reason: string): Promise<void> {
  const delayMs = retryDelayMs(delivery.attempts + 1, clock.random())
  return database.transaction((tx) => postponeDelivery(tx, delivery.id, delayMs, reason))
}

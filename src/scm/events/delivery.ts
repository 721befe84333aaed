import { messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Catalog, Entity } from '../entities/catalog.ts'
import {
  type Delivery,
  deleteDeliveries,
  deleteHistory,
  type Endpoint,
  insertDeliveries,
  listDue,
  listDueEndpoints,
  listEndpoints,
  lockDispatch,
  markDispatched,
  nextDueMs,
  postponeDelivery,
  postponeEndpoint,
  settleEndpoint,
  takeUndispatched,
} from './events.queries.ts'
import { eventPayload } from './payload.ts'

const DISPATCH_ROWS_MAX = 1_000
const DELIVERIES_MAX = 64
const PARALLEL_MAX = 8
const TIMEOUT_MS = 10_000
const IDLE_MS_MAX = 5_000
const HISTORY_MS = 60 * 60_000
const HISTORY_INTERVAL_MS = 60_000
const FAILED_PAUSE_MS = 1_000

export type EventDelivery = { close(): Promise<void> }

/**
 * Posts data events to the registered endpoints: at least once, per record and entity in the order of its changes, different records side by
 * side, again and again until a 2xx. What is on its way is in the database, so a killed process loses nothing.
 */
export async function startEventDelivery(options: {
  database: Database
  catalog: Catalog
  clock: Clock
  log: Log
  paused: () => boolean
}): Promise<EventDelivery> {
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
    const settled = await Promise.all(endpoints.map((endpoint) => serve(endpoint)))
    if (clock.nowMs() - historyAtMs > HISTORY_INTERVAL_MS) {
      historyAtMs = clock.nowMs()
      await database.transaction((tx) => deleteHistory(tx, HISTORY_MS))
    }
    return dispatched || settled.some((count) => count > 0)
  }

  /** One round of an endpoint; answers how many deliveries it acknowledged. */
  async function serve(endpoint: Endpoint): Promise<number> {
    const due = await database.transaction((tx) => listDue(tx, endpoint.id, DELIVERIES_MAX))
    const acknowledged: number[] = []
    let down: string | undefined
    const queue = due.values()
    const work = async () => {
      for (const delivery of queue) {
        if (down !== undefined || stop.signal.aborted) return
        const outcome = await post(endpoint, delivery)
        if (outcome.kind === 'acknowledged') acknowledged.push(delivery.id)
        else if (outcome.kind === 'down') down = outcome.reason
        else await postpone(delivery, outcome.reason)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL_MAX }, work))
    await database.transaction(async (tx) => {
      if (acknowledged.length > 0) await deleteDeliveries(tx, acknowledged)
      if (down === undefined) await settleEndpoint(tx, endpoint.id)
      else await postponeEndpoint(tx, endpoint.id, retryDelayMs(endpoint.attempts + 1, clock.random()), down)
    })
    if (down !== undefined)
      log.warn({ endpoint: endpoint.id, attempts: endpoint.attempts + 1, reason: down }, 'an event endpoint does not answer')
    return acknowledged.length
  }

  function postpone(delivery: Delivery, reason: string): Promise<void> {
    const delayMs = retryDelayMs(delivery.attempts + 1, clock.random())
    return database.transaction((tx) => postponeDelivery(tx, delivery.id, delayMs, reason))
  }

  async function post(endpoint: Endpoint, delivery: Delivery): Promise<Outcome> {
    const entity = catalog.bySet.get(delivery.entitySet)
    const body = entity === undefined ? undefined : eventPayload(entity, delivery)
    if (body === undefined) return { kind: 'acknowledged' }
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        body,
        headers: headersOf(endpoint, delivery),
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        redirect: 'error',
      })
      // Read to the end, or the connection cannot be used again.
      await response.arrayBuffer()
      return outcomeOf(response.status)
    } catch (error) {
      return { kind: 'down', reason: messageOf(error).slice(0, 500) }
    }
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

type Outcome = { kind: 'acknowledged' } | { kind: 'down'; reason: string } | { kind: 'refused'; reason: string }

/** A refusal of one event holds back its record only; an endpoint that is busy or gone is left alone as a whole. */
function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'acknowledged' }
  const reason = `The endpoint answered ${status}`
  return status === 429 || status === 502 || status === 503 || status === 504
    ? { kind: 'down', reason }
    : { kind: 'refused', reason }
}

function headersOf(endpoint: Endpoint, delivery: Delivery): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'x-ms-dynamics-entity-name': delivery.entitySet,
    'x-ms-dynamics-request-name': delivery.operation,
    ...(endpoint.secret === '' ? {} : { authorization: `Bearer ${endpoint.secret}` }),
  }
}

/** Hands new events to the endpoints that asked for them; true when there were any. */
async function dispatch(tx: Tx, byTable: ReadonlyMap<string, readonly Entity[]>): Promise<boolean> {
  await lockDispatch(tx)
  const events = await takeUndispatched(tx, DISPATCH_ROWS_MAX)
  if (events.length === 0) return false
  const endpoints = await listEndpoints(tx)
  const deliveries = events.flatMap((event) =>
    endpoints.flatMap((endpoint) =>
      (byTable.get(event.table) ?? [])
        .filter((entity) => endpoint.entities.length === 0 || endpoint.entities.includes(entity.set))
        .map((entity) => ({ endpointId: endpoint.id, eventId: event.id, entitySet: entity.set, recid: event.recid })),
    ),
  )
  if (deliveries.length > 0) await insertDeliveries(tx, deliveries)
  await markDispatched(
    tx,
    events.map((event) => event.id),
  )
  return true
}

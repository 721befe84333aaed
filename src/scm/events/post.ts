import { messageOf } from '#lib/app-error.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Delivery, Endpoint } from './events.queries.ts'
import { eventPayload } from './payload.ts'

const TIMEOUT_MS = 10_000

/** What came of one attempt: taken; not taken, though others may be; or nobody there who takes anything now. */
export type Outcome = { kind: 'acknowledged' } | { kind: 'down'; reason: string } | { kind: 'refused'; reason: string }

/** One attempt to post one event. What the entity does not show counts as taken. */
export async function postEvent(catalog: Catalog, endpoint: Endpoint, delivery: Delivery, stop: AbortSignal): Promise<Outcome> {
  const entity = catalog.bySet.get(delivery.entitySet)
  const body = entity === undefined ? undefined : eventPayload(entity, delivery)
  if (body === undefined) return { kind: 'acknowledged' }
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      body,
      headers: headersOf(endpoint, delivery),
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: 'error',
    })
    // Read to the end, or the connection cannot be used again.
    await response.arrayBuffer()
    return outcomeOf(response.status)
  } catch (error) {
    return { kind: 'down', reason: messageOf(error).slice(0, 500) }
  }
}

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

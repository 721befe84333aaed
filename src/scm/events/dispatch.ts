import type { Tx } from '#postgres/database.ts'
import type { Entity } from '../entities/catalog.ts'
import { insertDeliveries, listEndpoints, lockDispatch, markDispatched, takeUndispatched } from './events.queries.ts'

const DISPATCH_ROWS_MAX = 1_000

/** Hands new events to the endpoints that asked for them; true when there were any. */
export async function dispatch(tx: Tx, byTable: ReadonlyMap<string, readonly Entity[]>): Promise<boolean> {
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

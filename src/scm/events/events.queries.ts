import type { Tx } from '#postgres/database.ts'

export type Endpoint = { id: number; url: string; secret: string; entities: string[]; attempts: number; lastError: string }

export type Delivery = {
  id: number
  eventId: number
  entitySet: string
  operation: 'Create' | 'Update' | 'Delete'
  attempts: number
  /** JSON text, so that numbers keep their digits. */
  before: string | null
  after: string | null
  createdAt: string
}

/** Registers a URL, or replaces what it was registered for; what was on its way to it stays. */
export async function putEndpoint(
  tx: Tx,
  endpoint: { url: string; secret: string; entities: readonly string[] },
): Promise<{ id: number }> {
  const rows = await tx<{ id: number }>`
    insert into scm.event_endpoint (url, secret, entities) values (${endpoint.url}, ${endpoint.secret}, ${endpoint.entities})
    on conflict (url) do update set secret = excluded.secret, entities = excluded.entities, attempts = 0, due_at = now()
    returning id`
  return rows[0] ?? { id: 0 }
}

export function listEndpoints(tx: Tx): Promise<Endpoint[]> {
  return tx<Endpoint>`
    select id, url, secret, entities, attempts, last_error as "lastError" from scm.event_endpoint order by id`
}

/** Endpoints that are not waiting after a failure. */
export function listDueEndpoints(tx: Tx): Promise<Endpoint[]> {
  return tx<Endpoint>`
    select id, url, secret, entities, attempts, last_error as "lastError" from scm.event_endpoint where due_at <= now() order by id`
}

export async function deleteEndpoint(tx: Tx, id: number): Promise<void> {
  await tx`delete from scm.event_endpoint where id = ${id}`
}

/** The oldest events that no endpoint has been given yet. Locked, so that two dispatchers never take the same. */
export function takeUndispatched(tx: Tx, rowsMax: number): Promise<{ id: number; table: string; recid: number }[]> {
  return tx`
    select id, table_name as "table", recid from scm.data_event
     where dispatched_at is null order by id limit ${rowsMax} for update`
}

/** Only one dispatcher at a time, or later events of a record could be handed out before earlier ones. */
export async function lockDispatch(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('scm.event_dispatch'))`
}

export async function insertDeliveries(
  tx: Tx,
  deliveries: readonly { endpointId: number; eventId: number; entitySet: string; recid: number }[],
): Promise<void> {
  await tx`
    insert into scm.event_delivery (endpoint_id, event_id, entity_set, recid)
    select * from unnest(${deliveries.map((one) => one.endpointId)}::bigint[], ${deliveries.map((one) => one.eventId)}::bigint[],
      ${deliveries.map((one) => one.entitySet)}::text[], ${deliveries.map((one) => one.recid)}::bigint[])`
}

export async function markDispatched(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx`update scm.data_event set dispatched_at = now() where id = any(${ids}::bigint[])`
}

/** For each record the oldest delivery only: the next one waits until this is acknowledged. */
export function listDue(tx: Tx, endpointId: number, rowsMax: number): Promise<Delivery[]> {
  return tx<Delivery>`
    select d.id, d.event_id as "eventId", d.entity_set as "entitySet", e.operation, d.attempts,
           e.before::text as "before", e.after::text as "after", e.created_at as "createdAt"
      from scm.event_delivery d
      join scm.data_event e on e.id = d.event_id
     where d.endpoint_id = ${endpointId} and d.due_at <= now()
       and not exists (
         select 1 from scm.event_delivery p
          where p.endpoint_id = d.endpoint_id and p.entity_set = d.entity_set and p.recid = d.recid and p.id < d.id)
     order by d.id
     limit ${rowsMax}`
}

export async function deleteDeliveries(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx`delete from scm.event_delivery where id = any(${ids}::bigint[])`
}

/** This delivery is tried again later; the others of the endpoint go on. */
export async function postponeDelivery(tx: Tx, id: number, delayMs: number, reason: string): Promise<void> {
  await tx`
    update scm.event_delivery set attempts = attempts + 1, last_error = ${reason},
           due_at = now() + ${delayMs}::double precision * interval '1 millisecond'
     where id = ${id}`
}

/** The endpoint as a whole is tried again later: it does not answer, or it asked for a pause. */
export async function postponeEndpoint(tx: Tx, id: number, delayMs: number, reason: string): Promise<void> {
  await tx`
    update scm.event_endpoint set attempts = attempts + 1, last_error = ${reason},
           due_at = now() + ${delayMs}::double precision * interval '1 millisecond'
     where id = ${id}`
}

export async function settleEndpoint(tx: Tx, id: number): Promise<void> {
  await tx`update scm.event_endpoint set attempts = 0, last_error = '' where id = ${id} and attempts > 0`
}

/** Milliseconds until something may be due again; undefined when nothing waits. */
export async function nextDueMs(tx: Tx): Promise<number | undefined> {
  const rows = await tx<{ ms: number | null }>`
    select extract(epoch from min(greatest(d.due_at, p.due_at)) - now())::double precision * 1000 as "ms"
      from scm.event_delivery d join scm.event_endpoint p on p.id = d.endpoint_id`
  return rows[0]?.ms ?? undefined
}

/** Events that every endpoint has acknowledged are kept for a short while, to look at. */
export async function deleteHistory(tx: Tx, keptMs: number): Promise<void> {
  await tx`
    delete from scm.data_event e
     where e.dispatched_at < now() - ${keptMs}::double precision * interval '1 millisecond'
       and not exists (select 1 from scm.event_delivery d where d.event_id = e.id)`
}

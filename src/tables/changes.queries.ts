import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

/**
 * The captured changes of one row that wait for one subscriber, oldest first, handed out as one: what a worker applies and settles.
 * A row's later changes travel with its oldest one, since the engine sends the row as it now stands.
 */
export type ClaimedChange = {
  /** Number of the oldest: with `attempt`, the fence of the lease. */
  number: number
  /** Number of the newest that is included. */
  lastNumber: number
  table: string
  rowId: RowId
  /** What the whole amounts to: a create with later edits is a create; anything that ends deleted is a delete. */
  operation: 'create' | 'update' | 'delete'
  columns: string[]
  /** Values (as text) before the oldest change of each column. */
  before: Readonly<Record<string, string | null>>
  transactionId: number
  attempt: number
  capturedAt: string
  actor: string | null
}

/** From now on the changes of the table are kept for the subscriber. `columns` limits updates; null keeps all. Idempotent. */
export async function subscribe(tx: Tx, table: string, subscriber: string, columns: readonly string[] | null): Promise<void> {
  await tx`
    insert into tables.capture (table_name, subscriber, columns) values (${table}, ${subscriber}, ${columns}::text[])
    on conflict (table_name, subscriber) do update set columns = excluded.columns`
}

/** Stops keeping changes. Those that wait stay until `discardChanges`. */
export async function unsubscribe(tx: Tx, subscriber: string): Promise<void> {
  await tx`delete from tables.capture where subscriber = ${subscriber}`
}

export async function discardChanges(tx: Tx, subscriber: string): Promise<number> {
  const [row] = await tx<{ count: number }>`
    with gone as (delete from tables.change where subscriber = ${subscriber} returning 1) select count(*)::int as count from gone`
  return row?.count ?? 0
}

type Claimed = ClaimedChange & { subscriber: string }

/**
 * Claims the oldest unsettled change of up to `rowsMax` rows that are due, for `leaseMs`: nobody else gets them before, and after
 * that they are due again. A parked or leased change hides the later changes of its row.
 */
export function claimChanges(
  tx: Tx,
  claim: { subscribers: readonly string[]; rowsMax: number; leaseMs: number },
): Promise<Claimed[]> {
  return claimWhere(tx, { ...claim, rowIds: null })
}

/** The same for particular rows, whether they are due or backing off: children that travel with their parent. */
export function claimChangesOfRows(
  tx: Tx,
  claim: { subscriber: string; rowIds: readonly RowId[]; leaseMs: number },
): Promise<Claimed[]> {
  return claimWhere(tx, {
    subscribers: [claim.subscriber],
    rowIds: claim.rowIds,
    rowsMax: claim.rowIds.length,
    leaseMs: claim.leaseMs,
  })
}

/** A claim clears `reason_code`: a change with an attempt, a future `due_at` and no code is leased; with a code it backs off. */
function claimWhere(
  tx: Tx,
  claim: { subscribers: readonly string[]; rowIds: readonly RowId[] | null; rowsMax: number; leaseMs: number },
): Promise<Claimed[]> {
  return tx<Claimed>`
    with head as (
      select c.number
        from tables.change c
       where c.subscriber = any(${claim.subscribers}::text[]) and c.parked_at is null
         and (${claim.rowIds}::uuid[] is null and c.due_at <= clock_timestamp()
              or c.row_id = any(${claim.rowIds}::uuid[]) and (c.due_at <= clock_timestamp() or c.attempt = 0 or c.reason_code is not null))
         and not exists (select 1 from tables.change e where e.subscriber = c.subscriber and e.row_id = c.row_id and e.number < c.number)
       order by c.number
       limit ${claim.rowsMax}
       for update skip locked
    ), claimed as (
      update tables.change c
         set attempt = c.attempt + 1, reason_code = null, due_at = clock_timestamp() + make_interval(secs => (${claim.leaseMs}::numeric / 1000)::float8)
        from head where c.number = head.number
      returning c.*
    )
    select h.subscriber, h.number, h.table_name as "table", h.row_id as "rowId", h.transaction_id as "transactionId", h.attempt,
           h.captured_at as "capturedAt", h.actor, a."lastNumber", a.columns, a.before, a.operation
      from claimed h
     cross join lateral (
       select max(c.number) as "lastNumber",
              case when (array_agg(c.operation order by c.number desc))[1] = 'delete' then 'delete'
                   when (array_agg(c.operation order by c.number))[1] = 'create' then 'create' else 'update' end as operation,
              (select array_agg(distinct k) from tables.change x, unnest(x.columns) k where x.subscriber = h.subscriber and x.row_id = h.row_id) as columns,
              (select coalesce(jsonb_object_agg(k, v), '{}') from (
                 select distinct on (k) k, x.before ->> k as v from tables.change x, unnest(x.columns) k
                  where x.subscriber = h.subscriber and x.row_id = h.row_id and x.before is not null order by k, x.number) firsts) as before
         from tables.change c where c.subscriber = h.subscriber and c.row_id = h.row_id) a
     order by h.number`
}

/** The lease ends well: the claimed changes are gone. Answers false when another worker has taken them over meanwhile. */
export async function settleChange(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'lastNumber' | 'rowId' | 'attempt'>,
): Promise<boolean> {
  const rows = await tx`
    with head as (
      select number from tables.change where number = ${change.number} and subscriber = ${subscriber} and attempt = ${change.attempt} for update
    )
    delete from tables.change c using head
     where c.subscriber = ${subscriber} and c.row_id = ${change.rowId}::uuid and c.number >= head.number and c.number <= ${change.lastNumber}
    returning c.number`
  return rows.length > 0
}

/** Back into the queue for later, with the reason that the state of the row shows. */
export async function postponeChange(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'attempt'>,
  delay: { afterMs: number; code: string; reason: string },
): Promise<void> {
  await tx`
    with postponed as (
      update tables.change
         set due_at = clock_timestamp() + make_interval(secs => (${delay.afterMs}::numeric / 1000)::float8), reason_code = ${delay.code}, reason = ${delay.reason}
       where number = ${change.number} and subscriber = ${subscriber} and attempt = ${change.attempt}
      returning table_name, row_id)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from postponed`
}

/** Changes that back off for this reason are due at once: the other side answers again. */
export async function hurryChanges(tx: Tx, subscribers: readonly string[], code: string): Promise<void> {
  await tx`
    update tables.change set due_at = clock_timestamp()
     where subscriber = any(${subscribers}::text[]) and reason_code = ${code} and parked_at is null and due_at > clock_timestamp()`
}

/** Ends the leases of workers that are known to be gone. The attempts count: what they did may have arrived. */
export async function releaseLeases(tx: Tx, subscribers: readonly string[]): Promise<void> {
  await tx`
    update tables.change set due_at = clock_timestamp()
     where subscriber = any(${subscribers}::text[]) and parked_at is null and attempt > 0 and reason_code is null and due_at > clock_timestamp()`
}

/** Gives parked changes up, with the later changes of the same rows. Answers what they were. */
export async function discardParkedChanges(tx: Tx, numbers: readonly number[]): Promise<{ subscriber: string; rowId: RowId }[]> {
  return tx<{ subscriber: string; rowId: RowId }>`
    with head as (
      select subscriber, row_id, number from tables.change where number = any(${numbers}::bigint[]) and parked_at is not null
    ), gone as (
      delete from tables.change c using head h where c.subscriber = h.subscriber and c.row_id = h.row_id and c.number >= h.number
    )
    select subscriber, row_id as "rowId" from head`
}

/** Out of the queue until a person decides. Open pages are told: the row's state has changed, though the row has not. */
export async function parkChange(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'attempt'>,
  why: { code: string; reason: string },
): Promise<void> {
  await tx`
    with parked as (
      update tables.change set parked_at = clock_timestamp(), reason_code = ${why.code}, reason = ${why.reason}
       where number = ${change.number} and subscriber = ${subscriber} and attempt = ${change.attempt}
      returning table_name, row_id)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from parked`
}

/**
 * Parked changes go back into the queue. Their attempts count on: what an earlier one wrote may have arrived, and only a later one looks.
 * Answers how many.
 */
export async function releaseParked(tx: Tx, which: { subscriber: string; numbers: readonly number[] | 'all' }): Promise<number> {
  const numbers = which.numbers === 'all' ? null : which.numbers
  const rows = await tx`
    update tables.change set parked_at = null, due_at = clock_timestamp()
     where subscriber = ${which.subscriber} and parked_at is not null
       and (${numbers}::bigint[] is null or number = any(${numbers}::bigint[]))
    returning number`
  return rows.length
}

export type ParkedChange = {
  number: number
  subscriber: string
  table: string
  rowId: RowId
  operation: string
  parkedAt: string
  code: string
  reason: string
  attempt: number
  actor: string | null
}

export async function listParked(tx: Tx, page: { subscriber: string | null; rowsMax: number }): Promise<ParkedChange[]> {
  return tx<ParkedChange>`
    select number, subscriber, table_name as "table", row_id as "rowId", operation, parked_at as "parkedAt",
           coalesce(reason_code, '') as code, coalesce(reason, '') as reason, attempt, actor
      from tables.change
     where parked_at is not null and (${page.subscriber}::text is null or subscriber = ${page.subscriber})
     order by number desc limit ${page.rowsMax}`
}

export type QueueCount = {
  subscriber: string
  waiting: number
  parked: number
  oldestCapturedAt: string | null
  lastReason: string | null
}

export async function countQueues(tx: Tx): Promise<QueueCount[]> {
  return tx<QueueCount>`
    select subscriber, count(*) filter (where parked_at is null)::int as waiting, count(*) filter (where parked_at is not null)::int as parked,
           min(captured_at) filter (where parked_at is null) as "oldestCapturedAt",
           (array_agg(reason order by number desc) filter (where reason is not null))[1] as "lastReason"
      from tables.change group by subscriber`
}

export type WaitingState = {
  rowId: RowId
  parked: boolean
  attempt: number
  reason: string | null
  code: string | null
  capturedAt: string
}

/** Rows among the given ones with unsettled changes, oldest change each: what a page shows as "waiting" or "refused". */
export async function findWaiting(tx: Tx, rowIds: readonly RowId[]): Promise<WaitingState[]> {
  return tx<WaitingState>`
    select distinct on (row_id) row_id as "rowId", parked_at is not null as parked, attempt, reason, reason_code as code, captured_at as "capturedAt"
      from tables.change where row_id = any(${rowIds}::uuid[]) order by row_id, number`
}

/** Columns of a row with edits that have not been settled for the subscriber: the other side must not overwrite them. */
export async function listPendingColumns(tx: Tx, subscriber: string, rowIds: readonly RowId[]): Promise<Map<RowId, Set<string>>> {
  const rows = await tx<{ rowId: RowId; columns: string[] }>`
    select row_id as "rowId", array_agg(distinct k) as columns from tables.change, unnest(columns) k
     where subscriber = ${subscriber} and row_id = any(${rowIds}::uuid[]) group by row_id`
  return new Map(rows.map((row) => [row.rowId, new Set(row.columns)]))
}

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

/** Stops keeping changes. Those that wait stay until somebody gives them up (set-aside.queries.ts). */
export async function unsubscribe(tx: Tx, subscriber: string): Promise<void> {
  await tx`delete from tables.capture where subscriber = ${subscriber}`
}

type Claimed = ClaimedChange & { subscriber: string }

/** A change that is due; of each row only the oldest can be claimed. */
export type Due = { number: number; isHead: boolean }

/**
 * Claims the oldest unsettled change of up to `rowsMax` rows that are due, for `leaseMs`: nobody else gets them before, and after
 * that they are due again. A parked or leased change hides the later changes of its row. `found`: what was due a moment ago.
 */
export async function claimChanges(
  tx: Tx,
  claim: { subscribers: readonly string[]; rowsMax: number; leaseMs: number; found?: readonly Due[] },
): Promise<Claimed[]> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = (round === 0 ? claim.found : undefined) ?? (await findDue(tx, claim))
    const heads = found.filter((one) => one.isHead).slice(0, claim.rowsMax)
    const claimed = await lease(
      tx,
      heads.map((one) => one.number),
      claim.leaseMs,
    )
    // Only where later changes of rows that wait stand in the way of others: they make room, each once.
    if (claimed.length === claim.rowsMax || found.length < claim.rowsMax * LOOKS_PER_ROW) return claimed
    const moved = await hideBehind(tx, claim.subscribers)
    if (claimed.length > 0 || moved === 0) return claimed
  }
  return []
}

/** How many changes are looked at for each row that may be claimed. */
const LOOKS_PER_ROW = 8
const HIDDEN_AT_ONCE_MAX = 1_000
/** The next claim goes on where this one stops. */
const ROUNDS_MAX = 5

/** What has been due longest: as much as may be claimed, and more only where some of that cannot be. */
export async function findDue(tx: Tx, claim: { subscribers: readonly string[]; rowsMax: number }): Promise<Due[]> {
  const first = await listDue(tx, claim)
  if (first.length < claim.rowsMax || first.every((one) => one.isHead)) return first
  return listDue(tx, { ...claim, rowsMax: claim.rowsMax * LOOKS_PER_ROW })
}

/**
 * The changes that have been due longest. A head is the oldest of its row. The moment is asked for once: against a function that PostgreSQL
 * must ask for each entry it would walk over all that are not due yet.
 */
function listDue(tx: Tx, claim: { subscribers: readonly string[]; rowsMax: number }): Promise<Due[]> {
  return tx<Due>`
    select d.number,
           not exists (select 1 from tables.change e where e.row_id = d.row_id and e.subscriber = d.subscriber and e.number < d.number) as "isHead"
      from unnest(${claim.subscribers}::text[]) as s(name)
     cross join lateral (
       select c.number, c.subscriber, c.row_id, c.due_at from tables.change c
        where c.subscriber = s.name and c.parked_at is null and c.due_at <= (select clock_timestamp())
        order by c.due_at, c.number limit ${claim.rowsMax}) d
     order by d.due_at, d.number limit ${claim.rowsMax}`
}

/**
 * Later changes of rows whose oldest is parked or under way leave the ranks of those that are due; whatever ends the oldest brings them back
 * (tables.free_waiting). The oldest is held meanwhile, so that it cannot end unseen.
 */
async function hideBehind(tx: Tx, subscribers: readonly string[]): Promise<number> {
  const rows = await tx`
    with behind as (
      select d.number, h.number as head
        from unnest(${subscribers}::text[]) as s(name)
       cross join lateral (
         select c.number, c.subscriber, c.row_id from tables.change c
          where c.subscriber = s.name and c.parked_at is null and c.due_at <= (select clock_timestamp()) and c.reason_code is null
          order by c.due_at, c.number limit ${HIDDEN_AT_ONCE_MAX}) d
       cross join lateral (
         select e.number from tables.change e
          where e.row_id = d.row_id and e.subscriber = d.subscriber and e.number < d.number order by e.number limit 1) h
    ), held as (
      select e.number from tables.change e where e.number in (select head from behind) for key share skip locked
    )
    update tables.change c set due_at = 'infinity'
      from behind join held on held.number = behind.head
     where c.number = behind.number
    returning c.number`
  return rows.length
}

/** The same for particular rows, whether they are due or backing off: children that travel with their parent. */
export async function claimChangesOfRows(
  tx: Tx,
  claim: { subscriber: string; rowIds: readonly RowId[]; leaseMs: number },
): Promise<Claimed[]> {
  const heads = await tx<{ number: number }>`
    select c.number from tables.change c
     where c.subscriber = ${claim.subscriber} and c.row_id = any(${claim.rowIds}::uuid[]) and c.parked_at is null
       and (c.due_at <= clock_timestamp() or c.due_at < 'infinity' and (c.attempt = 0 or c.reason_code is not null))
       and not exists (select 1 from tables.change e where e.row_id = c.row_id and e.subscriber = c.subscriber and e.number < c.number)`
  return lease(
    tx,
    heads.map((one) => one.number),
    claim.leaseMs,
  )
}

/**
 * Takes these changes, those left out that somebody else holds or has taken meanwhile. A claim clears `reason_code`: a change with an
 * attempt, a future `due_at` and no code is leased; with a code it backs off. Of most rows one change waits, which says all of it.
 */
async function lease(tx: Tx, numbers: readonly number[], leaseMs: number): Promise<Claimed[]> {
  if (numbers.length === 0) return []
  return tx<Claimed>`
    with head as (
      select c.number from tables.change c
       where c.number = any(${numbers}::bigint[]) and c.parked_at is null
         and (c.due_at <= clock_timestamp() or c.due_at < 'infinity' and (c.attempt = 0 or c.reason_code is not null))
       order by c.number for update skip locked
    ), claimed as (
      update tables.change c
         set attempt = c.attempt + 1, reason_code = null, waits_for = null,
             due_at = clock_timestamp() + make_interval(secs => (${leaseMs}::numeric / 1000)::float8)
        from head where c.number = head.number
      returning c.*
    )
    select h.subscriber, h.number, h.table_name as "table", h.row_id as "rowId", h.transaction_id as "transactionId", h.attempt,
           h.captured_at as "capturedAt", h.actor, coalesce(l.number, h.number) as "lastNumber",
           case when l.operation = 'delete' then 'delete' when l.number is null or h.operation = 'create' then h.operation else 'update' end as operation,
           case when l.number is null then h.columns else (
             select array_agg(distinct k) from tables.change x, unnest(x.columns) k
              where x.subscriber = h.subscriber and x.row_id = h.row_id) end as columns,
           case when l.number is null and h.before is null then '{}'::jsonb else (
             select coalesce(jsonb_object_agg(k, v), '{}') from (
               select distinct on (k) k, x.before ->> k as v from tables.change x, unnest(x.columns) k
                where x.subscriber = h.subscriber and x.row_id = h.row_id and x.before is not null order by k, x.number) firsts) end as before
      from claimed h
      left join lateral (
        select c.number, c.operation from tables.change c
         where c.subscriber = h.subscriber and c.row_id = h.row_id and c.number > h.number order by c.number desc limit 1) l on true
     order by h.number`
}

type Lease = Pick<ClaimedChange, 'number' | 'lastNumber' | 'rowId' | 'attempt'>

/** The lease ends well: the claimed changes are gone. Answers false when another worker has taken them over meanwhile. */
export async function settleChange(tx: Tx, subscriber: string, change: Lease): Promise<boolean> {
  return (await settleChanges(tx, subscriber, [change])).has(change.number)
}

/**
 * The same for changes of many rows. Answers the numbers of those that were still ours. They are named twice, since PostgreSQL might else
 * begin with all that wait for the subscriber.
 */
export async function settleChanges(tx: Tx, subscriber: string, changes: readonly Lease[]): Promise<Set<number>> {
  if (changes.length === 0) return new Set()
  const rows = await tx<{ number: number }>`
    with head as (
      select c.number, v.last_number, v.row_id
        from unnest(${changes.map((one) => one.number)}::bigint[], ${changes.map((one) => one.lastNumber)}::bigint[],
                    ${changes.map((one) => one.rowId)}::uuid[], ${changes.map((one) => one.attempt)}::int[])
             as v(number, last_number, row_id, attempt)
        join tables.change c on c.number = v.number and c.attempt = v.attempt
       where c.number = any(${changes.map((one) => one.number)}::bigint[]) and c.subscriber = ${subscriber}
       order by c.number for update of c
    )
    delete from tables.change c using head
     where c.subscriber = ${subscriber} and c.row_id = head.row_id and c.number >= head.number and c.number <= head.last_number
    returning head.number`
  return new Set(rows.map((row) => row.number))
}

export type Delay = { afterMs: number; code: string; reason: string }

/**
 * Back into the queue for later, with the reason that the state of the row shows. What is parked stays so: a worker that did not hear that its
 * outcome was recorded must not put another reason in its place.
 */
export async function postponeChange(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'attempt'>,
  delay: Delay,
): Promise<void> {
  await postponeChanges(tx, subscriber, [{ change, ...delay }])
}

/** The same for many, each with a delay of its own. */
export async function postponeChanges(
  tx: Tx,
  subscriber: string,
  delays: readonly (Delay & { change: Pick<ClaimedChange, 'number' | 'attempt'> })[],
): Promise<void> {
  if (delays.length === 0) return
  await tx`
    with held as (
      select c.number, v.after_ms, v.code, v.reason
        from unnest(${delays.map((one) => one.change.number)}::bigint[], ${delays.map((one) => one.change.attempt)}::int[],
                    ${delays.map((one) => one.afterMs)}::numeric[], ${delays.map((one) => one.code)}::text[],
                    ${delays.map((one) => one.reason)}::text[]) as v(number, attempt, after_ms, code, reason)
        join tables.change c on c.number = v.number and c.attempt = v.attempt
       where c.number = any(${delays.map((one) => one.change.number)}::bigint[]) and c.subscriber = ${subscriber}
         and c.parked_at is null
       order by c.number for update of c
    ), postponed as (
      update tables.change c
         set due_at = clock_timestamp() + make_interval(secs => (held.after_ms / 1000)::float8), reason_code = held.code, reason = held.reason
        from held where c.number = held.number
      returning c.table_name, c.row_id)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from postponed`
}

/**
 * Back into the queue until the changes of another row have ended, whichever ends first: that, or an hour. Where they have ended already
 * the change is due at once; they are held meanwhile, so that they cannot end unseen.
 */
export async function waitForRow(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'attempt'>,
  why: { rowId: RowId; code: string; reason: string },
): Promise<boolean> {
  const blockers = await tx`
    select number from tables.change where row_id = ${why.rowId}::uuid and number <> ${change.number} order by number for key share`
  if (blockers.length === 0) return false
  await tx`
    with postponed as (
      update tables.change
         set due_at = clock_timestamp() + interval '1 hour', waits_for = ${why.rowId}::uuid, reason_code = ${why.code}, reason = ${why.reason}
       where number = ${change.number} and subscriber = ${subscriber} and attempt = ${change.attempt}
      returning table_name, row_id)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from postponed`
  return true
}

/**
 * Changes that back off for this reason are due at once: the other side answers again. After a long outage that may be all of a long queue,
 * of which some are enough: the others are due before those are done.
 */
export async function hurryChanges(tx: Tx, subscribers: readonly string[], code: string, rowsMax: number): Promise<void> {
  await tx`
    update tables.change set due_at = clock_timestamp()
     where number in (
       select c.number from tables.change c
        where c.subscriber = any(${subscribers}::text[]) and c.reason_code = ${code} and c.parked_at is null
          and c.due_at > clock_timestamp() and c.due_at < 'infinity' limit ${rowsMax})`
}

/** Ends the leases of workers that are known to be gone. The attempts count: what they did may have arrived. */
export async function releaseLeases(tx: Tx, subscribers: readonly string[]): Promise<void> {
  await tx`
    update tables.change set due_at = clock_timestamp()
     where subscriber = any(${subscribers}::text[]) and parked_at is null and attempt > 0 and reason_code is null
       and due_at > clock_timestamp() and due_at < 'infinity'`
}

export type QueueCount = { subscriber: string; waiting: number; parked: number; oldestCapturedAt: string | null }

/** How many changes wait in the queue of each subscriber, counted up to `countMax`; null counts all, which reads them. */
export async function countQueues(tx: Tx, subscribers: readonly string[], countMax: number | null): Promise<QueueCount[]> {
  return tx<QueueCount>`
    select s.name as subscriber, w.count as waiting, p.count as parked,
           (select c.captured_at from tables.change c where c.subscriber = s.name and c.parked_at is null order by c.number limit 1) as "oldestCapturedAt"
      from unnest(${subscribers}::text[]) as s(name)
     cross join lateral (
       select count(*)::int as count from (
         select 1 from tables.change c where c.subscriber = s.name and c.parked_at is null limit ${countMax}::bigint) as found) w
     cross join lateral (
       select count(*)::int as count from (
         select 1 from tables.change c where c.subscriber = s.name and c.parked_at is not null limit ${countMax}::bigint) as found) p`
}

export type WaitingState = {
  rowId: RowId
  subscriber: string
  parked: boolean
  attempt: number
  reason: string | null
  code: string | null
  capturedAt: string
}

/** Rows among the given ones with unsettled changes, oldest change each: what a page shows as "waiting" or "refused". */
export async function findWaiting(tx: Tx, rowIds: readonly RowId[]): Promise<WaitingState[]> {
  return tx<WaitingState>`
    select distinct on (row_id) row_id as "rowId", subscriber, parked_at is not null as parked, attempt, reason, reason_code as code, captured_at as "capturedAt"
      from tables.change where row_id = any(${rowIds}::uuid[]) order by row_id, number`
}

/** An edit of a column that has not been settled. */
export type PendingEdit = {
  /** When the column was edited last. */
  at: string
  /** Values that the column has had since the first of these edits: some attempt may have brought one of them to the other side. */
  passed: readonly (string | null)[]
  /** The value before the first of them. */
  before: string | null
}

/** The edits of the rows that have not been settled for the subscriber: row → column → edit. */
export async function listPendingEdits(
  tx: Tx,
  subscriber: string,
  rowIds: readonly RowId[],
): Promise<Map<RowId, Map<string, PendingEdit>>> {
  if (rowIds.length === 0) return new Map()
  const rows = await tx<{ rowId: RowId; edits: Record<string, PendingEdit> }>`
    select row_id as "rowId", jsonb_object_agg(k, jsonb_build_object('at', at, 'passed', passed, 'before', before)) as edits
      from (select c.row_id, k, max(c.captured_at) as at, to_jsonb((array_agg(c.before ->> k order by c.number))[2:]) as passed,
                   (array_agg(c.before ->> k order by c.number))[1] as before
              from tables.change c, unnest(c.columns) k
             where c.subscriber = ${subscriber} and c.row_id = any(${rowIds}::uuid[]) group by c.row_id, k) edits
     group by row_id`
  return new Map(rows.map((row) => [row.rowId, new Map(Object.entries(row.edits))]))
}

/** Of these rows those of which something waits that the transaction beside each has edited. */
export async function listRowsInTransactions(
  tx: Tx,
  subscriber: string,
  pairs: readonly { rowId: RowId; transactionId: number }[],
): Promise<{ rowId: RowId; transactionId: number }[]> {
  if (pairs.length === 0) return []
  return tx<{ rowId: RowId; transactionId: number }>`
    select distinct c.row_id as "rowId", c.transaction_id as "transactionId"
      from unnest(${pairs.map((one) => one.rowId)}::uuid[], ${pairs.map((one) => one.transactionId)}::bigint[]) as v(row_id, transaction_id)
      join tables.change c on c.row_id = v.row_id and c.transaction_id = v.transaction_id
     where c.subscriber = ${subscriber}`
}

export type PendingDelete = { rowId: RowId; before: Readonly<Record<string, string | null>> }

/** Rows that were deleted here, of which the subscriber has not been told. */
export function listPendingDeletes(tx: Tx, subscriber: string, rowsMax: number): Promise<PendingDelete[]> {
  return tx<PendingDelete>`
    select row_id as "rowId", coalesce(before, '{}') as before from tables.change
     where subscriber = ${subscriber} and operation = 'delete' order by number desc limit ${rowsMax}`
}

/** Of these rows those that the subscriber has still to be told of for the first time. */
export async function listPendingCreates(tx: Tx, subscriber: string, rowIds: readonly RowId[]): Promise<RowId[]> {
  if (rowIds.length === 0) return []
  const rows = await tx<{ rowId: RowId }>`
    select distinct row_id as "rowId" from tables.change
     where subscriber = ${subscriber} and row_id = any(${rowIds}::uuid[]) and operation = 'create'`
  return rows.map((row) => row.rowId)
}

/** Of these rows those of which something waits for the subscriber. */
export async function listPendingRows(tx: Tx, subscriber: string, rowIds: readonly RowId[]): Promise<Set<RowId>> {
  if (rowIds.length === 0) return new Set()
  const rows = await tx<{ rowId: RowId }>`
    select distinct row_id as "rowId" from tables.change where subscriber = ${subscriber} and row_id = any(${rowIds}::uuid[])`
  return new Set(rows.map((row) => row.rowId))
}

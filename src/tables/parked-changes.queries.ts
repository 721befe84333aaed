import type { Tx } from '#postgres/database.ts'
import type { ClaimedChange } from './changes.queries.ts'
import type { RowId } from './rows.queries.ts'

/** Changes that wait for a person. None of these statements reads more than what it answers, or what one cause has parked. */
export type ParkedChange = {
  number: number
  subscriber: string
  table: string
  rowId: RowId
  operation: string
  columns: string[]
  parkedAt: string
  code: string
  reason: string
  attempt: number
  actor: string | null
}

/**
 * Out of the queue until a person decides, the later changes of the row with it (see `hideBehind`). Open pages are told: the row's state has
 * changed, though the row has not.
 */
export async function parkChange(
  tx: Tx,
  subscriber: string,
  change: Pick<ClaimedChange, 'number' | 'attempt'>,
  why: { code: string; reason: string },
): Promise<void> {
  await tx`
    with parked as (
      update tables.change
         set parked_at = clock_timestamp(), reason_code = ${why.code}, reason = ${why.reason}, pattern = tables.failure_pattern(${why.reason})
       where number = ${change.number} and subscriber = ${subscriber} and attempt = ${change.attempt}
      returning table_name, row_id, number
    ), behind as (
      update tables.change c set due_at = 'infinity'
        from parked p
       where c.row_id = p.row_id and c.subscriber = ${subscriber} and c.number > p.number and c.parked_at is null and c.reason_code is null)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from parked`
}

/** The newest first; with `cluster`, of this cause alone. */
export function listParked(
  tx: Tx,
  page: { subscribers: readonly string[]; cluster?: { code: string; pattern: string } | undefined; rowsMax: number },
): Promise<ParkedChange[]> {
  const { code = null, pattern = null } = page.cluster ?? {}
  return tx<ParkedChange>`
    select p.number, p.subscriber, p.table_name as "table", p.row_id as "rowId", p.operation, p.columns, p.parked_at as "parkedAt",
           coalesce(p.reason_code, '') as code, coalesce(p.reason, '') as reason, p.attempt, p.actor
      from unnest(${page.subscribers}::text[]) as s(name)
     cross join lateral (
       select * from tables.change c
        where c.subscriber = s.name and c.parked_at is not null
          and (${code}::text is null or coalesce(c.reason_code, '') = ${code} and coalesce(c.pattern, '') = ${pattern})
        order by c.number desc limit ${page.rowsMax}) p
     order by p.number desc limit ${page.rowsMax}`
}

export function findParked(tx: Tx, numbers: readonly number[]): Promise<ParkedChange[]> {
  return tx<ParkedChange>`
    select number, subscriber, table_name as "table", row_id as "rowId", operation, columns, parked_at as "parkedAt",
           coalesce(reason_code, '') as code, coalesce(reason, '') as reason, attempt, actor
      from tables.change where number = any(${numbers}::bigint[]) and parked_at is not null order by number`
}

export type ParkedSelection = { numbers: readonly number[] } | { cluster: { code: string; pattern: string } } | 'all'

/**
 * Up to `rowsMax` parked changes of a subscriber go back into the queue, the oldest first. Their attempts count on: what an earlier one
 * wrote may have arrived, and only a later one looks. Answers their rows.
 */
export async function releaseParked(
  tx: Tx,
  which: { subscriber: string; of: ParkedSelection; rowsMax: number },
): Promise<RowId[]> {
  const { of } = which
  const numbers = of !== 'all' && 'numbers' in of ? of.numbers : null
  const cluster = of !== 'all' && 'cluster' in of ? of.cluster : null
  const rows = await tx<{ rowId: RowId }>`
    with chosen as (
      select c.number from tables.change c
       where c.subscriber = ${which.subscriber} and c.parked_at is not null
         and (${numbers}::bigint[] is null or c.number = any(${numbers}::bigint[]))
         and (${cluster?.code ?? null}::text is null
              or coalesce(c.reason_code, '') = ${cluster?.code ?? null} and coalesce(c.pattern, '') = ${cluster?.pattern ?? null})
       order by c.number limit ${which.rowsMax}
    )
    update tables.change c set parked_at = null, due_at = clock_timestamp(), pattern = null from chosen where c.number = chosen.number
    returning c.row_id as "rowId"`
  return rows.map((row) => row.rowId)
}

/** The same for whatever is parked of these rows. */
export async function releaseParkedOfRows(tx: Tx, which: { subscriber: string; rowIds: readonly RowId[] }): Promise<number> {
  const rows = await tx`
    update tables.change set parked_at = null, due_at = clock_timestamp(), pattern = null
     where row_id = any(${which.rowIds}::uuid[]) and subscriber = ${which.subscriber} and parked_at is not null
    returning number`
  return rows.length
}

/** What is parked of these rows, for any subscriber: nobody else releases or gives it up until this transaction ends. */
export function lockParkedOfRows(tx: Tx, rowIds: readonly RowId[]): Promise<{ number: number; subscriber: string }[]> {
  return tx<{ number: number; subscriber: string }>`
    select number, subscriber from tables.change where row_id = any(${rowIds}::uuid[]) and parked_at is not null order by number for update`
}

/** Gives parked changes up, with the later changes of the same rows. Answers what they were. */
export function discardParkedChanges(
  tx: Tx,
  which: { subscribers: readonly string[]; numbers: readonly number[] },
): Promise<{ subscriber: string; rowId: RowId }[]> {
  return tx<{ subscriber: string; rowId: RowId }>`
    with head as (
      select subscriber, row_id, number from tables.change
       where number = any(${which.numbers}::bigint[]) and parked_at is not null and subscriber = any(${which.subscribers}::text[])
    ), gone as (
      delete from tables.change c using head h where c.row_id = h.row_id and c.subscriber = h.subscriber and c.number >= h.number
    )
    select subscriber, row_id as "rowId" from head`
}

export type ClusterCount = {
  subscriber: string
  code: string
  pattern: string
  count: number
  example: number
  exampleReason: string
  oldestAt: string
  waitingBehind: number
}

/**
 * Parked changes by cause, the most frequent first. `waitingBehind` counts the later changes of the same rows and the changes of other
 * rows that need one of them, of the newest of each cause: `looksMax` in all, shared evenly.
 */
export function countClusters(
  tx: Tx,
  of: { subscribers: readonly string[]; clustersMax: number; looksMax: number },
): Promise<ClusterCount[]> {
  return tx<ClusterCount>`
    with cluster as (
      select c.subscriber, coalesce(c.reason_code, '') as code, coalesce(c.pattern, '') as pattern, count(*)::int as count,
             min(c.number) as oldest, max(c.number) as newest
        from tables.change c where c.parked_at is not null and c.subscriber = any(${of.subscribers}::text[])
       group by 1, 2, 3 order by 4 desc, 1, 2, 3 limit ${of.clustersMax}
    )
    select k.subscriber, k.code, k.pattern, k.count, k.newest as example, coalesce(n.reason, '') as "exampleReason",
           o.parked_at as "oldestAt", b.count as "waitingBehind"
      from cluster k
      join tables.change n on n.number = k.newest
      join tables.change o on o.number = k.oldest
     cross join lateral (
       select coalesce(sum((select count(*) from tables.change x where x.row_id = p.row_id and x.subscriber = p.subscriber and x.number > p.number)
                         + (select count(*) from tables.change x where x.waits_for = p.row_id and x.waits_for is not null)), 0)::int as count
         from (select c.row_id, c.subscriber, c.number from tables.change c
                where c.subscriber = k.subscriber and c.parked_at is not null
                  and coalesce(c.reason_code, '') = k.code and coalesce(c.pattern, '') = k.pattern
                order by c.number desc limit (select greatest(${of.looksMax} / greatest(count(*), 1), 1) from cluster)) p) b
     order by k.count desc, k.subscriber, k.code, k.pattern`
}

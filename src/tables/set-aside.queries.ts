import type { Tx } from '#postgres/database.ts'
import type { ClaimedChange } from './changes.queries.ts'
import type { RowId } from './rows.queries.ts'

/**
 * Puts claimed changes aside until their part of the subscriber is released: they cost nothing meanwhile, and hide the later changes of
 * their rows. `part` names the part.
 */
export async function setChangesAside(
  tx: Tx,
  subscriber: string,
  part: string,
  changes: readonly Pick<ClaimedChange, 'number' | 'attempt'>[],
): Promise<void> {
  await tx`
    with aside as (
      update tables.change c set due_at = 'infinity', reason_code = 'dual_write.paused', reason = ${part}
        from unnest(${changes.map((one) => one.number)}::bigint[], ${changes.map((one) => one.attempt)}::int[]) as v(number, attempt)
       where c.number = v.number and c.subscriber = ${subscriber} and c.attempt = v.attempt
      returning c.table_name, c.row_id)
    select pg_notify('comptoir_rows', table_name || ' ' || row_id) from aside`
}

/** Exactly those of this part are due again. Answers how many. */
export async function releaseChangesSetAside(tx: Tx, subscribers: readonly string[], part: string): Promise<number> {
  const rows = await tx`
    update tables.change set due_at = clock_timestamp(), reason_code = null, reason = null
     where subscriber = any(${subscribers}::text[]) and reason = ${part} and reason_code = 'dual_write.paused' returning 1 as one`
  return rows.length
}

/** Counted up to `countMax`. */
export function countChangesSetAside(
  tx: Tx,
  subscribers: readonly string[],
  countMax: number,
): Promise<{ subscriber: string; part: string; count: number }[]> {
  return tx<{ subscriber: string; part: string; count: number }>`
    select subscriber, reason as part, count(*)::int as count from (
      select subscriber, reason from tables.change
       where subscriber = any(${subscribers}::text[]) and reason_code = 'dual_write.paused' limit ${countMax}) aside
     group by subscriber, reason`
}

/** Which of the subscribers have changes that can go, now or later, without a person. */
export async function listBusySubscribers(tx: Tx, subscribers: readonly string[]): Promise<string[]> {
  const rows = await tx<{ name: string }>`
    select s.name from unnest(${subscribers}::text[]) as s(name)
     where exists (select 1 from tables.change c where c.subscriber = s.name and c.parked_at is null and c.due_at < 'infinity')`
  return rows.map((row) => row.name)
}

export type QueueDigest = { count: number; lastNumber: number }

/** What waits and what is parked; of one part (null: all) with the later changes of the same rows. */
export async function digestChanges(tx: Tx, subscriber: string, part: string | null): Promise<QueueDigest> {
  const [row] = await tx<QueueDigest>`
    select count(*)::int as count, coalesce(max(number), 0)::bigint as "lastNumber" from tables.change c
     where c.subscriber = ${subscriber}
       and (${part}::text is null or exists (
         select 1 from tables.change a
          where a.subscriber = c.subscriber and a.row_id = c.row_id and a.reason = ${part} and a.reason_code = 'dual_write.paused'))`
  return row ?? { count: 0, lastNumber: 0 }
}

export type QueueSample = { rowId: RowId; operation: string; columns: string[] }

export function sampleChanges(tx: Tx, subscriber: string, part: string | null, rowsMax: number): Promise<QueueSample[]> {
  return tx<QueueSample>`
    select row_id as "rowId", operation, columns from tables.change
     where subscriber = ${subscriber} and (${part}::text is null or reason = ${part} and reason_code = 'dual_write.paused')
     order by number limit ${rowsMax}`
}

/** Rows of creates among what `digestChanges` counts, in order. */
export async function listQueuedCreates(
  tx: Tx,
  subscriber: string,
  part: string | null,
  page: { after: number; rowsMax: number },
): Promise<{ number: number; rowId: RowId }[]> {
  return tx<{ number: number; rowId: RowId }>`
    select number, row_id as "rowId" from tables.change
     where subscriber = ${subscriber} and number > ${page.after} and operation = 'create'
       and (${part}::text is null or reason = ${part} and reason_code = 'dual_write.paused')
     order by number limit ${page.rowsMax}`
}

/** Gives up what `digestChanges` counts. Answers how many. */
export async function discardChangesOf(tx: Tx, subscriber: string, part: string | null): Promise<number> {
  const [row] = await tx<{ count: number }>`
    with gone as (
      delete from tables.change c
       where c.subscriber = ${subscriber}
         and (${part}::text is null or exists (
           select 1 from tables.change a
            where a.subscriber = c.subscriber and a.row_id = c.row_id and a.reason = ${part} and a.reason_code = 'dual_write.paused'))
      returning 1)
    select count(*)::int as count from gone`
  return row?.count ?? 0
}

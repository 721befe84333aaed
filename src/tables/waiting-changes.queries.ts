import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

/** Single changes that wait for their turn, and not for a person. None of these statements reads more than what it answers. */
export type WaitingChange = {
  number: number
  subscriber: string
  table: string
  rowId: RowId
  operation: 'create' | 'update' | 'delete'
  columns: string[]
  capturedAt: string
  /** Null where no time will make it due. */
  dueAt: string | null
  isDue: boolean
  attempt: number
  code: string | null
  reason: string | null
  actor: string | null
  /** The oldest change of the same row, where that is another one. */
  behind: number | null
  isBehindParked: boolean
}

/** The oldest first: those with higher numbers than `after`, or those named. */
export function listWaiting(
  tx: Tx,
  page: { subscribers: readonly string[]; after: number; rowsMax: number } | { numbers: readonly number[] },
): Promise<WaitingChange[]> {
  if ('numbers' in page)
    return tx<WaitingChange>`
      select c.number, c.subscriber, c.table_name as "table", c.row_id as "rowId", c.operation, c.columns, c.captured_at as "capturedAt",
             nullif(c.due_at, 'infinity') as "dueAt", c.due_at <= clock_timestamp() as "isDue", c.attempt, c.reason_code as code, c.reason, c.actor,
             h.number as behind, h.parked_at is not null as "isBehindParked"
        from tables.change c
        left join lateral (
          select e.number, e.parked_at from tables.change e
           where e.row_id = c.row_id and e.subscriber = c.subscriber and e.number < c.number order by e.number limit 1) h on true
       where c.number = any(${page.numbers}::bigint[]) and c.parked_at is null order by c.number`
  return tx<WaitingChange>`
    select c.number, c.subscriber, c.table_name as "table", c.row_id as "rowId", c.operation, c.columns, c.captured_at as "capturedAt",
           nullif(c.due_at, 'infinity') as "dueAt", c.due_at <= clock_timestamp() as "isDue", c.attempt, c.reason_code as code, c.reason, c.actor,
           h.number as behind, h.parked_at is not null as "isBehindParked"
      from (
        select w.* from unnest(${page.subscribers}::text[]) as s(name)
         cross join lateral (
           select * from tables.change x where x.subscriber = s.name and x.parked_at is null and x.number > ${page.after}
            order by x.number limit ${page.rowsMax}) w
         order by w.number limit ${page.rowsMax}) c
      left join lateral (
        select e.number, e.parked_at from tables.change e
         where e.row_id = c.row_id and e.subscriber = c.subscriber and e.number < c.number order by e.number limit 1) h on true
     order by c.number`
}

/** Those that back off or wait for another row are due at once. Answers their numbers. */
export async function makeDue(tx: Tx, which: { subscribers: readonly string[]; numbers: readonly number[] }): Promise<number[]> {
  const rows = await tx<{ number: number }>`
    update tables.change set due_at = clock_timestamp()
     where number = any(${which.numbers}::bigint[]) and subscriber = any(${which.subscribers}::text[]) and parked_at is null
       and reason_code is not null and reason_code <> 'dual_write.paused' and due_at > clock_timestamp() and due_at < 'infinity'
    returning number`
  return rows.map((row) => row.number)
}

/** A change of a row, as one must know it to give one of them up. */
export type RowChange = {
  number: number
  subscriber: string
  rowId: RowId
  operation: 'create' | 'update' | 'delete'
  columns: string[]
  before: Readonly<Record<string, string | null>> | null
  attempt: number
  code: string | null
  reason: string | null
  isParked: boolean
  isUnderWay: boolean
}

/** All changes of the rows that wait for the subscriber, in order and held: nobody takes one before the transaction ends. */
export function lockChangesOfRows(tx: Tx, subscriber: string, rowIds: readonly RowId[]): Promise<RowChange[]> {
  return tx<RowChange>`
    select number, subscriber, row_id as "rowId", operation, columns, before, attempt, reason_code as code, reason,
           parked_at is not null as "isParked",
           parked_at is null and attempt > 0 and reason_code is null and due_at > clock_timestamp() and due_at < 'infinity' as "isUnderWay"
      from tables.change where subscriber = ${subscriber} and row_id = any(${rowIds}::uuid[]) order by number for update`
}

/** What a change must know of those before it which are given up: the values that they began with, and that they may have arrived. */
export async function inheritFrom(
  tx: Tx,
  heirs: readonly { number: number; before: Readonly<Record<string, string | null>>; attempt: number }[],
): Promise<void> {
  if (heirs.length === 0) return
  await tx`
    update tables.change c set before = c.before || v.before::jsonb, attempt = greatest(c.attempt, v.attempt)
      from unnest(${heirs.map((one) => one.number)}::bigint[], ${heirs.map((one) => JSON.stringify(one.before))}::text[],
                  ${heirs.map((one) => one.attempt)}::int[]) as v(number, before, attempt)
     where c.number = v.number`
}

export async function deleteChanges(tx: Tx, numbers: readonly number[]): Promise<void> {
  await tx`delete from tables.change where number = any(${numbers}::bigint[])`
}

import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

/**
 * How many changes were parked since then, of one subscriber or all: counted no further than `countMax`. In their order, so that those that
 * were parked before are not read.
 */
export async function countParkedSince(
  tx: Tx,
  of: { subscriber: string | null; windowMinutes: number; countMax: number },
): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count from (
      select 1 from tables.change
       where parked_at is not null and parked_at > (select clock_timestamp() - make_interval(mins => ${of.windowMinutes}::int))
         and (${of.subscriber}::text is null or subscriber = ${of.subscriber})
       order by parked_at desc limit ${of.countMax}) parked`
  return row?.count ?? 0
}

/**
 * How many changes are tried again and again for one of these reasons, or for any: of each counted no further than `countMax`. From one reason
 * to the next, so that those which are not asked for are not read.
 */
export async function countFailing(
  tx: Tx,
  of: { subscriber: string | null; codes: readonly string[] | null; without: readonly string[]; countMax: number },
): Promise<number> {
  const [row] = await tx<{ count: number }>`
    with recursive cause as (
      (select subscriber, reason_code from tables.change where parked_at is null and reason_code is not null
        order by subscriber, reason_code limit 1)
      union all
      select n.subscriber, n.reason_code from cause k
       cross join lateral (
         select c.subscriber, c.reason_code from tables.change c
          where c.parked_at is null and c.reason_code is not null and (c.subscriber, c.reason_code) > (k.subscriber, k.reason_code)
          order by c.subscriber, c.reason_code limit 1) n
    )
    select coalesce(sum(f.count), 0)::int as count from cause k
     cross join lateral (
       select count(*) as count from (
         select 1 from tables.change c where c.parked_at is null and c.subscriber = k.subscriber and c.reason_code = k.reason_code
          limit ${of.countMax}) failing) f
     where (${of.subscriber}::text is null or k.subscriber = ${of.subscriber})
       and (${of.codes}::text[] is null or k.reason_code = any(${of.codes}::text[])) and not (k.reason_code = any(${of.without}::text[]))`
  return row?.count ?? 0
}

export type WaitingChange = {
  number: number
  operation: string
  columns: string[]
  capturedAt: string
  actor: string | null
  attempt: number
  parked: boolean
  code: string | null
  reason: string | null
  waitsFor: RowId | null
}

/** The changes of one row that wait for one subscriber, oldest first. */
export function listChangesOfRow(tx: Tx, of: { subscriber: string; rowId: RowId; rowsMax: number }): Promise<WaitingChange[]> {
  return tx<WaitingChange>`
    select number, operation, columns, captured_at as "capturedAt", actor, attempt, parked_at is not null as parked, reason_code as code,
           reason, waits_for as "waitsFor"
      from tables.change where row_id = ${of.rowId}::uuid and subscriber = ${of.subscriber} order by number limit ${of.rowsMax}`
}

import type { JsonObject } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { ExplainStep } from './facets-rows.ts'

export type TraceEntry = {
  map: string
  rowId: RowId | null
  remoteKey: string | null
  step: ExplainStep
  text: string
  details: JsonObject
}

/** In the transaction that settles what they tell of: one statement, however many. */
export async function insertTrace(tx: Tx, entries: readonly TraceEntry[]): Promise<void> {
  if (entries.length === 0) return
  await tx`
    insert into dual_write.trace (map, row_id, remote_key, step, text, details)
    select * from unnest(${entries.map((one) => one.map)}::text[], ${entries.map((one) => one.rowId)}::uuid[],
                         ${entries.map((one) => one.remoteKey)}::text[], ${entries.map((one) => one.step)}::text[],
                         ${entries.map((one) => one.text)}::text[], ${entries.map((one) => JSON.stringify(one.details))}::text[]::jsonb[])`
}

export type TracedStep = TraceEntry & { at: string }

/** What is remembered of a row and of the record that it is linked to, newest first. */
export function listTrace(
  tx: Tx,
  of: { map: string; rowId: RowId | null; remoteKey: string | null; until: string | null; rowsMax: number },
): Promise<TracedStep[]> {
  return tx<TracedStep>`
    select map, row_id as "rowId", remote_key as "remoteKey", step, text, details, at from (
      select * from dual_write.trace where row_id = ${of.rowId}::uuid and map = ${of.map}
      union
      select * from dual_write.trace where map = ${of.map} and remote_key = ${of.remoteKey}) t
     where (${of.until}::timestamptz is null or at <= ${of.until}::timestamptz)
     order by id desc limit ${of.rowsMax}`
}

/** Forgets what is older than so many days, at most `entriesMax` at once. Answers how many. */
export async function forgetTrace(tx: Tx, sweep: { days: number; entriesMax: number }): Promise<number> {
  const rows = await tx`
    delete from dual_write.trace
     where id in (select id from dual_write.trace order by id limit ${sweep.entriesMax})
       and at < clock_timestamp() - make_interval(days => ${sweep.days}::int)
    returning 1 as one`
  return rows.length
}

/** Which maps know the row: by a link, by a change that waits, or by something that became of it. */
export async function listMapsOfRow(tx: Tx, rowId: RowId): Promise<string[]> {
  const rows = await tx<{ map: string }>`
    select map from dual_write.row_link where row_id = ${rowId}::uuid
    union select map from dual_write.trace where row_id = ${rowId}::uuid`
  return rows.map((row) => row.map)
}

export type WaitingRecord = {
  receivedAt: string
  attempt: number
  code: string | null
  reason: string | null
  parkedAt: string | null
}

/** The record's own notice, where one waits. */
export async function findWaitingRecord(tx: Tx, map: string, remoteKey: string): Promise<WaitingRecord | undefined> {
  const [row] = await tx<WaitingRecord>`
    select received_at as "receivedAt", attempt, reason_code as code, reason, parked_at as "parkedAt"
      from dual_write.remote_change where map = ${map} and remote_key = ${remoteKey}`
  return row
}

import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

/**
 * Queues rows for a subscriber though nobody has edited them: without `columns` as created, with them as edited there. The caller holds
 * the rows' locks, so that the order of their numbers stays the order of their edits. A row of which something waits already is left out
 * where the whole of it was asked for. Counts as a second attempt: what an earlier one may have brought is looked for first.
 */
export async function queueChanges(
  tx: Tx,
  subscriber: string,
  table: string,
  rows: readonly { rowId: RowId; columns: readonly string[] | null }[],
  all: readonly string[] = [],
): Promise<number> {
  if (rows.length === 0) return 0
  const queued = await tx`
    with put as (
    insert into tables.change (subscriber, table_name, row_id, operation, columns, before, attempt, actor)
    select ${subscriber}, ${table}, v.row_id, case when v.columns is null then 'create' else 'update' end,
           coalesce(string_to_array(v.columns, ' '), ${all}::text[]), case when v.columns is null then null else '{}'::jsonb end, 1,
           nullif(current_setting('comptoir.actor', true), '')
      from unnest(${rows.map((one) => one.rowId)}::uuid[], ${rows.map((one) => one.columns?.join(' ') ?? null)}::text[]) as v(row_id, columns)
     where v.columns is not null
        or not exists (select 1 from tables.change c where c.subscriber = ${subscriber} and c.row_id = v.row_id)
    returning row_id)
    select row_id, case when row_number() over () = 1 then pg_notify('comptoir_changes', ${table}) end from put`
  return queued.length
}

export type QueuedChange = { rowId: RowId; number: number; isParked: boolean; code: string; reason: string }

/** The oldest change of each of these rows that waits for the subscriber. */
export function findQueued(tx: Tx, subscriber: string, rowIds: readonly RowId[]): Promise<QueuedChange[]> {
  return tx<QueuedChange>`
    select distinct on (row_id) row_id as "rowId", number, parked_at is not null as "isParked", coalesce(reason_code, '') as code,
           coalesce(reason, '') as reason
      from tables.change where subscriber = ${subscriber} and row_id = any(${rowIds}::uuid[]) order by row_id, number`
}

/** Rows with a change that somebody works on, or has worked on: few, as many as are worked on at once and those that back off. */
export async function listClaimedRows(tx: Tx, subscriber: string): Promise<RowId[]> {
  const rows = await tx<{ rowId: RowId }>`
    select distinct row_id as "rowId" from tables.change where subscriber = ${subscriber} and attempt > 0 and parked_at is null`
  return rows.map((row) => row.rowId)
}

/** Gives up what waits of one row for the subscriber: somebody has decided for the other side's values. Answers how many changes. */
export async function discardChangesOfRow(tx: Tx, subscriber: string, rowId: RowId): Promise<number> {
  const rows = await tx`delete from tables.change where subscriber = ${subscriber} and row_id = ${rowId}::uuid returning 1 as one`
  return rows.length
}

/** Gives up what waits for a person of a row that is gone; what came after it ends by itself. */
export async function discardParkedOfRow(tx: Tx, subscriber: string, rowId: RowId): Promise<void> {
  await tx`delete from tables.change where subscriber = ${subscriber} and row_id = ${rowId}::uuid and parked_at is not null`
}

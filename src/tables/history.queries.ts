import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

/**
 * One thing that happened to a row. Values are text by column, as PostgreSQL writes them in JSON: of an update those that changed, of a
 * deletion all before it, of a creation what was given. Nothing is masked: for administrators, never for visitors.
 */
export type RowHistoryEntry = {
  number: number
  table: string
  rowId: RowId
  /** The row's version afterwards; of a deletion the last one. */
  version: number
  operation: 'create' | 'update' | 'delete'
  before: Readonly<Record<string, string | null>> | null
  after: Readonly<Record<string, string | null>> | null
  /** A contact, a service account, 'anonymous', or null: a program of ours. */
  actor: string | null
  /** The table map that wrote it. */
  origin: string | null
  surface: string | null
  transactionId: number
  at: string
}

/** Says through which door the writes of this transaction come: 'studio', 'import'. Not behind the wall. */
export async function setSurface(tx: Tx, surface: string): Promise<void> {
  await tx`select set_config('comptoir.surface', ${surface}, true)`
}

/** What happened to one row, newest first. */
export function listRowHistory(
  tx: Tx,
  page: { table: string; rowId: RowId; before: number | null; rowsMax: number },
): Promise<RowHistoryEntry[]> {
  return tx<RowHistoryEntry>`
    select number, table_name as "table", row_id as "rowId", version, operation, before, after, actor, origin, surface,
           transaction_id as "transactionId", at
      from tables.row_history
     where row_id = ${page.rowId}::uuid and table_name = ${page.table}
       and (${page.before}::bigint is null or number < ${page.before}::bigint)
     order by number desc
     limit ${page.rowsMax}`
}

/** The deletion that ended a row, newest; undefined where none is remembered. */
export async function findDeletion(tx: Tx, table: string, rowId: RowId): Promise<RowHistoryEntry | undefined> {
  const [newest] = await listRowHistory(tx, { table, rowId, before: null, rowsMax: 1 })
  return newest?.operation === 'delete' ? newest : undefined
}

/** Everything that one transaction did to rows, in the opposite order: as it has to be taken back. */
export function listTransaction(tx: Tx, transactionId: number, rowsMax: number): Promise<RowHistoryEntry[]> {
  return tx<RowHistoryEntry>`
    select number, table_name as "table", row_id as "rowId", version, operation, before, after, actor, origin, surface,
           transaction_id as "transactionId", at
      from tables.row_history
     where transaction_id = ${transactionId}::bigint
     order by number desc
     limit ${rowsMax}`
}

/**
 * Forgets what is older than this, the oldest first and at most `entriesMax` of them. Answers how many: fewer than that were all. Entries
 * stand in the order of their time, but for those of transactions that were open at once, so that no index is needed.
 */
export async function forgetHistory(tx: Tx, sweep: { days: number; entriesMax: number }): Promise<number> {
  const rows = await tx`
    delete from tables.row_history
     where number in (select number from tables.row_history order by number limit ${sweep.entriesMax})
       and at < clock_timestamp() - make_interval(days => ${sweep.days}::int)
    returning 1 as one`
  return rows.length
}

import type { Tx } from '#postgres/database.ts'
import { identifier, quoteLiteral, sql, trustedSql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'
import type { RowId } from './rows.queries.ts'

/**
 * Following the changes of a table. A follower remembers a snapshot (`readSnapshot`) and later asks for what it did not show
 * (`listTrackedChanges`). Version numbers would not do: one is taken before its transaction commits, so a reader who remembers the highest
 * loses the rows of transactions that are still open.
 */
export type TrackedChange = { rowId: RowId; isDeleted: boolean }

/** Deletions are remembered this long, and a little longer. */
export const TRACKED_DAYS = 7

/**
 * From the end of this transaction on, changes of the table are noted. It waits for those who are writing to the table just now, so that
 * no transaction is in the middle of it. Forgets deletions that are too old to be asked for.
 */
export async function trackTable(tx: Tx, table: TableDefinition): Promise<void> {
  await tx`
    delete from tables.tracked_change
     where table_name = ${table.name} and is_deleted and changed_at < now() - make_interval(days => ${TRACKED_DAYS + 1}::int)`
  const [found] = await tx<{ one: number }>`
    select 1 as one from pg_trigger where tgname = 'track' and tgrelid = to_regclass(${`tables.${table.name}`}::text)`
  if (found !== undefined) return
  await tx.run(sql`
    create or replace trigger track after insert or update or delete on ${identifier('tables', table.name)}
      for each row execute function tables.track_change(${trustedSql(quoteLiteral(table.idColumn))})`)
}

/** What this transaction sees, as text to remember. */
export async function readSnapshot(tx: Tx): Promise<string> {
  const [row] = await tx<{ snapshot: string }>`select pg_current_snapshot()::text as snapshot`
  return row?.snapshot ?? ''
}

/** Whether a remembered snapshot can be of this database: one of the future is of another. */
export async function knowsSnapshot(tx: Tx, snapshot: string): Promise<boolean> {
  const [row] = await tx<{ known: boolean }>`
    select pg_snapshot_xmax(${snapshot}::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as known`
  return row?.known === true
}

/** Rows that changed after the snapshot, those that still exist first, each by id. `after` is the last one of the page before. */
export async function listTrackedChanges(
  tx: Tx,
  page: { table: string; since: string; after: TrackedChange | undefined; rowsMax: number },
): Promise<TrackedChange[]> {
  const { after } = page
  return tx<TrackedChange>`
    select row_id as "rowId", is_deleted as "isDeleted"
      from tables.tracked_change
     where table_name = ${page.table}
       and transaction_id >= pg_snapshot_xmin(${page.since}::pg_snapshot)
       and not pg_visible_in_snapshot(transaction_id, ${page.since}::pg_snapshot)
       and (${after?.rowId ?? null}::uuid is null or (is_deleted, row_id) > (${after?.isDeleted ?? false}::boolean, ${after?.rowId ?? null}::uuid))
     order by is_deleted, row_id
     limit ${page.rowsMax}`
}

export async function countTrackedChanges(tx: Tx, count: { table: string; since: string; rowsMax: number }): Promise<number> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count
      from (select 1 from tables.tracked_change
             where table_name = ${count.table}
               and transaction_id >= pg_snapshot_xmin(${count.since}::pg_snapshot)
               and not pg_visible_in_snapshot(transaction_id, ${count.since}::pg_snapshot)
             limit ${count.rowsMax}) as counted`
  return row?.count ?? 0
}

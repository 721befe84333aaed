import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { LostValue } from './facets-rows.ts'

export type NewConflict = Omit<LostValue, 'id' | 'at' | 'takenAt'>

/** Keeps values that lost against the other side's. */
export async function insertConflicts(tx: Tx, conflicts: readonly NewConflict[]): Promise<void> {
  if (conflicts.length === 0) return
  await tx`
    insert into dual_write.conflict (map, row_id, column_name, winner, rule, kept, lost)
    select * from unnest(${conflicts.map((one) => one.map)}::text[], ${conflicts.map((one) => one.rowId)}::uuid[],
                         ${conflicts.map((one) => one.column)}::text[], ${conflicts.map((one) => one.winner)}::text[],
                         ${conflicts.map((one) => one.rule)}::text[], ${conflicts.map((one) => one.kept)}::text[],
                         ${conflicts.map((one) => one.lost)}::text[])`
}

/** Values that lost, the newest first. */
export function listLostValues(
  tx: Tx,
  page: { map: string | null; rowId: RowId | null; before: number | null; rowsMax: number },
): Promise<LostValue[]> {
  return tx<LostValue>`
    select id, at, map, row_id as "rowId", column_name as column, winner, rule, kept, lost, taken_at as "takenAt" from dual_write.conflict
     where (${page.map}::text is null or map = ${page.map}) and (${page.rowId}::uuid is null or row_id = ${page.rowId}::uuid)
       and (${page.before}::bigint is null or id < ${page.before})
     order by id desc limit ${page.rowsMax}`
}

export async function findLostValue(tx: Tx, id: number): Promise<LostValue | undefined> {
  const [row] = await tx<LostValue>`
    select id, at, map, row_id as "rowId", column_name as column, winner, rule, kept, lost, taken_at as "takenAt" from dual_write.conflict where id = ${id}`
  return row
}

/** Somebody has written the value that lost. */
export async function setTaken(tx: Tx, id: number): Promise<void> {
  await tx`update dual_write.conflict set taken_at = clock_timestamp() where id = ${id}`
}

export type ErpChange = { rowId: RowId; column: string; sent: string | null; became: string | null; at: string }

/** What the ERP made of values that the portal had sent: the last word for each column. */
export async function putErpChanges(
  tx: Tx,
  map: string,
  changes: readonly Pick<ErpChange, 'rowId' | 'column' | 'sent' | 'became'>[],
): Promise<void> {
  if (changes.length === 0) return
  await tx`
    insert into dual_write.erp_change (row_id, map, column_name, sent, became)
    select v.row_id, ${map}, v.column_name, v.sent, v.became
      from unnest(${changes.map((one) => one.rowId)}::uuid[], ${changes.map((one) => one.column)}::text[],
                  ${changes.map((one) => one.sent)}::text[], ${changes.map((one) => one.became)}::text[]) as v(row_id, column_name, sent, became)
    on conflict (row_id, map, column_name) do update
       set sent = coalesce(dual_write.erp_change.sent, excluded.sent), became = excluded.became, at = clock_timestamp()`
}

/** The portal has sent these columns anew. */
export async function deleteErpChanges(tx: Tx, map: string, sent: readonly { rowId: RowId; column: string }[]): Promise<void> {
  if (sent.length === 0) return
  await tx`
    delete from dual_write.erp_change e
     using unnest(${sent.map((one) => one.rowId)}::uuid[], ${sent.map((one) => one.column)}::text[]) as v(row_id, column_name)
     where e.row_id = v.row_id and e.map = ${map} and e.column_name = v.column_name`
}

export function listErpChanges(tx: Tx, table: string, rowIds: readonly RowId[]): Promise<ErpChange[]> {
  return tx<ErpChange>`
    select e.row_id as "rowId", e.column_name as column, e.sent, e.became, e.at
      from dual_write.erp_change e join dual_write.map m on m.name = e.map
     where e.row_id = any(${rowIds}::uuid[]) and m.table_name = ${table} order by e.at, e.column_name`
}

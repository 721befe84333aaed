import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** A lookup that stays empty until the row with `key` exists. `key` joins the target's key values by U+001F. */
export type DeferredLookup = { map: string; rowId: RowId; column: string; targetTable: string; key: string }

export async function putDeferred(tx: Tx, lookups: readonly DeferredLookup[]): Promise<void> {
  if (lookups.length === 0) return
  await tx`
    insert into dual_write.deferred_lookup (map, row_id, column_name, target_table, key)
    select * from unnest(${lookups.map((one) => one.map)}::text[], ${lookups.map((one) => one.rowId)}::uuid[],
                         ${lookups.map((one) => one.column)}::text[], ${lookups.map((one) => one.targetTable)}::text[],
                         ${lookups.map((one) => one.key)}::text[])
    on conflict (map, row_id, column_name) do update set target_table = excluded.target_table, key = excluded.key`
}

/** Lookups that wait for one of these keys. */
export function findDeferred(tx: Tx, targetTable: string, keys: readonly string[]): Promise<DeferredLookup[]> {
  return tx<DeferredLookup>`
    select map, row_id as "rowId", column_name as column, target_table as "targetTable", key
      from dual_write.deferred_lookup where target_table = ${targetTable} and key = any(${keys}::text[])`
}

/** Open lookups of a map's rows, and of others' into its table, in the order of `after`. */
export function listDeferred(
  tx: Tx,
  page: { map: string; table: string; after: Pick<DeferredLookup, 'map' | 'rowId' | 'column'> | null; rowsMax: number },
): Promise<DeferredLookup[]> {
  const after = page.after
  return tx<DeferredLookup>`
    select map, row_id as "rowId", column_name as column, target_table as "targetTable", key from dual_write.deferred_lookup
     where (map = ${page.map} or target_table = ${page.table})
       and (${after?.map ?? null}::text is null
            or (map, row_id, column_name) > (${after?.map ?? null}, ${after?.rowId ?? null}::uuid, ${after?.column ?? null}))
     order by map, row_id, column_name limit ${page.rowsMax}`
}

export async function deleteDeferred(tx: Tx, map: string, rowIds: readonly RowId[]): Promise<void> {
  if (rowIds.length === 0) return
  await tx`delete from dual_write.deferred_lookup where map = ${map} and row_id = any(${rowIds}::uuid[])`
}

export async function deleteDeferredColumns(tx: Tx, lookups: readonly DeferredLookup[]): Promise<void> {
  await tx`
    delete from dual_write.deferred_lookup d
     using unnest(${lookups.map((one) => one.map)}::text[], ${lookups.map((one) => one.rowId)}::uuid[], ${lookups.map((one) => one.column)}::text[])
           as v(map, row_id, column_name)
     where d.map = v.map and d.row_id = v.row_id and d.column_name = v.column_name`
}

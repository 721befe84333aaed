import type { Tx } from '#postgres/database.ts'
import { type Sql, sql } from '#postgres/sql.ts'
import type { RowId } from './rows.queries.ts'
import type { ViewQuery } from './view.ts'

export type StoredView = {
  id: RowId
  table: string
  name: string
  ownerId: RowId
  isShared: boolean
  query: ViewQuery
  widths: Readonly<Record<string, number>>
}

/** The views that a person made, and those that others share, by name; of one table, or of all. */
export function listStoredViews(
  tx: Tx,
  list: { table: string | undefined; ownerId: RowId; rowsMax: number },
): Promise<StoredView[]> {
  const { table = null } = list
  return tx<StoredView>`
    select ${COLUMNS} from tables.saved_view
     where (${table}::text is null or table_name = ${table}) and (owner_id = ${list.ownerId}::uuid or is_shared)
     order by table_name, lower(name), view_id
     limit ${list.rowsMax}`
}

export async function findStoredView(tx: Tx, id: RowId, personId: RowId): Promise<StoredView | undefined> {
  const [view] = await tx<StoredView>`
    select ${COLUMNS} from tables.saved_view
     where view_id = ${id}::uuid and (owner_id = ${personId}::uuid or is_shared)`
  return view
}

/** Whose views a person may change: one's own, or also those that are shared. */
export type ViewEditor = { personId: RowId; maySharedOfOthers: boolean }

/** Makes the view, or changes the one with this id where the person may; it stays its owner's. Answers whether that could be done. */
export async function putStoredView(tx: Tx, view: StoredView, editor: ViewEditor): Promise<boolean> {
  const rows = await tx`
    insert into tables.saved_view as v (view_id, table_name, name, owner_id, is_shared, query, widths)
    values (${view.id}::uuid, ${view.table}, ${view.name}, ${view.ownerId}::uuid, ${view.isShared}, ${JSON.stringify(view.query)}::jsonb,
      ${JSON.stringify(view.widths)}::jsonb)
    on conflict (view_id) do update
       set name = excluded.name, is_shared = excluded.is_shared, query = excluded.query, widths = excluded.widths,
           modified_at = clock_timestamp()
     where v.table_name = excluded.table_name
       and (v.owner_id = ${editor.personId}::uuid or (v.is_shared and excluded.is_shared and ${editor.maySharedOfOthers}::boolean))
    returning 1 as one`
  return rows.length === 1
}

/** Answers whether there was a view that the person may remove. */
export async function deleteStoredView(tx: Tx, id: RowId, editor: ViewEditor): Promise<boolean> {
  const rows = await tx`
    delete from tables.saved_view
     where view_id = ${id}::uuid and (owner_id = ${editor.personId}::uuid or (is_shared and ${editor.maySharedOfOthers}::boolean))
    returning 1 as one`
  return rows.length === 1
}

const COLUMNS: Sql = sql`view_id as id, table_name as "table", name, owner_id as "ownerId", is_shared as "isShared", query, widths`

import type { Tx } from '#postgres/database.ts'
import type { RowId } from './rows.queries.ts'

export type StoredView = {
  id: RowId
  table: string
  name: string
  ownerId: RowId
  shared: boolean
  fetch: string
  widths: Readonly<Record<string, number>>
}

const VIEWS_MAX = 200

/** A person's own views of a table and those that others share, by name. */
export function listStoredViews(tx: Tx, table: string, personId: RowId): Promise<StoredView[]> {
  return tx<StoredView>`
    select id, table_name as "table", name, owner_id as "ownerId", shared, query as "fetch", widths
      from tables.fetch_view
     where table_name = ${table} and (owner_id = ${personId}::uuid or shared)
     order by lower(name), id
     limit ${VIEWS_MAX}`
}

export async function findStoredView(tx: Tx, id: RowId, personId: RowId): Promise<StoredView | undefined> {
  const [view] = await tx<StoredView>`
    select id, table_name as "table", name, owner_id as "ownerId", shared, query as "fetch", widths
      from tables.fetch_view
     where id = ${id}::uuid and (owner_id = ${personId}::uuid or shared)`
  return view
}

/** Makes the view, or changes the one with this id that the same person owns. Answers whether that could be done. */
export async function putStoredView(tx: Tx, view: StoredView): Promise<boolean> {
  const rows = await tx`
    insert into tables.fetch_view (id, table_name, name, owner_id, shared, query, widths)
    values (${view.id}::uuid, ${view.table}, ${view.name}, ${view.ownerId}::uuid, ${view.shared}, ${view.fetch}, ${JSON.stringify(view.widths)}::jsonb)
    on conflict (id) do update
       set table_name = excluded.table_name, name = excluded.name, shared = excluded.shared, query = excluded.query, widths = excluded.widths, changed_at = now()
     where tables.fetch_view.owner_id = excluded.owner_id
    returning 1 as one`
  return rows.length === 1
}

/** Only its owner removes a view. Answers whether it was there. */
export async function deleteStoredView(tx: Tx, id: RowId, personId: RowId): Promise<boolean> {
  const rows = await tx`delete from tables.fetch_view where id = ${id}::uuid and owner_id = ${personId}::uuid returning 1 as one`
  return rows.length === 1
}

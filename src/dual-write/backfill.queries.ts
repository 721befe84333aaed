import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { MapShape } from './map-shape.ts'
import type { TableMapState } from './map-state.ts'

export type ShapeOfMap = { state: TableMapState; version: string; shape: MapShape | null }

export async function listShapes(tx: Tx): Promise<Map<string, ShapeOfMap>> {
  const rows = await tx<ShapeOfMap & { name: string }>`select name, state, version, shape from dual_write.map`
  return new Map(rows.map((row) => [row.name, row]))
}

export async function setShape(
  tx: Tx,
  map: { name: string; version: string; table: string; entity: string },
  shape: MapShape,
): Promise<void> {
  await tx`
    update dual_write.map
       set version = ${map.version}, table_name = ${map.table}, entity = ${map.entity}, shape = ${JSON.stringify(shape)}::jsonb
     where name = ${map.name}`
}

/** Of these maps whether one is active in another shape than the one given here. */
export async function isOneReshaped(tx: Tx, shapes: readonly { map: string; hash: string }[]): Promise<boolean> {
  const rows = await tx`
    select 1 as one from unnest(${shapes.map((one) => one.map)}::text[], ${shapes.map((one) => one.hash)}::text[]) as v(name, hash)
      join dual_write.map m on m.name = v.name where m.shape ->> 'hash' <> v.hash limit 1`
  return rows.length > 0
}

export type Backfill = {
  map: string
  revision: number
  /** The version of the map that carries over, by its shape. */
  shape: string | null
  toPortal: boolean
  toErp: string[]
  enteringErp: boolean
  enteringPortal: boolean
  step: BackfillStep
  after: string
}

export type BackfillStep = 'begin' | 'columns' | 'rows' | 'records' | 'sweep'

/** What an earlier version still had to carry over is carried by this one. */
export async function putBackfill(tx: Tx, backfill: Omit<Backfill, 'revision' | 'shape' | 'step' | 'after'>): Promise<void> {
  await tx`
    insert into dual_write.backfill as b (map, to_portal, to_erp, entering_erp, entering_portal)
    values (${backfill.map}, ${backfill.toPortal}, ${backfill.toErp}::text[], ${backfill.enteringErp}, ${backfill.enteringPortal})
    on conflict (map) do update
       set revision = b.revision + 1, step = 'begin', after = '', to_portal = b.to_portal or excluded.to_portal,
           to_erp = (select coalesce(array_agg(distinct k), '{}') from unnest(b.to_erp || excluded.to_erp) k),
           entering_erp = b.entering_erp or excluded.entering_erp, entering_portal = b.entering_portal or excluded.entering_portal`
}

export function listBackfills(tx: Tx): Promise<Backfill[]> {
  return tx<Backfill>`
    select b.map, b.revision, m.shape ->> 'hash' as shape, b.to_portal as "toPortal", b.to_erp as "toErp", b.entering_erp as "enteringErp",
           b.entering_portal as "enteringPortal", b.step, b.after
      from dual_write.backfill b join dual_write.map m on m.name = b.map order by b.map`
}

/** False when a newer version of the map has begun it anew. */
export async function advanceBackfill(
  tx: Tx,
  at: { map: string; revision: number },
  to: { step: BackfillStep; after: string },
): Promise<boolean> {
  const rows = await tx`
    update dual_write.backfill set step = ${to.step}, after = ${to.after}
     where map = ${at.map} and revision = ${at.revision} returning 1 as one`
  return rows.length > 0
}

export async function endBackfill(tx: Tx, at: { map: string; revision: number }): Promise<void> {
  await tx`delete from dual_write.backfill where map = ${at.map} and revision = ${at.revision}`
}

export async function deleteBackfill(tx: Tx, map: string): Promise<void> {
  await tx`delete from dual_write.backfill where map = ${map}`
}

/** Records that are being read or applied with an earlier version of the map: they are read once more. */
export async function readClaimedAgain(tx: Tx, map: string): Promise<void> {
  await tx`
    update dual_write.remote_change set generation = generation + 1 where map = ${map} and parked_at is null and attempt > 0`
}

/** Both sides no longer know what they agreed on in these columns, which are mapped in another way now. */
export async function forgetAgreed(tx: Tx, map: string, rowIds: readonly RowId[], columns: readonly string[]): Promise<void> {
  await tx`
    update dual_write.row_link set agreed = agreed - ${columns}::text[]
     where map = ${map} and row_id = any(${rowIds}::uuid[]) and agreed ?| ${columns}::text[]`
}

export function listLinkPage(
  tx: Tx,
  page: { map: string; after: string; rowsMax: number },
): Promise<{ remoteKey: string; rowId: RowId }[]> {
  return tx<{ remoteKey: string; rowId: RowId }>`
    select remote_key as "remoteKey", row_id as "rowId" from dual_write.row_link
     where map = ${page.map} and remote_key > ${page.after} order by remote_key limit ${page.rowsMax}`
}

/** Whether so many records of the map are due already: what is carried over does not stand in front of what happens now. */
export async function isRecordQueueLong(tx: Tx, map: string, rows: number): Promise<boolean> {
  const [row] = await tx<{ count: number }>`
    select count(*)::int as count from (
      select 1 from dual_write.remote_change where map = ${map} and parked_at is null and due_at <= (select clock_timestamp()) order by due_at limit ${rows}) due`
  return (row?.count ?? 0) >= rows
}

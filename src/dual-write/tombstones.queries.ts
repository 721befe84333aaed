import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** What is remembered of records that are gone, or outside a map's filter. */
export type Tombstone = {
  remoteKey: string
  /** The row that stays here without its record. */
  rowId: RowId | null
  kind: 'gone' | 'left'
}

/** Records without a row that stays are remembered that long: no page takes so long. */
const DAYS_KEPT = 2
const FORGOTTEN_AT_ONCE_MAX = 1_000

export async function putTombstones(tx: Tx, map: string, tombstones: readonly Tombstone[]): Promise<void> {
  if (tombstones.length === 0) return
  await tx`
    insert into dual_write.tombstone (map, remote_key, row_id, kind)
    select ${map}, v.remote_key, v.row_id, v.kind
      from unnest(${tombstones.map((one) => one.remoteKey)}::text[], ${tombstones.map((one) => one.rowId)}::uuid[],
                  ${tombstones.map((one) => one.kind)}::text[]) as v(remote_key, row_id, kind)`
  await tx`
    delete from dual_write.tombstone where number in (
      select number from dual_write.tombstone
       where row_id is null and at < (select clock_timestamp() - make_interval(days => ${DAYS_KEPT}::int))
       order by at limit ${FORGOTTEN_AT_ONCE_MAX} for update skip locked)`
}

/** Of these records those that were found gone after `revision` (see `lastRevision` of the links). */
export async function listGoneSince(tx: Tx, map: string, keys: readonly string[], revision: number): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const rows = await tx<{ key: string }>`
    select distinct remote_key as key from dual_write.tombstone
     where map = ${map} and remote_key = any(${keys}::text[]) and number > ${revision}`
  return new Set(rows.map((row) => row.key))
}

/** Of these records those that were found gone, or are being looked at: their rows may have been unknown then. */
export async function listLookedAt(tx: Tx, map: string, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const rows = await tx<{ key: string }>`
    select k as key from unnest(${keys}::text[]) k
     where exists (select 1 from dual_write.tombstone t where t.map = ${map} and t.remote_key = k)
        or exists (select 1 from dual_write.remote_change c where c.map = ${map} and c.remote_key = k)`
  return rows.map((row) => row.key)
}

/** Why rows have no record any more: the last word for each. */
export async function findTombstonesOfRows(
  tx: Tx,
  map: string,
  rowIds: readonly RowId[],
): Promise<Map<RowId, Tombstone['kind']>> {
  if (rowIds.length === 0) return new Map()
  const rows = await tx<{ rowId: RowId; kind: Tombstone['kind'] }>`
    select distinct on (row_id) row_id as "rowId", kind from dual_write.tombstone
     where row_id = any(${rowIds}::uuid[]) and map = ${map} order by row_id, number desc`
  return new Map(rows.map((row) => [row.rowId, row.kind]))
}

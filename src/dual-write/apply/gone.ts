import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { deleteRow, type RowId, setOrigin, updateRow } from '#tables/rows.queries.ts'
import { type Core, childrenOf } from '../core.ts'
import { deleteLinks, findLinksByKey } from '../links.queries.ts'
import type { TableMap } from '../table-map.ts'
import { listChildren } from './children.ts'

const INACTIVE = { statecode: 1, statuscode: 2 }

/** Records that no longer exist, or have left the map's filter: their rows follow the map's policy. Answers the rows. */
export async function applyGone(
  core: Core,
  tx: Tx,
  map: TableMap,
  keys: readonly string[],
  options: { quiet: boolean },
): Promise<RowId[]> {
  if (keys.length === 0 || map.rows !== 'own') return []
  const links = await findLinksByKey(tx, map.name, keys, true)
  const rowIds = [...links.values()].map((link) => link.rowId)
  if (rowIds.length === 0) return []
  if (map.deletes.toPortal === 'propagate') {
    for (const id of rowIds) await deleteWithChildren(core, tx, map, id, options)
    core.index.forget()
  }
  if (map.deletes.toPortal === 'mark') {
    await setOrigin(tx, map.name, options)
    for (const id of rowIds) await updateRow(tx, map.table, id, INACTIVE, { predicate: engineRows })
  }
  await deleteLinks(tx, map.name, rowIds)
  return rowIds
}

/** Children go first and under their own map's name: a cascade would be captured as an edit to be sent. */
async function deleteWithChildren(core: Core, tx: Tx, map: TableMap, id: RowId, options: { quiet: boolean }): Promise<void> {
  for (const child of childrenOf(core, map)) {
    const children = await listChildren(core, tx, child, id)
    await setOrigin(tx, child.name, options)
    for (const childId of children) await deleteRow(tx, child.table, childId, engineRows)
    await deleteLinks(tx, child.name, children)
  }
  await setOrigin(tx, map.name, options)
  await deleteRow(tx, map.table, id, engineRows)
}

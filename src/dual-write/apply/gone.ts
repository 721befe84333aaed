import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { discardParkedOfRow } from '#tables/queued-changes.queries.ts'
import { deleteRow, type RowId, readRowsById, setOrigin, updateRow } from '#tables/rows.queries.ts'
import { type Core, childrenOf } from '../core.ts'
import { deleteLinks, findLinksByKey, type RowLink } from '../links.queries.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import { lockMapState } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'
import { putTombstones, type Tombstone } from '../tombstones.queries.ts'
import { listChildren } from './children.ts'

/** The ERP no longer has the record of a row that stays here. */
export const GONE = 'dual_write.gone'
/** A map's policy: what was deleted on one side stays on the other until a person decides. */
export const DELETE_REFUSED = 'dual_write.delete_refused'

const INACTIVE = { statecode: 1, statuscode: 2 }

/** A record that no longer exists, or that has left the map's filter. */
export type Gone = { key: string; kind: 'gone' | 'left' }

/**
 * The rows of records that are gone follow the map's policy. Answers the keys whose deletion the map refuses: their rows and links stay
 * until a person decides.
 */
export async function applyGone(
  core: Core,
  tx: Tx,
  map: TableMap,
  gone: readonly Gone[],
  options: { quiet: boolean },
): Promise<Set<string>> {
  if (gone.length === 0 || map.rows !== 'own') return new Set()
  // A page of a first copy that is being stored may hold the record as it was: its links are seen once it is done, and a later page sees
  // the tombstone.
  if (core.copying.has(map.name)) await lockMapState(tx, map.name)
  const keys = gone.map((one) => one.key)
  const links = await findLinksByKey(tx, map.name, keys, true)
  const { here, outside } = await look(tx, map, [...links.values()])
  const isRefused = (one: Gone) => one.kind === 'gone' && map.deletes.toPortal === 'refuse' && here(links.get(one.key)?.rowId)
  const refused = new Set(gone.flatMap((one) => (isRefused(one) ? [one.key] : [])))
  const ended = gone.filter((one) => !refused.has(one.key))
  for (const kind of ['gone', 'left'] as const) {
    const own = ended
      .flatMap((one) => (one.kind === kind ? (links.get(one.key) ?? []) : []))
      .filter((link) => !outside.has(link.rowId))
    await endRows(core, tx, map, own, kind, options)
  }
  await deleteLinks(
    tx,
    map.name,
    ended.flatMap((one) => links.get(one.key)?.rowId ?? []),
  )
  const tombstones = ended.map((one): Tombstone => {
    const rowId = links.get(one.key)?.rowId ?? null
    const stays = policyOf(map, one.kind) !== 'delete' && rowId !== null && !outside.has(rowId)
    return { remoteKey: one.key, rowId: stays ? rowId : null, kind: one.kind }
  })
  await putTombstones(tx, map.name, tombstones)
  return refused
}

/**
 * What our own doing has ended: rows that were deleted here are not `here`, and `outside` are those that have left the portal's filter, where
 * their records go for that reason. Looked at only where the policy must know.
 */
async function look(
  tx: Tx,
  map: TableMap,
  links: readonly RowLink[],
): Promise<{ here: (id: RowId | undefined) => boolean; outside: ReadonlySet<RowId> }> {
  const endsOnLeaving = map.filter.portal !== undefined && map.leaves.toErp === 'delete'
  if (!endsOnLeaving && map.deletes.toPortal !== 'refuse') return { here: (id) => id !== undefined, outside: new Set() }
  const rows = await readRowsById(
    tx,
    map.table,
    links.map((link) => link.rowId),
  )
  const outside = new Set([...rows].flatMap(([id, row]) => (endsOnLeaving && !belongsInErp(map, row) ? [id] : [])))
  return { here: (id) => id !== undefined && rows.has(id) && !outside.has(id), outside }
}

function policyOf(map: TableMap, kind: Gone['kind']): 'delete' | 'mark' | 'keep' {
  if (kind === 'left') return map.leaves.toPortal
  const policy = map.deletes.toPortal
  return policy === 'propagate' ? 'delete' : policy === 'mark' ? 'mark' : 'keep'
}

async function endRows(
  core: Core,
  tx: Tx,
  map: TableMap,
  links: readonly RowLink[],
  kind: Gone['kind'],
  options: { quiet: boolean },
): Promise<void> {
  const policy = policyOf(map, kind)
  if (links.length === 0 || policy === 'keep') return
  if (policy === 'delete') {
    for (const link of links) await deleteWithChildren(core, tx, map, link.rowId, options)
    core.index.forget()
    return
  }
  await setOrigin(tx, map.name, options)
  for (const link of links) await updateRow(tx, map.table, link.rowId, INACTIVE, { predicate: engineRows })
}

/** Children go first and under their own map's name: a cascade would be captured as an edit to be sent. */
async function deleteWithChildren(core: Core, tx: Tx, map: TableMap, id: RowId, options: { quiet: boolean }): Promise<void> {
  for (const child of childrenOf(core, map)) {
    const children = await listChildren(core, tx, child, id)
    for (const childId of children) await deleteWithChildren(core, tx, child, childId, options)
    await deleteLinks(tx, child.name, children)
  }
  await setOrigin(tx, map.name, options)
  await deleteRow(tx, map.table, id, engineRows)
  // What the ERP had refused of the row, nobody can correct any more.
  await discardParkedOfRow(tx, map.name, id)
}

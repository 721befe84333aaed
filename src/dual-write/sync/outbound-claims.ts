import type { Tx } from '#postgres/database.ts'
import {
  claimChanges,
  claimChangesOfRows,
  listPendingColumns,
  listRowsInTransaction,
  postponeChange,
} from '#tables/changes.queries.ts'
import { queueChanges } from '#tables/queued-changes.queries.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { listChildren } from '../apply/children.ts'
import { type Core, childrenOf, getMap, PARENT } from '../core.ts'
import { findLinksByRow } from '../links.queries.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import { withoutPausedGroups } from '../scopes.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import type { Group, Item } from './outbound-plan.ts'

const CHILDREN_BUSY_MS = 100
const CHILDREN_BUSY_MS_MAX = 5_000

/**
 * Claims groups that are due. Parents come first, and take along what goes with them; children whose parent is settled go with what was
 * edited beside them.
 */
export async function claimGroups(
  core: Core,
  tx: Tx,
  claim: { live: readonly string[]; groupsMax: number; leaseMs: number },
): Promise<Group[]> {
  const maps = core.maps.filter((map) => map.writes && claim.live.includes(map.name))
  const roots = maps.filter((map) => map.group === undefined).map((map) => map.name)
  const children = maps.filter((map) => map.group !== undefined).map((map) => map.name)
  const groups: Group[] = []
  for (const { subscriber, ...change } of await claimChanges(tx, {
    subscribers: roots,
    rowsMax: claim.groupsMax,
    leaseMs: claim.leaseMs,
  })) {
    const group = await withFamily(core, tx, { map: getMap(core, subscriber), change }, claim)
    if (group !== undefined) groups.push(group)
  }
  const rowsMax = claim.groupsMax - groups.length
  if (rowsMax > 0 && children.length > 0) {
    const taken = new Set<number>()
    for (const { subscriber, ...change } of await claimChanges(tx, { subscribers: children, rowsMax, leaseMs: claim.leaseMs })) {
      if (taken.has(change.number)) continue
      const group = await withSiblings(core, tx, { map: getMap(core, subscriber), change }, claim)
      for (const item of group ?? []) taken.add(item.change.number)
      if (group !== undefined) groups.push(group)
    }
  }
  return withoutPausedGroups(core, tx, groups)
}

type Claim = { live: readonly string[]; leaseMs: number }

/**
 * A change with those that go with it: of a record that is new to the ERP all that belongs to it, of one that it has what was edited in
 * the same transaction. Undefined: some of it is busy elsewhere, or its map is paused; then the whole waits, since it must not go in part.
 */
async function withFamily(core: Core, tx: Tx, item: Item, claim: Claim): Promise<Group | undefined> {
  const group = [item]
  const { map, change } = item
  const maps = childrenOf(core, map).filter((one) => one.writes)
  if (maps.length === 0 || change.operation === 'delete') return group
  const isNew = change.operation === 'create' || !(await findLinksByRow(tx, map.name, [change.rowId])).has(change.rowId)
  const row = isNew ? (await readRowsById(tx, map.table, [change.rowId])).get(change.rowId) : undefined
  if (isNew && (row === undefined || !belongsInErp(map, row))) return group
  for (const child of maps) {
    const rowIds = await listChildren(core, tx, child, change.rowId)
    if (isNew && change.operation !== 'create') await queueForgotten(tx, child, rowIds)
    const members = isNew
      ? [...(await listPendingColumns(tx, child.name, rowIds)).keys()]
      : await listRowsInTransaction(tx, child.name, rowIds, change.transactionId)
    const added = await claimMembers(core, tx, child, members, claim)
    group.push(...added.items)
    if (!added.isWhole) return putBack(tx, group, child)
  }
  return group
}

/** Rows of one parent that were edited in one transaction. */
async function withSiblings(core: Core, tx: Tx, item: Item, claim: Claim): Promise<Group | undefined> {
  const { map, change } = item
  const group = await withFamily(core, tx, item, claim)
  if (group === undefined || map.group === undefined || change.operation === 'delete') return group
  const row = (await readRowsById(tx, map.table, [change.rowId])).get(change.rowId)
  const parentId = row?.[map.group.through] ?? null
  if (parentId === null) return group
  const siblings = (await listChildren(core, tx, map, String(parentId))).filter((id) => id !== change.rowId)
  const members = await listRowsInTransaction(tx, map.name, siblings, change.transactionId)
  const added = await claimMembers(core, tx, map, members, claim)
  const whole = [...group, ...added.items]
  return added.isWhole ? whole : putBack(tx, whole, map)
}

/** The changes of these rows with what belongs to them in turn. */
async function claimMembers(
  core: Core,
  tx: Tx,
  map: TableMap,
  rowIds: readonly RowId[],
  claim: Claim,
): Promise<{ items: Item[]; isWhole: boolean }> {
  if (rowIds.length === 0) return { items: [], isWhole: true }
  const claimed = claim.live.includes(map.name)
    ? await claimChangesOfRows(tx, { subscriber: map.name, rowIds, leaseMs: claim.leaseMs })
    : []
  const items: Item[] = []
  let isWhole = claimed.length === rowIds.length
  for (const { subscriber: _, ...change } of claimed) {
    const family = await withFamily(core, tx, { map, change }, claim)
    if (family === undefined) isWhole = false
    else items.push(...family)
  }
  return { items, isWhole }
}

/** Rows that stayed here while their parent was none of the ERP's: nothing of them waits, and they go with it now. */
async function queueForgotten(tx: Tx, map: TableMap, rowIds: readonly RowId[]): Promise<void> {
  const links = await findLinksByRow(tx, map.name, rowIds)
  const rows = rowIds.filter((rowId) => !links.has(rowId)).map((rowId) => ({ rowId, columns: null }))
  await queueChanges(tx, map.name, map.table.name, rows, sentColumns(map))
}

async function putBack(tx: Tx, group: Group, map: TableMap): Promise<undefined> {
  const attempt = Math.max(...group.map((one) => one.change.attempt))
  const afterMs = Math.min(CHILDREN_BUSY_MS * 2 ** Math.min(attempt - 1, 10), CHILDREN_BUSY_MS_MAX)
  const why = { afterMs, code: PARENT, reason: `Waits for all of its rows of ${map.table.name}` }
  for (const one of group) await postponeChange(tx, one.map.name, one.change, why)
  return undefined
}

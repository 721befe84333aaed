import type { Tx } from '#postgres/database.ts'
import { claimChanges, claimChangesOfRows, listPendingColumns, postponeChange } from '#tables/changes.queries.ts'
import { listChildren } from '../apply/children.ts'
import { type Core, childrenOf, getMap, PARENT } from '../core.ts'
import type { Group, Item } from './outbound-plan.ts'

const CHILDREN_BUSY_MS = 100

/**
 * Claims groups that are due. Parents come first, and a new parent takes the changes of its children along; children whose parent is
 * settled go one by one.
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
    const item: Item = { map: getMap(core, subscriber), change }
    const group = change.operation === 'create' ? await withChildren(core, tx, item, claim) : [item]
    if (group !== undefined) groups.push(group)
  }
  const rowsMax = claim.groupsMax - groups.length
  if (rowsMax > 0 && children.length > 0) {
    for (const { subscriber, ...change } of await claimChanges(tx, { subscribers: children, rowsMax, leaseMs: claim.leaseMs }))
      groups.push([{ map: getMap(core, subscriber), change }])
  }
  return groups
}

/** Undefined: some child is busy elsewhere, or its map is paused; the parent waits, since it must not go alone. */
async function withChildren(
  core: Core,
  tx: Tx,
  item: Item,
  claim: { live: readonly string[]; leaseMs: number },
): Promise<Group | undefined> {
  const group = [item]
  for (const map of childrenOf(core, item.map)) {
    if (!map.writes) continue
    const rowIds = await listChildren(core, tx, map, item.change.rowId)
    const pending = await listPendingColumns(tx, map.name, rowIds)
    if (pending.size === 0) continue
    const claimed = claim.live.includes(map.name)
      ? await claimChangesOfRows(tx, { subscriber: map.name, rowIds: [...pending.keys()], leaseMs: claim.leaseMs })
      : []
    group.push(...claimed.map(({ subscriber: _, ...change }) => ({ map, change })))
    if (claimed.length < pending.size) {
      const why = { afterMs: CHILDREN_BUSY_MS, code: PARENT, reason: `Waits for all of its rows of ${map.table.name}` }
      for (const one of group) await postponeChange(tx, one.map.name, one.change, why)
      return undefined
    }
  }
  return group
}

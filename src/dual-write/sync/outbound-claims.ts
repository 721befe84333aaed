import type { Tx } from '#postgres/database.ts'
import {
  claimChanges,
  claimChangesOfRows,
  type Delay,
  findDue,
  listPendingRows,
  listRowsInTransactions,
  postponeChanges,
} from '#tables/changes.queries.ts'
import { queueChanges } from '#tables/queued-changes.queries.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { listChildrenByParent } from '../apply/children.ts'
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
 * edited beside them. The number of statements does not depend on how many groups there are.
 */
export async function claimGroups(
  core: Core,
  tx: Tx,
  claim: { live: readonly string[]; groupsMax: number; leaseMs: number },
): Promise<Group[]> {
  const { groupsMax, leaseMs } = claim
  const maps = core.maps.filter((map) => map.writes && claim.live.includes(map.name))
  const roots = maps.filter((map) => map.group === undefined).map((map) => map.name)
  const children = maps.filter((map) => map.group !== undefined).map((map) => map.name)
  // Looked for before their parents: whatever is committed between the two is taken along by a parent, or left for the next claim.
  const lines = children.length === 0 ? [] : await findDue(tx, { subscribers: children, rowsMax: groupsMax })
  const parents = itemsOf(core, await claimChanges(tx, { subscribers: roots, rowsMax: groupsMax, leaseMs }))
  const families = [...(await withFamilies(core, tx, parents, claim)).values()]
  const groups = await wholeOnes(tx, families)
  const rowsMax = groupsMax - groups.length
  if (rowsMax > 0 && lines.length > 0) {
    const taken = new Set(families.flatMap((family) => family.items.map((item) => item.change.number)))
    const found = lines.filter((line) => !taken.has(line.number))
    const claimed = itemsOf(core, await claimChanges(tx, { subscribers: children, rowsMax, leaseMs, found }))
    groups.push(...(await wholeOnes(tx, await withSiblings(core, tx, claimed, claim))))
  }
  return withoutPausedGroups(core, tx, groups)
}

type Claim = { live: readonly string[]; leaseMs: number }

/** Changes that must not go in part. `misses`: some row of this map is busy elsewhere, or its map is paused. */
type Family = { items: Item[]; misses?: TableMap }

function itemsOf(core: Core, claimed: Awaited<ReturnType<typeof claimChanges>>): Item[] {
  return claimed.map(({ subscriber, ...change }) => ({ map: getMap(core, subscriber), change }))
}

/** Those of which everything is here; the others wait as a whole. */
async function wholeOnes(tx: Tx, families: readonly Family[]): Promise<Group[]> {
  for (const { items, misses } of families) if (misses !== undefined) await putBack(tx, items, misses)
  return families.filter((family) => family.misses === undefined).map((family) => family.items)
}

/**
 * Changes with those that go with each: of a record that is new to the ERP all that belongs to it, of one that it has what was edited in
 * the same transaction.
 */
async function withFamilies(core: Core, tx: Tx, items: readonly Item[], claim: Claim): Promise<Map<Item, Family>> {
  const families = new Map(items.map((item): [Item, Family] => [item, { items: [item] }]))
  for (const [map, own] of Map.groupBy(items, (item) => item.map)) {
    const children = childrenOf(core, map).filter((one) => one.writes)
    if (children.length === 0) continue
    const parents = await listParents(tx, map, own)
    for (const child of children) await addChildren(core, tx, child, parents, families, claim)
  }
  return families
}

type Parent = { item: Item; isNew: boolean }

/** Those of the rows that take children along. */
async function listParents(tx: Tx, map: TableMap, items: readonly Item[]): Promise<Parent[]> {
  const present = items.filter(({ change }) => change.operation !== 'delete')
  const edited = present.filter(({ change }) => change.operation !== 'create')
  const links = await findLinksByRow(tx, map.name, rowIdsOf(edited))
  const isNew = ({ change }: Item) => change.operation === 'create' || !links.has(change.rowId)
  const rows = await readRowsById(tx, map.table, rowIdsOf(present.filter(isNew)))
  return present.flatMap((item): Parent[] => {
    const row = rows.get(item.change.rowId)
    if (!isNew(item)) return [{ item, isNew: false }]
    return row !== undefined && belongsInErp(map, row) ? [{ item, isNew: true }] : []
  })
}

async function addChildren(
  core: Core,
  tx: Tx,
  child: TableMap,
  parents: readonly Parent[],
  families: ReadonlyMap<Item, Family>,
  claim: Claim,
): Promise<void> {
  const rowIds = await listChildrenByParent(
    core,
    tx,
    child,
    parents.map(({ item }) => item.change.rowId),
  )
  const childrenOf = ({ item }: Parent) => rowIds.get(item.change.rowId) ?? []
  const forgotten = parents.filter(({ item, isNew }) => isNew && item.change.operation !== 'create')
  await queueForgotten(tx, child, forgotten.flatMap(childrenOf))
  const fresh = parents.filter(({ isNew }) => isNew)
  const pending = await listPendingRows(tx, child.name, fresh.flatMap(childrenOf))
  const edited = parents
    .filter(({ isNew }) => !isNew)
    .map((parent) => ({ item: parent.item, rowIds: childrenOf(parent), transactionId: parent.item.change.transactionId }))
  const wanted = [
    ...fresh.map((parent) => ({ item: parent.item, rowIds: childrenOf(parent).filter((id) => pending.has(id)) })),
    ...(await inTransactions(tx, child, edited)),
  ]
  const claimed = await claimRows(
    core,
    tx,
    child,
    wanted.flatMap((one) => one.rowIds),
    claim,
  )
  for (const one of wanted) takeAlong(families.get(one.item), child, one.rowIds, claimed)
}

/** Rows that were edited by the transactions, each beside the change that it goes with. */
async function inTransactions<One extends { rowIds: readonly RowId[]; transactionId: number }>(
  tx: Tx,
  map: TableMap,
  asked: readonly One[],
): Promise<One[]> {
  const pairs = asked.flatMap(({ rowIds, transactionId }) => rowIds.map((rowId) => ({ rowId, transactionId })))
  const edited = new Set((await listRowsInTransactions(tx, map.name, pairs)).map((one) => `${one.rowId} ${one.transactionId}`))
  return asked.map((one) => ({ ...one, rowIds: one.rowIds.filter((id) => edited.has(`${id} ${one.transactionId}`)) }))
}

/** The changes of these rows with what belongs to them in turn; absent are those that somebody else has. */
async function claimRows(core: Core, tx: Tx, map: TableMap, rowIds: readonly RowId[], claim: Claim): Promise<Map<RowId, Family>> {
  if (rowIds.length === 0 || !claim.live.includes(map.name)) return new Map()
  const wanted = [...new Set(rowIds)]
  const items = itemsOf(core, await claimChangesOfRows(tx, { subscriber: map.name, rowIds: wanted, leaseMs: claim.leaseMs }))
  const families = await withFamilies(core, tx, items, claim)
  return new Map([...families].map(([item, family]) => [item.change.rowId, family]))
}

/** What goes along is of one family only: another that needs it as well waits. */
function takeAlong(family: Family | undefined, map: TableMap, rowIds: readonly RowId[], claimed: Map<RowId, Family>): void {
  if (family === undefined) return
  for (const id of rowIds) {
    const joined = claimed.get(id)
    claimed.delete(id)
    const misses = joined === undefined ? map : joined.misses
    if (misses !== undefined) family.misses ??= misses
    family.items.push(...(joined?.items ?? []))
  }
}

/** Children with the rows of the same parent that were edited in the same transaction. */
async function withSiblings(core: Core, tx: Tx, items: readonly Item[], claim: Claim): Promise<Family[]> {
  const families = await withFamilies(core, tx, items, claim)
  const all: Family[] = []
  for (const [map, own] of Map.groupBy(items, (item) => item.map)) {
    const parentOf = await findParents(tx, map, own)
    const clusters = [
      ...Map.groupBy(own, (item) => {
        const parentId = parentOf.get(item)
        return parentId === undefined ? item : `${parentId} ${item.change.transactionId}`
      }).values(),
    ].map((some) => ({ some, family: merged(some.flatMap((item) => families.get(item) ?? [])) }))
    const children = await listChildrenByParent(core, tx, map, [...new Set(parentOf.values())])
    const asked = clusters.flatMap(({ some, family }) => {
      const [first] = some
      const parentId = first === undefined ? undefined : parentOf.get(first)
      if (first === undefined || parentId === undefined) return []
      const known = new Set(rowIdsOf(some))
      const rowIds = (children.get(parentId) ?? []).filter((id) => !known.has(id))
      return [{ family, rowIds, transactionId: first.change.transactionId }]
    })
    const wanted = await inTransactions(tx, map, asked)
    const claimed = await claimRows(
      core,
      tx,
      map,
      wanted.flatMap((one) => one.rowIds),
      claim,
    )
    for (const one of wanted) takeAlong(one.family, map, one.rowIds, claimed)
    all.push(...clusters.map((one) => one.family))
  }
  return all
}

function merged(families: readonly Family[]): Family {
  const misses = families.find((family) => family.misses !== undefined)?.misses
  return { items: families.flatMap((family) => family.items), ...(misses === undefined ? {} : { misses }) }
}

/** The row that each belongs to; a deletion goes by itself. */
async function findParents(tx: Tx, map: TableMap, items: readonly Item[]): Promise<Map<Item, RowId>> {
  const { group } = map
  const present = items.filter(({ change }) => change.operation !== 'delete')
  if (group === undefined) return new Map()
  const rows = await readRowsById(tx, map.table, rowIdsOf(present))
  return new Map(
    present.flatMap((item) => {
      const parentId = rows.get(item.change.rowId)?.[group.through] ?? null
      return parentId === null ? [] : [[item, String(parentId)] as const]
    }),
  )
}

function rowIdsOf(items: readonly Item[]): RowId[] {
  return items.map((item) => item.change.rowId)
}

/** Rows that stayed here while their parent was none of the ERP's: nothing of them waits, and they go with it now. */
async function queueForgotten(tx: Tx, map: TableMap, rowIds: readonly RowId[]): Promise<void> {
  if (rowIds.length === 0) return
  const links = await findLinksByRow(tx, map.name, rowIds)
  const rows = rowIds.filter((rowId) => !links.has(rowId)).map((rowId) => ({ rowId, columns: null }))
  await queueChanges(tx, map.name, map.table.name, rows, sentColumns(map))
}

async function putBack(tx: Tx, group: Group, map: TableMap): Promise<void> {
  const attempt = Math.max(...group.map((one) => one.change.attempt))
  const afterMs = Math.min(CHILDREN_BUSY_MS * 2 ** Math.min(attempt - 1, 10), CHILDREN_BUSY_MS_MAX)
  const why = { afterMs, code: PARENT, reason: `Waits for all of its rows of ${map.table.name}` }
  await postponeItems(tx, group, why)
}

/** Back into the queue, one statement for each map. */
export async function postponeItems(tx: Tx, items: readonly Item[], delay: Delay): Promise<void> {
  for (const [map, own] of Map.groupBy(items, (item) => item.map))
    await postponeChanges(
      tx,
      map.name,
      own.map(({ change }) => ({ change, ...delay })),
    )
}

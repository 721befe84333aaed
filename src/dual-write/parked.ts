import type { Tx } from '#postgres/database.ts'
import { discardParkedChanges, listParked, type ParkedChange, releaseParked } from '#tables/changes.queries.ts'
import { readRowsById } from '#tables/rows.queries.ts'
import { listChildren } from './apply/children.ts'
import { type Core, childrenOf, getMap } from './core.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'
import { discardParkedRemoteChanges, listParkedRemoteChanges, releaseParkedRemoteChanges } from './remote-changes.queries.ts'
import type { ParkedItem } from './status.ts'

const PARKED_MAX = 10_000

/** What waits for a person, of both directions, the newest first. */
export async function listParkedItems(core: Core, tx: Tx, page: { map: string | null; rowsMax: number }): Promise<ParkedItem[]> {
  const changes = await listParked(tx, { subscriber: page.map, rowsMax: page.rowsMax })
  const records = await listParkedRemoteChanges(tx, page)
  const items = [
    ...changes
      .filter((one) => core.maps.some((map) => map.name === one.subscriber))
      .map(
        ({ number, subscriber, ...one }): ParkedItem => ({
          ...one,
          id: `out:${number}`,
          direction: 'toErp',
          map: subscriber,
          remoteKey: null,
        }),
      ),
    ...records.map(
      (one): ParkedItem => ({
        ...one,
        id: `in:${one.map}:${one.remoteKey}`,
        direction: 'toPortal',
        table: getMap(core, one.map).table.name,
        rowId: null,
        operation: 'read',
        actor: null,
      }),
    ),
  ]
  return items.sort((a, b) => (a.parkedAt < b.parkedAt ? 1 : -1)).slice(0, page.rowsMax)
}

/** Back into the queue. An order and its lines come free together, since they go together. */
export async function releaseItems(
  core: Core,
  tx: Tx,
  which: { ids: readonly string[] | 'all'; map: string | null },
  actor: string,
): Promise<number> {
  const parked = await listParked(tx, { subscriber: null, rowsMax: PARKED_MAX })
  const { numbers, keys } = idsOf(which.ids === 'all' ? [] : which.ids)
  const isMeant = (one: ParkedChange) =>
    (which.map === null || one.subscriber === which.map) && (which.ids === 'all' || numbers.includes(one.number))
  const chosen = new Map(parked.filter(isMeant).map((one) => [one.number, one]))
  for (const one of [...chosen.values()]) {
    for (const companion of await companionsOf(core, tx, one, parked)) chosen.set(companion.number, companion)
  }
  let count = 0
  for (const [subscriber, changes] of Map.groupBy(chosen.values(), (one) => one.subscriber))
    count += await releaseParked(tx, { subscriber, numbers: changes.map((one) => one.number) })
  count += await releaseParkedRemoteChanges(tx, { map: which.map, keys: which.ids === 'all' ? 'all' : keys })
  await insertActivity(tx, { map: which.map, actor, action: 'retried parked changes', details: { count } })
  await notifyWorkers(tx)
  return count
}

/** Given up, with a record of what they were. */
export async function discardItems(core: Core, tx: Tx, ids: readonly string[], actor: string): Promise<number> {
  const { numbers, keys } = idsOf(ids)
  const before = (await listParkedItems(core, tx, { map: null, rowsMax: PARKED_MAX })).filter((one) => ids.includes(one.id))
  const gone = await discardParkedChanges(tx, numbers)
  const goneRecords = await discardParkedRemoteChanges(tx, keys)
  for (const item of before) {
    const { id, rowId, remoteKey, operation, code, reason } = item
    await insertActivity(tx, {
      map: item.map,
      actor,
      action: 'discarded a parked change',
      details: { id, rowId, remoteKey, operation, code, reason },
    })
  }
  return gone.length + goneRecords.length
}

async function companionsOf(
  core: Core,
  tx: Tx,
  one: ParkedChange,
  parked: readonly ParkedChange[],
): Promise<readonly ParkedChange[]> {
  const map = core.maps.find((other) => other.name === one.subscriber)
  if (map === undefined) return []
  const found: ParkedChange[] = []
  for (const child of childrenOf(core, map)) {
    const ids = new Set(await listChildren(core, tx, child, one.rowId))
    found.push(...parked.filter((other) => other.subscriber === child.name && ids.has(other.rowId)))
  }
  if (map.group !== undefined) {
    const row = (await readRowsById(tx, map.table, [one.rowId])).get(one.rowId)
    const parentId = row?.[map.group.through]
    const parent = parked.find((other) => other.subscriber === map.group?.parent && other.rowId === parentId)
    if (parent !== undefined) found.push(parent, ...(await companionsOf(core, tx, parent, parked)))
  }
  return found
}

function idsOf(ids: readonly string[]): { numbers: number[]; keys: { map: string; remoteKey: string }[] } {
  const numbers: number[] = []
  const keys: { map: string; remoteKey: string }[] = []
  for (const id of ids) {
    const [kind, first = '', ...rest] = id.split(':')
    if (kind === 'out' && /^\d{1,15}$/.test(first)) numbers.push(Number(first))
    if (kind === 'in' && rest.length > 0) keys.push({ map: first, remoteKey: rest.join(':') })
  }
  return { numbers, keys }
}

import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import { listWaiting, makeDue, type WaitingChange } from '#tables/waiting-changes.queries.ts'
import { type Core, getMap } from './core.ts'
import { discardQueued } from './discard-queued.ts'
import type { QueuedItem, Queueing, RefusedItem } from './facets-rows.ts'
import { findMap } from './lifecycle.ts'
import { findLinksByKey, findLinksByRow } from './links.queries.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'
import { idsOf } from './parked.ts'
import { listQueuedRecords, lockQueuedRecords, makeRecordsDue, type QueuedRecord } from './queued-records.queries.ts'
import { NOT_QUEUED, readCircumstances, stateOf, type Waiter } from './queued-states.ts'

/** What waits for its turn, one by one, and what a person can do about it; each action is one transaction and on the record. */
export function createQueueing(core: Core): Queueing {
  const { database, environment } = core
  return {
    async listQueued(page) {
      const { armed } = await environment.readEnvironment()
      return database.read((tx) => list(core, tx, page, armed))
    },
    async hurryQueued({ ids }, actor) {
      const { armed } = await environment.readEnvironment()
      return database.transaction((tx) => hurry(core, tx, ids, { actor, isArmed: armed }))
    },
    discardQueued: (which, actor) => database.transaction((tx) => discardQueued(core, tx, which, actor)),
  }
}

/** Both queues in the order in which they came; each says by itself how far a page has come. */
type Place = { number: number; record: Pick<QueuedRecord, 'place' | 'map' | 'remoteKey'> | undefined }
type Entry = { item: Omit<QueuedItem, 'state' | 'waitsFor'>; waiter: Waiter; next: (place: Place) => Place }

async function list(core: Core, tx: Tx, page: Parameters<Queueing['listQueued']>[0], isArmed: boolean) {
  const { direction, rowsMax } = page
  const maps = page.map === undefined ? core.maps.map((one) => one.name) : [findMap(core, page.map).name]
  const start: Place = page.after === undefined ? { number: 0, record: undefined } : parsePlace(page.after)
  const changes = direction === 'toPortal' ? [] : await listWaiting(tx, { subscribers: maps, after: start.number, rowsMax })
  const records = direction === 'toErp' ? [] : await listQueuedRecords(tx, { maps, after: start.record, rowsMax })
  const entries = inOrder(
    changes.map(entryOfChange),
    records.map((one) => entryOfRecord(core, one)),
  ).slice(0, rowsMax)
  const circumstances = await readCircumstances(tx, isArmed)
  const named = await withOtherSide(
    tx,
    entries.map((one) => one.item),
  )
  const place = entries.reduce((at, one) => one.next(at), start)
  return {
    rows: named.map((item, at): QueuedItem => ({ ...item, ...stateOf(circumstances, entries[at]?.waiter as Waiter) })),
    next: entries.length < rowsMax ? null : Buffer.from(JSON.stringify(place)).toString('base64url'),
  }
}

/** Two lists become one; neither is reordered, so that where it was cut says which of it were shown. */
function inOrder(some: readonly Entry[], others: readonly Entry[]): Entry[] {
  const [left, right, all] = [[...some], [...others], [] as Entry[]]
  while (left.length + right.length > 0) {
    const isLeft = right[0] === undefined || (left[0] !== undefined && left[0].item.queuedAt <= right[0].item.queuedAt)
    all.push(...(isLeft ? left : right).splice(0, 1))
  }
  return all
}

function entryOfChange(change: WaitingChange): Entry {
  const { number, subscriber: map, table, rowId, operation, columns, capturedAt, dueAt, attempt, actor, behind } = change
  const direction = 'toErp' as const
  const id = `out:${number}`
  const isUnderWay = attempt > 0 && change.code === null && !change.isDue && dueAt !== null
  return {
    item: { id, map, direction, table, rowId, remoteKey: null, operation, columns, queuedAt: capturedAt, dueAt, attempt, actor },
    waiter: { ...change, map, direction, isUnderWay, behind: behind === null ? null : `out:${behind}` },
    next: (place) => ({ ...place, number }),
  }
}

function entryOfRecord(core: Core, record: QueuedRecord): Entry {
  const { map, remoteKey, receivedAt, dueAt, attempt, place } = record
  const direction = 'toPortal' as const
  const about = { map, direction, table: getMap(core, map).table.name, rowId: null, remoteKey, operation: 'read' as const }
  const item = { id: `in:${map}:${remoteKey}`, ...about, columns: [], queuedAt: receivedAt, dueAt, attempt, actor: null }
  return {
    item,
    waiter: { ...record, direction, behind: null, isBehindParked: false },
    next: (before) => ({ ...before, record: { place, map, remoteKey } }),
  }
}

/** With the records of rows, and the rows of records, as far as they are linked. */
async function withOtherSide<Item extends Pick<QueuedItem, 'map' | 'rowId' | 'remoteKey'>>(
  tx: Tx,
  items: readonly Item[],
): Promise<Item[]> {
  const known = new Map<string, string>()
  for (const [map, own] of Map.groupBy(items, (one) => one.map)) {
    const rowIds = own.flatMap((one) => one.rowId ?? [])
    for (const [rowId, link] of await findLinksByRow(tx, map, rowIds)) known.set(`${map} ${rowId}`, link.remoteKey)
    const keys = own.flatMap((one) => (one.rowId === null && one.remoteKey !== null ? [one.remoteKey] : []))
    for (const [key, link] of await findLinksByKey(tx, map, keys)) known.set(`${map} ${key}`, link.rowId)
  }
  return items.map((item) => {
    const other = known.get(`${item.map} ${item.rowId ?? item.remoteKey}`)
    if (other === undefined) return item
    return item.rowId === null ? { ...item, rowId: other } : { ...item, remoteKey: other }
  })
}

/** Throws AppError `request.invalid` for what is no place. */
function parsePlace(text: string): Place {
  try {
    const { number, record } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Place>
    if (Number.isSafeInteger(number) && (record === undefined || isRecordPlace(record))) return { number: Number(number), record }
  } catch {
    // Told below.
  }
  throw new AppError('request.invalid', 'There is no such page of the queue; list it again from the beginning')
}

function isRecordPlace({ place, map, remoteKey }: NonNullable<Place['record']>): boolean {
  return /^\d{4}-[\d :.+-]{10,40}$/.test(place) && typeof map === 'string' && typeof remoteKey === 'string'
}

async function hurry(core: Core, tx: Tx, ids: readonly string[], by: { actor: string; isArmed: boolean }) {
  const { numbers, keys } = idsOf(ids)
  const changes = (await listWaiting(tx, { numbers })).map(entryOfChange)
  const maps = new Set(core.maps.map((one) => one.name))
  const records = (await lockQueuedRecords(tx, keys)).filter((one) => maps.has(one.map)).map((one) => entryOfRecord(core, one))
  const hurried = new Set([
    ...(await makeDue(tx, { subscribers: [...maps], numbers })).map((number) => `out:${number}`),
    ...(await makeRecordsDue(tx, keys)).map((one) => `in:${one.map}:${one.remoteKey}`),
  ])
  const found = new Map([...changes, ...records].map((one) => [one.item.id, one]))
  const circumstances = await readCircumstances(tx, by.isArmed)
  const refused = ids.flatMap((id): RefusedItem[] => {
    const entry = found.get(id)
    if (hurried.has(id)) return []
    return [{ id, reason: entry === undefined ? NOT_QUEUED : stateOf(circumstances, entry.waiter).waitsFor }]
  })
  const own = [...found.values()].filter((one) => hurried.has(one.item.id))
  for (const [map, some] of Map.groupBy(own, (one) => one.item.map)) {
    const details = { ids: some.map((one) => one.item.id) }
    await insertActivity(tx, { map, actor: by.actor, action: 'sent queued changes at once', details })
  }
  await notifyWorkers(tx)
  return { hurried: hurried.size, refused }
}

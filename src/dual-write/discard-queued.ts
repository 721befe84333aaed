import type { Tx } from '#postgres/database.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { deleteChanges, inheritFrom, listWaiting, lockChangesOfRows, type RowChange } from '#tables/waiting-changes.queries.ts'
import { listFamilies } from './apply/children.ts'
import { type Core, childrenOf, getMap } from './core.ts'
import type { RefusedItem } from './facets-rows.ts'
import { markGivenUp } from './given-up.ts'
import { findLinksByRow } from './links.queries.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'
import { idsOf } from './parked.ts'
import { deleteQueuedRecords, lockQueuedRecords } from './queued-records.queries.ts'
import { NOT_QUEUED, UNDER_WAY } from './queued-states.ts'
import type { TableMap } from './table-map.ts'

type Which = { ids: readonly string[]; reason?: string | undefined }
type By = { actor: string; reason: string | undefined }
type Outcome = { discarded: number; refused: RefusedItem[] }

/** Gives up single changes that wait for their turn, so that what else waits of their rows means the same as before. */
export async function discardQueued(core: Core, tx: Tx, { ids, reason }: Which, actor: string): Promise<Outcome> {
  const { numbers, keys } = idsOf(ids)
  const maps = new Set(core.maps.map((one) => one.name))
  const unknown = ids.filter((id) => !/^(out:\d{1,15}|in:[^:]+:.+)$/s.test(id)).map((id) => ({ id, reason: NOT_QUEUED }))
  const outbound = await discardChanges(core, tx, numbers, { actor, reason })
  const inbound = await discardRecords(
    tx,
    keys.map((key) => ({ ...key, isKnown: maps.has(key.map) })),
    { actor, reason },
  )
  await notifyWorkers(tx)
  return {
    discarded: outbound.discarded + inbound.discarded,
    refused: [...unknown, ...outbound.refused, ...inbound.refused],
  }
}

async function discardChanges(core: Core, tx: Tx, numbers: readonly number[], by: By): Promise<Outcome> {
  const outcome: Outcome = { discarded: 0, refused: [] }
  const found = new Map((await listWaiting(tx, { numbers })).map((one) => [one.number, one]))
  const gone = new Set<number>()
  // The oldest first: what a creation takes along is not asked for again.
  for (const number of numbers.toSorted((a, b) => a - b)) {
    if (gone.has(number)) continue
    const change = found.get(number)
    const map = core.maps.find((one) => one.name === change?.subscriber)
    const refusal =
      change === undefined || map === undefined
        ? NOT_QUEUED
        : await discardOne(core, tx, { map, rowId: change.rowId, number, gone, by })
    if (refusal !== undefined) outcome.refused.push({ id: `out:${number}`, reason: refusal })
  }
  return { ...outcome, discarded: gone.size }
}

type One = { map: TableMap; rowId: RowId; number: number; gone: Set<number>; by: By }

/** Answers why not. */
async function discardOne(core: Core, tx: Tx, { map, rowId, number, gone, by }: One): Promise<string | undefined> {
  const changes = await lockChangesOfRows(tx, map.name, [rowId])
  const decided = decide(changes, number)
  if ('refusal' in decided) return decided.refusal
  const isNew = decided.gone[0]?.operation === 'create'
  const lines = isNew ? await lockLines(core, tx, map, rowId) : []
  if (lines.some((one) => one.isUnderWay)) return UNDER_WAY
  const all = [...decided.gone, ...lines]
  await inheritFrom(tx, decided.heirs)
  await deleteChanges(
    tx,
    all.map((one) => one.number),
  )
  if (isNew)
    for (const [name, own] of Map.groupBy(all, (one) => one.subscriber))
      await markGivenUp(tx, getMap(core, name), [...new Set(own.map((one) => one.rowId))], by.actor)
  for (const one of all) {
    gone.add(one.number)
    await record(tx, one, by)
  }
  return undefined
}

/** What belongs to a row that the ERP will not get can never go there. */
async function lockLines(core: Core, tx: Tx, map: TableMap, rowId: RowId): Promise<RowChange[]> {
  if (map.group !== undefined || childrenOf(core, map).length === 0) return []
  const lines: RowChange[] = []
  for (const [member, rowIds] of await listFamilies(core, tx, map, [rowId]))
    if (member !== map) lines.push(...(await lockChangesOfRows(tx, member.name, rowIds)))
  return lines
}

async function record(tx: Tx, change: RowChange, { actor, reason }: By): Promise<void> {
  const { subscriber: map, rowId, operation, columns, before, attempt, code } = change
  const links = await findLinksByRow(tx, map, [rowId])
  const why = reason === undefined ? {} : { discardedBecause: reason }
  const details = {
    ...{ id: `out:${change.number}`, rowId, remoteKey: links.get(rowId)?.remoteKey ?? null, operation, columns, before },
    ...{ attempt, code, reason: change.reason, ...why },
  }
  await insertActivity(tx, { map, actor, action: 'discarded a queued change', details })
}

type Heir = { number: number; before: Record<string, string | null>; attempt: number }
type Decision = { refusal: string } | { gone: RowChange[]; heirs: Heir[] }

/**
 * What goes with this one of the row's changes, given oldest first, and what those that stay must know of it. Whoever works on the row has
 * taken all of them.
 */
export function decide(changes: readonly RowChange[], number: number): Decision {
  const at = changes.findIndex((one) => one.number === number)
  const own = changes[at]
  if (own === undefined || own.isParked) return { refusal: NOT_QUEUED }
  if (changes.some((one) => one.isUnderWay)) return { refusal: UNDER_WAY }
  const later = changes.slice(at + 1)
  if (own.operation === 'create') return { gone: [own, ...later], heirs: [] }
  const creation = changes.slice(0, at).find((one) => one.operation === 'create')
  if (creation !== undefined)
    return { refusal: `The row goes as it now stands with its creation: discard out:${creation.number} to give the row up` }
  const next = later[0]
  if (next === undefined) return { gone: [own], heirs: [] }
  if (own.operation === 'delete')
    return { refusal: `The row was taken back after it was deleted: discard out:${next.number} first` }
  return { gone: [own], heirs: heirsOf(own, later) }
}

/** The first later change of a column began with the value that the one given up has written; the ERP still has the one before. */
function heirsOf(own: RowChange, later: readonly RowChange[]): Heir[] {
  const open = new Set(own.columns)
  return later.flatMap((one, index): Heir[] => {
    const shared = one.before === null ? [] : one.columns.filter((name) => open.has(name))
    for (const name of shared) open.delete(name)
    if (shared.length === 0 && index > 0) return []
    const before = Object.fromEntries(shared.map((name) => [name, own.before?.[name] ?? null]))
    return [{ number: one.number, before, attempt: index === 0 ? own.attempt : 0 }]
  })
}

async function discardRecords(
  tx: Tx,
  keys: readonly { map: string; remoteKey: string; isKnown: boolean }[],
  { actor, reason }: By,
): Promise<Outcome> {
  const locked = await lockQueuedRecords(
    tx,
    keys.filter((one) => one.isKnown),
  )
  const nameOf = (one: { map: string; remoteKey: string }) => `in:${one.map}:${one.remoteKey}`
  const found = new Map(locked.map((one) => [nameOf(one), one]))
  const free = locked.filter((one) => !one.isUnderWay)
  await deleteQueuedRecords(tx, free)
  for (const one of free) {
    const { map, remoteKey, attempt, code, receivedAt } = one
    const why = reason === undefined ? {} : { discardedBecause: reason }
    const details = { id: nameOf(one), remoteKey, operation: 'read', receivedAt, attempt, code, reason: one.reason, ...why }
    await insertActivity(tx, { map, actor, action: 'discarded a queued change', details })
  }
  const refused = keys.flatMap((key): RefusedItem[] => {
    const one = found.get(nameOf(key))
    if (one === undefined) return [{ id: nameOf(key), reason: NOT_QUEUED }]
    return one.isUnderWay ? [{ id: nameOf(key), reason: UNDER_WAY }] : []
  })
  return { discarded: free.length, refused }
}

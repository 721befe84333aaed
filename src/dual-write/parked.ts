import { AppError } from '#lib/app-error.ts'
import type { Tx } from '#postgres/database.ts'
import {
  countClusters,
  discardParkedChanges,
  findParked,
  listParked,
  type ParkedChange,
  type ParkedSelection,
  releaseParked,
  releaseParkedOfRows,
} from '#tables/parked-changes.queries.ts'
import { engineRows } from '#tables/predicate.ts'
import { type RowId, type RowValues, setActor, updateRow } from '#tables/rows.queries.ts'
import { validateValues } from '#tables/validate.ts'
import { listFamilies } from './apply/children.ts'
import { findLostValue, listLostValues, setTaken } from './conflicts.queries.ts'
import { type Core, getMap } from './core.ts'
import type { ParkedCluster, Parking } from './facets-rows.ts'
import { markGivenUp } from './given-up.ts'
import { findMap } from './lifecycle.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'
import {
  countRemoteClusters,
  discardParkedRemoteChanges,
  findParkedRemoteChanges,
  listParkedRemoteChanges,
  overrideRemoteChange,
  type ParkedRemoteChange,
  releaseParkedRecords,
  releaseParkedRemoteChanges,
} from './parked-records.queries.ts'
import type { ParkedItem } from './status.ts'
import type { TableMap } from './table-map.ts'

/** In one action; who wants more does it again. */
const RELEASED_MAX = 100_000
const CLUSTERS_MAX = 100
const LOOKS_MAX = 10_000

/** What waits for a person, and what a person can do about it; each action is one transaction and on the record. */
export function createParking(core: Core): Parking {
  const { database } = core
  return {
    listParked: (page) => database.read((tx) => listItems(core, tx, page)),
    clusterParked: (map) => database.read((tx) => listClusters(core, tx, namesOf(core, map))),
    retryParked: (which, actor) => database.transaction((tx) => release(core, tx, which, actor)),
    discardParked: (which, actor) => database.transaction((tx) => discard(core, tx, which, actor)),
    editParked: (id, values, actor) => database.transaction((tx) => edit(core, tx, id, values, actor)),
    listConflicts: ({ map = null, rowId = null, before = null, rowsMax }) =>
      database.read((tx) => listLostValues(tx, { map, rowId, before, rowsMax })),
    takeLostValue: (id, actor) => database.transaction((tx) => takeLostValue(core, tx, id, actor)),
  }
}

function namesOf(core: Core, map: string | null): string[] {
  return map === null ? core.maps.map((one) => one.name) : [findMap(core, map).name]
}

async function listItems(core: Core, tx: Tx, page: Parameters<Parking['listParked']>[0]): Promise<ParkedItem[]> {
  const cluster = page.cluster === undefined ? undefined : parseCluster(page.cluster)
  const { rowsMax } = page
  const maps = namesOf(core, cluster?.map ?? page.map)
  const changes = cluster?.direction === 'in' ? [] : await listParked(tx, { subscribers: maps, cluster, rowsMax })
  const records = cluster?.direction === 'out' ? [] : await listParkedRemoteChanges(tx, { maps, cluster, rowsMax })
  const items = [...changes.map(itemOfChange), ...records.map((one) => itemOfRecord(core, one))]
  return items.sort((a, b) => (a.parkedAt < b.parkedAt ? 1 : -1)).slice(0, page.rowsMax)
}

function itemOfChange({ number, subscriber, ...change }: ParkedChange): ParkedItem {
  return { ...change, id: `out:${number}`, direction: 'toErp', map: subscriber, remoteKey: null }
}

function itemOfRecord(core: Core, record: ParkedRemoteChange): ParkedItem {
  return {
    ...record,
    id: `in:${record.map}:${record.remoteKey}`,
    direction: 'toPortal',
    table: getMap(core, record.map).table.name,
    rowId: null,
    columns: [],
    operation: 'read',
    actor: null,
  }
}

async function listClusters(_core: Core, tx: Tx, maps: readonly string[]): Promise<ParkedCluster[]> {
  const outbound = await countClusters(tx, { subscribers: maps, clustersMax: CLUSTERS_MAX, looksMax: LOOKS_MAX })
  const inbound = await countRemoteClusters(tx, { maps, clustersMax: CLUSTERS_MAX })
  const clusters = [
    ...outbound.map(({ subscriber, example, ...one }) => ({
      ...one,
      map: subscriber,
      id: clusterId({ direction: 'out', map: subscriber, code: one.code, pattern: one.pattern }),
      exampleId: `out:${example}`,
    })),
    ...inbound.map(({ exampleKey, ...one }) => ({
      ...one,
      id: clusterId({ direction: 'in', map: one.map, code: one.code, pattern: one.pattern }),
      exampleId: `in:${one.map}:${exampleKey}`,
      waitingBehind: 0,
    })),
  ]
  return clusters.sort((a, b) => b.count - a.count)
}

type Cluster = { direction: 'in' | 'out'; map: string; code: string; pattern: string }

function clusterId({ direction, map, code, pattern }: Cluster): string {
  return Buffer.from(JSON.stringify([direction, map, code, pattern])).toString('base64url')
}

/** Throws AppError `request.invalid` for what is no id of a cluster. */
function parseCluster(id: string): Cluster {
  try {
    const [direction, map, code, pattern] = JSON.parse(Buffer.from(id, 'base64url').toString()) as unknown[]
    if ((direction === 'in' || direction === 'out') && [map, code, pattern].every((one) => typeof one === 'string'))
      return { direction, map: String(map), code: String(code), pattern: String(pattern) }
  } catch {
    // Told below.
  }
  throw new AppError('request.invalid', `There is no cluster ${id}; list the clusters again and take an id from there`)
}

type Retry = Parameters<Parking['retryParked']>[0]

/** Back into the queue. An order and its lines come free together, since they go together. */
async function release(core: Core, tx: Tx, which: Retry, actor: string): Promise<number> {
  const cluster = which.cluster === undefined ? undefined : parseCluster(which.cluster)
  const maps = namesOf(core, cluster?.map ?? which.map)
  const { numbers, keys } = idsOf(which.ids === 'all' ? [] : which.ids)
  const isAll = which.ids === 'all'
  const outbound: ParkedSelection = cluster !== undefined ? { cluster } : isAll ? 'all' : { numbers }
  let count = 0
  if (cluster?.direction !== 'in' && (cluster !== undefined || isAll || numbers.length > 0))
    for (const name of maps) count += await releaseOf(core, tx, getMap(core, name), outbound)
  if (cluster?.direction !== 'out' && (cluster !== undefined || isAll))
    count += await releaseParkedRemoteChanges(tx, { maps, of: cluster ?? 'all', rowsMax: RELEASED_MAX })
  const named = keys.filter((key) => maps.includes(key.map))
  if (cluster === undefined && named.length > 0) count += await releaseParkedRecords(tx, named)
  const map = cluster?.map ?? which.map
  const details = { count, ...(cluster === undefined ? {} : { code: cluster.code, pattern: cluster.pattern }) }
  await insertActivity(tx, { map, actor, action: 'retried parked changes', details })
  await notifyWorkers(tx)
  return count
}

async function releaseOf(core: Core, tx: Tx, map: TableMap, of: ParkedSelection): Promise<number> {
  const rowIds = await releaseParked(tx, { subscriber: map.name, of, rowsMax: RELEASED_MAX })
  return rowIds.length + (await releaseFamilies(core, tx, map, rowIds))
}

async function releaseFamilies(core: Core, tx: Tx, map: TableMap, rowIds: readonly RowId[]): Promise<number> {
  let count = 0
  const isInGroup = map.group !== undefined || core.maps.some((other) => other.group?.parent === map.name)
  if (rowIds.length === 0 || !isInGroup) return count
  for (const [member, ids] of await listFamilies(core, tx, map, rowIds))
    count += await releaseParkedOfRows(tx, { subscriber: member.name, rowIds: ids })
  return count
}

/** Given up, with a record of what they were. */
async function discard(core: Core, tx: Tx, which: Parameters<Parking['discardParked']>[0], actor: string): Promise<number> {
  const maps = namesOf(core, which.map)
  const { numbers, keys } = idsOf(which.ids)
  const items = [
    ...(await findParked(tx, numbers)).filter((one) => maps.includes(one.subscriber)).map(itemOfChange),
    ...(await findParkedRemoteChanges(tx, keys)).filter((one) => maps.includes(one.map)).map((one) => itemOfRecord(core, one)),
  ]
  const gone = await discardParkedChanges(tx, { subscribers: maps, numbers })
  const goneRecords = await discardParkedRemoteChanges(
    tx,
    keys.filter((one) => maps.includes(one.map)),
  )
  for (const [name, own] of Map.groupBy(gone, (one) => one.subscriber))
    await markGivenUp(tx, getMap(core, name), [...new Set(own.map((one) => one.rowId))], actor)
  for (const { id, map, rowId, remoteKey, operation, code, reason } of items) {
    const why = which.reason === undefined ? {} : { discardedBecause: which.reason }
    const details = { id, rowId, remoteKey, operation, code, reason, ...why }
    await insertActivity(tx, { map, actor, action: 'discarded a parked change', details })
  }
  await notifyWorkers(tx)
  return gone.length + goneRecords.length
}

/** The row is corrected as by any other edit, and goes again; a record that is not here yet is taken in with the person's values. */
async function edit(
  core: Core,
  tx: Tx,
  id: string,
  given: Readonly<Record<string, string | null>>,
  actor: string,
): Promise<void> {
  const { numbers, keys } = idsOf([id])
  const [change] = await findParked(tx, numbers)
  const [key] = keys
  const name = change?.subscriber ?? key?.map
  if (name === undefined) throw new AppError('dual_write.not_found', `The change ${id} is not parked any more`)
  const map = findMap(core, name)
  const values = checkValues(map, given)
  if (change !== undefined) {
    await setActor(tx, actor)
    if (!(await updateRow(tx, map.table, change.rowId, values, { predicate: engineRows })))
      throw new AppError(
        'dual_write.conflict',
        'The row of this change has been deleted, so there is nothing to correct; discard it',
      )
    await releaseOf(core, tx, map, { numbers })
  } else if (key === undefined || !(await overrideRemoteChange(tx, key, given)))
    throw new AppError('dual_write.not_found', `The change ${id} is not parked any more`)
  await insertActivity(tx, { map: name, actor, action: 'corrected a parked change', details: { id, values: { ...given } } })
  await notifyWorkers(tx)
}

/** Throws AppError `request.invalid` with everything that is wrong. */
function checkValues(map: TableMap, given: Readonly<Record<string, string | null>>): RowValues {
  if (Object.keys(given).length === 0)
    throw new AppError('request.invalid', 'Nothing is to be corrected: give at least one column a value')
  const { values, problems } = validateValues(map.table, given, { mode: 'update' })
  if (problems.length > 0) throw new AppError('request.invalid', problems.map((one) => one.message).join('; '))
  return values
}

async function takeLostValue(core: Core, tx: Tx, id: number, actor: string): Promise<void> {
  const lost = await findLostValue(tx, id)
  if (lost === undefined) throw new AppError('dual_write.not_found', `There is no lost value ${id}`)
  const map = findMap(core, lost.map)
  const { column, rowId } = lost
  await setActor(tx, actor)
  const values = checkValues(map, { [column]: lost.lost })
  if (!(await updateRow(tx, map.table, rowId, values, { predicate: engineRows })))
    throw new AppError('dual_write.conflict', 'The row has been deleted meanwhile, so its value cannot be written')
  await setTaken(tx, id)
  const details = { conflict: id, rowId, column, from: lost.kept, to: lost.lost }
  await insertActivity(tx, { map: map.name, actor, action: 'took a value that had lost', details })
}

export function idsOf(ids: readonly string[]): { numbers: number[]; keys: { map: string; remoteKey: string }[] } {
  const numbers: number[] = []
  const keys: { map: string; remoteKey: string }[] = []
  for (const id of ids) {
    const [kind, first = '', ...rest] = id.split(':')
    if (kind === 'out' && /^\d{1,15}$/.test(first)) numbers.push(Number(first))
    if (kind === 'in' && rest.length > 0) keys.push({ map: first, remoteKey: rest.join(':') })
  }
  return { numbers, keys }
}

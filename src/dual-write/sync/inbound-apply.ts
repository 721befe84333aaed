import type { RemoteRecord } from '#connector/contract.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import type { Applied } from '../apply/applied.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone, DELETE_REFUSED, type Gone } from '../apply/gone.ts'
import { type Core, LIVE, PARENT } from '../core.ts'
import { setMapError } from '../maps.queries.ts'
import { releaseParkedRecords } from '../parked-records.queries.ts'
import {
  parkRemoteChange,
  postponeRemoteChange,
  putRemoteChanges,
  type RemoteChange,
  settleRemoteChanges,
} from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { insertTrace } from '../trace.queries.ts'
import { adoptLate } from './adopt-late.ts'
import type { Member } from './read-children.ts'
import { traceRecords } from './trace.ts'
import { delayMs, findWhatMayCome, type MayCome, settleWaiting } from './waiting.ts'

const RETRY_MS_MAX = 15_000
/** The answer to our own create is waited for that long, with the delays of `delayMs` some twelve seconds; then the record is taken for it. */
const IN_FLIGHT_ATTEMPTS_MAX = 9
const REFUSED = 'tables.refused'

/** What was read for one map. */
export type Batch = {
  map: TableMap
  changes: RemoteChange[]
  records: Map<string, RemoteRecord>
  /** Records that came along with their parent, without a notice of their own. */
  extra: Map<string, RemoteRecord>
  /** By the key of a record that is new here: what must come with it. */
  families: Map<string, readonly Member[]>
  fence: Map<string, number>
}

/**
 * All in one transaction; if one record spoils it, each by itself with the children it brings, so that it blocks nobody else. Answers when
 * what is due again.
 */
export async function applyBatches(core: Core, batches: readonly Batch[]): Promise<number[]> {
  if (batches.every((batch) => batch.changes.length === 0)) return []
  try {
    return await core.database.transaction((tx) => applyAll(core, tx, batches), LIVE)
  } catch (error) {
    core.index.forget()
    core.log.debug({ reason: messageOf(error) }, 'a batch of records is applied one by one')
  }
  const due: number[] = []
  for (const batch of batches) {
    for (const change of batch.changes) due.push(...(await applyAlone(core, unitOf(core, batch, change), batch.map, change)))
  }
  return due
}

/** One change with its record and the children that come with it. */
function unitOf(core: Core, batch: Batch, change: RemoteChange): Batch[] {
  const { map, fence } = batch
  const record = batch.records.get(change.remoteKey)
  const members = batch.families.get(change.remoteKey) ?? []
  const own = {
    map,
    fence,
    changes: [change],
    records: record === undefined ? new Map() : new Map([[record.key, record]]),
    extra: new Map(),
    families: new Map([[change.remoteKey, members]]),
  }
  const children = [...Map.groupBy(members, (member) => member.map)].map(([child, some]) => ({
    map: child,
    changes: [],
    records: new Map(),
    extra: new Map(some.map((member) => [member.record.key, member.record])),
    families: new Map(),
    fence: new Map(),
  }))
  const position = new Map(core.maps.map((one, index) => [one, index]))
  return [own, ...children].sort((a, b) => (position.get(a.map) ?? 0) - (position.get(b.map) ?? 0))
}

async function applyAlone(core: Core, unit: readonly Batch[], map: TableMap, change: RemoteChange): Promise<number[]> {
  try {
    return await core.database.transaction((tx) => applyAll(core, tx, unit))
  } catch (error) {
    core.index.forget()
    if (error instanceof AppError && error.cause instanceof Incomplete) {
      const { result } = error.cause
      const dueMs = await core.database.transaction(async (tx) => {
        const mayCome = await findWhatMayCome(tx, map, [{ change, result }], unit)
        return settleResult(tx, map, change, result, mayCome)
      })
      return typeof dueMs === 'number' ? [dueMs] : []
    }
    const reason = messageOf(error)
    // Once is not enough: what the row refers to may have gone between the look and the write.
    const isRefused = isAppError(error, REFUSED) && change.metBefore === REFUSED
    const afterMs = Math.min(retryDelayMs(change.attempt, core.clock.random()), RETRY_MS_MAX)
    await core.database.transaction(async (tx) => {
      if (isRefused) await parkRemoteChange(tx, change, { code: REFUSED, reason })
      else await postponeRemoteChange(tx, change, { afterMs, code: isAppError(error) ? error.code : 'dual_write.failed', reason })
      await setMapError(tx, map.name, reason)
    })
    return isRefused ? [] : [afterMs]
  }
}

async function applyAll(core: Core, tx: Tx, batches: readonly Batch[]): Promise<number[]> {
  const applied = new Map<Batch, { results: readonly Applied[]; refused: ReadonlySet<string> }>()
  for (const batch of batches) applied.set(batch, await applyBatch(core, tx, batch))
  checkFamilies(applied)
  const due: number[] = []
  for (const [batch, { results, refused }] of applied)
    due.push(...(await settleResults(core, tx, batch, { results, refused, beside: batches })))
  return due
}

async function applyBatch(
  core: Core,
  tx: Tx,
  batch: Batch,
): Promise<{ results: readonly Applied[]; refused: ReadonlySet<string> }> {
  const { map, changes, records, extra, fence } = batch
  const adopted = new Set(changes.filter(isInFlightInVain).map((one) => one.remoteKey))
  const all = [...records.values(), ...extra.values()]
  const options = {
    quiet: false,
    fence,
    noticedAt: new Map(changes.map((change) => [change.remoteKey, change.noticedAt])),
    overrides: new Map(changes.flatMap((one) => (one.overrides === null ? [] : [[one.remoteKey, one.overrides]]))),
  }
  const plain = all.filter((one) => !adopted.has(one.key))
  const results = await applyRecords(core, tx, map, plain, options)
  const late = all.filter((one) => adopted.has(one.key))
  if (late.length > 0) results.push(...(await adoptLate(core, tx, map, late, options)))
  const gone = changes.flatMap((one): Gone[] => (records.has(one.remoteKey) ? [] : [{ key: one.remoteKey, kind: 'gone' }]))
  const left = results.flatMap((one): Gone[] => (one.result.kind === 'excluded' ? [{ key: one.record.key, kind: 'left' }] : []))
  return { results, refused: await applyGone(core, tx, map, [...gone, ...left], { quiet: false }) }
}

/** Attempts count only where the one before has waited for it, too: those of an outage say nothing about our create. */
function isInFlightInVain({ attempt, metBefore }: RemoteChange): boolean {
  return attempt >= IN_FLIGHT_ATTEMPTS_MAX && metBefore === PARENT
}

/** A new row came without some of its children: all of it is taken back, and the row waits for what they wait for. */
class Incomplete {
  readonly result: Extract<Applied['result'], { kind: 'held' | 'waits' | 'in_flight' }>
  constructor(result: Incomplete['result']) {
    this.result = result
  }
}

/** Throws for a new row that would be seen without some of its children. */
function checkFamilies(applied: ReadonlyMap<Batch, { results: readonly Applied[] }>): void {
  const byMap = new Map(
    [...applied].map(([batch, { results }]) => [batch.map, new Map(results.map((one) => [one.record.key, one.result]))]),
  )
  for (const [batch, { results }] of applied) {
    for (const { record, result } of results) {
      if (result.kind !== 'created') continue
      for (const member of batch.families.get(record.key) ?? []) assertCame(member, byMap.get(member.map)?.get(member.record.key))
    }
  }
}

function assertCame({ map, record }: Member, result: Applied['result'] | undefined): void {
  if (result?.kind !== 'held' && result?.kind !== 'waits' && result?.kind !== 'in_flight') return
  const told = result.kind === 'held' ? { ...result, reason: `${map.title} ${record.key}: ${result.reason}` } : result
  throw new AppError('dual_write.incomplete', 'A row came without some of its children', { cause: new Incomplete(told) })
}

const NOTHING_DONE: ReadonlySet<string> = new Set(['unchanged', 'excluded', 'ignored'])

async function settleResults(
  core: Core,
  tx: Tx,
  batch: Batch,
  { results, refused, beside }: { results: readonly Applied[]; refused: ReadonlySet<string>; beside: readonly Batch[] },
): Promise<number[]> {
  const { map, changes } = batch
  const byKey = new Map(results.map((one) => [one.record.key, one.result]))
  const outcomes = changes.flatMap((change) => {
    const result = byKey.get(change.remoteKey)
    return result === undefined ? [] : [{ change, result }]
  })
  const mayCome = await findWhatMayCome(tx, map, outcomes, beside)
  const done: RemoteChange[] = []
  const due: number[] = []
  for (const change of changes) {
    if (refused.has(change.remoteKey)) {
      const reason = map.deletes.reason ?? 'The record is gone in the ERP, and the map keeps its row'
      await parkRemoteChange(tx, change, { code: DELETE_REFUSED, reason })
      continue
    }
    const result = byKey.get(change.remoteKey)
    const dueMs = result === undefined ? undefined : await settleResult(tx, map, change, result, mayCome)
    if (dueMs === 'done' || result === undefined) done.push(change)
    else if (dueMs !== undefined) due.push(dueMs)
  }
  await settleRemoteChanges(tx, done)
  await releaseArrived(tx, map, batch, results)
  await insertTrace(tx, traceRecords(map, results))
  // Children that came along and could not be applied are queued like any other.
  const failed = results.filter(
    (one) => batch.extra.has(one.record.key) && ['waits', 'held', 'in_flight'].includes(one.result.kind),
  )
  await putRemoteChanges(
    tx,
    failed.map((one) => ({ map: map.name, remoteKey: one.record.key, eventId: null })),
  )
  // What was read again, our own writes' echo and a sweep of all records alike, is no change that somebody waited for.
  const changed = done.filter((change) => !NOTHING_DONE.has(byKey.get(change.remoteKey)?.kind ?? ''))
  core.meter.note(
    map.name,
    'toPortal',
    changed.map((change) => change.receivedAt),
  )
  return due
}

/** Children that came along with their parent need no person any more, who may have been asked before. */
async function releaseArrived(tx: Tx, map: TableMap, batch: Batch, results: readonly Applied[]): Promise<void> {
  const arrived = results.filter((one) => batch.extra.has(one.record.key) && one.result.kind === 'created')
  if (arrived.length === 0) return
  await releaseParkedRecords(
    tx,
    arrived.map((one) => ({ map: map.name, remoteKey: one.record.key })),
  )
}

async function settleResult(
  tx: Tx,
  map: TableMap,
  change: RemoteChange,
  result: Applied['result'],
  mayCome: MayCome,
): Promise<number | 'done' | undefined> {
  switch (result.kind) {
    case 'created':
    case 'updated':
    case 'unchanged':
    case 'excluded':
    case 'ignored':
      return 'done'
    case 'stale':
    case 'in_flight': {
      const afterMs = result.kind === 'stale' ? 0 : delayMs(change.attempt)
      await postponeRemoteChange(tx, change, { afterMs, code: PARENT, reason: 'Our own change of it is on its way' })
      return afterMs
    }
    case 'held':
      await parkRemoteChange(tx, change, { code: 'dual_write.held', reason: result.reason })
      await setMapError(tx, map.name, result.reason)
      return undefined
    case 'waits':
      return settleWaiting(tx, map, change, result.missing, mayCome)
    default:
      return result satisfies never
  }
}

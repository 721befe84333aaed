import type { RemoteRecord } from '#connector/contract.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import type { Applied } from '../apply/applied.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone } from '../apply/gone.ts'
import { type Core, LIVE, PARENT, UNREACHABLE } from '../core.ts'
import { findLinksByKey } from '../links.queries.ts'
import { waitsFor } from '../mapping/to-portal.ts'
import { setMapError } from '../maps.queries.ts'
import {
  claimRemoteChanges,
  parkRemoteChange,
  postponeRemoteChange,
  putRemoteChanges,
  type RemoteChange,
  settleRemoteChanges,
} from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { readChildren } from './read-children.ts'

const LEASE_MS = 90_000
const READ_MS_MAX = 60_000
const ROWS_MAX = 200
const RETRY_MS_MAX = 15_000
/** A row waits for another that long (with the delays below, some twelve seconds), then a person is asked. */
const PARENT_ATTEMPTS_MAX = 8
const WAIT_MS = 50
const IN_FLIGHT_ATTEMPTS_MAX = 9

export type Inbound = {
  /** Reads and applies what is due. Answers how many records were claimed, and when something of them is due again. */
  run(signal: AbortSignal): Promise<{ claimed: number; dueMs: number | undefined }>
}

/** What was read for one map. */
type Batch = {
  map: TableMap
  changes: RemoteChange[]
  records: Map<string, RemoteRecord>
  /** Records that came along with their parent, without a notice of their own. */
  extra: Map<string, RemoteRecord>
  fence: Map<string, number>
}

/** ERP → portal. */
export function createInbound(core: Core, live: () => readonly string[]): Inbound {
  return {
    async run(signal) {
      const claimed = await claim(core, live())
      if (claimed.length === 0) return { claimed: 0, dueMs: undefined }
      const total = claimed.reduce((sum, batch) => sum + batch.changes.length, 0)
      const read = await Promise.all(claimed.map((batch) => readBatch(core, batch, signal)))
      const due = read.flatMap((one) => (typeof one === 'number' ? [one] : []))
      const batches = read.flatMap((one) => (typeof one === 'number' ? [] : [one]))
      await addChildren(core, batches, signal)
      due.push(...(await applyBatches(core, batches)))
      return { claimed: total, dueMs: due.length === 0 ? undefined : Math.min(...due) }
    },
  }
}

function claim(core: Core, live: readonly string[]): Promise<Batch[]> {
  return core.database.transaction(async (tx) => {
    const changes = await claimRemoteChanges(tx, { maps: live, rowsMax: ROWS_MAX, leaseMs: LEASE_MS })
    const byMap = Map.groupBy(changes, (change) => change.map)
    const batches: Batch[] = []
    for (const map of core.maps) {
      const own = byMap.get(map.name)
      if (own === undefined) continue
      const keys = own.map((change) => change.remoteKey)
      const links = await findLinksByKey(tx, map.name, keys)
      const fence = new Map([...links].map(([key, link]) => [key, link.revision]))
      batches.push({ map, changes: own, records: new Map(), extra: new Map(), fence })
    }
    return batches
  }, LIVE)
}

/** The records as they are now; a number says after how many ms to try again. */
async function readBatch(core: Core, batch: Batch, signal: AbortSignal): Promise<Batch | number> {
  const { map, changes } = batch
  try {
    const request = { entity: map.entity, fields: map.fields, keys: changes.map((change) => change.remoteKey) }
    const records = await core.connector.readRecords(request, AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]))
    return { ...batch, records }
  } catch (error) {
    const attempt = Math.max(...changes.map((change) => change.attempt))
    const afterMs = signal.aborted ? 0 : afterMsOf(error, Math.min(retryDelayMs(attempt, core.clock.random()), RETRY_MS_MAX))
    await core.database.transaction(async (tx) => {
      const why = { afterMs, code: UNREACHABLE, reason: messageOf(error) }
      for (const change of changes) await postponeRemoteChange(tx, change, why)
      if (!signal.aborted) await setMapError(tx, map.name, messageOf(error))
    })
    return afterMs
  }
}

function afterMsOf(error: unknown, otherwiseMs: number): number {
  const afterMs = isAppError(error) ? error.details.afterMs : undefined
  return typeof afterMs === 'number' ? afterMs : otherwiseMs
}

/** A parent that is new here brings its children, so that no reader sees it without them. */
async function addChildren(core: Core, batches: Batch[], signal: AbortSignal): Promise<void> {
  for (const batch of [...batches]) {
    const fresh = [...batch.records.values()].filter((record) => !batch.fence.has(record.key))
    for (const { map, records } of await readChildren(core, batch.map, fresh, signal)) {
      let child = batches.find((one) => one.map === map)
      if (child === undefined) {
        child = { map, changes: [], records: new Map(), extra: new Map(), fence: new Map() }
        batches.push(child)
      }
      for (const record of records) if (!child.records.has(record.key)) child.extra.set(record.key, record)
    }
  }
  const position = new Map(core.maps.map((map, index) => [map, index]))
  batches.sort((a, b) => (position.get(a.map) ?? 0) - (position.get(b.map) ?? 0))
}

/** All in one transaction; if one record spoils it, each by itself, so that it blocks nobody else. Answers when what is due again. */
async function applyBatches(core: Core, batches: readonly Batch[]): Promise<number[]> {
  if (batches.every((batch) => batch.changes.length === 0)) return []
  try {
    return await core.database.transaction((tx) => applyAll(core, tx, batches), LIVE)
  } catch (error) {
    core.index.forget()
    core.log.debug({ reason: messageOf(error) }, 'a batch of records is applied one by one')
  }
  const due: number[] = []
  for (const batch of batches) {
    for (const change of batch.changes) {
      const record = batch.records.get(change.remoteKey)
      const records = record === undefined ? new Map() : new Map([[record.key, record]])
      due.push(...(await applyAlone(core, { ...batch, changes: [change], records, extra: new Map() }, change)))
    }
  }
  return due
}

async function applyAlone(core: Core, batch: Batch, change: RemoteChange): Promise<number[]> {
  try {
    return await core.database.transaction((tx) => applyAll(core, tx, [batch]))
  } catch (error) {
    core.index.forget()
    const reason = messageOf(error)
    const isRefused = isAppError(error, 'tables.refused') && change.attempt > 1
    const afterMs = Math.min(retryDelayMs(change.attempt, core.clock.random()), RETRY_MS_MAX)
    await core.database.transaction(async (tx) => {
      if (isRefused) await parkRemoteChange(tx, change, { code: 'tables.refused', reason })
      else await postponeRemoteChange(tx, change, { afterMs, code: isAppError(error) ? error.code : 'dual_write.failed', reason })
      await setMapError(tx, batch.map.name, reason)
    })
    return isRefused ? [] : [afterMs]
  }
}

async function applyAll(core: Core, tx: Tx, batches: readonly Batch[]): Promise<number[]> {
  const due: number[] = []
  for (const batch of batches) {
    const { map, changes, records, extra, fence } = batch
    const adopted = changes.filter((change) => change.attempt >= IN_FLIGHT_ATTEMPTS_MAX).map((change) => change.remoteKey)
    const all = [...records.values(), ...extra.values()]
    const results = [
      ...(await applyRecords(
        core,
        tx,
        map,
        all.filter((one) => !adopted.includes(one.key)),
        { quiet: false, fence },
      )),
      ...(await applyRecords(
        core,
        tx,
        map,
        all.filter((one) => adopted.includes(one.key)),
        { quiet: false, fence, adopt: true },
      )),
    ]
    const gone = changes.filter((change) => !records.has(change.remoteKey)).map((change) => change.remoteKey)
    const excluded = results.filter((one) => one.result.kind === 'excluded').map((one) => one.record.key)
    await applyGone(core, tx, map, [...gone, ...excluded], { quiet: false })
    due.push(...(await settleResults(core, tx, batch, results)))
  }
  return due
}

async function settleResults(core: Core, tx: Tx, batch: Batch, results: readonly Applied[]): Promise<number[]> {
  const { map, changes } = batch
  const byKey = new Map(results.map((one) => [one.record.key, one.result]))
  const done: RemoteChange[] = []
  const due: number[] = []
  for (const change of changes) {
    const result = byKey.get(change.remoteKey)
    const dueMs = result === undefined ? undefined : await settleResult(tx, map, change, result)
    if (dueMs === 'done' || result === undefined) done.push(change)
    else if (dueMs !== undefined) due.push(dueMs)
  }
  await settleRemoteChanges(tx, done)
  // Children that came along and could not be applied are queued like any other.
  const failed = results.filter(
    (one) => batch.extra.has(one.record.key) && ['waits', 'held', 'in_flight'].includes(one.result.kind),
  )
  await putRemoteChanges(
    tx,
    failed.map((one) => ({ map: map.name, remoteKey: one.record.key, eventId: null })),
  )
  core.meter.note(
    map.name,
    'toPortal',
    done.map((change) => change.receivedAt),
  )
  return due
}

async function settleResult(
  tx: Tx,
  map: TableMap,
  change: RemoteChange,
  result: Applied['result'],
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
    case 'waits': {
      const why = waitsFor(result.missing)
      if (change.attempt >= PARENT_ATTEMPTS_MAX) {
        await parkRemoteChange(tx, change, why)
        await setMapError(tx, map.name, why.reason)
        return undefined
      }
      const remote = result.missing.flatMap((one) => (one.remote === undefined ? [] : [{ ...one.remote, eventId: null }]))
      await putRemoteChanges(tx, remote)
      await postponeRemoteChange(tx, change, { afterMs: delayMs(change.attempt), ...why })
      return delayMs(change.attempt)
    }
    default:
      return result satisfies never
  }
}

function delayMs(attempt: number): number {
  return WAIT_MS * 2 ** Math.min(attempt - 1, 8)
}

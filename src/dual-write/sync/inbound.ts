import type { RemoteRecord } from '#connector/contract.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import { type Core, childrenOf, isOvertaken, LIVE, OVERTAKEN, UNREACHABLE } from '../core.ts'
import { alone, type IsLeading } from '../leader.ts'
import { findLinksByKey } from '../links.queries.ts'
import { setMapError } from '../maps.queries.ts'
import { claimRemoteChanges, postponeRemoteChange, type RemoteChange } from '../remote-changes.queries.ts'
import { withoutPausedRecords } from '../scopes.ts'
import type { TableMap } from '../table-map.ts'
import { applyBatches, type Batch } from './inbound-apply.ts'
import { readFamilies } from './read-children.ts'

const LEASE_MS = 90_000
const READ_MS_MAX = 60_000
const ROWS_MAX = 500
const RETRY_MS_MAX = 15_000

export type Inbound = {
  /** Reads and applies what is due. Answers how many records were claimed, and when something of them is due again. */
  run(signal: AbortSignal): Promise<{ claimed: number; dueMs: number | undefined }>
}

/** ERP → portal. */
export function createInbound(core: Core, live: () => readonly string[], isLeading: IsLeading = alone): Inbound {
  return {
    async run(signal) {
      const claimed = await claim(core, live(), isLeading)
      if (claimed.length === 0) return { claimed: 0, dueMs: undefined }
      if (isOvertaken(core)) return { claimed: 0, dueMs: await putBack(core, claimed) }
      const total = claimed.reduce((sum, batch) => sum + batch.changes.length, 0)
      const read = await Promise.all(claimed.map((batch) => readBatch(core, batch, signal)))
      const due = read.flatMap((one) => (typeof one === 'number' ? [one] : []))
      const whole = read.flatMap((one) => (typeof one === 'number' ? [] : [one]))
      const batches = await withoutPausedRecords(core, whole)
      due.push(...(await addFamilies(core, batches, signal)))
      due.push(...(await applyBatches(core, batches)))
      return { claimed: total, dueMs: due.length === 0 ? undefined : Math.min(...due) }
    },
  }
}

function claim(core: Core, live: readonly string[], isLeading: IsLeading): Promise<Batch[]> {
  return core.database.transaction(async (tx) => {
    if (!(await isLeading(tx))) return []
    const changes = await claimRemoteChanges(tx, { maps: live, rowsMax: ROWS_MAX, leaseMs: LEASE_MS })
    const byMap = Map.groupBy(changes, (change) => change.map)
    const batches: Batch[] = []
    for (const map of core.maps) {
      const own = byMap.get(map.name)
      if (own === undefined) continue
      const keys = own.map((change) => change.remoteKey)
      const links = await findLinksByKey(tx, map.name, keys)
      const fence = new Map([...links].map(([key, link]) => [key, link.revision]))
      batches.push({ map, changes: own, records: new Map(), extra: new Map(), families: new Map(), fence })
    }
    return batches
  }, LIVE)
}

async function putBack(core: Core, batches: readonly Batch[]): Promise<number> {
  await core.database.transaction(async (tx) => {
    for (const change of batches.flatMap((batch) => batch.changes)) await postponeRemoteChange(tx, change, OVERTAKEN)
  })
  return OVERTAKEN.afterMs
}

/** The records as they are now; a number says after how many ms to try again. */
async function readBatch(core: Core, batch: Batch, signal: AbortSignal): Promise<Batch | number> {
  const { map, changes } = batch
  try {
    const request = { entity: map.entity, fields: map.fields, keys: changes.map((change) => change.remoteKey) }
    const records = await core.connector.readRecords(request, AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]))
    return { ...batch, records }
  } catch (error) {
    return postpone(core, map, changes, error, signal)
  }
}

async function postpone(
  core: Core,
  map: TableMap,
  changes: readonly RemoteChange[],
  error: unknown,
  signal: AbortSignal,
): Promise<number> {
  const attempt = Math.max(...changes.map((change) => change.attempt))
  const afterMs = signal.aborted ? 0 : afterMsOf(error, Math.min(retryDelayMs(attempt, core.clock.random()), RETRY_MS_MAX))
  await core.database.transaction(async (tx) => {
    const why = { afterMs, code: UNREACHABLE, reason: messageOf(error) }
    for (const change of changes) await postponeRemoteChange(tx, change, why)
    if (!signal.aborted) await setMapError(tx, map.name, messageOf(error))
  })
  return afterMs
}

function afterMsOf(error: unknown, otherwiseMs: number): number {
  const afterMs = isAppError(error) ? error.details.afterMs : undefined
  return typeof afterMs === 'number' ? afterMs : otherwiseMs
}

/**
 * A parent that is new here brings its children, and theirs, so that no reader sees it without them. Where they cannot be read the parent
 * waits. Answers when it is due again.
 */
async function addFamilies(core: Core, batches: Batch[], signal: AbortSignal): Promise<number[]> {
  const due: number[] = []
  for (const batch of [...batches]) {
    const fresh = [...batch.records.values()].filter((record) => !batch.fence.has(record.key))
    if (fresh.length === 0 || childrenOf(core, batch.map).length === 0) continue
    try {
      const during = AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)])
      for (const [key, members] of await readFamilies(core, batch.map, fresh, during)) {
        batch.families.set(key, members)
        for (const { map, record } of members) addExtra(batches, map, record)
      }
    } catch (error) {
      const keys = new Set(fresh.map((record) => record.key))
      const waiting = batch.changes.filter((change) => keys.has(change.remoteKey))
      due.push(await postpone(core, batch.map, waiting, error, signal))
      batch.changes = batch.changes.filter((change) => !keys.has(change.remoteKey))
      for (const key of keys) batch.records.delete(key)
    }
  }
  const position = new Map(core.maps.map((map, index) => [map, index]))
  batches.sort((a, b) => (position.get(a.map) ?? 0) - (position.get(b.map) ?? 0))
  return due
}

function addExtra(batches: Batch[], map: TableMap, record: RemoteRecord): void {
  let batch = batches.find((one) => one.map === map)
  if (batch === undefined) {
    batch = { map, changes: [], records: new Map(), extra: new Map(), families: new Map(), fence: new Map() }
    batches.push(batch)
  }
  if (!batch.records.has(record.key)) batch.extra.set(record.key, record)
}

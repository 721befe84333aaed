import type { RemoteRecord, WriteOutcome } from '#connector/contract.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { postponeChange, settleChange, waitForRow } from '#tables/changes.queries.ts'
import { parkChange } from '#tables/parked-changes.queries.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone, GONE } from '../apply/gone.ts'
import { deleteErpChanges } from '../conflicts.queries.ts'
import { CONFLICT, type Core, LIVE, PARENT, UNREACHABLE } from '../core.ts'
import { deleteLinks, findLinksByKey, findLinksByRow, putLinks } from '../links.queries.ts'
import { setMapError } from '../maps.queries.ts'
import { findNoticeTimes, putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { putTombstones } from '../tombstones.queries.ts'
import { insertTrace } from '../trace.queries.ts'
import type { Item, Step } from './outbound-plan.ts'
import { traceGroup } from './trace.ts'

const RETRY_MS_MAX = 15_000
const PARENT_WAIT_MS_MAX = 5_000
const CONFLICTS_MAX = 10

type Write = Extract<Step, { kind: 'write' }>
type Applied = Extract<WriteOutcome, { kind: 'applied' }>

/** Records what came of a group, all in one transaction. Answers after how many ms something of it is due again. */
export async function settle(
  core: Core,
  steps: readonly Step[],
  given: readonly WriteOutcome[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const due: number[] = []
  const writes = steps.filter((step) => step.kind === 'write')
  const refusal = given.find((one) => one.kind === 'rejected')
  const outcomes = refusal === undefined ? given : refusedWhole(given, refusal)
  const theirs = await readConflicts(core, writes, outcomes, signal)
  await core.database.transaction(async (tx) => {
    due.length = 0
    for (const step of steps) {
      if (step.kind === 'settle') await settleChange(tx, step.item.map.name, step.item.change)
      if (step.kind === 'park') await park(tx, step.item, step)
      if (step.kind === 'wait') due.push(...(await wait(tx, step)))
    }
    for (const [index, step] of writes.entries()) {
      const outcome = outcomes[index] ?? { kind: 'retry', afterMs: undefined, reason: 'The connector gave no outcome' }
      const dueMs = await settleWrite(core, tx, step, outcome, theirs)
      if (dueMs !== undefined) due.push(dueMs)
    }
    if (writes.length > 1) await readAgain(tx, writes, outcomes)
    await insertTrace(tx, traceGroup(steps, outcomes))
  }, LIVE)
  for (const [index, step] of writes.entries())
    if (outcomes[index]?.kind === 'applied') core.meter.note(step.item.map.name, 'toErp', [step.item.change.capturedAt])
  return due.length === 0 ? undefined : Math.min(...due)
}

/** A refused group is refused whole: its lines wait with their header for the same person. */
function refusedWhole(outcomes: readonly WriteOutcome[], refusal: WriteOutcome): WriteOutcome[] {
  return outcomes.map((one) => (one.kind === 'applied' ? one : refusal))
}

async function settleWrite(core: Core, tx: Tx, step: Write, outcome: WriteOutcome, theirs: Theirs): Promise<number | undefined> {
  const { item } = step
  const { map, change } = item
  switch (outcome.kind) {
    case 'applied':
      await settleApplied(core, tx, step, outcome)
      return undefined
    case 'rejected':
      await park(tx, item, { code: outcome.code, reason: outcome.message })
      return undefined
    case 'conflict':
      return settleConflict(core, tx, step, theirs)
    case 'retry': {
      const backOffMs = Math.min(retryDelayMs(change.attempt, core.clock.random()), RETRY_MS_MAX)
      const afterMs = outcome.afterMs ?? backOffMs
      await postponeChange(tx, map.name, change, { afterMs, code: UNREACHABLE, reason: outcome.reason })
      await setMapError(tx, map.name, outcome.reason)
      return afterMs
    }
    default:
      return outcome satisfies never
  }
}

/** Row link, what the ERP answered and the end of the change are one transaction. */
async function settleApplied(core: Core, tx: Tx, step: Write, outcome: Applied): Promise<void> {
  const { map, change } = step.item
  const link = (await findLinksByRow(tx, map.name, [change.rowId], true)).get(change.rowId)
  const holder = await findHolder(core, tx, step, outcome.key)
  if (holder === 'another row') {
    await park(tx, step.item, { code: CONFLICT, reason: `The ERP's record ${outcome.key} belongs to another row already` })
    return
  }
  const mayBeOlder = isPerhapsOlder(core, step)
  // Another worker has taken the change over after a lost lease: it finds what we wrote and settles it.
  if (!(await settleWritten(tx, step, mayBeOlder))) return
  if (step.write.operation === 'delete') {
    await deleteLinks(tx, map.name, [change.rowId])
    await putTombstones(tx, map.name, [{ remoteKey: outcome.key, rowId: null, kind: 'gone' }])
    return
  }
  if (holder !== undefined) await deleteLinks(tx, map.name, [holder])
  const sent = Object.keys(step.agreed)
  if (link?.sent?.some((name) => sent.includes(name))) await deleteErpChanges(tx, map.name, change.rowId, sent)
  await putLinks(tx, map.name, [
    {
      rowId: change.rowId,
      remoteKey: outcome.key,
      company: step.company,
      agreed: { ...link?.agreed, ...(mayBeOlder ? {} : step.agreed) },
      remoteVersion: outcome.fields === undefined ? (outcome.version ?? null) : null,
      sent,
    },
  ])
  await takeAnswer(core, tx, step, outcome)
}

/**
 * What answers a repeated create may be the record that an earlier attempt has left, as the row was then: of edits since, the ERP may
 * know nothing.
 */
function isPerhapsOlder(core: Core, { write, item: { map, change } }: Write): boolean {
  return write.operation === 'create' && (change.attempt > 1 || change.operation !== 'create' || core.copying.has(map.name))
}

/** Answers false when another worker has the change by now. Edits that the ERP may not know of stay, and go once the record is linked. */
async function settleWritten(tx: Tx, { item: { map, change } }: Write, mayBeOlder: boolean): Promise<boolean> {
  if (!mayBeOlder) return settleChange(tx, map.name, change)
  if (change.operation === 'create') return settleChange(tx, map.name, { ...change, lastNumber: change.number })
  await postponeChange(tx, map.name, change, { afterMs: 0, code: CONFLICT, reason: 'The ERP had the record already' })
  return true
}

/** What the ERP made of it: from its answer, or by reading it. */
async function takeAnswer(core: Core, tx: Tx, step: Write, outcome: Applied): Promise<void> {
  const { map } = step.item
  const again = [{ map: map.name, remoteKey: outcome.key, eventId: null }]
  if (outcome.fields === undefined) {
    if (outcome.version === undefined || step.write.operation === 'create') await putRemoteChanges(tx, again)
    return
  }
  const record = { key: outcome.key, fields: outcome.fields, version: outcome.version ?? '' }
  const [applied] = await applyRecords(core, tx, map, [record], { quiet: false, adopt: true })
  if (applied !== undefined && 'missing' in applied.result) await putRemoteChanges(tx, again)
}

/** Whose record it was until now: a deleted row's, which gives it up, or that of a row that is still here, which keeps it. */
async function findHolder(core: Core, tx: Tx, step: Write, key: string): Promise<RowId | 'another row' | undefined> {
  const { map, change } = step.item
  if (step.heirOf === undefined && (step.write.operation !== 'create' || change.attempt === 1)) return undefined
  const holder = (await findLinksByKey(tx, map.name, [key], true)).get(key)
  if (holder === undefined || holder.rowId === change.rowId) return undefined
  core.index.forget()
  return (await readRowsById(tx, map.table, [holder.rowId])).size > 0 ? 'another row' : holder.rowId
}

/** Lines that were written after their header have changed its totals. */
async function readAgain(tx: Tx, writes: readonly Write[], outcomes: readonly WriteOutcome[]): Promise<void> {
  const parents = new Set(writes.flatMap((step) => step.parent?.item ?? []))
  const changes = writes.flatMap(({ item }, index) => {
    const outcome = outcomes[index]
    return parents.has(item) && outcome?.kind === 'applied' ? [{ map: item.map.name, remoteKey: outcome.key, eventId: null }] : []
  })
  await putRemoteChanges(tx, changes)
}

/** Records as they now are, where a write met another version: by remote key; undefined where the record is gone. */
type Theirs = ReadonlyMap<string, Awaited<ReturnType<Core['connector']['readRecords']>>>

async function readConflicts(
  core: Core,
  writes: readonly Write[],
  outcomes: readonly WriteOutcome[],
  signal: AbortSignal,
): Promise<Theirs> {
  const theirs = new Map<string, Awaited<ReturnType<Core['connector']['readRecords']>>>()
  for (const [index, { item, write }] of writes.entries()) {
    if (outcomes[index]?.kind !== 'conflict' || write.operation === 'create') continue
    const request = { entity: item.map.entity, fields: item.map.fields, keys: [write.key] }
    theirs.set(`${item.map.name} ${write.key}`, await core.connector.readRecords(request, signal))
  }
  return theirs
}

/** Both sides changed: take in what the ERP has, column by column, and try again with its version. */
async function settleConflict(core: Core, tx: Tx, step: Write, theirs: Theirs): Promise<number | undefined> {
  const { map, change } = step.item
  if (change.attempt >= CONFLICTS_MAX) {
    await park(tx, step.item, { code: CONFLICT, reason: 'The record changed in the ERP at each of our attempts' })
    return undefined
  }
  if (step.write.operation !== 'create') {
    const read = theirs.get(`${map.name} ${step.write.key}`)
    const record = read?.get(step.write.key)
    if (record !== undefined) await takeTheirs(core, tx, map, record)
    else if (read !== undefined) return settleGone(core, tx, step, step.write.key)
  }
  await postponeChange(tx, map.name, change, {
    afterMs: 0,
    code: CONFLICT,
    reason: 'The record has changed in the ERP meanwhile',
  })
  return 0
}

/** Times of notices tell which edit is the newer one, where the record itself does not. */
async function takeTheirs(core: Core, tx: Tx, map: TableMap, record: RemoteRecord): Promise<void> {
  const noticedAt = await findNoticeTimes(tx, map.name, [record.key])
  const results = await applyRecords(core, tx, map, [record], { quiet: false, noticedAt })
  // Outside the map's filter by now: its own notice says what becomes of the row.
  if (results[0]?.result.kind === 'excluded')
    await putRemoteChanges(tx, [{ map: map.name, remoteKey: record.key, eventId: null }])
}

/** The record is gone: so is what was to be told of it, unless the row stays here by the map's policy. */
async function settleGone(core: Core, tx: Tx, step: Write, key: string): Promise<undefined> {
  const { map, change } = step.item
  await applyGone(core, tx, map, [{ key, kind: 'gone' }], { quiet: false })
  if (map.deletes.toPortal === 'propagate' || step.write.operation === 'delete') await settleChange(tx, map.name, change)
  else await park(tx, step.item, { code: GONE, reason: 'The ERP no longer has this record' })
  return undefined
}

async function park(tx: Tx, { map, change }: Item, why: { code: string; reason: string }): Promise<void> {
  await parkChange(tx, map.name, change, { code: why.code, reason: why.reason })
  await setMapError(tx, map.name, why.reason)
}

/** Nobody asks again and again for a row that is known: its end wakes what waits for it. */
async function wait(tx: Tx, step: Extract<Step, { kind: 'wait' }>): Promise<number[]> {
  const { map, change } = step.item
  const why = { code: PARENT, reason: step.reason }
  if (step.blocker !== undefined && (await waitForRow(tx, map.name, change, { ...why, rowId: step.blocker }))) return []
  const afterMs = Math.min(100 * 2 ** Math.min(change.attempt - 1, 10), PARENT_WAIT_MS_MAX)
  await postponeChange(tx, map.name, change, { afterMs, ...why })
  return [afterMs]
}

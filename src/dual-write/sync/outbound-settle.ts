import type { RemoteRecord, WriteOutcome } from '#connector/contract.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { postponeChange, settleChange, settleChanges, waitForRow } from '#tables/changes.queries.ts'
import { lockRowsById } from '#tables/rows.queries.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone, GONE } from '../apply/gone.ts'
import { CONFLICT, type Core, LIVE, PARENT, UNREACHABLE } from '../core.ts'
import { setMapError } from '../maps.queries.ts'
import { findNoticeTimes, putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { insertTrace } from '../trace.queries.ts'
import type { Step } from './outbound-plan.ts'
import { type Done, park, settleApplied } from './settle-applied.ts'
import { traceGroup } from './trace.ts'

const RETRY_MS_MAX = 15_000
const PARENT_WAIT_MS_MAX = 5_000
/** Shorter than a lease: a side that does not answer must not hold the group longer than it is held for. */
const READ_MS_MAX = 20_000
/** After so many in a row a person is asked. */
export const CONFLICTS_MAX = 10

type Write = Extract<Step, { kind: 'write' }>

/** A group with what the ERP has answered, one outcome for each of its writes. */
export type Written = {
  steps: readonly Step[]
  outcomes: readonly WriteOutcome[]
  /** How many times in a row its records had another version. */
  conflicts: number
}

/** Records what came of groups, all in one transaction. Answers after how many ms something of them is due again. */
export async function settle(core: Core, written: readonly Written[], signal: AbortSignal): Promise<number | undefined> {
  const due: number[] = []
  const groups = written.map(asWhole)
  const pairs = groups.flatMap(pairsOf)
  const theirs = await readConflicts(core, pairs, signal)
  await core.database.transaction(async (tx) => {
    due.length = 0
    due.push(
      ...(await settleUnsent(
        tx,
        groups.flatMap(({ steps }) => steps),
      )),
    )
    for (const [map, done] of Map.groupBy(pairs.filter(isDone), ({ step }) => step.item.map)
      .entries()
      .toArray()
      .sort(inOrder(core)))
      await settleApplied(core, tx, map, done)
    for (const pair of pairs) {
      const dueMs = isDone(pair) ? undefined : await settleFailed(core, tx, pair, theirs)
      if (dueMs !== undefined) due.push(dueMs)
    }
    await readAgain(tx, groups)
    await insertTrace(
      tx,
      groups.flatMap(({ steps, outcomes }) => traceGroup(steps, outcomes)),
    )
  }, LIVE)
  for (const { step } of pairs.filter(isDone)) core.meter.note(step.item.map.name, 'toErp', [step.item.change.capturedAt])
  return due.length === 0 ? undefined : Math.min(...due)
}

/** A refused group is refused whole: its lines wait with their header for the same person. */
function asWhole(written: Written): Written {
  const { outcomes } = written
  const refusal = outcomes.find((one) => one.kind === 'rejected')
  if (refusal === undefined) return written
  return { ...written, outcomes: outcomes.map((one) => (one.kind === 'applied' ? one : refusal)) }
}

type Pair = { step: Write; outcome: WriteOutcome; conflicts: number }

function pairsOf({ steps, outcomes, conflicts }: Written): Pair[] {
  const none: WriteOutcome = { kind: 'retry', afterMs: undefined, reason: 'The connector gave no outcome' }
  return steps
    .filter((step) => step.kind === 'write')
    .map((step, index) => ({ step, outcome: outcomes[index] ?? none, conflicts }))
}

function isDone(pair: Pair): pair is Pair & Done {
  return pair.outcome.kind === 'applied'
}

/** Parents before their children, which point to them. */
function inOrder({ maps }: Core): (a: readonly [TableMap, unknown], b: readonly [TableMap, unknown]) => number {
  const position = new Map(maps.map((map, index) => [map.name, index]))
  return ([a], [b]) => (position.get(a.name) ?? 0) - (position.get(b.name) ?? 0)
}

/** Of what the ERP has not been told. Answers when what waits is due. */
async function settleUnsent(tx: Tx, steps: readonly Step[]): Promise<number[]> {
  const due: number[] = []
  const ended = steps.flatMap((step) => (step.kind === 'settle' ? [step.item] : []))
  for (const [map, items] of Map.groupBy(ended, (item) => item.map)) {
    const changes = items.map((item) => item.change)
    await settleChanges(tx, map.name, changes)
  }
  for (const step of steps) {
    if (step.kind === 'park') await park(tx, step.item, step)
    if (step.kind === 'wait') due.push(...(await wait(tx, step)))
  }
  return due
}

async function settleFailed(core: Core, tx: Tx, pair: Pair, theirs: Theirs): Promise<number | undefined> {
  const { step, outcome } = pair
  const { item } = step
  const { map, change } = item
  switch (outcome.kind) {
    case 'applied':
      return undefined
    case 'rejected':
      return settleRefused(tx, item, outcome)
    case 'conflict':
      return settleConflict(core, tx, pair, theirs)
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

/** A person is asked, unless the end of a record has taken the row along meanwhile: then there is nothing to correct. */
async function settleRefused(
  tx: Tx,
  item: Step['item'],
  { code, message }: { code: string; message: string },
): Promise<undefined> {
  const { map, change } = item
  // Locked: whoever deletes it at this moment gives up what is parked of it, and must see it.
  const isThere = change.operation === 'delete' || (await lockRowsById(tx, map.table, [change.rowId])).has(change.rowId)
  if (isThere) await park(tx, item, { code, reason: message })
  else await settleChange(tx, map.name, change)
}

/** Lines that were written after their header have changed its totals. */
async function readAgain(tx: Tx, groups: readonly Written[]): Promise<void> {
  const changes = groups.flatMap((group) => {
    const parents = new Set(group.steps.flatMap((step) => (step.kind === 'write' ? (step.parent?.item ?? []) : [])))
    return pairsOf(group).flatMap(({ step: { item }, outcome }) =>
      parents.has(item) && outcome.kind === 'applied' ? [{ map: item.map.name, remoteKey: outcome.key, eventId: null }] : [],
    )
  })
  await putRemoteChanges(tx, changes)
}

/** Records as they now are, where a write met another version: by remote key; undefined where the record is gone. */
type Theirs = ReadonlyMap<string, Awaited<ReturnType<Core['connector']['readRecords']>>>

async function readConflicts(core: Core, pairs: readonly Pair[], signal: AbortSignal): Promise<Theirs> {
  const theirs = new Map<string, Awaited<ReturnType<Core['connector']['readRecords']>>>()
  const during = AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)])
  for (const { step, outcome } of pairs) {
    const { item, write } = step
    if (outcome.kind !== 'conflict' || write.operation === 'create') continue
    const request = { entity: item.map.entity, fields: item.map.fields, keys: [write.key] }
    theirs.set(`${item.map.name} ${write.key}`, await core.connector.readRecords(request, during))
  }
  return theirs
}

/** Both sides changed: take in what the ERP has, column by column, and try again with its version. */
async function settleConflict(core: Core, tx: Tx, { step, conflicts }: Pair, theirs: Theirs): Promise<number | undefined> {
  const { map, change } = step.item
  if (conflicts >= CONFLICTS_MAX) {
    await park(tx, step.item, {
      code: CONFLICT,
      reason: `The record had changed in the ERP at each of ${CONFLICTS_MAX} attempts`,
    })
    return undefined
  }
  if (step.write.operation !== 'create') {
    const read = theirs.get(`${map.name} ${step.write.key}`)
    const record = read?.get(step.write.key)
    if (record !== undefined) await takeTheirs(core, tx, step, record)
    else if (read !== undefined) return settleGone(core, tx, step, step.write.key)
  }
  await postponeChange(tx, map.name, change, {
    afterMs: 0,
    code: CONFLICT,
    reason: 'The record has changed in the ERP meanwhile',
  })
  return 0
}

/**
 * Times of notices tell which edit is the newer one, where the record itself does not. What somebody else has taken in since the write was
 * planned stays: he may have read the record later.
 */
async function takeTheirs(core: Core, tx: Tx, { item: { map }, link }: Write, record: RemoteRecord): Promise<void> {
  const noticedAt = await findNoticeTimes(tx, map.name, [record.key])
  const fence = new Map(link === undefined ? [] : [[record.key, link.revision]])
  const results = await applyRecords(core, tx, map, [record], { quiet: false, noticedAt, fence })
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

/** Nobody asks again and again for a row that is known: its end wakes what waits for it. */
async function wait(tx: Tx, step: Extract<Step, { kind: 'wait' }>): Promise<number[]> {
  const { map, change } = step.item
  const why = { code: PARENT, reason: step.reason }
  if (step.blocker !== undefined && (await waitForRow(tx, map.name, change, { ...why, rowId: step.blocker }))) return []
  const afterMs = Math.min(100 * 2 ** Math.min(change.attempt - 1, 10), PARENT_WAIT_MS_MAX)
  await postponeChange(tx, map.name, change, { afterMs, ...why })
  return [afterMs]
}

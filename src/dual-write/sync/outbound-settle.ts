import type { WriteOutcome } from '#connector/contract.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { postponeChange, postponeChanges, settleChange, settleChanges, waitForRow } from '#tables/changes.queries.ts'
import { lockRowsById } from '#tables/rows.queries.ts'
import { CONFLICT, type Core, LIVE, PARENT, UNREACHABLE } from '../core.ts'
import { setMapError } from '../maps.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { insertTrace } from '../trace.queries.ts'
import type { Step } from './outbound-plan.ts'
import { type Done, park, settleApplied } from './settle-applied.ts'
import { readTheirs, settleConflicts, type Theirs } from './settle-conflicts.ts'
import { traceGroup } from './trace.ts'

const RETRY_MS_MAX = 15_000
const PARENT_WAIT_MS_MAX = 5_000
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
  const theirs = await readTheirs(core, pairs.filter(isConflict).map(stepOf), signal)
  await core.database.transaction(async (tx) => {
    due.length = 0
    due.push(
      ...(await settleUnsent(
        tx,
        groups.flatMap(({ steps }) => steps),
      )),
    )
    for (const [map, done] of byMap(core, pairs.filter(isDone))) await settleApplied(core, tx, map, done)
    due.push(...(await settleRest(core, tx, pairs, theirs)))
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

function stepOf({ step }: Pair): Write {
  return step
}

function isConflict({ outcome }: Pair): boolean {
  return outcome.kind === 'conflict'
}

function isInVain({ conflicts }: Pair): boolean {
  return conflicts >= CONFLICTS_MAX
}

function isDone(pair: Pair): pair is Pair & Done {
  return pair.outcome.kind === 'applied'
}

/** Parents before their children, which point to them. */
function byMap<P extends Pair>({ maps }: Core, pairs: readonly P[]): [TableMap, P[]][] {
  const position = new Map(maps.map((map, index) => [map.name, index]))
  const placeOf = (map: TableMap) => position.get(map.name) ?? 0
  return [...Map.groupBy(pairs, ({ step }) => step.item.map)].sort(([a], [b]) => placeOf(a) - placeOf(b))
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

/** Of what the ERP has not taken. Answers when what waits is due. */
async function settleRest(core: Core, tx: Tx, pairs: readonly Pair[], theirs: Theirs): Promise<number[]> {
  for (const { step, outcome } of pairs) if (outcome.kind === 'rejected') await settleRefused(tx, step.item, outcome)
  const unreached = pairs.flatMap(({ step: { item }, outcome }): Unreached[] =>
    outcome.kind === 'retry' ? [{ item, ...outcome }] : [],
  )
  const due = await settleUnreached(core, tx, unreached)
  const met = pairs.filter(isConflict)
  const inVain = { code: CONFLICT, reason: `The record had changed in the ERP at each of ${CONFLICTS_MAX} attempts` }
  for (const { step } of met.filter(isInVain)) await park(tx, step.item, inVain)
  for (const [map, own] of byMap(
    core,
    met.filter((pair) => !isInVain(pair)),
  ))
    due.push(...(await settleConflicts(core, tx, map, own.map(stepOf), theirs)))
  return due
}

type Unreached = Pick<Step, 'item'> & Extract<WriteOutcome, { kind: 'retry' }>

async function settleUnreached(core: Core, tx: Tx, unreached: readonly Unreached[]): Promise<number[]> {
  const due: number[] = []
  for (const [map, some] of Map.groupBy(unreached, ({ item }) => item.map)) {
    const delays = some.map(({ item: { change }, reason, afterMs }) => {
      const backOffMs = Math.min(retryDelayMs(change.attempt, core.clock.random()), RETRY_MS_MAX)
      return { change, afterMs: afterMs ?? backOffMs, code: UNREACHABLE, reason }
    })
    await postponeChanges(tx, map.name, delays)
    await setMapError(tx, map.name, delays.at(-1)?.reason ?? '')
    due.push(...delays.map((one) => one.afterMs))
  }
  return due
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

/** Nobody asks again and again for a row that is known: its end wakes what waits for it. */
async function wait(tx: Tx, step: Extract<Step, { kind: 'wait' }>): Promise<number[]> {
  const { map, change } = step.item
  const why = { code: PARENT, reason: step.reason }
  if (step.blocker !== undefined && (await waitForRow(tx, map.name, change, { ...why, rowId: step.blocker }))) return []
  const afterMs = Math.min(100 * 2 ** Math.min(change.attempt - 1, 10), PARENT_WAIT_MS_MAX)
  await postponeChange(tx, map.name, change, { afterMs, ...why })
  return [afterMs]
}

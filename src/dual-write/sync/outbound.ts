import type { WriteOutcome } from '#connector/contract.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { hurryChanges, postponeChange, settleChange } from '#tables/changes.queries.ts'
import { parkChange } from '#tables/parked-changes.queries.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone } from '../apply/gone.ts'
import { CONFLICT, type Core, LIVE, PARENT, UNREACHABLE } from '../core.ts'
import { deleteLinks, findLinksByRow, putLinks } from '../links.queries.ts'
import { setMapError } from '../maps.queries.ts'
import { hurryRemoteChanges, putRemoteChanges } from '../remote-changes.queries.ts'
import { claimGroups } from './outbound-claims.ts'
import { type Group, type Item, planGroup, type Step, toWriteGroup } from './outbound-plan.ts'

/** Longer than the longest write, which the abort below ends: a lease is not lost to slowness. */
const LEASE_MS = 90_000
const WRITE_MS_MAX = 60_000
const RETRY_MS_MAX = 15_000
const PARENT_WAIT_MS_MAX = 5_000
const CONFLICTS_MAX = 10

export type Outbound = {
  /** Claims up to `groupsMax` groups that are due and starts them. Answers how many; `onEnd` is called for each when it is done. */
  claim(groupsMax: number): Promise<Group[]>
  /** Brings one group to the ERP and records the outcome. Answers after how many ms something of it is due again. */
  run(group: Group, signal: AbortSignal): Promise<number | undefined>
}

/** Portal → ERP. */
export function createOutbound(core: Core, live: () => readonly string[]): Outbound {
  let wasUnreachable = false

  async function run(group: Group, signal: AbortSignal): Promise<number | undefined> {
    try {
      const steps = await core.database.read((tx) => planGroup(core, tx, group))
      const writes = steps.filter((step) => step.kind === 'write')
      const outcomes = writes.length === 0 ? [] : await write(writes, signal)
      const dueMs = await settle(core, steps, outcomes, signal)
      await noteReach(outcomes)
      return dueMs
    } catch (error) {
      core.index.forget()
      // The lease brings what is left back, even when the database itself is away.
      core.log.warn({ map: group[0]?.map.name, reason: messageOf(error) }, 'a change could not be worked on')
      return postponeAll(core, group, isAppError(error) ? error.code : 'dual_write.failed', messageOf(error))
    }
  }

  async function write(
    writes: readonly Extract<Step, { kind: 'write' }>[],
    signal: AbortSignal,
  ): Promise<readonly WriteOutcome[]> {
    try {
      return await core.connector.writeGroup(toWriteGroup(writes), AbortSignal.any([signal, AbortSignal.timeout(WRITE_MS_MAX)]))
    } catch (error) {
      const reason = signal.aborted ? 'Comptoir was stopped during the write' : messageOf(error)
      return writes.map(() => ({ kind: 'retry', afterMs: signal.aborted ? 0 : undefined, reason }))
    }
  }

  /** Once the ERP answers again, what waited for that goes at once. */
  async function noteReach(outcomes: readonly WriteOutcome[]): Promise<void> {
    if (outcomes.some((one) => one.kind === 'retry')) wasUnreachable = true
    else if (wasUnreachable && outcomes.length > 0) {
      wasUnreachable = false
      await core.database.transaction(async (tx) => {
        await hurryChanges(tx, live(), UNREACHABLE)
        await hurryRemoteChanges(tx, live(), UNREACHABLE)
      })
    }
  }

  return {
    claim: (groupsMax) =>
      core.database.transaction((tx) => claimGroups(core, tx, { live: live(), groupsMax, leaseMs: LEASE_MS }), LIVE),
    run,
  }
}

type Write = Extract<Step, { kind: 'write' }>

async function settle(
  core: Core,
  steps: readonly Step[],
  outcomes: readonly WriteOutcome[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const due: number[] = []
  const writes = steps.filter((step) => step.kind === 'write')
  const refusal = outcomes.find((one) => one.kind === 'rejected')
  const theirs = await readConflicts(core, writes, outcomes, signal)
  await core.database.transaction(async (tx) => {
    due.length = 0
    for (const step of steps) {
      if (step.kind === 'settle') await settleQuietly(tx, step)
      if (step.kind === 'wait') due.push(await wait(tx, step.item, step.reason))
    }
    for (const [index, step] of writes.entries()) {
      const outcome = outcomes[index] ?? { kind: 'retry', afterMs: undefined, reason: 'The connector gave no outcome' }
      // A refused group is refused whole: its lines wait with their header for the same person.
      const isRefused = refusal !== undefined && outcome.kind !== 'applied'
      const dueMs = await settleWrite(core, tx, step, isRefused ? refusal : outcome, theirs)
      if (dueMs !== undefined) due.push(dueMs)
    }
    if (writes.length > 1) await readAgain(tx, writes, outcomes)
  }, LIVE)
  for (const [index, step] of writes.entries())
    if (outcomes[index]?.kind === 'applied') core.meter.note(step.item.map.name, 'toErp', [step.item.change.capturedAt])
  return due.length === 0 ? undefined : Math.min(...due)
}

async function settleQuietly(tx: Tx, step: Extract<Step, { kind: 'settle' }>): Promise<void> {
  await settleChange(tx, step.item.map.name, step.item.change)
}

async function settleWrite(core: Core, tx: Tx, step: Write, outcome: WriteOutcome, theirs: Theirs): Promise<number | undefined> {
  const { item } = step
  const { map, change } = item
  switch (outcome.kind) {
    case 'applied':
      await settleApplied(core, tx, step, outcome)
      return undefined
    case 'rejected':
      await parkChange(tx, map.name, change, { code: outcome.code, reason: outcome.message })
      await setMapError(tx, map.name, outcome.message)
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
async function settleApplied(
  core: Core,
  tx: Tx,
  step: Write,
  outcome: Extract<WriteOutcome, { kind: 'applied' }>,
): Promise<void> {
  const { map, change } = step.item
  const link = (await findLinksByRow(tx, map.name, [change.rowId], true)).get(change.rowId)
  // Another worker has taken the change over after a lost lease: it finds what we wrote and settles it.
  if (!(await settleChange(tx, map.name, change))) return
  if (step.write.operation === 'delete') {
    await deleteLinks(tx, map.name, [change.rowId])
    return
  }
  await putLinks(tx, map.name, [
    {
      rowId: change.rowId,
      remoteKey: outcome.key,
      company: step.company,
      agreed: { ...link?.agreed, ...step.agreed },
      remoteVersion: outcome.fields === undefined ? (outcome.version ?? null) : null,
    },
  ])
  if (outcome.fields === undefined) {
    if (outcome.version === undefined || step.write.operation === 'create')
      await putRemoteChanges(tx, [{ map: map.name, remoteKey: outcome.key, eventId: null }])
    return
  }
  const record = { key: outcome.key, fields: outcome.fields, version: outcome.version ?? '' }
  const [applied] = await applyRecords(core, tx, map, [record], { quiet: false, adopt: true })
  if (applied !== undefined && 'missing' in applied.result)
    await putRemoteChanges(tx, [{ map: map.name, remoteKey: outcome.key, eventId: null }])
}

/** Lines that were written after their header have changed its totals. */
async function readAgain(tx: Tx, writes: readonly Write[], outcomes: readonly WriteOutcome[]): Promise<void> {
  const parents = new Set(
    writes.flatMap((step) => (step.write.operation === 'create' && step.write.parent ? [step.write.parent.index] : [])),
  )
  const changes = [...parents].flatMap((index) => {
    const outcome = outcomes[index]
    const map = writes[index]?.item.map.name
    return outcome?.kind === 'applied' && map !== undefined ? [{ map, remoteKey: outcome.key, eventId: null }] : []
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
    await parkChange(tx, map.name, change, { code: CONFLICT, reason: 'The record changed in the ERP at each of our attempts' })
    return undefined
  }
  if (step.write.operation !== 'create') {
    const read = theirs.get(`${map.name} ${step.write.key}`)
    const record = read?.get(step.write.key)
    if (record !== undefined) await applyRecords(core, tx, map, [record], { quiet: false })
    else if (read !== undefined) return settleGone(core, tx, step, step.write.key)
  }
  await postponeChange(tx, map.name, change, {
    afterMs: 0,
    code: CONFLICT,
    reason: 'The record has changed in the ERP meanwhile',
  })
  return 0
}

async function settleGone(core: Core, tx: Tx, step: Write, key: string): Promise<undefined> {
  const { map, change } = step.item
  await applyGone(core, tx, map, [key], { quiet: false })
  if (map.deletes.toPortal === 'propagate' || step.write.operation === 'delete') await settleChange(tx, map.name, change)
  else await parkChange(tx, map.name, change, { code: 'dual_write.gone', reason: 'The ERP no longer has this record' })
  return undefined
}

async function wait(tx: Tx, item: Item, reason: string): Promise<number> {
  const afterMs = Math.min(100 * 2 ** Math.min(item.change.attempt - 1, 10), PARENT_WAIT_MS_MAX)
  await postponeChange(tx, item.map.name, item.change, { afterMs, code: PARENT, reason })
  return afterMs
}

async function postponeAll(core: Core, group: Group, code: string, reason: string): Promise<number | undefined> {
  const afterMs = Math.min(retryDelayMs(group[0]?.change.attempt ?? 1, core.clock.random()), RETRY_MS_MAX)
  try {
    await core.database.transaction(async (tx) => {
      for (const { map, change } of group) await postponeChange(tx, map.name, change, { afterMs, code, reason })
      if (group[0] !== undefined) await setMapError(tx, group[0].map.name, reason)
    })
  } catch (error) {
    core.log.warn({ reason: messageOf(error) }, 'a change could not be put back; its lease will end')
  }
  return afterMs
}

import type { GroupOutcome, WriteGroup, WriteOutcome } from '#connector/contract.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { hurryChanges } from '#tables/changes.queries.ts'
import { isOneReshaped } from '../backfill.queries.ts'
import { type Core, isOvertaken, LIVE_AND_SAFE, OVERTAKEN, UNREACHABLE } from '../core.ts'
import { alone, type IsLeading } from '../leader.ts'
import { setMapError } from '../maps.queries.ts'
import { hurryRemoteChanges } from '../remote-changes.queries.ts'
import { claimGroups, postponeItems } from './outbound-claims.ts'
import { type Group, planGroups, type Step, toWriteGroup } from './outbound-plan.ts'
import { CONFLICTS_MAX, settle, type Written } from './outbound-settle.ts'

/** Longer than the longest write, which the abort below ends: a lease is not lost to slowness. */
const LEASE_MS = 90_000
const WRITE_MS_MAX = 60_000
const RETRY_MS_MAX = 15_000
const LATE = 'The work on it stood still until its time was nearly over; it begins again'
/** More than arrive before the others are due by themselves. */
const HURRIED_MAX = 10_000

/** Groups that are written to the ERP at once, where it is given one at a time. */
const GROUPS_MAX = 8
/** Where it is given many at a time: loads at once, and groups and changes of one load. */
const LOADS_MAX = 3
const LOAD_GROUPS_MAX = 128
const LOAD_CHANGES_MAX = 512

/** Groups that go together, each for itself: one alone, unless the connector takes many at a time. */
type Load = readonly Group[]

export type Outbound = {
  /** Claims what is due, while `running` loads are under way. */
  claim(running: number): Promise<Load[]>
  /** Brings a load to the ERP and records the outcome. Answers after how many ms something of it is due again. */
  run(load: Load, signal: AbortSignal): Promise<number | undefined>
}

/** Portal → ERP. */
export function createOutbound(core: Core, live: () => readonly string[], isLeading: IsLeading = alone): Outbound {
  const { writeGroups } = core.connector
  let wasUnreachable = false
  /** How many times in a row the change with this number has met another version; an outage between is none of them. */
  const conflicts = new Map<number, number>()
  const claimedMs = new WeakMap<Group, number>()

  async function claim(running: number): Promise<Load[]> {
    const free = (writeGroups === undefined ? GROUPS_MAX : LOADS_MAX) - running
    if (free <= 0) return []
    const groupsMax = writeGroups === undefined ? free : LOAD_GROUPS_MAX
    const beganMs = core.clock.nowMs()
    // The attempt must be known before the ERP hears of it: a later one then looks for what this one has left.
    const { groups, isBehind } = await core.database.transaction(async (tx) => {
      if (!(await isLeading(tx))) return { groups: [], isBehind: false }
      const claimed = await claimGroups(core, tx, { live: live(), groupsMax, leaseMs: LEASE_MS })
      return { groups: claimed, isBehind: await isOtherVersionActive(core, tx, claimed) }
    }, LIVE_AND_SAFE)
    if (isBehind || isOvertaken(core)) return giveBack(core, groups)
    for (const group of groups) claimedMs.set(group, beganMs)
    return writeGroups === undefined ? groups.map((group) => [group]) : loadsOf(groups)
  }

  async function run(load: Load, signal: AbortSignal): Promise<number | undefined> {
    let plans: Step[][]
    try {
      plans = await core.database.read((tx) => planGroups(core, tx, load))
    } catch (error) {
      core.index.forget()
      // Whatever spoils it for all of them is met by one alone.
      if (load.length > 1) return earliest(await Promise.all(load.map((group) => run([group], signal))))
      return putBack(core, load, error)
    }
    if (load.some((group) => isLate(core, claimedMs.get(group))))
      return putBack(core, load, new AppError('dual_write.late', LATE))
    try {
      const written = (await write(core, plans, signal)).map(counted)
      const dueMs = await settleEach(core, load, written, signal)
      await noteReach(written.flatMap((one) => one.outcomes))
      return dueMs
    } catch (error) {
      return putBack(core, load, error)
    }
  }

  function counted({ steps, outcomes }: Pick<Written, 'steps' | 'outcomes'>): Written {
    const number = steps[0]?.item.change.number ?? 0
    const count = outcomes.some((one) => one.kind === 'conflict') ? (conflicts.get(number) ?? 0) + 1 : 0
    if (count === 0 || count >= CONFLICTS_MAX) conflicts.delete(number)
    else conflicts.set(number, count)
    return { steps, outcomes, conflicts: count }
  }

  /** Once the ERP answers again, what waited for that goes at once. */
  async function noteReach(outcomes: readonly WriteOutcome[]): Promise<void> {
    if (outcomes.some((one) => one.kind === 'retry')) wasUnreachable = true
    else if (wasUnreachable && outcomes.length > 0) {
      wasUnreachable = false
      await core.database.transaction(async (tx) => {
        await hurryChanges(tx, live(), UNREACHABLE, HURRIED_MAX)
        await hurryRemoteChanges(tx, live(), UNREACHABLE, HURRIED_MAX)
      })
    }
  }

  return { claim, run }
}

/** A write that begins now may end behind the lease: whoever claims the change then would write beside it. */
function isLate({ clock }: Core, claimedMs: number | undefined): boolean {
  return clock.nowMs() - required(claimedMs, 'when it was claimed') > LEASE_MS - WRITE_MS_MAX
}

/**
 * Asked behind the claim: what was edited since another version was activated may be of columns that this process does not know yet, and
 * would be settled without them.
 */
async function isOtherVersionActive(core: Core, tx: Tx, groups: readonly Group[]): Promise<boolean> {
  const maps = [...new Set(groups.flat().map((item) => item.map))]
  if (maps.length === 0) return false
  return isOneReshaped(
    tx,
    maps.map((map) => ({ map: map.name, hash: core.active.shapeOf(map).hash })),
  )
}

async function giveBack(core: Core, groups: readonly Group[]): Promise<[]> {
  if (groups.length === 0) return []
  await core.database.transaction(async (tx) => {
    await postponeItems(tx, groups.flat(), OVERTAKEN)
  })
  return []
}

/** All in one transaction; if one group spoils it, each by itself: what the ERP has answered is not asked for again. */
async function settleEach(core: Core, load: Load, written: readonly Written[], signal: AbortSignal): Promise<number | undefined> {
  if (load.length === 1) return settle(core, written, signal)
  try {
    return await settle(core, written, signal)
  } catch (error) {
    core.index.forget()
    core.log.debug({ reason: messageOf(error) }, 'the outcomes of a load are recorded one by one')
  }
  const due = written.map((one, at) => settle(core, [one], signal).catch((error) => putBack(core, load.slice(at, at + 1), error)))
  return earliest(await Promise.all(due))
}

/** The lease brings what is left back, even when the database itself is away. */
async function putBack(core: Core, load: Load, error: unknown): Promise<number | undefined> {
  core.index.forget()
  core.log.warn({ map: load[0]?.[0]?.map.name, reason: messageOf(error) }, 'a change could not be worked on')
  const code = isAppError(error) ? error.code : 'dual_write.failed'
  return earliest(await Promise.all(load.map((group) => postponeAll(core, group, code, messageOf(error)))))
}

/** What the ERP makes of each group; a group of which it has nothing to hear has no outcomes. */
async function write(
  core: Core,
  plans: readonly (readonly Step[])[],
  signal: AbortSignal,
): Promise<Pick<Written, 'steps' | 'outcomes'>[]> {
  const writes = plans.map((steps) => steps.filter((step) => step.kind === 'write'))
  const sent = writes.filter((some) => some.length > 0)
  const groups = sent.map((some) => toWriteGroup(core, some))
  const outcomes = await send(core, groups, signal)
  const outcomesOf = new Map(sent.map((some, at) => [some, outcomes[at] ?? []]))
  return plans.map((steps, at) => ({ steps, outcomes: outcomesOf.get(writes[at] ?? []) ?? [] }))
}

async function send(core: Core, groups: readonly WriteGroup[], signal: AbortSignal): Promise<readonly GroupOutcome[]> {
  const { writeGroups } = core.connector
  const ending = AbortSignal.any([signal, AbortSignal.timeout(WRITE_MS_MAX)])
  try {
    if (writeGroups !== undefined && groups.length > 1) return await writeGroups(groups, ending)
    return await Promise.all(groups.map((group) => core.connector.writeGroup(group, ending)))
  } catch (error) {
    const reason = signal.aborted ? 'Comptoir was stopped during the write' : messageOf(error)
    return groups.map(({ writes }) => writes.map(() => ({ kind: 'retry', afterMs: signal.aborted ? 0 : undefined, reason })))
  }
}

/** Large groups are spread over loads, so that none of them is long under way. */
function loadsOf(groups: readonly Group[]): Load[] {
  const loads: Group[][] = []
  let changes = 0
  for (const group of groups) {
    const last = loads.at(-1)
    changes += group.length
    if (last !== undefined && changes <= LOAD_CHANGES_MAX) last.push(group)
    else {
      loads.push([group])
      changes = group.length
    }
  }
  return loads
}

function earliest(due: readonly (number | undefined)[]): number | undefined {
  const known = due.filter((one) => one !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

async function postponeAll(core: Core, group: Group, code: string, reason: string): Promise<number | undefined> {
  const afterMs = Math.min(retryDelayMs(group[0]?.change.attempt ?? 1, core.clock.random()), RETRY_MS_MAX)
  try {
    await core.database.transaction(async (tx) => {
      await postponeItems(tx, group, { afterMs, code, reason })
      if (group[0] !== undefined) await setMapError(tx, group[0].map.name, reason)
    })
  } catch (error) {
    core.log.warn({ reason: messageOf(error) }, 'a change could not be put back; its lease will end')
  }
  return afterMs
}

import type { WriteOutcome } from '#connector/contract.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import { hurryChanges, postponeChange } from '#tables/changes.queries.ts'
import { type Core, LIVE, UNREACHABLE } from '../core.ts'
import { setMapError } from '../maps.queries.ts'
import { hurryRemoteChanges } from '../remote-changes.queries.ts'
import { claimGroups } from './outbound-claims.ts'
import { type Group, planGroup, type Step, toWriteGroup } from './outbound-plan.ts'
import { settle } from './outbound-settle.ts'

/** Longer than the longest write, which the abort below ends: a lease is not lost to slowness. */
const LEASE_MS = 90_000
const WRITE_MS_MAX = 60_000
const RETRY_MS_MAX = 15_000

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
      return await core.connector.writeGroup(
        toWriteGroup(core, writes),
        AbortSignal.any([signal, AbortSignal.timeout(WRITE_MS_MAX)]),
      )
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

import type { GroupOutcome } from '#connector/contract.ts'
import type { Step } from './write.ts'

/** What this connector has written lately: it comes back in the log of changes, and says nothing there that the answer has not said. */
export type OwnWrites = {
  /** What a transaction has written; before its end, so that nobody reads of it earlier. */
  note(xid: string, attempt: number, steps: readonly Step[], outcomes: GroupOutcome): void
  has(xid: string, entity: string, key: string): boolean
}

/** What is forgotten is read again once. */
const KEYS_MAX = 50_000

export function createOwnWrites(): OwnWrites {
  const written = new Map<string, Set<string>>()
  let count = 0
  return {
    note(xid, attempt, steps, outcomes) {
      const keys = written.get(xid) ?? new Set()
      for (const [at, { write, entity }] of steps.entries()) {
        const outcome = outcomes[at]
        // A repeated create may have found its record, and not written it.
        if (outcome?.kind !== 'applied' || (write.operation === 'create' && attempt > 1)) continue
        keys.add(`${entity.name} ${outcome.key}`)
        count++
      }
      written.set(xid, keys)
      for (const [oldest, some] of written) {
        if (count <= KEYS_MAX) break
        written.delete(oldest)
        count -= some.size
      }
    },
    has: (xid, entity, key) => written.get(xid)?.has(`${entity} ${key}`) === true,
  }
}

import { messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Core } from '../core.ts'
import { createWaker } from './waker.ts'

const RETRY_MS_MAX = 60_000

export type Watch = {
  /** Watches these entities from now on. */
  follow(entities: readonly string[]): void
  /** Until the signal aborts; a watch that is lost begins again. */
  run(signal: AbortSignal): Promise<void>
}

/** Hears from a side that can tell when something has changed, and does without where it cannot: its changes are asked for all the same. */
export function createWatch(core: Core, onChange: (entity: string) => void): Watch {
  const waker = createWaker(core.clock)
  let entities: readonly string[] = []
  let ending = new AbortController()
  let failures = 0
  /** Said once: where it cannot be watched for good, that is no news every minute. */
  let said = ''

  /** Answers whether it has ended because other entities are to be watched. */
  async function watchOnce(signal: AbortSignal): Promise<boolean> {
    ending = new AbortController()
    const during = AbortSignal.any([signal, ending.signal])
    try {
      await core.connector.watchChanges?.({ entities, onChange }, during)
      return true
    } catch (error) {
      const reason = messageOf(error)
      if (!during.aborted && reason !== said)
        core.log.warn({ reason }, 'changes are asked for at intervals, since they cannot be watched')
      said = reason
      return during.aborted
    }
  }

  return {
    follow(next) {
      if (next.join('\n') === entities.join('\n')) return
      entities = next
      ending.abort()
      waker.wake()
    },
    async run(signal) {
      if (core.connector.watchChanges === undefined) return
      while (!signal.aborted) {
        if (entities.length === 0) await waker.wait(RETRY_MS_MAX, signal)
        else if (!(await watchOnce(signal)))
          await waker.wait(Math.min(retryDelayMs(++failures, core.clock.random()), RETRY_MS_MAX), signal)
      }
    },
  }
}

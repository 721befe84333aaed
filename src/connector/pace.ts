import type { Clock } from '#lib/clock.ts'

/** How a request went, as far as the pace cares: `slow` is a throttled, overloaded or silent ERP. */
export type PaceReport = 'good' | 'slow' | 'unknown'
export type Admission = { kind: 'go'; leave(report: PaceReport): void } | { kind: 'wait'; afterMs: number }

export type Pace = {
  /**
   * Waits for a place, and for the pause that the ERP asked for where that ends within `patienceMs`; otherwise says how long it is.
   * Rejects with the signal's reason when that aborts.
   */
  enter(patienceMs: number, signal: AbortSignal): Promise<Admission>
  /** The ERP asked for quiet: no call begins before. */
  pause(ms: number): void
  /** Places at this moment. */
  limit(): number
}

/** After this many good requests per place there is one place more. */
const GOOD_PER_PLACE = 4
/** Requests that were under way together fail together: they halve the places once. */
const HALVING_INTERVAL_MS = 1_000

/**
 * How many requests run at once, shared by all calls of a connector: half as many when the ERP is overloaded, one more after a while of
 * good answers, at most `concurrencyMax`, first come first served.
 */
export function createPace(options: { concurrencyMax: number; clock: Clock }): Pace {
  const { concurrencyMax, clock } = options
  let places = concurrencyMax
  let taken = 0
  let good = 0
  let notBeforeMs = 0
  let halvedAtMs = Number.NEGATIVE_INFINITY
  const waiting = new Set<() => void>()

  async function enter(patienceMs: number, signal: AbortSignal): Promise<Admission> {
    signal.throwIfAborted()
    const untilMs = clock.nowMs() + patienceMs
    for (;;) {
      const pauseMs = notBeforeMs - clock.nowMs()
      if (pauseMs > 0) {
        if (clock.nowMs() + pauseMs > untilMs) return { kind: 'wait', afterMs: pauseMs }
        await clock.sleep(pauseMs, signal)
        signal.throwIfAborted()
      } else if (taken < places) {
        taken++
        return { kind: 'go', leave: once(leave) }
      } else await place(signal)
    }
  }

  function place(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        waiting.delete(go)
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = () => {
        waiting.delete(go)
        reject(signal.reason)
      }
      signal.addEventListener('abort', stop, { once: true })
      waiting.add(go)
    })
  }

  function leave(report: PaceReport): void {
    taken--
    if (report === 'slow') halve()
    else if (report === 'good' && places < concurrencyMax && ++good >= places * GOOD_PER_PLACE) {
      places++
      good = 0
    }
    for (const go of [...waiting].slice(0, Math.max(places - taken, 0))) go()
  }

  function halve(): void {
    good = 0
    if (clock.nowMs() - halvedAtMs < HALVING_INTERVAL_MS) return
    halvedAtMs = clock.nowMs()
    places = Math.max(1, Math.floor(places / 2))
  }

  return {
    enter,
    pause: (ms) => {
      notBeforeMs = Math.max(notBeforeMs, clock.nowMs() + ms)
    },
    limit: () => places,
  }
}

function once(leave: (report: PaceReport) => void): (report: PaceReport) => void {
  let left = false
  return (report) => {
    if (!left) leave(report)
    left = true
  }
}

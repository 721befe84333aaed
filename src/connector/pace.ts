import type { Clock } from '#lib/clock.ts'

/**
 * How a request went, as far as the pace cares: `slow` is a throttled or overloaded ERP, `silent` one that did not answer in time,
 * `unreached` one to which there was no connection.
 */
export type PaceReport = 'good' | 'slow' | 'silent' | 'unreached' | 'unknown'
export type Admission = { kind: 'go'; leave(report: PaceReport): void } | { kind: 'wait'; afterMs: number }

export type Pace = {
  /**
   * Waits for a place, and for the pause that the ERP asked for where that ends within `patienceMs`; otherwise says how long it is.
   * Rejects with the signal's reason when that aborts.
   */
  enter(patienceMs: number, signal: AbortSignal): Promise<Admission>
  /** The ERP asked for quiet: no call begins before. */
  pause(ms: number): void
  /** Places at this moment: one while it is tried whether the ERP is back. */
  limit(): number
}

/** After this many good requests per place there is one place more. */
const GOOD_PER_PLACE = 4
/** Requests that were under way together fail together: they halve the places once. */
const HALVING_INTERVAL_MS = 1_000
/** So many requests without an answer one after the other, and nobody asks any more but one, now and then. */
const FAILURES_TO_OPEN = 8
const OPEN_MS_MIN = 1_000
const OPEN_MS_MAX = 15_000
const QUEUE_MAX = 1_000
const QUEUE_FULL_MS = 1_000

/**
 * How many requests run at once, shared by all calls of a connector: half as many when the ERP is overloaded, one more after a while of
 * good answers, at most `concurrencyMax`, first come first served; whoever finds the queue full is told to come again. After an outage
 * one request at a time tries whether the ERP is back, after waits that double; the first answer lets all the others go.
 */
export function createPace(options: { concurrencyMax: number; clock: Clock; queueMax?: number }): Pace {
  const { concurrencyMax, clock, queueMax = QUEUE_MAX } = options
  let places = concurrencyMax
  let taken = 0
  let good = 0
  let notBeforeMs = 0
  let failures = 0
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
      } else if (taken < limit()) {
        taken++
        return { kind: 'go', leave: once(leave) }
      } else if (waiting.size >= queueMax) return { kind: 'wait', afterMs: QUEUE_FULL_MS }
      else await place(waiting, signal)
    }
  }

  function leave(report: PaceReport): void {
    taken--
    if (report === 'slow' || report === 'silent') halve()
    if (report === 'silent' || report === 'unreached') fail()
    else if (report !== 'unknown') failures = 0
    if (report === 'good' && places < concurrencyMax && ++good >= places * GOOD_PER_PLACE) {
      places++
      good = 0
    }
    for (const go of [...waiting].slice(0, Math.max(limit() - taken, 0))) go()
  }

  function fail(): void {
    failures++
    const doublings = failures - FAILURES_TO_OPEN
    if (doublings >= 0) pause(Math.min(OPEN_MS_MIN * 2 ** Math.min(doublings, 10), OPEN_MS_MAX))
  }

  function pause(ms: number): void {
    notBeforeMs = Math.max(notBeforeMs, clock.nowMs() + ms)
  }

  function limit(): number {
    return failures >= FAILURES_TO_OPEN ? 1 : places
  }

  function halve(): void {
    good = 0
    if (clock.nowMs() - halvedAtMs < HALVING_INTERVAL_MS) return
    halvedAtMs = clock.nowMs()
    places = Math.max(1, Math.floor(places / 2))
  }

  return { enter, pause, limit }
}

/** Behind all that wait already, until somebody lets it go. */
function place(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
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

function once(leave: (report: PaceReport) => void): (report: PaceReport) => void {
  let left = false
  return (report) => {
    if (!left) leave(report)
    left = true
  }
}

import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'

/**
 * Virtual time. Whatever takes time in a simulation – a transaction, a call of the ERP, a sleep – is an event on one line, ordered by the
 * moment at which it happens; the moments come from the seed. One event happens at a time, and the next only when everything that follows
 * from it has come to rest, so that the same seed gives the same history, step by step.
 */
export type Timeline = {
  nowMs(): number
  /** Calls `happen` after `afterMs`, unless the life has ended by then. Answers how to call it off. */
  at(life: Life, label: string, afterMs: number, happen: () => void | Promise<void>): () => void
  /** Carries `work` out after `afterMs` and answers `answerMs` later. Within work that is under way, at once. */
  perform<T>(life: Life, label: string, work: () => Promise<T>, delay: { afterMs: number; answerMs: number }): Promise<T>
  sleep(life: Life, ms: number, signal?: AbortSignal): Promise<void>
  /** Lets time pass until `main` has come to its end. */
  run<T>(main: () => Promise<T>): Promise<T>
  /** Adds what happened within the present step to the trace. */
  note(text: string): void
  /** The steps so far; the same for the same seed. */
  hash(): string
  steps(): number
}

/** A process that can die: nothing of it happens afterwards. */
export type Life = { readonly name: string; isOver: boolean }

type Event = { atMs: number; order: number; life: Life; label: string; happen: () => void | Promise<void> }

/** A history that does not end is an error of its own. */
const STEPS_MAX = 200_000

export function createTimeline(options: {
  startMs: number
  /** Numbers drawn so far: part of the trace. */
  drawn: () => number
  onStep?: ((line: string) => void) | undefined
}): Timeline {
  const events: Event[] = []
  const inside = new AsyncLocalStorage<{ isOpen: boolean }>()
  const trace = createHash('sha256')
  let nowMs = options.startMs
  let order = 0
  let steps = 0
  let notes: string[] = []

  function at(life: Life, label: string, afterMs: number, happen: () => void | Promise<void>): () => void {
    const event = { atMs: nowMs + Math.max(0, afterMs), order: order++, life, label, happen }
    events.push(event)
    return () => {
      const index = events.indexOf(event)
      if (index >= 0) events.splice(index, 1)
    }
  }

  function takeNext(): Event | undefined {
    let next: Event | undefined
    for (let i = events.length - 1; i >= 0; i--) {
      const event = events[i] as Event
      if (event.life.isOver) events.splice(i, 1)
      else if (next === undefined || event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order))
        next = event
    }
    if (next !== undefined) events.splice(events.indexOf(next), 1)
    return next
  }

  async function step(): Promise<void> {
    const event = takeNext()
    if (event === undefined) throw new Error('Nothing is left to happen, and the simulation has not ended')
    if (++steps > STEPS_MAX) throw new Error(`The simulation has not ended after ${STEPS_MAX} steps`)
    nowMs = event.atMs
    notes = []
    await event.happen()
    const line = `${steps} ${options.drawn()} ${(nowMs - options.startMs).toFixed(3)} ${event.life.name} ${event.label}${notes.length === 0 ? '' : `: ${notes.join('; ')}`}`
    trace.update(`${line}\n`)
    options.onStep?.(line)
    await settle()
  }

  function perform<T>(
    life: Life,
    label: string,
    work: () => Promise<T>,
    delay: { afterMs: number; answerMs: number },
  ): Promise<T> {
    if (inside.getStore()?.isOpen) return work()
    return new Promise<T>((resolve, reject) => {
      const answer = (deliver: () => void) => void at(life, `${label} answers`, delay.answerMs, deliver)
      at(life, label, delay.afterMs, async () => {
        const store = { isOpen: true }
        await inside.run(store, work).then(
          (result) => answer(() => resolve(result)),
          (error: unknown) => {
            notes.push(`failed: ${error instanceof Error ? error.message : String(error)}`)
            answer(() => reject(error))
          },
        )
        store.isOpen = false
      })
    })
  }

  function sleep(life: Life, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const cancel = at(life, 'wakes', ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = () => {
        cancel()
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  return {
    nowMs: () => nowMs,
    at,
    perform,
    sleep,
    note: (text) => void notes.push(text),
    hash: () => trace.copy().digest('hex').slice(0, 16),
    steps: () => steps,
    async run<T>(main: () => Promise<T>) {
      let end: { value: T } | { error: unknown } | undefined
      main().then(
        (value) => {
          end = { value }
        },
        (error: unknown) => {
          end = { error }
        },
      )
      await settle()
      while (end === undefined) await step()
      if ('error' in end) throw end.error
      return end.value
    },
  }
}

/** All that follows from the last step by promises alone has run. */
function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}

import type { Clock } from '#lib/clock.ts'

/** Lets a loop sleep until there is work. A wake during the work is not lost: the next wait ends at once. */
export type Waker = {
  wake(): void
  /** Wakes after `ms`, once. */
  wakeAfter(ms: number, signal: AbortSignal): void
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createWaker(clock: Clock): Waker {
  let isAwake = false
  let current = new AbortController()
  const wake = () => {
    isAwake = true
    current.abort()
  }
  return {
    wake,
    wakeAfter(ms, signal) {
      void clock.sleep(ms, signal).then(wake)
    },
    async wait(ms, signal) {
      if (!isAwake) {
        current = new AbortController()
        await clock.sleep(ms, AbortSignal.any([current.signal, signal]))
      }
      isAwake = false
    },
  }
}

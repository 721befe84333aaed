import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'

/** The real clock and the real dice. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  },
}

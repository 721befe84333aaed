import { assert } from './assert.ts'

const RETRY_DELAY_MS_MAX = 5 * 60_000

/**
 * How long to wait before attempt `attempt + 1`: doubling from half a second, jittered to between half and the whole, at most five minutes.
 * `random` is in [0, 1).
 */
export function retryDelayMs(attempt: number, random: number): number {
  assert(attempt >= 1, 'attempts count from 1')
  const ceilingMs = Math.min(500 * 2 ** Math.min(attempt - 1, 20), RETRY_DELAY_MS_MAX)
  return Math.round(ceilingMs * (0.5 + random / 2))
}

import type { Life, Timeline } from './timeline.ts'

/**
 * What a process has besides its clock argument: `AbortSignal.timeout` and `Date.now` (row ids are made of it). In a simulation they
 * follow virtual time; one history runs in a process at a time. Answers how to give the real ones back.
 */
export function replaceProcessTime(timeline: Timeline, life: Life): () => void {
  const realTimeout = AbortSignal.timeout
  const realNow = Date.now
  AbortSignal.timeout = (ms: number) => {
    const controller = new AbortController()
    timeline.at(life, 'times out', ms, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return controller.signal
  }
  Date.now = () => Math.floor(timeline.nowMs())
  return () => {
    AbortSignal.timeout = realTimeout
    Date.now = realNow
  }
}

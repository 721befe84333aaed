import type { Clock } from '#lib/clock.ts'

export type Direction = 'toErp' | 'toPortal'

/** Counts settled changes of the last minute, per map and direction, in this process. */
export type Meter = {
  count(map: string, direction: Direction, changes: number): void
  perMinute(map: string): { toErp: number; toPortal: number }
}

const BUCKET_MS = 5_000
const BUCKETS = 12

export function createMeter(clock: Clock): Meter {
  const buckets = new Map<string, { bucket: number; count: number }[]>()
  const recent = (key: string) => {
    const oldest = Math.floor(clock.nowMs() / BUCKET_MS) - BUCKETS
    return (buckets.get(key) ?? []).filter((one) => one.bucket > oldest)
  }
  const sum = (key: string) => recent(key).reduce((total, one) => total + one.count, 0)
  return {
    count(map, direction, changes) {
      const key = `${direction} ${map}`
      const bucket = Math.floor(clock.nowMs() / BUCKET_MS)
      const kept = recent(key)
      const last = kept.at(-1)
      if (last?.bucket === bucket) last.count += changes
      else kept.push({ bucket, count: changes })
      buckets.set(key, kept)
    },
    perMinute: (map) => ({ toErp: sum(`toErp ${map}`), toPortal: sum(`toPortal ${map}`) }),
  }
}

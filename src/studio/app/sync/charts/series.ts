import type { Direction } from '#dual-write/facets-control.ts'
import type { SeriesPoint } from '#dual-write/facets-watch.ts'

export const HOURS = [1, 24, 168] as const
export type Hours = (typeof HOURS)[number]

/** One step of a chart: changes a minute on average, and the latency of its slowest minute. Null where nothing was settled. */
export type Step = { atMs: number; rate: Record<Direction, number>; latency: Record<Direction, Percentiles | null> }
export type Percentiles = { p50Ms: number; p95Ms: number; p99Ms: number }

const MINUTE_MS = 60_000
const STEP_MINUTES: Readonly<Record<Hours, number>> = { 1: 1, 24: 10, 168: 60 }

/** Minutes (hours, for what is old) as the steps of a chart, none left out: silence is a rate of nothing. */
export function stepsOf(points: readonly SeriesPoint[], hours: Hours, nowMs: number): Step[] {
  const minutes = STEP_MINUTES[hours]
  const stepMs = minutes * MINUTE_MS
  const count = (hours * 60) / minutes
  // The minute that is under way is not whole yet.
  const endMs = Math.floor(nowMs / stepMs) * stepMs
  const steps = Array.from(
    { length: count },
    (_, index): Step => ({
      atMs: endMs - (count - 1 - index) * stepMs,
      rate: { toErp: 0, toPortal: 0 },
      latency: { toErp: null, toPortal: null },
    }),
  )
  const [first] = steps
  for (const point of points) {
    const step = steps[Math.floor((Date.parse(point.at) - (first?.atMs ?? 0)) / stepMs)]
    if (step === undefined) continue
    step.rate[point.direction] += point.settled / minutes
    step.latency[point.direction] = slower(step.latency[point.direction], point)
  }
  return steps
}

function slower(known: Percentiles | null, { p50Ms, p95Ms, p99Ms }: SeriesPoint): Percentiles | null {
  if (p50Ms === null || p95Ms === null || p99Ms === null) return known
  if (known === null) return { p50Ms, p95Ms, p99Ms }
  return {
    p50Ms: Math.max(known.p50Ms, p50Ms),
    p95Ms: Math.max(known.p95Ms, p95Ms),
    p99Ms: Math.max(known.p99Ms, p99Ms),
  }
}

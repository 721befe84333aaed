/**
 * How long changes took, as counts of spans of time that grow by a fifth: four of them double. Counts of any processes, maps and minutes
 * add up, and every percentile of the sum is right to within a span, however many changes there were.
 */
export type Spans = readonly number[]

const SPANS_A_DOUBLING = 4
/** The last one begins at some four hours and has no end. */
const SPANS = 96

/** Which span a duration falls into: the nth begins at 2^(n/4) ms, the first at 0. */
export function spanOf(ms: number): number {
  if (ms <= 1) return 0
  return Math.min(Math.floor(Math.log2(ms) * SPANS_A_DOUBLING), SPANS - 1)
}

export function addSpans(a: Spans, b: Spans): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0))
}

/** The duration that `share` (0.95) of the changes did not exceed, in whole ms; null for none. */
export function percentileMs(spans: Spans, share: number): number | null {
  const total = spans.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let left = share * total
  const last = spans.findLastIndex((count) => count > 0)
  for (const [span, count] of spans.entries()) {
    if (count > 0 && (left <= count || span === last)) return Math.round(within(span, Math.min(1, left / count)))
    left -= count
  }
  return null
}

/** Durations within a span are taken as spread evenly over its logarithm. */
function within(span: number, share: number): number {
  const from = span === 0 ? 0.5 : 2 ** (span / SPANS_A_DOUBLING)
  const to = 2 ** ((span + 1) / SPANS_A_DOUBLING)
  return from * (to / from) ** share
}

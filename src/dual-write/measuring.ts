import { AppError } from '#lib/app-error.ts'
import type { Core } from './core.ts'
import type { Direction } from './facets-control.ts'
import type { LatencyFigures, Measuring, SeriesPoint } from './facets-watch.ts'
import { findMap } from './lifecycle.ts'
import { ALL_MAPS } from './meter.ts'
import { addSpans, percentileMs, type Spans } from './series/spans.ts'
import { listBeats, listSeries, type SeriesRow } from './series.queries.ts'

/** Two weeks of minutes in both directions. */
const POINTS_MAX = 50_000
const WINDOW_MINUTES_MAX = 14 * 24 * 60
const MINUTE_MS = 60_000

/** Rate and latency as they were, from the figures that all processes share. */
export function createMeasuring(core: Core): Measuring {
  return {
    async readSeries({ map, since }) {
      const sinceMs = Date.parse(since)
      if (Number.isNaN(sinceMs))
        throw new AppError('request.invalid', `since must be a moment such as 2026-11-23T08:00:00Z, not "${since}"`)
      if (map !== undefined) findMap(core, map)
      const rows = await core.database.read((tx) => listSeries(tx, { map: map ?? ALL_MAPS, sinceMs, rowsMax: POINTS_MAX }))
      return rows.map((row) => pointOf(row, map ?? null))
    },
    async readLatency(minutes) {
      if (!Number.isInteger(minutes) || minutes < 1 || minutes > WINDOW_MINUTES_MAX)
        throw new AppError('request.invalid', `minutes must be a whole number from 1 to ${WINDOW_MINUTES_MAX}`)
      const sinceMs = core.clock.nowMs() - minutes * MINUTE_MS
      const { rows, beats } = await core.database.read(async (tx) => ({
        rows: await listSeries(tx, { map: ALL_MAPS, sinceMs, rowsMax: POINTS_MAX }),
        beats: await listBeats(tx),
      }))
      const figuresOf = (direction: Direction): LatencyFigures => {
        const own = rows.filter((row) => row.direction === direction)
        const spans = own.reduce<Spans>((sum, row) => addSpans(sum, row.spans), [])
        return {
          count: own.reduce((sum, row) => sum + row.settled, 0),
          ...percentiles(spans),
          lastBeatAt: beats.find((beat) => beat.direction === direction)?.at ?? null,
        }
      }
      return { toErp: figuresOf('toErp'), toPortal: figuresOf('toPortal') }
    },
  }
}

function pointOf(row: SeriesRow, map: string | null): SeriesPoint {
  return { at: row.at, map, direction: row.direction, settled: row.settled, ...percentiles(row.spans) }
}

function percentiles(spans: Spans): { p50Ms: number | null; p95Ms: number | null; p99Ms: number | null } {
  return { p50Ms: percentileMs(spans, 0.5), p95Ms: percentileMs(spans, 0.95), p99Ms: percentileMs(spans, 0.99) }
}

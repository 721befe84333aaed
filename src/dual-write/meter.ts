import type { Clock } from '#lib/clock.ts'
import type { Database } from '#postgres/database.ts'
import type { Direction } from './facets-control.ts'
import { addSpans, spanOf } from './series/spans.ts'
import { addSettled, type Settled } from './series.queries.ts'

/** Counts settled changes and how long they took, and adds them to the figures that all processes share. */
export type Meter = {
  /** Changes that are settled now: `since` says of each when it was captured, or told by the other side. */
  note(map: string, direction: Direction, since: readonly string[]): void
  /** Adds what was noted to the database. What cannot be written now is kept for the next time. */
  flush(): Promise<void>
}

/** Figures of all maps together stand under this name, so that a chart of everything reads one row a minute. */
export const ALL_MAPS = ''

export function createMeter(clock: Clock, database: Pick<Database, 'statement'>): Meter {
  let figures = new Map<string, Settled>()

  function add(map: string, direction: Direction, settled: number, spans: readonly number[]): void {
    const before = figures.get(`${direction} ${map}`)
    figures.set(`${direction} ${map}`, {
      map,
      direction,
      settled: settled + (before?.settled ?? 0),
      spans: addSpans(spans, before?.spans ?? []),
    })
  }

  return {
    note(map, direction, since) {
      if (since.length === 0) return
      const spans: number[] = []
      for (const text of since) {
        const span = spanOf(clock.nowMs() - Date.parse(text))
        while (spans.length <= span) spans.push(0)
        spans[span] = (spans[span] ?? 0) + 1
      }
      add(map, direction, since.length, spans)
      add(ALL_MAPS, direction, since.length, spans)
    },
    async flush() {
      if (figures.size === 0) return
      const noted = [...figures.values()]
      figures = new Map()
      try {
        await database.statement((tx) => addSettled(tx, clock.nowMs(), noted))
      } catch (error) {
        for (const one of noted) add(one.map, one.direction, one.settled, one.spans)
        throw error
      }
    },
  }
}

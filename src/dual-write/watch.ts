import { messageOf } from '#lib/app-error.ts'
import { compareAllTheTime } from './compare/all-the-time.ts'
import type { Core } from './core.ts'
import { probe } from './heartbeat.ts'
import { condenseSeries } from './series.queries.ts'
import { forgetTrace } from './trace.queries.ts'

const FLUSH_MS = 2_000
const BEAT_MS = 60_000
const ALERTS_MS = 10_000
const CONDENSE_MS = 60 * 60_000
/** What became of each attempt to carry a change: for explaining, so long. */
const TRACE_DAYS = 30
const TRACE_ENTRIES_AT_ONCE = 5_000
/** A month of minutes, then a good year of hours. */
const MINUTES_KEPT_MS = 31 * 24 * 60 * 60_000
const HOURS_KEPT_MS = 400 * 24 * 60 * 60_000

/** What the working process does besides carrying changes: keeps the figures, finds out whether the way is open, tells people by their
 * rules, counts the epoch on. */
export async function watch(
  core: Core,
  evaluateAlerts: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    every(core, FLUSH_MS, signal, () => core.meter.flush()),
    every(core, BEAT_MS, signal, () => core.environment.beat()),
    every(core, BEAT_MS, signal, () => probe(core, signal)),
    every(core, ALERTS_MS, signal, () => evaluateAlerts(signal)),
    every(core, CONDENSE_MS, signal, () => condense(core)),
    every(core, CONDENSE_MS, signal, () => forget(core, signal)),
    compareAllTheTime(core, signal),
  ])
  await core.meter.flush().catch(() => undefined)
}

/** A step that fails is logged and comes again. */
async function every(core: Core, ms: number, signal: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await core.clock.sleep(ms, signal)
    if (signal.aborted) return
    await step().catch((error: unknown) =>
      core.log.warn({ reason: messageOf(error) }, 'a figure of the engine could not be taken'),
    )
  }
}

function condense(core: Core): Promise<void> {
  const nowMs = core.clock.nowMs()
  return core.database.transaction((tx) =>
    condenseSeries(tx, { minutesUntilMs: nowMs - MINUTES_KEPT_MS, hoursUntilMs: nowMs - HOURS_KEPT_MS }),
  )
}

/** In small steps, each a transaction of its own: nobody waits for them. */
async function forget(core: Core, signal: AbortSignal): Promise<void> {
  const sweep = { days: TRACE_DAYS, entriesMax: TRACE_ENTRIES_AT_ONCE }
  while (!signal.aborted) {
    const forgotten = await core.database.transaction((tx) => forgetTrace(tx, sweep))
    if (forgotten < TRACE_ENTRIES_AT_ONCE) return
  }
}

import { messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { sweepFiles } from '#tables/files.ts'
import { forgetHistory } from '#tables/history.queries.ts'

const INTERVAL_MS = 60 * 60_000
/** Soon after a start, but not in the middle of it. */
const FIRST_MS = 5 * 60_000
const ENTRIES_AT_ONCE = 5_000

type Upkeep = { database: Database; catalog: Catalog; historyDays: number; log: Log }

/** Hourly, what nobody needs any more is let go: files that no row has, and history that is too old. `stop` waits for what is under way. */
export function startUpkeep(upkeep: Upkeep): { stop(): Promise<void> } {
  let stopped = false
  let current = Promise.resolve()
  const work = () => {
    current = sweep(upkeep, () => stopped).catch((error: unknown) =>
      upkeep.log.warn({ reason: messageOf(error) }, 'what is no longer needed could not be let go; it is tried again in an hour'),
    )
  }
  const first = setTimeout(work, FIRST_MS)
  const timer = setInterval(work, INTERVAL_MS)
  return {
    async stop() {
      stopped = true
      clearTimeout(first)
      clearInterval(timer)
      await current
    },
  }
}

/** In small steps, each a transaction of its own: nobody waits for them. */
export async function sweep(
  { database, catalog, historyDays, log }: Upkeep,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const files = await sweepFiles(database, catalog)
  let entries = 0
  while (!isStopped()) {
    const forgotten = await database.transaction((tx) => forgetHistory(tx, { days: historyDays, entriesMax: ENTRIES_AT_ONCE }))
    entries += forgotten
    if (forgotten < ENTRIES_AT_ONCE) break
  }
  if (files + entries > 0) log.info({ files, entries }, 'files without rows and old history are let go')
}

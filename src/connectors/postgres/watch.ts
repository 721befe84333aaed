import type { WatchChanges } from '#connector/contract.ts'
import type { Clock } from '#lib/clock.ts'
import type { Tx } from '#postgres/database.ts'
import type { Link } from './link.ts'
import { waitForLocks } from './sync.queries.ts'
import type { PgEntity } from './tables.ts'
import { installTelling, installTellingOf, listenForChanges, listTelling, setWaiting } from './watch.queries.ts'

/** Making a trigger waits for whoever writes to the table, and others wait behind it. */
const LOCK_MS_MAX = 2_000
/** More notifications in such a time, and the other database is left in peace for a while: it is asked instead, that often. */
const WINDOW_MS = 1_000
const TOLD_MAX = 50
const PEACE_MS = 2_000
const ASK_MS = 50

/** Tells of changes as long as the line holds. `entities` are logged tables. */
export async function watchTables(
  at: { link: Link; clock: Clock },
  entities: readonly PgEntity[],
  onChange: WatchChanges['onChange'],
  signal: AbortSignal,
): Promise<void> {
  await install(at.link, entities, signal)
  const told = { count: 0, names: new Set<string>() }
  const onNotification = (name: string) => {
    told.count++
    told.names.add(name)
    onChange(name)
  }
  await at.link.listen(
    async (tx, during) => {
      await listenForChanges(tx)
      for (const entity of entities) onChange(entity.name)
      while (!during.aborted) {
        told.count = 0
        told.names.clear()
        await at.clock.sleep(WINDOW_MS, during)
        if (told.count > TOLD_MAX && !during.aborted) await leaveInPeace(at.clock, tx, [...told.names], onChange, during)
      }
    },
    onNotification,
    signal,
  )
}

/** What ends between the last question and the first notification is found at the next turn. */
async function leaveInPeace(
  clock: Clock,
  tx: Tx,
  names: readonly string[],
  onChange: WatchChanges['onChange'],
  signal: AbortSignal,
): Promise<void> {
  await setWaiting(tx, false)
  for (let ms = 0; ms < PEACE_MS && !signal.aborted; ms += ASK_MS) {
    await clock.sleep(ASK_MS, signal)
    for (const name of names) onChange(name)
  }
  if (!signal.aborted) await setWaiting(tx, true)
  for (const name of names) onChange(name)
}

async function install(link: Link, entities: readonly PgEntity[], signal: AbortSignal): Promise<void> {
  const telling = await link.read(listTelling, signal)
  const missing = entities.filter((entity) => !telling.has(entity.name))
  if (missing.length === 0) return
  await link.write(installTelling, signal)
  for (const entity of missing)
    await link.write(async (tx) => {
      await waitForLocks(tx, LOCK_MS_MAX)
      await installTellingOf(tx, entity)
    }, signal)
}

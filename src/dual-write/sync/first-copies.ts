import { listFailures, markRetried } from '../copy-outcomes.queries.ts'
import { type Core, pinned } from '../core.ts'
import { listCopiedCompanies, listOpenOut } from '../initial-sync.queries.ts'
import { areRelated } from '../mapping/order.ts'
import { insertActivity, lockMapState, setMapState } from '../maps.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { copyOutStep } from './copy-out.ts'
import { companiesOf, runInitialSync } from './initial-sync.ts'

/** Maps that are copied at once, of those that have nothing to do with each other. */
const COPIES_MAX = 2
const RETRIED_AT_ONCE = 5_000

/** Copies these maps, in order, and starts each; `onBegin` and `onDone` are called for each. Throws what stopped the first that failed. */
export async function copyMaps(
  live: Core,
  maps: readonly TableMap[],
  hooks: { onBegin: () => void; onDone: () => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  const core = pinned(live)
  const waiting = [...maps]
  const running = new Map<TableMap, Promise<void>>()
  const failures: unknown[] = []
  let isAnyNew = false
  const start = (map: TableMap) => {
    waiting.splice(waiting.indexOf(map), 1)
    const copy = copyMap(core, map, hooks, signal)
      .then((isDone) => {
        isAnyNew ||= isDone
      })
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(map))
    running.set(map, copy)
  }
  for (;;) {
    const mayStart = running.size < COPIES_MAX && failures.length === 0 && !signal.aborted
    // Behind everything that stands before it and has to do with it, so that each row meets what it looks up.
    const next = mayStart
      ? waiting.find((map, at) => ![...running.keys(), ...waiting.slice(0, at)].some((other) => areRelated(map, other)))
      : undefined
    if (next !== undefined) start(next)
    else if (running.size > 0) await Promise.race(running.values())
    else break
  }
  if (failures.length > 0) throw failures[0]
  if (isAnyNew && !signal.aborted) for (const map of core.maps) await retryFailures(core, map, null)
}

async function copyMap(
  core: Core,
  map: TableMap,
  hooks: { onBegin: () => void; onDone: () => Promise<void> },
  signal: AbortSignal,
): Promise<boolean> {
  core.log.info({ map: map.name }, 'the first copy of a map begins')
  const copy = runInitialSync(core, map, signal)
  hooks.onBegin()
  if (!(await copy)) return false
  await core.database.transaction(async (tx) => {
    if ((await lockMapState(tx, map.name)) !== 'initializing') return
    await setMapState(tx, map.name, 'running')
    await insertActivity(tx, { map: map.name, actor: 'engine', action: 'initial sync done' })
  })
  await hooks.onDone()
  return true
}

/**
 * Records that failed take the way of any change, which waits for what they need, and park where they fail again. Null: whatever the
 * reason. Answers how many.
 */
export async function retryFailures(core: Core, map: TableMap, code: string | null): Promise<number> {
  let count = 0
  let after: { direction: 'toPortal'; key: string } | null = null
  for (;;) {
    const page = { map: map.name, direction: 'toPortal' as const, code, after, rowsMax: RETRIED_AT_ONCE }
    const keys: string[] = await core.database.transaction(async (tx) => {
      const found = (await listFailures(tx, page)).map((one) => one.key)
      await putRemoteChanges(
        tx,
        found.map((remoteKey) => ({ map: map.name, remoteKey, eventId: null })),
      )
      await markRetried(tx, map.name, 'toPortal', found)
      return found
    })
    count += keys.length
    if (keys.length < RETRIED_AT_ONCE) return count
    after = { direction: 'toPortal', key: keys.at(-1) ?? '' }
  }
}

/** Legal entities that have come since a map was copied, or whose copy was interrupted. */
type Added = { map: TableMap; companies: string[] }

/** Which legal entities of running maps still have to be copied. A map that was started without a first copy copies none. */
export async function findAdded(live: Core, names: readonly string[]): Promise<Added[]> {
  const core = pinned(live)
  return core.database.read(async (tx) => {
    const ended = await listCopiedCompanies(tx, names)
    const some = core.maps.find((map) => map.companyField !== undefined)
    const all = some === undefined ? [] : await companiesOf(core, tx, some)
    const added: Added[] = []
    for (const map of core.maps) {
      const copied = ended.get(map.name)
      if (copied === undefined) continue
      const companies = (map.companyField === undefined ? [''] : all).filter((company) => !copied.has(company))
      if (companies.length > 0) added.push({ map, companies })
    }
    return added
  })
}

/** Copies them, map after map, while the maps run on. */
export async function copyAdded(live: Core, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (const { map, companies } of await findAdded(live, names)) {
    if (signal.aborted || !(await runInitialSync(live, map, signal, companies))) continue
    await retryFailures(live, map, null)
    await live.database.transaction((tx) =>
      insertActivity(tx, { map: map.name, actor: 'engine', action: 'legal entities copied', details: { companies } }),
    )
  }
}

/** What the portal alone has goes out, map beside map. Answers how many rows it has got on with. */
export async function copyOut(live: Core, names: readonly string[]): Promise<number> {
  const core = pinned(live)
  const open = await core.database.read((tx) => listOpenOut(tx, names))
  let rows = 0
  for (const map of core.maps) if (open.includes(map.name)) rows += await copyOutStep(core, map)
  return rows
}

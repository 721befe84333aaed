import { listBusySubscribers } from '#tables/set-aside.queries.ts'
import type { Core } from './core.ts'
import type { Direction } from './facets-control.ts'
import { isLive, type TableMapState } from './map-state.ts'
import { insertActivity, listMaps, lockMapState, putMap, type StoredMap, setMapState } from './maps.queries.ts'
import { listBusyMaps, listPausedParts } from './scopes.queries.ts'

/** The states of the maps as this process knows them; the database is asked again whenever somebody changes one. */
export type States = {
  reload(): Promise<void>
  of(map: string): TableMapState
  /** Names of the maps whose changes flow. */
  live(): string[]
  /** The same, where the direction is not paused, and those whose first copy this process works on: their changes flow meanwhile. */
  flowing(direction: Direction): string[]
  /** A person stopped it, or has yet to start it: it does not begin by itself, and nothing is queued for it. */
  isStopped(map: string): boolean
  isAnyResuming(): boolean
  /** Maps that have caught up run. */
  finishResuming(): Promise<void>
  /** Called after each reload. */
  onChange(listener: () => void): void
}

export function createStates(core: Core): States {
  let maps = new Map<string, StoredMap>()
  const listeners: (() => void)[] = []
  const namesIn = (test: (state: TableMapState) => boolean) =>
    core.maps.filter((map) => test(maps.get(map.name)?.state ?? 'not_running')).map((map) => map.name)

  async function reload(): Promise<void> {
    await core.database.transaction(async (tx) => {
      maps = await listMaps(tx)
      const missing = core.maps.filter((map) => !maps.has(map.name))
      for (const map of missing) await putMap(tx, { ...map, table: map.table.name })
      if (missing.length > 0) maps = await listMaps(tx)
      core.scopes.replace(await listPausedParts(tx))
    })
    for (const listener of listeners) listener()
  }

  return {
    reload,
    of: (map) => maps.get(map)?.state ?? 'not_running',
    live: () => namesIn(isLive),
    flowing: (direction) =>
      core.maps
        .map((map) => map.name)
        .filter((name) => {
          if (core.scopes.isPaused(name, direction)) return false
          const state = maps.get(name)?.state ?? 'not_running'
          return isLive(state) || (state === 'initializing' && core.copying.has(name))
        }),
    isStopped(name) {
      const stored = maps.get(name)
      if (stored?.isStopped) return true
      const isManual = core.maps.some((map) => map.name === name && map.start === 'manual')
      return isManual && (stored === undefined || stored.state === 'not_running')
    },
    isAnyResuming: () => namesIn((state) => state === 'resuming').length > 0,
    async finishResuming() {
      const resuming = namesIn((state) => state === 'resuming')
      if (resuming.length === 0) return
      await core.database.transaction(async (tx) => {
        // What stands aside, or behind something that waits for a person, is not waited for.
        const busy = new Set([...(await listBusySubscribers(tx, resuming)), ...(await listBusyMaps(tx, resuming))])
        for (const name of resuming) {
          if (busy.has(name) || (await lockMapState(tx, name)) !== 'resuming') continue
          await setMapState(tx, name, 'running')
          await insertActivity(tx, { map: name, actor: 'engine', action: 'caught up' })
        }
      })
      await reload()
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

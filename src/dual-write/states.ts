import { countQueues } from '#tables/changes.queries.ts'
import type { Core } from './core.ts'
import { isLive, type TableMapState } from './map-state.ts'
import { insertActivity, listActivity, listMaps, lockMapState, putMap, type StoredMap, setMapState } from './maps.queries.ts'
import { countRemoteQueues } from './remote-changes.queries.ts'

/** The states of the maps as this process knows them; the database is asked again whenever somebody changes one. */
export type States = {
  reload(): Promise<void>
  of(map: string): TableMapState
  /** Names of the maps whose changes flow. */
  live(): string[]
  /** The same, and those whose first copy this process works on: their changes flow meanwhile. */
  flowing(): string[]
  /** A person stopped it: it does not begin by itself. */
  isStopped(map: string): boolean
  isAnyResuming(): boolean
  /** Maps that have caught up run. */
  finishResuming(): Promise<void>
  /** Called after each reload. */
  onChange(listener: () => void): void
}

const ACTIVITY_ROWS = 1

export function createStates(core: Core): States {
  let maps = new Map<string, StoredMap>()
  let stopped = new Set<string>()
  const listeners: (() => void)[] = []
  const namesIn = (test: (state: TableMapState) => boolean) =>
    core.maps.filter((map) => test(maps.get(map.name)?.state ?? 'not_running')).map((map) => map.name)

  async function reload(): Promise<void> {
    await core.database.transaction(async (tx) => {
      const stored = await listMaps(tx)
      for (const map of core.maps) {
        if (stored.get(map.name)?.version !== map.version) await putMap(tx, { ...map, table: map.table.name })
      }
      maps = await listMaps(tx)
      stopped = new Set()
      for (const map of core.maps) {
        if (maps.get(map.name)?.state !== 'not_running') continue
        const [last] = await listActivity(tx, { map: map.name, rowsMax: ACTIVITY_ROWS })
        if (last?.action === 'stopped') stopped.add(map.name)
      }
    })
    for (const listener of listeners) listener()
  }

  return {
    reload,
    of: (map) => maps.get(map)?.state ?? 'not_running',
    live: () => namesIn(isLive),
    flowing: () =>
      core.maps
        .map((map) => map.name)
        .filter((name) => {
          const state = maps.get(name)?.state ?? 'not_running'
          return isLive(state) || (state === 'initializing' && core.copying.has(name))
        }),
    isStopped: (map) => stopped.has(map),
    isAnyResuming: () => namesIn((state) => state === 'resuming').length > 0,
    async finishResuming() {
      const resuming = namesIn((state) => state === 'resuming')
      if (resuming.length === 0) return
      await core.database.transaction(async (tx) => {
        const waiting = new Set<string>()
        for (const queue of await countQueues(tx, resuming, 1)) if (queue.waiting > 0) waiting.add(queue.subscriber)
        for (const queue of await countRemoteQueues(tx, resuming, 1)) if (queue.waiting > 0) waiting.add(queue.map)
        for (const name of resuming) {
          if (waiting.has(name) || (await lockMapState(tx, name)) !== 'resuming') continue
          await setMapState(tx, name, 'running')
          await insertActivity(tx, { map: name, actor: 'engine', action: 'caught up' })
        }
      })
      await reload()
    },
    onChange: (listener) => void listeners.push(listener),
  }
}

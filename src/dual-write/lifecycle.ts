import { AppError } from '#lib/app-error.ts'
import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import { discardChanges, subscribe, unsubscribe } from '#tables/changes.queries.ts'
import { type Core, getMap } from './core.ts'
import { deleteInitialSync } from './initial-sync.queries.ts'
import { assertTransition, type TableMapState } from './map-state.ts'
import { insertActivity, lockMapState, setMapState } from './maps.queries.ts'
import { discardRemoteChanges } from './remote-changes.queries.ts'
import { sentColumns, type TableMap } from './table-map.ts'

/** What a person does to a map; each step is one transaction and on the record. */
export type Lifecycle = {
  runMap(name: string, actor: string): Promise<void>
  pauseMap(name: string, actor: string): Promise<void>
  resumeMap(name: string, actor: string): Promise<void>
  stopMap(name: string, actor: string): Promise<void>
}

/** `onMoved` is called after each step, when it is committed. */
export function createLifecycle(core: Core, onMoved: () => Promise<void>): Lifecycle {
  type Also = (tx: Tx, map: TableMap) => Promise<{ [name: string]: Json }>

  async function move(name: string, to: TableMapState, actor: string, action: string, also: Also): Promise<void> {
    const map = findMap(core, name)
    await core.database.transaction(async (tx) => {
      const from = await lockMapState(tx, name)
      assertTransition(name, from ?? 'not_running', to)
      const details = await also(tx, map)
      await setMapState(tx, name, to)
      await insertActivity(tx, { map: name, actor, action, details })
    })
    await onMoved()
  }

  return {
    runMap: (name, actor) =>
      move(name, 'initializing', actor, 'started', async (tx, map) => {
        await deleteInitialSync(tx, name)
        if (map.writes) await subscribe(tx, map.table.name, name, sentColumns(map))
        return {}
      }),
    pauseMap: (name, actor) => move(name, 'paused', actor, 'paused', async () => ({})),
    resumeMap: (name, actor) => move(name, 'resuming', actor, 'resumed', async () => ({})),
    stopMap: (name, actor) =>
      move(name, 'not_running', actor, 'stopped', async (tx) => {
        await unsubscribe(tx, name)
        return { discarded: { toErp: await discardChanges(tx, name), toPortal: await discardRemoteChanges(tx, name) } }
      }),
  }
}

/** Throws AppError `dual_write.not_found`: for names that come from people. */
export function findMap(core: Core, name: string): TableMap {
  if (!core.maps.some((map) => map.name === name)) throw new AppError('dual_write.not_found', `There is no table map ${name}`)
  return getMap(core, name)
}

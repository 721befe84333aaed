import { AppError } from '#lib/app-error.ts'
import type { Json } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import { unsubscribe } from '#tables/changes.queries.ts'
import { beginCapture } from './activation.ts'
import { deleteBackfill } from './backfill.queries.ts'
import type { Core } from './core.ts'
import { refuseBesideExcluded } from './excludes.ts'
import type { Lifecycle, Losses, MapScope, ResumeOptions, RunOptions } from './facets-control.ts'
import { deleteInitialSync } from './initial-sync.queries.ts'
import { discardLosses, findLosses, giveUpNewRows } from './losses.ts'
import { assertTransition, type TableMapState } from './map-state.ts'
import {
  insertActivity,
  listActivity,
  lockMapState,
  notifyWorkers,
  setInitialWinner,
  setMapState,
  setMapStopped,
} from './maps.queries.ts'
import { prerequisitesIn } from './prerequisites.ts'
import { pausePart, releasePart, scopeOf } from './scope-verbs.ts'
import { deletePausedParts } from './scopes.queries.ts'
import type { States } from './states.ts'
import type { TableMap } from './table-map.ts'

/** What a person does to a map; each step is one transaction and on the record. */
export type LifecycleVerbs = Omit<Lifecycle, 'refreshMap'>
type Looking = Pick<Lifecycle, 'prerequisitesOf' | 'lossesOf' | 'listActivity'>

/** `onMoved` is called after each step, when it is committed. */
export function createLifecycle(core: Core, states: States, onMoved: () => Promise<void>): LifecycleVerbs {
  async function run(name: string, actor: string, options: RunOptions = {}): Promise<void> {
    const map = findMap(core, name)
    await states.reload()
    const before = options.prerequisites ? prerequisitesIn(core.maps, map, states.of) : []
    const first = before.filter((one) => one.state === 'not_running').map((one) => findMap(core, one.map))
    await core.database.transaction(async (tx) => {
      for (const one of [...first, map]) await begin(core, tx, one, actor, options)
    })
    await onMoved()
  }

  async function pause(name: string, actor: string, asked: MapScope = {}): Promise<void> {
    const map = findMap(core, name)
    await core.database.transaction(async (tx) => {
      const scope = await scopeOf(core, tx, map, asked)
      const from = (await lockMapState(tx, name)) ?? 'not_running'
      if (scope !== undefined) await pausePart(tx, map, from, scope, actor)
      else await move(tx, map, from, 'paused')
      await insertActivity(tx, { map: name, actor, action: 'paused', details: scopeDetails(scope) })
      await notifyWorkers(tx)
    })
    await onMoved()
  }

  async function resume(name: string, actor: string, options: ResumeOptions = {}): Promise<void> {
    const map = findMap(core, name)
    const queue = options.queue ?? 'first'
    await core.database.transaction(async (tx) => {
      const scope = await scopeOf(core, tx, map, options.scope ?? {})
      const from = (await lockMapState(tx, name)) ?? 'not_running'
      const lost = queue === 'discard' ? await discard(tx, map, scope ?? {}, { token: options.confirmLoss, actor }) : undefined
      if (scope !== undefined) await releasePart(core, tx, map, scope)
      else await move(tx, map, from, queue === 'first' ? 'resuming' : 'running')
      const details = { ...scopeDetails(scope), queue, ...(lost === undefined ? {} : { discarded: recordOf(lost) }) }
      await insertActivity(tx, { map: name, actor, action: 'resumed', details })
      await notifyWorkers(tx)
    })
    await onMoved()
  }

  async function stop(name: string, actor: string): Promise<void> {
    const map = findMap(core, name)
    await core.database.transaction(async (tx) => {
      const from = (await lockMapState(tx, name)) ?? 'not_running'
      await unsubscribe(tx, name)
      const lost = await findLosses(tx, name, {})
      await discardLosses(tx, name, {})
      await deleteBackfill(tx, name)
      await deletePausedParts(tx, name)
      await move(tx, map, from, 'not_running')
      await setMapStopped(tx, name)
      await insertActivity(tx, { map: name, actor, action: 'stopped', details: { discarded: recordOf(lost) } })
    })
    await onMoved()
  }

  return { runMap: run, pauseMap: pause, resumeMap: resume, stopMap: stop, ...createLooking(core, states) }
}

/** What a person looks at before he does something, and after. */
function createLooking(core: Core, states: States): Looking {
  return {
    async prerequisitesOf(name) {
      const map = findMap(core, name)
      await states.reload()
      return prerequisitesIn(core.maps, map, states.of)
    },
    lossesOf: (name, asked = {}) =>
      core.database.read(async (tx) => {
        const map = findMap(core, name)
        return findLosses(tx, name, (await scopeOf(core, tx, map, asked)) ?? {})
      }),
    listActivity: (page) => core.database.read((tx) => listActivity(tx, page)),
  }
}

/** Throws AppError `dual_write.not_found`: for names that come from people. */
export function findMap(core: Core, name: string): TableMap {
  const map = core.maps.find((one) => one.name === name)
  if (map === undefined) throw new AppError('dual_write.not_found', `There is no table map ${name}`)
  return map
}

async function begin(core: Core, tx: Tx, map: TableMap, actor: string, options: RunOptions): Promise<void> {
  const { initialSync = true, winner } = options
  const from = (await lockMapState(tx, map.name)) ?? 'not_running'
  await move(tx, map, from, initialSync ? 'initializing' : 'running')
  await refuseBesideExcluded(core, tx, map)
  await beginCapture(tx, map, core.active.shapeOf(map))
  await setInitialWinner(tx, map.name, winner ?? null)
  if (initialSync) {
    await deleteInitialSync(tx, map.name)
    await deleteBackfill(tx, map.name)
  }
  const details = { initialSync, ...(winner === undefined ? {} : { winner }) }
  await insertActivity(tx, { map: map.name, actor, action: 'started', details })
}

async function move(tx: Tx, map: TableMap, from: TableMapState, to: TableMapState): Promise<void> {
  assertTransition(map.name, from, to)
  await setMapState(tx, map.name, to)
}

/** Nobody gives up what he has not seen: the token is that of what is there now. */
async function discard(
  tx: Tx,
  map: TableMap,
  scope: MapScope,
  { token, actor }: { token: string | undefined; actor: string },
): Promise<Losses> {
  const losses = await findLosses(tx, map.name, scope)
  if (token !== losses.token) {
    const count = losses.toErp + losses.toPortal
    throw new AppError(
      'dual_write.conflict',
      token === undefined
        ? `${count} changes would be lost: look at them first, and confirm with the token that comes with them`
        : `What would be lost has changed (${count} changes now): look again, and confirm with the new token`,
      { details: { toErp: losses.toErp, toPortal: losses.toPortal } },
    )
  }
  await giveUpNewRows(tx, map, scope, actor)
  await discardLosses(tx, map.name, scope)
  return losses
}

function scopeDetails({ company, direction }: MapScope = {}): { [name: string]: Json } {
  return { ...(company === undefined ? {} : { company }), ...(direction === undefined ? {} : { direction }) }
}

function recordOf({ token: _, ...losses }: Losses): { [name: string]: Json } {
  return losses
}

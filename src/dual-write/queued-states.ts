import type { Tx } from '#postgres/database.ts'
import { PARENT, UNREACHABLE } from './core.ts'
import type { Direction } from './facets-control.ts'
import type { QueuedItem, QueuedState } from './facets-rows.ts'
import { listMaps } from './maps.queries.ts'
import { listPausedParts } from './scopes.queries.ts'

/** What decides when a change that waits can go. */
export type Waiter = {
  map: string
  direction: Direction
  isUnderWay: boolean
  code: string | null
  reason: string | null
  /** Id of the oldest change of the same row, where that is another one. */
  behind: string | null
  isBehindParked: boolean
}

/** What holds for all of a map, or for one direction of it. */
export type Circumstances = (waiter: Waiter) => Pick<QueuedItem, 'state' | 'waitsFor'> | undefined

export const NOT_QUEUED = 'It is not queued any more'
export const UNDER_WAY = 'It is under way at this moment'
const PAUSED = 'dual_write.paused'

/** The maps as the database has them: a command beside the working process knows no more. */
export async function readCircumstances(tx: Tx, isArmed: boolean): Promise<Circumstances> {
  const maps = await listMaps(tx)
  const parts = (await listPausedParts(tx)).filter((one) => one.company === '')
  return ({ map, direction }) => {
    const state = maps.get(map)?.state ?? 'not_running'
    if (state === 'not_running') return { state, waitsFor: 'The map does not run: nothing of it travels' }
    if (state === 'initializing')
      return { state: 'initial_sync', waitsFor: 'The first copy of the map is under way; it travels afterwards' }
    if (state === 'paused') return { state, waitsFor: 'The map is paused; what waits for it travels when it is resumed' }
    if (parts.some((one) => one.map === map && (one.direction === '' || one.direction === direction)))
      return { state: 'paused', waitsFor: 'Its part of the map is paused; it travels when that is resumed' }
    if (!isArmed && direction === 'toErp')
      return {
        state: 'disarmed',
        waitsFor: 'This installation is a copy or a restored backup: it writes nothing to the ERP until a person arms it',
      }
    return undefined
  }
}

/** What is nearest decides: its own row before the map, the map before what the last attempt met. */
export function stateOf(circumstances: Circumstances, waiter: Waiter): Pick<QueuedItem, 'state' | 'waitsFor'> {
  const { code, reason, behind } = waiter
  if (waiter.isUnderWay) return { state: 'under_way', waitsFor: UNDER_WAY }
  if (behind !== null) {
    const what = waiter.isBehindParked ? ', an earlier change of the row, which is parked' : ', an earlier change of the row'
    return { state: 'behind', waitsFor: `Waits behind ${behind}${what}` }
  }
  if (code === PAUSED) return { state: 'paused', waitsFor: reason ?? '' }
  const general = circumstances(waiter)
  if (general !== undefined) return general
  if (code === null) return { state: 'next', waitsFor: 'It is due and goes with what is taken next' }
  return { state: STATES.get(code) ?? 'backing_off', waitsFor: reason ?? code }
}

const STATES: ReadonlyMap<string, QueuedState> = new Map([
  [UNREACHABLE, 'unreachable'],
  [PARENT, 'parent'],
])

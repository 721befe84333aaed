import { messageOf } from '#lib/app-error.ts'
import type { Core } from './core.ts'
import { keepMapRules } from './map-rules.ts'
import type { States } from './states.ts'
import { createWaker, type Waker } from './sync/waker.ts'

export type Wakers = Readonly<Record<'outboundWaker' | 'inboundWaker' | 'copyOutWaker' | 'stateWaker' | 'mapsWaker', Waker>>

/** Keeps a process at what others say: states, maps, and that there is work. */
export type Following = {
  wakers: Wakers
  wakeAll(): void
  /** Reads the maps anew, and all that goes by them. Throws AppError `dual_write.invalid_map`: then they stay as they were. */
  follow(): Promise<void>
  listen(): Promise<{ close(): Promise<void> }>
}

export function createFollowing(core: Core, states: States): Following {
  const { clock, database, environment, log } = core
  const wakers = {
    outboundWaker: createWaker(clock),
    inboundWaker: createWaker(clock),
    stateWaker: createWaker(clock),
    copyOutWaker: createWaker(clock),
    mapsWaker: createWaker(clock),
  }
  const wakeAll = () => {
    for (const waker of Object.values(wakers)) waker.wake()
  }

  async function follow(): Promise<void> {
    await core.active.follow().catch((error: unknown) => {
      log.error({ reason: messageOf(error) }, 'the maps cannot be read anew; the earlier ones stay')
      throw error
    })
    await states.reload()
    await keepMapRules(database, core.maps)
    wakeAll()
  }

  return {
    wakers,
    wakeAll,
    follow,
    listen() {
      const reload = () => void Promise.all([environment.reload(), states.reload()]).then(wakeAll, () => undefined)
      const followAll = () => void follow().catch(() => undefined)
      const onPayload = (payload: string) => {
        if (payload === 'dual_write.map') reload()
        else if (payload === 'dual_write.maps') followAll()
        else if (payload === 'dual_write.remote_change') wakers.inboundWaker.wake()
        else wakers.outboundWaker.wake()
      }
      return database.listen('comptoir_changes', onPayload, followAll)
    },
  }
}

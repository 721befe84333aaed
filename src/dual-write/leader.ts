import { messageOf } from '#lib/app-error.ts'
import { transactionOn } from '#postgres/database.ts'
import type { Core } from './core.ts'
import { stopLeading, tryLead } from './maps.queries.ts'

/** How long a process that stands by takes to notice that the working one is gone. */
const STAND_BY_MS = 1_000

/**
 * Works while this process holds the lock, until the signal aborts. The lock belongs to one database session: when the process dies,
 * PostgreSQL frees it at once; when the session is lost, the work ends and the lock is sought anew.
 */
export async function lead(core: Core, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await leadOnce(core, signal, work)
    } catch (error) {
      core.log.warn({ reason: messageOf(error) }, 'the work of the engine was interrupted and begins again')
    }
    await core.clock.sleep(STAND_BY_MS, signal)
  }
}

async function leadOnce(core: Core, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const client = await core.database.pool.connect()
  const lost = new AbortController()
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
    lost.abort()
  }
  client.on('error', onError)
  try {
    const tx = transactionOn(client)
    if (!(await tryLead(tx))) return
    await work(AbortSignal.any([signal, lost.signal]))
    if (broken === undefined) await stopLeading(tx)
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

import { messageOf } from '#lib/app-error.ts'
import { type Tx, transactionOn } from '#postgres/database.ts'
import type { Core } from './core.ts'
import { doesLead, stopLeading, tryLead } from './maps.queries.ts'

/** How long a process that stands by takes to notice that the working one is gone. */
const STAND_BY_MS = 1_000

/** Whether this process is the one that works: asked in the transaction of every claim. Once it is not, its work ends. */
export type IsLeading = (tx: Tx) => Promise<boolean>

/** Where there is one process only, and nobody to take its place. */
export const alone: IsLeading = async () => true

type Work = (signal: AbortSignal, isLeading: IsLeading) => Promise<void>

/**
 * Works while this process holds the lock, until the signal aborts. The lock belongs to one database session: when the process dies,
 * PostgreSQL frees it at once; when the session is lost, the work ends and the lock is sought anew. A process that stood still, or is cut off, may not have
 * heard that it is lost: it finds out when it claims.
 */
export async function lead(core: Core, signal: AbortSignal, work: Work): Promise<void> {
  while (!signal.aborted) {
    try {
      await leadOnce(core, signal, work)
    } catch (error) {
      core.log.warn({ reason: messageOf(error) }, 'the work of the engine was interrupted and begins again')
    }
    await core.clock.sleep(STAND_BY_MS, signal)
  }
}

async function leadOnce(core: Core, signal: AbortSignal, work: Work): Promise<void> {
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
    const session = await tryLead(tx)
    if (session === undefined) return
    await work(AbortSignal.any([signal, lost.signal]), async (claim) => {
      const isLeading = await doesLead(claim, session)
      if (!isLeading) onError(new Error('Another process works now, or may'))
      return isLeading
    })
    if (broken === undefined) await stopLeading(tx)
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

import pg from 'pg'
import { createPace, type Pace, type PaceReport } from '#connector/pace.ts'
import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import { sqlStateOf, type Tx, transactionOn } from '#postgres/database.ts'

export type Link = {
  /** One transaction with one snapshot that cannot write. */
  read<T>(work: (tx: Tx) => Promise<T>, signal: AbortSignal): Promise<T>
  /** One transaction, committed when `work` returns. */
  write<T>(work: (tx: Tx) => Promise<T>, signal: AbortSignal): Promise<T>
  /**
   * A connection of its own for `work`, statement by statement, and for the notifications that it asks for. Throws when the connection is lost;
   * `during` aborts then, too.
   */
  listen(
    work: (tx: Tx, during: AbortSignal) => Promise<void>,
    onNotification: (payload: string) => void,
    signal: AbortSignal,
  ): Promise<void>
  close(): Promise<void>
}

export type LinkOptions = {
  url: string
  clock: Clock
  log: Log
  connectionsMax: number
  statementTimeoutMs: number
}

const CONNECT_MS_MAX = 10_000
const READ_PATIENCE_MS = 15_000
const IDLE_MS = 30_000

/**
 * Transactions in the other database, bounded and paced. One that is aborted ends at once: its connection is closed and its statement
 * cancelled over there. Values come as text.
 */
export function createLink(options: LinkOptions): Link {
  const { clock, log, connectionsMax } = options
  const pace = createPace({ concurrencyMax: connectionsMax, clock })
  const settings = {
    connectionString: options.url,
    application_name: 'comptoir connector',
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + CONNECT_MS_MAX,
    keepAlive: true,
    types: { getTypeParser: () => (value: string) => value },
  }
  const pool = new pg.Pool({ ...settings, max: connectionsMax, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true })
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle connection to the ERP database was lost'))
  pool.on('connect', (client) => client.on('error', () => undefined))
  const cancelling = new Set<Promise<void>>()

  function cancel(client: pg.PoolClient): void {
    const { processID } = client as unknown as { processID: number | null }
    client.release(true)
    if (processID === null) return
    const task = cancelStatement(settings, processID).finally(() => cancelling.delete(task))
    cancelling.add(task)
  }

  const paced = async <T>(begin: string, patienceMs: number, work: (tx: Tx) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const leavePace = await enter(pace, patienceMs, signal)
    let report: PaceReport = 'unknown'
    try {
      const result = await run({ pool, cancel }, begin, work, signal)
      report = 'good'
      return result
    } catch (error) {
      if (!signal.aborted) report = reportOf(error)
      throw error
    } finally {
      leavePace(report)
    }
  }

  return {
    read: (work, signal) => paced('begin isolation level repeatable read read only', READ_PATIENCE_MS, work, signal),
    write: (work, signal) => paced('begin', 0, work, signal),
    listen: (work, onNotification, signal) => listenOn(new pg.Client(settings), work, onNotification, signal),
    async close() {
      await Promise.allSettled([...cancelling])
      await pool.end()
    },
  }
}

async function run<T>(
  on: { pool: pg.Pool; cancel: (client: pg.PoolClient) => void },
  begin: string,
  work: (tx: Tx) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const client = await connect(on.pool, signal)
  let isOver = false
  const ended = untilAborted(signal, () => {
    if (!isOver) on.cancel(client)
    isOver = true
  })
  const working = (async () => {
    await client.query(begin)
    const result = await work(transactionOn(client))
    await client.query('commit')
    return result
  })()
  working.catch(() => undefined)
  try {
    const result = await Promise.race([working, ended.promise])
    isOver = true
    client.release()
    return result
  } catch (error) {
    if (!isOver) {
      isOver = true
      await leave(client, error)
    }
    throw error
  } finally {
    ended.forget()
  }
}

async function listenOn(client: pg.Client, ...[work, onNotification, signal]: Parameters<Link['listen']>): Promise<void> {
  const lost = new AbortController()
  const during = AbortSignal.any([signal, lost.signal])
  client.on('notification', (message) => onNotification(message.payload ?? ''))
  client.on('error', () => undefined)
  client.on('end', () => lost.abort(new Error('The connection was lost')))
  const ended = untilAborted(during, () => undefined)
  try {
    await Promise.race([client.connect(), ended.promise])
    await Promise.race([work(transactionOn(client), during), ended.promise])
  } finally {
    ended.forget()
    // Not waited for: who sits at the other end of a line that is silent would never answer.
    void client.end().catch(() => undefined)
  }
}

async function enter(pace: Pace, patienceMs: number, signal: AbortSignal): Promise<(report: PaceReport) => void> {
  const admission = await pace.enter(patienceMs, signal)
  if (admission.kind === 'go') return admission.leave
  throw new AppError('connector.unavailable', 'The ERP cannot be reached now: it is waited for', {
    details: { afterMs: admission.afterMs },
  })
}

/** A connection of the pool; one that comes after the end goes back. */
async function connect(pool: pg.Pool, signal: AbortSignal): Promise<pg.PoolClient> {
  signal.throwIfAborted()
  const connecting = pool.connect()
  const ended = untilAborted(signal, () => {
    connecting.then(
      (client) => client.release(),
      () => undefined,
    )
  })
  try {
    return await Promise.race([connecting, ended.promise])
  } finally {
    ended.forget()
  }
}

/** Back into the pool after a failure; a connection whose state is not known is closed. */
async function leave(client: pg.PoolClient, error: unknown): Promise<void> {
  const isAnswered = sqlStateOf(error) !== undefined || error instanceof AppError
  const isClean =
    isAnswered &&
    (await client.query('rollback').then(
      () => true,
      () => false,
    ))
  client.release(!isClean)
}

async function cancelStatement(settings: pg.ClientConfig, processId: number): Promise<void> {
  const client = new pg.Client(settings)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select pg_cancel_backend($1)', [processId])
  } catch {
    // Not reachable either: the statement's time limit ends it.
  } finally {
    await client.end().catch(() => undefined)
  }
}

function untilAborted(signal: AbortSignal, then: () => void): { promise: Promise<never>; forget(): void } {
  let forget = () => {}
  const promise = new Promise<never>((_, reject) => {
    const stop = () => {
      then()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    forget = () => signal.removeEventListener('abort', stop)
  })
  promise.catch(() => undefined)
  return { promise, forget: () => forget() }
}

function reportOf(error: unknown): PaceReport {
  const state = sqlStateOf(error)
  if (error instanceof AppError) return 'unknown'
  if (state === undefined) return 'unreached'
  if (state.startsWith('53')) return 'slow'
  return state === '57014' ? 'silent' : 'good'
}

import pg from 'pg'
import { AppError } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { assertQuery, type Bearer, bearerStatements } from './bearer.ts'
import { quoteLiteral, type Sql, sql } from './sql.ts'

/**
 * Runs SQL on one connection inside one transaction: tx<Row>`select …` answers the rows.
 * The first argument of everything that touches the database.
 */
export type Tx = {
  <Row extends object>(strings: TemplateStringsArray, ...parts: readonly unknown[]): Promise<Row[]>
  run<Row extends object>(query: Sql): Promise<Row[]>
}

/** Transactions behind the wall: they act for somebody, and PostgreSQL itself holds them to that one's permissions. */
export type BearerDatabase = Pick<Database, 'read'> & { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> }

export type Database = {
  /** One transaction: committed when `work` returns, rolled back when it throws. Serialization failures and deadlocks are retried. */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** The same without write permission and with one snapshot for all its statements. */
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** One statement by itself, which PostgreSQL commits: it saves the two round trips of a transaction around it. */
  statement<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * The same database for work that acts for a visitor: as the role without rights of its own, under row-level security. Transactions
   * there have connections of their own, so that one may ask something of the engine meanwhile without waiting for itself.
   */
  as(bearer: Bearer): BearerDatabase
  /** Calls back for each NOTIFY until closed; reconnects by itself and then calls `onGap`, since notifications may have been missed. */
  listen(channel: string, onPayload: (payload: string) => void, onGap?: () => void): Promise<{ close(): Promise<void> }>
  /** Statements sent since the start, for `queries per page` figures. */
  statementCount(): number
  /** For libraries that bring their own SQL (the job queue). */
  readonly pool: pg.Pool
  readonly url: string
  close(): Promise<void>
}

export type TransactionOptions = {
  /** For small transactions that come again and again over tables that are filled: their statements are planned once. */
  prepared: boolean
  /**
   * False: the commit does not wait for the disk. When the server crashes, the last such transactions may be undone, each whole and none before
   * those that came after it: for work that is then found to do again.
   */
  isDurable?: boolean
}

const TRANSACTION_ATTEMPTS_MAX = 5
const RECONNECT_DELAY_MS = 500
/** serialization_failure, deadlock_detected */
const RETRYABLE = new Set(['40001', '40P01'])

export function openDatabase(options: {
  url: string
  log: Log
  connectionsMax?: number
  applicationName?: string
  statementTimeoutMs?: number
  /** What transactions do that do not say. */
  prepared?: boolean
}): Database {
  const pool = openPool(options, '')
  let visitors: pg.Pool | undefined
  let statements = 0
  const onStatement = () => statements++
  const nameOf = createStatementNames()

  async function alone<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await connect(pool)
    let broken: Error | undefined
    try {
      return await work(transactionOn(client, { onStatement, nameOf }))
    } catch (error) {
      if (error instanceof Error && (sqlStateOf(error) === undefined || isStalePlan(error))) broken = error
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    pool,
    url: options.url,
    transaction: (work, { prepared, isDurable = true } = { prepared: options.prepared ?? false }) =>
      inTransaction(pool, beginOf({ prepared, isDurable }), work, prepared ? { onStatement, nameOf } : { onStatement }),
    read: (work) => inTransaction(pool, BEGIN_READING, work, { onStatement, nameOf }),
    statement: alone,
    as(bearer) {
      visitors ??= openPool(options, ' for visitors')
      const [from, wall] = [visitors, bearerStatements(bearer)]
      const run = { onStatement, nameOf, check: assertQuery }
      return {
        transaction: (work) => inTransaction(from, `${BEGIN}; ${wall}`, work, run),
        read: (work) => inTransaction(from, `${BEGIN_READING}; ${wall}`, work, run),
      }
    },
    listen: (channel, onPayload, onGap) => listen(options.url, channel, onPayload, onGap ?? (() => undefined), options.log),
    statementCount: () => statements,
    async close() {
      await Promise.all([pool.end(), visitors?.end()])
    },
  }
}

const BEGIN = 'begin'
const HASTY = '; set local synchronous_commit = off'
/**
 * A plan that was made while a queue was empty reads the whole table, since that is a page, and stays when the queue has grown. With an
 * index for every lookup nothing is lost by never doing so.
 */
const BY_INDEX = '; set local enable_seqscan = off'
const BEGIN_READING = 'begin isolation level repeatable read read only'

function beginOf({ prepared, isDurable }: Required<TransactionOptions>): string {
  return `${BEGIN}${isDurable ? '' : HASTY}${prepared ? BY_INDEX : ''}`
}

async function inTransaction<T>(from: pg.Pool, begin: string, work: (tx: Tx) => Promise<T>, run: RunOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await connect(from)
    let broken: Error | undefined
    try {
      await client.query(begin)
      const result = await work(transactionOn(client, run))
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch((cause: Error) => {
        broken = cause
      })
      // The connection goes with its plans; every other may have the same.
      if (isStalePlan(error)) broken ??= error
      if (!(isStalePlan(error) && attempt <= from.options.max) && !(isRetryable(error) && attempt < TRANSACTION_ATTEMPTS_MAX))
        throw error
    } finally {
      client.release(broken)
    }
  }
}

function openPool(options: Parameters<typeof openDatabase>[0], purpose: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? 10,
    application_name: `${options.applicationName ?? 'comptoir'}${purpose}`,
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    types: { getTypeParser },
  })
  pool.on('error', (cause) => options.log.warn({ reason: cause.message }, 'an idle database connection was lost'))
  // A connection that is lost between two statements of a transaction speaks through its client, and unheard that ends the process.
  // The next statement fails and tells.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

type RunOptions = {
  onStatement?: () => void
  nameOf?: (text: string) => string | undefined
  /** Throws for a statement that must not be sent. */
  check?: (text: string) => void
}

/** A transaction function over a client whose transaction somebody else has begun. */
export function transactionOn(client: pg.ClientBase, { onStatement, nameOf, check }: RunOptions = {}): Tx {
  const run = async <Row extends object>(query: Sql): Promise<Row[]> => {
    onStatement?.()
    const { text, values } = query.compile()
    check?.(text)
    const name = nameOf?.(text)
    const result = await client.query<Row>(name === undefined ? { text, values } : { name, text, values })
    return result.rows
  }
  const tx = <Row extends object>(strings: TemplateStringsArray, ...parts: readonly unknown[]) => run<Row>(sql(strings, ...parts))
  return Object.assign(tx, { run })
}

const NAME_AFTER = 8
/** Each connection keeps its plans: some 50 kB for a statement of a page. */
const NAMES_MAX = 128
const TEXTS_MAX = 2_000

/**
 * Names for the texts that keep coming back, so that PostgreSQL parses and plans them once for each connection: of a page's statements
 * that is most of the work. Not in a first copy: a plan made for a table while it was empty would stay with it.
 */
function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>()
  const seen = new Map<string, number>()
  return (text) => {
    const name = names.get(text)
    if (name !== undefined || names.size >= NAMES_MAX) return name
    const times = (seen.get(text) ?? 0) + 1
    if (seen.size >= TEXTS_MAX) seen.clear()
    if (times < NAME_AFTER) {
      seen.set(text, times)
      return undefined
    }
    seen.delete(text)
    names.set(text, `comptoir_${names.size}`)
    return names.get(text)
  }
}

/** PostgreSQL's five-character code of a failed statement ('23505' for a duplicate), wherever it hides in the causes. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code
  return error instanceof Error && error.cause !== undefined ? sqlStateOf(error.cause) : undefined
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (cause) {
    throw new AppError('postgres.unreachable', 'The database does not answer', { cause })
  }
}

/** A statement was planned before one of its columns changed its type. */
function isStalePlan(error: unknown): error is Error {
  return error instanceof Error && sqlStateOf(error) === '0A000' && /cached plan/.test(error.message)
}

function isRetryable(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state !== undefined && RETRYABLE.has(state)
}

async function listen(url: string, channel: string, onPayload: (payload: string) => void, onGap: () => void, log: Log) {
  let closed = false
  let current: pg.Client | undefined

  async function open(): Promise<void> {
    const client = new pg.Client({ connectionString: url, application_name: `comptoir listens to ${channel}`, keepAlive: true })
    client.on('notification', (message) => onPayload(message.payload ?? ''))
    client.on('error', () => undefined)
    client.on('end', () => {
      // A client that never got as far as listening is its own attempt's business.
      if (!closed && current === client) void reopen()
    })
    try {
      await client.connect()
      await client.query(`listen "${channel.replaceAll('"', '""')}"`)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
    current = client
    if (closed) await client.end()
  }

  async function reopen(): Promise<void> {
    while (!closed) {
      await new Promise((done) => setTimeout(done, RECONNECT_DELAY_MS))
      try {
        await open()
        onGap()
        return
      } catch (error) {
        log.warn({ channel, reason: String(error) }, 'listening again did not succeed yet')
      }
    }
  }

  await open()
  return {
    async close() {
      closed = true
      await current?.end().catch(() => undefined)
    },
  }
}

/**
 * Values leave the driver as plain data: numeric, date, uuid, interval as text; timestamptz as ISO 8601 in UTC with milliseconds;
 * int8 as a number where it is safe (it always is for sequences, counts and versions). Everything else as the driver does.
 */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format !== 'binary') {
    if (oid === pg.types.builtins.DATE) return (value) => value
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (value) => new Date(value).toISOString()
    if (oid === pg.types.builtins.INT8) return parseSafeInteger
  }
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown
}

function parseSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new AppError('postgres.unsafe_integer', `An integer beyond 2^53 came from the database: ${text}`)
  return value
}

/** `create database` where it is missing. Not in a transaction: PostgreSQL does not allow it. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount === 0)
      await client.query(`create database "${name.replaceAll('"', '""')}" template template0 encoding ${quoteLiteral('UTF8')}`)
  } finally {
    await client.end()
  }
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

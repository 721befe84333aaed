import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { AppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Log } from '#log/log.ts'
import { type Binaries, type Home, locateBinaries, placeHome } from './embedded/place.ts'

/** A PostgreSQL server of our own: real binaries from the npm registry, on loopback, with a password only this installation knows. */
export type EmbeddedPostgres = {
  /** Superuser connection to the `postgres` database. */
  url: string
  /** True when a server that an earlier, killed run had left behind was taken over. */
  adopted: boolean
  /** Stops the server; what is committed is on disk. */
  stop(): Promise<void>
  /** Lets go of the server without stopping it: others may use it. */
  leave(): void
}

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const POLL_MS = 25
const WATCH_MS = 500
const SUPERUSER = 'comptoir'

/**
 * Starts the server of `folder`, making it on first use. Safe after kill -9: a server that still runs from the same folder is
 * adopted; a stale pid file is PostgreSQL's own to judge. As root it runs as an unprivileged user, which PostgreSQL insists on.
 * Throws AppError `postgres.start_failed` with the end of the server's own log.
 */
export async function startEmbeddedPostgres(options: {
  folder: string
  log: Log
  settings?: Readonly<Record<string, string>>
}): Promise<EmbeddedPostgres> {
  const home = placeHome(options.folder)
  const binaries = locateBinaries(home)
  const password = readOrMakePassword(home)
  const dataDir = join(home.folder, 'data')
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(home, binaries, dataDir)

  const orphan = await findRunning(dataDir, password)
  if (orphan !== undefined) options.log.info({ pid: orphan.pid }, 'took over the database server that an earlier run had left')
  const port = orphan?.port ?? (await freePort())
  const url = urlOf(port, password)
  const server = { dataDir, port, logFile: join(home.folder, 'server.log'), settings: options.settings ?? {} }
  const start = async (): Promise<number> => {
    const pid = launch(home, binaries, server)
    await waitUntilReady(url, pid, server.logFile)
    return pid
  }
  const keeper = keepAlive(orphan?.pid ?? (await start()), start, options.log)
  return { url, adopted: orphan !== undefined, stop: keeper.stop, leave: keeper.leave }
}

/** Watches the server and starts it again, on the same port, when something has killed it. */
function keepAlive(firstPid: number, start: () => Promise<number>, log: Log): { stop(): Promise<void>; leave(): void } {
  let pid = firstPid
  let starting: Promise<void> | undefined
  const watch = setInterval(() => {
    if (starting !== undefined || isAlive(pid)) return
    log.warn({ pid }, 'the database server is gone; starting it again')
    starting = start()
      .then((newPid) => {
        pid = newPid
      })
      // Its last processes may still be leaving: the next look tries again.
      .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'the database server did not start again yet'))
      .finally(() => {
        starting = undefined
      })
  }, WATCH_MS)
  watch.unref()
  const leave = () => clearInterval(watch)
  return {
    leave,
    async stop() {
      leave()
      await starting
      await stopServer(pid)
    },
  }
}

/** The URL of the server that runs from `folder` now, or undefined. For commands beside a running Comptoir. */
export async function findEmbeddedPostgres(folder: string): Promise<string | undefined> {
  const home = placeHome(folder)
  const passwordFile = join(home.folder, 'password')
  if (!existsSync(passwordFile)) return undefined
  return (await findRunning(join(home.folder, 'data'), readFileSync(passwordFile, 'utf8')))?.url
}

async function initialise(home: Home, binaries: Binaries, dataDir: string): Promise<void> {
  // A first start that was killed midway leaves half a folder: PG_VERSION comes early, so build beside and rename.
  const staging = `${dataDir}.new`
  rmSync(staging, { recursive: true, force: true })
  const args = [
    '-D',
    staging,
    '-U',
    SUPERUSER,
    '-A',
    'scram-sha-256',
    '--pwfile',
    join(home.folder, 'password'),
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ]
  const child = spawn(binaries.initdb, args, { ...home.identity, env: serverEnv(), stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  required(child.stderr, 'a pipe').on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const code = await new Promise<number | null>((done, failed) => child.on('exit', done).on('error', failed))
  if (code !== 0) throw new AppError('postgres.start_failed', `The embedded database could not be made: ${errors.trim()}`)
  renameSync(staging, dataDir)
}

function launch(
  home: Home,
  binaries: Binaries,
  server: { dataDir: string; port: number; logFile: string; settings: Readonly<Record<string, string>> },
): number {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(server.port),
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    log_min_messages: 'warning',
    jit: 'off',
    ...server.settings,
  }
  const args = ['-D', server.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const logFd = openSync(server.logFile, 'a')
  // Its own process group: Ctrl-C in the terminal must reach Comptoir first, which then stops the server in order.
  const child = spawn(binaries.postgres, args, {
    ...home.identity,
    env: serverEnv(),
    detached: true,
    stdio: ['ignore', logFd, logFd],
  })
  closeSync(logFd)
  child.unref()
  child.on('error', () => undefined)
  if (child.pid === undefined)
    throw new AppError('postgres.start_failed', `The embedded database could not be started from ${binaries.postgres}`)
  return child.pid
}

async function waitUntilReady(url: string, pid: number, logFile: string): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS
  while (Date.now() < deadlineMs) {
    if (await answers(url)) return
    if (!isAlive(pid)) break
    await pause()
  }
  const tail = readFileSync(logFile, 'utf8').split('\n').slice(-12).join('\n')
  throw new AppError('postgres.start_failed', `The embedded database did not start. Its log (${logFile}) ends with:\n${tail}`)
}

/** The server that holds `dataDir` and takes our password, if one runs. */
async function findRunning(dataDir: string, password: string): Promise<{ pid: number; port: number; url: string } | undefined> {
  const pidFile = join(dataDir, 'postmaster.pid')
  if (!existsSync(pidFile)) return undefined
  const [pidLine, , , portLine] = readFileSync(pidFile, 'utf8').split('\n')
  const [pid, port] = [Number(pidLine), Number(portLine)]
  if (!Number.isInteger(pid) || !Number.isInteger(port) || port < 1 || !isAlive(pid)) return undefined
  const url = urlOf(port, password)
  // It may be recovering from the same crash that killed its parent: give it time before a second server is tried.
  const deadlineMs = Date.now() + READY_TIMEOUT_MS
  while (isAlive(pid) && Date.now() < deadlineMs) {
    if (await answers(url)) return { pid, port, url }
    await pause()
  }
  return undefined
}

/** "Fast" shutdown: open transactions are rolled back, everything committed is on disk. */
async function stopServer(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGINT')
  const deadlineMs = Date.now() + STOP_TIMEOUT_MS
  while (isAlive(pid) && Date.now() < deadlineMs) await pause()
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function readOrMakePassword(home: Home): string {
  const file = join(home.folder, 'password')
  if (!existsSync(file)) {
    mkdirSync(home.folder, { recursive: true })
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
    if (home.identity.uid !== undefined) chownSync(file, home.identity.uid, home.identity.gid ?? -1)
    chmodSync(file, 0o600)
  }
  return readFileSync(file, 'utf8')
}

function urlOf(port: number, password: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`
}

/** Nothing of our environment reaches the server: a stray PGDATA or LC_ALL would change what it does. */
function serverEnv(): Record<string, string> {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !isZombie(pid)
}

/** A server that was adopted and then killed stays in the process table until somebody collects it, which in containers may be nobody. */
function isZombie(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  if (process.platform !== 'linux' || !existsSync(file)) return false
  return /\) Z /.test(readFileSync(file, 'utf8'))
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.on('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, POLL_MS))
}

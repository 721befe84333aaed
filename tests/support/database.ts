import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../src/log/log.ts'
import { type Database, ensureDatabase, openDatabase } from '../../src/postgres/database.ts'
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

export type TestDatabase = AsyncDisposable & { database: Database; url: string }

/** A server of our own, without fsync: the machine may forget our tests when it loses power. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }

/**
 * A fresh, empty database on a real PostgreSQL: the one of TEST_DATABASE_URL (`npm test` starts it for all files), or one this
 * process starts. Dropped with `await using`.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env.TEST_DATABASE_URL ?? (await startTestServer()).url
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const url = await ensureDatabase(adminUrl, name)
  const database = openDatabase({ url, log: silentLog })
  return {
    database,
    url,
    async [Symbol.asyncDispose]() {
      await database.close()
      const admin = openDatabase({ url: adminUrl, log: silentLog, connectionsMax: 1 })
      const client = await admin.pool.connect()
      await client.query(`drop database if exists "${name}" with (force)`)
      client.release()
      await admin.close()
    },
  }
}

/**
 * One server per user of this machine for all test runs at once. Each run notes itself by its process id; `stop` ends the server only
 * when no other run is left, so that runs side by side do not take it from each other.
 */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = join(tmpdir(), `comptoir-tests-${process.getuid?.() ?? 0}`)
  const users = join(folder, 'users')
  mkdirSync(users, { recursive: true })
  const mine = join(users, String(process.pid))
  return locked(folder, async () => {
    writeFileSync(mine, '')
    const server = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), log: silentLog, settings: SETTINGS })
    const stop = async () => {
      rmSync(mine, { force: true })
      if (others(users)) server.leave()
      else await server.stop()
    }
    return { url: server.url, stop: () => locked(folder, stop) }
  })
}

/** Whether another run is under way. What killed runs have left is cleared. */
function others(users: string): boolean {
  for (const name of readdirSync(users)) if (!isAlive(Number(name))) rmSync(join(users, name), { force: true })
  return readdirSync(users).length > 0
}

async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(join(folder, 'starting'))
  try {
    return await work()
  } finally {
    release()
  }
}

/** Of those that start or stop the server one is at work, the others wait: then they find it as it is. */
async function lock(file: string): Promise<() => void> {
  const deadlineMs = Date.now() + 60_000
  while (Date.now() < deadlineMs) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch {
      if (existsSync(file) && !isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true })
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  throw new Error(`Another process holds ${file}`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

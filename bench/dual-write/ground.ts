import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresConnector } from '../../src/connectors/postgres/connector.ts'
import { type DualWrite, openDualWrite } from '../../src/dual-write/engine.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { type Database, ensureDatabase, openDatabase } from '../../src/postgres/database.ts'
import { startEmbeddedPostgres } from '../../src/postgres/embedded.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'

/** One PostgreSQL server for a section, on which Comptoir and whatever it is compared with have databases of their own. */
export type Ground = AsyncDisposable & {
  /** An empty database. */
  create(name: string): Promise<Database>
  /** A portal's database with all its tables and no rows. */
  createPortal(name: string): Promise<Database>
  url(name: string): string
  /** What the server writes down. */
  readonly logFile: string
}

/** The settings of production; besides, what logical replication needs and the time of each commit, which both contestants pay for. */
const SETTINGS = {
  wal_level: 'logical',
  max_wal_senders: '10',
  max_replication_slots: '10',
  max_logical_replication_workers: '8',
  max_worker_processes: '16',
  track_commit_timestamp: 'on',
}
const CONNECTIONS_MAX = 20

export const catalog = readCatalog()

export async function openGround(settings: Readonly<Record<string, string>> = {}): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-bench-'))
  // The server runs as an unprivileged user where we are root.
  chmodSync(folder, 0o755)
  const server = await startEmbeddedPostgres({
    folder: join(folder, 'postgres'),
    log: silentLog,
    settings: { ...SETTINGS, ...settings },
  })
  const opened: Database[] = []
  const create = async (name: string) => {
    const database = openDatabase({
      url: await ensureDatabase(server.url, name),
      log: silentLog,
      connectionsMax: CONNECTIONS_MAX,
    })
    opened.push(database)
    return database
  }
  return {
    create,
    async createPortal(name) {
      const database = await create(name)
      const modules = ['tables', 'dual-write'].map((module) => ({
        module,
        folder: join(import.meta.dirname, '../../src', module, 'migrations'),
      }))
      await migrate(database, modules)
      await applyDefinitions(database, catalog)
      return database
    },
    url: (name) => urlOf(server.url, name),
    logFile: join(folder, 'postgres', 'server.log'),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((database) => database.close()))
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function urlOf(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** The wholesaler's maps, which need nothing but plain tables. */
const RETAIL_MAPS = join(import.meta.dirname, '../../tests/online-retail/maps')

/** The engine between a portal and a database, not started. */
export function openEngine(database: Database, { erpUrl }: { erpUrl: string }): Promise<DualWrite> {
  const connector = createPostgresConnector({
    url: erpUrl,
    clock: systemClock,
    log: silentLog,
    changes: 'trigger',
    companyColumn: 'company',
  })
  return openDualWrite({
    database,
    catalog,
    connector,
    mapFolders: [RETAIL_MAPS],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: '',
  })
}

/** Until nothing waits in either direction. */
export async function untilQuiet(engine: DualWrite, waitMsMax: number): Promise<void> {
  await until('both queues are empty', waitMsMax, QUIET_LOOK_MS, async () =>
    (await engine.status()).every((map) => map.queued.toErp === 0 && map.queued.toPortal === 0),
  )
}

const QUIET_LOOK_MS = 200

/** Looks every `everyMs` until `test` says yes. */
export async function until(what: string, waitMsMax: number, everyMs: number, test: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + waitMsMax
  while (!(await test())) {
    if (performance.now() > deadlineMs) throw new Error(`Not within ${waitMsMax / 1000} s: ${what}`)
    await new Promise((done) => setTimeout(done, everyMs))
  }
}

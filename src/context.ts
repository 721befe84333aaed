import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '#config/config.ts'
import type { EnvironmentOptions } from '#dual-write/environment.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { type Database, ensureDatabase, openDatabase } from '#postgres/database.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '#postgres/embedded.ts'
import { type Migrations, migrate } from '#postgres/migrate.ts'
import type { Catalog } from '#tables/catalog.ts'
import { readDocuments } from '#tables/custom-documents.ts'
import { applyFiles } from '#tables/customizing.ts'
import { type LiveCatalog, openCatalog, readCurrentCatalog } from '#tables/live-catalog.ts'
import { applyDefinitions } from '#tables/schema.ts'

const migrationsOf = (module: string): Migrations => ({ module, folder: join(import.meta.dirname, module, 'migrations') })

/** In the order in which they build on each other. */
export const portalMigrations: readonly Migrations[] = [
  'tables',
  'access',
  'dual-write',
  'mail',
  'portals',
  'customer-portal',
].map(migrationsOf)
export const scmMigrations: readonly Migrations[] = [migrationsOf('scm')]

/** The table maps of the Finance & Operations connector. */
export const MAPS_FOLDER = join(import.meta.dirname, '..', 'maps', 'dynamics365')

/** Where the maps of an installation stand: those of the connector, and its own. */
export function mapsFolders(config: Config): string[] {
  return [...(config.connector === 'dynamics365' ? [MAPS_FOLDER] : []), ...(config.mapsDir === undefined ? [] : [config.mapsDir])]
}

/** The databases of an installation: one server of ours for portal and reference ERP, or those of DATABASE_URL and SCM_DATABASE_URL. */
export type Databases = {
  url: string
  scmUrl: string
  stop(): Promise<void>
  /** Lets go without stopping: the server is another's. */
  leave(): void
}

export async function startDatabases(config: Config, log: Log): Promise<Databases> {
  if (config.databaseUrl !== undefined && (config.scm.databaseUrl !== undefined || !config.demo)) {
    return { url: config.databaseUrl, scmUrl: config.scm.databaseUrl ?? '', stop: async () => undefined, leave: () => undefined }
  }
  const server = await startEmbeddedPostgres({ folder: postgresFolder(config), log })
  return {
    url: config.databaseUrl ?? (await ensureDatabase(server.url, 'comptoir')),
    scmUrl: config.scm.databaseUrl ?? (await ensureDatabase(server.url, 'scm')),
    stop: server.stop,
    leave: server.leave,
  }
}

/**
 * Makes sure that this installation runs once: held by a connection of its own, so that it ends with the process, however that ends.
 * Throws AppError `comptoir.running_already`.
 */
export async function lockInstallation(url: string): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url, application_name: 'comptoir lock', keepAlive: true })
  // A restart of the database ends the lock; the process that has it goes on.
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtext('comptoir.installation')) as locked`,
  )
  if (rows[0]?.locked !== true) {
    await client.end()
    throw new AppError(
      'comptoir.running_already',
      'Comptoir is running already with this data; stop it first, or set COMPTOIR_DATA to another folder',
    )
  }
  return { release: () => client.end() }
}

const PORT_POLL_MS = 200

/**
 * Throws AppError `comptoir.port_taken` when something listens there, and does so still after `patienceMs`: what a killed run has left behind
 * may take a moment to notice.
 */
export async function requireFreePort(port: number, setting: string, patienceMs = 0): Promise<void> {
  const untilMs = systemClock.nowMs() + patienceMs
  for (;;) {
    const cause = await findListener(port)
    if (cause === undefined) return
    if (systemClock.nowMs() >= untilMs)
      throw new AppError(
        'comptoir.port_taken',
        `Port ${port} is taken: does Comptoir run already? Otherwise set ${setting} to another`,
        { cause },
      )
    await systemClock.sleep(PORT_POLL_MS)
  }
}

function findListener(port: number): Promise<Error | undefined> {
  return new Promise((done) => {
    const probe = createServer()
    probe.on('error', done)
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(undefined)))
  })
}

/** The portal's database of an installation that already runs, for commands beside it. Throws AppError `comptoir.not_running`. */
export async function openRunningDatabase(config: Config, log: Log): Promise<Database> {
  const url = config.databaseUrl ?? withDatabase(await findEmbeddedPostgres(postgresFolder(config)), 'comptoir')
  if (url === undefined) throw new AppError('comptoir.not_running', 'Comptoir is not running here; start it with: npm start')
  return openDatabase({ url, log, connectionsMax: 2, applicationName: 'comptoir command' })
}

/** Tables as the migrations and definitions of this version say, and those that this installation has made. */
export async function prepareDatabase(database: Database): Promise<Catalog> {
  await migrate(database, portalMigrations)
  const catalog = await database.read(readCurrentCatalog)
  await applyDefinitions(database, catalog)
  return catalog
}

/**
 * The catalog of a prepared database, with the definitions of the site's folder applied where they have changed. What would lose data there,
 * or stands in the rows' way, is told and waits for a person; the definitions before hold meanwhile. Files that are not right end the start.
 */
export async function openTables(
  database: Database,
  options: { siteDir: string; log: Log; say: (text: string) => void },
): Promise<LiveCatalog> {
  const { log, say } = options
  const catalog = await openCatalog({ database, log })
  try {
    const by = { by: 'comptoir', message: 'The definitions as they are in the folder of the site' }
    await applyFiles({ database, catalog, clock: systemClock }, readDocuments(tablesFolder(options.siteDir)), by)
  } catch (error) {
    if (!isAppError(error) || error.code === 'tables.invalid') {
      await catalog.close()
      throw error
    }
    log.error({ code: error.code, reason: messageOf(error) }, 'the definitions of the folder wait for a person')
    say(`The tables stay as they were. ${error.message}\nSee: npm run -s comptoir -- tables diff`)
  }
  return catalog
}

/** Where a site keeps the definitions of its tables. */
export function tablesFolder(siteDir: string): string {
  return join(siteDir, 'tables')
}

/** A secret of this installation, made on first use and kept readable by its owner only. */
export function installationSecret(config: Config, name: string): string {
  const file = join(config.dataDir, 'keys', name)
  if (!existsSync(file)) {
    mkdirSync(join(config.dataDir, 'keys'), { recursive: true, mode: 0o700 })
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 })
  }
  return readFileSync(file, 'utf8')
}

/**
 * What tells this installation from a copy of it. The embedded demo keeps portal, ERP and folder in one place: they are copied and set back
 * together, and its ports may change; so there only a copied database counts.
 */
export function environmentOf(config: Config): EnvironmentOptions {
  const isOnePlace = config.demo && config.databaseUrl === undefined
  return {
    folder: isOnePlace ? undefined : join(config.dataDir, 'keys'),
    erp: config.demo ? 'the reference ERP of the demo' : config.erp.url,
  }
}

function postgresFolder(config: Config): string {
  return join(config.dataDir, 'postgres')
}

function withDatabase(url: string | undefined, name: string): string | undefined {
  if (url === undefined) return undefined
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createAdministrator } from '#access/people.ts'
import { readConfigOrExit } from '#config/config.ts'
import { type DualWrite, openDualWrite } from '#dual-write/engine.ts'
import { EVENT_PATH } from '#dual-write/routes.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { createLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Catalog } from '#tables/catalog.ts'
import { assembleCatalog, readDocuments, tableOfDocument } from '#tables/custom-documents.ts'
import { listCustomizations } from '#tables/customizing.ts'
import { readCurrentCatalog } from '#tables/live-catalog.ts'
import { findCompanyId } from '#tables/rows.queries.ts'
import { addConnectionCommands } from './cli-connection.ts'
import { addMapCommands } from './cli-maps.ts'
import { addMapTestCommands } from './cli-maps-test.ts'
import { addParkedCommands } from './cli-parked.ts'
import { addQueuedCommands } from './cli-queued.ts'
import { addSiteCommands } from './cli-site.ts'
import { addTableCommands } from './cli-tables.ts'
import { addTokenCommands } from './cli-tokens.ts'
import { addValueCommands } from './cli-values.ts'
import { addWatchCommands } from './cli-watch.ts'
import { createConnector, withConnection } from './connection.ts'
import { environmentOf, installationSecret, mapsFolders, openRunningDatabase, tablesFolder } from './context.ts'

/** `npm run -s comptoir -- <command>`: commands beside a running Comptoir. Results go to standard output, everything else to standard error. */
const config = readConfigOrExit(resolve(import.meta.dirname, '..'))
const log = createLog({ level: 'warn', name: 'comptoir command' })
const actor = `command (${process.env.USER ?? 'unknown'})`

const program = new Command('comptoir').description('Commands beside a running Comptoir')
const json = ['--json', 'print JSON'] as const

const mapCommands = { actor, print, say, tell, withEngine }
const maps = addMapCommands(program, mapCommands)
addParkedCommands(program, mapCommands)
addQueuedCommands(program, mapCommands)
addValueCommands(program, mapCommands)
addWatchCommands(program, mapCommands)

program
  .command('status')
  .description('whether it is ready, and how far it is')
  .option(...json)
  .action(async (options) => {
    const response = await fetch(`http://localhost:${config.port}/health`).catch(() => undefined)
    if (response === undefined)
      throw new AppError('comptoir.not_running', 'Comptoir is not running here; start it with: npm start')
    print([(await response.json()) as object], options.json)
    if (response.status !== 200) process.exitCode = 1
  })

program
  .command('admin')
  .description('administrators')
  .command('create')
  .description('makes an administrator and prints the password, alone')
  .requiredOption('--email <email>')
  .option('--name <name>', 'full name', '')
  .option('--company <code>', 'legal entity of the contact')
  .action((options) =>
    withDatabase(async (database) => {
      const password = randomBytes(15).toString('base64url')
      const companyId =
        options.company === undefined ? undefined : await database.read((tx) => findCompanyId(tx, options.company))
      const place = { database, catalog: await database.read(readCurrentCatalog), clock: systemClock }
      await createAdministrator(place, { email: options.email, fullName: options.name, password, companyId: companyId ?? null })
      process.stdout.write(`${password}\n`)
    }),
  )

addTokenCommands(program, { config, log, print })
addMapTestCommands(maps, { folders: mapsFolders(config), readCatalog: () => catalogWith(config.siteDir) })
addConnectionCommands(program, { config, log, actor, print })
addSiteCommands(program, { config, log, actor, print, catalogWith })
addTableCommands(program, { config, log, actor, print })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${isAppError(error) ? error.message : messageOf(error)}\n`)
  process.exitCode = 1
}

async function withDatabase(work: (database: Awaited<ReturnType<typeof openRunningDatabase>>) => Promise<void>): Promise<void> {
  const database = await openRunningDatabase(config, log)
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

/** The tables that a site folder brings, beside those made in Studio where a Comptoir runs to be asked. */
async function catalogWith(siteDir: string): Promise<Catalog> {
  const documents = readDocuments(tablesFolder(siteDir))
  const own = new Set(documents.map(tableOfDocument))
  const database = await openRunningDatabase(config, log).catch(() => undefined)
  if (database === undefined) return assembleCatalog(documents)
  try {
    const stored = (await listCustomizations(database)).filter((one) => one.source === 'stored' && !own.has(one.table))
    return assembleCatalog([...documents, ...stored.map((one) => ({ place: one.table, content: one.document }))])
  } finally {
    await database.close()
  }
}

/** An engine that stands by: it reads and tells, the running one works. */
function withEngine(work: (engine: DualWrite) => Promise<void>): Promise<void> {
  return withDatabase(async (database) => {
    const catalog = await database.read(readCurrentCatalog)
    const complete = await withConnection(database, config)
    const connector = createConnector(complete, log)
    const eventUrl = `http://127.0.0.1:${config.port}${EVENT_PATH}`
    const eventSecret = installationSecret(config, 'event-secret')
    try {
      await work(
        await openDualWrite({
          database,
          catalog,
          connector,
          mapFolders: mapsFolders(config),
          clock: systemClock,
          log,
          eventUrl,
          eventSecret,
          environment: environmentOf(complete),
        }),
      )
    } finally {
      await connector.close?.()
    }
  })
}

function print(rows: readonly object[], asJson: boolean | undefined): void {
  if (asJson === true) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
  else if (rows.length === 0) process.stdout.write('nothing\n')
  else process.stdout.write(`${table(rows as readonly Record<string, unknown>[])}\n`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line that is written over, on a terminal; it takes nothing of the results, which go to standard output. */
function tell(text: string | undefined): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text ?? ''}`)
}

function table(rows: readonly Record<string, unknown>[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const cell = (value: unknown) =>
    value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const widths = columns.map((column) => Math.min(60, Math.max(column.length, ...rows.map((row) => cell(row[column]).length))))
  const line = (values: readonly string[]) =>
    values
      .map((value, i) => value.slice(0, 60).padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(columns), ...rows.map((row) => line(columns.map((column) => cell(row[column]))))].join('\n')
}

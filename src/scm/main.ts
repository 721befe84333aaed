import { fstatSync } from 'node:fs'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import { readConfigOrExit } from '#config/config.ts'
import { messageOf } from '#lib/app-error.ts'
import { createLog, type Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { type Database, openDatabase } from '#postgres/database.ts'
import { clearCompany, firstCompany, isCompanyLoaded, markCompanyLoaded } from './company.queries.ts'
import { loadFolder } from './data/load.ts'
import { migrateScm } from './schema.ts'
import { createScmServer, type ScmStatus } from './server.ts'

/**
 * The reference ERP as a process: its schema, its company (the CSV folder of SCM_DATA, or the demo company), its server. Says how far it
 * is as JSON lines on standard output, and ends on SIGTERM, SIGINT, or when whoever started it is gone.
 */
const PARENT_POLL_MS = 1_000
const HOST = '127.0.0.1'
/** Whoever loads bad data sees where it begins; the log has every row. */
const PROBLEMS_TOLD_MAX = 10

const config = readConfigOrExit(join(import.meta.dirname, '../..'))
const log = createLog({ level: config.logLevel, name: 'scm' })
const stopped = whenToStop()
try {
  await run()
} catch (error) {
  log.error(
    { reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
    'the reference ERP could not start',
  )
  say({ event: 'trouble', text: `the ERP could not start: ${messageOf(error)}` })
  process.exit(1)
}

async function run(): Promise<void> {
  if (config.scm.databaseUrl === undefined) throw new Error('SCM_DATABASE_URL is required: the address of the ERP’s own database')
  const database = openDatabase({
    url: config.scm.databaseUrl,
    log,
    connectionsMax: 20,
    applicationName: 'comptoir scm',
    prepared: true,
  })
  await migrateScm(database)
  let status: ScmStatus = { status: 'loading', progress: 'Starting' }
  // Its company is known once there is one.
  const client = { id: config.erp.clientId, secret: config.erp.clientSecret, company: '' }
  const server = await createScmServer({ database, log, clock: systemClock, clients: [client], status: () => status })
  await server.listen({ host: HOST, port: config.scm.port })

  await loadCompany(database, log, (progress) => {
    status = { status: 'loading', progress }
    say({ event: 'progress', text: progress })
  })
  client.company = await database.read(firstCompany)
  status = { status: 'ready' }
  say({ event: 'ready', url: `http://${HOST}:${config.scm.port}` })

  await stopped
  await server.close()
  await database.close()
  process.exit(0)
}

/** Once in the life of the database; a load that was killed half-way starts anew. */
async function loadCompany(database: Database, loadLog: Log, progress: (text: string) => void): Promise<void> {
  if (await database.read(isCompanyLoaded)) return
  await database.transaction(clearCompany)
  const folder = config.scm.dataFolder
  if (folder === undefined) {
    // Needed once in the life of a database; every other start does without its word lists.
    const { loadDemoCompany } = await import('./data/demo.ts')
    await loadDemoCompany(database, progress)
  } else {
    const { loaded, problems } = await loadFolder(database, folder, progress)
    for (const { file, line, reason } of problems) loadLog.warn({ file, line, reason }, 'a row of the data folder was not loaded')
    for (const { file, line, reason } of problems.slice(0, PROBLEMS_TOLD_MAX))
      say({ event: 'trouble', text: `not loaded: ${file}, line ${line}: ${reason}` })
    if (problems.length > PROBLEMS_TOLD_MAX)
      say({ event: 'trouble', text: `not loaded: ${problems.length - PROBLEMS_TOLD_MAX} more rows; the ERP’s log has them` })
    const rows = Object.values(loaded).reduce((sum, count) => sum + count, 0)
    progress(`${rows} rows loaded from ${folder}, ${problems.length} refused`)
  }
  await database.transaction((tx) => markCompanyLoaded(tx, folder ?? 'demo'))
}

function whenToStop(): Promise<void> {
  return new Promise((stop) => {
    process.once('SIGTERM', () => stop())
    process.once('SIGINT', () => stop())
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && stop(), PARENT_POLL_MS).unref()
    // A pipe is held open by whoever started us; a terminal or /dev/null says nothing.
    const input = fstatSync(0)
    if (input.isFIFO() || input.isSocket())
      process.stdin
        .on('end', () => stop())
        .on('close', () => stop())
        .resume()
  })
}

function say(message: { event: 'progress' | 'trouble'; text: string } | { event: 'ready'; url: string }): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

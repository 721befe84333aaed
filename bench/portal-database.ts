import { join } from 'node:path'
import { silentLog } from '../src/log/log.ts'
import { type Database, openDatabase } from '../src/postgres/database.ts'
import { findEmbeddedPostgres } from '../src/postgres/embedded.ts'
import type { RunningComptoir } from '../tests/support/comptoir.ts'

/** The portal's own database, beside the running program: to write as a submission does and to see what has arrived. */
export async function withPortalDatabase<T>(comptoir: RunningComptoir, work: (database: Database) => Promise<T>): Promise<T> {
  const url = new URL(await portalServer(comptoir))
  url.pathname = '/comptoir'
  const database = openDatabase({ url: url.href, log: silentLog, connectionsMax: 8, applicationName: 'comptoir bench' })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Its embedded PostgreSQL, with the settings of production. */
export async function portalServer(comptoir: RunningComptoir): Promise<string> {
  const found = await findEmbeddedPostgres(join(comptoir.dataDir, 'postgres'))
  if (found === undefined) throw new Error('the embedded database does not run')
  return found
}

/** Where PostgreSQL writes its log. */
export function serverLog(comptoir: RunningComptoir): string {
  return join(comptoir.dataDir, 'postgres', 'server.log')
}

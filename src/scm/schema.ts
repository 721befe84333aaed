import { join } from 'node:path'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'

/** Brings the ERP's own database to the newest schema; answers the names of the files it applied. */
export function migrateScm(database: Database): Promise<string[]> {
  return migrate(database, [{ module: 'scm', folder: join(import.meta.dirname, 'migrations') }])
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '#lib/app-error.ts'
import type { Database, Tx } from './database.ts'
import { trustedSql } from './sql.ts'
import { ensureVisitorRole } from './visitor-role.ts'

/** A module's folder of `NNNN-name.sql` files: plain SQL, forward only, never edited once released. */
export type Migrations = { module: string; folder: string }

/**
 * Applies what is missing, in the given order of modules, in one transaction under one lock: two processes that start together
 * migrate once. Answers the names of the applied files. A file that changed after it was applied stops the start.
 */
export function migrate(database: Database, modules: readonly Migrations[]): Promise<string[]> {
  return database.transaction(async (tx) => {
    await lockMigrations(tx)
    // Policies and rights name it. The reference ERP has no visitors.
    if (modules.some(({ module }) => module === 'tables')) await ensureVisitorRole(tx)
    await tx`create schema if not exists comptoir`
    await tx`create table if not exists comptoir.migration (
      module text not null, name text not null, sha256 text not null, applied_at timestamptz not null default now(), primary key (module, name))`
    const applied: string[] = []
    for (const { module, folder } of modules) {
      const done = await tx<{
        name: string
        sha256: string
      }>`select name, sha256 from comptoir.migration where module = ${module}`
      for (const file of readFiles(folder)) {
        const before = done.find((one) => one.name === file.name)
        if (before === undefined) {
          await tx.run(trustedSql(file.text))
          await tx`insert into comptoir.migration (module, name, sha256) values (${module}, ${file.name}, ${file.sha256})`
          applied.push(`${module}/${file.name}`)
        } else if (before.sha256 !== file.sha256) {
          throw new AppError(
            'postgres.migration_changed',
            `Migration ${module}/${file.name} was edited after it had been applied; add a new file instead`,
          )
        }
      }
    }
    return applied
  })
}

/** Held until the transaction ends; definitions that change tables take it too. */
export async function lockMigrations(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('comptoir.migrations'))`
}

function readFiles(folder: string): { name: string; text: string; sha256: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
    })
}

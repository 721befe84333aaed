import type { Tx } from '#postgres/database.ts'
import { identifier, join, sql } from '#postgres/sql.ts'

// Statements over whatever table a file's entity stands on: built from the catalog, so each is tested by loading that entity.

/** The values of some columns of every row, each joined with a unit separator, for checks in memory. */
export async function listKeys(tx: Tx, table: string, columns: readonly string[]): Promise<Set<string>> {
  const key = sql`concat_ws(chr(31), ${join(columns.map((column) => identifier(column)))})`
  const rows = await tx<{ key: string }>`select ${key} as key from ${identifier('scm', table)}`
  return new Set(rows.map((row) => row.key))
}

/** Changes rows of a table that a second view of it names by the same key. */
export async function changeRow(
  tx: Tx,
  table: string,
  change: { key: Readonly<Record<string, unknown>>; fields: Readonly<Record<string, unknown>> },
): Promise<void> {
  const sets = Object.entries(change.fields).map(([name, value]) => sql`${identifier(name)} = ${value}`)
  const where = Object.entries(change.key).map(([name, value]) => sql`${identifier(name)} = ${value}`)
  if (sets.length === 0) return
  await tx`update ${identifier('scm', table)} set ${join(sets)} where ${join(where, ' and ')}`
}

export async function savepoint(tx: Tx, what: 'savepoint' | 'rollback to savepoint'): Promise<void> {
  if (what === 'savepoint') await tx`savepoint load_row`
  else await tx`rollback to savepoint load_row`
}

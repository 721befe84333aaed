import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'

export type DefinitionSource = 'file' | 'stored'

/** One applied change of one table's custom definition. `document` null: it is defined no more. */
export type DefinitionVersion = {
  version: number
  table: string
  source: DefinitionSource
  document: unknown
  author: string
  message: string
  appliedAt: string
}

/** What holds: the newest version of every table that was ever customized. `upTo` looks back to an earlier state. */
export function listNewestVersions(tx: Tx, upTo: number | null = null): Promise<DefinitionVersion[]> {
  return tx<DefinitionVersion>`
    select distinct on (table_name) number as version, table_name as "table", source, document, author, message, applied_at as "appliedAt"
      from tables.definition_version
     where ${upTo}::bigint is null or number <= ${upTo}::bigint
     order by table_name, number desc`
}

export function listVersions(
  tx: Tx,
  page: { table: string | null; before: number | null; rowsMax: number },
): Promise<DefinitionVersion[]> {
  return tx<DefinitionVersion>`
    select number as version, table_name as "table", source, document, author, message, applied_at as "appliedAt"
      from tables.definition_version
     where (${page.table}::text is null or table_name = ${page.table}) and (${page.before}::bigint is null or number < ${page.before}::bigint)
     order by number desc
     limit ${page.rowsMax}`
}

export async function lastVersion(tx: Tx): Promise<number> {
  const [row] = await tx<{ version: number }>`select coalesce(max(number), 0) as version from tables.definition_version`
  return row?.version ?? 0
}

/** Keeps a version, and tells every process once the transaction is done. */
export async function insertVersion(
  tx: Tx,
  one: { table: string; source: DefinitionSource; document: unknown; author: string; message: string },
): Promise<number> {
  const document = one.document === null ? null : JSON.stringify(one.document)
  const [row] = await tx<{ version: number }>`
    insert into tables.definition_version (table_name, source, document, author, message)
    values (${one.table}, ${one.source}, ${document}::json, ${one.author}, ${one.message})
    returning number as version`
  await tx`select pg_notify('comptoir_catalog', ${one.table})`
  return required(row, 'the version just inserted').version
}

/** How many rows of a table, or values of its column, there are. */
export function countKept(tx: Tx, table: string, column: string | null): Promise<number> {
  const what = column === null ? sql`count(*)` : sql`count(${identifier(column)})`
  const query = sql`select ${what}::int as kept from ${identifier('tables', table)}`
  return tx.run<{ kept: number }>(query).then(([row]) => row?.kept ?? 0)
}

/** What only the tables themselves remember of a column, or of a table: its end must be clean. */
export async function forgetColumns(tx: Tx, table: string, column: string | null): Promise<void> {
  await tx`delete from tables.customer_column where table_name = ${table} and (${column}::text is null or column_name = ${column})`
  if (column === null) await tx`delete from tables.capture where table_name = ${table}`
}

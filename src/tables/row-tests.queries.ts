import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, sql, trustedSql } from '#postgres/sql.ts'
import { getColumn, type TableDefinition } from './definition.ts'
import { type RowPredicate, rowOf } from './predicate.ts'
import { postgresTypeOf } from './query/scope.ts'
import type { QueryRow } from './row-query.ts'
import type { RowId, RowValues } from './rows.queries.ts'

/** A row, which of the predicates it is inside of (by the names they were asked under), and the asked columns. */
export type TestedRow = { id: RowId; version: number; inside: ReadonlySet<string>; values: QueryRow }

/**
 * Tests rows against predicates, by id, in one statement: for the rules of writing, which must tell a row that is not there from one that
 * may not be changed. The columns are answered unmasked: never show them to a visitor. Rows that do not exist are left out.
 */
export async function testRows(
  tx: Tx,
  table: TableDefinition,
  ids: readonly RowId[],
  asked: { tests: Readonly<Record<string, RowPredicate>>; columns?: readonly string[] },
): Promise<Map<RowId, TestedRow>> {
  if (ids.length === 0) return new Map()
  const alias = identifier('t')
  const names = Object.keys(asked.tests)
  const tests = Object.values(asked.tests).map((one, i) => sql`(${one.sql(alias)}) is true as ${identifier(`test ${i}`)}`)
  const columns = (asked.columns ?? []).map((name) => sql`t.${identifier(name)} as ${identifier(`column ${name}`)}`)
  const id = sql`t.${identifier(table.idColumn)}`
  const rows = await tx.run<Record<string, QueryRow[string]> & { id: RowId; version: number }>(sql`
    select ${join([sql`${id} as id, t.versionnumber as version`, ...tests, ...columns])}
      from ${identifier('tables', table.name)} as t
     where ${id} = any(${ids}::uuid[])`)
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        version: row.version,
        inside: new Set(names.filter((_, i) => row[`test ${i}`] === true)),
        values: Object.fromEntries((asked.columns ?? []).map((name) => [name, row[`column ${name}`] ?? null])),
      },
    ]),
  )
}

/** The row within the predicate that has exactly these values: for alternate keys. */
export async function findIdByValues(
  tx: Tx,
  table: TableDefinition,
  values: RowValues,
  predicate: RowPredicate,
): Promise<RowId | undefined> {
  const equal = Object.entries(values).map(
    ([name, value]) => sql`t.${identifier(name)} = ${value}::${trustedSql(postgresTypeOf(getColumn(table, name)))}`,
  )
  const [row] = await tx.run<{ id: RowId }>(sql`
    select t.${identifier(table.idColumn)} as id
      from ${identifier('tables', table.name)} as t
     where ${and([...equal, predicate.sql(identifier('t'))])} limit 1`)
  return row?.id
}

/** Rows as they were when they were read: a write within it finds nothing when somebody was quicker. */
export function ofVersion(table: TableDefinition, id: RowId, version: number): RowPredicate {
  const unchanged: RowPredicate = { reason: 'unchanged', sql: (alias) => sql`${alias}.versionnumber = ${version}::bigint` }
  return rowOf(table, unchanged, id)
}

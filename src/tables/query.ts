import { assert, required } from '#lib/assert.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { and, identifier, join, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { type Catalog, targetOf } from './catalog.ts'
import { getColumn, type TableDefinition } from './definition.ts'
import { compileFilter } from './query/filter.ts'
import { columnsOfRow, Scope } from './query/scope.ts'
import type { Cursor, QueryRow, RowQuery } from './row-query.ts'

const SEARCH_CHARACTERS_MAX = 100

export function compileQuery(catalog: Catalog, query: RowQuery): Sql {
  assert(query.rowsMax > 0, 'a query has a positive limit')
  const scope = new Scope(catalog, query.table, query.predicate, query.reach)
  const order = orderOf(query)
  const columns = [...new Set([...query.columns, ...order.map((one) => one.column), query.table.idColumn])]
  const selected = columns.map((path) => sql`${scope.column(path).sql} as ${identifier(path)}`)
  const where = conditions(query, scope)
  if (query.after !== undefined) where.push(afterCursor(order, query.after, scope))
  const orderSql = order.map((one) => sql`${scope.column(one.column).sql}${trustedSql(one.descending ? ' desc' : '')}`)
  // Joins come last: every path must have been asked for before they are known.
  return sql`select ${join(selected)} from ${scope.from()} where ${and(where)} order by ${join(orderSql)} limit ${query.rowsMax}`
}

/** Counts up to `rowsMax`: a list says "more than 10,000" instead of reading them all. */
export function compileCount(catalog: Catalog, query: Omit<RowQuery, 'columns' | 'orderBy' | 'after'>): Sql {
  const scope = new Scope(catalog, query.table, query.predicate, query.reach)
  const where = and(conditions(query, scope))
  return sql`select count(*)::int as count from (select 1 from ${scope.from()} where ${where} limit ${query.rowsMax}) as counted`
}

/** Where the next page starts: after this row. */
export function cursorOf(query: Pick<RowQuery, 'table' | 'orderBy'>, row: QueryRow): Cursor {
  return orderOf(query).map(
    (one) => required(row[one.column] === undefined ? null : { value: row[one.column] ?? null }, 'the order column').value,
  )
}

/** A filter as a condition on the row behind `alias`, for predicates: paths over lookups become subqueries, and nothing is hidden. */
export function compileCondition(catalog: Catalog, table: TableDefinition, filter: FilterExpression, alias: Sql): Sql {
  return compileFilter(filter, columnsOfRow(catalog, table, alias))
}

function conditions(query: Pick<RowQuery, 'table' | 'predicate' | 'filter' | 'search'>, scope: Scope): Sql[] {
  const where = [query.predicate.sql(scope.root)]
  if (query.filter !== undefined) where.push(compileFilter(query.filter, scope))
  const search = query.search?.trim().slice(0, SEARCH_CHARACTERS_MAX)
  if (search !== undefined && search !== '') where.push(searchCondition(query.table, search, scope))
  return where
}

/** Every word must be found in one of the search columns. */
function searchCondition(table: TableDefinition, search: string, scope: Scope): Sql {
  const words = search.split(/\s+/)
  return and(
    words.map((word) => {
      const pattern = `%${word.replace(/[\\%_]/g, (char) => `\\${char}`)}%`
      return or(table.search.map((name) => sql`${scope.column(name).sql} ilike ${pattern}`))
    }),
  )
}

/** The asked order, made total by the id. */
function orderOf(query: Pick<RowQuery, 'table' | 'orderBy'>): { column: string; descending: boolean }[] {
  const asked = [...(query.orderBy ?? [])]
  const last = asked.at(-1)
  return [...asked, { column: query.table.idColumn, descending: last?.descending ?? false }]
}

/** Rows behind the cursor. PostgreSQL puts nulls last going up and first going down, and so do we. */
function afterCursor(order: readonly { column: string; descending: boolean }[], cursor: Cursor, scope: Scope): Sql {
  assert(cursor.length === order.length, 'a cursor has one value for each order column')
  const columns = order.map((one) => scope.column(one.column))
  const allDown = order.every((one) => one.descending)
  if (allDown && cursor.every((value) => value !== null)) {
    // One row comparison is what an index can start from.
    const values = columns.map((column, i) => sql`${cursor[i] ?? null}::${trustedSql(column.postgresType)}`)
    return sql`(${join(columns.map((column) => column.sql))}) < (${join(values)})`
  }
  const alternatives: Sql[] = []
  for (let i = 0; i < order.length; i++) {
    const equalBefore = columns
      .slice(0, i)
      .map((column, k) => sql`${column.sql} is not distinct from ${cursor[k] ?? null}::${trustedSql(column.postgresType)}`)
    const column = required(columns[i], 'the order column')
    alternatives.push(and([...equalBefore, beyond(column, cursor[i] ?? null, order[i]?.descending === true)]))
  }
  return or(alternatives)
}

function beyond(column: { sql: Sql; postgresType: string }, value: string | number | boolean | null, descending: boolean): Sql {
  if (value === null) return descending ? sql`${column.sql} is not null` : sql`false`
  const bound = sql`${value}::${trustedSql(column.postgresType)}`
  return descending ? sql`${column.sql} < ${bound}` : sql`(${column.sql} > ${bound} or ${column.sql} is null)`
}

/** Whether a path can be read, for callers that check configuration at load time. Throws AppError `tables.unknown_column`. */
export function checkPath(catalog: Catalog, table: TableDefinition, path: string): void {
  const names = path.split('.')
  let current = table
  names.forEach((name, index) => {
    getColumn(current, name)
    if (index < names.length - 1) current = targetOf(catalog, current, name)
  })
}

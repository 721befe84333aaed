import { assert, required } from '#lib/assert.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { and, falseSql, identifier, join, or, type Sql, sql, trueSql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from './catalog.ts'
import { getColumn, type TableDefinition } from './definition.ts'
import { findLookup } from './navigation.ts'
import { allRowsForRules } from './predicate.ts'
import { compileFilter } from './query/filter.ts'
import { compileGroups, namedColumns } from './query/group.ts'
import { compileLinks } from './query/links.ts'
import { afterCursor, type Ordered, orderedBy, orderOf, shownColumn } from './query/order.ts'
import { columnsOfRow, createStatement, Scope } from './query/scope.ts'
import { compileTree } from './query/tree.ts'
import { checkQuery } from './query-limits.ts'
import type { AsOf, Cursor, QueryRow, RowQuery, RowTree } from './row-query.ts'

const SEARCH_CHARACTERS_MAX = 100

/** A statement, and what makes the answered row of one of its rows; undefined where they are the same. */
export type CompiledQuery = { sql: Sql; read: ((row: Readonly<Record<string, unknown>>) => RowTree) | undefined }

type Counted = Omit<RowQuery, 'columns' | 'orderBy' | 'after'> & { columns?: readonly string[] }

/**
 * One statement with the predicates of every table it reaches inside. Throws, before anything runs: AppError `query.too_costly`,
 * `tables.unknown_column`, or `request.invalid` with the position of what a filter cannot be used for.
 */
export function compileReading(catalog: Catalog, query: RowQuery): CompiledQuery {
  assert(query.rowsMax > 0, 'a query has a positive limit')
  checkQuery(query)
  if (query.group !== undefined) return compileGroupQuery(catalog, query)
  if (query.distinct === true) return compileDistinctQuery(catalog, query)
  const scope = scopeOf(catalog, query)
  const where = conditions(query, scope)
  const order = orderOf(query).map((one) => orderedBy(one, scope.column(one.column)))
  const columns = [...new Set([...query.columns, ...order.map((one) => one.column)])]
  const tree =
    query.expand === undefined && columns.every(isOutputName) ? undefined : compileTree(scope, columns, query.expand ?? [], false)
  const selected = tree?.selects ?? columns.map((path) => sql`${shownColumn(scope.column(path)).sql} as ${identifier(path)}`)
  const ranges = query.after === undefined ? [trueSql] : afterCursor(order, query.after)
  // Joins come last: every path must have been asked for before they are known.
  const from = scope.from()
  const pages = ranges.map(
    (range) =>
      sql`select ${join(selected)} from ${from} where ${and(range === trueSql ? where : [...where, range])} order by ${sortedBy(order)} limit ${query.rowsMax}`,
  )
  const [page] = pages
  if (page !== undefined && pages.length === 1) return { sql: page, read: tree?.read }
  const named = order.map((one) => ({
    ...one,
    sql: identifier(tree === undefined ? one.column : `c${columns.indexOf(one.column)}`),
  }))
  const parts = join(
    pages.map((one) => sql`(${one})`),
    ' union all ',
  )
  return { sql: sql`${parts} order by ${sortedBy(named)} limit ${query.rowsMax}`, read: tree?.read }
}

/** The statement alone, for those who look at it or explain its plan. */
export function compileQuery(catalog: Catalog, query: RowQuery): Sql {
  return compileReading(catalog, query).sql
}

/** Counts up to `rowsMax`: a list says "more than 10,000" instead of reading them all. */
export function compileCount(catalog: Catalog, query: Counted): Sql {
  checkQuery(query)
  const { rowsMax } = query
  if (query.group !== undefined || query.distinct === true) {
    const { sql: rows } = compileReading(catalog, { ...query, columns: query.columns ?? [] })
    return sql`select count(*)::int as count from (${rows}) as counted`
  }
  const scope = scopeOf(catalog, query)
  const where = and(conditions(query, scope))
  return sql`select count(*)::int as count from (select 1 from ${scope.from()} where ${where} limit ${rowsMax}) as counted`
}

/** Where the next page starts: after this row. */
export function cursorOf(query: Pick<RowQuery, 'table' | 'orderBy'> & Partial<RowQuery>, row: QueryRow | RowTree): Cursor {
  return orderOf(query).map(({ column }) => {
    const value = row[column]
    assert(value === null || typeof value !== 'object', 'the row has the order column')
    return required(value === undefined ? null : { value }, 'the order column').value
  })
}

/** How many values a cursor of this query has. */
export function cursorLength(query: Pick<RowQuery, 'table' | 'orderBy'> & Partial<RowQuery>): number {
  return orderOf(query).length
}

/** A rule's condition on the row behind `alias`: paths over lookups become subqueries, and nothing is hidden from a rule. */
export function compileCondition(
  catalog: Catalog,
  table: TableDefinition,
  filter: FilterExpression,
  alias: Sql,
  asOf?: AsOf,
): Sql {
  const context = { catalog, reach: undefined, asOf, source: allRowsForRules }
  return compileFilter(filter, columnsOfRow(context, { alias, table, predicate: undefined }))
}

/** Whether a path can be read, for callers that check configuration at load time. Throws AppError `tables.unknown_column`. */
export function checkPath(catalog: Catalog, table: TableDefinition, path: string): void {
  const names = path.split('.')
  let current = table
  names.forEach((name, index) => {
    const behind = index < names.length - 1 ? findLookup(catalog, current, name) : undefined
    if (behind === undefined) getColumn(current, name)
    current = behind?.target ?? current
  })
}

/** Distinct rows first, then their order and the page: the order is by the columns themselves. */
function compileDistinctQuery(catalog: Catalog, query: RowQuery): CompiledQuery {
  const scope = scopeOf(catalog, query)
  const where = conditions(query, scope)
  const keys = [...new Set([...query.columns, ...orderOf(query).map((one) => one.column)])]
  const found = new Map(keys.map((key, i) => [key, { column: scope.column(key), name: identifier(`c${i}`) }]))
  const selected = [...found.values()].map((one) => sql`${shownColumn(one.column).sql} as ${one.name}`)
  const rows = sql`select distinct ${join(selected)} from ${scope.from()} where ${and(where)}`
  const columns = namedColumns(
    scope,
    new Map(
      [...found].map(([key, { column, name }]) => [
        key,
        { ...column, sql: sql`g.${name}`, postgresType: shownColumn(column).postgresType, neverNull: false },
      ]),
    ),
  )
  const order = orderOf(query).map((one) => namedOrder(one, columns.column(one.column)))
  const after = query.after === undefined ? sql`` : sql` where ${or(afterCursor(order, query.after))}`
  return {
    sql: sql`select * from (${rows}) as g${after} order by ${sortedBy(order)} limit ${query.rowsMax}`,
    read: renamed(keys.map((key, i) => ({ name: `c${i}`, key }))),
  }
}

function compileGroupQuery(catalog: Catalog, query: RowQuery): CompiledQuery {
  const group = required(query.group, 'the grouping')
  assert(query.after === undefined && query.expand === undefined, 'groups have no pages and nothing inside them')
  const scope = scopeOf(catalog, query)
  const { select, columns, names } = compileGroups(scope, group, and(conditions(query, scope)))
  const order = orderOf(query).map((one) => namedOrder(one, columns.column(one.column)))
  const having = group.having === undefined ? sql`` : sql` where ${compileFilter(group.having, columns)}`
  const sorted = order.length === 0 ? sql`` : sql` order by ${sortedBy(order)}`
  return { sql: sql`select * from (${select}) as g${having}${sorted} limit ${query.rowsMax}`, read: renamed(names) }
}

function scopeOf(catalog: Catalog, query: Pick<RowQuery, 'table' | 'predicate' | 'reach' | 'asOf'>): Scope {
  return new Scope(createStatement(catalog, { reach: query.reach, asOf: query.asOf }), query.table, query.predicate)
}

function conditions(query: Pick<RowQuery, 'table' | 'predicate' | 'filter' | 'search' | 'links'>, scope: Scope): Sql[] {
  const where = [query.predicate.sql(scope.alias)]
  if (query.links !== undefined) where.push(...compileLinks(query.links, scope))
  if (query.filter !== undefined) where.push(compileFilter(query.filter, scope))
  const search = query.search?.trim().slice(0, SEARCH_CHARACTERS_MAX)
  if (search !== undefined && search !== '') where.push(searchCondition(query.table, search, scope))
  return where
}

/** Every word must be found in one of the search columns. */
function searchCondition(table: TableDefinition, search: string, scope: Scope): Sql {
  // No text in the database holds a NUL, so nothing is found.
  if (search.includes('\0')) return falseSql
  const words = search.split(/\s+/)
  return and(
    words.map((word) => {
      const pattern = `%${word.replace(/[\\%_]/g, (char) => `\\${char}`)}%`
      return or(table.search.map((name) => sql`${scope.column(name).sql} ilike ${pattern}`))
    }),
  )
}

function sortedBy(order: readonly Ordered[]): Sql {
  return join(order.map((one) => sql`${one.sql}${trustedSql(one.descending ? ' desc' : '')}`))
}

/** By a name of the rows around which the order stands: it is shown already. */
function namedOrder(order: { column: string; descending: boolean }, column: { sql: Sql; postgresType: string }): Ordered {
  return { ...order, sql: column.sql, postgresType: column.postgresType, neverNull: false }
}

function renamed(names: readonly { name: string; key: string }[]): CompiledQuery['read'] {
  return (row) => Object.fromEntries(names.map(({ name, key }) => [key, (row[name] ?? null) as RowTree[string]]))
}

/** Whether a path can name a column of the answer: PostgreSQL cuts longer names. Paths are names of definitions, known by then. */
function isOutputName(path: string): boolean {
  return path.length <= 63 && /^[A-Za-z0-9_.-]+$/.test(path)
}

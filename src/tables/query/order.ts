import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import { and, falseSql, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Cursor, RowOrder, RowQuery } from '../row-query.ts'
import { joinedLinks } from './links.ts'
import type { ScopedColumn } from './scope.ts'

/** What rows are sorted by, as expressions of the statement. */
export type Ordered = { column: string; descending: boolean; sql: Sql; postgresType: string; neverNull: boolean }

/**
 * The asked order, made total: by the id, by the ids of joined rows, and of distinct rows by all their columns. In the direction of the
 * last column asked, so that one index can serve all.
 */
export function orderOf(query: Pick<RowQuery, 'table' | 'orderBy'> & Partial<RowQuery>): RowOrder[] {
  const asked = query.orderBy ?? []
  const descending = asked.at(-1)?.descending ?? false
  if (query.group !== undefined)
    return totalled(
      asked,
      query.group.by.map((one) => one.as),
      descending,
    )
  if (query.distinct === true) return totalled(asked, query.columns ?? [], descending)
  const ids = joinedLinks(query.links ?? []).map((one) => `${one.alias}.${one.table.idColumn}`)
  return [...asked, ...[query.table.idColumn, ...ids].map((column) => ({ column, descending }))]
}

function totalled(asked: readonly RowOrder[], columns: readonly string[], descending: boolean): RowOrder[] {
  const named = new Set(asked.map((one) => one.column))
  return [...asked, ...columns.filter((column) => !named.has(column)).map((column) => ({ column, descending }))]
}

export function orderedBy(order: RowOrder, column: ScopedColumn): Ordered {
  const { sql: value, postgresType } = shownColumn(column)
  return { ...order, sql: value, postgresType, neverNull: column.neverNull === true }
}

/** As it leaves the database: several choices as text. */
export function shownColumn(column: ScopedColumn): { sql: Sql; postgresType: string } {
  if (column.definition.type !== 'choices') return column
  return { sql: sql`array_to_string(${column.sql}, ',')`, postgresType: 'text' }
}

/**
 * Rows behind the cursor, as conditions that follow each other in the order and never overlap: each by itself is a range of an index,
 * which their `or` is not. PostgreSQL puts nulls last going up and first going down, and so do we.
 */
export function afterCursor(order: readonly Ordered[], cursor: Cursor): Sql[] {
  if (cursor.length !== order.length)
    throw new AppError('request.invalid', 'The place to go on from is not one that this query gave; start from its first page')
  if (comparesAtOnce(order, cursor)) {
    // One row comparison is what an index can start from.
    const values = order.map((one, i) => valueAt(cursor, i, one))
    const operator = trustedSql(order[0]?.descending === true ? '<' : '>')
    return [sql`(${listed(order.map((one) => one.sql))}) ${operator} (${listed(values)})`]
  }
  const split = splitAtNull(order, cursor)
  if (split !== undefined) return split
  const alternatives: Sql[] = []
  for (let i = 0; i < order.length; i++) {
    const equalBefore = order.slice(0, i).map((one, k) => same(one, cursor, k))
    alternatives.push(and([...equalBefore, beyond(required(order[i], 'the order column'), cursor, i)]))
  }
  return [or(alternatives)]
}

/** One column and the id, in one direction: the values behind the cursor and then the nulls, or the nulls behind it and then the values. */
function splitAtNull([first, id, ...none]: readonly Ordered[], cursor: Cursor): Sql[] | undefined {
  if (first === undefined || id?.neverNull !== true || none.length > 0 || first.descending !== id.descending) return undefined
  const isNull = sql`${first.sql} is null`
  if (first.descending) {
    if (cursor[0] !== null) return undefined
    return [and([isNull, beyond(id, cursor, 1)]), sql`${first.sql} is not null`]
  }
  if (cursor[0] === null) return [and([isNull, beyond(id, cursor, 1)])]
  return [sql`(${first.sql}, ${id.sql}) > (${valueAt(cursor, 0, first)}, ${valueAt(cursor, 1, id)})`, isNull]
}

/** All in one direction, and no null that a row comparison would leave out: going down they stand before the cursor, going up behind. */
function comparesAtOnce(order: readonly Ordered[], cursor: Cursor): boolean {
  if (cursor.includes(null)) return false
  return order.every((one) => one.descending) || order.every((one) => !one.descending && one.neverNull)
}

function same(one: Ordered, cursor: Cursor, i: number): Sql {
  // Said with = where it can be: an index serves that, and `is not distinct from` it does not.
  return cursor[i] === null || cursor[i] === undefined ? sql`${one.sql} is null` : sql`${one.sql} = ${valueAt(cursor, i, one)}`
}

function beyond(one: Ordered, cursor: Cursor, i: number): Sql {
  if (cursor[i] === null || cursor[i] === undefined) return one.descending ? sql`${one.sql} is not null` : falseSql
  const bound = valueAt(cursor, i, one)
  if (one.descending) return sql`${one.sql} < ${bound}`
  return one.neverNull ? sql`${one.sql} > ${bound}` : sql`(${one.sql} > ${bound} or ${one.sql} is null)`
}

function valueAt(cursor: Cursor, i: number, one: Ordered): Sql {
  return sql`${cursor[i] ?? null}::${trustedSql(one.postgresType)}`
}

function listed(parts: readonly Sql[]): Sql {
  return parts.reduce((before, one, i) => (i === 0 ? one : sql`${before}, ${one}`), sql``)
}

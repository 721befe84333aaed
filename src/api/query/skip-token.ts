import { cursorLength } from '#tables/query.ts'
import type { Cursor, RowQuery } from '#tables/row-query.ts'
import { ApiRefusal } from '../protocol/refusals.ts'

type Sorted = Pick<RowQuery, 'table' | 'orderBy'>

/** Where the next page begins. It knows its order, so that it cannot be used with another. */
export function makeSkipToken(query: Sorted, cursor: Cursor): string {
  return Buffer.from(JSON.stringify([orderTextOf(query), ...cursor])).toString('base64url')
}

/** Throws ApiRefusal `invalid` for a token that a query of this order has not given. */
export function parseSkipToken(token: string, query: Sorted): Cursor {
  const refuse = () => new ApiRefusal('invalid', '$skiptoken is not one that this query gave; start again without it')
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw refuse()
  }
  if (!Array.isArray(content) || content.length !== cursorLength(query) + 1 || content[0] !== orderTextOf(query)) throw refuse()
  const values: unknown[] = content.slice(1)
  if (!values.every(isCursorValue)) throw refuse()
  return values
}

function orderTextOf(query: Sorted): string {
  return [query.table.name, ...(query.orderBy ?? []).map((one) => `${one.column}${one.descending ? ' desc' : ''}`)].join(',')
}

function isCursorValue(value: unknown): value is Cursor[number] {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

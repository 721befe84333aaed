import { createHash } from 'node:crypto'
import { assert } from '#lib/assert.ts'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import { parseXml, refuseAt } from '#lib/fetchxml/xml.ts'
import type { Cursor, RowQuery } from '../row-query.ts'

/**
 * Paging cookies in Dataverse's shape, with a place in the list inside that is ours to read. It holds the order that it was made for: a
 * cookie of another query is refused rather than misread. It is no secret and no permission: the next page is asked under the reader's own.
 */
export function cookieFor(query: RowQuery, page: number, place: Cursor): string {
  return `<cookie page="${page}"><place last="${Buffer.from(JSON.stringify([orderOf(query), ...place])).toString('base64url')}" /></cookie>`
}

/** Throws AppError `fetch.invalid`. */
export function placeIn(fetch: FetchExpression, query: RowQuery): Cursor {
  assert(fetch.pagingCookie !== undefined, 'there is a cookie')
  const { value, position } = fetch.pagingCookie
  const refuse = () =>
    refuseAt(fetch.text, position, 'this paging-cookie is not one of this query; leave it out to start from its first page')
  try {
    const last = parseXml(value).children[0]?.attributes.get('last')?.value ?? ''
    const [order, ...place]: unknown[] = JSON.parse(Buffer.from(last, 'base64url').toString('utf8'))
    const isPlain = place.length > 0 && place.every((one) => one === null || ['string', 'number', 'boolean'].includes(typeof one))
    if (order !== orderOf(query) || !isPlain) throw refuse()
    return place as unknown as Cursor
  } catch {
    throw refuse()
  }
}

/** The cookie as the Web API's annotation carries it: encoded twice, inside a cookie of its own. */
export function annotationOf(cookie: string, nextPage: number): string {
  return `<cookie pagenumber="${nextPage}" pagingcookie="${encodeURIComponent(encodeURIComponent(cookie))}" istracking="False" />`
}

function orderOf({ table, orderBy = [], distinct = false }: RowQuery): string {
  const order = JSON.stringify([table.name, distinct, orderBy.map((one) => [one.column, one.descending])])
  return createHash('sha256').update(order).digest('base64url').slice(0, 12)
}

import { AppError } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { cursorOf } from '#tables/query.ts'
import type { Cursor, QueryRow, RowQuery } from '#tables/row-query.ts'
import { countRows, listRows } from '#tables/rows.queries.ts'
import type { Page } from '../wire.ts'

const PAGE_ROWS_MAX = 50
const COUNT_MAX = 100_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export type ListRequest = {
  table: TableDefinition
  columns: readonly string[]
  orderBy: { column: string; descending: boolean }[]
  search: string
  after: string | undefined
  filter?: FilterExpression | undefined
}

/** One page of a table as administrators see it (all rows), with how many there are and where the next one starts. */
export async function listPage(database: Database, catalog: Catalog, request: ListRequest): Promise<Page<QueryRow>> {
  const { table, search, filter } = request
  const query: RowQuery = {
    table,
    columns: request.columns,
    predicate: engineRows,
    orderBy: request.orderBy,
    search,
    ...(filter !== undefined && { filter }),
    ...(request.after !== undefined && { after: parseCursor(request.after, request.orderBy.length + 1) }),
    // One more than is shown: whether there is a next page.
    rowsMax: PAGE_ROWS_MAX + 1,
  }
  return database.read(async (tx) => {
    const found = await listRows(tx, catalog, query)
    const rows = found.slice(0, PAGE_ROWS_MAX)
    const last = rows.at(-1)
    const next = found.length > PAGE_ROWS_MAX && last !== undefined ? textOfCursor(cursorOf(query, last)) : null
    const counted = { table, predicate: engineRows, search, ...(filter !== undefined && { filter }), rowsMax: COUNT_MAX }
    return { rows, next, total: await countRows(tx, catalog, counted) }
  })
}

export function countAll(catalog: Catalog, table: string): Parameters<typeof countRows>[2] {
  return { table: catalog.get(table), predicate: engineRows, rowsMax: COUNT_MAX }
}

/** `column eq id` */
export function pointsTo(column: string, id: string): FilterExpression {
  return {
    kind: 'compare',
    operator: 'eq',
    left: { kind: 'path', names: [column], position: 0 },
    right: { kind: 'literal', literal: { type: 'guid', value: id.toLowerCase() }, position: 0 },
    position: 0,
  }
}

/** Throws AppError `studio.not_found`: an address with another text leads nowhere. */
export function parseId(text: string): string {
  if (!UUID.test(text)) throw new AppError('studio.not_found', 'There is nothing here')
  return text.toLowerCase()
}

/** A value of a row as text; null where there is none. */
export function textOf(row: QueryRow, column: string): string | null {
  const value = row[column] ?? null
  return value === null || value === '' ? null : String(value)
}

export function textOfCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/** Throws AppError `studio.invalid`. */
export function parseCursor(text: string, values: number): Cursor {
  const refuse = () => new AppError('studio.invalid', 'The address of this page is damaged; start again at the first page')
  let cursor: unknown
  try {
    cursor = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    throw refuse()
  }
  const isScalar = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (!Array.isArray(cursor) || cursor.length !== values || !cursor.every(isScalar) || !UUID.test(String(cursor.at(-1))))
    throw refuse()
  return cursor as Cursor
}

import { AppError } from '#lib/app-error.ts'
import type { FilterExpression, Literal } from '#lib/odata/ast.ts'
import { sqlStateOf } from '#postgres/database.ts'
import { cursorLength, cursorOf } from '#tables/query.ts'
import type { Cursor, QueryRow, RowOrder, RowQuery } from '#tables/row-query.ts'
import { listRows } from '#tables/rows.queries.ts'
import { planView } from '#tables/view.ts'
import type { PageContext } from '../component.ts'
import type { ListColumn, ListDefinition } from '../site/list-views.ts'
import { mayReadColumn } from './readable.ts'

/** What the address of a page asks of a list, as one query under the visitor's predicate. */

export type Asked = {
  search: string
  filters: ReadonlyMap<string, string>
  sort: readonly RowOrder[]
  after: Cursor | undefined
  before: Cursor | undefined
}
export type PageOfRows = { rows: QueryRow[]; previous: Cursor | undefined; next: Cursor | undefined }

export function askedOf(context: PageContext, list: ListDefinition): Asked {
  const { query } = context
  const [column, direction] = (query.get('sort') ?? '').split(' ')
  const sortable = list.columns.some((one) => one.sortable && one.column === column)
  return {
    search: list.search ? (query.get('q') ?? '') : '',
    filters: new Map(
      list.filters
        .map((filter) => [filterName(filter), query.get(filterName(filter)) ?? ''] as const)
        .filter(([, value]) => value !== ''),
    ),
    sort: sortable && column !== undefined ? [{ column, descending: direction === 'desc' }] : list.sort,
    after: cursorFrom(query.get('after')),
    before: cursorFrom(query.get('before')),
  }
}

export function filterName(filter: ListDefinition['filters'][number]): string {
  return filter.kind === 'from' || filter.kind === 'until' ? `${filter.column}.${filter.kind}` : filter.column
}

export async function readPage(context: PageContext, list: ListDefinition, asked: Asked): Promise<PageOfRows> {
  const { catalog, permissions, visitor } = context
  const backwards = asked.before !== undefined
  const cursor = asked.before ?? asked.after
  const reach = permissions.reach(visitor)
  const {
    filter: ofView,
    links,
    search = '',
  } = list.view === undefined ? {} : planView({ catalog, reach, asOf: context.asOf }, list.view).query
  const filter = both(ofView, filterOf(list, asked))
  const query: RowQuery = {
    table: catalog.get(list.table),
    columns: columnsToRead(context, list),
    predicate: permissions.predicate(visitor, list.table, 'read'),
    reach,
    asOf: context.asOf,
    ...(filter === undefined ? {} : { filter }),
    ...(links === undefined ? {} : { links }),
    search: `${search} ${asked.search}`,
    orderBy: backwards ? asked.sort.map((one) => ({ ...one, descending: !one.descending })) : asked.sort,
    // One more than is shown tells whether there is more.
    rowsMax: list.pageRows + 1,
  }
  if (cursor !== undefined && cursor.length === cursorLength(query)) query.after = cursor
  const found = await listRows(context.tx, catalog, query).catch((cause: unknown) => {
    if (sqlStateOf(cause)?.startsWith('22') !== true) throw cause
    throw new AppError('request.invalid', 'The address of this list cannot be read; start from its first page', { cause })
  })
  const rows = found.slice(0, list.pageRows)
  const more = found.length > list.pageRows
  if (backwards) rows.reverse()
  const [first, last] = [rows[0], rows.at(-1)]
  return {
    rows,
    previous: first !== undefined && (backwards ? more : query.after !== undefined) ? cursorOf(query, first) : undefined,
    next: last !== undefined && (backwards || more) ? cursorOf(query, last) : undefined,
  }
}

function columnsToRead(context: PageContext, list: ListDefinition): string[] {
  const linked = [...(list.link ?? '').matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '')
  return [
    ...readable(context, list).flatMap((one) => (one.currency === undefined ? [one.column] : [one.column, one.currency])),
    ...linked,
  ]
}

/** Columns that the visitor's permissions leave. */
export function readable(context: PageContext, list: ListDefinition): ListColumn[] {
  return list.columns.filter((one) => mayReadColumn(context, list.table, one))
}

function filterOf(list: ListDefinition, asked: Asked): FilterExpression | undefined {
  let all: FilterExpression | undefined
  for (const filter of list.filters) {
    const value = asked.filters.get(filterName(filter))
    if (value === undefined) continue
    const left = { kind: 'path', names: filter.column.split('.'), position: 0 } as const
    const literal = (of: Literal) => ({ kind: 'literal', literal: of, position: 0 }) as const
    let one: FilterExpression
    if (filter.kind === 'text') {
      one = { kind: 'call', name: 'contains', arguments: [left, literal({ type: 'string', value })], position: 0 }
    } else if (filter.kind === 'choice') {
      if (!Object.hasOwn(filter.options ?? {}, value)) continue
      const right = /^\d+$/.test(value) ? literal({ type: 'number', text: value }) : literal({ type: 'string', value })
      one = { kind: 'compare', operator: 'eq', left, right, position: 0 }
    } else {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) continue
      one = {
        kind: 'compare',
        operator: filter.kind === 'from' ? 'ge' : 'le',
        left,
        right: literal({ type: 'date', value }),
        position: 0,
      }
    }
    all = both(all, one)
  }
  return all
}

function both(left: FilterExpression | undefined, right: FilterExpression | undefined): FilterExpression | undefined {
  return left === undefined || right === undefined ? (left ?? right) : { kind: 'and', left, right }
}

/** Undefined for anything that we did not write: the list then starts from its beginning. */
function cursorFrom(text: string | null): Cursor | undefined {
  if (text === null || text.length > 2_000) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const plain =
      Array.isArray(value) && value.every((one) => one === null || ['string', 'number', 'boolean'].includes(typeof one))
    return plain ? (value as Cursor) : undefined
  } catch {
    return undefined
  }
}

import { AppError, isAppError } from '#lib/app-error.ts'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import { refuseAt } from '#lib/fetchxml/xml.ts'
import { sqlStateOf, type Tx } from '#postgres/database.ts'
import type { Catalog } from './catalog.ts'
import { isLookup, type TableDefinition } from './definition.ts'
import { annotationOf, cookieFor, placeIn } from './fetch/cookie.ts'
import { type FetchColumn, type FetchPlan, planOf } from './fetch/plan.ts'
import type { RowPredicate } from './predicate.ts'
import { cursorOf } from './query.ts'
import type { AsOf, QueryRow, RowQuery } from './row-query.ts'
import { countRows, listRows } from './rows.queries.ts'

/** Whose question it is. */
export type FetchGround = {
  catalog: Catalog
  /** The rows of each table that the asker may see. */
  reach: (table: TableDefinition) => RowPredicate
  asOf: AsOf
  /** For surfaces that open only some columns: a closed one does not exist. */
  isOpen?: (table: TableDefinition, column: string) => boolean
  /** Answers with each lookup `as` the name of the row it points to, under '<as>@name'; not of distinct rows, groups and sums. */
  withNames?: boolean
}

export type FetchResult = {
  table: TableDefinition
  /** What each row holds, in the order of the query. */
  columns: readonly FetchColumn[]
  /** By `as` of the columns. */
  rows: readonly QueryRow[]
  moreRecords: boolean
  /** For the attribute `paging-cookie` of the next page, where there is one that can start from a place. */
  pagingCookie: string | undefined
  /** The same as the Web API's annotation `fetchxmlpagingcookie`. */
  pagingAnnotation: string | undefined
  /** With returntotalrecordcount. */
  total: { count: number; limitExceeded: boolean } | undefined
}

/** Rows of one page, and without a count. */
const PAGE_ROWS_MAX = 5_000
/** Rows up to the end of a page that is asked for by number alone: they are all read. */
const SIMPLE_PAGING_ROWS_MAX = 50_000
const TOTAL_ROWS_MAX = 5_000
/** Rows that an aggregate query may go through. */
const AGGREGATE_ROWS_MAX = 500_000

/** Checks every name of a query against the tables, for queries that are kept. Throws AppError `fetch.invalid`. */
export function checkFetch(
  catalog: Catalog,
  fetch: FetchExpression,
): { table: TableDefinition; columns: readonly FetchColumn[] } {
  const { table, columns } = planOf(fetch, catalog, () => true)
  return { table, columns }
}

/**
 * A FetchXML query as the query model has it, without its page. Throws AppError `fetch.invalid` with line and column for names that do
 * not exist or are closed.
 */
export function toRowQuery(ground: FetchGround, fetch: FetchExpression): { query: RowQuery; columns: readonly FetchColumn[] } {
  const plan = planOf(fetch, ground.catalog, ground.isOpen ?? (() => true))
  return { query: queryOf(ground, fetch, plan), columns: plan.columns }
}

/**
 * Runs a FetchXML query under the asker's predicates. Throws AppError `fetch.invalid` with line and column, `query.too_costly` for what
 * goes beyond a limit, `query.aggregate_limit` for sums over too many rows.
 */
export async function runFetch(tx: Tx, ground: FetchGround, fetch: FetchExpression): Promise<FetchResult> {
  const { query, columns } = toRowQuery(ground, fetch)
  const size = Math.min(fetch.count ?? fetch.top ?? PAGE_ROWS_MAX, fetch.top ?? PAGE_ROWS_MAX)
  const skipped = fetch.pagingCookie === undefined ? (fetch.page - 1) * size : 0
  if (skipped + size > SIMPLE_PAGING_ROWS_MAX)
    throw refuseAt(
      fetch.text,
      fetch.position,
      `pages by number end at row ${SIMPLE_PAGING_ROWS_MAX}; use the paging-cookie of the page before`,
    )
  return withPlaces(fetch, async () => {
    if (fetch.aggregate) await checkAggregate(tx, ground, fetch, query)
    // One more than is answered tells whether there is more.
    const names = ground.withNames === true ? namesFor(ground, fetch, columns) : []
    const page: RowQuery = {
      ...query,
      columns: [...query.columns, ...names.map((one) => one.path)],
      rowsMax: skipped + size + 1,
    }
    if (fetch.pagingCookie !== undefined) page.after = placeIn(fetch, query)
    const found = (await listRows(tx, ground.catalog, page)).slice(skipped)
    const shown = found.slice(0, size)
    const last = shown.at(-1)
    const moreRecords = fetch.top === undefined && found.length > size
    const canContinue = moreRecords && !fetch.aggregate && last !== undefined
    const pagingCookie = canContinue ? cookieFor(query, fetch.page, cursorOf(query, last)) : undefined
    return {
      table: query.table,
      columns,
      rows: shown.map((row) => Object.fromEntries([...columns, ...names].map((one) => [one.as, row[one.path] ?? null]))),
      moreRecords,
      pagingCookie,
      pagingAnnotation: pagingCookie === undefined ? undefined : annotationOf(pagingCookie, fetch.page + 1),
      total: fetch.returnTotal ? await countTotal(tx, ground, query) : undefined,
    }
  })
}

function namesFor(ground: FetchGround, fetch: FetchExpression, columns: readonly FetchColumn[]): { as: string; path: string }[] {
  if (fetch.aggregate || fetch.distinct) return []
  return columns.flatMap(({ as, path, column }) => {
    const target = isLookup(column) ? ground.catalog.get(column.targets[0] ?? '') : undefined
    return target === undefined ? [] : [{ as: `${as}@name`, path: `${path}.${target.nameColumn}` }]
  })
}

function queryOf(ground: FetchGround, fetch: FetchExpression, plan: FetchPlan): RowQuery {
  const { table, filter, links, group, columns, orderBy } = plan
  return {
    table,
    columns: group === undefined ? columns.map((one) => one.path) : [],
    predicate: ground.reach(table),
    reach: ground.reach,
    asOf: ground.asOf,
    rowsMax: PAGE_ROWS_MAX,
    orderBy,
    ...(filter === undefined ? {} : { filter }),
    ...(links.length === 0 ? {} : { links }),
    ...(group === undefined ? {} : { group }),
    ...(fetch.distinct && group === undefined ? { distinct: true } : {}),
  }
}

async function checkAggregate(tx: Tx, ground: FetchGround, fetch: FetchExpression, query: RowQuery): Promise<void> {
  const max = Math.min(fetch.aggregateLimit ?? AGGREGATE_ROWS_MAX, AGGREGATE_ROWS_MAX)
  const { group: _group, orderBy: _orderBy, ...rows } = query
  if ((await countRows(tx, ground.catalog, { ...rows, rowsMax: max + 1 })) > max)
    throw new AppError(
      'query.aggregate_limit',
      `AggregateQueryRecordLimit exceeded: the query would go through more than ${max} rows; filter them`,
      {
        details: { limit: 'aggregateRows', max },
      },
    )
}

async function countTotal(tx: Tx, ground: FetchGround, query: RowQuery): Promise<{ count: number; limitExceeded: boolean }> {
  const { orderBy: _orderBy, ...rows } = query
  const count = await countRows(tx, ground.catalog, { ...rows, rowsMax: TOTAL_ROWS_MAX + 1 })
  return { count: Math.min(count, TOTAL_ROWS_MAX), limitExceeded: count > TOTAL_ROWS_MAX }
}

/** Refusals of the compiler name positions in the filter, which are those of the text: the reader gets line and column. */
async function withPlaces<T>(fetch: FetchExpression, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isAppError(error) && error.code === 'request.invalid' && typeof error.details?.position === 'number') {
      const { position, reason } = error.details
      throw refuseAt(fetch.text, position, typeof reason === 'string' ? reason : error.message)
    }
    // A value that PostgreSQL cannot read comes from a cookie that somebody has changed: all others are read before.
    if (sqlStateOf(error)?.startsWith('22') === true && fetch.pagingCookie !== undefined)
      throw refuseAt(fetch.text, fetch.pagingCookie.position, 'this paging-cookie cannot be read')
    throw error
  }
}

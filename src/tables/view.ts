import { AppError } from '#lib/app-error.ts'
import { parseFetch } from '#lib/fetchxml/parse.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import { parseOrderBy } from '#lib/odata/parse-lists.ts'
import { nameBasedId } from '#lib/uuid.ts'
import type { Catalog } from './catalog.ts'
import { type ColumnDefinition, isLookup, type Labels, type TableDefinition } from './definition.ts'
import { type FetchColumn, planOf } from './fetch/plan.ts'
import type { FetchGround } from './fetch.ts'
import { findLookup } from './navigation.ts'
import { engineRows } from './predicate.ts'
import { compileQuery } from './query.ts'
import type { Link, RowOrder, RowQuery } from './row-query.ts'

/**
 * A view: one question to one table under a name. It grants nothing: whoever looks sees what their own permissions leave of it. Views stand
 * in files of the site (view-file.ts) or are kept by people (views.ts); wherever one comes from, it becomes the one RowQuery.
 */
export type View = {
  id: string
  table: string
  /** Of a file: its name below the table, 'open-orders'. */
  name: string
  /** For people, by language; ask `labelOf`. People's own views have their name alone. */
  labels: Labels
  /** Null for a view of the site's files. */
  ownerId: string | null
  isShared: boolean
  query: ViewQuery
  /** In pixels, by what a column answers under. */
  widths: Readonly<Record<string, number>>
}

export type ViewQuery =
  /** A whole query: its attributes are the columns, in their order. */
  | { language: 'fetchxml'; text: string }
  /** As a grid's address has it: columns between commas (paths over lookups with a dot), and OData over logical names. */
  | { language: 'odata'; columns?: string; filter?: string; orderby?: string; search?: string }

/** One column of a view. `path` is where the statement answers it. */
export type ViewColumn = FetchColumn & {
  /** Where people read it: of a lookup the name of the row behind it. */
  shownPath: string
  /** The columns on the way to what is shown, each with its table: all of them must be readable. */
  steps: readonly ColumnStep[]
  width: number | undefined
}
export type ColumnStep = { table: TableDefinition; column: ColumnDefinition }

/** A view as the query model has it, for one asker: `query` has all but its page. */
export type PlannedView = { query: RowQuery; columns: readonly ViewColumn[] }

const COLUMNS_MAX = 50
const ORDER_MAX = 5
const DEFAULT_COLUMNS = 8
const PAGE_ROWS_MAX = 5_000

/**
 * What a view asks. Columns that are closed to the asker (`isOpen`) are left out, of the rows and of their order. Throws AppError
 * `fetch.invalid`, `odata.invalid`, `tables.unknown_column`, `tables.unknown_table` and `view.invalid` for what does not fit the tables.
 */
export function planView(ground: FetchGround, view: Pick<View, 'table' | 'query' | 'widths'>): PlannedView {
  const { catalog, reach, asOf, isOpen } = ground
  const table = catalog.get(view.table)
  const { columns, query } =
    view.query.language === 'fetchxml' ? fromFetch(catalog, table, view.query.text) : fromOData(catalog, table, view.query)
  const links = query.links ?? []
  const stepsTo = (path: string) => stepsOf(catalog, table, links, path)
  const open = (path: string) => isOpen === undefined || stepsTo(path).every((step) => isOpen(step.table, step.column.name))
  const shown = columns.flatMap((one): ViewColumn[] => {
    if (!open(one.path)) return []
    const target = isLookup(one.column) && query.distinct !== true ? catalog.tables.get(one.column.targets[0] ?? '') : undefined
    const shownPath = target === undefined ? one.path : `${one.path}.${target.nameColumn}`
    return [{ ...one, shownPath, steps: stepsTo(shownPath), width: view.widths[one.as] }]
  })
  return {
    columns: shown,
    query: {
      ...query,
      table,
      columns: shown.map((one) => one.path),
      predicate: reach(table),
      reach,
      asOf,
      rowsMax: PAGE_ROWS_MAX,
      orderBy: (query.orderBy ?? []).filter((one) => open(one.column)),
    },
  }
}

/**
 * Whether a view fits the tables, with every value of its filter. Throws as `planView` does, and AppError `request.invalid` for what a
 * filter cannot be used for.
 */
export function checkView(catalog: Catalog, view: Pick<View, 'table' | 'query' | 'widths'>): PlannedView {
  const asOf = { nowMs: 0, timeZone: 'UTC', contactId: null, accountId: null }
  const planned = planView({ catalog, reach: () => engineRows, asOf }, view)
  compileQuery(catalog, planned.query)
  return planned
}

/** The same for ever for a file of views, so that programs can name it. */
export function idOfViewFile(path: string): string {
  return nameBasedId(`comptoir:${path}`)
}

/** The columns along a path: first perhaps a link, then lookups, then the column itself. Throws AppError `tables.unknown_column`. */
function stepsOf(catalog: Catalog, table: TableDefinition, links: readonly Link[], path: string): ColumnStep[] {
  const names = path.split('.')
  const link = allLinks(links).find((one) => one.alias === names[0])
  let current = link?.table ?? table
  return names.slice(link === undefined ? 0 : 1).map((name, index, all) => {
    const at = current
    const behind = index < all.length - 1 ? findLookup(catalog, at, name) : undefined
    const column = behind?.lookup ?? at.columns.get(name)
    if (column === undefined || (index < all.length - 1 && behind === undefined))
      throw new AppError(
        'tables.unknown_column',
        `The table ${at.name} has no ${index < all.length - 1 ? 'lookup' : 'column'} ${name.slice(0, 100)}`,
      )
    current = behind?.target ?? at
    return { table: at, column }
  })
}

function allLinks(links: readonly Link[]): Link[] {
  return links.flatMap((link) => [link, ...allLinks(link.links)])
}

type Parts = { columns: readonly FetchColumn[]; query: Pick<RowQuery, 'filter' | 'links' | 'orderBy' | 'search' | 'distinct'> }

function fromFetch(catalog: Catalog, table: TableDefinition, text: string): Parts {
  const fetch = parseFetch(text)
  if (fetch.aggregate) throw new AppError('view.invalid', 'A view shows rows: it has no groups and sums')
  if (fetch.top !== undefined || fetch.pagingCookie !== undefined)
    throw new AppError('view.invalid', 'A view has no top and no paging-cookie: it is read page by page')
  const plan = planOf(fetch, catalog, () => true)
  if (plan.table !== table)
    throw new AppError('view.invalid', `The query is of ${plan.table.name}, and the view of ${table.name}`)
  const { filter, links, orderBy } = plan
  return {
    columns: plan.columns,
    query: {
      orderBy,
      ...(filter === undefined ? {} : { filter }),
      ...(links.length === 0 ? {} : { links }),
      ...(fetch.distinct ? { distinct: true } : {}),
    },
  }
}

function fromOData(catalog: Catalog, table: TableDefinition, given: Extract<ViewQuery, { language: 'odata' }>): Parts {
  const names =
    textOf(given.columns) === ''
      ? defaultColumns(table)
      : textOf(given.columns)
          .split(',')
          .map((one) => one.trim())
  if (names.length > COLUMNS_MAX) throw new AppError('view.invalid', `A view has at most ${COLUMNS_MAX} columns`)
  if (new Set(names).size < names.length) throw new AppError('view.invalid', 'A view has each column once')
  const columns = names.map((path): FetchColumn => {
    const last = stepsOf(catalog, table, [], path).at(-1)
    if (last === undefined) throw new AppError('view.invalid', 'A column of the view has no name')
    return { as: path, table: last.table, column: last.column, link: undefined, kind: 'value', path }
  })
  const filter = textOf(given.filter) === '' ? undefined : parseFilter(textOf(given.filter))
  const search = textOf(given.search)
  return {
    columns,
    query: {
      orderBy: orderOf(catalog, table, textOf(given.orderby)),
      ...(filter === undefined ? {} : { filter }),
      ...(search === '' ? {} : { search }),
    },
  }
}

function textOf(text: string | undefined): string {
  return text?.trim() ?? ''
}

/** The id comes last by itself. A lookup is sorted by what people see of it. */
function orderOf(catalog: Catalog, table: TableDefinition, text: string): RowOrder[] {
  if (text === '') return []
  const order = parseOrderBy(text).map(({ path, descending }): RowOrder => {
    const column = path.join('.')
    const last = stepsOf(catalog, table, [], column).at(-1)?.column
    const target = last !== undefined && isLookup(last) ? catalog.tables.get(last.targets[0] ?? '') : undefined
    return { column: target === undefined ? column : `${column}.${target.nameColumn}`, descending }
  })
  if (order.length > ORDER_MAX) throw new AppError('view.invalid', `A view is sorted by at most ${ORDER_MAX} columns`)
  return order.filter((one) => one.column !== table.idColumn)
}

/** The name, what people search by and the keys. */
function defaultColumns(table: TableDefinition): string[] {
  return [...new Set([table.nameColumn, ...table.search, ...[...table.keys.values()].flat()])].slice(0, DEFAULT_COLUMNS)
}

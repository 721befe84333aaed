import type { PageContext } from '#portals/component.ts'
import { allOf, type RowPredicate } from '#tables/predicate.ts'
import type { Cursor, RowQuery } from '#tables/row-query.ts'
import { everyOf, where } from '../filters.ts'
import {
  STATUS_FILTERS,
  type StatusFilter,
  searchCondition,
  statusCondition,
  TABS,
  type Tab,
  tabCondition,
} from './conditions.queries.ts'

/** What the address of the order list asks for: everything about a list is in its URL. */
export type Asked = {
  tab: Tab
  search: string
  status: StatusFilter | undefined
  /** Part of the name of who placed it. */
  by: string
  /** Days, YYYY-MM-DD, of placing. */
  from: string
  until: string
  sort: { column: SortColumn; descending: boolean }
  after: Cursor | undefined
  before: Cursor | undefined
}

const SORT_COLUMNS = {
  number: 'msdyn_salesordernumber',
  reference: 'msdyn_customerrequisitionnumber',
  placed: 'submitdate',
  account: 'customerid.name',
  by: 'msdyn_contactperson.fullname',
  shipTo: 'shipto_city',
  date: 'msdyn_requestedreceiptdate',
  total: 'totalamount',
} as const
export type SortColumn = keyof typeof SORT_COLUMNS

const TEXT_CHARACTERS_MAX = 100

/** Anything that cannot be read is left out: an old or mangled link shows a list, not an error. */
export function readAsked(query: URLSearchParams): Asked {
  const text = (name: string) => (query.get(name) ?? '').replaceAll('\0', '').trim().slice(0, TEXT_CHARACTERS_MAX)
  const [column = '', direction] = text('sort').split(' ')
  const sortable = Object.hasOwn(SORT_COLUMNS, column)
  return {
    tab: TABS.find((tab) => tab === query.get('tab')) ?? 'open',
    search: text('q'),
    status: STATUS_FILTERS.find((status) => status === query.get('status')),
    by: text('by'),
    from: dayOf(text('from')),
    until: dayOf(text('until')),
    sort: sortable ? { column: column as SortColumn, descending: direction === 'desc' } : { column: 'placed', descending: true },
    after: readCursor(query.get('after')),
    before: readCursor(query.get('before')),
  }
}

export function isFiltered(asked: Asked): boolean {
  return [asked.search, asked.by, asked.from, asked.until].some((value) => value !== '') || asked.status !== undefined
}

type Ground = Pick<PageContext, 'catalog' | 'permissions' | 'visitor'>

/** Which rows, without the place in the list. `tab` can be another than the asked one, for its count. */
export function rowsOf(
  context: Ground,
  asked: Asked,
  tab: Tab,
): Pick<RowQuery, 'table' | 'predicate' | 'reach'> & { filter?: NonNullable<RowQuery['filter']> } {
  const { catalog, permissions, visitor } = context
  const conditions: (RowPredicate | undefined)[] = [
    permissions.predicate(visitor, 'salesorder', 'read'),
    tabCondition(catalog, tab),
    asked.status === undefined ? undefined : statusCondition(catalog, asked.status),
    asked.search === ''
      ? undefined
      : searchCondition(catalog, asked.search, permissions.predicate(visitor, 'salesorderdetail', 'read')),
  ]
  const filters = [
    ...(asked.by === '' ? [] : [where('msdyn_contactperson.fullname').contains(asked.by)]),
    ...(asked.from === '' ? [] : [where('submitdate').from(`${asked.from}T00:00:00Z`)]),
    ...(asked.until === '' ? [] : [where('submitdate').until(`${asked.until}T23:59:59.999999Z`)]),
  ]
  const filter = everyOf(filters)
  return {
    table: catalog.get('salesorder'),
    predicate: allOf(conditions.filter((one) => one !== undefined)),
    reach: permissions.reach(visitor),
    ...(filter === undefined ? {} : { filter }),
  }
}

export function orderOf(asked: Asked): { column: string; descending: boolean }[] {
  return [{ column: SORT_COLUMNS[asked.sort.column], descending: asked.sort.descending }]
}

/** The address of the same list with other values; unless the place is what changes, the list starts anew. */
export function hrefOf(path: string, query: URLSearchParams, changes: Readonly<Record<string, string | undefined>>): string {
  const next = new URLSearchParams(query)
  for (const name of ['after', 'before']) next.delete(name)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name)
    else next.set(name, value)
  }
  return next.size === 0 ? path : `${path}?${next}`
}

export function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

function readCursor(text: string | null): Cursor | undefined {
  if (text === null || text.length > 2_000) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const isPlain = Array.isArray(value) && value.length === 2 && value.every((one) => one === null || typeof one === 'string')
    return isPlain ? (value as Cursor) : undefined
  } catch {
    return undefined
  }
}

function dayOf(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) ? text : ''
}

import { AppError } from '#lib/app-error.ts'
import type { Component, PageContext, ReadHandler } from '#portals/component.ts'
import { countEach } from '#tables/rows.queries.ts'
import { TABS, type Tab } from './orders/conditions.queries.ts'
import { readAsked, rowsOf } from './orders/list-query.ts'
import { type ListedOrder, readPage } from './orders/list-rows.ts'
import { COUNTED_MAX, orderListView } from './orders/list-view.ts'

const PAGE_ROWS = 25

/** The orders that the visitor may see: tabs with counts, search, filters, sorting and the place in the list, all in the address. */
export const orderList: Component = async (context) => {
  checkMay(context)
  const asked = readAsked(context.query)
  const page = await readPage(context, asked, PAGE_ROWS)
  const counts = await countEach(
    context.tx,
    context.catalog,
    Object.fromEntries(TABS.map((tab) => [tab, { ...rowsOf(context, asked, tab), rowsMax: COUNTED_MAX + 1 }])),
  )
  return orderListView(context, asked, { page, counts: counts as Record<Tab, number> })
}

const EXPORT_ROWS_MAX = 10_000
const EXPORT_PAGE_ROWS = 1_000

/** The same list as a file: exactly its columns, rows and order, up to ten thousand. */
export const exportOrders: ReadHandler = async (context) => {
  checkMay(context)
  const asked = { ...readAsked(context.query), before: undefined }
  const orders: ListedOrder[] = []
  let after: typeof asked.after
  do {
    const page = await readPage(context, { ...asked, after }, EXPORT_PAGE_ROWS)
    orders.push(...page.orders)
    after = page.next
  } while (after !== undefined && orders.length < EXPORT_ROWS_MAX)
  const day = new Date(context.clock.nowMs()).toISOString().slice(0, 10)
  const content = csvOf([headings(context), ...orders.slice(0, EXPORT_ROWS_MAX).map((one) => cells(context, one))])
  return { kind: 'file', name: `orders-${day}.csv`, mediaType: 'text/csv; charset=utf-8', content }
}

function checkMay(context: PageContext): void {
  const { visitor, permissions } = context
  if (visitor.kind === 'anonymous') throw new AppError('order.sign_in_required', 'Sign in to see orders')
  if (!permissions.may(visitor, 'salesorder', 'read')) throw new AppError('order.forbidden', 'Your role does not show you orders')
}

const COLUMNS = [
  'number',
  'request',
  'reference',
  'placed',
  'by',
  'account',
  'shipTo',
  'status',
  'requested',
  'confirmed',
  'linesOpen',
  'lines',
  'total',
  'currency',
]

function headings(context: PageContext): string[] {
  return COLUMNS.map((column) => context.text(`order.csv.${column}`))
}

function cells(context: PageContext, one: ListedOrder): string[] {
  const status = context.text(`status.${one.status}.label`, { shipped: one.shipped, ordered: one.ordered })
  return [
    ...[one.number, one.requestNumber, one.reference, one.placedAt, one.by, one.account, one.shipTo, status, one.requestedDate],
    ...[one.confirmedDate, String(one.linesOpen), String(one.lines), one.total, one.currency],
  ].map((value) => value ?? '')
}

/** RFC 4180 with the mark that makes spreadsheets read UTF-8. A cell that a spreadsheet would take for a formula is made text. */
function csvOf(rows: readonly (readonly string[])[]): string {
  const cell = (value: string) => {
    const safe = /^[=+\-@\t\r]/.test(value) && !/^[+-]?\d+(\.\d+)?$/.test(value) ? `'${value}` : value
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `\uFEFF${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

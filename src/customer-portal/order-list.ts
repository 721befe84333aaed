import { AppError } from '#lib/app-error.ts'
import { CSV_START, csvHeader, csvLine, type SheetColumn, type SheetRow, XLSX_TYPE, xlsxOf } from '#lib/spreadsheet.ts'
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
  const { heads, rows } = await rowsToExport(context)
  const content = [CSV_START, csvHeader(heads), ...rows.map((row) => csvLine(heads, row))].join('')
  return { kind: 'file', name: fileName(context, 'csv'), mediaType: 'text/csv; charset=utf-8', content }
}

/** And as a workbook, in which dates are dates and amounts numbers. */
export const exportOrdersWorkbook: ReadHandler = async (context) => {
  const { heads, rows } = await rowsToExport(context)
  const content = await xlsxOf({ name: context.text('page.orders'), columns: heads, timeZone: 'UTC' }, rows)
  return { kind: 'file', name: fileName(context, 'xlsx'), mediaType: XLSX_TYPE, content }
}

async function rowsToExport(context: PageContext): Promise<{ heads: SheetColumn[]; rows: SheetRow[] }> {
  checkMay(context)
  const asked = { ...readAsked(context.query), before: undefined }
  const orders: ListedOrder[] = []
  let after: typeof asked.after
  do {
    const page = await readPage(context, { ...asked, after }, EXPORT_PAGE_ROWS)
    orders.push(...page.orders)
    after = page.next
  } while (after !== undefined && orders.length < EXPORT_ROWS_MAX)
  const heads = Object.entries(COLUMNS).map(([name, kind]) => ({ label: context.text(`order.csv.${name}`), kind }))
  return { heads, rows: orders.slice(0, EXPORT_ROWS_MAX).map((one) => cells(context, one)) }
}

function fileName(context: PageContext, extension: string): string {
  return `orders-${new Date(context.clock.nowMs()).toISOString().slice(0, 10)}.${extension}`
}

function checkMay(context: PageContext): void {
  const { visitor, permissions } = context
  if (visitor.kind === 'anonymous') throw new AppError('order.sign_in_required', 'Sign in to see orders')
  if (!permissions.may(visitor, 'salesorder', 'read')) throw new AppError('order.forbidden', 'Your role does not show you orders')
}

const COLUMNS = {
  number: 'text',
  request: 'text',
  reference: 'text',
  placed: 'dateTime',
  by: 'text',
  account: 'text',
  shipTo: 'text',
  status: 'text',
  requested: 'date',
  confirmed: 'date',
  linesOpen: 'number',
  lines: 'number',
  total: 'number',
  currency: 'text',
} as const satisfies Record<string, SheetColumn['kind']>

function cells(context: PageContext, one: ListedOrder): SheetRow {
  const status = context.text(`status.${one.status}.label`, { shipped: one.shipped, ordered: one.ordered })
  return [
    ...[one.number, one.requestNumber, one.reference, one.placedAt, one.by, one.account, one.shipTo, status, one.requestedDate],
    ...[one.confirmedDate, String(one.linesOpen), String(one.lines), one.total, one.currency],
  ]
}

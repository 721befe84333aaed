import { type ErpChange, findErpChanges, findSyncStates, type SyncState } from '#dual-write/sync-state.ts'
import { AppError } from '#lib/app-error.ts'
import type { DecimalText } from '#lib/decimal.ts'
import type { PageContext } from '#portals/component.ts'
import { sqlStateOf } from '#postgres/database.ts'
import { cursorOf } from '#tables/query.ts'
import type { Cursor, QueryRow, RowQuery } from '#tables/row-query.ts'
import { listRows, type RowId, type RowSum, sumRows } from '#tables/rows.queries.ts'
import { type OrderStatus, orderStatus, type ProcessingStatus } from '../status.ts'
import { openLines } from './conditions.queries.ts'
import { shownChanges } from './erp-changes.ts'
import { type Asked, orderOf, rowsOf } from './list-query.ts'

/** An order as a list shows it. */
export type ListedOrder = {
  id: RowId
  /** The ERP's number, or null while it has none. */
  number: string | null
  requestNumber: string | null
  reference: string | null
  placedAt: string | null
  by: string | null
  account: string | null
  shipTo: string
  status: OrderStatus
  shipped: DecimalText
  ordered: DecimalText
  requestedDate: string | null
  confirmedDate: string | null
  linesOpen: number
  lines: number
  total: DecimalText | null
  currency: string | null
  /** Whether the seller's system has changed something of the order itself that the visitor may read. */
  isChanged: boolean
}

export type PageOfOrders = { orders: ListedOrder[]; previous: Cursor | undefined; next: Cursor | undefined }

/** What a listed order is made of. */
export const LISTED_COLUMNS = [
  ...['salesorderid', 'msdyn_salesordernumber', 'ordernumber', 'msdyn_customerrequisitionnumber', 'submitdate'],
  ...[
    'msdyn_contactperson.fullname',
    'customerid.name',
    'shipto_name',
    'shipto_city',
    'shipto_country',
    'msdyn_processingstatus',
  ],
  ...['msdyn_issalesprocessingstopped', 'msdyn_requestedreceiptdate', 'msdyn_confirmedreceiptdate', 'totalamount'],
  'msdyn_isocurrencycode',
]

/**
 * One page, found by key: the hundredth costs what the first does. Three statements, and a few more while some order of the page has not
 * reached the ERP.
 */
export async function readPage(context: PageContext, asked: Asked, rowsMax: number): Promise<PageOfOrders> {
  const isBackwards = asked.before !== undefined
  const order = orderOf(asked)
  const cursor = asked.before ?? asked.after
  const query: RowQuery = {
    ...rowsOf(context, asked, asked.tab),
    columns: readableOf(context, 'salesorder', LISTED_COLUMNS),
    orderBy: isBackwards ? order.map((one) => ({ ...one, descending: !one.descending })) : order,
    // One more than is shown tells whether there is more.
    rowsMax: rowsMax + 1,
    ...(cursor === undefined ? {} : { after: cursor }),
  }
  const found = await listRows(context.tx, context.catalog, query).catch((cause: unknown) => {
    if (sqlStateOf(cause)?.startsWith('22') !== true) throw cause
    throw new AppError('request.invalid', 'The address of this list cannot be read; start from its first page', { cause })
  })
  const rows = found.slice(0, rowsMax)
  const hasMore = found.length > rowsMax
  if (isBackwards) rows.reverse()
  const [first, last] = [rows[0], rows.at(-1)]
  return {
    orders: await listedOf(context, rows),
    previous: first !== undefined && (isBackwards ? hasMore : cursor !== undefined) ? cursorOf(query, first) : undefined,
    next: last !== undefined && (isBackwards || hasMore) ? cursorOf(query, last) : undefined,
  }
}

/** Columns that the visitor's permissions leave on every row; those behind a lookup are held back row by row. */
export function readableOf(
  context: Pick<PageContext, 'permissions' | 'visitor'>,
  table: string,
  columns: readonly string[],
): string[] {
  const readable = context.permissions.readableColumns(context.visitor, table)
  return columns.filter((path) => readable.has(path.split('.')[0] ?? ''))
}

/** Orders as read with LISTED_COLUMNS, with what their lines and the way to the ERP say. Two statements, and a few more while some are not in the ERP. */
export async function listedOf(context: PageContext, rows: readonly QueryRow[]): Promise<ListedOrder[]> {
  const sums = await sumLines(
    context,
    rows.map((row) => String(row.salesorderid)),
  )
  const notInErp = rows.filter((row) => text(row.msdyn_salesordernumber) === null).map((row) => String(row.salesorderid))
  const states =
    notInErp.length === 0
      ? new Map<RowId, SyncState>()
      : await context.database.statement((own) => findSyncStates(own, 'salesorder', notInErp))
  const ids = rows.map((row) => String(row.salesorderid))
  const changes = await context.database.statement((own) => findErpChanges(own, 'salesorder', ids))
  return rows.map((row) => {
    const id = String(row.salesorderid)
    return listedOrder(context, row, { sum: sums.get(id), sync: states.get(id), changes: changes.get(id) ?? [] })
  })
}

/** What the visible lines of each order amount to. */
export function sumLines(context: PageContext, orderIds: readonly RowId[]): Promise<Map<RowId, RowSum>> {
  const { tx, catalog, permissions, visitor } = context
  return sumRows(tx, catalog.get('salesorderdetail'), {
    lookup: 'salesorderid',
    ids: orderIds,
    predicate: permissions.predicate(visitor, 'salesorderdetail', 'read'),
    columns: ['quantity', 'quantityshipped', 'quantitybackordered', 'comptoir_quantityinvoiced'],
    counts: { open: openLines(catalog) },
  })
}

function listedOrder(
  context: PageContext,
  row: QueryRow,
  known: { sum: RowSum | undefined; sync: SyncState | undefined; changes: readonly ErpChange[] },
): ListedOrder {
  const { sum, sync, changes } = known
  const number = text(row.msdyn_salesordernumber)
  return {
    id: String(row.salesorderid),
    number,
    requestNumber: text(row.ordernumber),
    reference: text(row.msdyn_customerrequisitionnumber),
    placedAt: text(row.submitdate),
    by: text(row['msdyn_contactperson.fullname']),
    account: text(row['customerid.name']),
    shipTo: [row.shipto_name, row.shipto_city].filter(Boolean).join(', '),
    status: statusOf(context, row, sum, sync),
    shipped: sum?.sums.quantityshipped ?? '0',
    ordered: sum?.sums.quantity ?? '0',
    requestedDate: text(row.msdyn_requestedreceiptdate),
    confirmedDate: text(row.msdyn_confirmedreceiptdate),
    linesOpen: Number(sum?.sums.open ?? 0),
    lines: sum?.count ?? 0,
    total: text(row.totalamount),
    currency: text(row.msdyn_isocurrencycode),
    isChanged: shownChanges(context, changes, { table: 'salesorder', currency: null }).length > 0,
  }
}

export function statusOf(
  context: Pick<PageContext, 'catalog'>,
  row: QueryRow,
  sum: RowSum | undefined,
  sync: SyncState | undefined,
): OrderStatus {
  const options = context.catalog.get('salesorder').columns.get('msdyn_processingstatus')?.options ?? new Map<string, number>()
  const member = [...options].find(([, value]) => value === row.msdyn_processingstatus)?.[0]
  return orderStatus({
    isInErp: text(row.msdyn_salesordernumber) !== null,
    sync: sync ?? { kind: 'unlinked' },
    processing: member as ProcessingStatus | undefined,
    isStopped: row.msdyn_issalesprocessingstopped === true,
    remaining: sum?.sums.quantitybackordered ?? '0',
  })
}

export function text(value: string | number | boolean | null | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}

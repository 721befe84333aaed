import { findRefusals } from '#dual-write/refusals.ts'
import { findErpChanges, findSyncStates, type SyncState } from '#dual-write/sync-state.ts'
import { AppError } from '#lib/app-error.ts'
import type { PageContext } from '#portals/component.ts'
import { cursorOf } from '#tables/query.ts'
import type { Cursor, QueryRow } from '#tables/row-query.ts'
import { findRow, listRows, type RowId } from '#tables/rows.queries.ts'
import { findDraftOfOrder } from '../drafts.queries.ts'
import { isRowId } from '../drafts.ts'
import { where } from '../filters.ts'
import type { OrderStatus } from '../status.ts'
import { type ShownChange, shownChanges } from './erp-changes.ts'
import { readableOf, statusOf, sumLines, text } from './list-rows.ts'

/** An order with its first lines and its invoices, as far as the visitor may see them. */
export type OrderWhole = {
  id: RowId
  header: QueryRow
  status: OrderStatus
  sync: SyncState
  /** Refused where orders count once the ERP has taken them: whoever wrote it can correct it. */
  isToCorrect: boolean
  /** The reader's own draft that became this order. */
  draftId: RowId | undefined
  /** What the seller's system has made of what was sent, as far as the visitor may read it. */
  changes: readonly ShownChange[]
  changesOfLines: ReadonlyMap<RowId, readonly ShownChange[]>
  lines: readonly QueryRow[]
  /** Where further lines start: a page shows two hundred. */
  furtherLines: Cursor | undefined
  lineCount: number
  ordered: string
  shipped: string
  remaining: string
  invoiced: string
  invoices: readonly QueryRow[]
}

const LINES_A_PAGE = 200
const INVOICES_MAX = 100

/** Throws AppError `order.not_found` for what is not there and for what the visitor may not see: the two look the same. */
export async function getOrder(context: PageContext, orderId: string, after: Cursor | undefined): Promise<OrderWhole> {
  const { tx, catalog, permissions, visitor } = context
  if (visitor.kind === 'anonymous') throw new AppError('order.sign_in_required', 'Sign in to see orders')
  const notFound = () => new AppError('order.not_found', 'There is no such order')
  if (!isRowId(orderId)) throw notFound()
  const predicate = permissions.predicate(visitor, 'salesorder', 'read')
  const columns = readableOf(context, 'salesorder', HEADER_COLUMNS)
  const query = { table: catalog.get('salesorder'), columns, predicate, reach: permissions.reach(visitor) }
  const header = await findRow(tx, catalog, query, orderId)
  if (header === undefined) throw notFound()

  const sum = (await sumLines(context, [orderId])).get(orderId)
  const sync = (await context.database.statement((own) => findSyncStates(own, 'salesorder', [orderId]))).get(orderId) ?? {
    kind: 'unlinked',
  }
  const toCorrect =
    sync.kind === 'refused' &&
    (await context.database.statement((own) => findRefusals(own, 'salesorder', [orderId]))).has(orderId)
  const currency = text(header.msdyn_isocurrencycode)
  const page = await readLines(context, orderId, after)
  return {
    id: orderId,
    header,
    status: statusOf(context, header, sum, sync),
    sync,
    isToCorrect: toCorrect,
    draftId: toCorrect && visitor.kind === 'contact' ? await findDraftOfOrder(tx, visitor, orderId) : undefined,
    changes: shownChanges(context, sync.kind === 'accepted' ? sync.changes : [], { table: 'salesorder', currency }),
    changesOfLines: await readChangesOfLines(context, page.lines, currency),
    ...page,
    lineCount: sum?.count ?? 0,
    ordered: sum?.sums.quantity ?? '0',
    shipped: sum?.sums.quantityshipped ?? '0',
    remaining: sum?.sums.quantitybackordered ?? '0',
    invoiced: sum?.sums.comptoir_quantityinvoiced ?? '0',
    invoices: await readInvoices(context, orderId),
  }
}

async function readLines(
  context: PageContext,
  orderId: RowId,
  after: Cursor | undefined,
): Promise<Pick<OrderWhole, 'lines' | 'furtherLines'>> {
  const { tx, catalog, permissions, visitor } = context
  const query = {
    table: catalog.get('salesorderdetail'),
    columns: readableOf(context, 'salesorderdetail', LINE_COLUMNS),
    predicate: permissions.predicate(visitor, 'salesorderdetail', 'read'),
    reach: permissions.reach(visitor),
    filter: where('salesorderid').is(orderId),
    orderBy: [{ column: 'sequencenumber', descending: false }],
    rowsMax: LINES_A_PAGE + 1,
    ...(after === undefined ? {} : { after }),
  }
  const found = await listRows(tx, catalog, query)
  const lines = found.slice(0, LINES_A_PAGE)
  const last = lines.at(-1)
  return { lines, furtherLines: found.length > LINES_A_PAGE && last !== undefined ? cursorOf(query, last) : undefined }
}

async function readChangesOfLines(
  context: PageContext,
  lines: readonly QueryRow[],
  currency: string | null,
): Promise<Map<RowId, ShownChange[]>> {
  const ids = lines.map((line) => String(line.salesorderdetailid))
  const changes = await context.database.statement((own) => findErpChanges(own, 'salesorderdetail', ids))
  return new Map([...changes].map(([id, own]) => [id, shownChanges(context, own, { table: 'salesorderdetail', currency })]))
}

async function readInvoices(context: PageContext, orderId: RowId): Promise<QueryRow[]> {
  const { tx, catalog, permissions, visitor } = context
  if (!permissions.may(visitor, 'invoice', 'read')) return []
  return listRows(tx, catalog, {
    table: catalog.get('invoice'),
    columns: readableOf(context, 'invoice', [
      'msdyn_invoicenumber',
      'msdyn_invoicedate',
      'msdyn_totalamount',
      'transactioncurrencyid.isocurrencycode',
    ]),
    predicate: permissions.predicate(visitor, 'invoice', 'read'),
    reach: permissions.reach(visitor),
    filter: where('salesorderid').is(orderId),
    orderBy: [{ column: 'msdyn_invoicedate', descending: false }],
    rowsMax: INVOICES_MAX,
  })
}

const HEADER_COLUMNS = [
  ...['salesorderid', 'msdyn_salesordernumber', 'ordernumber', 'msdyn_customerrequisitionnumber', 'submitdate', 'createdon'],
  ...['msdyn_contactperson', 'msdyn_contactperson.fullname', 'customerid', 'customerid.name', 'customerid.accountnumber'],
  ...['msdyn_company', 'msdyn_processingstatus', 'msdyn_issalesprocessingstopped', 'msdyn_isocurrencycode'],
  ...['msdyn_requestedreceiptdate', 'msdyn_confirmedreceiptdate', 'msdyn_confirmedshippingdate', 'shipto_name', 'shipto_line1'],
  ...[
    'shipto_city',
    'shipto_stateorprovince',
    'shipto_postalcode',
    'shipto_country',
    'msdyn_deliveryaddressname',
    'billto_line1',
  ],
  ...[
    'billto_city',
    'billto_stateorprovince',
    'billto_postalcode',
    'billto_country',
    'totalamount',
    'discountamount',
    'totaltax',
  ],
  ...['freightamount', 'msdyn_paymentterms.msdyn_description', 'msdyn_paymentterms.msdyn_name', 'modifiedon'],
  ...['msdyn_deliverymode.msdyn_description', 'msdyn_deliverymode.msdyn_name'],
]

const LINE_COLUMNS = [
  ...[
    'salesorderdetailid',
    'sequencenumber',
    'productid',
    'productnumber',
    'description',
    'productid.name',
    'productid.comptoir_name_fr',
  ],
  ...['productid.msdyn_productnumber', 'uomid', 'uomid.msdyn_symbol', 'quantity', 'quantityshipped', 'quantitybackordered'],
  ...[
    'comptoir_quantityinvoiced',
    'priceperunit',
    'msdyn_salespricequantity',
    'manualdiscountamount',
    'extendedamount',
    'msdyn_linestatus',
  ],
  ...['msdyn_requestedreceiptdate', 'msdyn_confirmedreceiptdate', 'msdyn_confirmedshippingdate'],
]

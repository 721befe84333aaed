import type { Tx } from '#postgres/database.ts'
import { insertQuotation, updateQuotation } from '../../domain/quotations/quotation-header.ts'
import { insertQuotationLine } from '../../domain/quotations/quotation-line.ts'
import { insertRow, listRows } from '../../domain/rows.queries.ts'
import { DAY_MS, dayOf, type Row, text, type WriteContext } from '../../domain/rows.ts'
import { demoCompanies } from './setup.ts'

const QUOTATIONS_MAX = 6
const LINES = 3
/** What has become of each quotation of a company. */
const STATUSES = ['Created', 'Sent', 'Sent', 'Lost', 'Created', 'Cancelled']

/** A few quotations and notes of each company, written through the ERP's own rules. The demo's first customer has some of them. */
export async function writeDocuments(tx: Tx, context: WriteContext): Promise<void> {
  for (const { id: company } of demoCompanies) {
    const customers = (await listRows(tx, 'customer', { dataAreaId: company, OnHoldStatus: 'No' }, 'CustomerAccount')).slice(0, 3)
    const products = (await listRows(tx, 'released_product', { dataAreaId: company }, 'ItemNumber')).filter(
      (product) => product.IsSalesProcessingStopped !== 'Yes' && text(product, 'SalesUnitSymbol') !== '',
    )
    for (let ordinal = 0; ordinal < QUOTATIONS_MAX; ordinal++) {
      const customer = customers[ordinal % Math.max(customers.length, 1)]
      if (customer !== undefined) await writeQuotation(tx, customer, products, ordinal, context)
    }
    for (const customer of customers) await writeNotes(tx, company, customer)
  }
}

async function writeQuotation(
  tx: Tx,
  customer: Row,
  products: readonly Row[],
  ordinal: number,
  context: WriteContext,
): Promise<void> {
  const company = text(customer, 'dataAreaId')
  const header = await insertQuotation(
    tx,
    company,
    {
      RequestingCustomerAccountNumber: text(customer, 'CustomerAccount'),
      SalesQuotationExpiryDate: dayOf(context.nowMs + 30 * DAY_MS),
      SalesQuotationFollowUpDate: dayOf(context.nowMs + 7 * DAY_MS),
    },
    context,
  )
  for (let line = 0; line < LINES; line++) {
    const product = products[(ordinal * LINES + line) % Math.max(products.length, 1)]
    if (product === undefined) continue
    const fields = {
      SalesQuotationNumber: text(header, 'SalesQuotationNumber'),
      ItemNumber: text(product, 'ItemNumber'),
      RequestedSalesQuantity: String(10 * (line + 1)),
    }
    await insertQuotationLine(tx, company, fields, context)
  }
  const status = STATUSES[ordinal] ?? 'Created'
  if (status !== 'Created') await updateQuotation(tx, header, { SalesQuotationStatus: status }, context)
}

async function writeNotes(tx: Tx, company: string, customer: Row): Promise<void> {
  const account = text(customer, 'CustomerAccount')
  await insertRow(tx, 'customer_attachment', {
    dataAreaId: company,
    CustomerAccountNumber: account,
    Name: 'Opening hours of goods receipt',
    Notes: 'Monday to Friday, 7:00 to 15:30. Ring at gate 2.',
    Restriction: 'External',
  })
  const [order] = await listRows(
    tx,
    'sales_order_header',
    { dataAreaId: company, OrderingCustomerAccountNumber: account },
    'SalesOrderNumber',
  )
  if (order === undefined) return
  await insertRow(tx, 'sales_order_attachment', {
    dataAreaId: company,
    SalesOrderNumber: text(order, 'SalesOrderNumber'),
    AttachmentDescription: 'Agreed by telephone',
    Notes: 'The customer takes part deliveries.',
    AccessRestriction: 'Internal',
  })
}

import type { Tx } from '#postgres/database.ts'
import { isOnHold } from '../customers.ts'
import { refuse, refuseField } from '../infolog.ts'
import { nextNumber } from '../number-sequences.ts'
import { completedDelivery, headerDefaults } from '../orders/header-defaults.ts'
import { changedFields } from '../orders/order-header.ts'
import { checkFilled, checkReferences, DOCUMENT_REFERENCES, type Reference } from '../references.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from '../rows.queries.ts'
import { type Fields, has, type Row, text, type WriteContext, without } from '../rows.ts'
import { confirmQuotation } from './confirm-quotation.ts'
import { checkStep, isOpen, lockQuotationLines, settleQuotation } from './settle-quotation.ts'

const ENTITY = 'SalesQuotationHeaderCDSEntity'

const REFERENCES: readonly Reference[] = [
  {
    field: 'RequestingCustomerAccountNumber',
    label: 'Customer account',
    table: 'customer',
    key: 'CustomerAccount',
    tableLabel: 'Customers',
  },
  ...DOCUMENT_REFERENCES,
]

/** What a quotation sets by itself: given values are passed over. */
const COMPUTED = [
  'GeneratedSalesOrderNumber',
  'QuotationTotalAmount',
  'QuotationTotalTaxAmount',
  'QuotationTotalChargesAmount',
  'QuotationTotalDiscountAmount',
  'QuotationHeaderTaxAmount',
  'TotalDiscountAmount',
  'SalesQuotationConfirmationDate',
  'FormattedDeliveryAddress',
  'FormattedInvoiceAddress',
]

/** Defaults of an order that a quotation has no use for. */
const OF_ORDERS_ONLY = [
  'SalesOrderName',
  'OrderCreationDateTime',
  'CustomerPaymentMethodName',
  'IsOneTimeCustomer',
  'RequestedReceiptDate',
]

/** A new quotation, created and empty. */
export async function insertQuotation(tx: Tx, company: string, allGiven: Fields, context: WriteContext): Promise<Row> {
  const given = Object.fromEntries(
    Object.entries(without(allGiven, [...COMPUTED, 'SalesQuotationStatus'])).filter(
      ([, value]) => value !== null && value !== '',
    ),
  )
  checkFilled(ENTITY, given, { RequestingCustomerAccountNumber: 'Customer account' })
  await checkReferences(tx, { entity: ENTITY, company, fields: given }, REFERENCES)
  const account = text(given, 'RequestingCustomerAccountNumber')
  const customer = await getRow(tx, 'customer', { dataAreaId: company, CustomerAccount: account })
  if (isOnHold(customer, 'order')) refuse(`Customer ${account} is on hold for all transactions. The quotation cannot be created.`)
  const number = has(given, 'SalesQuotationNumber')
    ? text(given, 'SalesQuotationNumber')
    : await nextNumber(tx, company, 'quotation')
  if ((await findRow(tx, 'sales_quotation_header', { dataAreaId: company, SalesQuotationNumber: number })) !== undefined)
    refuse(`Cannot create a record in Sales quotations (SalesQuotationTable). Quotation: ${number}. The record already exists.`)
  const asOrder = has(given, 'ReceiptDateRequested')
    ? { ...given, RequestedReceiptDate: text(given, 'ReceiptDateRequested') }
    : given
  const defaults = await headerDefaults(tx, asOrder, customer, context)
  const fields: Fields = {
    ...without(defaults, OF_ORDERS_ONLY),
    SalesQuotationName: text(defaults, 'SalesOrderName'),
    ReceiptDateRequested: text(defaults, 'RequestedReceiptDate'),
    ...given,
  }
  return insertRow(tx, 'sales_quotation_header', {
    ...fields,
    ...withFormatted(fields),
    SalesQuotationNumber: number,
    dataAreaId: company,
  })
}

/** Changes an open quotation, or takes it a step further: sent, confirmed (which makes the sales order), lost, cancelled. */
export async function updateQuotation(tx: Tx, row: Row, given: Fields, context: WriteContext): Promise<Row> {
  const header = await getRow(tx, 'sales_quotation_header', { recid: row.recid }, 'lock')
  const fields = changedFields(header, without(given, ['dataAreaId', 'SalesQuotationNumber', ...COMPUTED]))
  const { SalesQuotationStatus: status, ...others } = fields
  if (status !== undefined) checkStep(header, String(status))
  let after = Object.keys(others).length === 0 ? header : await change(tx, header, others)
  if (status === 'Confirmed') after = await confirmQuotation(tx, after, context)
  else if (status !== undefined)
    after = await updateRow(tx, 'sales_quotation_header', header.recid, { SalesQuotationStatus: status })
  return Object.keys(fields).length === 0 ? header : settleQuotation(tx, after)
}

/** Deletes a quotation with its lines, unless it became an order. */
export async function removeQuotation(tx: Tx, row: Row): Promise<void> {
  const header = await getRow(tx, 'sales_quotation_header', { recid: row.recid }, 'lock')
  if (header.SalesQuotationStatus === 'Confirmed')
    refuse(`Quotation ${text(header, 'SalesQuotationNumber')} cannot be deleted because it is confirmed.`)
  for (const line of await lockQuotationLines(tx, header)) await deleteRow(tx, 'sales_quotation_line', line.recid)
  await deleteRow(tx, 'sales_quotation_header', header.recid)
}

async function change(tx: Tx, header: Row, fields: Fields): Promise<Row> {
  const number = text(header, 'SalesQuotationNumber')
  if (!isOpen(header))
    refuse(`Quotation ${number} cannot be changed because its status is ${text(header, 'SalesQuotationStatus')}.`)
  await checkReferences(tx, { entity: ENTITY, company: text(header, 'dataAreaId'), fields }, REFERENCES)
  const hasLines = (await lockQuotationLines(tx, header)).length > 0
  for (const fixed of ['RequestingCustomerAccountNumber', 'CurrencyCode']) {
    if (fixed in fields && hasLines)
      refuseField(ENTITY, fixed, `Field '${fixed}' cannot be changed because quotation ${number} has lines.`)
  }
  return updateRow(tx, 'sales_quotation_header', header.recid, { ...fields, ...withFormatted({ ...header, ...fields }) })
}

function withFormatted(fields: Readonly<Record<string, unknown>>): Fields {
  const { formatted, ...country } = completedDelivery(fields)
  return { ...country, FormattedDeliveryAddress: formatted ?? '' }
}

import type { Tx } from '#postgres/database.ts'
import { refuse, refuseWrite } from '../infolog.ts'
import { completedDelivery } from '../orders/header-defaults.ts'
import { lineAmounts } from '../orders/line-amounts.ts'
import { checkQuantity, defaultPrice, getProduct, lineDefaults } from '../orders/line-defaults.ts'
import { changedFields } from '../orders/order-header.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from '../rows.queries.ts'
import { type Fields, has, type Row, text, type WriteContext, whole, without } from '../rows.ts'
import { isOpen, lockQuotationLines, settleQuotation } from './settle-quotation.ts'

const COMPUTED = [
  'SalesQuotationStatus',
  'LineAmount',
  'TotalTaxAmount',
  'TotalChargesAmount',
  'CurrencyCode',
  'FormattedDeliveryAddress',
]

/** Defaults of an order line that a line of a quotation has no use for. */
const OF_ORDERS_ONLY = [
  'OrderedSalesQuantity',
  'ConfirmedShippingDate',
  'ConfirmedReceiptDate',
  'SalesTaxItemGroupCode',
  'DeliveryTermsId',
  'DeliveryModeCode',
]

const PRICED_BY = ['RequestedSalesQuantity', 'SalesUnitSymbol']

/** A new line of an open quotation, priced as a line of an order would be; the quotation's totals follow. */
export async function insertQuotationLine(tx: Tx, company: string, allGiven: Fields, context: WriteContext): Promise<Row> {
  const given = Object.fromEntries(
    Object.entries(without(allGiven, COMPUTED)).filter(([, value]) => value !== null && value !== ''),
  )
  const header = await lockHeader(tx, company, text(given, 'SalesQuotationNumber'))
  const product = await getProduct(tx, company, given)
  const asOrder = { ...header, RequestedReceiptDate: text(header, 'ReceiptDateRequested') }
  const defaults = await lineDefaults(tx, given, asOrder, product)
  const quantity = has(given, 'RequestedSalesQuantity') ? text(given, 'RequestedSalesQuantity') : '1'
  const fields: Fields = {
    ...without(defaults, OF_ORDERS_ONLY),
    ...without(given, ['ItemNumber', 'ProductNumber']),
    RequestedSalesQuantity: quantity,
  }
  const row = await insertRow(tx, 'sales_quotation_line', {
    ...(await priced(tx, header, product, fields, given, context)),
    ...withFormatted(fields),
    LineCreationSequenceNumber: await lineNumber(tx, header, given),
    SalesQuotationNumber: text(header, 'SalesQuotationNumber'),
    dataAreaId: company,
  })
  await settleQuotation(tx, header)
  return getRow(tx, 'sales_quotation_line', { recid: row.recid })
}

/** Changes a line of an open quotation. A new quantity or unit finds its price anew, unless the price was given by hand. */
export async function updateQuotationLine(tx: Tx, row: Row, given: Fields, context: WriteContext): Promise<Row> {
  const company = text(row, 'dataAreaId')
  const header = await lockHeader(tx, company, text(row, 'SalesQuotationNumber'))
  const line = await getRow(tx, 'sales_quotation_line', { recid: row.recid }, 'lock')
  const fixed = ['dataAreaId', 'SalesQuotationNumber', 'LineCreationSequenceNumber', ...COMPUTED]
  const fields = changedFields(line, without(given, fixed))
  if (Object.keys(fields).length === 0) return line
  if (has(fields, 'ProductNumber'))
    refuseWrite('The item number of a line cannot be changed. Delete the line and create another.')
  const product = await getRow(tx, 'released_product', { dataAreaId: company, ItemNumber: text(line, 'ItemNumber') })
  const merged: Fields = { ...ownFields(line), ...fields }
  const keepsPrice = has(fields, 'SalesPrice') || line.IsPriceLocked === 'Yes'
  const isRepriced = !keepsPrice && PRICED_BY.some((field) => field in fields)
  const before = isRepriced ? without(merged, ['SalesPrice', 'SalesPriceQuantity', 'FixedPriceCharges']) : merged
  const terms = isRepriced ? fields : { ...fields, SalesPrice: text(merged, 'SalesPrice') }
  const after = await priced(tx, header, product, before, terms, context)
  const locked = has(fields, 'SalesPrice') ? 'Yes' : text(line, 'IsPriceLocked')
  await updateRow(tx, 'sales_quotation_line', line.recid, { ...after, ...withFormatted(merged), IsPriceLocked: locked })
  await settleQuotation(tx, header)
  return getRow(tx, 'sales_quotation_line', { recid: line.recid })
}

export async function removeQuotationLine(tx: Tx, row: Row): Promise<void> {
  const header = await lockHeader(tx, text(row, 'dataAreaId'), text(row, 'SalesQuotationNumber'))
  await deleteRow(tx, 'sales_quotation_line', row.recid)
  await settleQuotation(tx, header)
}

async function lockHeader(tx: Tx, company: string, number: string): Promise<Row> {
  if (number === '') refuseWrite("Field 'Quotation' must be filled in.")
  const header = await findRow(tx, 'sales_quotation_header', { dataAreaId: company, SalesQuotationNumber: number }, 'lock')
  if (header === undefined)
    refuseWrite(`The value '${number}' in field 'Quotation' is not found in the related table 'Sales quotations'.`)
  if (!isOpen(header))
    refuse(`Quotation ${number} cannot be changed because its status is ${text(header, 'SalesQuotationStatus')}.`)
  return header
}

/** The line's fields with price, amount and tax. The rules are those of orders, which call the quantity by another name. */
async function priced(tx: Tx, header: Row, product: Row, fields: Fields, given: Fields, context: WriteContext): Promise<Fields> {
  const asOrder = { ...fields, OrderedSalesQuantity: text(fields, 'RequestedSalesQuantity') }
  await checkQuantity(tx, asOrder, product)
  const payer = { ...header, OrderingCustomerAccountNumber: text(header, 'RequestingCustomerAccountNumber') }
  const price = has(given, 'SalesPrice') ? { IsPriceLocked: 'Yes' } : await defaultPrice(tx, asOrder, payer, product, context)
  const terms = { ...price, ...asOrder }
  const { OrderedSalesQuantity: _, ...own } = terms
  return { ...own, ...(await lineAmounts(tx, text(header, 'dataAreaId'), terms, given)) }
}

async function lineNumber(tx: Tx, header: Row, given: Fields): Promise<number> {
  const lines = await lockQuotationLines(tx, header)
  const last = lines.at(-1)
  const wanted = has(given, 'LineCreationSequenceNumber') ? whole(given, 'LineCreationSequenceNumber') : 0
  if (wanted === 0) return last === undefined ? 1 : whole(last, 'LineCreationSequenceNumber') + 1
  if (lines.some((line) => whole(line, 'LineCreationSequenceNumber') === wanted))
    refuse(
      `Cannot create a record in Quotation lines (SalesQuotationLine). Quotation: ${text(header, 'SalesQuotationNumber')}, ${wanted}. ` +
        'The record already exists.',
    )
  return wanted
}

function withFormatted(fields: Readonly<Record<string, unknown>>): Fields {
  const { formatted, ...country } = completedDelivery(fields)
  return { ...country, FormattedDeliveryAddress: formatted ?? '' }
}

function ownFields(line: Row): Fields {
  const own = ['recid', 'recversion', 'modified_at', 'extra']
  return Object.fromEntries(
    Object.entries(line).filter(
      (entry): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1]) && !own.includes(entry[0]),
    ),
  )
}

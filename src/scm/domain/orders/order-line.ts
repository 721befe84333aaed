import { compare, equal, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse, refuseWrite } from '../infolog.ts'
import { nextNumber } from '../number-sequences.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from '../rows.queries.ts'
import { decimal, type Fields, has, type Row, text, type WriteContext, whole, without } from '../rows.ts'
import { completedDelivery } from './header-defaults.ts'
import { lineAmounts } from './line-amounts.ts'
import { checkQuantity, defaultPrice, getHeaderOf, getProduct, lineDefaults } from './line-defaults.ts'
import { lastSequenceNumber } from './order.queries.ts'
import { changedFields } from './order-header.ts'
import { checkOpen, settleOrder } from './settle.ts'

/** Fields that order processing sets. */
const COMPUTED = [
  'SalesOrderLineStatus',
  'SalesOrderProcessingStatus',
  'PickedQuantity',
  'DeliveredQuantity',
  'RemainingDeliveryQuantity',
  'InvoicedQuantity',
  'TotalTaxAmount',
  'TotalChargesAmount',
  'AreTotalsCalculated',
  'CurrencyCode',
  'FormattedDelveryAddress',
  'FormattedDeliveryAddress',
]

/** What a new price follows from, when none is given. */
const PRICED_BY = ['OrderedSalesQuantity', 'SalesUnitSymbol']

/** What the amount follows from. A change of anything else leaves it alone: history keeps the amount it came with. */
const AMOUNT_FROM = [
  ...PRICED_BY,
  'SalesPrice',
  'SalesPriceQuantity',
  'LineAmount',
  'LineDiscountAmount',
  'LineDiscountPercentage',
  'MultilineDiscountAmount',
  'MultilineDiscountPercentage',
  'TotalDiscountAmount',
  'FixedPriceCharges',
  'SalesTaxGroupCode',
]

/** A new line of an open order, priced and dated; its order's totals and status follow. */
export async function insertLine(tx: Tx, company: string, allGiven: Fields, context: WriteContext): Promise<Row> {
  const given = Object.fromEntries(
    Object.entries(without(allGiven, COMPUTED)).filter(([, value]) => value !== null && value !== ''),
  )
  const header = await lockHeader(tx, company, text(given, 'SalesOrderNumber'))
  const product = await getProduct(tx, company, given)
  const fields: Fields = {
    ...(await lineDefaults(tx, given, header, product)),
    ...without(given, ['ItemNumber', 'ProductNumber']),
  }
  await checkQuantity(tx, fields, product)
  const price = has(given, 'SalesPrice') ? { IsPriceLocked: 'Yes' } : await defaultPrice(tx, fields, header, product, context)
  const priced: Fields = { ...price, ...fields }
  const number = await lineNumber(tx, header, given)
  const { formatted, ...country } = completedDelivery(fields)
  const row = await insertRow(tx, 'sales_order_line', {
    ...priced,
    ...country,
    ...(await lineAmounts(tx, company, priced, given)),
    LineCreationSequenceNumber: number,
    LineNumber: has(given, 'LineNumber') ? decimal(given, 'LineNumber') : String(number),
    InventoryLotId: has(given, 'InventoryLotId') ? text(given, 'InventoryLotId') : await nextNumber(tx, company, 'lot'),
    RemainingDeliveryQuantity: decimal(priced, 'OrderedSalesQuantity'),
    FormattedDeliveryAddress: formatted ?? '',
    SalesOrderNumber: text(header, 'SalesOrderNumber'),
    dataAreaId: company,
  })
  await settleOrder(tx, header)
  return getRow(tx, 'sales_order_line', { recid: row.recid })
}

/** Changes an open line. A new quantity or unit finds its price anew, unless the price was given by hand. */
export async function updateLine(tx: Tx, row: Row, given: Fields, context: WriteContext): Promise<Row> {
  const header = await getHeaderOf(tx, row)
  const line = await getRow(tx, 'sales_order_line', { recid: row.recid }, 'lock')
  const fixed = ['dataAreaId', 'InventoryLotId', 'SalesOrderNumber', 'LineCreationSequenceNumber', ...COMPUTED]
  const fields = changedFields(line, without(given, fixed))
  if (Object.keys(fields).length === 0) return line
  checkOpen(header)
  if (line.SalesOrderLineStatus !== 'Backorder')
    refuse(`The line cannot be changed because its status is ${text(line, 'SalesOrderLineStatus')}.`)
  const company = text(line, 'dataAreaId')
  const changesItem = has(fields, 'ItemNumber') || has(fields, 'ProductNumber')
  if (changesItem) refuseWrite('The item number of a line cannot be changed. Delete the line and create another.')
  const product = await getRow(tx, 'released_product', { dataAreaId: company, ItemNumber: text(line, 'ItemNumber') })
  const changesQuantity = PRICED_BY.some((field) => field in fields)
  const before = ownFields(line)
  if (changesQuantity) {
    await checkQuantity(tx, { ...before, ...fields }, product)
    checkProgress(line, fields)
  }
  const isPriceGiven = has(fields, 'SalesPrice')
  const mayReprice = changesQuantity && !isPriceGiven && line.IsPriceLocked !== 'Yes'
  const repriced = mayReprice ? await defaultPrice(tx, { ...before, ...fields }, header, product, context) : {}
  const priced: Fields = { ...before, ...repriced, ...fields, ...(isPriceGiven ? { IsPriceLocked: 'Yes' } : {}) }
  const changesAmount = AMOUNT_FROM.some((field) => field in fields)
  const { formatted } = completedDelivery({ ...line, ...fields })
  await updateRow(tx, 'sales_order_line', line.recid, {
    ...fields,
    ...repriced,
    ...(changesAmount ? await lineAmounts(tx, company, priced, fields) : {}),
    IsPriceLocked: text(priced, 'IsPriceLocked'),
    RemainingDeliveryQuantity: subtract(decimal(priced, 'OrderedSalesQuantity'), decimal(line, 'DeliveredQuantity')),
    FormattedDeliveryAddress: formatted ?? '',
  })
  await settleOrder(tx, header)
  return getRow(tx, 'sales_order_line', { recid: line.recid })
}

export async function removeLine(tx: Tx, row: Row): Promise<void> {
  const header = await getHeaderOf(tx, row)
  const line = await getRow(tx, 'sales_order_line', { recid: row.recid }, 'lock')
  if (compare(decimal(line, 'DeliveredQuantity'), '0') > 0 || compare(decimal(line, 'PickedQuantity'), '0') > 0)
    refuse('The line cannot be deleted because it is picked or delivered. Cancel what remains instead.')
  checkOpen(header)
  await deleteRow(tx, 'sales_order_line', line.recid)
  await settleOrder(tx, header)
}

async function lockHeader(tx: Tx, company: string, number: string): Promise<Row> {
  if (number === '') refuseWrite("Field 'Sales order' must be filled in.")
  const header = await findRow(tx, 'sales_order_header', { dataAreaId: company, SalesOrderNumber: number }, 'lock')
  if (header === undefined)
    refuseWrite(`The value '${number}' in field 'Sales order' is not found in the related table 'Sales orders'.`)
  checkOpen(header)
  return header
}

async function lineNumber(tx: Tx, header: Row, given: Fields): Promise<number> {
  const key = { dataAreaId: text(header, 'dataAreaId'), SalesOrderNumber: text(header, 'SalesOrderNumber') }
  if (!has(given, 'LineCreationSequenceNumber') || whole(given, 'LineCreationSequenceNumber') === 0)
    return (await lastSequenceNumber(tx, key.dataAreaId, key.SalesOrderNumber)) + 1
  const number = whole(given, 'LineCreationSequenceNumber')
  if ((await findRow(tx, 'sales_order_line', { ...key, LineCreationSequenceNumber: number })) !== undefined)
    refuse(
      `Cannot create a record in Order lines (SalesLine). Sales order: ${key.SalesOrderNumber}, ${number}. The record already exists.`,
    )
  return number
}

/** Refuses a quantity below what was delivered, and any while the line is picked. */
function checkProgress(line: Row, fields: Fields): void {
  const delivered = decimal(line, 'DeliveredQuantity')
  const isStarted = compare(delivered, '0') > 0
  if (!equal(decimal(line, 'PickedQuantity'), '0')) refuse('The quantity cannot be changed because the line is picked.')
  if (isStarted && has(fields, 'SalesUnitSymbol')) refuse('The unit cannot be changed because deliveries are posted.')
  if (has(fields, 'OrderedSalesQuantity') && compare(decimal(fields, 'OrderedSalesQuantity'), delivered) < 0)
    refuse(`The quantity cannot be less than the ${delivered} already delivered.`)
}

function ownFields(line: Row): Fields {
  return Object.fromEntries(
    Object.entries(line).filter((entry): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1])),
  )
}

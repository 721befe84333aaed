import { add, compare, type DecimalText, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { nextNumber } from '../number-sequences.ts'
import { findRow, insertRow, updateRow } from '../rows.queries.ts'
import { dayOf, decimal, type Fields, type Row, text, type WriteContext } from '../rows.ts'
import { partAmount, percentOf } from './amounts.ts'
import { invoicedByLine, invoicedSoFar } from './order.queries.ts'
import { dueDay } from './payment-terms.ts'
import { beginPosting, type OrderKey } from './processing.ts'
import { settleOrder, statusOfLine } from './settle.ts'

type Part = { line: Row; quantity: DecimalText; amount: DecimalText; tax: DecimalText; discount: DecimalText }

/**
 * Invoices what is delivered and not invoiced yet. Amounts are parts of the lines' amounts, so all invoices of an order add up to
 * what was ordered once everything is delivered; the order's charges go on its first invoice. Answers the invoice.
 */
export async function invoiceOrder(tx: Tx, key: OrderKey, context: WriteContext): Promise<Row> {
  const { header, lines } = await beginPosting(tx, key, 'invoice')
  const taken = new Map((await invoicedByLine(tx, key.company, key.number)).map((one) => [one.lot, one]))
  const parts = lines.filter(isToInvoice).map((line) => partOf(line, taken.get(text(line, 'InventoryLotId'))))
  if (parts.length === 0) refuse(`Sales order ${key.number} has nothing delivered that is not invoiced.`)
  const invoice = await insertInvoice(tx, header, { parts, lines }, context)
  for (const part of parts) await insertInvoiceLine(tx, part, invoice)
  for (const part of parts) {
    await updateRow(tx, 'sales_order_line', part.line.recid, { InvoicedQuantity: decimal(part.line, 'DeliveredQuantity') })
  }
  await settleOrder(tx, header, 'Invoice')
  return invoice
}

function isToInvoice(line: Row): boolean {
  return compare(decimal(line, 'DeliveredQuantity'), decimal(line, 'InvoicedQuantity')) > 0
}

function partOf(line: Row, taken: { amount: string; tax: string } | undefined): Part {
  const upTo = decimal(line, 'DeliveredQuantity')
  const invoiced = decimal(line, 'InvoicedQuantity')
  const of = decimal(line, 'OrderedSalesQuantity')
  const share = (field: string, before: DecimalText) => partAmount(decimal(line, field), { upTo, of, taken: before })
  const discountBefore = partAmount(decimal(line, 'TotalDiscountAmount'), { upTo: invoiced, of, taken: '0' })
  return {
    line,
    quantity: subtract(upTo, invoiced),
    amount: share('LineAmount', taken?.amount ?? '0'),
    tax: share('TotalTaxAmount', taken?.tax ?? '0'),
    discount: share('TotalDiscountAmount', discountBefore),
  }
}

async function insertInvoice(
  tx: Tx,
  header: Row,
  work: { parts: readonly Part[]; lines: readonly Row[] },
  context: WriteContext,
): Promise<Row> {
  const { parts } = work
  const company = text(header, 'dataAreaId')
  const order = text(header, 'SalesOrderNumber')
  const before = await invoicedSoFar(tx, company, order)
  const lines = add('0', ...parts.map((part) => part.amount))
  // What belongs to the order as a whole goes on its first invoice.
  const headerTax = before.count === 0 ? decimal(header, 'OrderHeaderTaxAmount') : '0'
  const charges = before.count === 0 ? decimal(header, 'OrderTotalChargesAmount') : '0'
  const tax = add(headerTax, ...parts.map((part) => part.tax))
  const discount = discountOf(header, work, before.discount)
  const terms = await findRow(tx, 'payment_term', { dataAreaId: company, Name: text(header, 'PaymentTermsName') })
  return insertRow(tx, 'sales_invoice_header', {
    ...invoiceAddress(header),
    dataAreaId: company,
    InvoiceNumber: await nextNumber(tx, company, 'invoice'),
    LedgerVoucher: await nextNumber(tx, company, 'voucher'),
    InvoiceDate: dayOf(context.nowMs),
    DueDate: dueDay(context.nowMs, terms),
    SalesOrderNumber: order,
    InvoiceCustomerAccountNumber: text(header, 'InvoiceCustomerAccountNumber'),
    OrderingCustomerAccountNumber: text(header, 'OrderingCustomerAccountNumber'),
    ContactPersonId: text(header, 'ContactPersonId'),
    CurrencyCode: text(header, 'CurrencyCode'),
    CustomersOrderReference: text(header, 'CustomersOrderReference'),
    PaymentTermsName: text(header, 'PaymentTermsName'),
    DeliveryModeCode: text(header, 'DeliveryModeCode'),
    DeliveryTermsCode: text(header, 'DeliveryTermsCode'),
    SalesOrderOriginCode: text(header, 'SalesOrderOriginCode'),
    SalesOrderResponsiblePersonnelNumber: text(header, 'OrderResponsiblePersonnelNumber'),
    TotalTaxAmount: tax,
    InvoiceHeaderTaxAmount: headerTax,
    TotalChargeAmount: charges,
    TotalDiscountAmount: discount,
    TotalInvoiceAmount: add(subtract(lines, discount), charges, tax),
  })
}

/** The order's discount falls on its invoices as their lines do; the last one takes what rounding left of a given amount. */
function discountOf(header: Row, work: { parts: readonly Part[]; lines: readonly Row[] }, before: DecimalText): DecimalText {
  const invoiced = add('0', ...work.parts.map((part) => part.amount))
  const percent = decimal(header, 'TotalDiscountPercentage')
  if (compare(percent, '0') !== 0) return percentOf(invoiced, percent)
  const whole = decimal(header, 'TotalDiscountAmount')
  const counted = work.lines.filter((line) => statusOfLine(line) !== 'Canceled')
  const isLast = counted.every((line) => compare(decimal(line, 'RemainingDeliveryQuantity'), '0') === 0)
  if (isLast) return subtract(whole, before)
  const all = add('0', ...counted.map((line) => decimal(line, 'LineAmount')))
  return compare(all, '0') === 0 ? '0' : partAmount(whole, { upTo: invoiced, of: all, taken: '0' })
}

function invoiceAddress(header: Row): Fields {
  const parts = ['Street', 'StreetNumber', 'City', 'ZipCode', 'CountryRegionId', 'CountryRegionISOCode']
  const fields = Object.fromEntries(parts.map((part) => [`InvoiceAddress${part}`, text(header, `InvoiceAddress${part}`)]))
  return { ...fields, InvoiceAddressState: text(header, 'InvoiceAddressStateId') }
}

async function insertInvoiceLine(tx: Tx, part: Part, invoice: Row): Promise<void> {
  const { line } = part
  const same = ['dataAreaId', 'ItemNumber', 'ProductNumber', 'ProductName', 'CurrencyCode', 'SalesUnitSymbol', 'SalesOrderNumber']
  const dimensions = [
    'ProductSizeId',
    'ProductColorId',
    'ProductConfigurationId',
    'ProductStyleId',
    'ProductVersionId',
    'ItemBatchNumber',
  ]
  const categories = ['SalesProductCategoryName', 'SalesProductCategoryHierarchyName', 'InventoryLotId']
  await insertRow(tx, 'sales_invoice_line', {
    ...Object.fromEntries([...same, ...dimensions, ...categories].map((field) => [field, text(line, field)])),
    InvoiceNumber: text(invoice, 'InvoiceNumber'),
    InvoiceDate: text(invoice, 'InvoiceDate'),
    LedgerVoucher: text(invoice, 'LedgerVoucher'),
    LineCreationSequenceNumber: Number(line.LineCreationSequenceNumber),
    ProductDescription: text(line, 'LineDescription'),
    InventorySiteId: text(line, 'ShippingSiteId'),
    InventoryWarehouseId: text(line, 'ShippingWarehouseId'),
    ConfirmedShippingDate: text(line, 'ConfirmedShippingDate'),
    InvoicedQuantity: part.quantity,
    SalesPrice: decimal(line, 'SalesPrice'),
    LineAmount: part.amount,
    LineTotalDiscountAmount: part.discount,
    LineTotalTaxAmount: part.tax,
    LineTotalChargeAmount: '0',
  })
}

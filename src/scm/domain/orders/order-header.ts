import { equal } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { isOnHold } from '../customers.ts'
import { refuse, refuseField } from '../infolog.ts'
import { nextNumber } from '../number-sequences.ts'
import { checkFilled, checkReferences, DOCUMENT_REFERENCES, type Reference } from '../references.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from '../rows.queries.ts'
import { decimal, type Fields, has, type Row, text, type WriteContext, without } from '../rows.ts'
import { cancelOrder } from './cancel.ts'
import { completedDelivery, headerDefaults } from './header-defaults.ts'
import { checkOpen, lockLines, settleOrder } from './settle.ts'

const ENTITY = 'SalesOrderHeaderV2Entity'

const REFERENCES: readonly Reference[] = [
  {
    field: 'OrderingCustomerAccountNumber',
    label: 'Customer account',
    table: 'customer',
    key: 'CustomerAccount',
    tableLabel: 'Customers',
  },
  ...DOCUMENT_REFERENCES,
  {
    field: 'DeliveryModeCode',
    label: 'Mode of delivery',
    table: 'delivery_mode',
    key: 'ModeCode',
    tableLabel: 'Modes of delivery',
  },
  {
    field: 'DeliveryTermsCode',
    label: 'Delivery terms',
    table: 'delivery_term',
    key: 'TermsCode',
    tableLabel: 'Terms of delivery',
  },
]

const LENGTHS_MAX = { SalesOrderNumber: 20, SalesOrderName: 60, CustomersOrderReference: 60, CustomerRequisitionNumber: 50 }

/** Fields that order processing sets: given values are passed over, as the entity does not let them be edited. */
const COMPUTED = [
  'SalesOrderStatus',
  'SalesOrderProcessingStatus',
  'DocumentStatus',
  'OrderTotalAmount',
  'OrderTotalTaxAmount',
  'OrderTotalDiscountAmount',
  'TotalDiscountAmount',
  'AreTotalsCalculated',
  'OrderCreationDateTime',
  'FormattedDelveryAddress',
  'FormattedInvoiceAddress',
]

/** Header fields whose change goes on to the open lines that still had the header's value. */
const INHERITED = [
  'RequestedShippingDate',
  'RequestedReceiptDate',
  'ConfirmedShippingDate',
  'ConfirmedReceiptDate',
  'DeliveryModeCode',
  'DeliveryAddressName',
  'DeliveryAddressDescription',
  'DeliveryAddressLocationId',
  'DeliveryAddressStreet',
  'DeliveryAddressStreetNumber',
  'DeliveryAddressCity',
  'DeliveryAddressZipCode',
  'DeliveryAddressStateId',
  'DeliveryAddressCountryRegionId',
  'DeliveryAddressCountryRegionISOCode',
]

/** A new order, open and empty. Its number may be given; without one the sequence gives it. */
export async function insertOrder(tx: Tx, company: string, allGiven: Fields, context: WriteContext): Promise<Row> {
  const given = Object.fromEntries(
    Object.entries(without(allGiven, COMPUTED)).filter(([, value]) => value !== null && value !== ''),
  )
  checkFilled(ENTITY, given, { OrderingCustomerAccountNumber: 'Customer account' })
  await checkHeader(tx, company, given)
  const account = text(given, 'OrderingCustomerAccountNumber')
  const customer = await getRow(tx, 'customer', { dataAreaId: company, CustomerAccount: account })
  if (isOnHold(customer, 'order'))
    refuse(`Customer ${account} is on hold for all transactions. The sales order cannot be created.`)
  const number = has(given, 'SalesOrderNumber') ? text(given, 'SalesOrderNumber') : await nextNumber(tx, company, 'salesOrder')
  if ((await findRow(tx, 'sales_order_header', { dataAreaId: company, SalesOrderNumber: number })) !== undefined)
    refuse(`Cannot create a record in Sales orders (SalesTable). Sales order: ${number}. The record already exists.`)
  const fields = { ...(await headerDefaults(tx, given, customer, context)), ...given }
  const { formatted, ...country } = completedDelivery(fields)
  return insertRow(tx, 'sales_order_header', {
    ...fields,
    ...country,
    FormattedDelveryAddress: formatted ?? '',
    SalesOrderNumber: number,
    dataAreaId: company,
  })
}

/** Changes an open order. A processing status of Canceled cancels what remains; any other status is the order's own business. */
export async function updateOrder(tx: Tx, row: Row, given: Fields, context: WriteContext): Promise<Row> {
  const header = await getRow(tx, 'sales_order_header', { recid: row.recid }, 'lock')
  if (given.SalesOrderProcessingStatus === 'Canceled' && header.SalesOrderProcessingStatus !== 'Canceled') {
    await updateOrder(tx, header, without(given, ['SalesOrderProcessingStatus']), context)
    return cancelOrder(tx, keyOf(header))
  }
  const company = text(header, 'dataAreaId')
  const fields = changedFields(header, without(given, ['dataAreaId', 'SalesOrderNumber', ...COMPUTED]))
  if (Object.keys(fields).length === 0) return header
  const isHoldOnly = Object.keys(fields).every((field) => field === 'IsSalesProcessingStopped')
  if (!isHoldOnly) checkOpen(header)
  await checkHeader(tx, company, fields)
  const lines = await lockLines(tx, header)
  for (const fixed of ['OrderingCustomerAccountNumber', 'CurrencyCode']) {
    if (fixed in fields && lines.length > 0)
      refuseField(
        ENTITY,
        fixed,
        `Field '${fixed}' cannot be changed because sales order ${text(header, 'SalesOrderNumber')} has lines.`,
      )
  }
  const { formatted, ...country } = completedDelivery({ ...header, ...freshCountry(fields) })
  const after = await updateRow(tx, 'sales_order_header', header.recid, {
    ...fields,
    ...country,
    FormattedDelveryAddress: formatted ?? '',
  })
  await passOnToLines(tx, header, after, lines)
  return settleOrder(tx, after)
}

/** Deletes an order with its lines, unless something of it has been delivered. */
export async function removeOrder(tx: Tx, row: Row): Promise<void> {
  const header = await getRow(tx, 'sales_order_header', { recid: row.recid }, 'lock')
  const lines = await lockLines(tx, header)
  if (lines.some((line) => !equal(decimal(line, 'DeliveredQuantity'), '0')))
    refuse(`Sales order ${text(header, 'SalesOrderNumber')} cannot be deleted because deliveries are posted.`)
  if (lines.some((line) => !equal(decimal(line, 'PickedQuantity'), '0')))
    refuse(`Sales order ${text(header, 'SalesOrderNumber')} cannot be deleted because lines are picked.`)
  for (const line of lines) await deleteRow(tx, 'sales_order_line', line.recid)
  await deleteRow(tx, 'sales_order_header', header.recid)
}

export function keyOf(header: Row): { company: string; number: string } {
  return { company: text(header, 'dataAreaId'), number: text(header, 'SalesOrderNumber') }
}

/** The given fields whose value is not the row's already; a number in another form ('2.0' for '2') counts as a change. */
export function changedFields(row: Row, given: Fields): Fields {
  return Object.fromEntries(Object.entries(given).filter(([field, value]) => !isSameValue(row[field], value)))
}

async function checkHeader(tx: Tx, company: string, fields: Fields): Promise<void> {
  for (const [field, lengthMax] of Object.entries(LENGTHS_MAX)) {
    if (text(fields, field).length > lengthMax)
      refuseField(ENTITY, field, `The length of field '${field}' must not exceed ${lengthMax} characters.`)
  }
  await checkReferences(tx, { entity: ENTITY, company, fields }, REFERENCES)
}

/** A country given in one form only makes the other form start anew. */
function freshCountry(fields: Fields): Fields {
  const id = 'DeliveryAddressCountryRegionId'
  const iso = 'DeliveryAddressCountryRegionISOCode'
  if (id in fields && !(iso in fields)) return { ...fields, [iso]: '' }
  return iso in fields && !(id in fields) ? { ...fields, [id]: '' } : fields
}

async function passOnToLines(tx: Tx, before: Row, after: Row, lines: readonly Row[]): Promise<void> {
  const changed = INHERITED.filter((field) => !isSameValue(before[field], after[field]))
  if (changed.length === 0) return
  for (const line of lines) {
    if (line.SalesOrderLineStatus !== 'Backorder') continue
    const fields = changed
      .filter((field) => isSameValue(line[field], before[field]))
      .map((field) => [field, text(after, field)] as const)
    if (fields.length === 0) continue
    const own = Object.fromEntries(fields)
    const { formatted } = completedDelivery({ ...line, ...own })
    await updateRow(tx, 'sales_order_line', line.recid, { ...own, FormattedDeliveryAddress: formatted ?? '' })
  }
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string' && a !== b && /^\d{4}-\d\d-\d\dT/.test(a))
    return Date.parse(a) === Date.parse(b)
  return String(a ?? '') === String(b ?? '')
}

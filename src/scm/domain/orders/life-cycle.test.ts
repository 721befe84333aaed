import assert from 'node:assert/strict'
import test from 'node:test'
import { add } from '#lib/decimal.ts'
import type { Database } from '#postgres/database.ts'
import { createTestDatabase } from '../../../../tests/support/database.ts'
import { createSmallCompany, SMALL_COMPANY_NOW_MS } from '../../../../tests/support/small-company.ts'
import { InfologError } from '../infolog.ts'
import { findRow, getRow, listRows, updateRow } from '../rows.queries.ts'
import type { Fields, Row } from '../rows.ts'
import { writers } from '../writers.ts'
import { cancelOrder } from './cancel.ts'
import { confirmOrder } from './confirm.ts'
import { invoiceOrder } from './invoice.ts'
import { pickOrder } from './pick.ts'
import { shipOrder } from './ship.ts'

const context = { nowMs: SMALL_COMPANY_NOW_MS }

test('an order goes from active to invoiced, with its quantities and stock at each step', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [
    { ItemNumber: 'P1', OrderedSalesQuantity: '10' },
    { ItemNumber: 'P2', OrderedSalesQuantity: '4' },
  ])
  assert.deepEqual(await state(t.database, key), ['Backorder', 'Active', '110', '0/10/0 0/4/0', '100/0 100/0'])

  await t.database.transaction((tx) => confirmOrder(tx, key, context))
  assert.deepEqual(await state(t.database, key), ['Backorder', 'Confirmed', '110', '0/10/0 0/4/0', '100/0 100/0'])

  await t.database.transaction((tx) => pickOrder(tx, key))
  assert.deepEqual(await state(t.database, key), ['Backorder', 'Picked', '110', '0/10/0 0/4/0', '100/10 100/4'])

  const [first, second] = await lotsOf(t.database, key)
  await t.database.transaction((tx) => shipOrder(tx, key, { [first]: '6' }, context))
  assert.deepEqual(await state(t.database, key), ['Backorder', 'PartiallyDelivered', '110', '6/4/0 0/4/0', '94/4 100/4'])

  const partial = await t.database.transaction((tx) => invoiceOrder(tx, key, context))
  assert.equal(partial.TotalInvoiceAmount, '60')
  assert.equal(partial.DueDate, '2026-04-09T12:00:00.000Z')
  assert.deepEqual(await state(t.database, key), ['Backorder', 'PartiallyInvoiced', '110', '6/4/6 0/4/0', '94/4 100/4'])

  await t.database.transaction((tx) => shipOrder(tx, key, { [first]: '4', [second]: '4' }, context))
  assert.deepEqual(await state(t.database, key), ['Delivered', 'Delivered', '110', '10/0/6 4/0/0', '90/0 96/0'])

  const rest = await t.database.transaction((tx) => invoiceOrder(tx, key, context))
  assert.equal(rest.TotalInvoiceAmount, '50')
  assert.deepEqual(await state(t.database, key), ['Invoiced', 'Invoiced', '110', '10/0/10 4/0/4', '90/0 96/0'])
  await refused(t.database, (tx) => shipOrder(tx, key, 'all', context), /nothing left to deliver/)
  await refused(t.database, (tx) => invoiceOrder(tx, key, context), /not invoiced/)
})

test('more than remains, a negative quantity and a line of another order are not delivered', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [{ ItemNumber: 'P1', OrderedSalesQuantity: '5' }])
  const [lot] = await lotsOf(t.database, key)
  await refused(t.database, (tx) => shipOrder(tx, key, { [lot]: '6' }, context), /more than the 5 that remain/)
  await refused(t.database, (tx) => shipOrder(tx, key, { [lot]: '-1' }, context), /negative/)
  await refused(t.database, (tx) => shipOrder(tx, key, { elsewhere: '1' }, context), /does not belong/)
  assert.deepEqual(await state(t.database, key), ['Backorder', 'Active', '50', '0/5/0', '100/0 100/0'])
})

test('what is set aside for one order is not delivered to another', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const one = await placeOrder(t.database, [{ ItemNumber: 'P1', OrderedSalesQuantity: '90' }])
  const other = await placeOrder(t.database, [{ ItemNumber: 'P1', OrderedSalesQuantity: '1', SalesUnitSymbol: 'box' }])
  await t.database.transaction((tx) => pickOrder(tx, one))
  await refused(t.database, (tx) => shipOrder(tx, other, 'all', context), /only 10 is available/)
  await t.database.transaction((tx) => cancelOrder(tx, one))
  await t.database.transaction((tx) => shipOrder(tx, other, 'all', context))
  assert.deepEqual(await state(t.database, other), ['Delivered', 'Delivered', '120', '1/0/0', '88/0 100/0'])
})

test('cancelling keeps what is delivered, and an order of which nothing was delivered is canceled', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [
    { ItemNumber: 'P1', OrderedSalesQuantity: '10' },
    { ItemNumber: 'P2', OrderedSalesQuantity: '4' },
  ])
  const [first, second] = await lotsOf(t.database, key)
  await t.database.transaction((tx) => cancelOrder(tx, key, second))
  assert.deepEqual(await state(t.database, key), ['Backorder', 'Active', '100', '0/10/0 0/0/0', '100/0 100/0'])
  await t.database.transaction((tx) => shipOrder(tx, key, { [first]: '3' }, context))
  await t.database.transaction((tx) => cancelOrder(tx, key))
  assert.deepEqual(await state(t.database, key), ['Delivered', 'Delivered', '100', '3/0/0 0/0/0', '97/0 100/0'])
  const none = await placeOrder(t.database, [{ ItemNumber: 'P2', OrderedSalesQuantity: '1' }])
  await t.database.transaction((tx) => cancelOrder(tx, none))
  assert.equal((await state(t.database, none))[1], 'Canceled')
  await refused(t.database, (tx) => confirmOrder(tx, none, context), /is canceled/)
})

test('a stopped order and a customer on hold are not processed until released', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [{ ItemNumber: 'P1' }], { IsSalesProcessingStopped: 'Yes' })
  await refused(t.database, (tx) => confirmOrder(tx, key, context), /is stopped/)
  await t.database.transaction(async (tx) => {
    const header = await getRow(tx, 'sales_order_header', { SalesOrderNumber: key.number })
    await writers.sales_order_header?.update(tx, header, { IsSalesProcessingStopped: 'No' }, context)
    await hold(tx, 'All')
  })
  await refused(t.database, (tx) => confirmOrder(tx, key, context), /on hold \(All\)/)
  await assert.rejects(placeOrder(t.database, [{ ItemNumber: 'P1' }]), /on hold for all transactions/)
  await t.database.transaction((tx) => hold(tx, 'Invoice'))
  await t.database.transaction((tx) => confirmOrder(tx, key, context))
  await refused(t.database, (tx) => shipOrder(tx, key, 'all', context), /on hold \(Invoice\)/)
})

test('an order beyond a mandatory credit limit is not confirmed and stays as it was', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  await t.database.transaction(async (tx) => {
    const customer = await getRow(tx, 'customer', { CustomerAccount: 'US-001' })
    await updateRow(tx, 'customer', customer.recid, { CreditLimit: '100', CreditLimitIsMandatory: 'Yes' })
  })
  const within = await placeOrder(t.database, [{ ItemNumber: 'P1', OrderedSalesQuantity: '8' }])
  const beyond = await placeOrder(t.database, [{ ItemNumber: 'P1', OrderedSalesQuantity: '3' }])
  await t.database.transaction((tx) => confirmOrder(tx, within, context))
  await refused(
    t.database,
    (tx) => confirmOrder(tx, beyond, context),
    /limit 100\.00, open invoices 0\.00, orders including this one 110\.00/,
  )
  await t.database.transaction((tx) => shipOrder(tx, within, 'all', context))
  const invoice = await t.database.transaction((tx) => invoiceOrder(tx, within, context))
  await refused(t.database, (tx) => confirmOrder(tx, beyond, context), /open invoices 80\.00, orders including this one 30\.00/)
  await t.database.transaction((tx) => updateRow(tx, 'sales_invoice_header', invoice.recid, { SettledAmount: '80' }))
  await t.database.transaction((tx) => confirmOrder(tx, beyond, context))
  assert.equal((await state(t.database, beyond))[1], 'Confirmed')
})

test('a line is refused for an unknown or stopped item, a bad quantity or unit, and a missing site', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const refusals: [Fields, RegExp][] = [
    [{ ItemNumber: 'NO' }, /The value 'NO' in field 'Item number' is not found/],
    [{ ItemNumber: 'P1', OrderedSalesQuantity: '0' }, /greater than zero/],
    [{ ItemNumber: 'P1', OrderedSalesQuantity: '-2' }, /greater than zero/],
    [{ ItemNumber: 'P1', OrderedSalesQuantity: '1.5' }, /more than the 0 decimals of unit ea/],
    [{ ItemNumber: 'P1', SalesUnitSymbol: 'kg' }, /conversion from kg to ea does not exist/],
    [{ ItemNumber: 'P1', SalesUnitSymbol: 'nope' }, /'nope' in field 'Unit'/],
    [{ ItemNumber: 'P1', ShippingWarehouseId: '99' }, /'99' in field 'Warehouse'/],
  ]
  for (const [line, reason] of refusals) await assert.rejects(placeOrder(t.database, [line]), reason)
  await t.database.transaction(async (tx) => {
    const customer = await getRow(tx, 'customer', { CustomerAccount: 'US-001' })
    await updateRow(tx, 'customer', customer.recid, { WarehouseId: '' })
    const product = await getRow(tx, 'released_product', { ItemNumber: 'P2' })
    await updateRow(tx, 'released_product', product.recid, { IsSalesProcessingStopped: 'Yes' })
  })
  await assert.rejects(placeOrder(t.database, [{ ItemNumber: 'P1' }]), /Inventory dimension Site is mandatory/)
  await assert.rejects(placeOrder(t.database, [{ ItemNumber: 'P2' }]), /Item 'P2' is blocked for 'Sales order'/)
  const orders = await t.database.read((tx) => listRows(tx, 'sales_order_header', {}, 'recid'))
  assert.equal(orders.length, 0)
})

test('an order takes address, terms and price group from its customer, and its own changes reach the open lines', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [{ ItemNumber: 'P1' }])
  const header = await t.database.read((tx) => getRow(tx, 'sales_order_header', { SalesOrderNumber: key.number }))
  assert.equal(header.DeliveryAddressCity, 'Seattle')
  assert.equal(header.FormattedDelveryAddress, '1 Main Street\nSeattle, WA 98101\nUSA')
  assert.equal(header.PaymentTermsName, 'Net30')
  assert.equal(header.PriceCustomerGroupCode, 'GOLD')
  assert.equal(header.RequestedShippingDate, '2026-03-10T12:00:00.000Z')
  const line = await t.database.transaction(async (tx) => {
    await writers.sales_order_header?.update(
      tx,
      header,
      { RequestedShippingDate: '2026-04-01T12:00:00Z', DeliveryAddressCity: 'Tacoma' },
      context,
    )
    return getRow(tx, 'sales_order_line', { SalesOrderNumber: key.number })
  })
  assert.equal(line.RequestedShippingDate, '2026-04-01T12:00:00.000Z')
  assert.equal(line.DeliveryAddressCity, 'Tacoma')
})

test('an order that came with its own tax, charges and discount keeps them, and its invoices add up to them', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const key = await placeOrder(t.database, [
    { ItemNumber: 'P1', OrderedSalesQuantity: '3' },
    { ItemNumber: 'P2', OrderedSalesQuantity: '4' },
  ])
  await t.database.transaction(async (tx) => {
    const header = await getRow(tx, 'sales_order_header', { SalesOrderNumber: key.number })
    const own = { OrderHeaderTaxAmount: '3.2', OrderTotalChargesAmount: '1.5', TotalDiscountAmount: '0.1' }
    await updateRow(tx, 'sales_order_header', header.recid, own)
    const line = await getRow(tx, 'sales_order_line', { SalesOrderNumber: key.number, ItemNumber: 'P1' })
    await updateRow(tx, 'sales_order_line', line.recid, { LineAmount: '29.9999' })
    await writers.sales_order_line?.update(tx, line, { ConfirmedShippingDate: '2026-03-12T12:00:00Z' }, context)
  })
  assert.equal((await state(t.database, key))[2], '44.5999')
  const [first] = await lotsOf(t.database, key)
  const totals: string[] = []
  for (const part of [{ [first]: '1' }, { [first]: '1' }, 'all'] as const) {
    await t.database.transaction((tx) => shipOrder(tx, key, part, context))
    totals.push(String((await t.database.transaction((tx) => invoiceOrder(tx, key, context))).TotalInvoiceAmount))
  }
  assert.equal(add('0', ...totals), '44.5999')
})

type Key = { company: string; number: string }

async function placeOrder(database: Database, lines: readonly Fields[], fields: Fields = {}): Promise<Key> {
  return database.transaction(async (tx) => {
    const header = await insert(tx, 'sales_order_header', { OrderingCustomerAccountNumber: 'US-001', ...fields })
    const number = String(header.SalesOrderNumber)
    for (const line of lines) await insert(tx, 'sales_order_line', { SalesOrderNumber: number, ...line })
    return { company: 'usmf', number }
  })
}

type Tx = Parameters<Parameters<Database['transaction']>[0]>[0]

function insert(tx: Tx, table: string, fields: Fields): Promise<Row> {
  const writer = writers[table]
  assert.ok(writer)
  return writer.insert(tx, 'usmf', fields, context)
}

async function hold(tx: Tx, status: string): Promise<void> {
  const customer = await getRow(tx, 'customer', { CustomerAccount: 'US-001' })
  await updateRow(tx, 'customer', customer.recid, { OnHoldStatus: status })
}

/** Status, processing status, total, delivered/remaining/invoiced of each line, on hand/reserved of P1 and P2. */
function state(database: Database, key: Key): Promise<string[]> {
  return database.read(async (tx) => {
    const header = await getRow(tx, 'sales_order_header', { SalesOrderNumber: key.number })
    const lines = await listRows(tx, 'sales_order_line', { SalesOrderNumber: key.number }, 'LineNumber')
    const stock = await listRows(tx, 'warehouse_on_hand', {}, 'ItemNumber')
    return [
      String(header.SalesOrderStatus),
      String(header.SalesOrderProcessingStatus),
      String(Number(header.OrderTotalAmount)),
      lines.map((l) => `${l.DeliveredQuantity}/${l.RemainingDeliveryQuantity}/${l.InvoicedQuantity}`).join(' '),
      stock.map((s) => `${s.OnHandQuantity}/${s.ReservedOnHandQuantity}`).join(' '),
    ]
  })
}

async function lotsOf(database: Database, key: Key): Promise<[string, string]> {
  const lines = await database.read((tx) => listRows(tx, 'sales_order_line', { SalesOrderNumber: key.number }, 'LineNumber'))
  return [String(lines[0]?.InventoryLotId), String(lines[1]?.InventoryLotId)]
}

async function refused(database: Database, work: (tx: Tx) => Promise<unknown>, reason: RegExp): Promise<void> {
  await assert.rejects(
    database.transaction(async (tx) => {
      assert.ok(await findRow(tx, 'legal_entity', { DataArea: 'usmf' }))
      return work(tx)
    }),
    (error) => error instanceof InfologError && reason.test(error.message),
  )
}

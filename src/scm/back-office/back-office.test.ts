import assert from 'node:assert/strict'
import test from 'node:test'
import { createHttpServer, type HttpServer } from '#http/server.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Database } from '#postgres/database.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { createSmallCompany, SMALL_COMPANY_NOW_MS } from '../../../tests/support/small-company.ts'
import { getRow, updateRow } from '../domain/rows.queries.ts'
import type { Row } from '../domain/rows.ts'
import { writers } from '../domain/writers.ts'
import { createFaults } from '../faults.ts'
import { registerBackOffice } from './back-office.ts'

test('a seller confirms, ships a part, invoices it and cancels the rest by forms alone', async () => {
  await using t = await createTestDatabase()
  const { server, path, lot } = await startBackOffice(t.database)
  assert.match((await server.inject('/orders?status=Active')).body, /SO-000001/)

  await submit(server, `${path}/confirmations`, {})
  await submit(server, `${path}/packing-slips`, { [`quantity.${lot}`]: '4' })
  await submit(server, `${path}/invoices`, {})
  await submit(server, `${path}/cancellations`, {})
  const page = (await server.inject(path)).body
  for (const shown of [/Invoiced/, /PS-000001/, /CIV-000001/, /40\.00 USD/]) assert.match(page, shown)
  const header = await order(t.database)
  assert.equal(header.SalesOrderProcessingStatus, 'Invoiced')
  await server.close()
})

test('what the ERP refuses is told on the page and changes nothing', async () => {
  await using t = await createTestDatabase()
  const { server, path, lot } = await startBackOffice(t.database)
  const refused = await send(server, `${path}/packing-slips`, { [`quantity.${lot}`]: '11' })
  assert.equal(refused.statusCode, 422)
  assert.match(refused.body, /more than the 10 that remain/)
  const nothing = await send(server, `${path}/packing-slips`, {})
  assert.match(nothing.body, /Enter the quantity/)
  const dates = await send(server, `${path}/schedules`, { shipping: '2026-05-02', receipt: '2026-05-01' })
  assert.match(dates.body, /must not be before the shipping date/)
  assert.equal((await order(t.database)).SalesOrderProcessingStatus, 'Active')
  await server.close()
})

test('a form that another site sent is refused', async () => {
  await using t = await createTestDatabase()
  const { server, path } = await startBackOffice(t.database)
  const foreign = [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://elsewhere.example' }, { origin: 'null' }]
  for (const headers of foreign) {
    const answer = await server.inject({ method: 'POST', url: `${path}/confirmations`, headers })
    assert.equal(answer.statusCode, 403)
  }
  assert.equal((await order(t.database)).SalesOrderProcessingStatus, 'Active')
  await server.close()
})

test('a script in a name is shown as text', async () => {
  await using t = await createTestDatabase()
  const { server, path } = await startBackOffice(t.database)
  await t.database.transaction(async (tx) => {
    const customer = await getRow(tx, 'customer', { CustomerAccount: 'US-001' })
    await updateRow(tx, 'customer', customer.recid, { OrganizationName: '<script>alert(1)</script>' })
  })
  for (const url of ['/orders', path, '/customers', '/customers/usmf/US-001', `/orders?q=${encodeURIComponent('"><script>')}`]) {
    const answer = await server.inject(url)
    assert.equal(answer.statusCode, 200)
    assert.doesNotMatch(answer.body, /<script/)
  }
  await server.close()
})

test('a customer is blocked, a price and a stock count are changed, and a fault plan is switched on and off', async () => {
  await using t = await createTestDatabase()
  const { server, faults } = await startBackOffice(t.database)
  await submit(server, '/customers/usmf/US-001/terms', { hold: 'All', limit: '500,50', mandatory: 'Yes' })
  await submit(server, '/products/usmf/P1/terms', { price: '12.25', stopped: 'No' })
  await submit(server, '/products/usmf/P1/counts', { warehouse: '11', quantity: '7' })
  await t.database.read(async (tx) => {
    const customer = await getRow(tx, 'customer', { CustomerAccount: 'US-001' })
    assert.deepEqual([customer.OnHoldStatus, customer.CreditLimit, customer.CreditLimitIsMandatory], ['All', '500.5', 'Yes'])
    assert.equal((await getRow(tx, 'released_product', { ItemNumber: 'P1' })).SalesPrice, '12.25')
    assert.equal((await getRow(tx, 'warehouse_on_hand', { ItemNumber: 'P1' })).AvailableOnHandQuantity, '7')
  })
  await submit(server, '/fault-plan', { latencyMin: '10', latencyMax: '20', throttleRate: '0.5', retryAfter: '2', outage: 'no' })
  assert.deepEqual(faults.get(), { latencyMs: [10, 20], throttle: { rate: 0.5, retryAfterSeconds: 2 } })
  const wrong = await send(server, '/fault-plan', { throttleRate: '7' })
  assert.equal(wrong.statusCode, 422)
  await submit(server, '/fault-plan', {})
  assert.deepEqual(faults.get(), {})
  await server.close()
})

async function startBackOffice(database: Database) {
  await createSmallCompany(database)
  const context = { nowMs: SMALL_COMPANY_NOW_MS }
  const lot = await database.transaction(async (tx) => {
    const header = await writers.sales_order_header?.insert(tx, 'usmf', { OrderingCustomerAccountNumber: 'US-001' }, context)
    const line = { SalesOrderNumber: String(header?.SalesOrderNumber), ItemNumber: 'P1', OrderedSalesQuantity: '10' }
    return String((await writers.sales_order_line?.insert(tx, 'usmf', line, context))?.InventoryLotId)
  })
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'x'.repeat(32) })
  const faults = createFaults()
  registerBackOffice(server, { database, clock: systemClock, faults })
  return { server, faults, lot, path: '/orders/usmf/SO-000001' }
}

function send(server: HttpServer, url: string, form: Readonly<Record<string, string>>) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
  return server.inject({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() })
}

async function submit(server: HttpServer, url: string, form: Readonly<Record<string, string>>): Promise<void> {
  const answer = await send(server, url, form)
  assert.equal(answer.statusCode, 303, answer.body)
  assert.equal((await server.inject(String(answer.headers.location))).statusCode, 200)
}

function order(database: Database): Promise<Row> {
  return database.read((tx) => getRow(tx, 'sales_order_header', { SalesOrderNumber: 'SO-000001' }))
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { listInconsistencies } from '../domain/consistency.queries.ts'
import { listRows } from '../domain/rows.queries.ts'
import { createDemoCompany, loadDemoCompany } from './demo.ts'

const TODAY_MS = Date.parse('2026-03-10T09:30:00Z')
const ORDERS_COUNT = 600

test('the same seed and day make the same company, another seed makes another', () => {
  const digest = (seed: number) => {
    const tables = createDemoCompany({ todayMs: TODAY_MS, seed, ordersCount: 100 })
    return createHash('sha256')
      .update(JSON.stringify([...tables]))
      .digest('hex')
  }
  assert.equal(digest(7), digest(7))
  assert.notEqual(digest(7), digest(8))
})

test('every order adds up: lines, deliveries, invoices, stock, statuses and numbers', async () => {
  await using t = await createTestDatabase()
  await migrate(t.database, [{ module: 'scm', folder: new URL('../migrations', import.meta.url).pathname }])
  await loadDemoCompany(t.database, undefined, { todayMs: TODAY_MS, ordersCount: ORDERS_COUNT })
  const found = await t.database.read((tx) => listInconsistencies(tx))
  assert.deepEqual(found, [])
  const events = await t.database.read((tx) => listRows(tx, 'data_event', {}, 'id'))
  assert.equal(events.length, 0, 'a load writes no data events')
})

test('the demo has its people, every state for Fabrikam, and a customer on hold', () => {
  const tables = createDemoCompany({ todayMs: TODAY_MS, ordersCount: ORDERS_COUNT })
  const rows = (table: string) => tables.get(table) ?? []
  const emails = new Map(rows('contact_person').map((row) => [row.PrimaryEmailAddress, row]))
  for (const who of ['nora', 'jane', 'sam'])
    assert.equal(emails.get(`${who}@fabrikam.example`)?.AssociatedContactNumber, 'US-001')
  assert.equal(emails.get('may@tailspin.example')?.AssociatedContactNumber, 'US-002')
  assert.equal(emails.get('alex@fabrikam.example')?.LanguageId, '')
  const fabrikam = rows('sales_order_header').filter(
    (row) => row.OrderingCustomerAccountNumber === 'US-001' && row.dataAreaId === 'usmf',
  )
  const states = new Set(fabrikam.map((row) => row.SalesOrderProcessingStatus))
  for (const state of [
    'Active',
    'Confirmed',
    'Picked',
    'PartiallyDelivered',
    'Delivered',
    'PartiallyInvoiced',
    'Invoiced',
    'Canceled',
  ])
    assert.ok(states.has(state), `Fabrikam has an order that is ${state}`)
  const placedBy = new Set(fabrikam.map((row) => row.ContactPersonId))
  for (const who of ['jane@fabrikam.example', 'sam@fabrikam.example'])
    assert.ok(placedBy.has(emails.get(who)?.ContactPersonId ?? '?'))
  assert.ok(placedBy.has(''), 'some orders name nobody')
  assert.ok(fabrikam.some((row) => row.IsSalesProcessingStopped === 'Yes'))
  assert.ok(rows('customer').some((row) => row.OnHoldStatus === 'All'))
  const names = new Set(
    rows('sales_order_line')
      .filter((row) => fabrikam.some((order) => order.SalesOrderNumber === row.SalesOrderNumber))
      .map((row) => row.ProductName),
  )
  assert.ok(
    [...names].some((name) => String(name).includes('«')),
    'Fabrikam buys products with French names',
  )
})

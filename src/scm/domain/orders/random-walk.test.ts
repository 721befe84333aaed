import assert from 'node:assert/strict'
import test from 'node:test'
import type { Database, Tx } from '#postgres/database.ts'
import { createTestDatabase } from '../../../../tests/support/database.ts'
import { createSmallCompany, SMALL_COMPANY_NOW_MS } from '../../../../tests/support/small-company.ts'
import { createRandom, type Random } from '../../data/demo/random.ts'
import { listInconsistencies } from '../consistency.queries.ts'
import { InfologError } from '../infolog.ts'
import { listRows } from '../rows.queries.ts'
import { type Row, text } from '../rows.ts'
import { writers } from '../writers.ts'
import { cancelOrder } from './cancel.ts'
import { confirmOrder } from './confirm.ts'
import { invoiceOrder } from './invoice.ts'
import { pickOrder } from './pick.ts'
import type { OrderKey } from './processing.ts'
import { shipOrder } from './ship.ts'

const context = { nowMs: SMALL_COMPANY_NOW_MS }
const STEPS = 220

for (const seed of [1, 2, 3]) {
  test(`whatever a seller and a buyer do, everything still adds up (seed ${seed})`, async () => {
    await using t = await createTestDatabase()
    await createSmallCompany(t.database)
    const random = createRandom(seed)
    let done = 0
    for (let step = 0; step < STEPS; step++) {
      try {
        await t.database.transaction((tx) => doSomething(tx, random))
        done += 1
      } catch (error) {
        if (!(error instanceof InfologError)) throw error
      }
    }
    assert.ok(done > STEPS / 4, `enough was done to tell: ${done}`)
    assert.deepEqual(await t.database.read((tx) => listInconsistencies(tx)), [])
    assert.ok((await countOf(t.database, 'sales_invoice_header')) > 5)
  })
}

async function doSomething(tx: Tx, random: Random): Promise<unknown> {
  const orders = await listRows(tx, 'sales_order_header', {}, 'recid')
  if (orders.length === 0 || random.chance(0.2)) return placeOrder(tx, random)
  const header = random.pick(orders)
  const key: OrderKey = { company: 'usmf', number: text(header, 'SalesOrderNumber') }
  const lines = await listRows(tx, 'sales_order_line', { SalesOrderNumber: key.number }, 'recid')
  const line = lines.length === 0 ? undefined : random.pick(lines)
  switch (
    random.weighted({
      confirm: 2,
      pick: 2,
      ship: 3,
      shipPart: 5,
      invoice: 4,
      cancel: 1,
      cancelLine: 1,
      change: 3,
      add: 2,
      remove: 1,
    })
  ) {
    case 'confirm':
      return confirmOrder(tx, key, context)
    case 'pick':
      return pickOrder(tx, key)
    case 'ship':
      return shipOrder(tx, key, 'all', context)
    case 'shipPart':
      return line && shipOrder(tx, key, { [text(line, 'InventoryLotId')]: String(random.whole(1, 6)) }, context)
    case 'invoice':
      return invoiceOrder(tx, key, context)
    case 'cancel':
      return cancelOrder(tx, key)
    case 'cancelLine':
      return line && cancelOrder(tx, key, text(line, 'InventoryLotId'))
    case 'change':
      return line && writers.sales_order_line?.update(tx, line, changes(random), context)
    case 'add':
      return addLine(tx, random, header)
    default:
      // An order keeps one line at least.
      return lines.length > 1 && line && writers.sales_order_line?.remove(tx, line, context)
  }
}

async function placeOrder(tx: Tx, random: Random): Promise<unknown> {
  const header = await writers.sales_order_header?.insert(tx, 'usmf', { OrderingCustomerAccountNumber: 'US-001' }, context)
  return header && addLine(tx, random, header)
}

function addLine(tx: Tx, random: Random, header: Row): Promise<unknown> | undefined {
  const fields = {
    SalesOrderNumber: text(header, 'SalesOrderNumber'),
    ItemNumber: random.pick(['P1', 'P2']),
    OrderedSalesQuantity: String(random.whole(1, 9)),
    SalesPrice: `${random.whole(0, 40)}.${random.whole(100, 999)}`,
    LineDiscountPercentage: random.pick(['0', '0', '7.5', '33.3']),
  }
  return writers.sales_order_line?.insert(tx, 'usmf', fields, context)
}

function changes(random: Random) {
  return random.pick([
    { OrderedSalesQuantity: String(random.whole(1, 12)) },
    { SalesPrice: '3.333' },
    { LineDiscountAmount: '0.1' },
  ])
}

async function countOf(database: Database, table: string): Promise<number> {
  return (await database.read((tx) => listRows(tx, table, {}, 'recid'))).length
}

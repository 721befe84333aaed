import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { add, compare, equal, multiply, subtract } from '../../src/lib/decimal.ts'
import { identifier, sql } from '../../src/postgres/sql.ts'
import { loadFolder } from '../../src/scm/data/load.ts'
import { createLink, type Link } from '../support/link.ts'
import { convertAdventureWorks, writeEntityFiles } from './convert.ts'
import { hasAdventureWorks, orderSubtotals } from './source.ts'

const skip = hasAdventureWorks ? false : '../shared/data/adventureworks-oltp is not here'
const folder = mkdtempSync(join(tmpdir(), 'adventureworks-'))
let link: Link

before(async () => {
  if (skip !== false) return
  writeEntityFiles(folder, convertAdventureWorks())
  link = await createLink()
  const { problems } = await loadFolder(link.erp.database, folder)
  assert.deepEqual(problems, [])
  await link.dualWrite.start()
  await link.dualWrite.whenRunning()
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await link?.[Symbol.asyncDispose]()
})

test('every row of the ERP is in the portal: 701 customers, 753 contacts, 504 products, 406 orders, 4,515 lines', {
  skip,
}, async () => {
  const expected: Record<string, { set: string; rows: number }> = {
    account: { set: 'CustomersV3', rows: 701 },
    contact: { set: 'CDSContactsV2', rows: 753 },
    product: { set: 'CDSReleasedDistinctProducts', rows: 504 },
    productpricelevel: { set: 'SalesPriceAgreements', rows: 537 },
    salesorder: { set: 'CDSSalesOrderHeaders', rows: 406 },
    salesorderdetail: { set: 'CDSSalesOrderLines', rows: 4515 },
  }
  for (const [table, { set, rows }] of Object.entries(expected)) {
    const answer = await link.erp.call(`/data/${set}/$count?cross-company=true`)
    assert.equal(Number(await answer.text()), rows, set)
    const [portal] = await link.database.read((tx) => tx.run<{ count: number }>(count(table)))
    assert.equal(portal?.count, rows, table)
  }
  const failed = (await link.dualWrite.status()).filter((map) => (map.initialSync?.failed ?? 0) > 0 || map.parked > 0)
  assert.deepEqual(failed, [])
})

test('each order’s lines add up to the data’s own subtotal, and its total is the ERP’s', { skip }, async () => {
  const subtotals = orderSubtotals()
  const orders = await link.database.read(
    (tx) => tx<{ number: string; sum: string; total: string; tax: string; freight: string }>`
      select o.msdyn_salesordernumber as number, sum(l.extendedamount)::text as sum, o.totalamount::text as total, o.totaltax::text as tax, o.freightamount::text as freight
        from tables.salesorder o join tables.salesorderdetail l on l.salesorderid = o.salesorderid group by o.salesorderid`,
  )
  assert.equal(orders.length, subtotals.size)
  for (const order of orders) {
    const difference = subtract(order.sum, subtotals.get(order.number) ?? '')
    assert.ok(
      compare(multiply(difference, difference), multiply('0.00005', '0.00005')) <= 0,
      `${order.number}: ${order.sum} is not ${subtotals.get(order.number)}`,
    )
    // The source rounds its total to four places by itself.
    const rest = subtract(order.total, add(order.sum, order.tax, order.freight))
    assert.ok(compare(multiply(rest, rest), multiply('0.0002', '0.0002')) <= 0, `${order.number}: total ${order.total}`)
  }
})

test('amounts, quantities and texts are the same on both sides, line by line', { skip }, async () => {
  const [theirs, ours] = await Promise.all([
    link.erp.database.read(
      (
        tx,
      ) => tx<Line>`select "SalesOrderNumber" as number, "LineCreationSequenceNumber" as position, "ProductNumber" as product, "OrderedSalesQuantity"::text as quantity,
               "SalesPrice"::text as price, "LineAmount"::text as amount, "DeliveredQuantity"::text as delivered from scm.sales_order_line order by 1, 2`,
    ),
    link.database.read(
      (
        tx,
      ) => tx<Line>`select o.msdyn_salesordernumber as number, l.sequencenumber as position, p.msdyn_productnumber as product, l.quantity::text as quantity,
               l.priceperunit::text as price, l.extendedamount::text as amount, l.quantityshipped::text as delivered
          from tables.salesorderdetail l join tables.salesorder o on o.salesorderid = l.salesorderid join tables.product p on p.productid = l.productid order by 1, 2`,
    ),
  ])
  assert.equal(ours.length, theirs.length)
  for (const [i, their] of theirs.entries()) {
    const our = ours[i]
    assert.ok(our)
    assert.deepEqual([our.number, our.position, our.product], [their.number, their.position, their.product])
    for (const field of ['quantity', 'price', 'amount', 'delivered'] as const)
      assert.ok(equal(our[field], their[field]), `${our.number}/${our.position} ${field}: ${our[field]} is not ${their[field]}`)
  }
})

test('products carry their French texts', { skip }, async () => {
  const [row] = await link.database.read(
    (tx) => tx<{
      count: number
      one: string
    }>`select count(*)::int as count, min(comptoir_description_fr) filter (where msdyn_productnumber = 'BK-M82B-42') as one
        from tables.product where comptoir_description_fr <> ''`,
  )
  assert.ok((row?.count ?? 0) > 200)
  assert.match(row?.one ?? '', /[éèà]/)
})

test('both sides are equal, value by value, and so the comparison says', { skip }, async () => {
  const comparison = await link.dualWrite.compareMaps()
  const differing = comparison.maps.filter((one) => one.differences > 0)
  assert.deepEqual(differing, [])
  assert.equal(comparison.equal, true)
  const rows = comparison.maps.reduce((sum, one) => sum + one.rows, 0)
  assert.ok(rows > 701 + 753 + 504 + 537 + 406 + 4515, `${rows} rows were compared`)
})

type Line = {
  number: string
  position: number
  product: string
  quantity: string
  price: string
  amount: string
  delivered: string
}

function count(table: string) {
  return sql`select count(*)::int as count from ${identifier('tables', table)}`
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { equal } from '#lib/decimal.ts'
import { engineRows } from '#tables/predicate.ts'
import { deleteRow, newRowId } from '#tables/rows.queries.ts'
import { catalog, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'

/** Each seed is a history of edits on both sides, faults, pauses and restarts. More with SIM_SEEDS, one with SIM_SEED. */
const SEEDS =
  process.env.SIM_SEED === undefined
    ? Array.from({ length: Number(process.env.SIM_SEEDS ?? 3) }, (_, i) => i + 1)
    : [Number(process.env.SIM_SEED)]
const STEPS = 60
const FIELDS = [
  ['PrimaryContactPhone', 'telephone1'],
  ['PrimaryContactFax', 'fax'],
  ['SalesMemo', 'description'],
  ['CreditRating', 'msdyn_creditrating'],
] as const

for (const seed of SEEDS) {
  test(`seed ${seed}: after random edits, faults, pauses and restarts both sides are equal and nothing is doubled`, async () => {
    await using world = await setUp()
    await world.engine.whenRunning()
    const random = randomOf(seed)
    const orders: string[] = []
    for (let step = 0; step < STEPS; step++) await takeStep(world, random, step, orders)
    delete world.erp.faults.onWrite
    world.erp.faults.outage = false
    for (const map of await world.engine.status()) if (map.state === 'paused') await world.engine.resumeMap(map.name, 'sim')
    await quiet(world)
    await until('nothing is on its way any more', async () => {
      await quiet(world)
      return (await world.engine.status()).every((map) => map.state === 'running')
    })
    assert.deepEqual(await world.engine.listParked({ map: null, rowsMax: 10 }), [])
    await assertEqual(world, orders)
  })
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function takeStep(world: World, random: () => number, step: number, orders: string[]): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const [field, column] = pick(FIELDS)
  const customer = pick(['C1', 'C2'])
  const choice = random()
  if (choice < 0.3) {
    const account = await world.row('account', 'accountnumber', customer)
    await world.edit('account', account.accountid, { [column]: `ours ${step}` })
  } else if (choice < 0.55) {
    world.erp.change('CustomersV3', `dataAreaId=usmf,CustomerAccount=${customer}`, { [field]: `theirs ${step}` })
  } else if (choice < 0.7) {
    const number = `W-${step}`
    orders.push(number)
    await placeOrder(world, number)
  } else if (choice < 0.76) {
    await editLine(world, random)
  } else if (choice < 0.82) {
    world.erp.faults.onWrite = () => pick(['lose_answer', 'retry', undefined, undefined])
  } else if (choice < 0.86) {
    delete world.erp.faults.onWrite
    world.erp.faults.outage = random() < 0.5
  } else if (choice < 0.9) {
    const map = (await world.engine.status()).find((one) => one.name === 'customers')
    if (map?.state === 'running') await world.engine.pauseMap('customers', 'sim')
    else if (map?.state === 'paused') await world.engine.resumeMap('customers', 'sim')
  } else if (choice < 0.94) {
    await world.restart()
  } else {
    await new Promise((done) => setTimeout(done, random() * 120))
  }
}

/** A line of any order gets another quantity, goes, or comes. */
async function editLine(world: World, random: () => number): Promise<void> {
  const lines = (await world.rows('salesorderdetail')).filter((one) => one.sequencenumber !== 1)
  const line = lines[Math.floor(random() * lines.length)]
  if (line === undefined) return
  const choice = random()
  if (choice < 0.5)
    await world.edit('salesorderdetail', line.salesorderdetailid, { quantity: String(1 + Math.floor(random() * 90)) })
  else if (choice < 0.75)
    await world.database.transaction((tx) =>
      deleteRow(tx, catalog.get('salesorderdetail'), String(line.salesorderdetailid), engineRows),
    )
  else {
    const { salesorderid, productid, uomid, msdyn_company } = line
    const sequencenumber = 3 + Math.floor(random() * 1_000_000)
    await world.insert('salesorderdetail', {
      salesorderdetailid: newRowId(),
      salesorderid: salesorderid ?? null,
      productid: productid ?? null,
      uomid: uomid ?? null,
      msdyn_company: msdyn_company ?? null,
      sequencenumber,
      quantity: '7',
    })
  }
}

async function assertEqual(world: World, orders: readonly string[]): Promise<void> {
  for (const account of await world.rows('account')) {
    const record = world.erp.rows('CustomersV3').find((one) => one.CustomerAccount === account.accountnumber)
    for (const [field, column] of FIELDS)
      assert.equal(account[column] ?? null, record?.[field] ?? null, `${account.accountnumber} ${column}`)
  }
  const headers = world.erp.rows('CDSSalesOrderHeaders')
  const references = headers.map((one) => one.CustomersOrderReference).filter((one) => typeof one === 'string')
  assert.deepEqual(references.sort(), [...orders].sort(), 'each order exactly once')
  const rows = await world.rows('salesorder')
  assert.equal(rows.length, headers.length)
  const lines = await world.rows('salesorderdetail')
  assert.equal(lines.length, world.erp.rows('CDSSalesOrderLines').length, 'as many lines')
  for (const line of lines) {
    const order = rows.find((one) => one.salesorderid === line.salesorderid)
    const record = world.erp
      .rows('CDSSalesOrderLines')
      .find(
        (one) => one.SalesOrderNumber === order?.msdyn_salesordernumber && one.LineCreationSequenceNumber === line.sequencenumber,
      )
    assert.ok(record, `line ${order?.ordernumber} ${line.sequencenumber}`)
    assert.ok(
      equal(String(record.OrderedSalesQuantity), String(line.quantity)),
      `quantity of ${order?.ordernumber} ${line.sequencenumber}`,
    )
  }
}

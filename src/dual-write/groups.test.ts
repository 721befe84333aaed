import assert from 'node:assert/strict'
import test from 'node:test'
import { engineRows } from '#tables/predicate.ts'
import { insertRows, listRows, newRowId, updateRow } from '#tables/rows.queries.ts'
import { catalog, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../tests/support/map-variants.ts'

async function ready(): Promise<World> {
  const world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

const usmf = { dataAreaId: 'usmf' }

function putOrder(world: World, number: string, lines: number): void {
  world.erp.put('CDSSalesOrderHeaders', { ...usmf, SalesOrderNumber: number, OrderingCustomerAccountNumber: 'C1' })
  for (let line = 1; line <= lines; line++) putLine(world, number, line)
}

function putLine(world: World, number: string, line: number, fields: Record<string, string> = {}): void {
  const key = { ...usmf, SalesOrderNumber: number, LineCreationSequenceNumber: line }
  world.erp.put('CDSSalesOrderLines', {
    ...key,
    ProductNumber: 'A1',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: '1',
    ...fields,
  })
}

/** Orders and lines as one snapshot has them. */
function oneMoment(world: World) {
  return world.database.read(async (tx) => {
    const list = (name: string, columns: string[]) =>
      listRows(tx, catalog, { table: catalog.get(name), columns, predicate: engineRows, rowsMax: 2_000 })
    return {
      orders: await list('salesorder', ['msdyn_salesordernumber']),
      lines: await list('salesorderdetail', ['salesorderid']),
    }
  })
}

test('no reader ever sees an order of the ERP without its lines, however many come at once', async () => {
  await using world = await ready()
  world.erp.deliverTo(undefined)
  const count = 120
  for (let order = 0; order < count; order++) putOrder(world, `SO-${1000 + order}`, 3)
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  const incomplete: unknown[] = []
  const seen = new Set<unknown>()
  await until('all are here', async () => {
    const { orders, lines } = await oneMoment(world)
    for (const order of orders) {
      const number = String(order.msdyn_salesordernumber)
      if (!number.startsWith('SO-1') || number === 'SO-1') continue
      seen.add(number)
      if (lines.filter((one) => one.salesorderid === order.salesorderid).length !== 3) incomplete.push(number)
    }
    return seen.size === count
  })
  await quiet(world)
  assert.deepEqual(incomplete, [])
})

test('an order one of whose lines does not fit stays away whole, with the line’s reason, and comes whole when that is put right', async () => {
  await using world = await ready()
  world.erp.deliverTo(undefined)
  putOrder(world, 'SO-50', 1)
  putLine(world, 'SO-50', 2, { OrderedSalesQuantity: 'many' })
  putOrder(world, 'SO-51', 2)
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  const numbers = async () => (await world.rows('salesorder')).map((one) => one.msdyn_salesordernumber)
  await until('the other order is here', async () => (await numbers()).includes('SO-51'))
  // Its lines ask for it again, and again, so it is not parked at every moment.
  let reason = ''
  await until('the order is parked', async () => {
    reason = (await world.engine.listParked({ map: 'sales-order-headers', rowsMax: 10 }))[0]?.reason ?? ''
    return reason !== ''
  })
  assert.match(reason, /SO-50.*LineCreationSequenceNumber=2.*many/)
  assert.ok(!(await numbers()).includes('SO-50'))
  putLine(world, 'SO-50', 2, { OrderedSalesQuantity: '4' })
  await world.engine.retryParked({ ids: 'all', map: 'sales-order-headers' }, 'dana')
  await until('it is here', async () => (await numbers()).includes('SO-50'))
  const order = await world.row('salesorder', 'msdyn_salesordernumber', 'SO-50')
  assert.equal((await world.rows('salesorderdetail')).filter((one) => one.salesorderid === order.salesorderid).length, 2)
  await world.engine.retryParked({ ids: 'all', map: null }, 'dana')
  await quiet(world)
  assert.deepEqual(await world.engine.listParked({ map: null, rowsMax: 10 }), [])
})

test('what one transaction changes of an order and its lines arrives together or not at all', async () => {
  await using world = await ready()
  const id = await placeOrder(world, 'W-1')
  await until('the ERP has it', async () => (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_salesordernumber !== null)
  await quiet(world)
  const lines = (await world.rows('salesorderdetail')).filter((one) => one.salesorderid === id)
  const [first] = lines
  const number = (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_salesordernumber
  world.erp.faults.onWrite = (write) =>
    write.operation === 'update' && write.fields.OrderedSalesQuantity === '77' ? 'reject' : undefined
  await world.database.transaction(async (tx) => {
    await updateRow(tx, catalog.get('salesorder'), id, { shipto_city: 'Kirkland' }, { predicate: engineRows })
    for (const line of lines) {
      const quantity = line === first ? '77' : '5'
      await updateRow(
        tx,
        catalog.get('salesorderdetail'),
        String(line.salesorderdetailid),
        { quantity },
        { predicate: engineRows },
      )
    }
    const { productid = null, uomid = null, msdyn_company = null } = first ?? {}
    await insertRows(tx, catalog.get('salesorderdetail'), [
      { salesorderid: id, sequencenumber: 9, productid, uomid, msdyn_company, quantity: '9' },
    ])
  })
  await until('all four wait', async () => (await world.engine.listParked({ map: null, rowsMax: 10 })).length === 4)
  const ofOrder = () => world.erp.rows('CDSSalesOrderLines').filter((one) => one.SalesOrderNumber === number)
  assert.deepEqual(
    ofOrder().map((one) => one.OrderedSalesQuantity),
    ['3', '3'],
  )
  delete world.erp.faults.onWrite
  assert.equal(await world.engine.retryParked({ ids: 'all', map: 'sales-order-headers' }, 'dana'), 4)
  await until('it is there', () => ofOrder().length === 3)
  await quiet(world)
  assert.deepEqual(
    ofOrder()
      .map((one) => String(one.OrderedSalesQuantity))
      .sort(),
    ['5', '77', '9'],
  )
  const header = world.erp.get('CDSSalesOrderHeaders', `dataAreaId=usmf,SalesOrderNumber=${number}`)
  assert.equal(header?.DeliveryAddressCity, 'Kirkland')
})

test('groups are as deep as their maps say: a customer, its order and the order’s lines arrive as one, both ways', async () => {
  const group = { parent: 'customers', through: 'customerid' }
  await using world = await setUp({ mapFolders: [mapVariants({ 'sales-order-headers': { group } })] })
  await world.engine.whenRunning()
  await quiet(world)
  const { msdyn_company = null } = await world.row('account', 'accountnumber', 'C1')
  const { productid = null } = await world.row('product', 'msdyn_productnumber', 'A1')
  const { uomid = null } = await world.row('uom', 'msdyn_symbol', 'ea')
  const [accountid, salesorderid] = [newRowId(), newRowId()]
  world.erp.faults.onWrite = (write) => (write.entity === 'CDSSalesOrderLines' ? 'reject' : undefined)
  await world.database.transaction(async (tx) => {
    const account = { accountid, accountnumber: 'N1', customertypecode: 3, name: 'New', msdyn_company }
    await insertRows(tx, catalog.get('account'), [account])
    const order = {
      salesorderid,
      ordernumber: 'N-1',
      msdyn_ordertype: 192350000,
      customerid: accountid,
      customeridtype: 'account',
    }
    await insertRows(tx, catalog.get('salesorder'), [{ ...order, msdyn_company }])
    const line = { salesorderid, sequencenumber: 1, productid, uomid, quantity: '2', msdyn_company }
    await insertRows(tx, catalog.get('salesorderdetail'), [line])
  })
  await until('all three wait', async () => (await world.engine.listParked({ map: null, rowsMax: 10 })).length === 3)
  assert.ok(!world.erp.rows('CustomersV3').some((one) => one.CustomerAccount === 'N1'), 'nothing of it has arrived')
  delete world.erp.faults.onWrite
  assert.equal(await world.engine.retryParked({ ids: 'all', map: 'sales-order-lines' }, 'dana'), 3)
  await until(
    'the order has its number',
    async () => (await world.row('salesorder', 'ordernumber', 'N-1')).msdyn_salesordernumber !== null,
  )
  await quiet(world)
  const number = (await world.row('salesorder', 'ordernumber', 'N-1')).msdyn_salesordernumber
  const header = world.erp.get('CDSSalesOrderHeaders', `dataAreaId=usmf,SalesOrderNumber=${number}`)
  assert.equal(header?.OrderingCustomerAccountNumber, 'N1')
  assert.equal(world.erp.rows('CDSSalesOrderLines').filter((one) => one.SalesOrderNumber === number).length, 1)

  world.erp.deliverTo(undefined)
  world.erp.put('CustomersV3', { ...usmf, CustomerAccount: 'N2', OrganizationName: 'Newer', PartyType: 'Organization' })
  world.erp.put('CDSSalesOrderHeaders', { ...usmf, SalesOrderNumber: 'SO-80', OrderingCustomerAccountNumber: 'N2' })
  putLine(world, 'SO-80', 1, { OrderedSalesQuantity: 'many' })
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  await until('the customer waits for its order’s line', async () => {
    const [item] = await world.engine.listParked({ map: 'customers', rowsMax: 10 })
    return item?.reason.includes('many') === true
  })
  assert.ok(!(await world.rows('account')).some((one) => one.accountnumber === 'N2'))
  putLine(world, 'SO-80', 1)
  await world.engine.retryParked({ ids: 'all', map: null }, 'dana')
  await until('all of it is here', async () =>
    (await world.rows('salesorder')).some((one) => one.msdyn_salesordernumber === 'SO-80'),
  )
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'N2')).name, 'Newer')
})

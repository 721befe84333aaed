import assert from 'node:assert/strict'
import test from 'node:test'
import { placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../tests/support/map-variants.ts'

async function ready(variants: Parameters<typeof mapVariants>[0] = {}): Promise<World> {
  const world = await setUp({ mapFolders: [mapVariants(variants)] })
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

const parked = (world: World, map: string | null = null) => world.engine.listParked({ map, rowsMax: 100 })

test('similar failures are one cluster, which is tried again in one action; nothing else waits for them', async () => {
  await using world = await ready()
  world.erp.faults.onWrite = (write) =>
    write.operation === 'create' && String(write.fields.CustomersOrderReference ?? '').startsWith('BAD') ? 'reject' : undefined
  for (const number of ['BAD-1', 'GOOD-1', 'BAD-2', 'GOOD-2']) await placeOrder(world, number)
  await until('two orders are parked with their lines', async () => (await parked(world)).length === 6)
  await quiet(world)
  const references = () => world.erp.rows('CDSSalesOrderHeaders').map((one) => one.CustomersOrderReference)
  assert.deepEqual(
    references()
      .filter((one) => typeof one === 'string')
      .sort(),
    ['GOOD-1', 'GOOD-2'],
  )
  const clusters = await world.engine.clusterParked('sales-order-headers')
  assert.deepEqual(
    clusters.map(({ map, code, pattern, count, exampleReason }) => ({ map, code, pattern, count, exampleReason })),
    [
      {
        map: 'sales-order-headers',
        code: 'erp.refused',
        pattern: 'Customer is on hold.',
        count: 2,
        exampleReason: 'Customer is on hold.',
      },
    ],
  )
  const bad = await world.row('salesorder', 'ordernumber', 'BAD-1')
  await world.edit('salesorder', bad.salesorderid, { shipto_city: 'Kirkland' })
  assert.equal((await world.engine.clusterParked('sales-order-headers'))[0]?.waitingBehind, 1, 'the later edit of the row')
  delete world.erp.faults.onWrite
  const cluster = clusters[0]?.id
  const ofCluster = await world.engine.listParked({ map: null, cluster, rowsMax: 100 })
  assert.deepEqual([...new Set(ofCluster.map((one) => `${one.map} ${one.reason}`))], ['sales-order-headers Customer is on hold.'])
  assert.equal(ofCluster.length, 2, 'neither the lines nor what waits behind')
  assert.equal(await world.engine.retryParked({ ids: [], map: null, cluster }, 'dana'), 6, 'with their lines')
  await until('all are there', () => references().filter((one) => typeof one === 'string').length === 4)
  await quiet(world)
  assert.deepEqual([await parked(world), await world.engine.clusterParked(null)], [[], []])
  await assert.rejects(world.engine.retryParked({ ids: [], map: null, cluster: 'nonsense' }, 'dana'), { code: 'request.invalid' })
})

test('a parked row is corrected as by any other edit, and goes again', async () => {
  await using world = await ready()
  world.erp.faults.onWrite = (write) =>
    write.operation === 'update' && write.fields.PrimaryContactPhone === 'wrong' ? 'reject' : undefined
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: 'wrong' })
  await until('it is parked', async () => (await parked(world)).length === 1)
  const [item] = await parked(world)
  const id = item?.id ?? ''
  await assert.rejects(world.engine.editParked(id, { numberofemployees: 'many' }, 'dana'), { code: 'request.invalid' })
  await world.engine.editParked(id, { telephone1: 'right' }, 'dana')
  const key = 'dataAreaId=usmf,CustomerAccount=C1'
  await until('the ERP has it', () => world.erp.get('CustomersV3', key)?.PrimaryContactPhone === 'right')
  await quiet(world)
  assert.deepEqual(await parked(world), [])
  await assert.rejects(world.engine.editParked(id, { telephone1: 'again' }, 'dana'), { code: 'dual_write.not_found' })
})

test('a record that does not fit is taken in with a person’s value, which the ERP is told', async () => {
  await using world = await ready({ customers: { columns: { OnHoldStatus: { unmapped: 'hold' } } } })
  const key = world.erp.put('CustomersV3', {
    dataAreaId: 'usmf',
    CustomerAccount: 'C8',
    OrganizationName: 'Odd',
    PartyType: 'Organization',
    OnHoldStatus: 'Sometimes',
  })
  await until('it is parked', async () => (await parked(world, 'customers')).length === 1)
  const [item] = await parked(world, 'customers')
  assert.match(item?.reason ?? '', /Sometimes/)
  const [cluster] = await world.engine.clusterParked('customers')
  assert.deepEqual([cluster?.count, cluster?.exampleId], [1, item?.id])
  await world.engine.editParked(item?.id ?? '', { msdyn_onholdstatus: '806380002' }, 'dana')
  await until('the ERP is told', () => world.erp.get('CustomersV3', key)?.OnHoldStatus === 'All')
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C8')).msdyn_onholdstatus, 806380002)
  assert.deepEqual(await parked(world), [])
})

test('a discarded change is gone with what it said on the record, and what waited behind it is free', async () => {
  await using world = await ready()
  world.erp.faults.onWrite = () => 'reject'
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: 'one' })
  await until('it is parked', async () => (await parked(world)).length === 1)
  const [item] = await parked(world)
  assert.equal(await world.engine.discardParked({ ids: [item?.id ?? ''], map: 'contacts' }, 'dana'), 0, 'it is no contact')
  const reason = 'The customer called'
  assert.equal(await world.engine.discardParked({ ids: [item?.id ?? ''], map: null, reason }, 'dana'), 1)
  const [logged] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.deepEqual([logged?.actor, logged?.details.discardedBecause], ['dana', 'The customer called'])
  delete world.erp.faults.onWrite
  await world.edit('account', account.accountid, { fax: 'two' })
  await until('the next edit arrives', () =>
    world.erp.rows('CustomersV3').some((one) => one.CustomerAccount === 'C1' && one.PrimaryContactFax === 'two'),
  )
})

test('records that wait for one that is not here are free as soon as it comes, also after a person was asked', async () => {
  await using world = await ready()
  const usmf = { dataAreaId: 'usmf' }
  const key = { ...usmf, SalesOrderNumber: 'SO-90', LineCreationSequenceNumber: 1 }
  world.erp.put('CDSSalesOrderLines', { ...key, ProductNumber: 'A1', SalesUnitSymbol: 'ea', OrderedSalesQuantity: '1' })
  await until('it is parked', async () => (await parked(world, 'sales-order-lines')).length === 1)
  assert.match((await parked(world))[0]?.reason ?? '', /Waits for salesorder SO-90/)
  world.erp.put('CDSSalesOrderHeaders', { ...usmf, SalesOrderNumber: 'SO-90', OrderingCustomerAccountNumber: 'C1' })
  await until('the order is here', async () =>
    (await world.rows('salesorder')).some((one) => one.msdyn_salesordernumber === 'SO-90'),
  )
  await quiet(world)
  assert.deepEqual(await parked(world), [])
})

test('a record that is put right while it is found not to fit is taken in, and nobody is asked', async () => {
  const found = Promise.withResolvers<void>()
  let isRead = false
  await using world = await setUp({
    before: ({ connector }) => {
      const { readRecords } = connector
      connector.readRecords = async (request, signal) => {
        const records = await readRecords(request, signal)
        if ([...records.values()].some((record) => record.fields.OrderedSalesQuantity === 'many')) {
          isRead = true
          await found.promise
        }
        return records
      }
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const key = 'dataAreaId=usmf,SalesOrderNumber=SO-1,LineCreationSequenceNumber=1'
  world.erp.change('CDSSalesOrderLines', key, { OrderedSalesQuantity: 'many' })
  await until('it is read', () => isRead)
  world.erp.change('CDSSalesOrderLines', key, { OrderedSalesQuantity: '9' })
  await until('its notice is here', () => world.erp.undelivered() === 0)
  found.resolve()
  await until('it is taken in', async () => Number((await world.rows('salesorderdetail'))[0]?.quantity) === 9)
  await quiet(world)
  assert.deepEqual(await world.engine.listParked({ map: null, rowsMax: 10 }), [])
})

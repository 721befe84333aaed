import assert from 'node:assert/strict'
import test from 'node:test'
import { claimChanges } from '#tables/changes.queries.ts'
import { engineRows } from '#tables/predicate.ts'
import { deleteRow } from '#tables/rows.queries.ts'
import { catalog, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { claimRemoteChanges, putRemoteChanges } from './remote-changes.queries.ts'
import { findSyncStates } from './sync-state.ts'

const headers = (world: World) => world.erp.rows('CDSSalesOrderHeaders').filter((one) => one.SalesOrderNumber !== 'SO-1')
const linesOf = (world: World, number: unknown) =>
  world.erp.rows('CDSSalesOrderLines').filter((one) => one.SalesOrderNumber === number)

test('the first copy brings every row, with lookups in circles, derived groups, second texts and filled columns', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const [c1, c2] = [await world.row('account', 'accountnumber', 'C1'), await world.row('account', 'accountnumber', 'C2')]
  const contact = await world.row('contact', 'msdyn_contactpersonid', 'P1')
  assert.equal((await world.rows('account')).length, 2, 'the person is outside the filter')
  assert.equal(c1.msdyn_billingaccount, c2.accountid)
  assert.equal(c2.msdyn_billingaccount, c2.accountid)
  assert.equal(c1.primarycontactid, contact.contactid)
  assert.equal(contact.parentcustomerid, c1.accountid)
  assert.equal(contact.transactioncurrencyid, c1.transactioncurrencyid)
  assert.equal(contact.defaultpricelevelid, c1.defaultpricelevelid)
  assert.equal(contact.address1_country, 'US')
  assert.equal((await world.rows('uomschedule')).length, 1)
  const product = await world.row('product', 'msdyn_productnumber', 'A1')
  assert.equal(product.comptoir_name_fr, 'Boulon')
  const [line] = await world.rows('salesorderdetail')
  assert.equal(line?.quantity, '2')
  assert.equal(line?.salesorderid, (await world.row('salesorder', 'msdyn_salesordernumber', 'SO-1')).salesorderid)
  const status = await world.engine.status()
  assert.deepEqual(
    status.filter((map) => map.state !== 'running' || map.parked > 0 || map.initialSync?.failed !== 0),
    [],
  )
  assert.deepEqual(world.erp.log, [], 'nothing was echoed')
})

test('a first copy that is interrupted goes on where it stopped', async () => {
  const count = 5_000
  await using world = await setUp({
    before: (erp) => {
      for (let i = 0; i < count; i++)
        erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: `G${i}`, GroupName: `Group ${i}` })
    },
  })
  await until('some pages are stored', async () => {
    const status = (await world.engine.status()).find((map) => map.name === 'price-groups')
    return (status?.rows ?? 0) > 0
  })
  await world.restart()
  await world.engine.whenRunning()
  const status = (await world.engine.status()).find((map) => map.name === 'price-groups')
  assert.equal(status?.rows, count + 1)
  assert.equal(status?.initialSync?.created, count + 1, 'no row was made twice')
})

test('an edit travels once, in both directions, and does not come back', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: '+1 555' })
  const key = 'dataAreaId=usmf,CustomerAccount=C1'
  await until('the ERP has it', () => world.erp.get('CustomersV3', key)?.PrimaryContactPhone === '+1 555')
  await quiet(world)
  assert.deepEqual(world.erp.log, [`update CustomersV3 ${key} PrimaryContactPhone`])

  world.erp.change('CustomersV3', key, { OrganizationName: 'Fabrikam Inc' })
  await until('the portal has it', async () => (await world.row('account', 'accountnumber', 'C1')).name === 'Fabrikam Inc')
  await quiet(world)
  assert.equal(world.erp.log.length, 1)
})

test('an order and its lines arrive as one, and the ERP’s number and status come back', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const id = await placeOrder(world, 'W-1')
  await until(
    'the number is back',
    async () => (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_salesordernumber !== null,
  )
  const [header] = headers(world)
  assert.equal(header?.CustomersOrderReference, 'W-1')
  assert.equal(header?.OrderingCustomerAccountNumber, 'C1')
  assert.equal(linesOf(world, header?.SalesOrderNumber).length, 2)
  await quiet(world)
  const state = await world.database.read((tx) => findSyncStates(tx, 'salesorder', [id]))
  assert.equal(state.get(id)?.kind, 'accepted')
  world.erp.change('CDSSalesOrderHeaders', `dataAreaId=usmf,SalesOrderNumber=${header?.SalesOrderNumber}`, {
    SalesOrderProcessingStatus: 'Confirmed',
  })
  await until(
    'the status is there',
    async () => (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_processingstatus === 192350001,
  )
  assert.equal((await world.rows('salesorder')).length, 2)
  assert.equal((await world.rows('salesorderdetail')).length, 3)
})

test('an answer that is lost does not double the order', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  let lost = 0
  world.erp.faults.onWrite = (write) => (write.operation === 'create' && lost++ < 3 ? 'lose_answer' : undefined)
  await placeOrder(world, 'W-2')
  await until(
    'the number is back',
    async () => (await world.row('salesorder', 'ordernumber', 'W-2')).msdyn_salesordernumber !== null,
  )
  await quiet(world)
  assert.equal(headers(world).length, 1)
  assert.equal(linesOf(world, headers(world)[0]?.SalesOrderNumber).length, 2)
  assert.equal((await world.rows('salesorder')).length, 2, 'nor on our side')
  assert.equal((await world.rows('salesorderdetail')).length, 3)
})

test('a refused order waits with the ERP’s sentence, its lines beside it, and goes whole when it is released', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  world.erp.faults.onWrite = (write) => (write.entity === 'CDSSalesOrderLines' ? 'reject' : undefined)
  const id = await placeOrder(world, 'W-3')
  await until('three changes are parked', async () => (await world.engine.listParked({ map: null, rowsMax: 10 })).length === 3)
  assert.equal(headers(world).length, 0, 'no half of it has arrived')
  const state = (await world.database.read((tx) => findSyncStates(tx, 'salesorder', [id]))).get(id)
  assert.deepEqual(state, { kind: 'refused', code: 'erp.refused', reason: 'Customer is on hold.' })
  delete world.erp.faults.onWrite
  const header = (await world.engine.listParked({ map: 'sales-order-headers', rowsMax: 10 })).map((one) => one.id)
  assert.equal(await world.engine.retryParked({ ids: header, map: null }, 'tester'), 3)
  await until('the order is there', () => headers(world).length === 1)
  await quiet(world)
  assert.equal(linesOf(world, headers(world)[0]?.SalesOrderNumber).length, 2)
})

test('an outage delays and loses nothing', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  world.erp.faults.outage = true
  await placeOrder(world, 'W-4')
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2', { OrganizationName: 'Tailspin Toys' })
  await until('the reason is shown', async () =>
    (await world.engine.status()).some((map) => map.lastError?.reason.includes('does not answer')),
  )
  world.erp.faults.outage = false
  await quiet(world)
  assert.equal(headers(world).length, 1)
  assert.equal((await world.row('account', 'accountnumber', 'C2')).name, 'Tailspin Toys')
})

test('both sides change a row: other columns merge, the same column follows the rule, and what lost is kept', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const key = 'dataAreaId=usmf,CustomerAccount=C1'
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.engine.pauseMap('customers', 'tester')
  await world.edit('account', account.accountid, { telephone1: 'ours', fax: 'ours' })
  world.erp.change('CustomersV3', key, { PrimaryContactPhone: 'theirs', SalesMemo: 'theirs' })
  await world.engine.resumeMap('customers', 'tester')
  await until('the ERP has the fax', () => world.erp.get('CustomersV3', key)?.PrimaryContactFax === 'ours')
  await quiet(world)
  const after = await world.row('account', 'accountnumber', 'C1')
  assert.deepEqual([after.telephone1, after.fax, after.description], ['theirs', 'ours', 'theirs'])
  const record = world.erp.get('CustomersV3', key)
  assert.deepEqual([record?.PrimaryContactPhone, record?.PrimaryContactFax, record?.SalesMemo], ['theirs', 'ours', 'theirs'])
  const conflicts = await world.engine.listConflicts({ map: 'customers', rowsMax: 10 })
  assert.deepEqual(
    conflicts.map(({ column, kept, lost, winner, rule }) => ({ column, kept, lost, winner, rule })),
    [{ column: 'telephone1', kept: 'theirs', lost: 'ours', winner: 'erp', rule: 'erp' }],
  )
})

test('a paused map queues both directions and catches up when it is resumed', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.pauseMap('customers', 'tester')
  const account = await world.row('account', 'accountnumber', 'C2')
  await world.edit('account', account.accountid, { fax: '1' })
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C1', { CreditRating: 'A' })
  await until('both wait', async () => {
    const status = (await world.engine.status()).find((map) => map.name === 'customers')
    return status?.queued.toErp === 1 && status.queued.toPortal === 1
  })
  assert.equal(world.erp.get('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2')?.PrimaryContactFax, undefined)
  await world.restart()
  await world.engine.resumeMap('customers', 'tester')
  await until(
    'it runs again',
    async () => (await world.engine.status()).find((map) => map.name === 'customers')?.state === 'running',
  )
  assert.equal(world.erp.get('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2')?.PrimaryContactFax, '1')
  assert.equal((await world.row('account', 'accountnumber', 'C1')).msdyn_creditrating, 'A')
})

test('deletes travel both ways, or mark the row, as each map says', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await placeOrder(world, 'W-5')
  await until('it is there', () => headers(world).length === 1)
  await quiet(world)
  const number = headers(world)[0]?.SalesOrderNumber
  const line = (await world.rows('salesorderdetail')).find((one) => one.sequencenumber === 2)
  await world.database.transaction((tx) =>
    deleteRow(tx, catalog.get('salesorderdetail'), String(line?.salesorderdetailid), engineRows),
  )
  await until('the line is gone there', () => linesOf(world, number).length === 1)
  await quiet(world)
  const before = world.erp.log.length
  for (const one of linesOf(world, number))
    world.erp.remove(
      'CDSSalesOrderLines',
      `dataAreaId=usmf,SalesOrderNumber=${number},LineCreationSequenceNumber=${one.LineCreationSequenceNumber}`,
    )
  world.erp.remove('CDSSalesOrderHeaders', `dataAreaId=usmf,SalesOrderNumber=${number}`)
  world.erp.remove('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2')
  await until('the order is gone here', async () => (await world.rows('salesorder')).length === 1)
  await until('the customer is marked', async () => (await world.row('account', 'accountnumber', 'C2')).statecode === 1)
  await quiet(world)
  assert.equal(world.erp.log.length, before, 'nothing went back')
})

test('a record that comes before its parent waits for it; an order is never seen without its lines', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const usmf = { dataAreaId: 'usmf' }
  const seen: number[] = []
  world.erp.deliverTo(undefined)
  world.erp.put('CDSSalesOrderLines', {
    ...usmf,
    SalesOrderNumber: 'SO-9',
    LineCreationSequenceNumber: 1,
    ProductNumber: 'A9',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: '1',
  })
  world.erp.put('CDSSalesOrderLines', {
    ...usmf,
    SalesOrderNumber: 'SO-9',
    LineCreationSequenceNumber: 2,
    ProductNumber: 'A1',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: '1',
  })
  world.erp.put('CDSSalesOrderHeaders', {
    ...usmf,
    SalesOrderNumber: 'SO-9',
    OrderingCustomerAccountNumber: 'C9',
    CurrencyCode: 'USD',
  })
  world.erp.put('CustomersV3', { ...usmf, CustomerAccount: 'C9', OrganizationName: 'Late', PartyType: 'Organization' })
  world.erp.put('CDSReleasedDistinctProducts', { ...usmf, ItemNumber: 'A9', ProductNumber: 'A9', ProductName: 'Late' })
  world.erp.put('ProductTranslations', { ProductNumber: 'A9', LanguageId: 'fr', ProductName: 'Tardif' })
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  await until('the order is here', async () => {
    const order = (await world.rows('salesorder')).find((one) => one.msdyn_salesordernumber === 'SO-9')
    if (order === undefined) return false
    seen.push((await world.rows('salesorderdetail')).filter((one) => one.salesorderid === order.salesorderid).length)
    return true
  })
  await quiet(world)
  assert.deepEqual(seen, [2])
  const order = await world.row('salesorder', 'msdyn_salesordernumber', 'SO-9')
  assert.equal(
    order.customerid,
    (await world.row('account', 'accountnumber', 'C9')).accountid,
    'filled in when the customer came',
  )
  const product = await world.row('product', 'msdyn_productnumber', 'A9')
  assert.equal(product.comptoir_name_fr, 'Tardif')
  assert.ok((await world.rows('salesorderdetail')).some((one) => one.productid === product.productid))
})

test('what a process had in hand when it died is taken up at once by the next, and done once', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stop()
  await placeOrder(world, 'W-6')
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2', { CreditRating: 'B' })
  // A process claims everything for an hour, writes the order, and dies before it can record what came of it.
  const leaseMs = 3_600_000
  const subscribers = ['sales-order-headers', 'sales-order-lines', 'customers']
  await world.database.transaction((tx) => claimChanges(tx, { subscribers, rowsMax: 10, leaseMs }))
  await world.database.transaction((tx) =>
    putRemoteChanges(tx, [{ map: 'customers', remoteKey: 'dataAreaId=usmf,CustomerAccount=C2', eventId: null }]),
  )
  await world.database.transaction((tx) => claimRemoteChanges(tx, { maps: subscribers, rowsMax: 10, leaseMs }))
  world.erp.put('CDSSalesOrderHeaders', {
    dataAreaId: 'usmf',
    SalesOrderNumber: 'SO-77',
    CustomersOrderReference: 'W-6',
    OrderingCustomerAccountNumber: 'C1',
  })
  await world.restart()
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C2')).msdyn_creditrating, 'B')
  assert.deepEqual(
    headers(world).map((one) => one.SalesOrderNumber),
    ['SO-77'],
  )
  assert.equal(linesOf(world, 'SO-77').length, 2)
  assert.equal((await world.row('salesorder', 'ordernumber', 'W-6')).msdyn_salesordernumber, 'SO-77')
  assert.equal((await world.rows('salesorder')).length, 2)
})

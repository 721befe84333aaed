import assert from 'node:assert/strict'
import test from 'node:test'
import { engineRows } from '#tables/predicate.ts'
import { deleteRow, newRowId, type RowValues } from '#tables/rows.queries.ts'
import { catalog, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../tests/support/map-variants.ts'
import type { MemoryErp } from '../../tests/support/memory-connector.ts'

const keyOf = (number: string) => `dataAreaId=usmf,CustomerAccount=${number}`
const record = (world: World, number: string) => world.erp.get('CustomersV3', keyOf(number))

/** A running world with a customer C5 that nothing else points to. */
async function ready(customers: object, before: (erp: MemoryErp) => void = () => undefined): Promise<World> {
  const world = await setUp({ mapFolders: [mapVariants({ customers: { ...customers } })], before })
  await world.engine.whenRunning()
  putCustomer(world, 'C5')
  await until('C5 is here', async () => (await find(world, 'C5')) !== undefined)
  await quiet(world)
  return world
}

function putCustomer(world: World, number: string, fields: Record<string, string> = {}): void {
  world.erp.put('CustomersV3', {
    dataAreaId: 'usmf',
    CustomerAccount: number,
    OrganizationName: `Name of ${number}`,
    PartyType: 'Organization',
    ...fields,
  })
}

async function find(world: World, number: string) {
  return (await world.rows('account')).find((one) => one.accountnumber === number)
}

function remove(world: World, id: unknown): Promise<boolean> {
  return world.database.transaction((tx) => deleteRow(tx, catalog.get('account'), String(id), engineRows))
}

async function newCustomer(world: World, number: string, values: RowValues = {}): Promise<RowValues> {
  const company = (await world.row('account', 'accountnumber', 'C1')).msdyn_company ?? null
  return { accountid: newRowId(), accountnumber: number, customertypecode: 3, msdyn_company: company, name: 'New', ...values }
}

async function waitUntilSettled(world: World): Promise<void> {
  await until('it runs', async () => (await world.engine.status()).every((map) => map.state === 'running'))
  await quiet(world)
}

test('a deletion here marks the record there, and the record does not bring the row back', async () => {
  await using world = await ready({ deletes: { toPortal: 'mark', toErp: 'mark', markErp: { OnHoldStatus: 'All' } } })
  await remove(world, (await find(world, 'C5'))?.accountid)
  await until('it is marked', () => record(world, 'C5')?.OnHoldStatus === 'All')
  await quiet(world)
  world.erp.change('CustomersV3', keyOf('C5'), { SalesMemo: 'still there' })
  await quiet(world)
  assert.equal(await find(world, 'C5'), undefined)
  assert.equal((await world.engine.listParked({ map: null, rowsMax: 10 })).length, 0)
})

test('a deletion that the map refuses is refused at once, with the map’s reason; a row that the ERP does not have may go', async () => {
  const reason = 'Customers are closed in the ERP, not deleted.'
  await using world = await ready({ deletes: { toPortal: 'mark', toErp: 'refuse', reason } })
  const row = await find(world, 'C5')
  await assert.rejects(remove(world, row?.accountid), { code: 'tables.refused', message: reason })
  const draft = await newCustomer(world, 'D1', { customertypecode: 1 })
  await world.insert('account', draft)
  assert.equal(await remove(world, draft.accountid), true)
  await quiet(world)
  assert.ok(record(world, 'C5'))
})

test('a record that is deleted in the ERP stays here where the map refuses, and a person is asked', async () => {
  await using world = await ready({ deletes: { toPortal: 'refuse', toErp: 'ignore', reason: 'Ask accounting first' } })
  world.erp.remove('CustomersV3', keyOf('C5'))
  await until('it is parked', async () => (await world.engine.listParked({ map: 'customers', rowsMax: 10 })).length === 1)
  const [item] = await world.engine.listParked({ map: 'customers', rowsMax: 10 })
  assert.deepEqual([item?.code, item?.reason], ['dual_write.delete_refused', 'Ask accounting first'])
  assert.equal((await find(world, 'C5'))?.statecode, 0)
  putCustomer(world, 'C5', { OrganizationName: 'Back' })
  await until('it is back', async () => (await find(world, 'C5'))?.name === 'Back')
  await quiet(world)
  assert.equal((await world.engine.listParked({ map: null, rowsMax: 10 })).length, 0)
})

test('what the ERP has refused of a line asks nobody any more once the order is gone there', async () => {
  await using world = await ready({})
  world.erp.faults.onWrite = ({ entity }) => (entity === 'CDSSalesOrderLines' ? 'reject' : undefined)
  const [line] = await world.rows('salesorderdetail')
  await world.edit('salesorderdetail', line?.salesorderdetailid, { quantity: '7' })
  const parked = () => world.engine.listParked({ map: null, rowsMax: 10 })
  await until('a person is asked', async () => (await parked()).length === 1)
  world.erp.remove('CDSSalesOrderHeaders', 'dataAreaId=usmf,SalesOrderNumber=SO-1')
  await until('the order is gone here', async () => (await world.rows('salesorder')).length === 0)
  await quiet(world)
  assert.deepEqual([await world.rows('salesorderdetail'), await parked()], [[], []])
})

test('what the ERP refuses of a row that has gone with its order meanwhile asks nobody', async () => {
  const answered = Promise.withResolvers<void>()
  let isAsked = false
  await using world = await ready({}, ({ connector }) => {
    connector.writeGroup = async ({ writes }) => {
      isAsked = true
      await answered.promise
      return writes.map(() => ({ kind: 'rejected', code: 'erp.refused', message: 'There is no such order.' }))
    }
  })
  const [line] = await world.rows('salesorderdetail')
  await world.edit('salesorderdetail', line?.salesorderdetailid, { quantity: '7' })
  await until('the ERP is asked', () => isAsked)
  world.erp.remove('CDSSalesOrderHeaders', 'dataAreaId=usmf,SalesOrderNumber=SO-1')
  await until('the order is gone here', async () => (await world.rows('salesorder')).length === 0)
  answered.resolve()
  await quiet(world)
  assert.deepEqual(await world.engine.listParked({ map: null, rowsMax: 10 }), [])
})

test('an edit of a row whose record is gone does not make the record anew: a person is asked', async () => {
  await using world = await ready({ deletes: { toPortal: 'ignore', toErp: 'ignore' } })
  const row = await find(world, 'C5')
  world.erp.remove('CustomersV3', keyOf('C5'))
  await quiet(world)
  await world.edit('account', row?.accountid, { telephone1: '1' })
  await until('it is parked', async () => (await world.engine.listParked({ map: 'customers', rowsMax: 10 })).length === 1)
  assert.equal((await world.engine.listParked({ map: 'customers', rowsMax: 10 }))[0]?.code, 'dual_write.gone')
  assert.equal(record(world, 'C5'), undefined)
})

test('what is deleted on either side during a pause is deleted on both afterwards, whatever else was changed', async () => {
  await using world = await ready({ deletes: { toPortal: 'propagate', toErp: 'propagate' } })
  putCustomer(world, 'C6')
  await until('C6 is here', async () => (await find(world, 'C6')) !== undefined)
  await quiet(world)
  await world.engine.pauseMap('customers', 'tester')
  await remove(world, (await find(world, 'C5'))?.accountid)
  world.erp.change('CustomersV3', keyOf('C5'), { SalesMemo: 'changed meanwhile' })
  await world.edit('account', (await find(world, 'C6'))?.accountid, { fax: '1' })
  world.erp.remove('CustomersV3', keyOf('C6'))
  await world.restart()
  await world.engine.resumeMap('customers', 'tester')
  await waitUntilSettled(world)
  assert.deepEqual([await find(world, 'C5'), await find(world, 'C6')], [undefined, undefined])
  assert.deepEqual([record(world, 'C5'), record(world, 'C6')], [undefined, undefined])
})

for (const policy of ['propagate', 'ignore'] as const) {
  test(`a row that takes the key of a deleted one (${policy}) gets a record of its own or that one’s, once`, async () => {
    await using world = await ready({ deletes: { toPortal: 'mark', toErp: policy } })
    const row = await find(world, 'C5')
    const heir = await newCustomer(world, 'C5', { name: 'Heir', fax: '42' })
    await world.database.transaction((tx) => deleteRow(tx, catalog.get('account'), String(row?.accountid), engineRows))
    await world.insert('account', heir)
    await until('the ERP has it', () => record(world, 'C5')?.OrganizationName === 'Heir')
    await quiet(world)
    assert.equal(record(world, 'C5')?.PrimaryContactFax, '42')
    assert.equal((await world.rows('account')).filter((one) => one.accountnumber === 'C5').length, 1)
    world.erp.change('CustomersV3', keyOf('C5'), { SalesMemo: 'linked' })
    await until('it is linked', async () => (await find(world, 'C5'))?.description === 'linked')
    assert.equal((await find(world, 'C5'))?.accountid, heir.accountid)
    assert.equal((await world.engine.listParked({ map: null, rowsMax: 10 })).length, 0)
  })
}

test('a row that is deleted while the first copy runs is not brought back by a page, whether its record was known or not', async () => {
  await using world = await ready({ deletes: { toPortal: 'propagate', toErp: 'propagate' } })
  await world.engine.stopMap('customers', 'tester')
  // Known to nobody as the same: on both sides before the map runs again.
  await world.insert('account', await newCustomer(world, 'C7'))
  putCustomer(world, 'C7')
  world.erp.faults.latencyMs = 200
  await world.engine.runMap('customers', 'tester')
  await remove(world, (await find(world, 'C5'))?.accountid)
  await remove(world, (await find(world, 'C7'))?.accountid)
  await until('it runs', async () => (await world.engine.status()).every((map) => map.state === 'running'))
  delete world.erp.faults.latencyMs
  await until('the records are gone', () => record(world, 'C5') === undefined && record(world, 'C7') === undefined)
  await quiet(world)
  assert.deepEqual([await find(world, 'C5'), await find(world, 'C7')], [undefined, undefined])
})

// Rows that leave a filter

const FILTER = { erp: "PartyType eq 'Organization'", portal: "msdyn_identificationnumber ne 'private'" }

test('a row that leaves the portal’s filter: its record goes, and is made again when the row comes back', async () => {
  await using world = await ready({ filter: FILTER, leaves: { toErp: 'delete' }, deletes: { toPortal: 'mark', toErp: 'ignore' } })
  const id = (await find(world, 'C5'))?.accountid
  await world.edit('account', id, { msdyn_identificationnumber: 'private' })
  await until('the record is gone', () => record(world, 'C5') === undefined)
  await world.edit('account', id, { fax: 'private' })
  await quiet(world)
  assert.equal((await find(world, 'C5'))?.statecode, 0, 'the row stays as it is')
  await world.edit('account', id, { msdyn_identificationnumber: null })
  await until('the record is back', () => record(world, 'C5')?.PrimaryContactFax === 'private')
  await quiet(world)
  assert.equal((await find(world, 'C5'))?.accountid, id)
  assert.equal((await world.engine.listParked({ map: null, rowsMax: 10 })).length, 0)
})

test('a row that leaves the portal’s filter: its record stays, and is told on return what was edited outside', async () => {
  await using world = await ready({ filter: FILTER, leaves: { toErp: 'keep' } })
  const id = (await find(world, 'C5'))?.accountid
  await world.edit('account', id, { msdyn_identificationnumber: 'private' })
  await quiet(world)
  await world.edit('account', id, { fax: 'outside' })
  await quiet(world)
  assert.equal(record(world, 'C5')?.PrimaryContactFax ?? null, null)
  await world.edit('account', id, { msdyn_identificationnumber: null })
  await until('it is told', () => record(world, 'C5')?.PrimaryContactFax === 'outside')
})

test('a row that leaves the portal’s filter: its record is marked, once', async () => {
  const deletes = { toPortal: 'mark', toErp: 'ignore', markErp: { OnHoldStatus: 'All' } }
  await using world = await ready({ filter: FILTER, leaves: { toErp: 'mark' }, deletes })
  const id = (await find(world, 'C5'))?.accountid
  await world.edit('account', id, { msdyn_identificationnumber: 'private' })
  await until('it is marked', () => record(world, 'C5')?.OnHoldStatus === 'All')
  await quiet(world)
  const before = world.erp.log.length
  await world.edit('account', id, { fax: 'outside' })
  await quiet(world)
  assert.equal(world.erp.log.length, before)
})

for (const [policy, check] of [
  ['delete', (row: unknown) => assert.equal(row, undefined)],
  ['mark', (row: { statecode?: unknown } | undefined) => assert.equal(row?.statecode, 1)],
  ['keep', (row: { statecode?: unknown } | undefined) => assert.equal(row?.statecode, 0)],
] as const) {
  test(`a record that leaves the ERP’s filter: ${policy}; on its return the row follows it again`, async () => {
    await using world = await ready({ leaves: { toPortal: policy } })
    world.erp.change('CustomersV3', keyOf('C5'), { PartyType: 'Person' })
    await quiet(world)
    const row = await find(world, 'C5')
    check(row)
    const before = world.erp.log.length
    if (row !== undefined) await world.edit('account', row.accountid, { fax: 'outside' })
    await quiet(world)
    assert.equal(world.erp.log.length, before, 'nothing is told of a row that is outside')
    world.erp.change('CustomersV3', keyOf('C5'), { PartyType: 'Organization', OrganizationName: 'Back' })
    await until('it is back', async () => (await find(world, 'C5'))?.name === 'Back')
    await quiet(world)
    assert.equal((await find(world, 'C5'))?.statecode, 0)
    if (row !== undefined) assert.equal((await find(world, 'C5'))?.accountid, row.accountid)
    assert.equal((await world.engine.listParked({ map: null, rowsMax: 10 })).length, 0)
  })
}

test('what is deleted in the ERP before it is known here whose record it was goes here, too', async () => {
  const late = Promise.withResolvers<void>()
  const before = ({ connector }: World['erp']) => {
    const writeGroup = connector.writeGroup.bind(connector)
    connector.writeGroup = async (group, signal) => {
      const outcome = await writeGroup(group, signal)
      await late.promise
      return outcome
    }
  }
  await using world = await setUp({ before })
  await world.engine.whenRunning()
  await quiet(world)
  const orderId = await placeOrder(world, 'W-1')
  const linesOf = (number: unknown) => world.erp.rows('CDSSalesOrderLines').filter((one) => one.SalesOrderNumber === number)
  const order = () =>
    world.erp.rows('CDSSalesOrderHeaders').find((one) => one.CustomersOrderReference === 'W-1')?.SalesOrderNumber
  await until('the order has arrived', () => linesOf(order()).length === 2)
  world.erp.remove('CDSSalesOrderLines', `dataAreaId=usmf,SalesOrderNumber=${order()},LineCreationSequenceNumber=2`)
  const seen = () => world.database.read((tx) => tx`select 1 as one from dual_write.tombstone where map = 'sales-order-lines'`)
  await until('the portal has looked', async () => (await seen()).length > 0)
  late.resolve()
  await quiet(world)
  const lines = (await world.rows('salesorderdetail')).filter((one) => one.salesorderid === orderId)
  assert.deepEqual(
    lines.map((one) => one.sequencenumber),
    [1],
  )
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { WriteGroup } from '#connector/contract.ts'
import { isAppError } from '#lib/app-error.ts'
import { newRowId, setOrigin } from '#tables/rows.queries.ts'
import { placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'

const KEY = (account: string) => `dataAreaId=usmf,CustomerAccount=${account}`

/** Two customers that the portal had before the ERP was connected, under no number of the ERP's. */
async function withOwnRows(world: World): Promise<{ near: string; far: string }> {
  const company = (await world.row('account', 'accountnumber', 'C1')).msdyn_company ?? null
  const [near, far] = [newRowId(), newRowId()]
  for (const [accountid, name, accountnumber] of [
    [near, 'FABRIKAM, Inc.', 'OLD-1'],
    [far, 'Wingtip', 'OLD-2'],
  ] as const)
    await world.insert('account', {
      accountid,
      accountnumber,
      name,
      msdyn_company: company,
      customertypecode: 3,
      telephone1: '555',
    })
  return { near, far }
}

async function prepared(): Promise<World> {
  const world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.pauseMap('customers', 'test', { direction: 'toErp' })
  return world
}

test('rows and records that are probably the same are suggested by rules, and adopted after a review', async () => {
  await using world = await prepared()
  const { near } = await withOwnRows(world)
  // Its notice would make a row of it before anybody has looked.
  world.erp.deliverTo(undefined)
  world.erp.put('CustomersV3', {
    dataAreaId: 'usmf',
    CustomerAccount: 'C77',
    OrganizationName: 'Fabrikam Inc',
    PartyType: 'Organization',
    PrimaryContactPhone: '777',
  })
  const pairs = await world.engine.suggestPairs({ map: 'customers', rowsMax: 10 })
  assert.deepEqual(
    pairs.map((pair) => [pair.rowId, pair.remoteKey, pair.rule, pair.certain]),
    [[near, KEY('C77'), 'name', false]],
  )
  assert.deepEqual(pairs[0]?.columns, [{ column: 'name', portal: 'FABRIKAM, Inc.', erp: 'Fabrikam Inc' }])
  const outcome = await world.engine.adoptPairs([{ map: 'customers', rowId: near, remoteKey: KEY('C77'), winner: 'erp' }], 'test')
  assert.deepEqual(outcome, { adopted: 1, refused: [] })
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  await until(
    'the row has what the ERP says',
    async () => (await world.row('account', 'accountid', near)).accountnumber === 'C77',
  )
  const row = await world.row('account', 'accountid', near)
  assert.deepEqual([row.name, row.telephone1], ['Fabrikam Inc', '777'])
  assert.equal((await world.rows('account')).filter((one) => one.accountnumber === 'C77').length, 1, 'no second row')
  const again = await world.engine.adoptPairs([{ map: 'customers', rowId: near, remoteKey: KEY('C77'), winner: 'erp' }], 'test')
  assert.equal(again.refused[0]?.reason, 'The row is linked to a record already')
})

test('a link follows a record to its new number, and nothing is made or deleted', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const before = await world.row('account', 'accountnumber', 'C2')
  // The ERP tells of a record that is gone and of a new one; the notices come after somebody has said what that means.
  world.erp.deliverTo(undefined)
  const fields = world.erp.get('CustomersV3', KEY('C2')) ?? {}
  world.erp.remove('CustomersV3', KEY('C2'))
  world.erp.put('CustomersV3', { ...fields, CustomerAccount: 'C200' })
  await world.engine.renumber({ map: 'customers', from: KEY('C2'), to: KEY('C200') }, 'test')
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
  await quiet(world)
  const after = await world.row('account', 'accountnumber', 'C200')
  assert.equal(after.accountid, before.accountid)
  assert.equal((await world.rows('account')).length, 2)
  await assert.rejects(
    () => world.engine.renumber({ map: 'customers', from: KEY('C200'), to: KEY('C1') }, 'test'),
    (error) => isAppError(error, 'dual_write.conflict'),
  )
  await assert.rejects(
    () => world.engine.renumber({ map: 'customers', from: KEY('C200'), to: 'CustomerAccount=C9' }, 'test'),
    (error) => isAppError(error, 'request.invalid'),
  )
})

test('of two records that were merged, what pointed to the lost one points to the kept one', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const [lost, kept] = [await world.row('account', 'accountnumber', 'C1'), await world.row('account', 'accountnumber', 'C2')]
  const { moved } = await world.engine.mergeRecords({ map: 'customers', lost: KEY('C1'), kept: KEY('C2') }, 'test')
  assert.ok(moved >= 2, 'the contact and the order at least')
  const contact = await world.row('contact', 'msdyn_contactpersonid', 'P1')
  assert.equal(contact.parentcustomerid, kept.accountid)
  assert.equal((await world.row('account', 'accountid', String(lost.accountid))).statecode, 1)
  const [newest] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.equal(newest?.action, 'merged two records')
})

test('an order that was cut off before its lines, and is linked by then, goes on as one group with them: the connector learns where its half is', async () => {
  const groups: WriteGroup[] = []
  let isCut = true
  await using world = await setUp({
    before({ connector, put }) {
      const writeGroup = connector.writeGroup.bind(connector)
      Object.assign(connector.capabilities, { atomicGroups: false })
      connector.writeGroup = async (group, signal) => {
        const [header] = group.writes
        if (!isCut || header?.operation !== 'create' || header.entity !== 'CDSSalesOrderHeaders') {
          groups.push(group)
          return writeGroup(group, signal)
        }
        const half = { ...header.fields, dataAreaId: 'usmf', SalesOrderNumber: 'HALF-1', IsSalesProcessingStopped: 'Yes' }
        if (group.attempt === 1) put(header.entity, half)
        return group.writes.map(() => ({ kind: 'retry', afterMs: 20, reason: 'cut off' }))
      }
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const rowId = await placeOrder(world, 'W-HALF')
  const remoteKey = 'dataAreaId=usmf,SalesOrderNumber=HALF-1'
  await until('the half is there', () => world.erp.get('CDSSalesOrderHeaders', remoteKey) !== undefined)
  const pair = { map: 'sales-order-headers', rowId, remoteKey, winner: 'portal' } as const
  assert.deepEqual(await world.engine.adoptPairs([pair], 'test'), { adopted: 1, refused: [] })
  // As a notice of the half leaves row and link.
  await world.database.transaction(async (tx) => {
    await setOrigin(tx, 'sales-order-headers', { quiet: false })
    await tx`update tables.salesorder set msdyn_issalesprocessingstopped = true, msdyn_salesordernumber = 'HALF-1' where salesorderid = ${rowId}`
    const known = { msdyn_issalesprocessingstopped: 'true', msdyn_salesordernumber: 'HALF-1' }
    await tx`update dual_write.row_link set agreed = agreed || ${JSON.stringify(known)}::jsonb where row_id = ${rowId}`
  })
  isCut = false
  await quiet(world)
  const group = groups.find((one) => one.writes.length === 3)
  assert.deepEqual(
    group?.writes.map((one) => one.operation === 'create' && [one.earlierKey, one.parent?.index]),
    [
      [remoteKey, undefined],
      [undefined, 0],
      [undefined, 0],
    ],
  )
  const [header] = group?.writes ?? []
  assert.ok(header?.operation === 'create')
  const { SalesOrderNumber, IsSalesProcessingStopped } = header.fields
  assert.deepEqual(
    [SalesOrderNumber, IsSalesProcessingStopped],
    [undefined, undefined],
    'what the half says is no word of the buyer',
  )
  assert.equal(world.erp.rows('CDSSalesOrderLines').filter((one) => one.SalesOrderNumber === 'HALF-1').length, 2)
  assert.deepEqual(await world.engine.listParked({ map: null, rowsMax: 10 }), [])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { engineRows } from '#tables/predicate.ts'
import { deleteRow, insertRows, newRowId, setOrigin, updateRow } from '#tables/rows.queries.ts'
import { catalog, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

async function running(): Promise<World> {
  const world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

/** An edit of ours that nobody is told of, as a person at the database would make it. */
async function tamper(
  world: World,
  table: string,
  id: unknown,
  values: Parameters<World['edit']>[2],
  map: string,
): Promise<void> {
  await world.database.transaction(async (tx) => {
    await setOrigin(tx, map, { quiet: true })
    assert.ok(await updateRow(tx, catalog.get(table), String(id), values, { predicate: engineRows }))
  })
}

/** What the ERP does here is told to nobody. */
async function untold(world: World, act: () => void): Promise<void> {
  world.erp.deliverTo(async () => undefined)
  act()
  await until('the notices are lost', () => world.erp.undelivered() === 0)
  world.erp.deliverTo((body) => world.engine.receiveEvent(body))
}

/**
 * What was written while an older transaction is open counts as moved for the next comparison, too, which then reads more than it must. The
 * server is shared with other tests, and their transactions count.
 */
async function untilOlderTransactionsEnd({ database }: World): Promise<void> {
  const written = await database.transaction((tx) => tx<{ id: string }>`select pg_current_xact_id()::text as id`)
  await until('older transactions end', async () => {
    const rows = await database.read(
      (tx) => tx`select 1 as one where pg_snapshot_xmin(pg_current_snapshot()) > ${written[0]?.id}::text::xid8`,
    )
    return rows.length > 0
  })
}

const differencesOf = (world: World, map: string) => world.engine.listDifferences({ map, rowsMax: 100 })

test('after the first copy and edits of both sides everything is equal, and the comparison has read all of it', async () => {
  await using world = await running()
  await placeOrder(world, 'W-1')
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: '+1 555' })
  world.erp.change('CustomersV3', C1, { OrganizationName: 'Fabrikam Inc' })
  await quiet(world)
  for (const exact of [true, false]) {
    const comparison = await world.engine.compareMaps({ exact })
    assert.deepEqual(
      comparison.maps.filter((one) => one.differences > 0),
      [],
    )
    assert.equal(comparison.equal, true)
    assert.equal(comparison.maps.length, (await world.engine.status()).length)
    const customers = comparison.maps.find((one) => one.map === 'customers')
    assert.equal(customers?.rows, 2, 'the person outside the filter does not count')
    assert.equal(customers?.company, 'usmf')
  }
  const status = (await world.engine.status()).find((one) => one.name === 'customers')
  assert.equal(status?.differences, 0)
  assert.ok(status?.comparedAt)
})

test('a notice that never came is found, with the columns, and repaired to the portal', async () => {
  await using world = await running()
  await untold(world, () => world.erp.change('CustomersV3', C1, { OrganizationName: 'Renamed', SalesMemo: 'new' }))
  const comparison = await world.engine.compareMaps({ maps: ['customers'], exact: false })
  assert.equal(comparison.equal, false)
  const account = await world.row('account', 'accountnumber', 'C1')
  assert.deepEqual(await differencesOf(world, 'customers'), [
    {
      map: 'customers',
      company: 'usmf',
      key: C1,
      rowId: account.accountid,
      kind: 'columns',
      columns: [
        { column: 'name', field: 'OrganizationName', portal: 'Fabrikam', erp: 'Renamed', agreed: 'Fabrikam' },
        { column: 'description', field: 'SalesMemo', portal: null, erp: 'new', agreed: null },
      ],
      explanation: null,
    },
  ])
  assert.deepEqual(await world.engine.repair({ map: 'customers', keys: 'all', to: 'portal' }, 'kim'), {
    repaired: 1,
    refused: [],
  })
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).name, 'Renamed')
  assert.equal((await world.engine.compareMaps()).equal, true)
  assert.deepEqual(await differencesOf(world, 'customers'), [])
})

test('a row that was changed behind the engine’s back is found even where no version tells, and repaired to the ERP', async () => {
  await using world = await running()
  const account = await world.row('account', 'accountnumber', 'C1')
  await tamper(world, 'account', account.accountid, { telephone1: '+1 777' }, 'customers')
  const comparison = await world.engine.compareMaps({ maps: ['customers'], exact: false })
  assert.equal(comparison.maps[0]?.differences, 1)
  const result = await world.engine.repair(
    { map: 'customers', keys: [C1, 'dataAreaId=usmf,CustomerAccount=none'], to: 'erp' },
    'kim',
  )
  assert.equal(result.repaired, 1)
  assert.match(result.refused[0]?.reason ?? '', /found no difference/)
  await until('the ERP has it', () => world.erp.get('CustomersV3', C1)?.PrimaryContactPhone === '+1 777')
  await quiet(world)
  assert.equal((await world.engine.compareMaps({ maps: ['customers'] })).equal, true)
  // The party number comes from the ERP only.
  await tamper(world, 'account', account.accountid, { msdyn_partynumber: 'P-9' }, 'customers')
  await world.engine.compareMaps({ maps: ['customers'] })
  assert.deepEqual(
    (await differencesOf(world, 'customers'))[0]?.columns.map((one) => one.column),
    ['msdyn_partynumber'],
  )
  const refused = await world.engine.repair({ map: 'customers', keys: 'all', to: 'erp' }, 'kim')
  assert.equal(refused.repaired, 0)
  assert.match(refused.refused[0]?.reason ?? '', /only source of msdyn_partynumber/)
  await world.engine.repair({ map: 'customers', keys: 'all', to: 'portal' }, 'kim')
  await quiet(world)
  assert.equal((await world.engine.compareMaps()).equal, true)
})

test('both sides have changed and neither was told: the repair’s direction decides, whatever the map’s winner', async () => {
  await using world = await running()
  const account = await world.row('account', 'accountnumber', 'C1')
  await tamper(world, 'account', account.accountid, { name: 'Ours' }, 'customers')
  await untold(world, () => world.erp.change('CustomersV3', C1, { OrganizationName: 'Theirs' }))
  await world.engine.compareMaps({ maps: ['customers'] })
  assert.equal((await world.engine.repair({ map: 'customers', keys: [C1], to: 'erp' }, 'kim')).repaired, 1)
  await until('the ERP has ours', () => world.erp.get('CustomersV3', C1)?.OrganizationName === 'Ours')
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).name, 'Ours')
  assert.equal((await world.engine.compareMaps()).equal, true)
})

test('records that only the ERP has, and rows that only the portal has, are found and made or removed', async () => {
  await using world = await running()
  const order = 'dataAreaId=usmf,SalesOrderNumber=SO-1'
  await untold(world, () => {
    world.erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: 'NEW', GroupName: 'New' })
    for (const line of world.erp.rows('CDSSalesOrderLines'))
      world.erp.remove('CDSSalesOrderLines', `${order},LineCreationSequenceNumber=${line.LineCreationSequenceNumber}`)
    world.erp.remove('CDSSalesOrderHeaders', order)
  })
  // Until then the first copy would send it.
  await until('the first copy has ended', async () =>
    (await world.engine.copyProgress('customers')).every((part) => part.state === 'done'),
  )
  const unsent = newRowId()
  const customer = await world.row('account', 'accountnumber', 'C1')
  await world.database.transaction(async (tx) => {
    await setOrigin(tx, 'customers', { quiet: true })
    const msdyn_company = customer.msdyn_company ?? null
    const row = { accountid: unsent, accountnumber: 'C9', name: 'Never sent', customertypecode: 3, msdyn_company }
    await insertRows(tx, catalog.get('account'), [row])
  })
  const comparison = await world.engine.compareMaps()
  const found = comparison.maps.filter((one) => one.differences > 0).map((one) => [one.map, one.differences])
  assert.deepEqual(found.sort(), [
    ['customers', 1],
    ['price-groups', 1],
    ['sales-order-headers', 1],
    ['sales-order-lines', 1],
  ])
  assert.deepEqual(
    (await differencesOf(world, 'price-groups')).map((one) => [one.kind, one.key]),
    [['only_erp', 'dataAreaId=usmf,GroupCode=NEW']],
  )
  assert.deepEqual(
    (await differencesOf(world, 'customers')).map((one) => [one.kind, one.key]),
    [['only_portal', unsent]],
  )
  assert.deepEqual(
    (await differencesOf(world, 'sales-order-headers')).map((one) => [one.kind, one.key]),
    [['only_portal', order]],
  )

  const noDelete = await world.engine.repair({ map: 'price-groups', keys: 'all', to: 'erp' }, 'kim')
  assert.equal(noDelete.refused.length, 1)
  await world.engine.repair({ map: 'price-groups', keys: 'all', to: 'portal' }, 'kim')
  await world.engine.repair({ map: 'sales-order-headers', keys: 'all', to: 'portal' }, 'kim')
  await world.engine.repair({ map: 'customers', keys: 'all', to: 'erp' }, 'kim')
  await until('the ERP has the customer', () => world.erp.rows('CustomersV3').some((one) => one.CustomerAccount === 'C9'))
  await quiet(world)
  assert.equal((await world.rows('salesorder')).length, 0)
  assert.equal((await world.engine.compareMaps()).equal, true)
})

test('columns that another map’s rows take from a record are compared by their key, and repaired', async () => {
  await using world = await running()
  const product = await world.row('product', 'msdyn_productnumber', 'A1')
  await tamper(world, 'product', product.productid, { comptoir_name_fr: 'Vis' }, 'product-names-fr')
  const comparison = await world.engine.compareMaps({ maps: ['product-names-fr', 'unit-groups'], exact: false })
  assert.deepEqual(
    comparison.maps.map((one) => [one.map, one.rows, one.differences]),
    [
      ['product-names-fr', 1, 1],
      ['unit-groups', 2, 0],
    ],
  )
  const [found] = await differencesOf(world, 'product-names-fr')
  assert.deepEqual([found?.rowId, found?.columns[0]?.portal, found?.columns[0]?.erp], [product.productid, 'Vis', 'Boulon'])
  assert.equal((await world.engine.repair({ map: 'product-names-fr', keys: 'all', to: 'erp' }, 'kim')).refused.length, 1)
  await world.engine.repair({ map: 'product-names-fr', keys: 'all', to: 'portal' }, 'kim')
  await quiet(world)
  assert.equal((await world.engine.compareMaps()).equal, true)
})

test('what is on its way or parked is told apart', async () => {
  await using world = await running()
  world.erp.faults.onWrite = () => 'reject'
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: '+1 999' })
  await until('it is parked', async () => (await world.engine.listParked({ map: 'customers', rowsMax: 9 })).length === 1)
  const comparison = await world.engine.compareMaps({ maps: ['customers'] })
  assert.equal(comparison.equal, false)
  assert.deepEqual([comparison.maps[0]?.differences, comparison.maps[0]?.explained], [1, 1])
  assert.match((await differencesOf(world, 'customers'))[0]?.explanation ?? '', /^Parked: Customer is on hold/)
  const { refused } = await world.engine.repair({ map: 'customers', keys: 'all', to: 'portal' }, 'kim')
  assert.match(refused[0]?.reason ?? '', /on its way/)
})

test('a row that was deleted here, where the map leaves the record, is no difference', async () => {
  await using world = await running()
  const contact = await world.row('contact', 'msdyn_contactpersonid', 'P1')
  await world.database.transaction((tx) => deleteRow(tx, catalog.get('contact'), String(contact.contactid), engineRows))
  await quiet(world)
  assert.equal((await world.engine.compareMaps({ maps: ['contacts'] })).equal, true)
  await assert.rejects(world.engine.compareMaps({ maps: ['nothing'] }), /no table map/)
})

test('where the ERP tells hashes of ranges, a later comparison reads only what has moved, and misses nothing', async () => {
  const groups = 3_000
  const key = (n: number) => `dataAreaId=usmf,GroupCode=G${n}`
  let read = 0
  await using world = await setUp({
    before: (erp) => {
      for (let n = 1_000; n < 1_000 + groups; n++)
        erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: `G${n}`, GroupName: `Group ${n}` })
      const { readPage, readRecords } = erp.connector
      erp.connector.readPage = async (request, signal) => {
        const page = await readPage(request, signal)
        if (request.entity === 'PriceCustomerGroups') read += page.records.length
        return page
      }
      erp.connector.readRecords = (request, signal) => {
        if (request.entity === 'PriceCustomerGroups') read += request.keys.length
        return readRecords(request, signal)
      }
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const compare = async (exact: boolean) => {
    await untilOlderTransactionsEnd(world)
    read = 0
    const { equal, maps } = await world.engine.compareMaps({ maps: ['price-groups'], exact })
    const { rows, differences } = maps[0] ?? {}
    return { equal, rows, differences, read }
  }
  const rows = groups + 1
  // Nothing is remembered yet: everything is read once, whatever was asked for.
  assert.deepEqual(await compare(false), { equal: true, rows, differences: 0, read: rows })
  assert.deepEqual(await compare(false), { equal: true, rows, differences: 0, read: 0 })

  // One that no notice told lies in one of four ranges; the three looks read it again.
  await untold(world, () => world.erp.change('PriceCustomerGroups', key(1_500), { GroupName: 'Renamed' }))
  const found = await compare(false)
  assert.deepEqual([found.equal, found.rows, found.differences], [false, rows, 1])
  assert.ok(found.read <= rows / 3 && found.read > 3, `${found.read} records were read`)
  // As long as it differs its range is read.
  assert.equal((await compare(false)).differences, 1)
  await world.engine.repair({ map: 'price-groups', keys: 'all', to: 'portal' }, 'kim')
  await quiet(world)
  assert.equal((await compare(false)).equal, true)
  assert.deepEqual(await compare(false), { equal: true, rows, differences: 0, read: 0 })

  // An edit here that nobody captured: the ERP's ranges are the same, the row is not.
  const row = (await world.rows('pricelevel')).find((one) => !['G1500', 'G3999'].includes(String(one.name)))
  await tamper(world, 'pricelevel', row?.pricelevelid, { description: 'Tampered with' }, 'price-groups')
  for (let times = 1; times <= 2; times++) {
    const { equal, differences, read: few } = await compare(false)
    assert.deepEqual([equal, differences], [false, 1])
    assert.ok(few <= 6, `${few} records were read`)
  }
  await world.engine.repair({ map: 'price-groups', keys: 'all', to: 'portal' }, 'kim')
  await quiet(world)

  // A record that is gone cannot be told by its range, so that all are read once; and one that is new.
  await untold(world, () => {
    world.erp.remove('PriceCustomerGroups', key(3_999))
    world.erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: 'G1000A', GroupName: 'New' })
  })
  const [gone, again, exact] = [await compare(false), await compare(false), await compare(true)]
  assert.deepEqual([gone.equal, gone.rows, gone.differences], [false, rows + 1, 2])
  for (const one of [again, exact]) assert.deepEqual([one.rows, one.differences], [gone.rows, gone.differences])
  assert.ok(again.read <= rows / 3, `${again.read} records were read`)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { RecordPage } from '#connector/contract.ts'
import { newRowId } from '#tables/rows.queries.ts'
import { placeOrder, quiet, setUp, until, type World } from '../../../tests/support/dual-write-world.ts'
import type { MemoryErp } from '../../../tests/support/memory-connector.ts'

const CUSTOMER = 3
const customerKey = (number: string) => `dataAreaId=usmf,CustomerAccount=${number}`
const customer = (number: string, fields: Record<string, string>) => ({
  dataAreaId: 'usmf',
  CustomerAccount: number,
  PartyType: 'Organization',
  ...fields,
})

async function insertAccount(world: World, values: Record<string, string | number>): Promise<string> {
  const id = newRowId()
  const { msdyn_company = null } = await world.row('account', 'accountnumber', 'C1')
  await world.insert('account', { accountid: id, msdyn_company, customertypecode: CUSTOMER, ...values })
  return id
}

const isRunning = async (world: World, name: string) =>
  (await world.engine.status()).find((map) => map.name === name)?.state === 'running'

const part = async (world: World, map: string, direction: 'toErp' | 'toPortal') => {
  const found = (await world.engine.copyProgress(map)).find((one) => one.direction === direction)
  assert.ok(found, `${map} ${direction}`)
  return found
}

/** Calls `during` once, when a page with that record has been read and is not yet handed over. */
function onPageWith(erp: MemoryErp, key: string, during: () => Promise<void>): void {
  const { readPage } = erp.connector
  let isDone = false
  erp.connector.readPage = async (request, signal): Promise<RecordPage> => {
    const page = await readPage(request, signal)
    if (!isDone && page.records.some((record) => record.key === key) && request.fields.length > 3) {
      isDone = true
      await during()
    }
    return page
  }
}

test('rows that the portal alone has go out after the copy, an order with its lines as one', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  for (const map of ['customers', 'sales-order-lines', 'sales-order-headers']) await world.engine.stopMap(map, 'kim')
  await insertAccount(world, { accountnumber: 'P9', name: 'Only here' })
  await insertAccount(world, { accountnumber: 'P8', name: 'No customer', customertypecode: 1 })
  await placeOrder(world, 'W-1')
  for (const map of ['customers', 'sales-order-headers', 'sales-order-lines']) await world.engine.runMap(map, 'kim')
  await until(
    'the order has its number',
    async () => (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_salesordernumber !== null,
  )
  await until('the customer is there', () => world.erp.get('CustomersV3', customerKey('P9')) !== undefined)
  await until('all is counted', async () => (await part(world, 'customers', 'toErp')).state === 'done')
  assert.equal(world.erp.get('CustomersV3', customerKey('P8')), undefined, 'outside the filter')
  const [header] = world.erp.rows('CDSSalesOrderHeaders').filter((one) => one.CustomersOrderReference === 'W-1')
  const order = world.erp.log.filter((entry) => entry.includes(String(header?.SalesOrderNumber)) && entry.startsWith('create'))
  assert.deepEqual(
    order.map((entry) => entry.split(' ')[1]),
    ['CDSSalesOrderHeaders', 'CDSSalesOrderLines', 'CDSSalesOrderLines'],
  )
  assert.equal(world.erp.log.filter((entry) => entry.startsWith('create')).length, 4, 'nothing twice')
  const { created, failed } = await part(world, 'customers', 'toErp')
  assert.deepEqual({ created, failed }, { created: 1, failed: 0 })
})

test('where both sides have the row the winner decides column by column, and nothing wins over a value', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stopMap('customers', 'kim')
  await insertAccount(world, { accountnumber: 'B1', name: 'Ours', telephone1: '1', msdyn_partynumber: 'ours' })
  world.erp.put('CustomersV3', customer('B1', { OrganizationName: 'Theirs', PrimaryContactFax: '9', PartyNumber: 'theirs' }))
  // Linked before: one column changed here, one there, one on both sides.
  const c1 = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', c1.accountid, { telephone1: 'ours', description: 'ours' })
  world.erp.change('CustomersV3', customerKey('C1'), { PrimaryContactFax: 'theirs', SalesMemo: 'theirs' })
  await world.engine.runMap('customers', 'kim', { winner: 'portal' })
  await until('the map runs', () => isRunning(world, 'customers'))
  await quiet(world)
  const both = await world.row('account', 'accountnumber', 'B1')
  assert.deepEqual([both.name, both.telephone1, both.fax, both.msdyn_partynumber], ['Ours', '1', '9', 'theirs'])
  const record = world.erp.get('CustomersV3', customerKey('B1'))
  assert.deepEqual([record?.OrganizationName, record?.PrimaryContactPhone, record?.PrimaryContactFax], ['Ours', '1', '9'])
  const merged = await world.row('account', 'accountnumber', 'C1')
  assert.deepEqual([merged.telephone1, merged.fax, merged.description], ['ours', 'theirs', 'ours'])
  const other = world.erp.get('CustomersV3', customerKey('C1'))
  assert.deepEqual([other?.PrimaryContactPhone, other?.PrimaryContactFax, other?.SalesMemo], ['ours', 'theirs', 'ours'])
})

test('live changes flow during the copy, and a page that was read before does not undo them', async () => {
  let world: World | undefined
  const seen: string[] = []
  const problems: unknown[] = []
  await using opened = await setUp({
    before: (erp) => {
      const failed = (error: unknown) => {
        problems.push(error)
        throw error
      }
      for (const number of ['L1', 'L2', 'L3']) erp.put('CustomersV3', customer(number, { OrganizationName: 'old' }))
      const live = async () => {
        await until('the test has its world', () => world !== undefined)
        if (world === undefined) return
        seen.push((await world.engine.status()).find((map) => map.name === 'customers')?.state ?? '')
        erp.change('CustomersV3', customerKey('L1'), { OrganizationName: 'new' })
        erp.remove('CustomersV3', customerKey('L2'))
        const { database } = world
        const [company] = await world.rows('cdm_company')
        const msdyn_company = company?.cdm_companyid ?? null
        await world.insert('account', { accountnumber: 'NEW', name: 'New', customertypecode: CUSTOMER, msdyn_company })
        // One that the ERP has too, though its page is not here yet.
        await world.insert('account', { accountnumber: 'L3', name: 'mine', customertypecode: CUSTOMER, msdyn_company })
        await until('the newer record is here', async () => {
          const rows = await world?.rows('account')
          return rows?.some((row) => row.accountnumber === 'L1' && row.name === 'new') ?? false
        })
        await until('the ERP has the new customer', () => erp.get('CustomersV3', customerKey('NEW')) !== undefined)
        await until('its end was noticed', async () => {
          const waiting = await database.read(
            (tx) => tx`select 1 as one from dual_write.remote_change where remote_key = ${customerKey('L2')}`,
          )
          return waiting.length === 0
        })
      }
      // All of them in one page.
      erp.connector.splitRanges = async () => [{ from: undefined, before: undefined }]
      onPageWith(erp, customerKey('L1'), () => live().catch(failed))
    },
  })
  world = opened
  await opened.engine.whenRunning()
  await quiet(opened)
  assert.deepEqual(problems, [])
  assert.deepEqual(seen, ['initializing'])
  const accounts = new Map((await opened.rows('account')).map((row) => [row.accountnumber, row.name]))
  assert.equal(accounts.get('L1'), 'new')
  assert.equal(accounts.has('L2'), false, 'gone before its page was stored')
  assert.equal((await opened.rows('account')).filter((row) => row.accountnumber === 'L3').length, 1)
  assert.deepEqual(
    opened.erp.log.filter((entry) => entry.startsWith('create')),
    [`create CustomersV3 ${customerKey('NEW')}`],
    'nothing is made twice',
  )
  assert.equal(opened.erp.rows('CustomersV3').filter((one) => one.CustomerAccount === 'NEW').length, 1)
})

test('every row’s outcome is kept; failures stand together by cause and only they are tried again', async () => {
  const lines = 5
  await using world = await setUp({
    before: (erp) => {
      for (let line = 1; line <= lines; line++)
        erp.put('CDSSalesOrderLines', { dataAreaId: 'usmf', SalesOrderNumber: `SO-${400 + line}`, LineCreationSequenceNumber: 1 })
    },
  })
  await world.engine.whenRunning()
  const groups = await world.engine.groupCopyErrors('sales-order-lines')
  assert.deepEqual(
    groups.map(({ code, count }) => ({ code, count })),
    [{ code: 'dual_write.parent', count: lines }],
  )
  assert.match(groups[0]?.remedy ?? '', /retry the failed rows/)
  const keys: string[] = []
  let after: string | undefined
  do {
    const page = await world.engine.listCopyOutcomes({ map: 'sales-order-lines', after, rowsMax: 2 })
    keys.push(...page.rows.map((row) => `${row.kind} ${row.key}`))
    after = page.next ?? undefined
  } while (after !== undefined)
  assert.equal(keys.length, lines + 1)
  assert.equal(new Set(keys).size, keys.length, 'each once')
  assert.equal(keys.filter((key) => key.startsWith('failed')).length, lines)
  for (let line = 1; line <= lines; line++)
    world.erp.put('CDSSalesOrderHeaders', { dataAreaId: 'usmf', SalesOrderNumber: `SO-${400 + line}` })
  await until('the headers are here', async () => (await world.rows('salesorder')).length === lines + 1)
  assert.equal(await world.engine.retryFailedRows('sales-order-lines', 'kim', { code: 'dual_write.held' }), 0)
  await world.engine.retryFailedRows('sales-order-lines', 'kim')
  await until('the lines are here', async () => (await world.rows('salesorderdetail')).length === lines + 1)
  await quiet(world)
  assert.deepEqual(await world.engine.groupCopyErrors('sales-order-lines'), [])
  assert.equal((await part(world, 'sales-order-lines', 'toPortal')).failed, 0)
})

test('a map that runs anew tells the failures of rows that were linked before, until their records fit', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const { text, version } = await world.engine.readMap('customers')
  const holding = text.replace('values: hold, unmapped: empty', 'values: hold, unmapped: hold')
  await world.engine.saveMap(holding.replace(`version: ${version}`, 'version: 7.1.0'), 'kim', 'hold back')
  await quiet(world)
  await world.engine.stopMap('customers', 'kim')
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C1', { OnHoldStatus: 'Sometimes' })
  await world.engine.runMap('customers', 'kim')
  await world.engine.whenRunning()
  assert.equal((await part(world, 'customers', 'toPortal')).failed, 1)
  const [group] = await world.engine.groupCopyErrors('customers')
  assert.deepEqual([group?.code, group?.count], ['dual_write.held', 1])
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C1', { OnHoldStatus: 'All' })
  assert.equal(await world.engine.retryFailedRows('customers', 'kim'), 1)
  await until('none is open', async () => (await world.engine.groupCopyErrors('customers')).length === 0)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).msdyn_onholdstatus, 806380002)
})

test('a dry run writes nothing and says what the run then does', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stopMap('customers', 'kim')
  await insertAccount(world, { accountnumber: 'P9', name: 'Only here' })
  await insertAccount(world, { accountnumber: 'B1', name: 'Ours', telephone1: '1' })
  world.erp.put('CustomersV3', customer('B1', { OrganizationName: 'Theirs', PrimaryContactFax: '9' }))
  world.erp.put('CustomersV3', customer('E1', { OrganizationName: 'Only there' }))
  world.erp.change('CustomersV3', customerKey('C1'), { OrganizationName: 'Fabrikam Inc' })
  world.erp.remove('CustomersV3', customerKey('C2'))
  const before = await world.rows('account')
  const dry = await world.engine.dryRun('customers', { winner: 'portal' })
  assert.deepEqual(await world.rows('account'), before)
  assert.deepEqual(world.erp.log, [])
  const dryPart = (direction: string) => dry.parts.find((one) => one.direction === direction)
  const dryCounts = { ...dryPart('toPortal') }
  const changed = dry.samples.find((one) => one.kind === 'changed' && one.key === customerKey('C1'))
  assert.deepEqual(
    changed?.columns.filter((one) => one.column === 'name'),
    [{ column: 'name', before: 'Fabrikam', after: 'Fabrikam Inc', decidedBy: 'wins: portal' }],
  )
  assert.deepEqual(
    dry.samples.filter((one) => one.kind === 'deleted').map((one) => one.key),
    [customerKey('C2')],
  )
  await world.engine.runMap('customers', 'kim', { winner: 'portal' })
  await until('the map runs', () => isRunning(world, 'customers'))
  const real = await part(world, 'customers', 'toPortal')
  assert.deepEqual(
    {
      created: dryCounts.created,
      updated: dryCounts.changed,
      unchanged: (dryCounts.unchanged ?? 0) + (dryCounts.excluded ?? 0),
      failed: dryCounts.refused,
    },
    { created: real.created, updated: real.updated, unchanged: real.unchanged, failed: real.failed },
  )
  assert.deepEqual([dryPart('toErp')?.created, dryPart('toErp')?.changed], [1, 1])
  await until('both went out', async () => (await part(world, 'customers', 'toErp')).created === 1)
  await quiet(world)
  assert.equal(world.erp.get('CustomersV3', customerKey('B1'))?.OrganizationName, 'Ours')
  assert.equal((await world.row('account', 'accountnumber', 'C2')).statecode, 1, 'marked, as the map says of deletes')
})

test('a legal entity that comes later is copied while its maps run', async () => {
  await using world = await setUp({
    before: (erp) => {
      erp.put('CustomersV3', { ...customer('D1', { OrganizationName: 'Adatum' }), dataAreaId: 'demf' })
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  assert.equal(
    (await world.rows('account')).some((row) => row.accountnumber === 'D1'),
    false,
  )
  world.erp.put('LegalEntities', { LegalEntityId: 'demf', Name: 'Contoso Germany' })
  await until('its customers are here', async () => (await world.rows('account')).some((row) => row.accountnumber === 'D1'))
  assert.ok(await isRunning(world, 'customers'))
  await until('its part is done', async () => {
    const parts = await world.engine.copyProgress('customers')
    return parts.some((one) => one.company.toLowerCase() === 'demf' && one.direction === 'toPortal' && one.state === 'done')
  })
})

test('a row that the ERP refuses on the way out is told with its reason, and goes out once it is tried again', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stopMap('customers', 'kim')
  await insertAccount(world, { accountnumber: 'P7', name: 'Refused' })
  world.erp.faults.onWrite = () => 'reject'
  await world.engine.runMap('customers', 'kim')
  await until('it has failed', async () => (await world.engine.groupCopyErrors('customers')).length === 1)
  assert.equal((await part(world, 'customers', 'toErp')).failed, 1)
  const [group] = await world.engine.groupCopyErrors('customers')
  assert.deepEqual([group?.code, group?.reason, group?.count], ['erp.refused', 'Customer is on hold.', 1])
  delete world.erp.faults.onWrite
  assert.equal(await world.engine.retryFailedRows('customers', 'kim'), 1)
  await until('it is there', () => world.erp.get('CustomersV3', customerKey('P7')) !== undefined)
  await until('it is counted', async () => (await part(world, 'customers', 'toErp')).created === 1)
  assert.deepEqual(await world.engine.groupCopyErrors('customers'), [])
  const { rowsDone, rowsTotal, failed } = await part(world, 'customers', 'toErp')
  assert.deepEqual({ rowsDone, rowsTotal, failed }, { rowsDone: 1, rowsTotal: 1, failed: 0 })
  await assert.rejects(world.engine.dryRun('customers', { company: 'nope' }), { code: 'request.invalid' })
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { type Database, openDatabase } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { readCatalog } from '#tables/catalog.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/query.ts'
import { deleteRow, insertRows, listRows, newRowId, type RowValues, updateRow } from '#tables/rows.queries.ts'
import { applyDefinitions } from '#tables/schema.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { createMemoryErp, type MemoryErp } from '../../tests/support/memory-connector.ts'
import { createDualWrite, type DualWrite } from './engine.ts'
import { readMaps } from './map.ts'
import { listConflicts } from './maps.queries.ts'
import { findSyncStates } from './sync-state.ts'

const catalog = readCatalog()
const maps = readMaps(catalog, join(import.meta.dirname, '../../maps/dynamics365'))
const WAIT_MS_MAX = 20_000
const ITEM_ORDER = 192350000

const company = { companyField: 'dataAreaId' }
const ENTITIES = {
  LegalEntities: { keyFields: ['LegalEntityId'] },
  Currencies: { keyFields: ['CurrencyCode'] },
  UnitsOfMeasure: { keyFields: ['UnitSymbol'] },
  ProductUnitOfMeasureConversions: { keyFields: ['ProductNumber', 'FromUnitSymbol', 'ToUnitSymbol'] },
  PriceCustomerGroups: { keyFields: ['dataAreaId', 'GroupCode'], ...company },
  PaymentTerms: { keyFields: ['dataAreaId', 'Name'], ...company },
  DeliveryModes: { keyFields: ['dataAreaId', 'ModeCode'], ...company },
  CustomerGroups: { keyFields: ['dataAreaId', 'CustomerGroupId'], ...company },
  CustomersV3: { keyFields: ['dataAreaId', 'CustomerAccount'], ...company },
  CDSContactsV2: {
    keyFields: ['dataAreaId', 'ContactPersonId'],
    ...company,
    numbered: { field: 'ContactPersonId', prefix: 'C' },
  },
  CDSReleasedDistinctProducts: { keyFields: ['dataAreaId', 'ItemNumber'], ...company },
  ProductTranslations: { keyFields: ['ProductNumber', 'LanguageId'] },
  SalesPriceAgreements: { keyFields: ['dataAreaId', 'RecordId'], ...company },
  CDSSalesOrderHeaders: {
    keyFields: ['dataAreaId', 'SalesOrderNumber'],
    ...company,
    numbered: { field: 'SalesOrderNumber', prefix: 'SO-' },
  },
  CDSSalesOrderLines: { keyFields: ['dataAreaId', 'SalesOrderNumber', 'LineCreationSequenceNumber'], ...company },
  SalesInvoiceHeadersV2: { keyFields: ['dataAreaId', 'InvoiceNumber', 'InvoiceDate', 'LedgerVoucher'], ...company },
  SalesInvoiceV2Lines: {
    keyFields: ['dataAreaId', 'InvoiceNumber', 'InvoiceDate', 'LedgerVoucher', 'LineCreationSequenceNumber'],
    ...company,
  },
} as const

type World = AsyncDisposable & {
  database: Database
  erp: MemoryErp
  engine: DualWrite
  /** A new engine, as after a restart. */
  restart(): Promise<void>
  rows(table: string): Promise<QueryRow[]>
  row(table: string, column: string, value: string): Promise<QueryRow>
  insert(table: string, row: RowValues): Promise<void>
  edit(table: string, id: unknown, values: RowValues): Promise<void>
}

function fill(erp: MemoryErp): void {
  erp.put('LegalEntities', { LegalEntityId: 'USMF', Name: 'Contoso' })
  erp.put('Currencies', { CurrencyCode: 'USD', Name: 'Dollar', Symbol: '$' })
  erp.put('UnitsOfMeasure', {
    UnitSymbol: 'ea',
    UnitClass: 'Quantity',
    DecimalPrecision: 0,
    IsBaseUnit: 'Yes',
    SystemOfUnits: 'None',
  })
  erp.put('UnitsOfMeasure', { UnitSymbol: 'pcs', UnitClass: 'Quantity', DecimalPrecision: 0 })
  const usmf = { dataAreaId: 'usmf' }
  erp.put('PriceCustomerGroups', { ...usmf, GroupCode: 'RETAIL', GroupName: 'Retail' })
  // The first two customers point at each other, at themselves, and at contacts that point back.
  erp.put('CustomersV3', {
    ...usmf,
    CustomerAccount: 'C1',
    OrganizationName: 'Fabrikam',
    PartyType: 'Organization',
    SalesCurrencyCode: 'USD',
    InvoiceAccount: 'C2',
    ContactPersonId: 'P1',
    DiscountPriceGroupId: 'RETAIL',
    DeliveryAddressCountryRegionISOCode: 'US',
  })
  erp.put('CustomersV3', {
    ...usmf,
    CustomerAccount: 'C2',
    OrganizationName: 'Tailspin',
    PartyType: 'Organization',
    SalesCurrencyCode: 'USD',
    InvoiceAccount: 'C2',
  })
  erp.put('CustomersV3', { ...usmf, CustomerAccount: 'C3', OrganizationName: 'A person', PartyType: 'Person' })
  erp.put('CDSContactsV2', {
    ...usmf,
    ContactPersonId: 'P1',
    FirstName: 'Nora',
    LastName: 'Ek',
    AssociatedContactType: 'Customer',
    AssociatedContactNumber: 'C1',
    PrimaryEmailAddress: 'nora@fabrikam.example',
  })
  erp.put('CDSReleasedDistinctProducts', {
    ...usmf,
    ItemNumber: 'A1',
    ProductNumber: 'A1',
    ProductName: 'Bolt',
    SalesUnitSymbol: 'ea',
    CurrencyCode: 'USD',
    SalesPrice: '12.50',
    ProductType: 'Item',
  })
  erp.put('ProductTranslations', { ProductNumber: 'A1', LanguageId: 'fr', ProductName: 'Boulon' })
  erp.put('ProductTranslations', { ProductNumber: 'A1', LanguageId: 'de', ProductName: 'Bolzen' })
  erp.put('CDSSalesOrderHeaders', {
    ...usmf,
    SalesOrderNumber: 'SO-1',
    OrderingCustomerAccountNumber: 'C1',
    CurrencyCode: 'USD',
    SalesOrderProcessingStatus: 'Active',
    OrderTotalAmount: '25.00',
  })
  erp.put('CDSSalesOrderLines', {
    ...usmf,
    SalesOrderNumber: 'SO-1',
    LineCreationSequenceNumber: 1,
    ProductNumber: 'A1',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: '2',
    SalesPrice: '12.50',
    LineAmount: '25.00',
  })
}

async function setUp(options: { before?: (erp: MemoryErp) => void } = {}): Promise<World> {
  const { url, ...rest } = await createTestDatabase()
  const database = openDatabase({ url, log: silentLog, connectionsMax: 20 })
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '..', module, 'migrations') })),
  )
  await applyDefinitions(database, catalog)
  const erp = createMemoryErp(ENTITIES)
  fill(erp)
  options.before?.(erp)
  const make = async () => {
    const engine = createDualWrite({
      database,
      catalog,
      connector: erp.connector,
      maps,
      clock: systemClock,
      log: silentLog,
      eventUrl: 'http://localhost/erp-events',
      eventSecret: 's',
    })
    await engine.start()
    erp.deliverTo((body) => engine.receiveEvent(body))
    return engine
  }
  const world: World = {
    database,
    erp,
    engine: await make(),
    async restart() {
      erp.deliverTo(undefined)
      await world.engine.stop()
      world.engine = await make()
    },
    rows: (table) =>
      database.read((tx) => {
        const definition = catalog.get(table)
        return listRows(tx, catalog, {
          table: definition,
          columns: [...definition.columns.keys()],
          predicate: engineRows,
          rowsMax: 1_000,
        })
      }),
    async row(table, column, value) {
      const found = (await world.rows(table)).find((one) => one[column] === value)
      assert.ok(found, `${table} with ${column} = ${value}`)
      return found
    },
    insert: (table, row) => database.transaction(async (tx) => void (await insertRows(tx, catalog.get(table), [row]))),
    edit: (table, id, values) =>
      database.transaction(async (tx) => {
        assert.equal(await updateRow(tx, catalog.get(table), String(id), values, { predicate: engineRows }), true)
      }),
    async [Symbol.asyncDispose]() {
      erp.deliverTo(undefined)
      await world.engine.stop()
      await database.close()
      await rest[Symbol.asyncDispose]()
    },
  }
  return world
}

async function until(what: string, test: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (!(await test())) {
    assert.ok(Date.now() < deadlineMs, `in time: ${what}`)
    await new Promise((done) => setTimeout(done, 15))
  }
}

/** Nothing waits in either direction, parked changes left out. */
async function quiet(world: World): Promise<void> {
  await until('both queues are empty', async () => {
    if (world.erp.undelivered() > 0) return false
    return (await world.engine.status()).every((map) => map.queued.toErp === 0 && map.queued.toPortal === 0)
  })
}

/** An order with two lines as the portal submits it. Answers the row's id. */
async function placeOrder(world: World, number: string): Promise<string> {
  const customer = await world.row('account', 'accountnumber', 'C1')
  const product = await world.row('product', 'msdyn_productnumber', 'A1')
  const unit = await world.row('uom', 'msdyn_symbol', 'ea')
  const id = newRowId()
  await world.database.transaction(async (tx) => {
    const msdyn_company = customer.msdyn_company ?? null
    await insertRows(tx, catalog.get('salesorder'), [
      {
        salesorderid: id,
        ordernumber: number,
        msdyn_customersorderreference: number,
        msdyn_ordertype: ITEM_ORDER,
        customerid: customer.accountid ?? null,
        customeridtype: 'account',
        msdyn_company,
        shipto_city: 'Redmond',
      },
    ])
    await insertRows(
      tx,
      catalog.get('salesorderdetail'),
      [1, 2].map((sequencenumber) => ({
        salesorderid: id,
        sequencenumber,
        productid: product.productid ?? null,
        uomid: unit.uomid ?? null,
        quantity: '3',
        msdyn_company,
      })),
    )
  })
  return id
}

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
  const conflicts = await world.database.read((tx) => listConflicts(tx, { map: 'customers', rowId: null, rowsMax: 10 }))
  assert.deepEqual(
    conflicts.map(({ column, kept, lost, winner }) => ({ column, kept, lost, winner })),
    [{ column: 'telephone1', kept: 'theirs', lost: 'ours', winner: 'erp' }],
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

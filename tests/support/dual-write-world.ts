import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Notify } from '../../src/dual-write/alerting.ts'
import { type DualWrite, openDualWrite } from '../../src/dual-write/engine.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { type Database, openDatabase } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import type { QueryRow } from '../../src/tables/row-query.ts'
import { insertRows, listRows, newRowId, type RowValues, updateRow } from '../../src/tables/rows.queries.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from './database.ts'
import { createMemoryErp, type MemoryErp } from './memory-connector.ts'
import { someMaps } from './some-maps.ts'

/** The standard tables, and the maps of what the ERP in memory serves, for tests of the engine on a real database. */
export const catalog = readCatalog()
export const MAPS_FOLDER = someMaps([
  'companies',
  'contacts',
  'currencies',
  'customer-groups',
  'customers',
  'delivery-modes',
  'invoice-lines',
  'invoices',
  'payment-terms',
  'price-groups',
  'product-names-fr',
  'product-units',
  'released-products',
  'sales-order-headers',
  'sales-order-lines',
  'trade-agreements',
  'unit-groups',
  'units',
])
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

export type World = AsyncDisposable & {
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

/** The ERP in memory as a world begins with it: a legal entity, customers, a contact, a product, an order with a line. */
export function createWorldErp(): MemoryErp {
  const erp = createMemoryErp(ENTITIES)
  fill(erp)
  return erp
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

export async function setUp(
  options: { before?: (erp: MemoryErp) => void; mapFolders?: readonly string[]; notify?: Notify } = {},
): Promise<World> {
  const { url, ...rest } = await createTestDatabase()
  const database = openDatabase({ url, log: silentLog, connectionsMax: 20 })
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '../../src', module, 'migrations') })),
  )
  await applyDefinitions(database, catalog)
  const erp = createWorldErp()
  options.before?.(erp)
  const make = async () => {
    const engine = await openDualWrite({
      database,
      catalog,
      connector: erp.connector,
      mapFolders: [MAPS_FOLDER, ...(options.mapFolders ?? [])],
      clock: systemClock,
      log: silentLog,
      eventUrl: 'http://localhost/erp-events',
      eventSecret: 's',
      notify: options.notify,
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

/** A world whose engine has copied everything and stands still: what it does is called for step by step. */
export async function setUpStopped(): Promise<World> {
  const world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  world.erp.deliverTo(undefined)
  await world.engine.stop()
  return world
}

export async function until(what: string, test: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (!(await test())) {
    assert.ok(Date.now() < deadlineMs, `in time: ${what}`)
    await new Promise((done) => setTimeout(done, 15))
  }
}

/** Nothing waits in either direction, parked changes left out. */
export async function quiet(world: World): Promise<void> {
  await until('both queues are empty', async () => {
    if (world.erp.undelivered() > 0) return false
    return (await world.engine.status()).every((map) => map.queued.toErp === 0 && map.queued.toPortal === 0)
  })
}

/** An order with two lines as the portal submits it. Answers the row's id. */
export async function placeOrder(world: World, number: string, values: RowValues = {}): Promise<string> {
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
        ...values,
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

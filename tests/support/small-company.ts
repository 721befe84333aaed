import type { Database, Tx } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { insertRow } from '../../src/scm/domain/rows.queries.ts'
import type { Fields } from '../../src/scm/domain/rows.ts'
import { writers } from '../../src/scm/domain/writers.ts'

export const SMALL_COMPANY_NOW_MS = Date.parse('2026-03-10T09:30:00Z')

/** The ERP's tables with one company of one of each: enough to order, and small enough to reckon by hand. */
export async function createSmallCompany(database: Database): Promise<void> {
  await migrate(database, [{ module: 'scm', folder: new URL('../../src/scm/migrations', import.meta.url).pathname }])
  await database.transaction(async (tx) => {
    const add = (table: string, fields: Fields) => insertRow(tx, table, fields)
    await add('legal_entity', { LegalEntityId: 'USMF', Name: 'Contoso', LanguageId: 'en-us', AccountingCurrencyCode: 'USD' })
    for (const code of ['USD', 'EUR']) await add('currency', { CurrencyCode: code, Name: code })
    for (const [symbol, places] of [
      ['ea', 0],
      ['box', 0],
      ['pal', 0],
      ['kg', 3],
    ] as const)
      await add('unit_of_measure', { UnitSymbol: symbol, DecimalPrecision: places })
    await add('product_unit_conversion', { ProductNumber: 'P1', FromUnitSymbol: 'box', ToUnitSymbol: 'ea', Factor: '12' })
    await add('product_unit_conversion', { ProductNumber: 'P1', FromUnitSymbol: 'pal', ToUnitSymbol: 'box', Factor: '40' })
    const own = { dataAreaId: 'usmf' }
    await add('payment_term', { ...own, Name: 'Net30', NumberOfDays: 30 })
    await add('delivery_mode', { ...own, ModeCode: 'GROUND' })
    await add('customer_group', { ...own, CustomerGroupId: '10', PaymentTermId: 'Net30' })
    await add('price_customer_group', { ...own, GroupCode: 'GOLD' })
    await add('operational_site', { ...own, SiteId: '1' })
    await add('warehouse', { ...own, WarehouseId: '11', OperationalSiteId: '1' })
    await addCustomersAndProducts(tx)
  })
}

async function addCustomersAndProducts(tx: Tx): Promise<void> {
  const context = { nowMs: SMALL_COMPANY_NOW_MS }
  await writers.customer?.insert(
    tx,
    'usmf',
    {
      CustomerAccount: 'US-001',
      OrganizationName: 'Fabrikam',
      CustomerGroupId: '10',
      SalesCurrencyCode: 'USD',
      DiscountPriceGroupId: 'GOLD',
      DeliveryMode: 'GROUND',
      WarehouseId: '11',
    },
    context,
  )
  await writers.customer_address?.insert(
    tx,
    'usmf',
    {
      CustomerAccount: 'US-001',
      AddressLocationRoles: 'Business;Delivery;Invoice',
      IsPrimary: 'Yes',
      AddressDescription: 'Head office',
      AddressStreet: '1 Main Street',
      AddressCity: 'Seattle',
      AddressState: 'WA',
      AddressZipCode: '98101',
      AddressCountryRegionId: 'USA',
      AddressCountryRegionISOCode: 'US',
    },
    context,
  )
  for (const [number, price] of [
    ['P1', '10'],
    ['P2', '2.5'],
  ] as const) {
    await insertRow(tx, 'released_product', {
      dataAreaId: 'usmf',
      ItemNumber: number,
      ProductNumber: number,
      ProductName: `Product ${number}`,
      SalesUnitSymbol: 'ea',
      InventoryUnitSymbol: 'ea',
      SalesPrice: price,
      CurrencyCode: 'USD',
    })
    await writers.warehouse_on_hand?.insert(
      tx,
      'usmf',
      { ItemNumber: number, InventoryWarehouseId: '11', OnHandQuantity: '100' },
      context,
    )
  }
}

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { getRow, listRows } from '../domain/rows.queries.ts'
import { type LoadResult, loadFolder } from './load.ts'

const GOOD: Readonly<Record<string, string>> = {
  LegalEntities: 'LegalEntityId,Name,LanguageId\nUSMF,Contoso,en-us\n',
  Currencies: 'CurrencyCode,Name\nUSD,Dollar\n',
  UnitsOfMeasure: 'UnitSymbol,DecimalPrecision\nea,0\nbox,0\n',
  CustomerGroups: 'dataAreaId,CustomerGroupId\nUSMF,10\n',
  CustomersV3:
    'dataAreaId,CustomerAccount,OrganizationName,CustomerGroupId,SalesCurrencyCode\nusmf,C1,"Smith, Jones\nand sons",10,USD\n',
  ReleasedProductsV2: 'dataAreaId,ItemNumber,SalesUnitSymbol,SalesPrice\nusmf,P1,ea,9.99\n',
  ProductTranslations: 'ProductNumber,LanguageId,ProductName,Description\nP1,fr,Vis,À bois\nP1,en-us,Screw,For wood\n',
  SalesPriceAgreements:
    'dataAreaId,AccountCode,AccountRelation,ItemNumber,PriceCurrencyCode,QuantityUnitySymbol,Price\nusmf,Table,C1,P1,USD,ea,8.5\n',
  SalesOrderHeadersV2:
    'dataAreaId,SalesOrderNumber,OrderingCustomerAccountNumber,CurrencyCode,SalesOrderStatus,RequestedShippingDate\n' +
    'usmf,SO1,C1,USD,Invoiced,2026-02-03\nusmf,SO2,C1,USD,,\n',
  SalesOrderLines:
    'dataAreaId,SalesOrderNumber,ItemNumber,SalesUnitSymbol,OrderedSalesQuantity,SalesPrice,LineAmount,SalesOrderLineStatus\n' +
    'usmf,SO1,P1,ea,3,1.11115,3.3334,Invoiced\nusmf,SO2,P1,ea,3,1.11115,,\n',
}

test('a folder of data entities loads in the order in which they refer to each other, history with its own status and amount', async () => {
  await using t = await createTestDatabase()
  const result = await load(t.database, GOOD)
  assert.deepEqual(result.problems, [])
  assert.equal(result.loaded['SalesOrderLines.csv'], 2)
  await t.database.read(async (tx) => {
    const history = await getRow(tx, 'sales_order_line', { SalesOrderNumber: 'SO1' })
    assert.deepEqual(
      [history.LineAmount, history.DeliveredQuantity, history.InvoicedQuantity, history.RemainingDeliveryQuantity],
      ['3.3334', '3', '3', '0'],
    )
    const open = await getRow(tx, 'sales_order_line', { SalesOrderNumber: 'SO2' })
    assert.deepEqual([open.LineAmount, open.RemainingDeliveryQuantity, open.SalesOrderLineStatus], ['3.33', '3', 'Backorder'])
    const header = await getRow(tx, 'sales_order_header', { SalesOrderNumber: 'SO1' })
    assert.deepEqual(
      [header.SalesOrderProcessingStatus, header.OrderTotalAmount, header.RequestedShippingDate],
      ['Invoiced', '3.3334', '2026-02-03T12:00:00.000Z'],
    )
    assert.equal((await getRow(tx, 'released_product', { ItemNumber: 'P1' })).ProductName, 'Screw')
    assert.equal((await getRow(tx, 'customer', { CustomerAccount: 'C1' })).OrganizationName, 'Smith, Jones\nand sons')
    assert.equal((await getRow(tx, 'sales_price_agreement', { ItemNumber: 'P1' })).CustomerAccountNumber, 'C1')
  })
})

test('each bad row is told by file, line and reason, and the good rows beside it are loaded', async () => {
  await using t = await createTestDatabase()
  const result = await load(t.database, {
    ...GOOD,
    Colours: 'Name\nred\n',
    CustomersV3:
      'dataAreaId,CustomerAccount,OrganizationName,CustomerGroupId,SalesCurrencyCode,CreditLimit,OnHoldStatus,Shoe\n' +
      'usmf,C1,"Two\nlines",10,USD,100,No,1\n' +
      'usmf,C2,Bad number,10,USD,12x,No,\n' +
      'usmf,C3,Bad member,10,USD,0,Perhaps,\n' +
      'usmf,C4,No such group,77,USD,0,No,\n' +
      'zzzz,C5,No such company,10,USD,0,No,\n' +
      'usmf,,No account,10,USD,0,No,\n' +
      'usmf,C1,Again,10,USD,0,No,\n' +
      'usmf,C6,Too few\n' +
      'usmf,C7,Good,10,USD,0,No,\n',
    CustomerPostalAddressesV2: 'dataAreaId,CustomerAccount\nusmf,C1\n',
    SalesOrderHeadersV2:
      'dataAreaId,SalesOrderNumber,OrderingCustomerAccountNumber,CurrencyCode,RequestedShippingDate\n' +
      'usmf,SO1,C1,USD,2026-02-30\nusmf,SO2,C9,USD,\nusmf,SO3,C7,USD,2026-02-28T08:00:00Z\n',
    SalesOrderLines:
      'dataAreaId,SalesOrderNumber,ItemNumber,SalesUnitSymbol,OrderedSalesQuantity,InvoicedQuantity\n' +
      'usmf,SO3,P1,ea,1,0\nusmf,SO3,P1,ea,1,5\nusmf,SO1,P1,ea,1,0\n',
  })
  const told = (file: string) => result.problems.filter((one) => one.file === file).map((one) => `${one.line}: ${one.reason}`)
  assert.deepEqual(told('Colours.csv'), ['1: no data entity of this name is loaded from files'])
  assert.deepEqual(told('CustomersV3.csv'), [
    "1: unknown column 'Shoe'; its values are not loaded",
    "4: '12x' in CreditLimit is not a number",
    "5: 'Perhaps' in OnHoldStatus is none of No, Invoice, All, Payment, Requisition, Never, PurchOrder",
    "6: '77' in CustomerGroupId is not known",
    "7: 'zzzz' in dataAreaId is not known",
    "8: 'CustomerAccount' is empty",
    '9: duplicate: usmf, C1 is there already',
    '10: 3 cells where the header has 8',
  ])
  assert.deepEqual(told('CustomerPostalAddressesV2.csv'), [
    "1: the column 'AddressLocationId' is missing; nothing of this file is loaded",
  ])
  assert.deepEqual(told('SalesOrderHeadersV2.csv'), [
    "2: '2026-02-30' in RequestedShippingDate is not a date",
    "3: 'C9' in OrderingCustomerAccountNumber is not known",
  ])
  const lines = told('SalesOrderLines.csv')
  assert.match(lines[0] ?? '', /^4: 'SO1' in SalesOrderNumber is not known/)
  assert.match(lines[1] ?? '', /^3: .*check constraint/)
  const customers = await t.database.read((tx) => listRows(tx, 'customer', {}, 'CustomerAccount'))
  assert.deepEqual(
    customers.map((row) => row.CustomerAccount),
    ['C1', 'C7'],
  )
  assert.equal(result.loaded['SalesOrderLines.csv'], 1)
})

async function load(database: Database, files: Readonly<Record<string, string>>): Promise<LoadResult> {
  await migrate(database, [{ module: 'scm', folder: new URL('../migrations', import.meta.url).pathname }])
  const folder = mkdtempSync(join(tmpdir(), 'scm-load-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.csv`), text)
    return await loadFolder(database, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

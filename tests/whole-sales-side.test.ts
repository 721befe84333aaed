import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { engineRows } from '../src/tables/predicate.ts'
import type { QueryRow } from '../src/tables/row-query.ts'
import { insertRows, listRows, newRowId, type RowValues, updateRow } from '../src/tables/rows.queries.ts'
import { createLink, type Link } from './support/link.ts'
import { MANUAL_MAPS } from './support/running-maps.ts'
import { createSmallCompany } from './support/small-company.ts'

type Json = Record<string, unknown>

const WAIT_MS_MAX = 40_000
const ITEM_TYPE = 192350000

let link: Link

before(async () => {
  link = await createLink({ events: true })
  await createSmallCompany(link.erp.database)
  await post('DeliveryTerms', { TermsCode: 'DAP', TermsDescription: 'Delivered at place' })
  await post('CustomerPaymentMethods', { Name: 'WIRE', Description: 'By wire' })
  await post('PaymentDaysCDS', { Name: 'FRIDAY' })
  await post('PaymentDayLinesCDS', { Name: 'FRIDAY', LineNumber: 1, Frequency: 'Week', DayOfWeek: 'Friday' })
  await post('PaymentSchedules', { Name: 'HALVES', NumberOfPayments: 2 })
  await post('PaymentScheduleLines', { PaymentScheduleName: 'HALVES', LineNumber: 1, PercentOrAmountValue: 50 })
  await post('SalesOrderOriginCodes', { OriginCode: 'PORTAL' })
  await post('UnitOfMeasureConversions', { FromUnitSymbol: 'pal', ToUnitSymbol: 'box', Factor: 40 })
  await post('CDSContactsV2', { AssociatedContactNumber: 'US-001', FirstName: 'Nora', LastName: 'Ek' })
  await post('CDSSalesOrderHeaders', { OrderingCustomerAccountNumber: 'US-001', SalesOrderNumber: 'SO-1' })
  await post('CDSSalesOrderLines', { SalesOrderNumber: 'SO-1', ProductNumber: 'P1', OrderedSalesQuantity: 2 })
  await post('CDSSalesQuotationHeaders', { RequestingCustomerAccountNumber: 'US-001', SalesQuotationNumber: 'Q-1' })
  await post('CDSSalesQuotationLines', { SalesQuotationNumber: 'Q-1', ProductNumber: 'P1', RequestedSalesQuantity: 3 })
  await post('SalesOrderHeaderDocumentAttachments', {
    SalesOrderNumber: 'SO-1',
    AttachmentDescription: 'By phone',
    Notes: 'Ring first',
  })
  await post('CustomerAttachments', { CustomerAccountNumber: 'US-001', Name: 'Gate', Notes: 'Gate 2' })
  await link.dualWrite.start()
  await link.dualWrite.whenRunning()
})

after(() => link[Symbol.asyncDispose]())

test('every map that begins by itself runs, and its records are rows', async () => {
  const status = await link.dualWrite.status()
  assert.deepEqual(
    status
      .filter((map) => map.state !== 'running')
      .map((map) => map.name)
      .sort(),
    MANUAL_MAPS,
  )
  assert.deepEqual(
    status.flatMap((map) => (map.lastError === null ? [] : [`${map.name}: ${String(map.lastError)}`])),
    [],
  )
  const found: Record<string, number> = {}
  for (const table of [
    'msdyn_party',
    'msdyn_postaladdresscollection',
    'msdyn_postaladdress',
    'msdyn_partypostaladdress',
    'msdyn_termsofdelivery',
    'msdyn_customerpaymentmethod',
    'msdyn_paymentday',
    'msdyn_paymentdayline',
    'msdyn_paymentschedule',
    'msdyn_paymentscheduleline',
    'msdyn_pricecustomergroup',
    'msdyn_salesorderorigin',
    'msdyn_unitofmeasureconversion',
    'msdyn_warehouse',
    'msdyn_operationalsite',
    'msdyn_internalorganization',
    'msdyn_globalproduct',
    'msdyn_sharedproductdetail',
    'quote',
    'quotedetail',
    'annotation',
  ])
    found[table] = (await rows(table)).length
  assert.deepEqual(
    Object.entries(found).filter(([, count]) => count === 0),
    [],
  )
  assert.equal(found.annotation, 2)
  assert.equal(found.msdyn_party, 2)
  const [account] = await rows('account')
  const [party] = (await rows('msdyn_party')).filter((one) => one.msdyn_organizationname === 'Fabrikam')
  assert.equal(account?.msdyn_partyid, party?.msdyn_partyid)
})

test('a party and its address are edited on either side', async () => {
  const party = await row('msdyn_party', 'msdyn_organizationname', 'Fabrikam')
  await edit('msdyn_party', party, { msdyn_organizationname: 'Fabrikam Ltd' })
  const customer = "CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
  await until('the customer has the party’s name', async () => (await get(customer)).OrganizationName === 'Fabrikam Ltd')
  await until('and so has the account', async () => (await rows('account'))[0]?.name === 'Fabrikam Ltd')
  const [address] = await rows('msdyn_postaladdress')
  assert.ok(address)
  await edit('msdyn_postaladdress', address, { msdyn_city: 'Tacoma' })
  await until('the customer’s address moved', async () => (await get(customer)).DeliveryAddressCity === 'Tacoma')
  const [own] = await list('CustomerPostalAddressesV2')
  await patch(
    `CustomerPostalAddressesV2(dataAreaId='usmf',CustomerAccount='US-001',AddressLocationId='${own?.AddressLocationId}')`,
    { AddressCity: 'Olympia' },
  )
  await until('and back', async () => (await rows('msdyn_postaladdress'))[0]?.msdyn_city === 'Olympia')
})

test('a warehouse is made here and renamed there', async () => {
  const site = await row('msdyn_operationalsite', 'msdyn_siteid', '1')
  const main = await row('msdyn_warehouse', 'msdyn_warehouseidentifier', '11')
  await insert('msdyn_warehouse', {
    msdyn_warehouseidentifier: '12',
    msdyn_description: 'Annex',
    msdyn_operationalsite: site.msdyn_operationalsiteid ?? null,
    msdyn_mainrefillingwarehouse: main.msdyn_warehouseid ?? null,
    msdyn_company: site.msdyn_company ?? null,
  })
  const key = "Warehouses(dataAreaId='usmf',WarehouseId='12')"
  await until('the ERP has it', async () => (await list("Warehouses?$filter=WarehouseId eq '12'")).length === 1)
  assert.deepEqual([(await get(key)).MainRefillingWarehouseId, (await get(key)).OperationalSiteId], ['11', '1'])
  await patch(key, { WarehouseName: 'Annex north' })
  await until('renamed here', async () => {
    const annex = await row('msdyn_warehouse', 'msdyn_warehouseidentifier', '12')
    return annex.msdyn_description === 'Annex north'
  })
})

test('a quotation made here with its lines is priced there, and becomes an order when it is confirmed', async () => {
  const [account] = await rows('account')
  const product = await row('product', 'msdyn_productnumber', 'P1')
  const quoteid = newRowId()
  const msdyn_company = account?.msdyn_company ?? null
  await link.database.transaction(async (tx) => {
    await insertRows(tx, link.catalog.get('quote'), [
      {
        quoteid,
        name: 'Spring',
        msdyn_customersreference: 'SPRING-1',
        msdyn_ordertype: ITEM_TYPE,
        customerid: account?.accountid ?? null,
        customeridtype: 'account',
        msdyn_company,
      },
    ])
    const lines = [1, 2].map((sequencenumber) => ({
      quoteid,
      sequencenumber,
      productid: product.productid ?? null,
      quantity: String(sequencenumber * 2),
      msdyn_company,
    }))
    await insertRows(tx, link.catalog.get('quotedetail'), lines)
  })
  await until('it is priced', async () => Number((await row('quote', 'quoteid', quoteid)).totalamount) === 60)
  const number = String((await row('quote', 'quoteid', quoteid)).msdyn_quotenumber)
  await edit('quote', await row('quote', 'quoteid', quoteid), { msdyn_salesquotationstatus: 192350002 })
  const key = `CDSSalesQuotationHeaders(dataAreaId='usmf',SalesQuotationNumber='${number}')`
  await until('it is confirmed', async () => (await get(key)).SalesQuotationStatus === 'Confirmed')
  await until('its order is here', async () => {
    const orders = (await rows('salesorder')).filter((one) => one.msdyn_quotationnumber === number)
    return (
      orders.length === 1 && (await row('quote', 'quoteid', quoteid)).msdyn_generatedsalesordernumber === orders[0]?.salesorderid
    )
  })
})

test('a note written here is on the order there, and changed there it changes here', async () => {
  const order = await row('salesorder', 'msdyn_salesordernumber', 'SO-1')
  await insert('annotation', {
    subject: 'Question',
    notetext: 'When?',
    objecttypecode: 'salesorder',
    comptoir_salesorderid: order.salesorderid ?? null,
    msdyn_company: order.msdyn_company ?? null,
  })
  const notes = () => list("SalesOrderHeaderDocumentAttachments?$filter=AttachmentDescription eq 'Question'")
  await until('it is there', async () => (await notes()).length === 1)
  const [note] = await notes()
  assert.deepEqual([note?.SalesOrderNumber, note?.Notes, note?.DocumentAttachmentTypeCode], ['SO-1', 'When?', 'Note'])
  await patch(`SalesOrderHeaderDocumentAttachments(dataAreaId='usmf',DocumentId=${note?.DocumentId})`, { Notes: 'Friday' })
  await until('the answer is here', async () => (await row('annotation', 'subject', 'Question')).notetext === 'Friday')
})

test('a stock enquiry made here is answered with entries', async () => {
  const product = await row('product', 'msdyn_productnumber', 'P1')
  await insert('msdyn_inventoryonhandrequest', {
    msdyn_requestid: 'R-1',
    msdyn_product: product.productid ?? null,
    msdyn_orderquantity: '5',
    msdyn_company: product.msdyn_company ?? null,
  })
  await until('it is answered', async () => (await rows('msdyn_inventoryonhandentry')).length > 0)
  const [entry] = await rows('msdyn_inventoryonhandentry')
  const request = await row('msdyn_inventoryonhandrequest', 'msdyn_requestid', 'R-1')
  assert.equal(entry?.msdyn_request, request.msdyn_inventoryonhandrequestid)
  assert.equal(Number(entry?.msdyn_totalavailablequantity), 100)
})

test('the maps of the party model run in the place of those that they exclude, on the same rows', async () => {
  const before = await rows('account')
  for (const [stopped, run] of [
    ['customers', 'customers-by-party'],
    ['contacts', 'contacts-for-parties'],
  ] as const) {
    await assert.rejects(link.dualWrite.runMap(run, 'kim'), new RegExp(`stop ${stopped} before ${run} is started`))
    await link.dualWrite.stopMap(stopped, 'kim')
    await link.dualWrite.runMap(run, 'kim')
    await until(`${run} runs`, async () => (await link.dualWrite.status()).find((map) => map.name === run)?.state === 'running')
  }
  const after = await rows('account')
  assert.deepEqual(
    after.map((one) => one.accountid),
    before.map((one) => one.accountid),
  )
  const [contact] = await rows('msdyn_contactforparty')
  const [account] = after
  assert.equal(contact?.msdyn_associatedpartyid, account?.msdyn_partyid)
  assert.ok(account)
  await edit('account', account, { creditlimit: '5000' })
  const customer = "CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"
  await until('the credit limit is there', async () => (await get(customer)).CreditLimit === 5000)
})

function rows(table: string): Promise<QueryRow[]> {
  const definition = link.catalog.get(table)
  return link.database.read((tx) =>
    listRows(tx, link.catalog, {
      table: definition,
      columns: [...definition.columns.keys()],
      predicate: engineRows,
      rowsMax: 100,
    }),
  )
}

async function row(table: string, column: string, value: string): Promise<QueryRow> {
  const found = (await rows(table)).find((one) => one[column] === value)
  assert.ok(found, `${table} with ${column} = ${value}`)
  return found
}

async function insert(table: string, values: RowValues): Promise<void> {
  await link.database.transaction(async (tx) => void (await insertRows(tx, link.catalog.get(table), [values])))
}

async function edit(table: string, before: QueryRow, values: RowValues): Promise<void> {
  const definition = link.catalog.get(table)
  await link.database.transaction(async (tx) => {
    assert.equal(await updateRow(tx, definition, String(before[definition.idColumn]), values, { predicate: engineRows }), true)
  })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (!(await holds())) {
    if (Date.now() > deadlineMs) {
      const status = await link.dualWrite.status()
      const errors = status.flatMap((map) => (map.lastError === null ? [] : [`${map.name}: ${JSON.stringify(map.lastError)}`]))
      assert.fail(`in time: ${what}; ${errors.join('; ')}`)
    }
    await delay(100)
  }
}

async function get(path: string): Promise<Json> {
  const response = await link.erp.call(`/data/${path}`)
  assert.equal(response.status, 200, path)
  return (await response.json()) as Json
}

async function list(path: string): Promise<Json[]> {
  return ((await get(path)) as { value: Json[] }).value
}

async function post(set: string, body: Json): Promise<void> {
  const response = await link.erp.call(`/data/${set}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(response.status, 201, `${set}: ${await response.text()}`)
}

async function patch(path: string, body: Json): Promise<void> {
  const response = await link.erp.call(`/data/${path}`, {
    method: 'PATCH',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(response.status, 204, await response.text())
}

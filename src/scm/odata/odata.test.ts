import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestErp, type TestErp } from '../../../tests/support/scm.ts'

type Json = Record<string, unknown> & {
  value: Record<string, unknown>[]
  error: { message: string; innererror: { message: string; type: string } }
}

let erp: TestErp

before(async () => {
  erp = await startTestErp()
  await create('LegalEntities', { LegalEntityId: 'USMF', Name: 'Contoso' })
  await create('LegalEntities', { LegalEntityId: 'FRRT', Name: 'Contoso France' })
  await create('Currencies', { CurrencyCode: 'USD', Name: 'US Dollar' })
  await create('CustomerGroups', { CustomerGroupId: '10', Description: 'Wholesale' })
  await create('CustomerGroups', { dataAreaId: 'FRRT', CustomerGroupId: '20', Description: 'France' })
  await create('UnitsOfMeasure', { UnitSymbol: 'ea' })
  await create('OperationalSites', { SiteId: '1' })
  await create('Warehouses', { WarehouseId: '11', OperationalSiteId: '1' })
  for (const name of ['Fabrikam', 'Tailspin Toys', 'Wide World', 'Contoso Retail', "O'Neil (Ltd)"]) {
    await create('CustomersV3', {
      CustomerGroupId: '10',
      SalesCurrencyCode: 'USD',
      OrganizationName: name,
      CustomerAccount: `C-${name.slice(0, 3)}`,
    })
  }
  for (const item of ['A1', 'B2']) {
    await create('ReleasedProductsV2', {
      ItemNumber: item,
      ProductNumber: item,
      SalesUnitSymbol: 'ea',
      InventoryUnitSymbol: 'ea',
      SalesPrice: 2.5,
    })
  }
})

after(() => erp[Symbol.asyncDispose]())

test('without a token, with a forged and with an expired one, nothing is served', async () => {
  for (const authorization of ['', 'Bearer x.y', `Bearer ${Buffer.from('test\n99999999999').toString('base64url')}.AAAA`]) {
    const response = await fetch(`${erp.url}/data/Currencies`, { headers: { authorization } })
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.match(await response.text(), /Authorization has been denied/)
  }
})

test('the token endpoint takes version 1 and version 2 forms and refuses wrong secrets', async () => {
  const ask = (path: string, form: Record<string, string>) =>
    fetch(`${erp.url}${path}`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...form }) })
  const secret = { client_id: erp.client.id, client_secret: erp.client.secret }
  const v1 = (await (await ask('/tenant-id/oauth2/token', { ...secret, resource: erp.url })).json()) as Json
  assert.equal(v1.expires_in, '3600')
  const v2 = (await (await ask('/tenant-id/oauth2/v2.0/token', { ...secret, scope: `${erp.url}/.default` })).json()) as Json
  assert.equal(v2.expires_in, 3600)
  const data = await fetch(`${erp.url}/data`, { headers: { authorization: `Bearer ${v2.access_token}` } })
  assert.equal(data.status, 200)
  assert.equal((await ask('/oauth2/token', { ...secret, client_secret: 'no', resource: erp.url })).status, 401)
  assert.equal((await ask('/oauth2/token', secret)).status, 400)
})

test('metadata is CSDL 4 with entity types, keys, enums, navigation both ways and the container Resources', async () => {
  const xml = await (await erp.call('/data/$metadata')).text()
  assert.match(xml, /<Schema Namespace="Microsoft.Dynamics.DataEntities"/)
  assert.match(
    xml,
    /<EntityType Name="SalesOrderLine">\n<Key><PropertyRef Name="dataAreaId" \/><PropertyRef Name="InventoryLotId" \/>/,
  )
  assert.match(xml, /<Property Name="DeliveredQuantity" Type="Edm.Decimal" Nullable="false"/)
  assert.match(
    xml,
    /<NavigationProperty Name="SalesOrderLines" Type="Collection\(Microsoft.Dynamics.DataEntities.SalesOrderLine\)" Partner="SalesOrderHeader">/,
  )
  assert.match(
    xml,
    /<EntitySet Name="CDSReleasedDistinctProducts" EntityType="Microsoft.Dynamics.DataEntities.CDSReleasedDistinctProduct">/,
  )
  assert.match(xml, /<EntityContainer Name="Resources">/)
  const declared = new Set([...xml.matchAll(/<(?:EnumType|EntityType) Name="(\w+)"/g)].map((found) => found[1]))
  for (const [, name] of xml.matchAll(/Type="(?:Collection\()?Microsoft\.Dynamics\.DataEntities\.(\w+)/g))
    assert(declared.has(name), name)
})

test('every entity set can be read, counted, filtered by each of its fields and expanded, and shows no null', async () => {
  const { value: sets } = await get('/data')
  assert(sets.length >= 28)
  const xml = await (await erp.call('/data/$metadata')).text()
  for (const { name } of sets) {
    const type = new RegExp(`<EntitySet Name="${name}" EntityType="Microsoft.Dynamics.DataEntities.(\\w+)"`).exec(xml)?.[1]
    const declared = new RegExp(`<EntityType Name="${type}">.*?</EntityType>`, 's').exec(xml)?.[0] ?? ''
    const fields = [...declared.matchAll(/<Property Name="(\w+)"/g)].map((found) => found[1] ?? '')
    const links = [...declared.matchAll(/<NavigationProperty Name="(\w+)"/g)].map((found) => found[1])
    const expand = links.length === 0 ? '' : `&$expand=${links.join(',')}`
    const page = await get(`/data/${name}?cross-company=true&$count=true${expand}`)
    for (const row of page.value) {
      assert.deepEqual(
        Object.keys(row)
          .filter((key) => !key.startsWith('@') && !links.includes(key))
          .sort(),
        [...fields].sort(),
        String(name),
      )
      assert.equal(Object.values(row).includes(null), false, String(name))
    }
    for (let from = 0; from < fields.length; from += 50) {
      const self = fields.slice(from, from + 50).map((field) => `${field} eq ${field}`)
      const filtered = await get(
        `/data/${name}?cross-company=true&$count=true&$orderby=${fields.slice(from, from + 20)}&$filter=${self.join(' and ')}`,
      )
      assert.equal(filtered['@odata.count'], page['@odata.count'], `${name} from field ${from}`)
    }
  }
})

test('reads stay in the company of the client unless they cross companies', async () => {
  const own = await get('/data/CustomerGroups')
  assert.deepEqual(
    own.value.map((row) => row.CustomerGroupId),
    ['10'],
  )
  const all = await get('/data/CustomerGroups?cross-company=true&$select=CustomerGroupId,dataAreaId')
  assert.deepEqual(
    all.value.map((row) => row.dataAreaId),
    ['frrt', 'usmf'],
  )
  const french = await get("/data/CustomerGroups?cross-company=true&$filter=dataAreaId eq 'FRRT'")
  assert.deepEqual(
    french.value.map((row) => row.CustomerGroupId),
    ['20'],
  )
  assert.equal((await erp.call("/data/CustomerGroups(dataAreaId='frrt',CustomerGroupId='20')")).status, 404)
  const keyed = await get("/data/CustomerGroups(CustomerGroupId='20',dataAreaId='FRRT')?cross-company=true")
  assert.equal(keyed.Description, 'France')
})

test('a record shows etag, empty text, no date as 1900 and enums by member name; null is nowhere', async () => {
  const row = await get("/data/CustomersV3(dataAreaId='usmf',CustomerAccount='C-Fab')")
  assert.match(Buffer.from(/W\/"(.*)"/.exec(String(row['@odata.etag']))?.[1] ?? '', 'base64').toString(), /^'\d+,\d+'$/)
  assert.equal(row.OnHoldStatus, 'No')
  assert.equal(row.CredManLastReviewDate, '1900-01-01T12:00:00Z')
  assert.equal(row.SalesMemo, '')
  assert.equal(Object.values(row).includes(null), false)
})

test('a key with quotes and parentheses is found', async () => {
  await create('CustomersV3', {
    CustomerGroupId: '10',
    SalesCurrencyCode: 'USD',
    OrganizationName: 'Quote',
    CustomerAccount: "Q'(1)/%",
  })
  const created = await get(`/data/CustomersV3(dataAreaId='usmf',CustomerAccount='${encodeURIComponent("Q''(1)/%")}')`)
  assert.equal(created.CustomerAccount, "Q'(1)/%")
  await erp.call(`/data/CustomersV3(dataAreaId='usmf',CustomerAccount='${encodeURIComponent("Q''(1)/%")}')`, { method: 'DELETE' })
})

test('$filter knows comparison, logic, arithmetic, wildcards and enums', async () => {
  const names = async (filter: string) =>
    (await get(`/data/CustomersV3?$orderby=OrganizationName&$filter=${encodeURIComponent(filter)}`)).value.map(
      (row) => row.OrganizationName,
    )
  assert.deepEqual(await names("OrganizationName eq 'Fabrikam'"), ['Fabrikam'])
  assert.deepEqual(await names("OrganizationName eq '*to*'"), ['Contoso Retail', 'Tailspin Toys'])
  assert.deepEqual(await names("OrganizationName eq 'w*' or CustomerAccount eq 'C-O''N'"), ["O'Neil (Ltd)", 'Wide World'])
  assert.deepEqual(
    await names("not (OrganizationName ne '*o*')"),
    ['Contoso Retail', "O'Neil (Ltd)", 'Tailspin Toys', 'Wide World'].sort(),
  )
  assert.deepEqual(await names("CreditLimit add 5 gt 4 and OrganizationName gt 'W'"), ['Wide World'])
  assert.deepEqual(await names("OnHoldStatus eq Microsoft.Dynamics.DataEntities.CustVendorBlocked'All'"), [])
  assert.equal((await names("OnHoldStatus ne Microsoft.Dynamics.DataEntities.CustVendorBlocked'All'")).length, 5)
  assert.equal((await names('CredManLastReviewDate eq 1900-01-01T12:00:00Z and SalesMemo eq null')).length, 5)
})

test('$filter refuses what Finance & Operations refuses, each with its reason', async () => {
  const cases: [string, RegExp][] = [
    ["contains(OrganizationName,'x')", /not Queryable/],
    ["startswith(OrganizationName,'x')", /not Queryable/],
    ["OrganizationName in ('a','b')", /'in' is not supported/],
    ["OnHoldStatus has Microsoft.Dynamics.DataEntities.CustVendorBlocked'All'", /'has' is not supported/],
    ["OnHoldStatus gt Microsoft.Dynamics.DataEntities.CustVendorBlocked'All'", /'eq' and 'ne' only/],
    ["OnHoldStatus eq 'All'", /incompatible types .*CustVendorBlocked' and 'Edm.String'/],
    [
      "OnHoldStatus eq Microsoft.Dynamics.DataEntities.CustVendorBlocked'Maybe'",
      /'Maybe' is not a valid enumeration type constant/,
    ],
    ['OrganizationName eq 5', /'Edm.String' and 'Edm.Int64' for operator kind 'Equal'/],
    ["Nonsense eq 'x'", /property named 'Nonsense' on type 'Microsoft.Dynamics.DataEntities.CustomerV3'/],
    ['CreditLimit eq null', /not nullable/],
    ['CreditLimit div 0 eq 1', /division by zero/],
    ['CredManLastReviewDate eq 2026-02-31', /out of range/],
    ['OrganizationName eq', /needs a space|the end/],
  ]
  for (const [filter, reason] of cases) {
    const response = await erp.call(`/data/CustomersV3?$filter=${encodeURIComponent(filter)}`)
    assert.equal(response.status, 400, filter)
    const { error } = (await response.json()) as Json
    assert.match(error.innererror.message, reason, filter)
  }
  for (const path of [
    'CustomersV3?$search=x',
    'CustomersV3?$apply=x',
    'CustomersV3?$select=Nope',
    'CustomersV3?$orderby=Nope',
    'CustomersV3?$top=-1',
    "CustomersV3('C-Fab')",
  ]) {
    assert.equal((await erp.call(`/data/${path}`)).status, 400, path)
  }
  assert.equal((await erp.call('/data/NoSuchSet')).status, 404)
})

test('pages follow each other without loss or repetition, in any order and direction, also while rows come and go', async () => {
  const all = (await get('/data/CustomersV3?$orderby=OrganizationName desc,CustomerAccount')).value.map(
    (row) => row.CustomerAccount,
  )
  const seen: unknown[] = []
  let url = '/data/CustomersV3?$orderby=OrganizationName desc,CustomerAccount&$select=CustomerAccount'
  for (let page = 0; url !== ''; page++) {
    const response = await erp.call(url, { headers: { prefer: 'odata.maxpagesize=2' } })
    assert.equal(response.headers.get('preference-applied'), 'odata.maxpagesize=2')
    const body = (await response.json()) as Json
    assert(body.value.length <= 2 && page < 10)
    seen.push(...body.value.map((row) => row.CustomerAccount))
    url = String(body['@odata.nextLink'] ?? '').replace(erp.url, '')
    if (page === 0)
      await create('CustomersV3', {
        CustomerGroupId: '10',
        SalesCurrencyCode: 'USD',
        OrganizationName: 'ZZ first page',
        CustomerAccount: 'ZZ',
      })
  }
  assert.deepEqual(seen, all)
  await erp.call("/data/CustomersV3(dataAreaId='usmf',CustomerAccount='ZZ')", { method: 'DELETE' })
  assert.equal((await erp.call('/data/CustomersV3?$skiptoken=abc')).status, 400)
})

test('$top bounds all pages together, $skip leaves out, $count counts without them', async () => {
  const first = (await (
    await erp.call('/data/CustomersV3?$top=3&$skip=1&$count=true', { headers: { prefer: 'odata.maxpagesize=2' } })
  ).json()) as Json
  assert.equal(first['@odata.count'], 5)
  assert.equal(first.value.length, 2)
  const second = (await (
    await erp.call(String(first['@odata.nextLink']).replace(erp.url, ''), { headers: { prefer: 'odata.maxpagesize=2' } })
  ).json()) as Json
  assert.equal(second.value.length, 1)
  assert.equal(second['@odata.nextLink'], undefined)
  assert.equal(await (await erp.call("/data/CustomersV3/$count?$filter=OrganizationName eq '*t*'")).text(), '3')
})

test('metadata=none shows data only, metadata=full names types and links', async () => {
  const ask = async (level: string) =>
    (await (
      await erp.call('/data/CustomerGroups?$top=1', { headers: { accept: `application/json;odata.metadata=${level}` } })
    ).json()) as Json
  const none = await ask('none')
  assert.deepEqual(Object.keys(none), ['value'])
  assert.equal(none.value[0]?.['@odata.etag'], undefined)
  const full = await ask('full')
  assert.equal(full.value[0]?.['@odata.type'], '#Microsoft.Dynamics.DataEntities.CustomerGroup')
  assert.equal(full.value[0]?.['@odata.editLink'], "CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')")
  assert.equal(full.value[0]?.['IsSalesTaxIncludedInPrice@odata.type'], '#Microsoft.Dynamics.DataEntities.NoYes')
})

test('a decimal travels to its last digit in both directions', async () => {
  const body =
    '{"ItemNumber":"DEC","ProductNumber":"DEC","SalesUnitSymbol":"ea","InventoryUnitSymbol":"ea","SalesPrice":12345678901234567.123456}'
  const created = await erp.call('/data/ReleasedProductsV2', { method: 'POST', body, headers: JSON_TYPE })
  assert.match(await created.text(), /"SalesPrice":12345678901234567\.123456,/)
  const filtered = (await (
    await erp.call('/data/ReleasedProductsV2?$filter=SalesPrice eq 12345678901234567.123456&$select=ItemNumber')
  ).json()) as Json
  assert.equal(filtered.value.length, 1)
})

test('an order without a number gets one; its lines expand and are read behind it', async () => {
  const order = await createOrder()
  assert.match(String(order.SalesOrderNumber), /\d/)
  const line = await create('SalesOrderLines', {
    SalesOrderNumber: order.SalesOrderNumber,
    ItemNumber: 'A1',
    OrderedSalesQuantity: 4,
  })
  assert.equal(line.LineAmount, 10)
  assert.equal(line.RemainingDeliveryQuantity, 4)
  const key = `(SalesOrderNumber='${order.SalesOrderNumber}',dataAreaId='usmf')`
  const expanded = await get(
    `/data/SalesOrderHeadersV2${key}?$expand=SalesOrderLines($select=ItemNumber,LineAmount)&$select=SalesOrderNumber`,
  )
  assert.deepEqual(
    (expanded.SalesOrderLines as Record<string, unknown>[]).map((row) => [row.ItemNumber, row.LineAmount]),
    [['A1', 10]],
  )
  const behind = await get(`/data/SalesOrderHeadersV2${key}/SalesOrderLines?$select=ItemNumber`)
  assert.equal(behind.value.length, 1)
  const lines = await get(
    `/data/SalesOrderLines?$expand=SalesOrderHeader($select=CurrencyCode)&$filter=SalesOrderNumber eq '${order.SalesOrderNumber}'`,
  )
  assert.deepEqual(withoutAnnotations(lines.value[0]?.SalesOrderHeader), { CurrencyCode: 'USD' })
  const twin = await get(`/data/CDSSalesOrderLines?$filter=SalesOrderNumber eq '${order.SalesOrderNumber}'`)
  assert.equal(twin.value[0]?.InventoryLotId, line.InventoryLotId)
  assert.equal((await erp.call(`/data/SalesOrderHeadersV2${key}?$expand=SalesOrderLines($expand=SalesOrderHeader)`)).status, 400)
})

test('PATCH answers 204 and a new etag; a stale If-Match is refused with 412 and changes nothing', async () => {
  const path = "/data/CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')"
  const before = await get(path)
  const patch = (description: string, etag: string) =>
    erp.call(path, {
      method: 'PATCH',
      body: JSON.stringify({ Description: description }),
      headers: { ...JSON_TYPE, 'if-match': etag },
    })
  const changed = await patch('Changed', String(before['@odata.etag']))
  assert.equal(changed.status, 204)
  assert.equal(changed.headers.get('etag'), (await get(path))['@odata.etag'])
  const stale = await patch('Again', String(before['@odata.etag']))
  assert.equal(stale.status, 412)
  assert.equal((await get(path)).Description, 'Changed')
  assert.equal((await patch('Wholesale', '*')).status, 204)
})

test('DELETE answers 204 and the record is gone', async () => {
  await create('PaymentTerms', { Name: 'Net1' })
  const path = "/data/PaymentTerms(dataAreaId='usmf',Name='Net1')"
  assert.equal((await erp.call(path, { method: 'DELETE' })).status, 204)
  assert.equal((await erp.call(path)).status, 404)
  assert.equal((await erp.call(path, { method: 'DELETE' })).status, 404)
})

test('a refused write is 400 with the infolog in the inner error, and nothing is kept', async () => {
  const send = async (set: string, body: object) => {
    const response = await erp.call(`/data/${set}`, { method: 'POST', body: JSON.stringify(body), headers: JSON_TYPE })
    assert.equal(response.status, 400, JSON.stringify(body))
    return ((await response.json()) as Json).error
  }
  const duplicate = await send('CustomerGroups', { CustomerGroupId: '10' })
  assert.equal(duplicate.message, 'An error has occurred.')
  assert.match(
    duplicate.innererror.message,
    /^Write failed for table row of type 'CustCustomerGroupEntity'\. Infolog: .*already exists/s,
  )
  assert.match(duplicate.innererror.type, /AxODataWriteException$/)
  const group = await send('CustomersV3', { CustomerGroupId: 'Local', SalesCurrencyCode: 'USD', OrganizationName: 'x' })
  assert.match(group.innererror.message, /The value 'Local' in field '.*' is not found in the related table/)
  assert.match(
    (await send('CustomersV3', { Nope: 1 })).innererror.message,
    /property 'Nope' does not exist on type 'Microsoft.Dynamics.DataEntities.CustomerV3'/,
  )
  assert.match(
    (await send('CustomersV3', { OnHoldStatus: 'Perhaps' })).innererror.message,
    /Cannot convert the literal '"Perhaps"' of property 'OnHoldStatus'/,
  )
  assert.match((await send('CustomersV3', { CreditLimit: null })).innererror.message, /null value .*'CreditLimit'/)
  assert.match((await send('SalesInvoiceHeadersV2', { InvoiceNumber: '1' })).innererror.message, /read-only/)
  assert.match(
    (await send('CustomerGroups', { Description: 'no key' })).innererror.message,
    /Field 'CustomerGroupId' must be filled in/,
  )
  assert.equal(
    (await erp.call('/data/CustomerGroups', { method: 'POST', body: '{"CustomerGroupId":', headers: JSON_TYPE })).status,
    400,
  )
  assert.equal(await (await erp.call('/data/CustomersV3/$count')).text(), '5')
})

const JSON_TYPE = { 'content-type': 'application/json' }

async function get(path: string): Promise<Json> {
  const response = await erp.call(path)
  const body = await response.text()
  assert.equal(response.status, 200, `${path}: ${body}`)
  return JSON.parse(body) as Json
}

async function create(set: string, fields: object): Promise<Record<string, unknown>> {
  const response = await erp.call(`/data/${set}`, { method: 'POST', body: JSON.stringify(fields), headers: JSON_TYPE })
  const body = await response.text()
  assert.equal(response.status, 201, `${set}: ${body}`)
  return JSON.parse(body) as Record<string, unknown>
}

function withoutAnnotations(row: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => !name.startsWith('@')))
}

function createOrder(): Promise<Record<string, unknown>> {
  return create('SalesOrderHeadersV2', {
    OrderingCustomerAccountNumber: 'C-Fab',
    CurrencyCode: 'USD',
    DefaultShippingSiteId: '1',
    DefaultShippingWarehouseId: '11',
  })
}

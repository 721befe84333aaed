import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestErp, type TestErp } from '../../../tests/support/scm.ts'
import { parseBatch } from './batch-syntax.ts'

let erp: TestErp

before(async () => {
  erp = await startTestErp()
  const base: [string, object][] = [
    ['LegalEntities', { LegalEntityId: 'USMF' }],
    ['Currencies', { CurrencyCode: 'USD' }],
    ['CustomerGroups', { CustomerGroupId: '10' }],
    ['UnitsOfMeasure', { UnitSymbol: 'ea' }],
    ['OperationalSites', { SiteId: '1' }],
    ['Warehouses', { WarehouseId: '11', OperationalSiteId: '1' }],
    ['CustomersV3', { CustomerAccount: 'C1', CustomerGroupId: '10', SalesCurrencyCode: 'USD', OrganizationName: 'One' }],
    [
      'ReleasedProductsV2',
      { ItemNumber: 'A1', ProductNumber: 'A1', SalesUnitSymbol: 'ea', InventoryUnitSymbol: 'ea', SalesPrice: 3 },
    ],
  ]
  for (const [set, fields] of base) {
    const response = await erp.call(`/data/${set}`, { method: 'POST', body: JSON.stringify(fields) })
    assert.equal(response.status, 201, `${set}: ${await response.text()}`)
  }
})

after(() => erp[Symbol.asyncDispose]())

test('a change set is one transaction: header and lines appear together, each part with its Content-ID', async () => {
  const parts = await batch([changeSet([order('B-1', '1'), line('B-1', '2'), line('B-1', '3')])])
  assert.deepEqual(statuses(parts), [201, 201, 201])
  assert.deepEqual(
    [...parts.matchAll(/Content-ID: (\S+)/g)].map((found) => found[1]),
    ['1', '2', '3'],
  )
  assert.match(parts, /--batchresponse_[\w-]+\r\nContent-Type: multipart\/mixed; boundary=changesetresponse_/)
  assert.equal(await count('SalesOrderLines', 'B-1'), 2)
})

test('a refused change set answers one error part and keeps nothing of itself', async () => {
  const parts = await batch([changeSet([order('B-2', '1'), line('B-2', '2', 'NO-SUCH-ITEM')]), changeSet([order('B-3', '5')])])
  assert.deepEqual(statuses(parts), [400, 201])
  assert.match(parts, /Content-ID: 2\r\n\r\nHTTP\/1\.1 400 Bad Request\r\n/)
  assert.match(parts, /Write failed for table row of type 'SalesOrderLineV2Entity'\. Infolog:/)
  assert.equal(await count('SalesOrderHeadersV2', 'B-2'), 0)
  assert.equal(await count('SalesOrderHeadersV2', 'B-3'), 1)
})

test('$1 names the record that an earlier part created: lines go behind a header whose number nobody knows yet', async () => {
  const header = operation('POST', '/data/SalesOrderHeadersV2', { ...ORDER, CustomersOrderReference: 'ref-1' }, '1')
  const parts = await batch([
    changeSet([header, operation('POST', '$1/SalesOrderLines', { ItemNumber: 'A1', OrderedSalesQuantity: 2 }, '2')]),
  ])
  assert.deepEqual(statuses(parts), [201, 201])
  const found = (await (
    await erp.call("/data/SalesOrderHeadersV2?$filter=CustomersOrderReference eq 'ref-1'&$expand=SalesOrderLines")
  ).json()) as { value: { SalesOrderLines: { LineAmount: number }[] }[] }
  assert.equal(found.value[0]?.SalesOrderLines[0]?.LineAmount, 6)
})

test('reads and single writes stand beside change sets; one failure does not touch the others', async () => {
  const parts = await batch([
    single(operation('GET', '/data/CustomerGroups?$select=CustomerGroupId', undefined, undefined)),
    single(operation('GET', 'NoSuchSet', undefined, undefined)),
    single(operation('POST', 'CustomerGroups', { CustomerGroupId: '77' }, undefined)),
    single(operation('DELETE', "CustomerGroups(dataAreaId='usmf',CustomerGroupId='77')", undefined, undefined)),
  ])
  assert.deepEqual(statuses(parts), [200, 404, 201, 204])
})

test('tolerates what real clients send: preamble, spaces behind boundaries, an open change set, absolute addresses, bare line feeds', async () => {
  const body = [
    '',
    '--batch_b ',
    'Content-Type: multipart/mixed; boundary=changeset_c',
    '',
    '--changeset_c ',
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    'Content-ID: 100001',
    '',
    'POST https://erp.example.com/data/CustomerGroups HTTP/1.1',
    'OData-Version: 4.0',
    'Content-Type: application/json;odata.metadata=minimal',
    '',
    '{"CustomerGroupId":"Batch1","dataAreaId":"usmf"}',
    '--batch_b--',
  ]
  for (const [index, end] of ['\r\n', '\n'].entries()) {
    const text = body.join(end).replace('Batch1', `Batch${index}`)
    const response = await erp.call('/data/$batch', {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'multipart/mixed;boundary=batch_b' },
    })
    assert.equal(response.status, 200)
    assert.deepEqual(statuses(await response.text()), [201])
  }
})

test('a batch without boundary, with a malformed part, or inside another is refused', async () => {
  const post = (type: string, body: string) =>
    erp.call('/data/$batch', { method: 'POST', body, headers: { 'content-type': type } })
  assert.equal((await post('application/json', '{}')).status, 400)
  assert.equal((await post('multipart/mixed; boundary=b', '--b\r\nContent-Type: application/http\r\n\r\n\r\n--b--')).status, 400)
  assert.deepEqual(statuses(await batch([single(operation('POST', '$batch', {}, undefined))])), [405])
})

test('throttling sits inside the parts, with Retry-After', async () => {
  erp.faults.set({ throttle: { rate: 1, retryAfterSeconds: 7 } })
  try {
    const parts = await batch([single(operation('GET', 'CustomerGroups', undefined, undefined)), changeSet([order('B-9', '1')])])
    assert.deepEqual(statuses(parts), [429, 429])
    assert.match(parts, /Retry-After: 7\r\n/)
  } finally {
    erp.faults.set({})
  }
  assert.equal(await count('SalesOrderHeadersV2', 'B-9'), 0)
})

test('the syntax keeps bodies byte for byte and finds each part', () => {
  const body =
    '--x\r\nContent-Type: application/http\r\n\r\nPATCH A(1) HTTP/1.1\r\nIf-Match: *\r\n\r\n{"a":"--y\\n"}\r\n--x--\r\n'
  assert.deepEqual(parseBatch('multipart/mixed; boundary="x"', body), [
    {
      kind: 'request',
      request: { method: 'PATCH', url: 'A(1)', headers: { 'if-match': '*' }, body: '{"a":"--y\\n"}', contentId: undefined },
    },
  ])
})

const ORDER = {
  OrderingCustomerAccountNumber: 'C1',
  CurrencyCode: 'USD',
  DefaultShippingSiteId: '1',
  DefaultShippingWarehouseId: '11',
}

function order(number: string, id: string): string {
  return operation('POST', '/data/SalesOrderHeadersV2', { ...ORDER, SalesOrderNumber: number }, id)
}

function line(number: string, id: string, item = 'A1'): string {
  return operation('POST', '/data/SalesOrderLines', { SalesOrderNumber: number, ItemNumber: item, OrderedSalesQuantity: 1 }, id)
}

function operation(method: string, url: string, body: object | undefined, contentId: string | undefined): string {
  const id = contentId === undefined ? '' : `Content-ID: ${contentId}\r\n`
  const content = body === undefined ? '' : `Content-Type: application/json\r\n\r\n${JSON.stringify(body)}`
  return `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n${id}\r\n${method} ${url} HTTP/1.1\r\n${content}\r\n`
}

function single(text: string): string {
  return text
}

function changeSet(operations: readonly string[]): string {
  const inner = operations.map((text) => `--cs\r\n${text}`).join('')
  return `Content-Type: multipart/mixed; boundary=cs\r\n\r\n${inner}--cs--\r\n`
}

async function batch(parts: readonly string[]): Promise<string> {
  const body = `${parts.map((part) => `--bb\r\n${part}`).join('')}--bb--\r\n`
  const response = await erp.call('/data/$batch', {
    method: 'POST',
    body,
    headers: { 'content-type': 'multipart/mixed; boundary=bb' },
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}

function statuses(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((found) => Number(found[1]))
}

async function count(set: string, number: string): Promise<number> {
  return Number(await (await erp.call(`/data/${set}/$count?$filter=SalesOrderNumber eq '${number}'`)).text())
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { DynamicsWebApi } from 'dynamics-web-api'
import { type ApiWorld, createApiWorld, TOKENS } from './world.ts'

// The client library most used with Dataverse, unchanged, over HTTP.

type Row = Record<string, unknown>

function clientOf(world: ApiWorld, token: string = TOKENS.everything): DynamicsWebApi {
  return new DynamicsWebApi({ serverUrl: world.origin, dataApi: { version: '9.2' }, onTokenRefresh: async () => token })
}

test('dynamics-web-api creates, reads, changes and deletes rows', async () => {
  await using world = await createApiWorld()
  const client = clientOf(world)
  const { ids } = world
  const id = await client.create({
    collection: 'accounts',
    data: { name: 'New', accountnumber: 'N-1', creditlimit: 12.5, 'msdyn_company@odata.bind': `cdm_companies(${ids.usmf})` },
  })
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  const made = await client.retrieve({
    collection: 'accounts',
    key: String(id),
    select: ['name', 'creditlimit', '_msdyn_company_value'],
  })
  assert.equal(made.name, 'New')
  assert.equal(made.creditlimit, 12.5)
  assert.equal(made._msdyn_company_value, ids.usmf)

  const represented = await client.create<Row, Row>({
    collection: 'contacts',
    data: {
      lastname: 'Neu',
      'parentcustomerid@odata.bind': `/accounts(${id})`,
      'msdyn_company@odata.bind': `/cdm_companies(${ids.usmf})`,
    },
    returnRepresentation: true,
    select: ['lastname', '_parentcustomerid_value'],
  })
  assert.equal(represented._parentcustomerid_value, id)

  await client.update({ collection: 'accounts', key: String(id), data: { name: 'Changed' } })
  await client.updateSingleProperty({ collection: 'accounts', key: String(id), fieldValuePair: { telephone1: '123' } })
  const changed = await client.retrieve({ collection: 'accounts', key: String(id), select: ['name', 'telephone1'] })
  assert.deepEqual([changed.name, changed.telephone1], ['Changed', '123'])
  await client.deleteRecord({ collection: 'accounts', key: String(id), property: 'telephone1' })
  const emptied = await client.retrieve({ collection: 'accounts', key: String(id), select: ['telephone1'] })
  assert.equal(emptied.telephone1, null)

  const upserted = await client.upsert({ collection: 'accounts', key: String(id), data: { name: 'Again' }, ifnonematch: '*' })
  assert.equal(upserted, null, 'it was there: nothing was made')
  const stale = await client.update({ collection: 'accounts', key: String(id), data: { name: 'Stale' }, ifmatch: 'W/"1"' })
  assert.equal(stale, false, 'that version is gone')
  await client.deleteRecord({ collection: 'contacts', key: String(represented.contactid) })
  await client.deleteRecord({ collection: 'accounts', key: String(id) })
  await assert.rejects(
    client.retrieve({ collection: 'accounts', key: String(id) }),
    (error: { status?: number; code?: string }) => {
      return error.status === 404 && error.code === '0x80040217'
    },
  )
})

test('dynamics-web-api asks: filters, expanded rows, pages, counts, annotations, FetchXML', async () => {
  await using world = await createApiWorld()
  const client = clientOf(world)
  const { ids } = world
  const orders = await client.retrieveMultiple({
    collection: 'salesorders',
    select: ['ordernumber', 'totalamount', 'msdyn_processingstatus', '_customerid_value'],
    filter: `customerid_account/name eq 'Fabrikam' and order_details/any(d:d/quantity gt 2)`,
    expand: [
      { property: 'order_details', select: ['productnumber', 'quantity'], orderBy: ['sequencenumber desc'], top: 2 },
      { property: 'msdyn_contactperson', select: ['fullname'] },
    ],
    includeAnnotations: '*',
    count: true,
  })
  assert.equal(orders.oDataCount, 1)
  const [order] = orders.value
  assert.equal(order.totalamount, 1234.5)
  assert.equal(order._customerid_value, ids.x)
  assert.equal(order._customerid_value_Formatted, 'Fabrikam')
  assert.equal(order._customerid_value_LogicalName, 'account')
  assert.equal(order._customerid_value_NavigationProperty, 'customerid_account')
  assert.notEqual(order.msdyn_processingstatus_Formatted, undefined)
  assert.equal(order.msdyn_contactperson.fullname, 'Nora Example')
  assert.deepEqual(
    order.order_details.map((line: { productnumber: string }) => line.productnumber),
    ['P-3', 'P-2'],
  )

  const seen: string[] = []
  let page = await client.retrieveMultiple({
    collection: 'salesorderdetails',
    select: ['productnumber'],
    orderBy: ['sequencenumber'],
    maxPageSize: 2,
  })
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 5, 'paging ends')
    seen.push(...page.value.map((line: { productnumber: string }) => line.productnumber))
    if (page.oDataNextLink === undefined) break
    page = await client.retrieveMultiple({ collection: 'salesorderdetails', maxPageSize: 2 }, page.oDataNextLink)
  }
  assert.deepEqual(seen, ['P-1', 'P-2', 'P-3'])
  const all = await client.retrieveAll({ collection: 'salesorderdetails', select: ['productnumber'], maxPageSize: 1 })
  assert.equal(all.value.length, 3)

  assert.equal(await client.count({ collection: 'accounts' }), 2)
  assert.equal(await client.count({ collection: 'accounts', filter: `name eq 'Fabrikam'` }), 1)
  const byKey = await client.retrieve({
    collection: 'accounts',
    key: `accountnumber='Y',_msdyn_company_value=${ids.usmf}`,
    select: ['name'],
  })
  assert.equal(byKey.name, "O'Neill & Söhne")

  const fetched = await client.fetch({
    collection: 'accounts',
    fetchXml: `<fetch count="1" returntotalrecordcount="true"><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>`,
    includeAnnotations: '*',
  })
  assert.deepEqual(
    fetched.value.map((row: { name: string }) => row.name),
    ['Fabrikam'],
  )
  assert.equal(fetched.PagingInfo?.nextPage, 2)
  const rest = await client.fetch({
    collection: 'accounts',
    fetchXml: `<fetch count="1"><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>`,
    includeAnnotations: '*',
    pageNumber: fetched.PagingInfo?.nextPage ?? 0,
    pagingCookie: fetched.PagingInfo?.cookie ?? '',
  })
  assert.deepEqual(
    rest.value.map((row: { name: string }) => row.name),
    ["O'Neill & Söhne"],
  )
})

test('dynamics-web-api sends batches: change sets with references between their rows, whole or not at all', async () => {
  await using world = await createApiWorld()
  const client = clientOf(world)
  const { ids } = world
  client.startBatch()
  void client.create({
    collection: 'accounts',
    data: { name: 'Batch', accountnumber: 'B-1', 'msdyn_company@odata.bind': `cdm_companies(${ids.usmf})` },
    contentId: '1',
  })
  void client.create({
    collection: 'contacts',
    data: { lastname: 'Batch', 'parentcustomerid@odata.bind': '$1', 'msdyn_company@odata.bind': `cdm_companies(${ids.usmf})` },
  })
  const [account, contact] = await client.executeBatch()
  assert.match(String(account), /^[0-9a-f-]{36}$/)
  const made = await client.retrieve({ collection: 'contacts', key: String(contact), select: ['_parentcustomerid_value'] })
  assert.equal(made._parentcustomerid_value, account)

  client.startBatch()
  void client.retrieveMultiple({ collection: 'accounts', select: ['name'], filter: `accountnumber eq 'B-1'` })
  void client.update({ collection: 'accounts', key: String(account), data: { name: 'Batch 2' } })
  void client.retrieve({ collection: 'accounts', key: String(account), select: ['name'] })
  const [before, , after] = await client.executeBatch()
  assert.equal(before.value[0].name, 'Batch')
  assert.equal(after.name, 'Batch 2')

  client.startBatch()
  void client.create({
    collection: 'accounts',
    data: { name: 'Gone', accountnumber: 'B-2', 'msdyn_company@odata.bind': `cdm_companies(${ids.usmf})` },
  })
  void client.create({
    collection: 'accounts',
    data: { name: 'Twice', accountnumber: 'B-1', 'msdyn_company@odata.bind': `cdm_companies(${ids.usmf})` },
  })
  const [refused, ...others] = await client.executeBatch()
  assert.equal(refused.error.code, '0x80060892')
  assert.deepEqual(others, [])
  assert.equal(await client.count({ collection: 'accounts', filter: `accountnumber eq 'B-2'` }), 0)
})

test('dynamics-web-api associates, follows changes, asks who it is and reads definitions', async () => {
  await using world = await createApiWorld()
  const client = clientOf(world)
  const { ids } = world
  await client.associateSingleValued({
    collection: 'accounts',
    primaryKey: ids.x,
    navigationProperty: 'primarycontactid',
    relatedCollection: 'contacts',
    relatedKey: ids.nora,
  })
  assert.equal(
    (await client.retrieve({ collection: 'accounts', key: ids.x, select: ['_primarycontactid_value'] }))._primarycontactid_value,
    ids.nora,
  )
  await client.disassociateSingleValued({ collection: 'accounts', primaryKey: ids.x, navigationProperty: 'primarycontactid' })
  assert.equal(
    (await client.retrieve({ collection: 'accounts', key: ids.x, select: ['_primarycontactid_value'] }))._primarycontactid_value,
    null,
  )
  await client.associate({
    collection: 'accounts',
    primaryKey: ids.x,
    relationshipName: 'contact_customer_accounts',
    relatedCollection: 'contacts',
    relatedKey: ids.may,
  })
  assert.equal(
    (await client.retrieve({ collection: 'contacts', key: ids.may, select: ['_parentcustomerid_value'] }))
      ._parentcustomerid_value,
    ids.x,
  )
  await client.disassociate({
    collection: 'accounts',
    primaryKey: ids.x,
    relationshipName: 'contact_customer_accounts',
    relatedKey: ids.may,
  })
  assert.equal(
    (await client.retrieve({ collection: 'contacts', key: ids.may, select: ['_parentcustomerid_value'] }))
      ._parentcustomerid_value,
    null,
  )

  const whole = await client.retrieveMultiple({ collection: 'contacts', select: ['lastname'], trackChanges: true })
  assert.equal(whole.value.length, 2)
  const delta = whole.oDataDeltaLink ?? ''
  await client.update({ collection: 'contacts', key: ids.nora, data: { lastname: 'Renamed' } })
  await client.deleteRecord({ collection: 'contacts', key: ids.may })
  const changes = await client.retrieveMultiple({ collection: 'contacts' }, delta)
  assert.deepEqual(
    changes.value.map((one: Record<string, unknown>) => one.lastname ?? [one.id, one.reason]),
    ['Renamed', [ids.may, 'deleted']],
  )
  const nothing = await client.retrieveMultiple({ collection: 'contacts' }, changes.oDataDeltaLink ?? '')
  assert.deepEqual(nothing.value, [])

  const who = await client.callFunction({ functionName: 'WhoAmI' })
  assert.equal(who.UserId, '00000000-0000-4000-8000-00000000abcd')
  const entities = await client.retrieveEntities({ select: ['LogicalName', 'EntitySetName'], filter: `LogicalName eq 'account'` })
  assert.deepEqual(
    entities.value.map((one) => one.EntitySetName),
    ['accounts'],
  )
  const attributes = await client.retrieveAttributes({
    entityKey: `LogicalName='account'`,
    select: ['LogicalName', 'AttributeType'],
  })
  assert.ok(attributes.value.some((one) => one.LogicalName === 'creditlimit'))
  // With logical names in place of set names, the client asks for the definitions first.
  const byName = new DynamicsWebApi({
    serverUrl: world.origin,
    dataApi: { version: '9.2' },
    useEntityNames: true,
    onTokenRefresh: async () => TOKENS.everything,
  })
  assert.equal((await byName.retrieve({ collection: 'account', key: ids.x, select: ['name'] })).name, 'Fabrikam')
})

test('dynamics-web-api sends and fetches files in pieces', async () => {
  await using world = await createApiWorld()
  const client = clientOf(world)
  const id = String(await client.create({ collection: 'test_documents', data: { test_name: 'Contract', test_kinds: '1,3' } }))
  // A little more than two pieces of 4 MB.
  const data = Buffer.alloc(9_000_001, 'comptoir')
  await client.uploadFile({
    collection: 'test_documents',
    key: id,
    fieldName: 'test_file',
    fileName: 'contract.bin',
    data: data as never,
  })
  const file = await client.downloadFile({ collection: 'test_documents', key: id, property: 'test_file' })
  assert.equal(file.fileName, 'contract.bin')
  assert.equal(file.fileSize, data.length)
  assert.ok(data.equals(Buffer.from(file.data as never)))
  await client.deleteRecord({ collection: 'test_documents', key: id, property: 'test_file' })
  await assert.rejects(
    client.downloadFile({ collection: 'test_documents', key: id, property: 'test_file' }),
    (error: { status?: number }) => error.status === 404,
  )
})

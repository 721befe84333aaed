import assert from 'node:assert/strict'
import test from 'node:test'
import { insertRows } from '#tables/rows.queries.ts'
import {
  type Browser,
  browse,
  createPeople,
  createPeopleServer,
  type Method,
  type People,
  signInAs,
} from '../../tests/support/people.ts'

const ADMIN = 'admin@comptoir.example'
const NORA = 'nora@fabrikam.example'

test('a set answers in OData JSON: exact decimals, lookups by their Dataverse names, names of rows when asked', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const admin = await signedIn(server, ADMIN)
  const select = '$select=ordernumber,totalamount,_customerid_value,msdyn_processingstatus&$orderby=ordernumber'
  const plain = await admin.get(`/_api/salesorders?${select}`)
  assert.equal(
    plain.json()['@odata.context'],
    'http://localhost/_api/$metadata#salesorders(ordernumber,totalamount,_customerid_value,msdyn_processingstatus,salesorderid)',
  )
  assert.match(plain.body, /"totalamount":1234\.50,/)
  assert.match(plain.body, /"totalamount":0\.1000,/)
  assert.match(plain.body, /"totalamount":99999999999999999\.99,/)
  assert.equal(plain.json().value[0]?._customerid_value, people.accounts.x)

  const named = await admin.get(`/_api/salesorders?${select}`, { prefer: 'odata.include-annotations="*"' })
  assert.equal(named.json().value[0]?.['_customerid_value@OData.Community.Display.V1.FormattedValue'], 'Fabrikam')
})

test('filters take lookups by either name, paths, functions and in; the count is of all that match', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const admin = await signedIn(server, ADMIN)
  const { x } = people.accounts
  for (const [filter, numbers] of [
    [`_customerid_value eq ${x}`, ['W-1', 'W-2']],
    [`customerid eq ${x} and totalamount gt 1`, ['W-1']],
    [`endswith(ordernumber,'3') or ordernumber in ('W-1')`, ['W-1', 'W-3']],
    [`not contains(ordernumber,'1')`, ['W-2', 'W-3']],
    [`submitdate ge 2026-11-21`, []],
  ] as const) {
    const answer = (
      await admin.get(`/_api/salesorders?$count=true&$top=2&$orderby=ordernumber&$filter=${encodeURIComponent(filter)}`)
    ).json()
    assert.deepEqual(
      answer.value.map((row) => row.ordernumber),
      numbers,
      filter,
    )
    assert.equal(answer['@odata.count'], numbers.length, filter)
  }
  const behind = await admin.get(`/_api/salesorderdetails?$filter=${encodeURIComponent("salesorderid/ordernumber eq 'W-3'")}`)
  assert.deepEqual(
    behind.json().value.map((row) => row._salesorderid_value),
    [people.orders.may],
  )
})

test('following the next link shows every row once, in order, and ends; after $top there is none', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  await addOrders(people, 25)
  const admin = await signedIn(server, ADMIN)
  const seen: unknown[] = []
  let url: unknown =
    '/_api/salesorders?$select=ordernumber&$orderby=msdyn_customerrequisitionnumber,totalamount desc&$filter=startswith(ordernumber,%27P%27)'
  for (let pages = 0; typeof url === 'string'; pages++) {
    assert.ok(pages < 10, 'paging ends')
    const answer = (await admin.get(url, { prefer: 'odata.maxpagesize=4' })).json()
    seen.push(...answer.value.map((row) => row.ordernumber))
    url = answer['@odata.nextLink']
  }
  assert.equal(seen.length, 25)
  assert.equal(new Set(seen).size, 25)
  assert.equal((await admin.get('/_api/salesorders?$top=4')).json()['@odata.nextLink'], undefined)
  assert.deepEqual((await admin.get('/_api/salesorders?$top=0&$count=true')).json().value, [])
})

test('what is not supported or not well formed is refused with a reason, never passed over', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const admin = await signedIn(server, ADMIN)
  const token = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url')
  for (const [query, status] of [
    ['$skip=5', 400],
    ['$top=1001', 400],
    ['$top=-1', 400],
    ['$expand=customerid', 403],
    ['$apply=aggregate(totalamount with total as total)', 400],
    ['$search=x', 400],
    ['$filter=ordernumber eq', 400],
    [`$filter=totalamount eq 'much'`, 400],
    [`$filter=submitdate gt 2026-02-31`, 400],
    ['$filter=lines/any(l:l/quantity gt 1)', 403],
    ['$select=nothing', 403],
    ['$orderby=msdyn_url', 403],
    ['$select=customerid/name', 403],
    ['$top=1&$top=2', 400],
    ['$skiptoken=nonsense', 400],
    [`$skiptoken=${token(['salesorder', 'x'])}`, 400],
    [`$orderby=totalamount&$skiptoken=${token(['salesorder,totalamount', 'much', people.orders.jane])}`, 400],
  ] as const) {
    const answer = await admin.get(`/_api/salesorders?${query.replaceAll(' ', '%20')}`)
    assert.equal(answer.status, status, `${query}: ${answer.body}`)
    assert.ok(answer.json().error.message.length > 10, query)
  }
})

test('tables and columns that the site does not open are not there, whoever asks', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const admin = await signedIn(server, ADMIN)
  for (const resource of ['accounts', 'identities', 'SalesOrders', `accounts(${people.accounts.x})`, `accounts/$count`]) {
    const answer = await admin.get(`/_api/${resource}`)
    assert.equal(answer.status, 404, resource)
    assert.equal(answer.json().error.code, '9004010C')
  }
  const cost = await admin.get('/_api/products?$select=currentcost')
  assert.equal(cost.status, 403)
  assert.equal(cost.json().error.code, '90040101')
})

test('a filter cannot feel for a column that may not be read, on the table itself or behind a lookup', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const nora = await signedIn(server, NORA)
  for (const query of [
    'products?$filter=currentcost gt 5',
    'products?$orderby=currentcost',
    "salesorders?$filter=msdyn_contactperson/governmentid eq '1'",
  ])
    assert.equal((await nora.get(`/_api/${query.replaceAll(' ', '%20')}`)).status, 403, query)
})

test('without a sign-in nothing is told, and the answer says that one is needed', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  for (const url of ['/_api/salesorders', `/_api/salesorders(${people.orders.jane})`, '/_api/salesorders?$select=nothing']) {
    const answer = await browse(server).get(url)
    assert.equal(answer.status, 401, url)
    assert.equal(answer.json().error.code, '90040109')
  }
})

test('what changes something carries the token of a page of the same session; what it may change, permissions and the site say', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const nora = await signedIn(server, NORA)
  const own = `/_api/contacts(${people.contacts.nora})`
  const token = await tokenOf(nora)
  const body = { jobtitle: 'Buyer' }

  const missing = await nora.send('PATCH', own, body)
  assert.deepEqual([missing.status, missing.json().error.code], [401, '90040107'])
  const other = await signedIn(server, ADMIN)
  const wrong = await nora.send('PATCH', own, body, { __RequestVerificationToken: await tokenOf(other) })
  assert.deepEqual([wrong.status, wrong.json().error.code], [403, '90040107'])
  const anonymous = browse(server)
  const stranger = await anonymous.send('PATCH', own, body, { __RequestVerificationToken: await tokenOf(anonymous) })
  assert.deepEqual([stranger.status, stranger.json().error.code], [401, '90040109'])

  const done = await nora.send('PATCH', own, body, { __RequestVerificationToken: token })
  assert.equal(done.status, 204, done.body)
  assert.equal((await nora.send('PUT', `${own}/telephone1`, { value: '+1 555' }, { 'x-csrf-token': token })).status, 204)
  assert.deepEqual(
    [(await nora.get(own)).json().jobtitle, (await nora.get(`${own}/telephone1`)).json().value],
    ['Buyer', '+1 555'],
  )
  assert.equal((await nora.send('DELETE', `${own}/telephone1`, undefined, { 'x-csrf-token': token })).status, 204)
  assert.equal((await nora.get(own)).json().telephone1, null)

  const told = async (method: Method, url: string, content?: unknown) => {
    const answer = await nora.send(method, url, content, { __RequestVerificationToken: token })
    const { error } = answer.json()
    assert.ok(error.message.length > 10, url)
    return [answer.status, error.code]
  }
  assert.deepEqual(await told('PATCH', own, { governmentid: '1' }), [403, '90040101'])
  assert.deepEqual(await told('PATCH', own, { nosuch: '1' }), [400, '90040100'])
  assert.deepEqual(await told('PATCH', own, { jobtitle: 'x'.repeat(101) }), [400, '90040100'])
  assert.deepEqual(await told('PATCH', `/_api/contacts(${people.contacts.jane})`, body), [403, '90040102'])
  assert.deepEqual(await told('PATCH', `/_api/contacts(${people.contacts.may})`, body), [404, '9004010C'])
  assert.deepEqual(await told('POST', '/_api/contacts', { lastname: 'New' }), [403, '90040103'])
  assert.deepEqual(await told('DELETE', own), [403, '90040104'])
  assert.deepEqual(await told('PATCH', '/_api/contacts', body), [405, '9004010A'])
  assert.deepEqual(await told('PATCH', `/_api/accounts(${people.accounts.x})`, { name: 'Mine' }), [403, '90040101'])
  assert.deepEqual(await told('POST', '/_api/$batch', 'x'), [501, '9004010B'])
  assert.deepEqual(await told('PATCH', own, { jobtitle: 'x'.repeat(2_000_000) }), [413, 'RequestTooLarge'])
  assert.deepEqual(await told('PATCH', own, '{"jobtitle":"a","jobtitle":"b"}'), [400, '9004010D'])
  assert.deepEqual(await told('PATCH', own, 'no json'), [400, '9004010D'])
})

test('the id of a new row is in the header that scripts of pages look for', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const admin = await signedIn(server, ADMIN)
  const made = await admin.send(
    'POST',
    '/_api/salesorders',
    {
      name: 'By a page',
      ordernumber: 'PAGE-1',
      'msdyn_contactperson@odata.bind': `/contacts(${people.contacts.jane})`,
      msdyn_company: people.usmf,
    },
    { __RequestVerificationToken: await tokenOf(admin) },
  )
  assert.equal(made.status, 204, made.body)
  assert.match(String(made.headers.entityid), /^[0-9a-f-]{36}$/)
  assert.equal((await admin.get(`/_api/salesorders(${made.headers.entityid})`)).json().ordernumber, 'PAGE-1')
})

async function tokenOf(browser: Browser): Promise<string> {
  const { body } = await browser.get('/_layout/tokenhtml')
  return /^<input name="__RequestVerificationToken" type="hidden" value="([^"]+)" \/>$/.exec(body)?.[1] ?? ''
}

async function signedIn(server: Parameters<typeof browse>[0], email: string): Promise<Browser> {
  const browser = browse(server)
  assert.equal(await signInAs(browser, email), 'signed_in')
  return browser
}

async function addOrders(people: People, count: number): Promise<void> {
  const { database, catalog } = people.place
  const rows = Array.from({ length: count }, (_, i) => ({
    ordernumber: `P-${i}`,
    customerid: people.accounts.y,
    customeridtype: 'account',
    msdyn_customerrequisitionnumber: i % 3 === 0 ? null : `R${i % 5}`,
    totalamount: i % 4 === 0 ? null : `${i % 7}.5`,
    msdyn_company: people.usmf,
  }))
  await database.transaction((tx) => insertRows(tx, catalog.get('salesorder'), rows))
}

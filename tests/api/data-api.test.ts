import assert from 'node:assert/strict'
import test from 'node:test'
import pg from 'pg'
import { readCatalog } from '../../src/tables/catalog.ts'
import { idOfViewFile } from '../../src/tables/view.ts'
import { readViewFiles } from '../../src/tables/view-file.ts'
import { saveView } from '../../src/tables/views.ts'
import { createApiWorld, TOKENS } from './world.ts'

test('without a token nothing is told; with one, what its role may see and nothing else', async () => {
  await using world = await createApiWorld()
  const { ids } = world
  for (const path of [
    '',
    '$metadata',
    'accounts',
    `accounts(${ids.x})`,
    'WhoAmI',
    'EntityDefinitions',
    'nothing',
    'openapi.json',
  ]) {
    const answer = await world.call('GET', path, { token: null })
    assert.equal(answer.status, 401, path)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
  }
  const token = TOKENS.ofX
  assert.deepEqual(
    (await world.call('GET', 'accounts?$select=name', { token })).json.value.map((one) => one.name),
    ['Fabrikam'],
  )
  assert.equal((await world.call('GET', `accounts(${ids.y})`, { token })).json.error.code, '0x80040217')
  assert.equal((await world.call('GET', `accounts(accountnumber='Y',_msdyn_company_value=${ids.usmf})`, { token })).status, 404)
  assert.equal((await world.call('GET', 'salesorders', { token })).json.error.code, '0x80040220')
  for (const path of [
    'accounts?$select=creditlimit',
    'accounts?$filter=creditlimit gt 5',
    'accounts?$orderby=creditlimit',
    `accounts(${ids.x})/creditlimit`,
    'contacts?$filter=parentcustomerid/creditlimit gt 5',
    'contacts?$expand=parentcustomerid($select=creditlimit)',
  ]) {
    const closed = await world.call('GET', path, { token })
    const unknown = await world.call('GET', path.replaceAll('creditlimit', 'nosuchthing'), { token })
    assert.ok([400, 404].includes(closed.status), path)
    assert.equal(closed.text.replaceAll('creditlimit', 'nosuchthing'), unknown.text, 'closed and unknown are told the same')
  }
  const metadata = (await world.call('GET', '$metadata', { token })).text
  assert.ok(
    metadata.includes('EntityType Name="contact"') && !metadata.includes('creditlimit') && !metadata.includes('salesorder'),
  )
  const definitions = await world.call('GET', `EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName`, {
    token,
  })
  assert.ok(!definitions.json.value.some((one) => one.LogicalName === 'creditlimit'))
})

test('a write is told whatever is wrong with it at once, and leaves nothing behind', async () => {
  await using world = await createApiWorld()
  const { ids } = world
  const wrong = await world.call('POST', 'test_documents', {
    body: { test_name: 'small', test_pages: 0, test_kinds: '9', test_due: '2026-02-31', nosuch: 1, test_amount: 'x' },
  })
  assert.equal(wrong.status, 400)
  const problems = wrong.json.error.innererror?.problems as { column: string }[]
  assert.deepEqual(
    problems.map((one) => one.column).sort(),
    ['nosuch', 'test_amount', 'test_due', 'test_kinds', 'test_name', 'test_pages'].sort(),
  )
  assert.equal((await world.call('GET', 'test_documents/$count')).text, '0')

  const made = await world.call('POST', 'test_documents?$select=test_amount,test_kinds', {
    body: '{"test_name":"Good","test_code":"G","test_amount":12345678901234567.10,"test_kinds":[1,3],"test_due":"2026-02-28"}',
    headers: { prefer: 'return=representation' },
  })
  assert.equal(made.status, 201, made.text)
  assert.match(made.text, /"test_amount":12345678901234567\.10?,/)
  assert.equal(made.json.test_kinds, '1,3')
  assert.match(made.headers.get('odata-entityid') ?? '', /\/api\/data\/v9\.2\/test_documents\([0-9a-f-]{36}\)$/)
  const twice = await world.call('POST', 'test_documents', { body: { test_name: 'Again', test_code: 'G' } })
  assert.deepEqual([twice.status, twice.json.error.code], [412, '0x80060892'])

  const reader = await world.call('POST', 'test_documents', { token: TOKENS.reader, body: { test_name: 'No' } })
  assert.deepEqual([reader.status, reader.json.error.code], [403, '0x80040220'])
  const foreign = await world.call('PATCH', `accounts(${ids.y})`, { token: TOKENS.ofX, body: { name: 'Mine' } })
  assert.ok([403, 404].includes(foreign.status))
  const column = await world.call('PATCH', `accounts(${ids.x})`, { token: TOKENS.ofX, body: { creditlimit: 1 } })
  assert.equal(column.status, 403)
  // A contact of X cannot be given to Y by somebody who has no rights there.
  const moved = await world.call('PATCH', `contacts(${ids.nora})`, {
    token: TOKENS.ofX,
    body: { 'parentcustomerid@odata.bind': `/accounts(${ids.y})` },
  })
  assert.ok(moved.status >= 400, moved.text)
  assert.equal((await world.call('GET', `contacts(${ids.nora})/_parentcustomerid_value`)).json.value, ids.x)
})

test('versions: If-Match, If-None-Match, 304, upsert by id and by alternate key', async () => {
  await using world = await createApiWorld()
  const { ids } = world
  const first = await world.call('GET', `accounts(${ids.x})?$select=name`)
  const etag = String(first.json['@odata.etag'])
  assert.equal(first.headers.get('etag'), etag)
  assert.equal((await world.call('GET', `accounts(${ids.x})?$select=name`, { headers: { 'if-none-match': etag } })).status, 304)
  const annotated = { 'if-none-match': etag, prefer: 'odata.include-annotations="*"' }
  assert.equal((await world.call('GET', `accounts(${ids.x})?$select=name`, { headers: annotated })).status, 200)
  assert.equal(
    (await world.call('PATCH', `accounts(${ids.x})`, { body: { name: 'A' }, headers: { 'if-match': etag } })).status,
    204,
  )
  const stale = await world.call('PATCH', `accounts(${ids.x})`, { body: { name: 'B' }, headers: { 'if-match': etag } })
  assert.deepEqual(
    [stale.status, stale.json.error.message],
    [412, "The version of the existing record doesn't match the RowVersion property provided."],
  )
  const absent = '00000000-0000-4000-8000-000000000099'
  const only = await world.call('PATCH', `test_documents(${absent})`, { body: { test_name: 'C' }, headers: { 'if-match': '*' } })
  assert.deepEqual([only.status, only.json.error.code], [404, '0x80040217'])
  assert.equal((await world.call('PATCH', `test_documents(${absent})`, { body: { test_name: 'C' } })).status, 204)
  const exists = await world.call('PATCH', `test_documents(${absent})`, {
    body: { test_name: 'D' },
    headers: { 'if-none-match': '*' },
  })
  assert.deepEqual([exists.status, exists.json.error.message], [412, 'A record with matching key values already exists.'])
  for (const name of ['By key', 'By key again'])
    assert.equal((await world.call('PATCH', `test_documents(test_code='K''1')`, { body: { test_name: name } })).status, 204)
  assert.deepEqual(
    (await world.call('GET', `test_documents?$filter=test_code eq 'K''1'&$select=test_name`)).json.value.map(
      (one) => one.test_name,
    ),
    ['By key again'],
  )
  const badKey = await world.call('GET', `test_documents(test_name='C')`)
  assert.match(
    badKey.json.error.message,
    /^The key in the request URI is not valid for resource 'Microsoft\.Dynamics\.CRM\.test_document'/,
  )
  assert.equal((await world.call('DELETE', `test_documents(${absent})`)).status, 204)
  assert.equal((await world.call('DELETE', `test_documents(${absent})`)).status, 404)
})

test('rows are made with what is inside them, and addresses go over lookups and collections', async () => {
  await using world = await createApiWorld()
  const { ids } = world
  const made = await world.call('POST', 'accounts', {
    body: {
      name: 'Deep',
      accountnumber: 'D',
      'msdyn_company@odata.bind': `${world.root}cdm_companies(${ids.usmf})`,
      contact_customer_accounts: [1, 2].map((n) => ({
        lastname: `L${n}`,
        'msdyn_company@odata.bind': `/cdm_companies(cdm_companycode='usmf')`,
      })),
      account_test_documents: [{ test_name: 'Inside' }],
    },
  })
  assert.equal(made.status, 204, made.text)
  const path = new URL(made.headers.get('odata-entityid') ?? '').pathname.replace('/api/data/v9.2/', '')
  const contacts = await world.call('GET', `${path}/contact_customer_accounts?$select=lastname&$orderby=lastname desc`)
  assert.deepEqual(
    contacts.json.value.map((one) => one.lastname),
    ['L2', 'L1'],
  )
  assert.equal((await world.call('GET', `${path}/contact_customer_accounts/$count`)).text, '2')
  const contact = `${path}/contact_customer_accounts(${contacts.json.value[0]?.contactid})`
  assert.equal((await world.call('GET', `${contact}/parentcustomerid/name`)).json.value, 'Deep')
  assert.equal((await world.call('GET', `${contact}/parentcustomerid/name/$value`)).text, 'Deep')
  assert.equal((await world.call('GET', `${path}/primarycontactid`)).status, 204)
  assert.equal((await world.call('GET', `accounts(${ids.nora})/primarycontactid`)).status, 404)
  const references = await world.call('GET', `${path}/contact_customer_accounts/$ref`)
  assert.equal(references.json.value.length, 2)
  const below = await world.call('POST', `${path}/account_test_documents`, { body: { test_name: 'Below' } })
  assert.equal(below.status, 204, below.text)
  const expanded = await world.call(
    'GET',
    `${path}?$select=name&$expand=account_test_documents($select=test_name;$orderby=test_name;$count=true)`,
  )
  assert.deepEqual(
    (expanded.json.account_test_documents as { test_name: string }[]).map((one) => one.test_name),
    ['Below', 'Inside'],
  )
  const failed = await world.call('POST', 'accounts', {
    body: {
      name: 'None',
      accountnumber: 'N',
      'msdyn_company@odata.bind': `/cdm_companies(${ids.usmf})`,
      account_test_documents: [{ test_name: 'wrong' }],
    },
  })
  assert.equal(failed.status, 400)
  assert.equal((await world.call('GET', `accounts/$count?$filter=accountnumber eq 'N'`)).text, '0')
})

test('a list inside a row goes on where its next link says, and shows every row once', async () => {
  await using world = await createApiWorld()
  await world.insert(
    'salesorderdetail',
    Array.from({ length: 400 }, (_, i) => ({
      msdyn_company: world.ids.usmf,
      salesorderid: world.ids.order,
      sequencenumber: 10 + i,
      quantity: String(i % 7),
      productnumber: `N-${i}`,
    })),
  )
  const page = await world.call(
    'GET',
    'salesorders?$select=ordernumber&$expand=order_details($select=productnumber;$orderby=sequencenumber desc)',
  )
  const order = page.json.value[0] ?? {}
  const seen = (order.order_details as { productnumber: string }[]).map((one) => one.productnumber)
  let next = order['order_details@odata.nextLink']
  assert.notEqual(next, undefined)
  for (let pages = 0; typeof next === 'string'; pages++) {
    assert.ok(pages < 20, 'it ends')
    const more = await world.call('GET', next, { headers: { prefer: 'odata.maxpagesize=50' } })
    assert.equal(more.status, 200, more.text)
    seen.push(...more.json.value.map((one) => String(one.productnumber)))
    next = more.json['@odata.nextLink']
  }
  assert.equal(seen.length, 403)
  assert.equal(new Set(seen).size, 403)
})

test('who follows changes loses none of a transaction that was open when he asked', async () => {
  await using world = await createApiWorld()
  const track = { prefer: 'odata.track-changes' }
  const begin = await world.call('GET', 'test_documents?$select=test_name', { headers: track })
  assert.equal(begin.headers.get('preference-applied'), 'odata.track-changes')
  assert.match(String(begin.json['@odata.deltaLink']), /\$select=test_name&\$deltatoken=/)

  // It takes its version number first and commits last.
  const slow = new pg.Client({ connectionString: world.database.url })
  await slow.connect()
  await slow.query('begin')
  await slow.query(
    `insert into tables.test_document (test_documentid, test_name) values ('00000000-0000-4000-8000-000000000001', 'Slow')`,
  )
  await world.call('POST', 'test_documents', { body: { test_name: 'Quick' } })
  const during = await world.call('GET', String(begin.json['@odata.deltaLink']))
  assert.deepEqual(
    during.json.value.map((one) => one.test_name),
    ['Quick'],
  )
  await slow.query('commit')
  await slow.end()
  const after = await world.call('GET', String(during.json['@odata.deltaLink']))
  assert.ok(
    after.json.value.some((one) => one.test_name === 'Slow'),
    after.text,
  )
  const settled = await world.call('GET', String(after.json['@odata.deltaLink']))
  assert.deepEqual(settled.json.value, [])

  // Made and gone in between: gone is what is told. Pages go on where they stopped.
  const names = ['P1', 'P2', 'P3', 'P4', 'P5']
  for (const name of names) await world.call('POST', 'test_documents', { body: { test_name: name } })
  const gone = await world.call('POST', 'test_documents', { body: { test_name: 'Gone' } })
  await world.call('DELETE', gone.headers.get('odata-entityid') ?? '')
  const told: unknown[] = []
  let link = settled.json['@odata.deltaLink']
  assert.equal((await world.call('GET', String(link).replace('test_documents?', 'test_documents/$count?'))).text, '6')
  for (let pages = 0; pages < 10; pages++) {
    const page = await world.call('GET', String(link), { headers: { prefer: 'odata.maxpagesize=2' } })
    told.push(...page.json.value.map((one) => one.test_name ?? one.reason))
    link = page.json['@odata.nextLink']
    if (link === undefined) break
  }
  assert.deepEqual(told.slice(0, 5).sort(), names)
  assert.deepEqual(told.slice(5), ['deleted'])

  for (const option of ['$filter=statecode eq 0', '$orderby=test_name', '$top=1', '$expand=test_accountid'])
    assert.match(
      (await world.call('GET', `test_documents?${option}`, { headers: track })).json.error.message,
      /isn't supported when Change Tracking/,
    )
  // Who may not read every row would learn of the others by their leaving.
  assert.equal((await world.call('GET', 'contacts', { token: TOKENS.ofX, headers: track })).status, 403)
  assert.equal((await world.call('GET', 'test_documents?$deltatoken=nonsense')).status, 400)
})

test('a saved view is asked by its id, page by page, under the caller’s own permissions', async () => {
  const file = `
label: { en: People, fr: Personnes }
columns: [{ column: firstname, width: 90 }, { column: parentcustomerid.name }]
order: [{ column: firstname }]
filter: contains(firstname,'a')`
  const { views, path } = viewsOf({ 'views/contact.people.yaml': file })
  await using world = await createApiWorld(undefined, { views })
  const text =
    '<fetch><entity name="contact"><attribute name="lastname"/><attribute name="firstname"/><order attribute="firstname"/></entity></fetch>'
  const editor = { personId: '00000000-0000-4000-8000-00000000abcd', maySharedOfOthers: false }
  const input = { table: 'contact', name: 'People', query: { language: 'fetchxml', text } as const, isShared: true }
  const view = await world.database.transaction((tx) => saveView(tx, world.catalog, editor, input))
  const names = (answer: { json: { value: Record<string, unknown>[] } }) => answer.json.value.map((one) => one.firstname)
  const small = { prefer: 'odata.maxpagesize=1' }
  for (const asked of [`savedQuery=${idOfViewFile(path)}`, `userQuery=${view.id}`]) {
    const first = await world.call('GET', `contacts?${asked}`, { headers: small })
    assert.deepEqual(names(first), ['May'], first.text)
    const second = await world.call('GET', String(first.json['@odata.nextLink']), { headers: small })
    assert.deepEqual(names(second), ['Nora'], second.text)
    assert.equal(second.json['@odata.nextLink'], undefined)
    assert.deepEqual(names(await world.call('GET', `contacts?${asked}`, { token: TOKENS.ofX })), ['Nora'])
    assert.equal((await world.call('GET', `accounts?${asked}`)).status, 400)
    assert.equal((await world.call('GET', `contacts?${asked}&$skiptoken=nonsense`)).status, 400)
  }
  assert.equal((await world.call('GET', `contacts?savedQuery=${world.ids.x}`)).status, 404)

  const listed = await world.call('GET', "savedqueries?$select=name,layoutxml&$filter=returnedtypecode eq 'contact'")
  const [one] = listed.json.value
  assert.deepEqual([listed.json.value.length, one?.savedqueryid, one?.name], [1, idOfViewFile(path), 'People'], listed.text)
  assert.match(String(one?.layoutxml), /<cell name="firstname" width="90" \/><cell name="parentcustomerid.name" \/>/)
  const kept = await world.call('GET', `userqueries(${view.id})`)
  assert.deepEqual([kept.json.fetchxml, kept.json.returnedtypecode], [text, 'contact'])
  assert.equal((await world.call('GET', `savedqueries(${view.id})`)).status, 404)
  assert.equal((await world.call('GET', 'savedqueries', { token: null })).status, 401)
})

function viewsOf(texts: Readonly<Record<string, string>>) {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]))
  const problems: string[] = []
  const views = readViewFiles(files, readCatalog(), ['en', 'fr'], (file, reason) => problems.push(`${file}: ${reason}`))
  assert.deepEqual(problems, [])
  return { views, path: Object.keys(texts)[0] ?? '' }
}

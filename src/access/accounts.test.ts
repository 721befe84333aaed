import assert from 'node:assert/strict'
import test from 'node:test'
import { engineRows } from '#tables/predicate.ts'
import { updateRow } from '#tables/rows.queries.ts'
import { browse, createPeople, createPeopleServer, type People, signInAs } from '../../tests/support/people.ts'
import { endMembership, setMembership } from './memberships.ts'
import { setRoles } from './roles.ts'
import { createServiceToken, disableServiceAccount, readServiceVisitor, revokeToken } from './service-accounts.ts'

const NORA = 'nora@fabrikam.example'

/** Nora is representative of X, her own, and authorized user of Y. */
async function addSecond(people: People, limits: { validUntil?: Date } = {}) {
  const { database, catalog, clock } = people.place
  const by = { contactId: people.contacts.nora, accountId: people.accounts.y, grantedBy: null, now: new Date(clock.nowMs()) }
  await database.transaction(async (tx) => {
    await setMembership(tx, catalog, { ...by, ...limits })
    await setRoles(tx, people.permissions.policy, { ...by, roles: ['Authorized user'] })
  })
}

test('the address says for which account a person acts, with the roles of that account and no others', async () => {
  await using people = await createPeople()
  await addSecond(people)
  await using server = await createPeopleServer(people)
  server.get('/whoami', (_request, reply) => reply.type('text/html').send('<a href="/orders">'))
  server.post('/whoami', (_request, reply) => reply.send({}))
  const nora = browse(server)
  await signInAs(nora, NORA)
  const at = async (path: string) =>
    (await nora.get(`${path}/_api/salesorders?$select=ordernumber`)).json().value?.map((row) => row.ordernumber)
  assert.deepEqual(await at('/a/X'), ['W-1', 'W-2'])
  assert.notDeepEqual(await at('/a/Y'), ['W-1', 'W-2'])
  assert.equal((await nora.get('/a/Y/whoami')).body, '<a href="/a/Y/orders">')
  assert.equal((await nora.get('/a/Z/_api/salesorders')).status, 404)
  const plain = await server.inject({ url: '/whoami?q=1', headers: { cookie: cookiesOf(nora.cookies) } })
  assert.deepEqual([plain.statusCode, plain.headers.location], [303, '/a/Y/whoami?q=1'], 'to the account used last')
  assert.equal((await nora.post('/whoami', {})).status, 409)
})

test('the web API keeps the account of its address in contexts and links, and refuses to write where none is named', async () => {
  await using people = await createPeople()
  await addSecond(people)
  await using server = await createPeopleServer(people)
  const nora = browse(server)
  await signInAs(nora, NORA)
  const first = await nora.get('/a/X/_api/salesorders?$select=ordernumber', { prefer: 'odata.maxpagesize=1' })
  const page = first.json()
  assert.equal(new URL(String(page['@odata.context'])).pathname, '/a/X/_api/$metadata')
  const next = new URL(String(page['@odata.nextLink']))
  assert.equal(next.pathname, '/a/X/_api/salesorders')
  const second = (await nora.get(`${next.pathname}${next.search}`)).json()
  assert.deepEqual([page.value[0]?.ordernumber, second.value[0]?.ordernumber], ['W-1', 'W-2'])
  const { token } = (await nora.get('/signin')).json()
  const write = await nora.send('POST', '/_api/salesorders', { name: 'x' }, { __requestverificationtoken: token })
  assert.deepEqual([write.status, write.json().error.code], [409, 'AccountNeeded'])
  const unknown = await nora.send('POST', '/a/Z/_api/salesorders', { name: 'x' }, { __requestverificationtoken: token })
  assert.deepEqual([unknown.status, unknown.json().error.code], [404, '9004010C'])
})

test('own orders are those of the account in use: in another account a person finds none of the first, nor after losing it', async () => {
  await using people = await createPeople()
  const { database, catalog, clock } = people.place
  const { jane } = people.contacts
  const by = { contactId: jane, accountId: people.accounts.y, grantedBy: null, now: new Date(clock.nowMs()) }
  await database.transaction(async (tx) => {
    await setMembership(tx, catalog, by)
    await setRoles(tx, people.permissions.policy, { ...by, roles: ['Authorized user'] })
  })
  await using server = await createPeopleServer(people)
  const browser = browse(server)
  await signInAs(browser, 'jane@fabrikam.example')
  const orders = async (prefix: string) => {
    const { value } = (await browser.get(`${prefix}/_api/salesorders?$select=ordernumber`)).json()
    return value.map((row) => row.ordernumber)
  }
  assert.deepEqual([await orders('/a/X'), await orders('/a/Y')], [['W-1'], []])
  assert.equal((await browser.get(`/a/Y/_api/salesorders(${people.orders.jane})`)).status, 404)
  const moved = { parentcustomerid: people.accounts.y }
  await database.transaction((tx) => updateRow(tx, catalog.get('contact'), jane, moved, { predicate: engineRows }))
  assert.deepEqual(await orders(''), [], 'she acts for one account now, and the order is not of that one')
})

test('a membership that ends, by hand, in time or with its account, is gone at the next request', async () => {
  await using people = await createPeople()
  const { database, catalog, clock } = people.place
  await using server = await createPeopleServer(people)
  server.get('/whoami', (_request, reply) => reply.send({}))
  const nora = browse(server)
  await signInAs(nora, NORA)
  const status = async () => (await nora.get('/a/Y/whoami')).status
  assert.equal(await status(), 404)
  await addSecond(people, { validUntil: new Date(clock.nowMs() + 60_000) })
  assert.notEqual(await status(), 404)
  const switchTo = (statecode: number) =>
    database.transaction((tx) =>
      updateRow(tx, catalog.get('account'), people.accounts.y, { statecode }, { predicate: engineRows }),
    )
  await switchTo(1)
  assert.equal(await status(), 404)
  await switchTo(0)
  assert.notEqual(await status(), 404)
  clock.advance(61_000)
  assert.equal(await status(), 404)
  await addSecond(people)
  assert.notEqual(await status(), 404)
  await database.transaction((tx) => endMembership(tx, { contactId: people.contacts.nora, accountId: people.accounts.y }))
  assert.equal(await status(), 404)
})

test('a token stands for its role within its limits until it ends, is revoked, or its account is disabled', async () => {
  await using people = await createPeople()
  const { place, permissions } = people
  const { database, catalog, clock } = place
  const now = new Date(clock.nowMs())
  const request = {
    name: 'Shop',
    role: 'Customer representative',
    accountId: people.accounts.x,
    readOnly: true,
    tables: ['salesorder'],
    createdBy: null,
    now,
  }
  const create = (change: object = {}) =>
    database.transaction((tx) => createServiceToken(tx, catalog, permissions.policy, { ...request, ...change }))
  const made = await create({ expiresAt: new Date(clock.nowMs() + 60_000) })
  const visit = await readServiceVisitor(place, made.token, 'en')
  assert.ok(visit.kind === 'visitor')
  assert.equal(permissions.may(visit.visitor, 'salesorder', 'read'), true)
  assert.equal(permissions.may(visit.visitor, 'salesorder', 'create'), false)
  assert.equal(permissions.may(visit.visitor, 'account', 'read'), false)
  const refusal = async (token: string) => {
    const found = await readServiceVisitor(place, token, 'en')
    return found.kind === 'refused' ? found.reason : 'none'
  }
  assert.equal(await refusal(`${made.token.slice(0, -1)}${made.token.endsWith('A') ? 'B' : 'A'}`), 'unknown')
  await assert.rejects(create({ role: 'No such role' }), /There is no web role/)
  await assert.rejects(create({ role: 'Administrator' }), /another name/)
  clock.advance(60_000)
  assert.equal(await refusal(made.token), 'expired')
  const second = await create({ now: new Date(clock.nowMs()) })
  await database.transaction((tx) => disableServiceAccount(tx, second.serviceAccountId, now))
  assert.equal(await refusal(second.token), 'disabled')
  await database.transaction((tx) => revokeToken(tx, second.tokenId, now))
  assert.equal(await refusal(second.token), 'revoked')
})

test('a token counts on the API of programs alone, and within its limits', async () => {
  await using people = await createPeople()
  const { database, catalog, clock } = people.place
  await using server = await createPeopleServer(people)
  const { token } = await database.transaction((tx) =>
    createServiceToken(tx, catalog, people.permissions.policy, {
      name: 'Shop',
      role: 'Administrator',
      accountId: null,
      readOnly: false,
      tables: null,
      createdBy: null,
      now: new Date(clock.nowMs()),
    }),
  )
  const headers = { authorization: `Bearer ${token}` }
  assert.equal((await server.inject({ url: '/signin', headers })).json().visitor.kind, 'anonymous')
  const answer = await server.inject({ url: '/api/nothing', headers })
  assert.equal(answer.headers['x-ms-ratelimit-burst-remaining-xrm-requests'], '5999')
})

function cookiesOf(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

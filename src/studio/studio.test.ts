import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readInvitation } from '#access/invitations.ts'
import { claimChanges, subscribe } from '#tables/changes.queries.ts'
import { parkChange } from '#tables/parked-changes.queries.ts'
import { engineRows } from '#tables/predicate.ts'
import { updateRow } from '#tables/rows.queries.ts'
import { createStudio, type TestStudio } from './testing/test-studio.ts'
import type { ContactDetail, Invited, MailDetail, MapDetail, Page, ParkedItem } from './wire.ts'

const SOME_ID = '00000000-0000-7000-8000-000000000000'

test('every route of the API refuses anonymous visitors and everybody but administrators', async () => {
  await using studio = await createStudio()
  const routes = studio.routes.filter((route) => route.url.startsWith('/studio/api/'))
  assert.ok(routes.length > 15, 'the routes were collected')
  const buyer = await studio.signIn('jane')
  const representative = await studio.signIn('nora')
  for (const { method, url } of routes) {
    const path = url.replace(':id', SOME_ID).replace(':name', 'customers').replace('*', 'nothing')
    for (const [who, cookie, expected] of [
      ['anonymous', '', 401],
      ['buyer', buyer, 403],
      ['representative', representative, 403],
    ] as const) {
      const answer = await studio.send(method, path, { cookie })
      assert.equal(answer.status, expected, `${method} ${path} as ${who}`)
    }
  }
})

test('nothing is changed without the token of the session', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  for (const { method, url } of studio.routes.filter((one) => one.method === 'POST' && one.url.startsWith('/studio/api/'))) {
    const path = url.replace(':id', SOME_ID).replace(':name', 'customers')
    const answer = await studio.send(method, path, { cookie: admin.cookie })
    assert.equal(answer.status, 403, path)
    assert.match(answer.body, /access\.csrf/, path)
  }
})

test('the page of Studio leads to the sign-in and back, does not exist for buyers, and allows styles by nonce alone', async () => {
  await using studio = await createStudio()
  const anonymous = await studio.send('GET', '/studio/accounts?search=x', {})
  assert.equal(anonymous.status, 302)
  assert.equal(anonymous.headers.location, '/signin?return=%2Fstudio%2Faccounts%3Fsearch%3Dx')
  assert.equal((await studio.send('GET', '/studio', { cookie: await studio.signIn('jane') })).status, 404)

  const admin = await studio.administrator()
  const pages = [await admin.page('/studio'), await admin.page('/studio/dual-write/customers')]
  const nonces = pages.map((page) => {
    const policy = String(page.headers['content-security-policy'])
    assert.doesNotMatch(policy, /unsafe/)
    assert.match(policy, /script-src 'self';/)
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? ''
    assert.ok(page.body.includes(`content="${nonce}"`), 'the page knows the nonce of its own answer')
    return nonce
  })
  assert.notEqual(nonces[0], nonces[1])
  assert.doesNotMatch(pages[0]?.body ?? '', /<style|<script(?![^>]*src=)/)
})

test('inviting a contact makes an invitation, writes the mail with its link, and names what is missing to order', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const [contact = ''] = await studio.insert('contact', [
    {
      firstname: 'Ana',
      lastname: 'Ruiz',
      emailaddress1: 'ana@tailspin.example',
      parentcustomerid: studio.people.accounts.y,
      msdyn_company: studio.people.usmf,
    },
  ])
  const invited = await admin.post<Invited>(`/contacts/${contact}/invitations`, { roles: ['Authorized user'] })
  assert.deepEqual(invited.lacks, ['priceList', 'currency', 'country'])
  const code = invited.link.split('/invitation/')[1] ?? ''
  const state = await studio.people.place.database.read((tx) => readInvitation(tx, studio.people.place.catalog, code, new Date()))
  assert.deepEqual(state, { kind: 'open', contactId: contact, fullName: 'Ana Ruiz', email: 'ana@tailspin.example' })

  const mail = await admin.get<MailDetail>(`/mails/${invited.mailId}`)
  assert.equal(mail.to, 'ana@tailspin.example')
  assert.deepEqual(mail.links, [invited.link])

  const before = await admin.get<ContactDetail>(`/contacts/${contact}`)
  assert.deepEqual(
    before.invitations.map((one) => [one.state, one.roles]),
    [['open', ['Authorized user']]],
  )
  await admin.post(`/invitations/${before.invitations[0]?.id}/revocations`, {})
  const after = await admin.get<ContactDetail>(`/contacts/${contact}`)
  assert.deepEqual(
    after.invitations.map((one) => one.state),
    ['revoked'],
  )
})

test('an invitation that cannot be is refused with its reason, and no mail is written', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const refused = await admin.try('POST', `/contacts/${studio.people.contacts.jane}/invitations`, { roles: ['Authorized user'] })
  assert.equal(refused.status, 400)
  assert.match(refused.body, /can sign in already/)
  const unknown = await admin.try('POST', `/contacts/${studio.people.contacts.jane}/invitations`, { roles: ['Emperor'] })
  assert.match(unknown.body, /There is no web role Emperor/)
  assert.equal((await admin.try('POST', `/contacts/${SOME_ID}/invitations`, { roles: ['Authorized user'] })).status, 404)
  assert.equal((await admin.get<Page<unknown>>('/mails')).total, 0)
})

test('roles hold from the next request, and the last administrator stays one', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const jane = await studio.signIn('jane')
  await admin.post(`/contacts/${studio.people.contacts.jane}/roles`, { roles: ['Administrator'] })
  assert.equal((await studio.send('GET', '/studio/api/me', { cookie: jane })).status, 200)
  await admin.post(`/contacts/${studio.people.contacts.jane}/roles`, { roles: [] })
  assert.equal((await studio.send('GET', '/studio/api/me', { cookie: jane })).status, 403)
  const last = await admin.try('POST', `/contacts/${studio.people.admin}/roles`, { roles: [] })
  assert.equal(last.status, 409)
  await admin.post(`/contacts/${studio.people.contacts.jane}/suspensions`, {})
  assert.equal((await studio.send('GET', '/studio/api/me', { cookie: jane })).status, 401)
})

test('roles are had for each account by itself, within their time, and end with the membership', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const { accounts, contacts } = studio.people
  const path = `/contacts/${contacts.jane}`
  const until = '2027-01-01T00:00:00.000Z'
  assert.equal((await admin.try('POST', `${path}/memberships`, { accountId: accounts.x })).status, 400, 'her own already')
  await admin.post(`${path}/memberships`, { accountId: accounts.y, validUntil: until })
  await admin.post(`${path}/roles`, { accountId: accounts.y, roles: ['Customer representative'], validUntil: until })
  const wrong = await admin.try('POST', `${path}/roles`, { accountId: accounts.y, roles: ['Administrator'] })
  assert.equal(wrong.status, 400)
  const both = await admin.get<ContactDetail>(path)
  assert.deepEqual(both.ownRoles, ['Authorized user'], 'saving what the screen shows gives nothing of the other account')
  assert.deepEqual(both.otherAccounts, [{ id: accounts.y, name: 'Tailspin', roles: ['Customer representative'] }])
  assert.equal(both.areRolesLimited, false)
  await admin.post(`${path}/roles`, { accountId: accounts.x, roles: ['Authorized user'], validUntil: until })
  assert.equal((await admin.get<ContactDetail>(path)).areRolesLimited, true)
  await admin.post(`${path}/memberships/${accounts.y}/ends`, {})
  assert.deepEqual((await admin.get<ContactDetail>(path)).otherAccounts, [])
  assert.equal((await admin.try('POST', `${path}/memberships/${accounts.y}/ends`, {})).status, 404)
})

test('a parked change is shown with its reason and row, and by its cause', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  await park(studio, studio.people.accounts.x, 'The customer group 99 does not exist')
  await park(studio, studio.people.accounts.y, 'The customer is blocked')

  const parked = (await admin.get<Page<ParkedItem>>('/parked-changes')).rows
  assert.deepEqual(
    parked.map((one) => [one.map, one.rowName, one.reason]).sort(),
    [
      ['customers', 'Fabrikam', 'The customer group 99 does not exist'],
      ['customers', 'Tailspin', 'The customer is blocked'],
    ].sort(),
  )
  const blocked = (await studio.dualWrite.clusterParked(null)).find((one) => one.exampleReason === 'The customer is blocked')
  const ofCause = (await admin.get<Page<ParkedItem>>(`/parked-changes?cluster=${blocked?.id}`)).rows
  assert.deepEqual(
    ofCause.map((one) => one.rowName),
    ['Tailspin'],
  )
})

test('a map says its columns, and a map that is not there is told', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const detail = await admin.get<MapDetail>('/maps/customers')
  const number = detail.columns.find((one) => one.column === 'accountnumber')
  assert.deepEqual(number, { column: 'accountnumber', field: 'CustomerAccount', direction: 'both', transforms: [], isKey: true })
  assert.equal(detail.filters.erp, "PartyType eq 'Organization'")
  assert.equal((await admin.try('GET', '/maps/no-such-map')).status, 404)
})

test('lists page through every row once, and refuse a damaged address', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const rows = Array.from({ length: 120 }, (_, i) => ({
    accountnumber: `N${i}`,
    name: `Shop ${i % 7}`,
    msdyn_company: studio.people.usmf,
  }))
  await studio.insert('account', rows)
  const seen: string[] = []
  let after = ''
  for (let pages = 0; pages < 10; pages++) {
    const page = await admin.get<Page<{ id: string }>>(`/accounts?search=shop${after}`)
    assert.equal(page.total, 120)
    seen.push(...page.rows.map((row) => row.id))
    if (page.next === null) break
    after = `&after=${page.next}`
  }
  assert.equal(seen.length, 120)
  assert.equal(new Set(seen).size, 120)
  for (const damaged of ['x', Buffer.from('["a"]').toString('base64url'), Buffer.from('[{},"b"]').toString('base64url')])
    assert.equal((await admin.try('GET', `/accounts?after=${damaged}`)).status, 400)
})

test('an open Studio is told when something happens to a map', async () => {
  await using studio = await createStudio()
  const admin = await studio.administrator()
  const origin = await studio.listen()
  const stop = new AbortController()
  const stream = await fetch(`${origin}/studio/api/live`, { headers: { cookie: admin.cookie }, signal: stop.signal })
  assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const counts = parkedIn(stream)
  assert.equal((await counts.next()).value, 0)
  await park(studio, studio.people.accounts.x, 'The customer is blocked')
  assert.equal((await counts.next()).value, 1)
  stop.abort()
})

/** How many changes of the map `customers` are parked, whenever a picture says another number. */
async function* parkedIn(stream: Response): AsyncGenerator<number> {
  let before = -1
  let text = ''
  for await (const chunk of stream.body ?? []) {
    text += Buffer.from(chunk).toString('utf8')
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data === undefined) continue
      const picture = JSON.parse(data) as { maps: { name: string; parked: number }[] }
      const parked = picture.maps.find((map) => map.name === 'customers')?.parked ?? -1
      if (parked !== before) yield parked
      before = parked
    }
  }
}

/** An edit of the account that the ERP has refused. */
async function park(studio: TestStudio, accountId: string, reason: string): Promise<void> {
  const { database, catalog } = studio.people.place
  await database.transaction(async (tx) => {
    await subscribe(tx, 'account', 'customers', null)
    await updateRow(tx, catalog.get('account'), accountId, { telephone1: '1' }, { predicate: engineRows })
  })
  await database.transaction(async (tx) => {
    for (const change of await claimChanges(tx, { subscribers: ['customers'], rowsMax: 10, leaseMs: 60_000 }))
      await parkChange(tx, 'customers', change, { code: 'connector.rejected', reason })
  })
}

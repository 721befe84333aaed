import assert from 'node:assert/strict'
import test from 'node:test'
import { findPersonByEmail, suspendPerson } from '#access/people.ts'
import { setRoles } from '#access/roles.ts'
import { engineRows } from '#tables/predicate.ts'
import { updateRow } from '#tables/rows.queries.ts'
import { type Browser, createTestPortal, type TestPortal } from '../../tests/support/portal.ts'
import { smallSite } from './testing/small-site.ts'

type Stream = { events: string[]; ended: boolean; close(): void }

async function setUp(): Promise<TestPortal & { url: string; accounts: string[] }> {
  const portal = await createTestPortal({ files: smallSite(), components: { echo: never, missing: never } })
  const accounts = await portal.insert(
    'account',
    ['Fabrikam', 'Tailspin'].map((name, i) => ({ accountnumber: `C${i}`, name, msdyn_company: portal.companyId })),
  )
  await portal.addPerson({
    email: 'nora@fabrikam.example',
    firstName: 'Nora',
    accountId: accounts[0] ?? '',
    roles: ['Representative'],
  })
  const url = await portal.server.listen({ port: 0, host: '127.0.0.1' })
  return Object.assign(portal, { url, accounts })
}

async function never(): Promise<never> {
  throw new Error('not on these pages')
}

async function openStream(url: string, browser: Browser, rows: string): Promise<Stream> {
  const stop = new AbortController()
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(`${url}/live?rows=${rows}`, { headers: { cookie }, signal: stop.signal })
  assert.equal(response.status, 200)
  const stream: Stream = { events: [], ended: false, close: () => stop.abort() }
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  // The first thing that comes: from now on the stream is subscribed.
  assert.match((await reader?.read())?.value ?? '', /^retry:/)
  void (async () => {
    for (;;) {
      const chunk = await reader?.read().catch(() => undefined)
      if (chunk === undefined || chunk.done) break
      stream.events.push(chunk.value)
    }
    stream.ended = true
  })()
  return stream
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((done) => setTimeout(done, 25))
  assert.ok(condition(), 'it came about in time')
}

function rename(portal: TestPortal, id: string, name: string): Promise<boolean> {
  const table = portal.catalog.get('account')
  return portal.database.transaction((tx) => updateRow(tx, table, id, { name }, { predicate: engineRows }))
}

test('an open page is told about its rows, never about rows that its reader may not see', async () => {
  await using portal = await setUp()
  const [own = '', foreign = ''] = portal.accounts
  const nora = await portal.as('nora@fabrikam.example')
  const stream = await openStream(portal.url, nora, `account:${own},${foreign}`)
  const all = await openStream(portal.url, nora, 'account:*')
  await rename(portal, foreign, 'Tailspin Toys')
  await rename(portal, own, 'Fabrikam Inc')
  await until(() => stream.events.join('').includes(own) && all.events.join('').includes(own))
  assert.ok(!(stream.events.join('') + all.events.join('')).includes(foreign))
  assert.match(stream.events.join(''), /^event: row\ndata: \{"account":\["/)
  stream.close()
  all.close()
})

test('a stranger’s stream tells nothing', async () => {
  await using portal = await setUp()
  const [own = ''] = portal.accounts
  const nora = await openStream(portal.url, await portal.as('nora@fabrikam.example'), `account:${own}`)
  const stranger = await openStream(portal.url, portal.anonymous(), `account:${own},*`)
  await rename(portal, own, 'Fabrikam Inc')
  await until(() => nora.events.length > 0)
  await rename(portal, own, 'Fabrikam Ltd')
  await until(() => nora.events.length > 1)
  assert.deepEqual(stranger.events, [])
  nora.close()
  stranger.close()
})

test('a stream ends with the session', async () => {
  await using portal = await setUp()
  const [own = ''] = portal.accounts
  const nora = await portal.as('nora@fabrikam.example')
  const stream = await openStream(portal.url, nora, `account:${own}`)
  await nora.get('/')
  await nora.post('/signout', {})
  await rename(portal, own, 'Fabrikam Inc')
  await until(() => stream.ended)
  assert.ok(!stream.events.join('').includes(own))
  assert.match(stream.events.join(''), /session-ended/)
})

test('what cannot be watched is refused', async () => {
  await using portal = await setUp()
  for (const rows of ['', 'account', 'account:x', 'nothing:*', `account:${'*,'.repeat(600)}*`]) {
    const response = await fetch(`${portal.url}/live?rows=${encodeURIComponent(rows)}`)
    assert.equal(response.status, 400, rows)
    await response.body?.cancel()
  }
})

test('whose rights change hears of it at once: the page shows itself anew, and ends where its reader may not come in any more', async () => {
  await using portal = await setUp()
  const [own = ''] = portal.accounts
  const nora = await portal.as('nora@fabrikam.example')
  const stream = await openStream(portal.url, nora, `account:${own}`)
  const now = new Date()
  const person = await portal.database.read((tx) => findPersonByEmail(tx, 'nora@fabrikam.example'))
  const contactId = person?.contactId ?? ''
  const { policy } = portal.releases.current().site.permissions
  const grant = { contactId, accountId: own, roles: [], grantedBy: null, now }
  await portal.database.transaction((tx) => setRoles(tx, policy, grant))
  await until(() => stream.events.join('').includes('event: row\ndata: {"account":[]}'))
  await portal.database.transaction((tx) => suspendPerson(tx, contactId, now))
  await until(() => stream.ended)
  assert.match(stream.events.join(''), /session-ended/)
})

test('another release of the site makes open pages show themselves anew, and what it takes away is told no more', async () => {
  await using portal = await setUp()
  const [own = ''] = portal.accounts
  await portal.addPerson({ email: 'ada@comptoir.example', firstName: 'Ada', accountId: null, roles: ['Administrator'] })
  const nora = await openStream(portal.url, await portal.as('nora@fabrikam.example'), `account:${own}`)
  const ada = await openStream(portal.url, await portal.as('ada@comptoir.example'), `account:${own}`)
  const files = new Map(smallSite())
  const all = '{ name: All accounts, accessType: global, privileges: [read], roles: [Administrator] }'
  files.set('permissions/account.yaml', Buffer.from(`table: account\npermissions: [${all}]\n`))
  await portal.releases.publish(files, { author: 'tests', message: 'Representatives see no account' })
  const renewed = 'event: row\ndata: {"account":[]}'
  await until(() => [nora, ada].every((stream) => stream.events.join('').includes(renewed)))
  await rename(portal, own, 'Fabrikam Inc')
  await until(() => ada.events.join('').includes(own))
  assert.ok(!nora.events.join('').includes(own))
  nora.close()
  ada.close()
})

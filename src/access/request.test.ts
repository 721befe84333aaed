import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { createMail } from '#mail/mail.ts'
import { engineRows } from '#tables/predicate.ts'
import { updateRow } from '#tables/rows.queries.ts'
import { browse, createPeople, createPeopleServer, PASSWORD, signInAs } from '../../tests/support/people.ts'
import { requestPasswordReset, resetPassword } from './password-reset.ts'
import { changePassword, reactivatePerson, suspendPerson } from './people.ts'
import { setRoles } from './roles.ts'
import { signIn } from './sign-in.ts'

const JANE = 'jane@fabrikam.example'

test('a form without its token, with another visitor’s, or with one from before the sign-in is refused', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const [one, other] = [browse(server), browse(server)]
  const foreign = (await other.get('/signin')).json().token
  const own = (await one.get('/signin')).json().token
  for (const _csrf of ['', 'a.b', foreign, `${own}x`]) {
    const answer = await one.post('/signin', { email: JANE, password: PASSWORD, _csrf })
    assert.equal(answer.status, 403, _csrf)
    assert.equal(answer.json().error.code, 'access.csrf')
  }
  assert.equal((await one.post('/signin', { email: JANE, password: PASSWORD, _csrf: own })).json().kind, 'signed_in')
  assert.equal((await one.post('/signout', { _csrf: own })).status, 403)
})

test('cookies cannot be read by scripts nor sent by other sites, and travel over https alone where there is https', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people, 'https://portal.example')
  const answer = await server.inject('/signin')
  assert.match(String(answer.headers['set-cookie']), /HttpOnly; Secure; SameSite=Lax/)
})

test('signed out, a session’s cookie is worth nothing, even to one who kept it', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const jane = browse(server)
  await signInAs(jane, JANE)
  const thief = browse(server)
  for (const [name, value] of jane.cookies) thief.cookies.set(name, value)
  assert.equal((await thief.get('/signin')).json().visitor.kind, 'contact')
  const { token } = (await jane.get('/signin')).json()
  assert.equal((await jane.post('/signout', { _csrf: token })).status, 200)
  assert.equal((await thief.get('/signin')).json().visitor.kind, 'anonymous')
})

test('who signs in again ends the session that the browser held before', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const jane = browse(server)
  await signInAs(jane, JANE)
  const before = browse(server)
  for (const [name, value] of jane.cookies) before.cookies.set(name, value)
  await signInAs(jane, JANE)
  assert.equal((await jane.get('/signin')).json().visitor.kind, 'contact')
  assert.equal((await before.get('/signin')).json().visitor.kind, 'anonymous')
})

test('what is taken away is gone at the next request: roles, the sign-in, the contact itself', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const { database, catalog, clock } = people.place
  const jane = browse(server)
  const sees = async () => (await jane.get('/signin')).json().visitor
  await signInAs(jane, JANE)
  assert.deepEqual((await sees()).roles, ['Authorized user', 'Authenticated Users'])

  const contactId = people.contacts.jane
  const grant = { contactId, accountId: people.accounts.x, roles: [], grantedBy: people.admin, now: new Date(clock.nowMs()) }
  await database.transaction((tx) => setRoles(tx, people.permissions.policy, grant))
  assert.deepEqual((await sees()).roles, ['Authenticated Users'])

  const contact = catalog.get('contact')
  await database.transaction((tx) => updateRow(tx, contact, contactId, { statecode: 1 }, { predicate: engineRows }))
  assert.equal((await sees()).kind, 'anonymous')
  await database.transaction((tx) => updateRow(tx, contact, contactId, { statecode: 0 }, { predicate: engineRows }))
  assert.equal((await sees()).kind, 'contact')

  await database.transaction((tx) => suspendPerson(tx, contactId, new Date(clock.nowMs())))
  assert.equal((await sees()).kind, 'anonymous')
  assert.equal(await signInAs(browse(server), JANE), 'refused')
  await database.transaction((tx) => reactivatePerson(tx, contactId))
  assert.equal(await signInAs(browse(server), JANE), 'signed_in')
})

test('a session ends a day after its last request, and after two weeks in any case', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const hourMs = 3_600_000
  const jane = browse(server)
  const kind = async () => (await jane.get('/signin')).json().visitor.kind
  await signInAs(jane, JANE)
  for (let hours = 0; hours < 13 * 24; hours += 20) {
    people.place.clock.advance(20 * hourMs)
    assert.equal(await kind(), 'contact', `after ${hours} hours`)
  }
  people.place.clock.advance(23 * hourMs)
  assert.equal(await kind(), 'anonymous', 'two weeks have passed')
  await signInAs(jane, JANE)
  people.place.clock.advance(25 * hourMs)
  assert.equal(await kind(), 'anonymous', 'idle for more than a day')
})

test('five wrong passwords lock the sign-in for a while, for the right one too, and guesses at once do not slip through', async () => {
  await using people = await createPeople()
  const attempt = (password: string) => signIn(people.place, { email: JANE, password, userAgent: null })
  await Promise.all(Array.from({ length: 8 }, (_, i) => attempt(`guess number ${i}`)))
  assert.equal((await attempt(PASSWORD)).kind, 'refused')
  people.place.clock.advance(31_000)
  assert.equal((await attempt(PASSWORD)).kind, 'signed_in')

  for (let i = 0; i < 5; i++) await attempt('wrong again')
  people.place.clock.advance(31_000)
  await attempt('wrong once more')
  people.place.clock.advance(31_000)
  assert.equal((await attempt(PASSWORD)).kind, 'refused', 'the sixth in a row locks for longer')
  people.place.clock.advance(31_000)
  assert.equal((await attempt(PASSWORD)).kind, 'signed_in')
})

test('unknown, wrong and suspended are told alike', async () => {
  await using people = await createPeople()
  await people.place.database.transaction((tx) => suspendPerson(tx, people.contacts.sam, new Date(people.place.clock.nowMs())))
  for (const [email, password] of [
    ['nobody@example.com', PASSWORD],
    [JANE, 'wrong password'],
    ['sam@fabrikam.example', PASSWORD],
  ] as const)
    assert.deepEqual(await signIn(people.place, { email, password, userAgent: null }), { kind: 'refused' })
})

test('too many attempts from one address are refused before any password is looked at', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const browser = browse(server)
  const { token } = (await browser.get('/signin')).json()
  const statuses = new Set<number>()
  for (let i = 0; i < 65; i++) {
    statuses.add((await browser.post('/signin', { email: `n${i}@example.com`, password: 'x', _csrf: token })).status)
  }
  assert.deepEqual([...statuses], [200, 429])
})

test('the language is the contact’s, else the cookie’s, else the browser’s, else the site’s', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const { database, catalog } = people.place
  const browser = browse(server)
  const language = async (accepted: string) =>
    (await browser.get('/signin', { 'accept-language': accepted })).json().visitor.language
  assert.equal(await language('de, it;q=0.5'), 'en')
  assert.equal(await language('de, en;q=0.3, fr-CA;q=0.9'), 'fr')
  browser.cookies.set('comptoir_language', 'en')
  assert.equal(await language('fr'), 'en')
  await database.transaction((tx) =>
    updateRow(tx, catalog.get('contact'), people.contacts.jane, { adx_preferredlanguage: 'fr' }, { predicate: engineRows }),
  )
  await signInAs(browser, JANE)
  assert.equal(await language('en'), 'fr')
})

test('the last administrator can be neither suspended nor stripped of the role', async () => {
  await using people = await createPeople()
  const { database, clock } = people.place
  const now = new Date(clock.nowMs())
  await assert.rejects(
    database.transaction((tx) => suspendPerson(tx, people.admin, now)),
    /last administrator/,
  )
  const grant = { contactId: people.admin, accountId: null, roles: [], grantedBy: null, now }
  await assert.rejects(
    database.transaction((tx) => setRoles(tx, people.permissions.policy, grant)),
    /last administrator/,
  )
})

test('a changed password ends the other sessions, and needs the old one', async () => {
  await using people = await createPeople()
  await using server = await createPeopleServer(people)
  const [here, there] = [browse(server), browse(server)]
  await signInAs(here, JANE)
  await signInAs(there, JANE)
  const change = (currentPassword: string, newPassword: string) =>
    changePassword(people.place, {
      contactId: people.contacts.jane,
      currentPassword,
      newPassword,
      sessionToken: here.cookies.get('comptoir_session'),
    })
  assert.deepEqual(await change('not the old one', 'a new long secret'), { kind: 'wrong_password' })
  assert.deepEqual(await change(PASSWORD, 'short'), { kind: 'password', problem: 'too_short' })
  assert.deepEqual(await change(PASSWORD, 'a new long secret'), { kind: 'changed' })
  assert.equal((await here.get('/signin')).json().visitor.kind, 'contact')
  assert.equal((await there.get('/signin')).json().visitor.kind, 'anonymous')
})

test('a reset link changes the password once, within the hour; an unknown address gets no mail', async () => {
  await using people = await createPeople()
  const { database, clock } = people.place
  const mail = createMail({ database, smtpUrl: undefined, from: 'a@example.com', log: silentLog })
  const place = { ...people.place, mail, publicUrl: 'http://localhost', siteName: 'Contoso' }
  await requestPasswordReset(place, { email: 'nobody@example.com', language: 'en' })
  for (let i = 0; i < 5; i++) await requestPasswordReset(place, { email: JANE, language: 'en' })
  const outbox = await database.read((tx) => mail.listOutbox(tx, { before: null, rowsMax: 10 }))
  assert.deepEqual(new Set(outbox.map((one) => one.to)), new Set([JANE]))
  assert.equal(outbox.length, 3, 'a mailbox is not flooded')
  const tokens = outbox.map((one) => /\/password\/(\S+)/.exec(one.text)?.[1] ?? '')
  const reset = (token: string | undefined) =>
    resetPassword(people.place, { token: token ?? '', newPassword: 'a new long secret' })
  assert.equal((await reset(tokens[0])).kind, 'changed')
  assert.equal((await reset(tokens[0])).kind, 'refused')
  assert.equal((await reset(tokens[1])).kind, 'refused', 'using one spends the others')
  assert.equal((await signIn(people.place, { email: JANE, password: 'a new long secret', userAgent: null })).kind, 'signed_in')

  await requestPasswordReset(place, { email: JANE, language: 'en' })
  const [late] = await database.read((tx) => mail.listOutbox(tx, { before: null, rowsMax: 1 }))
  clock.advance(3_600_001)
  assert.equal((await reset(/\/password\/(\S+)/.exec(late?.text ?? '')?.[1])).kind, 'refused')
})

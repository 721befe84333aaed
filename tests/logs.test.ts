import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { createServiceToken } from '../src/access/service-accounts.ts'
import { AppError } from '../src/lib/app-error.ts'
import { createLog } from '../src/log/log.ts'
import { browse, createPeople, createPeopleServer, PASSWORD, signInAs } from './support/people.ts'

const SECRET = 'do-not-write-this'

test('a log keeps no password, token or cookie, at whatever depth its fields carry them', async () => {
  const lines = await logged((log) => {
    const headers = { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'set-cookie': [SECRET], 'x-csrf-token': SECRET }
    log.info({ password: SECRET, token: SECRET, ...headers }, 'fields')
    log.info({ headers, form: { newPassword: SECRET, _csrf: SECRET } }, 'below')
    log.warn({ request: { headers, body: { currentPassword: SECRET, client_secret: SECRET } } }, 'and below that')
  })
  assert.equal(lines.split('\n').filter((line) => line !== '').length, 4, 'with the line that ends it')
  assert.ok(!lines.includes(SECRET), lines)
  assert.match(lines, /\[secret\]/)
})

test('requests that are refused or fail leave no password, token or cookie in the log', async () => {
  await using people = await createPeople()
  const { database, catalog, clock } = people.place
  const { token } = await database.transaction((tx) =>
    createServiceToken(tx, catalog, people.permissions.policy, {
      ...{ name: 'Shop', role: 'Administrator', accountId: null, readOnly: false, tables: null, createdBy: null },
      now: new Date(clock.nowMs()),
    }),
  )
  let session = ''
  const lines = await logged(async (log) => {
    await using server = await createPeopleServer(people, 'http://localhost', log)
    server.get('/broken', () => {
      throw new Error('broken')
    })
    server.get('/invitation/:code', () => {
      throw new AppError('access.not_found', 'There is no such invitation')
    })
    const nora = browse(server)
    await signInAs(nora, 'nora@fabrikam.example', `${PASSWORD}-wrong`)
    await signInAs(nora, 'nora@fabrikam.example')
    session = nora.cookies.get('comptoir_session') ?? ''
    await nora.get('/broken')
    await nora.get(`/invitation/${SECRET}-and-some-more`)
    await nora.send('POST', '/_api/salesorders', { name: 'x' })
    await server.inject({ url: '/api/data/v9.2/nothing', headers: { authorization: `Bearer ${token}` } })
    await server.inject({ url: `/nothing?token=${token}`, headers: { authorization: `Bearer ${token}` } })
  })
  assert.match(lines, /a request failed/)
  assert.match(lines, /"path":"\/invitation\/…".*a request was refused/)
  assert.ok(session.length > 20)
  for (const secret of [PASSWORD, token, session, SECRET]) assert.ok(!lines.includes(secret), secret)
})

/** What was written, once all of it is. */
async function logged(work: (log: ReturnType<typeof createLog>) => unknown): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-log-'))
  const destination = join(folder, 'log')
  const log = createLog({ level: 'debug', name: 'test', destination })
  await work(log)
  log.info({}, 'that was all')
  const read = () => {
    try {
      return readFileSync(destination, 'utf8')
    } catch {
      return ''
    }
  }
  for (let i = 0; i < 400 && !read().includes('that was all'); i++) await new Promise((done) => setTimeout(done, 25))
  const lines = read()
  rmSync(folder, { recursive: true })
  return lines
}

import assert from 'node:assert/strict'
import test from 'node:test'
import type { ServiceVisitor } from '../../src/access/visitor.ts'
import { registerTableApi } from '../../src/api/table-api.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { openCatalog } from '../../src/tables/live-catalog.ts'
import { createPeople } from '../support/people.ts'

test('administrators define tables and columns by API; others do not, and nothing is lost unasked', async () => {
  await using people = await createPeople()
  const { database } = people.place
  const catalog = await openCatalog({ database, log: silentLog })
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'test' })
  const all = new Set(['read', 'create', 'write', 'delete', 'append', 'appendTo'])
  const service = (role: string, privileges = all): ServiceVisitor => ({
    kind: 'service',
    serviceAccountId: '00000000-0000-4000-8000-00000000abcd',
    fullName: 'Setup',
    accountId: null,
    companyId: null,
    roles: [role],
    scope: { privileges, tables: null },
    language: 'en',
  })
  let visitor = service('Administrator')
  await registerTableApi(server, { database, catalog, clock: systemClock, log: silentLog, visitorOf: () => visitor })
  const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, body?: object) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await server.inject({ method, url, headers, ...(body === undefined ? {} : { payload: JSON.stringify(body) }) })
    return { status: answer.statusCode, json: answer.json() }
  }
  try {
    const document = { extend: 'account', columns: { contoso_rating: { type: 'integer', min: 1, max: 5 } } }
    const preview = await call('POST', '/api/tables/previews', { document })
    assert.equal(preview.status, 200, JSON.stringify(preview.json))
    assert.ok(preview.json.steps.length > 0)
    assert.equal(catalog.get('account').columns.has('contoso_rating'), false, 'a preview changes nothing')
    const applied = await call('POST', '/api/tables', { document, message: 'Ratings' })
    assert.equal(applied.status, 200, JSON.stringify(applied.json))
    assert.equal(catalog.get('account').columns.has('contoso_rating'), true)
    assert.equal((await call('GET', '/api/tables')).json.tables[0]?.message, 'Ratings')

    const wrong = await call('POST', '/api/tables', {
      document: { extend: 'account', columns: { name: { type: 'integer' } } },
      message: 'x',
    })
    assert.equal(wrong.status, 400)
    assert.match(wrong.json.error.message, /name/)
    assert.equal((await call('POST', '/api/tables', { document })).status, 400, 'a change says why')
    for (const other of [service('Customer representative'), service('Administrator', new Set(['read']))]) {
      visitor = other
      assert.equal((await call('POST', '/api/tables', { document, message: 'x' })).status, 403)
    }
    visitor = service('Administrator')
    assert.equal((await call('DELETE', '/api/tables/account', { message: 'No more' })).status, 200)
    assert.equal(catalog.get('account').columns.has('contoso_rating'), false)
    assert.equal((await call('GET', '/api/tables/versions')).json.versions.length, 2)
  } finally {
    await catalog.close()
  }
})

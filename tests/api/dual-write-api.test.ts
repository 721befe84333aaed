import assert from 'node:assert/strict'
import test from 'node:test'
import { ADMINISTRATOR, anonymousVisitor, type ServiceVisitor, type Visitor } from '../../src/access/visitor.ts'
import { describeDualWriteApi, registerDualWriteApi } from '../../src/api/dual-write-api.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { quiet, setUp, until, type World } from '../support/dual-write-world.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON whose shape is what is tested
type Node = any

const program = (roles: string[], privileges: string[]): ServiceVisitor => ({
  kind: 'service',
  serviceAccountId: '01a209b8-0000-7000-8000-000000000001',
  fullName: 'A program',
  accountId: null,
  companyId: null,
  roles,
  scope: { privileges: new Set(privileges), tables: null },
  language: 'en',
})
const VISITORS: Readonly<Record<string, Visitor>> = {
  nobody: anonymousVisitor('en'),
  buyer: program(['Orderer'], ['read', 'write']),
  reader: program([ADMINISTRATOR], ['read']),
  admin: program([ADMINISTRATOR], ['read', 'write']),
}

async function serve(world: World) {
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'x'.repeat(32) })
  const visitorOf = (request: { headers: Record<string, unknown> }) =>
    VISITORS[String(request.headers['x-who'])] ?? anonymousVisitor('en')
  await registerDualWriteApi(server, { engine: world.engine, log: silentLog, visitorOf })
  return async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options: { who?: string; body?: object } = {}) => {
    const response = await server.inject({
      method,
      url: `/api/dual-write${path}`,
      headers: { 'x-who': options.who ?? 'admin', 'content-type': 'application/json' },
      ...(options.body === undefined ? {} : { payload: JSON.stringify(options.body) }),
    })
    return { status: response.statusCode, json: response.body === '' ? undefined : (response.json() as Node) }
  }
}

test('nobody but administrators, and no deed by a token that may only read', async () => {
  await using world = await setUp()
  const call = await serve(world)
  assert.equal((await call('GET', '/maps', { who: 'nobody' })).status, 401)
  assert.equal((await call('GET', '/maps', { who: 'buyer' })).status, 403)
  assert.equal((await call('GET', '/maps', { who: 'reader' })).status, 200)
  assert.equal((await call('POST', '/maps/customers/stops', { who: 'reader', body: {} })).status, 403)
  const unknown = await call('POST', '/maps/nope/stops', { body: {} })
  assert.equal(unknown.status, 404)
  assert.match(unknown.json.error.message, /There is no table map nope/)
  const bad = await call('POST', '/maps/customers/pauses', { body: { direction: 'sideways' } })
  assert.equal(bad.status, 400)
  assert.match(bad.json.error.message, /direction/)
})

test('every question is answered as the OpenAPI document says', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const call = await serve(world)
  const document = describeDualWriteApi({ siteName: 'Contoso', root: 'http://localhost/api/dual-write' }) as Node
  const order = await world.row('salesorder', 'msdyn_salesordernumber', 'SO-1')
  const queries: Readonly<Record<string, string>> = {
    '/explanations': `?rowId=${order.salesorderid}`,
    '/series': `?since=${new Date(Date.now() - 3_600_000).toISOString()}`,
  }
  await call('POST', '/comparisons', { body: {} })
  let asked = 0
  for (const [path, item] of Object.entries<Node>(document.paths)) {
    if (item.get === undefined) continue
    const url = path.replace('{map}', 'customers') + (queries[path] ?? '')
    const { status, json } = await call('GET', url)
    assert.equal(status, 200, `${url}: ${JSON.stringify(json)}`)
    assertShape(json, item.get.responses['200'].content['application/json'].schema, url)
    asked += 1
  }
  assert.ok(asked >= 20, String(asked))
})

test('a map is paused, loses nothing unseen, and is run and repaired over HTTP', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const call = await serve(world)
  assert.equal((await call('POST', '/maps/customers/pauses', { body: {} })).status, 204)
  const customer = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', customer.accountid, { telephone1: '42' })
  const losses = await call('GET', '/maps/customers/losses')
  assert.equal(losses.json.toErp, 1)
  const unseen = await call('POST', '/maps/customers/resumptions', { body: { queue: 'discard', confirmLoss: 'guessed' } })
  assert.equal(unseen.status, 409)
  const seen = { queue: 'discard', confirmLoss: losses.json.token }
  assert.equal((await call('POST', '/maps/customers/resumptions', { body: seen })).status, 204)
  await quiet(world)
  const compared = await call('POST', '/comparisons', { body: { maps: ['customers'] } })
  assert.equal(compared.json.equal, false)
  const [difference] = (await call('GET', '/maps/customers/differences')).json
  assert.deepEqual(
    difference.columns.map((one: Node) => [one.column, one.portal, one.erp]),
    [['telephone1', '42', null]],
  )
  const repaired = await call('POST', '/maps/customers/repairs', { body: { keys: 'all', to: 'erp' } })
  assert.deepEqual([repaired.status, repaired.json], [201, { repaired: 1, refused: [] }])
  await until('the ERP has it', () => world.erp.get('CustomersV3', difference.key)?.PrimaryContactPhone === '42')
  const [activity] = (await call('GET', '/activity?top=1')).json
  assert.equal(activity.actor, 'A program')
})

/** As far as JSON Schema is used here. */
function assertShape(value: Node, schema: Node, at: string): void {
  if (schema.anyOf !== undefined) {
    const isOne = schema.anyOf.some((one: Node) => {
      try {
        assertShape(value, one, at)
        return true
      } catch {
        return false
      }
    })
    assert.ok(isOne, `${at}: ${JSON.stringify(value)} fits none of ${JSON.stringify(schema.anyOf)}`)
    return
  }
  if (schema.enum !== undefined) assert.ok(schema.enum.includes(value), `${at}: ${value}`)
  if (schema.const !== undefined) assert.equal(value, schema.const, at)
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const wanted: string[] = [schema.type ?? []].flat()
  const isWhole = type === 'number' && Number.isInteger(value)
  const fits = wanted.length === 0 || wanted.includes(type) || (isWhole && wanted.includes('integer'))
  assert.ok(fits, `${at}: ${JSON.stringify(value)} is no ${wanted.join(' or ')}`)
  if (schema.type === 'array') for (const [i, one] of value.entries()) assertShape(one, schema.items, `${at}[${i}]`)
  if (schema.type !== 'object') return
  for (const name of schema.required ?? []) assert.ok(name in value, `${at} lacks ${name}`)
  for (const [name, one] of Object.entries(value)) {
    const own = schema.properties?.[name]
    if (own !== undefined) assertShape(one, own, `${at}.${name}`)
    else assert.notEqual(schema.additionalProperties, false, `${at}.${name} is not described`)
  }
}

test('a dry run tells how far it is, and why it ended; a list of values that maps cannot work with is told as the mistake it is', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'x'.repeat(32) })
  const visitorOf = () => VISITORS.admin ?? anonymousVisitor('en')
  await registerDualWriteApi(server, { engine: world.engine, log: silentLog, visitorOf })
  const linesOf = async (map: string): Promise<Node[]> => {
    const url = `/api/dual-write/maps/${map}/dry-runs.ndjson`
    const { body } = await server.inject({ method: 'POST', url, payload: {} })
    return body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Node)
  }
  const lines = await linesOf('customers')
  assert.ok(lines.slice(0, -1).every((line) => line.kind === 'progress' && line.part <= line.parts))
  assert.equal(lines.at(-2)?.part, lines.at(-2)?.parts, 'each part is told')
  assert.equal(lines.at(-1)?.kind, 'done')
  assert.equal(lines.at(-1)?.parts.length, lines.at(-2)?.parts)
  const [failed] = await linesOf('nope')
  assert.deepEqual([failed.kind, failed.error.code], ['failed', 'dual_write.not_found'])

  const wrong = { pairs: [{ erp: 'No', portal: 'perhaps' }], message: 'm' }
  const call = await serve(world)
  const [hold] = (await call('GET', '/value-lists')).json.filter((one: Node) => one.name === 'hold')
  const refused = await call('PUT', '/value-lists/hold', { body: { ...wrong, basedOn: hold.revision } })
  assert.equal(refused.status, 400)
  assert.match(refused.json.error.message, /No becomes perhaps/)
})

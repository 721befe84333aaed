import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startTestErp, type TestErp } from '../../../tests/support/scm.ts'

type Event = {
  EventId: string
  MessageName: string
  PrimaryEntityName: string
  OperationCreatedOn: string
  InputParameters: { key: string; value: { Attributes: { key: string; value: unknown }[] } }[]
  PreEntityImages: { key: string; value: { Attributes: { key: string; value: unknown }[] } }[]
}

const WAIT_MS_MAX = 20_000

let erp: TestErp

before(async () => {
  erp = await startTestErp()
  await write('POST', 'LegalEntities', { LegalEntityId: 'USMF' })
})
after(() => erp[Symbol.asyncDispose]())

test('every change of a record arrives as a RemoteExecutionContext, in order, with key, changed fields and the row as it was', async () => {
  await using endpoint = await startEndpoint()
  await register(endpoint.url, ['CustomerGroups'])
  await write('POST', 'CustomerGroups', { CustomerGroupId: '10', Description: 'One' })
  await write('PATCH', GROUP, { Description: 'Two' })
  await write('PATCH', GROUP, { Description: 'Two' })
  await write('DELETE', GROUP, undefined)
  const events = await endpoint.waitFor(3)
  assert.deepEqual(
    events.map((event) => [event.MessageName, event.PrimaryEntityName]),
    [
      ['Create', 'CustomerGroups'],
      ['Update', 'CustomerGroups'],
      ['Delete', 'CustomerGroups'],
    ],
  )
  assert.match(events[0]?.OperationCreatedOn ?? '', /^\/Date\(\d{13}\)\/$/)
  assert.equal(attributes(events[0]?.InputParameters).Description, 'One')
  assert.deepEqual(attributes(events[1]?.InputParameters), { dataAreaId: 'usmf', CustomerGroupId: '10', Description: 'Two' })
  assert.equal(attributes(events[1]?.PreEntityImages).Description, 'One')
  assert.deepEqual(attributes(events[2]?.InputParameters), { dataAreaId: 'usmf', CustomerGroupId: '10' })
  assert.equal(new Set(events.map((event) => event.EventId)).size, 3)
  await unregister()
})

test('what an endpoint refuses is sent again with the same EventId until it is taken, and later changes of the record wait for it', async () => {
  await using endpoint = await startEndpoint([503, 500, 500])
  await register(endpoint.url, ['CustomerGroups'])
  await write('POST', 'CustomerGroups', { CustomerGroupId: '10' })
  await write('PATCH', GROUP, { Description: 'Later' })
  const events = await endpoint.waitFor(5)
  assert.equal(new Set(events.slice(0, 4).map((event) => event.EventId)).size, 1)
  assert.deepEqual(
    events.map((event) => event.MessageName),
    ['Create', 'Create', 'Create', 'Create', 'Update'],
  )
  await write('DELETE', GROUP, undefined)
  await unregister()
})

test('one table behind two entities makes one event for each; the secret travels as a bearer; registering twice changes nothing', async () => {
  await using endpoint = await startEndpoint()
  await register(endpoint.url, ['Companies', 'LegalEntities'], 's3cret')
  await register(endpoint.url, ['Companies', 'LegalEntities'], 's3cret')
  await write('PATCH', "LegalEntities('USMF')", { Name: 'Renamed' })
  const events = await endpoint.waitFor(2)
  assert.deepEqual(events.map((event) => event.PrimaryEntityName).sort(), ['Companies', 'LegalEntities'])
  assert.equal(endpoint.headers[0]?.authorization, 'Bearer s3cret')
  assert.equal(((await (await erp.call('/api/event-endpoints')).json()) as { value: unknown[] }).value.length, 1)
  assert.equal((await fetch(`${erp.url}/api/event-endpoints`, { method: 'POST' })).status, 401)
  await unregister()
})

test('a registration without a proper URL or for an unknown entity is refused', async () => {
  for (const body of [{ url: 'ftp://x' }, { url: 'nonsense' }, { url: 'http://x/', entities: ['Nope'] }, {}]) {
    const response = await erp.call('/api/event-endpoints', { method: 'POST', body: JSON.stringify(body), headers: JSON_TYPE })
    assert.equal(response.status, 400, JSON.stringify(body))
  }
})

const GROUP = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')"
const JSON_TYPE = { 'content-type': 'application/json' }

async function write(method: string, path: string, body: object | undefined): Promise<void> {
  const response = await erp.call(`/data/${path}`, { method, ...(body && { body: JSON.stringify(body), headers: JSON_TYPE }) })
  assert(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`)
}

async function register(url: string, entities: readonly string[], secret = ''): Promise<void> {
  const response = await erp.call('/api/event-endpoints', {
    method: 'POST',
    body: JSON.stringify({ url, entities, secret }),
    headers: JSON_TYPE,
  })
  assert.equal(response.status, 201)
}

async function unregister(): Promise<void> {
  const { value } = (await (await erp.call('/api/event-endpoints')).json()) as { value: { id: number }[] }
  for (const { id } of value) await erp.call(`/api/event-endpoints/${id}`, { method: 'DELETE' })
}

function attributes(parameters: Event['InputParameters'] | undefined): Record<string, unknown> {
  return Object.fromEntries((parameters?.[0]?.value.Attributes ?? []).map(({ key, value }) => [key, value]))
}

/** Somebody who listens: the first requests are answered with `refusals`, all later ones with 204. */
async function startEndpoint(refusals: number[] = []) {
  const events: Event[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    events.push(JSON.parse(Buffer.concat(chunks).toString()) as Event)
    headers.push(request.headers)
    response.writeHead(refusals.shift() ?? 204).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    headers,
    async waitFor(count: number): Promise<Event[]> {
      for (let waitedMs = 0; events.length < count && waitedMs < WAIT_MS_MAX; waitedMs += 20) await delay(20)
      assert.equal(events.length, count, JSON.stringify(events.map((event) => event.MessageName)))
      return events
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import type { Connector, RecordWrite } from '#connector/contract.ts'
import type { Log } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createDynamics365Connector } from './connector.ts'

const SIGNAL = new AbortController().signal
const PAGE = { entity: 'Things', fields: ['Name'], company: undefined, rowsMax: 10 }

test('one token serves all calls that wait for it; it is renewed before it ends, and once when the ERP does not take it', async () => {
  await using erp = await startScripted()
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + erp.skippedMs }
  const connector = erp.connect({ clock })
  await Promise.all(Array.from({ length: 5 }, () => connector.readPage(PAGE, SIGNAL)))
  assert.equal(erp.tokens, 1)
  erp.skippedMs = 54 * 60_000
  await connector.readPage(PAGE, SIGNAL)
  assert.equal(erp.tokens, 1)
  erp.skippedMs = 56 * 60_000
  await connector.readPage(PAGE, SIGNAL)
  assert.equal(erp.tokens, 2)
  erp.revoked = 'token-2'
  await connector.readPage(PAGE, SIGNAL)
  assert.equal(erp.tokens, 3)
})

test('the token endpoint is asked as its version wants; no secret or token is ever logged', async () => {
  await using erp = await startScripted()
  const lines: string[] = []
  const log = recordingLog(lines)
  await erp.connect({ log }).readPage(PAGE, SIGNAL)
  await erp.connect({ log, tokenUrl: `${erp.url}/tenant/oauth2/v2.0/token` }).readPage(PAGE, SIGNAL)
  assert.equal(erp.forms[0]?.get('resource'), erp.url)
  assert.equal(erp.forms[1]?.get('scope'), `${erp.url}/.default`)
  erp.refuseTokens = true
  const [outcome] = await erp.connect({ log }).writeGroup({ attempt: 1, writes: [thing('1')] }, SIGNAL)
  assert(outcome?.kind === 'retry' && outcome.reason.includes('401'), JSON.stringify(outcome))
  erp.refuseTokens = false
  erp.answers.push((response) => response.writeHead(503, { 'retry-after': '0' }).end())
  await erp.connect({ log }).readPage(PAGE, SIGNAL)
  assert(lines.length > 0)
  for (const line of [...lines, JSON.stringify(outcome)]) assert.doesNotMatch(line, /s3cret|token-\d/)
})

test('an ERP that does not answer in time: a write is to be tried again after a while, as it may still be carried out', async () => {
  await using erp = await startScripted()
  const connector = erp.connect({ requestTimeoutMs: 300 })
  await connector.describe(SIGNAL)
  erp.answers.push(() => {})
  const [outcome] = await connector.writeGroup({ attempt: 1, writes: [thing('1')] }, SIGNAL)
  assert(outcome?.kind === 'retry' && (outcome.afterMs ?? 0) > 0 && outcome.reason.includes('300 ms'), JSON.stringify(outcome))
})

test('a next link leads below /data of the ERP that was configured, whatever host it names', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  const link = (href: string) => (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value: [], '@odata.nextLink': href }))
  await connector.describe(SIGNAL)
  erp.answers.push(link('https://elsewhere.example/data/Things?$skiptoken=x'))
  const { next } = await connector.readPage(PAGE, SIGNAL)
  assert.equal(next, '/data/Things?$skiptoken=x')
  await connector.readPage({ ...PAGE, after: next }, SIGNAL)
  assert.equal(erp.paths.at(-1), '/data/Things?$skiptoken=x')
  erp.answers.push(link('https://elsewhere.example/other'))
  await assert.rejects(connector.readPage(PAGE, SIGNAL), { code: 'connector.refused' })
  for (const after of ['https://elsewhere.example/data/Things?x', '/data/Other?x', '//elsewhere.example']) {
    await assert.rejects(connector.readPage({ ...PAGE, after }, SIGNAL), { code: 'connector.refused' })
  }
})

test('throttled inside a batch: the group waits as long as the part says, and so do all other calls', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  await connector.describe(SIGNAL)
  const body =
    '--b\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nHTTP/1.1 429 Too Many\r\nRetry-After: 40\r\n\r\n\r\n--b--\r\n'
  erp.answers.push((response) => response.writeHead(200, { 'content-type': 'multipart/mixed; boundary=b' }).end(body))
  const outcomes = await connector.writeGroup({ attempt: 1, writes: [thing('1'), thing('2')] }, SIGNAL)
  assert.deepEqual(
    outcomes.map((one) => (one.kind === 'retry' ? one.afterMs : one)),
    [40_000, 40_000],
  )
  const asked = erp.paths.length
  const [later] = await connector.writeGroup({ attempt: 1, writes: [thing('3')] }, SIGNAL)
  assert(later?.kind === 'retry' && (later.afterMs ?? 0) > 30_000, JSON.stringify(later))
  await assert.rejects(connector.readPage(PAGE, SIGNAL), { code: 'connector.unavailable' })
  assert.equal(erp.paths.length, asked)
})

test('every request of a write says which installation it comes from; reads say nothing', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  const sent: unknown[] = []
  const note = (response: ServerResponse) => {
    sent.push(response.req.headers['x-comptoir-environment'])
    response.writeHead(500).end()
  }
  await connector.describe(SIGNAL)
  erp.answers.push(note)
  await connector.writeGroup({ attempt: 1, environment: 'e-1', writes: [thing('1')] }, SIGNAL)
  erp.answers.push(note)
  await connector.writeGroup({ attempt: 1, environment: 'e-1', writes: [thing('1'), thing('2')] }, SIGNAL)
  erp.answers.push(note)
  await connector.writeGroup({ attempt: 1, writes: [thing('1')] }, SIGNAL)
  assert.deepEqual(sent, ['e-1', 'e-1', undefined])
})

test('a create that could not be found again is refused before anything is sent', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  await connector.describe(SIGNAL)
  const asked = erp.paths.length
  const write: RecordWrite = { operation: 'create', entity: 'Things', company: undefined, fields: { Name: 'x' }, findBy: {} }
  const [outcome] = await connector.writeGroup({ attempt: 1, writes: [write] }, SIGNAL)
  assert.equal(outcome?.kind, 'rejected')
  assert.equal(erp.paths.length, asked)
})

type Settings = Partial<Parameters<typeof createDynamics365Connector>[0]>

function connectTo(url: string, settings: Settings): Connector {
  return createDynamics365Connector({
    url,
    tokenUrl: `${url}/oauth2/token`,
    clientId: 'test',
    clientSecret: 's3cret',
    clock: systemClock,
    log: recordingLog([]),
    ...settings,
  })
}

function thing(id: string): RecordWrite {
  return { operation: 'create', entity: 'Things', company: undefined, fields: { Id: id, Name: 'x' }, findBy: { Id: id } }
}

test('changes by the time of the last change: each is told once, also one that becomes visible late; other entities say that they cannot', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  const kinds = (await connector.describe(SIGNAL)).map((one) => [one.name, one.changes])
  assert.deepEqual(kinds, [
    ['Things', 'none'],
    ['Dated', 'no_deletes'],
  ])
  const ask = async (since: string | undefined) => connector.readChanges?.({ entity: 'Dated', since, rowsMax: 2 }, SIGNAL)
  const begin = await ask(undefined)
  assert.deepEqual(begin?.notices, [])
  const secondsAgo = (seconds: number) => new Date(systemClock.nowMs() - seconds * 1_000).toISOString()
  const answer = (records: [string, string, number][], next?: string) => (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        value: records.map(([Id, etag, age]) => ({ Id, '@odata.etag': etag, ModifiedDateTime: secondsAgo(age) })),
        ...(next !== undefined && { '@odata.nextLink': next }),
      }),
    )
  erp.answers.push(
    answer(
      [
        ['A', '1', 5],
        ['B', '1', 4],
      ],
      '/data/Dated?more',
    ),
    answer([['C', '1', 3]]),
  )
  const first = await ask(begin?.next)
  assert.deepEqual([first?.notices.map((one) => one.key), first?.more], [['Id=A', 'Id=B'], true])
  assert.match(decodeURIComponent(erp.paths.at(-1) ?? ''), /\$filter=ModifiedDateTime ge \d{4}-/)
  const second = await ask(first?.next)
  assert.deepEqual([second?.notices.map((one) => one.key), second?.more], [['Id=C'], false])
  // D was changed before them and is seen after them; B has changed again.
  erp.answers.push(
    answer([
      ['A', '1', 6],
      ['B', '2', 1],
      ['C', '1', 4],
      ['D', '1', 60],
    ]),
  )
  const third = await ask(second?.next)
  assert.deepEqual(
    third?.notices.map((one) => one.key),
    ['Id=B', 'Id=D'],
  )
  await assert.rejects(async () => connector.readChanges?.({ entity: 'Things', since: undefined, rowsMax: 2 }, SIGNAL), {
    code: 'connector.refused',
  })
})

test('a call that is aborted takes its connection with it, and a closed connector leaves none', async () => {
  await using erp = await startScripted()
  const connector = erp.connect()
  await connector.describe(SIGNAL)
  const stop = new AbortController()
  let cut = 0
  erp.answers.push((response) => response.on('close', () => cut++))
  const reading = connector.readPage(PAGE, stop.signal)
  reading.catch(() => undefined)
  while (erp.paths.length < 2) await systemClock.sleep(5)
  stop.abort(new Error('enough'))
  await assert.rejects(reading, /enough/)
  await until(() => cut === 1)
  await connector.close?.()
  await until(async () => (await erp.connections()) === 0)
})

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await isSo()); waitedMs += 10) {
    assert(waitedMs < 10_000, 'in time')
    await systemClock.sleep(10)
  }
}

const METADATA = `<Edmx><Schema><EntityType Name="Thing"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String"/>
  <Property Name="Name" Type="Edm.String"/></EntityType><EntityType Name="Dated"><Key><PropertyRef Name="Id"/></Key>
  <Property Name="Id" Type="Edm.String"/><Property Name="ModifiedDateTime" Type="Edm.DateTimeOffset"/></EntityType>
  <EntityContainer><EntitySet Name="Things" EntityType="N.Thing"/><EntitySet Name="Dated" EntityType="N.Dated"/>
  </EntityContainer></Schema></Edmx>`

/** A server that answers what the test says, for what the reference ERP never does. */
async function startScripted() {
  const state = {
    tokens: 0,
    revoked: '',
    refuseTokens: false,
    skippedMs: 0,
    forms: [] as URLSearchParams[],
    paths: [] as string[],
    /** For the next requests below /data, one each; then an empty set. */
    answers: [] as ((response: ServerResponse) => unknown)[],
    url: '',
    connect: (settings: Settings = {}) => connectTo(state.url, settings),
    connections: () =>
      new Promise<number>((done, failed) =>
        server.getConnections((error, count) => (error === null ? done(count) : failed(error))),
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const json = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (request.url?.endsWith('/token')) {
      state.forms.push(new URLSearchParams(body))
      if (state.refuseTokens) return json(401, { error: 'invalid_client', error_description: 'Invalid client secret: s3cret' })
      state.tokens++
      return json(200, { access_token: `token-${state.tokens}`, expires_in: '3600' })
    }
    state.paths.push(request.url ?? '')
    if (request.headers.authorization === `Bearer ${state.revoked}`) return json(401, { error: { message: 'no' } })
    if (request.url === '/data/$metadata') return response.end(METADATA)
    const answer = state.answers.shift()
    return answer === undefined ? json(200, { value: [] }) : answer(response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return state
}

function recordingLog(lines: string[]): Log {
  const write = (values: object, sentence: string) => void lines.push(JSON.stringify({ ...values, sentence }))
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  return log
}

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerVisitors, visitorOf } from '#access/request.ts'
import { openSession } from '#access/sign-in.ts'
import { registerDualWriteApi } from '#api/dual-write-api.ts'
import { createDynamics365Connector } from '#connectors/dynamics365/connector.ts'
import { type DualWrite, openDualWrite } from '#dual-write/engine.ts'
import { createHttpServer, type HttpServer } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createMail } from '#mail/mail.ts'
import { openReleases } from '#portals/releases.ts'
import { readSiteFolder } from '#portals/site-folder.ts'
import { migrate } from '#postgres/migrate.ts'
import { openCatalog } from '#tables/live-catalog.ts'
import { insertRows, type RowValues } from '#tables/rows.queries.ts'
import { MAPS_FOLDER } from '../../../tests/support/dual-write-world.ts'
import type { MemoryErp } from '../../../tests/support/memory-connector.ts'
import { createPeople, type People } from '../../../tests/support/people.ts'
import { ensureStudioBuilt } from '../build.ts'
import { registerStudio, type StudioOptions } from '../studio.ts'

type Answer = { status: number; body: string; headers: Record<string, unknown> }

/**
 * Studio on a real database with the people of the visibility matrix. With an ERP the sync engine works, with the maps of what that ERP
 * serves; without one it is there but does nothing by itself.
 */
export type TestStudio = AsyncDisposable & {
  people: People
  dualWrite: DualWrite
  /** All routes that were registered. */
  routes: readonly { method: 'GET' | 'POST'; url: string }[]
  send(method: 'GET' | 'POST', path: string, options: { cookie?: string; token?: string; body?: object }): Promise<Answer>
  /** The cookie of a new session. */
  signIn(name: 'nora' | 'jane' | 'sam' | 'may' | 'admin'): Promise<string>
  administrator(): Promise<TestAdministrator>
  insert(table: string, rows: readonly RowValues[]): Promise<string[]>
  /** Answers the address. */
  listen(): Promise<string>
}

export type TestAdministrator = {
  cookie: string
  page(path: string): Promise<Answer>
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: object): Promise<T>
  /** As `get` and `post`, for what may be refused. */
  try(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer>
}

/** One build serves all tests that find the same sources. */
const DATA_DIR = join(tmpdir(), `comptoir-tests-${process.getuid?.() ?? 0}`)
const ROOT = join(import.meta.dirname, '../../..')
const SITE_DIR = join(ROOT, 'src/customer-portal/site')
// Nobody listens there: these tests never let the engine work.
const ERP = { url: 'http://127.0.0.1:9', tokenUrl: 'http://127.0.0.1:9/token', clientId: 'test', clientSecret: 'test' }

export async function createStudio({ erp }: { erp?: MemoryErp } = {}): Promise<TestStudio> {
  const people = await createPeople()
  const { database } = people.place
  const parts = await openParts(people, erp)
  const { server, routes } = await serve(people, parts)

  let listening: Promise<string> | undefined
  const send = sendTo(server)
  const signIn: TestStudio['signIn'] = async (name) => {
    const contactId = name === 'admin' ? people.admin : people.contacts[name]
    const { token } = await openSession(people.place, { contactId, userAgent: null })
    return `comptoir_session=${token}`
  }
  const { dualWrite } = parts
  if (erp !== undefined) {
    await dualWrite.start()
    erp.deliverTo((body) => dualWrite.receiveEvent(body))
  }
  return {
    people,
    dualWrite,
    routes,
    send,
    signIn,
    administrator: async () => administratorWith(send, await signIn('admin')),
    insert: (table, rows) => database.transaction((tx) => insertRows(tx, parts.catalog.get(table), rows)),
    listen: () => (listening ??= server.listen({ port: 0, host: '127.0.0.1' })),
    async [Symbol.asyncDispose]() {
      erp?.deliverTo(undefined)
      await server.close()
      await dualWrite.stop()
      await parts.app.catch(() => undefined)
      await parts.releases.close()
      await parts.catalog.close()
      await people[Symbol.asyncDispose]()
    },
  }
}

type Parts = Omit<StudioOptions, 'config' | 'pages' | 'dualWrite' | 'connection'> & { dualWrite: DualWrite }

/** What Studio shows and works on. */
async function openParts(people: People, erp: MemoryErp | undefined): Promise<Parts> {
  const { database } = people.place
  await migrate(
    database,
    ['dual-write', 'portals'].map((module) => ({ module, folder: join(ROOT, 'src', module, 'migrations') })),
  )
  const catalog = await openCatalog({ database, log: silentLog })
  const mapFolders = [erp === undefined ? join(ROOT, 'maps/dynamics365') : MAPS_FOLDER]
  const connector = erp?.connector ?? createDynamics365Connector({ ...ERP, clock: systemClock, log: silentLog })
  const common = { database, catalog, clock: systemClock, log: silentLog }
  const dualWrite = await openDualWrite({
    ...common,
    connector,
    mapFolders,
    eventUrl: erp === undefined ? undefined : 'http://localhost/erp-events',
    eventSecret: 'test',
  })
  const app = ensureStudioBuilt({ dataDir: DATA_DIR, log: silentLog })
  const mail = createMail({ database, smtpUrl: undefined, from: 'Comptoir <no-reply@comptoir.example>', log: silentLog })
  const releases = await openReleases({ ...common, files: readSiteFolder(SITE_DIR) })
  const permissions = () => releases.current().site.permissions
  return { ...common, dualWrite, permissions, releases, siteName: () => 'Contoso', mail, app }
}

async function serve(people: People, parts: Parts): Promise<{ server: HttpServer; routes: TestStudio['routes'] }> {
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'test' })
  const routes = collectRoutes(server)
  await registerVisitors(server, {
    ...people.place,
    secret: 'test secret',
    publicUrl: 'http://localhost',
    languages: () => ['en', 'fr'],
  })
  const config = {
    demo: true,
    publicUrl: 'http://localhost:4000',
    dataDir: DATA_DIR,
    siteDir: SITE_DIR,
    databaseUrl: undefined,
    smtpUrl: undefined,
    erp: ERP,
  }
  await registerStudio(server, { ...parts, connection: testDesk(), config, pages: server })
  await registerDualWriteApi(server, { engine: parts.dualWrite, log: silentLog, visitorOf })
  // Who a program with a token is, told where programs are let in: the API itself is another room's.
  server.get('/api/data/who', async (request) => {
    const visitor = visitorOf(request)
    return visitor.kind === 'service'
      ? { kind: visitor.kind, fullName: visitor.fullName, roles: visitor.roles }
      : { kind: visitor.kind }
  })
  await server.ready()
  return { server, routes }
}

/** Of an ERP that knows every secret but 'wrong'. */
function testDesk(): StudioOptions['connection'] {
  const kept = { since: '2026-01-02T03:04:05.000Z', by: 'dana@contoso.example' }
  const test = async (secret: string | undefined) => {
    if (secret === 'wrong') throw new AppError('connector.refused', 'The ERP does not accept the secret')
    return [{ call: 'ping' as const, ms: 12, answer: 'ok' }]
  }
  const capabilities = { events: true, changes: true, atomicGroups: false, deletes: true, versions: true, modifiedTime: true }
  return {
    describe: async () => ({
      ...{ connector: 'dynamics365', address: ERP.url, tokenUrl: ERP.tokenUrl, clientId: ERP.clientId, secret: 'kept' },
      ...{ keptSince: kept.since, keptBy: kept.by, keyId: '1a2b', pageRowsMax: 1_000 },
      capabilities: { ...capabilities, ranges: false, hashes: false },
    }),
    test,
    async keep(secret, actor) {
      await test(secret)
      Object.assign(kept, { since: new Date(systemClock.nowMs()).toISOString(), by: actor })
    },
  }
}

/** The list grows as routes are registered. */
function collectRoutes(server: HttpServer): TestStudio['routes'] {
  const routes: { method: 'GET' | 'POST'; url: string }[] = []
  server.addHook('onRoute', (route) => {
    const methods = [route.method].flat()
    for (const method of ['GET', 'POST'] as const) if (methods.includes(method)) routes.push({ method, url: route.url })
  })
  return routes
}

function sendTo(server: HttpServer): TestStudio['send'] {
  return async (method, path, { cookie, token, body }) => {
    const answer = await server.inject({
      method,
      url: path,
      headers: { ...(cookie !== undefined && { cookie }), ...(token !== undefined && { 'x-csrf-token': token }) },
      ...(method === 'POST' && { payload: body ?? {} }),
    })
    return { status: answer.statusCode, body: answer.body, headers: answer.headers }
  }
}

async function administratorWith(send: TestStudio['send'], cookie: string): Promise<TestAdministrator> {
  const me = await send('GET', '/studio/api/me', { cookie })
  const { csrfToken: token } = JSON.parse(me.body) as { csrfToken: string }
  const attempt: TestAdministrator['try'] = (method, path, body) =>
    send(method, `/studio/api${path}`, { cookie, token, ...(body !== undefined && { body }) })
  const expect = async <T>(answer: Promise<Answer>): Promise<T> => {
    const { status, body } = await answer
    if (status >= 300) throw new Error(`${status}: ${body}`)
    return JSON.parse(body) as T
  }
  return {
    cookie,
    try: attempt,
    page: (path) => send('GET', path, { cookie }),
    get: (path) => expect(attempt('GET', path)),
    post: (path, body) => expect(attempt('POST', path, body)),
  }
}

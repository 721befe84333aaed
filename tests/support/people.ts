import { join } from 'node:path'
import { createAdministrator, createSignIn } from '../../src/access/people.ts'
import { createPermissions, type Permissions } from '../../src/access/permissions.ts'
import { parsePolicy } from '../../src/access/policy.ts'
import { checkCsrf, csrfTokenOf, registerVisitors, signInVisitor, signOutVisitor, visitorOf } from '../../src/access/request.ts'
import type { AccessPlace } from '../../src/access/sign-in.ts'
import { AUTHENTICATED_USERS, type ContactVisitor, type Visitor } from '../../src/access/visitor.ts'
import { buildWall } from '../../src/access/wall.ts'
import { registerPortalApi } from '../../src/api/portal-api.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { type Log, silentLog } from '../../src/log/log.ts'
import { readSiteFolder } from '../../src/portals/site-folder.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { insertRows } from '../../src/tables/rows.queries.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from './database.ts'

const SRC = join(import.meta.dirname, '../../src')
export const PASSWORD = 'comptoir-demo'

/** The people of the visibility matrix with one order each, under the roles and permissions of the customer portal's own site. */
export type People = AsyncDisposable & {
  place: AccessPlace & { clock: TestClock }
  permissions: Permissions
  usmf: string
  demf: string
  /** Customer companies. X and Y belong to usmf. */
  accounts: { x: string; y: string }
  contacts: Record<'nora' | 'jane' | 'sam' | 'may', string>
  admin: string
  orders: Record<'jane' | 'sam' | 'may', string>
}
export type TestClock = Clock & { advance(ms: number): void }

export const ROLES = {
  nora: ['Customer representative'],
  jane: ['Authorized user'],
  sam: ['Authorized user'],
  may: ['Unauthorized user'],
} as const

export async function createPeople(): Promise<People> {
  const { database, ...rest } = await createTestDatabase()
  const modules = ['tables', 'access', 'mail'].map((module) => ({ module, folder: join(SRC, module, 'migrations') }))
  await migrate(database, modules)
  const catalog = readCatalog()
  await applyDefinitions(database, catalog)
  const place = { database, catalog, clock: createTestClock() }
  const permissions = createPermissions(catalog, parsePolicy(readSiteFolder(join(SRC, 'customer-portal/site'))), place.clock)
  await database.transaction((tx) => buildWall(tx, catalog, permissions.policy))
  const rows = await insertPeople(place)
  for (const [name, roles] of Object.entries(ROLES))
    await createSignIn(place, { contactId: rows.contacts[name as keyof typeof ROLES], password: PASSWORD, roles })
  const admin = await createAdministrator(place, {
    email: 'admin@comptoir.example',
    fullName: 'Ada Admin',
    password: PASSWORD,
    companyId: rows.usmf,
  })
  return { place, permissions, admin, ...rows, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

/** The visitor a contact is when signed in. */
export function visitorFor(people: People, name: keyof typeof ROLES | 'admin'): ContactVisitor {
  const contactId = name === 'admin' ? people.admin : people.contacts[name]
  return {
    kind: 'contact',
    contactId,
    accountId: name === 'admin' ? null : name === 'may' ? people.accounts.y : people.accounts.x,
    accounts: [],
    accountPath: '',
    companyId: people.usmf,
    fullName: name,
    email: `${name}@example.com`,
    roles: [...(name === 'admin' ? ['Administrator'] : ROLES[name]), AUTHENTICATED_USERS],
    language: 'en',
  }
}

/** A server with visitors, the web API and the barest sign-in form. */
export async function createPeopleServer(
  people: People,
  publicUrl = 'http://localhost',
  log: Log = silentLog,
): Promise<HttpServer> {
  const server = await createHttpServer({ log, cookieSecret: 'test' })
  await registerVisitors(server, { ...people.place, secret: 'test secret', publicUrl, languages: () => ['en', 'fr'] })
  await registerPortalApi(server, {
    database: people.place.database,
    catalog: people.place.catalog,
    permissions: () => people.permissions,
    views: () => [],
    visitorOf,
    log,
  })
  server.get('/signin', (request, reply) => reply.send({ token: csrfTokenOf(request, reply), visitor: visitorOf(request) }))
  server.post('/signin', async (request, reply) => {
    checkCsrf(request)
    const { email = '', password = '' } = request.body as Record<string, string>
    return reply.send(await signInVisitor(request, reply, { email, password }))
  })
  server.post('/signout', async (request, reply) => {
    checkCsrf(request)
    await signOutVisitor(request, reply)
    return reply.send({})
  })
  return server
}

/** Whatever an answer may hold: tests look at the part they asked for. */
export type ApiBody = {
  value: Record<string, unknown>[]
  error: { code: string; message: string }
  token: string
  kind: string
  visitor: Visitor
  [member: string]: unknown
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export type Browser = {
  cookies: Map<string, string>
  /** A request of a script: objects are sent as JSON, text as it is. */
  send(
    method: Method,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: string; headers: Record<string, unknown>; json(): ApiBody }>
  get(url: string, headers?: Record<string, string>): Promise<{ status: number; body: string; json(): ApiBody }>
  post(url: string, form: Record<string, string>): Promise<{ status: number; body: string; json(): ApiBody }>
}

/** Keeps cookies, as a browser does. */
export function browse(server: HttpServer): Browser {
  const cookies = new Map<string, string>()
  const send = async (method: Method, url: string, headers: Record<string, string>, payload?: string) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await server.inject({
      method,
      url,
      headers: { ...headers, cookie },
      ...(payload === undefined ? {} : { payload }),
    })
    for (const { name, value, expires } of response.cookies) {
      if (expires !== undefined && expires.getTime() < Date.now()) cookies.delete(name)
      else cookies.set(name, value)
    }
    return { status: response.statusCode, body: response.body, headers: response.headers, json: () => response.json<ApiBody>() }
  }
  return {
    cookies,
    get: (url, headers = {}) => send('GET', url, headers),
    send: (method, url, body, headers = {}) =>
      body === undefined
        ? send(method, url, headers)
        : send(
            method,
            url,
            { 'content-type': 'application/json', ...headers },
            typeof body === 'string' ? body : JSON.stringify(body),
          ),
    post: (url, form) =>
      send('POST', url, { 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(form).toString()),
  }
}

export async function signInAs(browser: Browser, email: string, password = PASSWORD): Promise<string> {
  const { token } = (await browser.get('/signin')).json()
  return (await browser.post('/signin', { email, password, _csrf: token })).json().kind
}

function createTestClock(): TestClock {
  let nowMs = Date.parse('2026-11-23T09:00:00Z')
  return {
    nowMs: () => nowMs,
    random: () => 0.5,
    sleep: async (ms) => {
      nowMs += ms
    },
    advance(ms) {
      nowMs += ms
    },
  }
}

async function insertPeople({ database, catalog }: AccessPlace) {
  return database.transaction(async (tx) => {
    const insert = async (table: string, values: Record<string, string | number | null>[]) =>
      insertRows(tx, catalog.get(table), values)
    const [usmf = '', demf = ''] = await insert('cdm_company', [
      { cdm_companycode: 'usmf', cdm_name: 'Contoso' },
      { cdm_companycode: 'demf', cdm_name: 'Contoso Germany' },
    ])
    const [usd = ''] = await insert('transactioncurrency', [{ isocurrencycode: 'USD', currencyname: 'US Dollar' }])
    const [retail = ''] = await insert('pricelevel', [{ name: 'RETAIL', transactioncurrencyid: usd, msdyn_company: usmf }])
    const [x = '', y = ''] = await insert('account', [
      {
        accountnumber: 'X',
        name: 'Fabrikam',
        transactioncurrencyid: usd,
        defaultpricelevelid: retail,
        address1_country: 'USA',
        msdyn_company: usmf,
      },
      { accountnumber: 'Y', name: 'Tailspin', msdyn_company: usmf },
    ])
    const contact = (firstname: string, email: string, parentcustomerid: string) => ({
      firstname,
      lastname: 'Example',
      emailaddress1: email,
      parentcustomerid,
      msdyn_company: usmf,
    })
    const [nora = '', jane = '', sam = '', may = ''] = await insert('contact', [
      contact('Nora', 'nora@fabrikam.example', x),
      contact('Jane', 'jane@fabrikam.example', x),
      contact('Sam', 'sam@fabrikam.example', x),
      contact('May', 'may@tailspin.example', y),
    ])
    const order = (ordernumber: string, customerid: string, person: string, totalamount: string) => ({
      ordernumber,
      customerid,
      customeridtype: 'account',
      msdyn_contactperson: person,
      totalamount,
      submitdate: '2026-11-20T10:00:00Z',
      msdyn_company: usmf,
    })
    const [janes = '', sams = '', mays = ''] = await insert('salesorder', [
      order('W-1', x, jane, '1234.50'),
      order('W-2', x, sam, '0.1000'),
      order('W-3', y, may, '99999999999999999.99'),
    ])
    await insert(
      'salesorderdetail',
      [janes, sams, mays].map((salesorderid) => ({
        salesorderid,
        sequencenumber: 1,
        productnumber: 'P',
        quantity: '2',
        msdyn_company: usmf,
      })),
    )
    return { usmf, demf, accounts: { x, y }, contacts: { nora, jane, sam, may }, orders: { jane: janes, sam: sams, may: mays } }
  })
}

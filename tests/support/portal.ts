import { join } from 'node:path'
import { createSignIn } from '../../src/access/people.ts'
import { registerVisitors } from '../../src/access/request.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import { createMail } from '../../src/mail/mail.ts'
import type { Component, PortalRoutes } from '../../src/portals/component.ts'
import { registerPortal } from '../../src/portals/portal.ts'
import { openReleases, type Releases } from '../../src/portals/releases.ts'
import type { SiteFiles } from '../../src/portals/site-folder.ts'
import type { Database } from '../../src/postgres/database.ts'
import { type Migrations, migrate } from '../../src/postgres/migrate.ts'
import { type LiveRows, listenToRows } from '../../src/tables/live.ts'
import { type LiveCatalog, openCatalog } from '../../src/tables/live-catalog.ts'
import { insertRows, type RowId, type RowValues } from '../../src/tables/rows.queries.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from './database.ts'

export const TEST_PASSWORD = 'comptoir-demo'

export type TestPortal = AsyncDisposable & {
  server: HttpServer
  database: Database
  catalog: LiveCatalog
  releases: Releases
  live: LiveRows
  routes: PortalRoutes
  companyId: RowId
  insert(table: string, rows: readonly RowValues[]): Promise<RowId[]>
  /** A contact of an account with a sign-in. */
  addPerson(person: { email: string; firstName: string; accountId: RowId | null; roles: readonly string[] }): Promise<RowId>
  as(email: string): Promise<Browser>
  anonymous(): Browser
}

/** Keeps cookies and fills in the CSRF field as a browser would. */
export type Browser = {
  cookies: ReadonlyMap<string, string>
  get(path: string): Promise<Page>
  /** Posts with the token of the page that was read last. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Page>
}

export type Page = { status: number; text: string; location: string | undefined; headers: Readonly<Record<string, unknown>> }

const MODULES = ['tables', 'access', 'mail', 'portals']

/** A portal with the given site on a real database, one legal entity in it, and nothing else. Dropped with `await using`. */
export async function createTestPortal(options: {
  files: SiteFiles
  components?: Readonly<Record<string, Component>>
  modules?: readonly string[]
}): Promise<TestPortal> {
  const { database, ...rest } = await createTestDatabase()
  const source = join(import.meta.dirname, '../../src')
  const migrations = [...MODULES, ...(options.modules ?? [])].map(
    (module): Migrations => ({ module: module.replaceAll('-', '_'), folder: join(source, module, 'migrations') }),
  )
  await migrate(database, migrations)
  const catalog = await openCatalog({ database, log: silentLog })
  await applyDefinitions(database, catalog)
  const mail = createMail({ database, smtpUrl: undefined, from: 'Comptoir <no-reply@comptoir.example>', log: silentLog })
  await mail.start()
  const releases = await openReleases({ database, catalog, clock: systemClock, log: silentLog, files: options.files })
  catalog.addDependent(releases.dependent)
  const live = await listenToRows(database)
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'a secret of tests, long enough to sign with' })
  const publicUrl = 'http://portal.test'
  await registerVisitors(server, {
    database,
    catalog,
    clock: systemClock,
    secret: 'another secret of tests, long enough',
    publicUrl,
    languages: () => languagesOf(releases),
  })
  const routes = await registerPortal({
    server,
    database,
    catalog,
    releases,
    live,
    mail,
    publicUrl,
    components: options.components ?? {},
    clock: systemClock,
    log: silentLog,
  })
  const insert = (table: string, rows: readonly RowValues[]) =>
    database.transaction((tx) => insertRows(tx, catalog.get(table), rows))
  const [companyId = ''] = await insert('cdm_company', [{ cdm_companycode: 'usmf', cdm_name: 'Contoso' }])

  return {
    server,
    database,
    catalog,
    releases,
    live,
    routes,
    companyId,
    insert,
    async addPerson(person) {
      const [contactId = ''] = await insert('contact', [
        {
          firstname: person.firstName,
          lastname: 'Tester',
          emailaddress1: person.email,
          parentcustomerid: person.accountId,
          msdyn_company: companyId,
          statecode: 0,
        },
      ])
      await createSignIn({ database, catalog, clock: systemClock }, { contactId, password: TEST_PASSWORD, roles: person.roles })
      return contactId
    },
    async as(email) {
      const browser = openBrowser(server)
      await browser.get('/signin')
      const answer = await browser.post('/signin', { email, password: TEST_PASSWORD })
      if (answer.status !== 303) throw new Error(`${email} could not sign in: ${answer.status}`)
      return browser
    },
    anonymous: () => openBrowser(server),
    async [Symbol.asyncDispose]() {
      await server.close()
      await live.close()
      await releases.close()
      await catalog.close()
      await mail.stop()
      await rest[Symbol.asyncDispose]()
    },
  }
}

export function languagesOf(releases: Releases): string[] {
  const { settings } = releases.current().site
  const codes = settings.languages.map((language) => language.code)
  return [settings.defaultLanguage, ...codes.filter((code) => code !== settings.defaultLanguage)]
}

export function openBrowser(server: HttpServer): Browser {
  const cookies = new Map<string, string>()
  let token = ''
  async function send(method: 'GET' | 'POST', url: string, fields?: Readonly<Record<string, string>>): Promise<Page> {
    const response = await server.inject({
      method,
      url,
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), accept: 'text/html' },
      ...(fields === undefined
        ? {}
        : {
            payload: new URLSearchParams({ _csrf: token, ...fields }).toString(),
            headers: {
              cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
              'content-type': 'application/x-www-form-urlencoded',
            },
          }),
    })
    for (const cookie of response.cookies) {
      if (cookie.value === '') cookies.delete(cookie.name)
      else cookies.set(cookie.name, cookie.value)
    }
    token = /name="_csrf" value="([^"]+)"/.exec(response.body)?.[1] ?? token
    const { location } = response.headers
    return {
      status: response.statusCode,
      text: response.body,
      location: location === undefined ? undefined : String(location),
      headers: response.headers,
    }
  }
  return { cookies, get: (path) => send('GET', path), post: (path, fields) => send('POST', path, fields) }
}

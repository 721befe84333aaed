import { createPermissions, type Permissions } from '../../src/access/permissions.ts'
import type { Privilege } from '../../src/access/policy.ts'
import { parsePolicy } from '../../src/access/policy.ts'
import type { ServiceVisitor, Visitor } from '../../src/access/visitor.ts'
import { anonymousVisitor } from '../../src/access/visitor.ts'
import { buildWall } from '../../src/access/wall.ts'
import { registerDataApi } from '../../src/api/data-api.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type Catalog, createCatalog, readStandardTables } from '../../src/tables/catalog.ts'
import { insertRows, type RowValues } from '../../src/tables/rows.queries.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { parseDefinition } from '../../src/tables/table-file.ts'
import type { View } from '../../src/tables/view.ts'
import { createTestDatabase } from '../support/database.ts'

/** Tokens of the test's programs. */
export const TOKENS = { everything: 'everything', reader: 'reader', ofX: 'of-x' } as const

/**
 * A data API over HTTP with a small company: `everything` may do everything, `reader` reads everything, `ofX` reads and writes what
 * belongs to the account X.
 */
export type ApiWorld = AsyncDisposable & {
  server: HttpServer
  /** Where it listens: http://127.0.0.1:… */
  origin: string
  root: string
  database: Awaited<ReturnType<typeof createTestDatabase>>['database']
  catalog: Catalog
  permissions: Permissions
  ids: Awaited<ReturnType<typeof insertCompany>>
  insert(table: string, rows: readonly RowValues[]): Promise<string[]>
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
}

export type CallOptions = { token?: string | null; body?: unknown; headers?: Record<string, string> }
export type Answer = {
  status: number
  headers: Headers
  text: string
  json: Record<string, unknown> & {
    value: Record<string, unknown>[]
    error: { code: string; message: string; innererror?: Record<string, unknown> }
  }
}

/** A table of an installation's own, with what the standard ones do not have: files, several choices, an alternate key of its own. */
const DOCUMENT = {
  table: 'test_document',
  set: 'test_documents',
  id: 'test_documentid',
  name: 'test_name',
  scope: 'global',
  columns: {
    test_name: {
      type: 'string',
      length: 40,
      required: true,
      pattern: { expression: '[A-Z].*', message: 'begins with a capital letter' },
    },
    test_code: { type: 'string', length: 10 },
    test_pages: { type: 'integer', min: 1, max: 500 },
    test_amount: { type: 'decimal', scale: 2 },
    test_kinds: { type: 'choices', options: { contract: 1, drawing: 2, note: 3 } },
    test_due: { type: 'date' },
    test_accountid: { type: 'lookup', target: 'account', collection: 'account_test_documents' },
    test_file: { type: 'file', maxKb: 12288 },
  },
  keys: { code: ['test_code'] },
}

const MODULES = ['tables', 'access', 'mail'] as const

/** `only` these tables have permissions; `views` are those of the site's files. */
export async function createApiWorld(only?: readonly string[], options: { views?: readonly View[] } = {}): Promise<ApiWorld> {
  const { database, ...rest } = await createTestDatabase()
  const folder = (module: string) => new URL(`../../src/${module}/migrations`, import.meta.url).pathname
  await migrate(
    database,
    MODULES.map((module) => ({ module, folder: folder(module) })),
  )
  const standard = createCatalog([...readStandardTables(), parseDefinition(DOCUMENT, 'document.yaml')])
  await applyDefinitions(database, standard)
  const permissions = createPermissions(standard, policyFor(standard, only), { nowMs: () => Date.parse('2026-11-23T09:00:00Z') })
  await database.transaction((tx) => buildWall(tx, standard, permissions.policy))
  const insert = (table: string, rows: readonly RowValues[]) =>
    database.transaction((tx) => insertRows(tx, standard.get(table), rows))
  const ids = await insertCompany(insert)
  const server = await createHttpServer({ log: silentLog, cookieSecret: 'test' })
  await registerDataApi(server, {
    database,
    catalog: standard,
    permissions: () => permissions,
    views: () => options.views ?? [],
    clock: { nowMs: () => Date.now(), random: () => 0.5, sleep: async () => undefined },
    log: silentLog,
    siteName: () => 'Test',
    visitorOf: (request) => visitorFor(request.headers.authorization, ids),
    tokenRefusalOf: () => 'missing',
  })
  const origin = await server.listen({ host: '127.0.0.1', port: 0 })
  const root = `${origin}/api/data/v9.2/`
  return {
    server,
    origin,
    root,
    database,
    catalog: standard,
    permissions,
    ids,
    insert,
    call: (method, path, options) => call(root, method, path, options),
    async [Symbol.asyncDispose]() {
      await server.close()
      await rest[Symbol.asyncDispose]()
    },
  }
}

async function call(
  root: string,
  method: string,
  path: string,
  { token = TOKENS.everything, body, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const isText = typeof body === 'string'
  const response = await fetch(/^https?:/.test(path) ? path : `${root}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== ''
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} }
}

function visitorFor(authorization: string | undefined, ids: { x: string; usmf: string }): Visitor {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  const all = new Set<Privilege>(['read', 'create', 'write', 'delete', 'append', 'appendTo'])
  const service = (role: string, accountId: string | null): ServiceVisitor => ({
    kind: 'service',
    serviceAccountId: '00000000-0000-4000-8000-00000000abcd',
    fullName: role,
    accountId,
    companyId: ids.usmf,
    roles: [role],
    scope: { privileges: all, tables: null },
    language: 'en',
  })
  if (token === TOKENS.everything) return service('Everything', null)
  if (token === TOKENS.reader) return service('Reader', null)
  if (token === TOKENS.ofX) return service('Of an account', ids.x)
  return anonymousVisitor('en')
}

function policyFor(catalog: Catalog, only: readonly string[] | undefined) {
  const files = new Map<string, string>([
    ['roles.yaml', 'roles:\n  - name: Everything\n  - name: Reader\n  - name: Of an account\n'],
  ])
  for (const table of catalog.tables.values()) {
    if (only !== undefined && !only.includes(table.name)) continue
    const own = OF_AN_ACCOUNT[table.name] ?? ''
    files.set(
      `permissions/${table.name}.yaml`,
      `table: ${table.name}
permissions:
  - name: Everything of ${table.name}
    accessType: global
    privileges: [read, create, write, delete, append, appendTo]
    roles: [Everything]
  - name: Reading ${table.name}
    accessType: global
    privileges: [read]
    roles: [Reader]
${own}`,
    )
  }
  return parsePolicy(files)
}

const OF_AN_ACCOUNT: Readonly<Record<string, string>> = {
  account: `  - name: The account
    accessType: account
    privileges: [read, write, append, appendTo]
    roles: [Of an account]
    columns: [name, accountnumber, msdyn_company, telephone1, primarycontactid, statecode]
`,
  contact: `  - name: Contacts of the account
    accessType: account
    relationship: parentcustomerid
    privileges: [read, create, write, append, appendTo]
    roles: [Of an account]
`,
  cdm_company: `  - name: Companies
    accessType: global
    privileges: [read, appendTo]
    roles: [Of an account]
`,
}

async function insertCompany(insert: ApiWorld['insert']) {
  const one = async (table: string, values: RowValues) => (await insert(table, [values]))[0] ?? ''
  const usmf = await one('cdm_company', { cdm_companycode: 'usmf', cdm_name: 'Contoso' })
  const company = { msdyn_company: usmf }
  const usd = await one('transactioncurrency', { isocurrencycode: 'USD', currencyname: 'US Dollar' })
  const x = await one('account', {
    ...company,
    accountnumber: 'X',
    name: 'Fabrikam',
    creditlimit: '50000.50',
    transactioncurrencyid: usd,
  })
  const y = await one('account', { ...company, accountnumber: 'Y', name: "O'Neill & Söhne" })
  const nora = await one('contact', {
    ...company,
    firstname: 'Nora',
    lastname: 'Example',
    emailaddress1: 'nora@x.test',
    parentcustomerid: x,
  })
  const may = await one('contact', {
    ...company,
    firstname: 'May',
    lastname: 'Example',
    emailaddress1: 'may@y.test',
    parentcustomerid: y,
  })
  const order = await one('salesorder', {
    ...company,
    ordernumber: 'W-1',
    customerid: x,
    customeridtype: 'account',
    msdyn_contactperson: nora,
    totalamount: '1234.50',
    submitdate: '2026-11-20T10:00:00Z',
    msdyn_processingstatus: 192350001,
  })
  const lines = await insert(
    'salesorderdetail',
    [1, 2, 3].map((n) => ({ ...company, salesorderid: order, sequencenumber: n, productnumber: `P-${n}`, quantity: String(n) })),
  )
  return { usmf, usd, x, y, nora, may, order, lines }
}

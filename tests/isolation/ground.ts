import { createSignIn } from '../../src/access/people.ts'
import { createPermissions, type Permissions } from '../../src/access/permissions.ts'
import { parsePolicy } from '../../src/access/policy.ts'
import { tokenRefusalOf, visitorOf } from '../../src/access/request.ts'
import { setRoles } from '../../src/access/roles.ts'
import { createServiceToken } from '../../src/access/service-accounts.ts'
import { openSession } from '../../src/access/sign-in.ts'
import { AUTHENTICATED_USERS, anonymousVisitor, type Visitor } from '../../src/access/visitor.ts'
import { registerDataApi } from '../../src/api/data-api.ts'
import { registerPortalApi } from '../../src/api/portal-api.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import type { SiteFiles } from '../../src/portals/site-folder.ts'
import { smallSite } from '../../src/portals/testing/small-site.ts'
import { identifier, sql } from '../../src/postgres/sql.ts'
import { applyCustomization } from '../../src/tables/customizing.ts'
import { getColumn } from '../../src/tables/definition.ts'
import { storeFile } from '../../src/tables/files.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { insertRows, type RowId, type RowValues, updateRow } from '../../src/tables/rows.queries.ts'
import type { View } from '../../src/tables/view.ts'
import { saveView } from '../../src/tables/views.ts'
import { createTestPortal, TEST_PASSWORD, type TestPortal } from '../support/portal.ts'
import {
  type PlainPermission,
  type PlainRow,
  type PlainRows,
  type PlainVisitor,
  type PlainWorld,
  TABLES,
  type TableName,
} from './oracle.ts'
import {
  COMPANIES,
  FILE_COLUMN,
  FILE_DOCUMENT,
  ID_COLUMNS,
  LINKS,
  PROBED,
  type Program,
  policyFiles,
  ROLES,
  WRITTEN,
} from './worlds.ts'

/** A visitor as the oracle knows him and as the program does. `token`: a program's; people send cookies instead. */
export type TestVisitor = { name: string; plain: PlainVisitor; visitor: Visitor; cookies: string; token?: string }

/** The running program with a world in it; the world and the site's permissions are replaced as often as a test likes. */
export type Ground = AsyncDisposable & {
  portal: TestPortal
  /** Where the server listens, for surfaces that stream. */
  url: string
  world: PlainWorld
  permissions: Permissions
  /** People, then programs. */
  visitors: readonly TestVisitor[]
  /** A view of each table that everybody may ask for. */
  views: ReadonlyMap<TableName, View>
  /** Puts the rows, people and programs of a world in place of those before. */
  load(rows: PlainRows, roles: readonly (readonly string[])[], programs?: readonly Program[]): Promise<void>
  /** Puts permissions in force: compiled, and with `publish` as a release of the site as well. */
  allow(permissions: readonly PlainPermission[], options?: { publish: boolean }): Promise<void>
}

const CONTACTS = 4

export async function createGround(): Promise<Ground> {
  const portal = await createTestPortal({ files: bareSite() })
  try {
    return await furnish(portal)
  } catch (error) {
    await portal[Symbol.asyncDispose]()
    throw error
  }
}

async function furnish(portal: TestPortal): Promise<Ground> {
  const { server, database, catalog, releases } = portal
  const parts = {
    database,
    catalog,
    permissions: () => releases.current().site.permissions,
    views: () => releases.current().site.views,
    visitorOf,
    log: silentLog,
    clock: systemClock,
  }
  await registerPortalApi(server, parts)
  await registerDataApi(server, { ...parts, tokenRefusalOf, siteName: () => 'Test' })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  const place = { database, catalog, clock: systemClock }
  await insertCompanies(portal)
  const views = await keepViews(portal)
  const contactIds = Array.from({ length: CONTACTS }, (_, i) => `00000002-0000-4000-8000-${String(i).padStart(12, '0')}`)
  await portal.insert(
    'contact',
    contactIds.map((contactid, i) => ({
      contactid,
      lastname: 'P',
      emailaddress1: `person${i}@example.com`,
      msdyn_company: COMPANIES[0],
    })),
  )
  const tokens: string[] = []
  for (const contactId of contactIds) {
    await createSignIn(place, { contactId, password: TEST_PASSWORD, roles: [] })
    tokens.push((await openSession(place, { contactId, userAgent: null })).token)
  }
  const ground: Ground = {
    portal,
    url,
    world: {
      nowMs: systemClock.nowMs(),
      rows: { account: [], contact: [], salesorder: [], salesorderdetail: [], invoice: [] },
      permissions: [],
    },
    permissions: createPermissions(portal.catalog, parsePolicy(policyFiles([])), systemClock),
    visitors: [],
    views,
    async load(rows, roles, programs = []) {
      await replaceRows(portal, rows)
      await portal.database.pool.query('delete from access.contact_role')
      await portal.database.transaction(async (tx) => {
        for (const [i, contact] of rows.contact.entries())
          await setRoles(tx, ground.permissions.policy, {
            contactId: contact.id,
            accountId: (contact.parentcustomerid ?? null) as string | null,
            roles: roles[i] ?? [],
            grantedBy: null,
            now: new Date(systemClock.nowMs()),
          })
      })
      ground.world = { ...ground.world, rows }
      ground.visitors = [...visitorsOf(rows, roles, tokens), ...(await programsOf(ground, programs))]
    },
    async allow(permissions, options = { publish: false }) {
      ground.permissions = createPermissions(portal.catalog, parsePolicy(policyFiles(permissions)), systemClock)
      if (options.publish)
        await portal.releases.publish(siteWith(permissions), {
          author: 'test',
          message: 'Other permissions',
          confirm: [...TABLES, 'cdm_company'].map((table) => `anonymous:${table}`),
        })
      ground.world = { ...ground.world, permissions }
    },
    [Symbol.asyncDispose]: () => portal[Symbol.asyncDispose](),
  }
  return ground
}

function visitorsOf(rows: PlainRows, roles: readonly (readonly string[])[], tokens: readonly string[]): TestVisitor[] {
  const contacts = rows.contact.map((contact, i): TestVisitor => {
    const accountId = (contact.parentcustomerid ?? null) as string | null
    const plain = {
      contactId: contact.id,
      accountId,
      companyId: contact.company,
      roles: [...(roles[i] ?? []), AUTHENTICATED_USERS],
    }
    return {
      name: `contact ${i}`,
      plain,
      visitor: { kind: 'contact', ...plain, accounts: [], accountPath: '', fullName: '', email: '', language: 'en' },
      cookies: `comptoir_session=${tokens[i]}`,
    }
  })
  const anonymous = anonymousVisitor('en')
  const nobody = { contactId: null, accountId: null, companyId: null, roles: anonymous.roles }
  return [...contacts, { name: 'anonymous', plain: nobody, visitor: anonymous, cookies: '' }]
}

/** Each with a service account and a token of its own, in place of those before. */
async function programsOf({ portal, permissions, world }: Ground, programs: readonly Program[]): Promise<TestVisitor[]> {
  const { database, catalog } = portal
  await database.pool.query('delete from access.service_account')
  const made: TestVisitor[] = []
  for (const [i, { role, withAccount, readOnly, tables }] of programs.entries()) {
    const account = withAccount ? world.rows.account[0] : undefined
    const now = new Date(systemClock.nowMs())
    const request = { name: `Program ${i}`, role, accountId: account?.id ?? null, readOnly, tables, createdBy: null, now }
    const { token } = await database.transaction((tx) => createServiceToken(tx, catalog, permissions.policy, request))
    const privileges = readOnly ? ['read'] : ['read', 'create', 'write', 'delete', 'append', 'appendTo']
    const { plain, visitor } = programVisitor(account, [role], { privileges, tables })
    made.push({ name: `program ${i}`, plain, visitor, cookies: '', token })
  }
  return made
}

/** A program with a token limited to some privileges and tables. */
export function serviceVisitor(
  rows: PlainRows,
  scope: { privileges: readonly string[]; tables: readonly TableName[] | null; withAccount: boolean },
): TestVisitor {
  const account = scope.withAccount ? rows.account[0] : undefined
  return { name: 'service', ...programVisitor(account, ['A'], scope), cookies: '' }
}

function programVisitor(
  account: PlainRow | undefined,
  roles: readonly string[],
  token: NonNullable<PlainVisitor['token']>,
): { plain: PlainVisitor; visitor: Visitor } {
  const plain = { contactId: null, accountId: account?.id ?? null, companyId: account?.company ?? null, roles, token }
  const visitor: Visitor = {
    kind: 'service',
    serviceAccountId: '00000009-0000-4000-8000-000000000000',
    fullName: 'A program',
    accountId: plain.accountId,
    companyId: plain.companyId,
    roles,
    scope: { privileges: new Set(token.privileges), tables: token.tables === null ? null : new Set(token.tables) },
    language: 'en',
  }
  return { plain, visitor }
}

/** A column for files, and a view of each table, which everybody may ask for. */
async function keepViews({ database, catalog }: TestPortal): Promise<ReadonlyMap<TableName, View>> {
  const ground = { database, catalog, clock: systemClock }
  await applyCustomization(ground, FILE_DOCUMENT, { by: 'test', message: 'Papers' })
  const editor = { personId: '00000008-0000-4000-8000-000000000000', maySharedOfOthers: true }
  const views = new Map<TableName, View>()
  for (const table of TABLES) {
    const query = { language: 'odata' as const, columns: [ID_COLUMNS[table], ...PROBED[table]].join(',') }
    const input = { table, name: table, query, isShared: true }
    views.set(table, await database.transaction((tx) => saveView(tx, catalog, editor, input)))
  }
  return views
}

async function insertCompanies(portal: TestPortal): Promise<void> {
  await portal.insert(
    'cdm_company',
    COMPANIES.map((cdm_companyid, i) => ({ cdm_companyid, cdm_companycode: `iso${i}`, cdm_name: `Company ${i}` })),
  )
}

async function replaceRows(portal: TestPortal, rows: PlainRows): Promise<void> {
  const { catalog } = portal
  const files = await storePapers(portal, rows)
  const later = (row: PlainRow) => ({
    ...('primarycontactid' in row ? { primarycontactid: null } : {}),
    ...(FILE_COLUMN in row ? { [FILE_COLUMN]: files.get(row.id) ?? null } : {}),
  })
  await portal.database.transaction(async (tx) => {
    for (const table of [...TABLES].reverse()) await tx.run(sql`delete from ${identifier('tables', table)}`)
    // An account's first contact comes after the account.
    for (const table of TABLES)
      await insertRows(
        tx,
        catalog.get(table),
        rows[table].map((row) => valuesOf(table, { ...row, ...later(row) })),
      )
    for (const { id, primarycontactid } of rows.account)
      if (primarycontactid !== undefined && primarycontactid !== null)
        await updateRow(tx, catalog.get('account'), id, { primarycontactid }, { predicate: engineRows })
  })
}

/** What the file of a row says, is the text that its row has in the oracle's world. Answers the files by row. */
async function storePapers({ database, catalog }: TestPortal, rows: PlainRows): Promise<Map<RowId, string>> {
  const table = catalog.get('invoice')
  const stored = new Map<RowId, string>()
  for (const row of rows.invoice) {
    const paper = row[FILE_COLUMN]
    if (typeof paper !== 'string') continue
    const content = (async function* () {
      yield Buffer.from(paper)
    })()
    const given = { table, column: getColumn(table, FILE_COLUMN), name: 'paper.txt', mediaType: 'text/plain', content }
    const outcome = await storeFile(database, given)
    if (outcome.kind === 'refused') throw new Error(`The paper of ${row.id} was refused`)
    stored.set(row.id, outcome.file.fileId)
  }
  return stored
}

/** PostgreSQL makes the full name itself. */
function valuesOf(table: TableName, { id, company, fullname: _fullname, ...columns }: PlainRow): RowValues {
  const customer = 'customerid' in columns && columns.customerid !== null ? { customeridtype: 'account' } : {}
  return { [ID_COLUMNS[table]]: id, msdyn_company: company, statecode: 0, ...columns, ...customer }
}

/** A site without permissions and lists: it stands before the tables are what they will be. */
function bareSite(): Map<string, Buffer> {
  const files = new Map([...smallSite()].filter(([path]) => !path.startsWith('permissions/')))
  for (const path of ['pages/accounts.liquid', 'lists/accounts.yaml', 'pages/echo/[said].liquid', 'pages/missing.liquid'])
    files.delete(path)
  for (const path of ['pages/admin.liquid', 'pages/admin/open.liquid']) files.delete(path)
  files.set('menus/main.yaml', Buffer.from('label: title.home\nlinks: [{ text: title.home, page: "" }]'))
  for (const language of ['en', 'fr'])
    files.set(`snippets/${language}.yaml`, Buffer.from(`${files.get(`snippets/${language}.yaml`)}\n${LIST_TEXTS}\n`))
  return files
}

/** The smallest site with these permissions and pages for every table: its list at /rows/salesorder, a query at /fetched/salesorder. */
function siteWith(permissions: readonly PlainPermission[]): SiteFiles {
  const files = bareSite()
  for (const [path, content] of policyFiles(permissions)) files.set(path, content)
  for (const table of TABLES) {
    const columns = [...PROBED[table], ID_COLUMNS[table]]
      .map((column) => `{ column: ${column}, label: column.${column} }`)
      .join(', ')
    const filters = PROBED[table].map((column) => `{ column: ${column}, label: column.${column}, kind: text }`).join(', ')
    files.set(
      `pages/rows/${table}.liquid`,
      Buffer.from(`---\ntitle: title.home\nroles: [${ROLES.map((role) => `"${role}"`).join(', ')}]\n---\n{% list '${table}' %}`),
    )
    files.set(
      `lists/${table}.yaml`,
      Buffer.from(
        `table: ${table}\nlabel: title.home\nempty: empty\nlink: '/row/{${ID_COLUMNS[table]}}'\ncolumns: [${columns}]\nfilters: [${filters}]\nsort: [{ column: ${PROBED[table][0]} }]\npageRows: 50\nexport: [csv]\n`,
      ),
    )
    files.set(`pages/fetched/${table}.liquid`, Buffer.from(fetchingPage(table)))
    files.set(`pages/edit/${table}/[id].liquid`, Buffer.from(`---\ntitle: title.home\n---\n{% form '${table}' %}`))
    files.set(`forms/${table}.yaml`, Buffer.from(formOf(table)))
  }
  return files
}

const COLUMN_LABELS = [...new Set(TABLES.flatMap((table) => [...PROBED[table], ID_COLUMNS[table]]))]
  .map((column) => `${column}: ${column}`)
  .join(', ')
const LIST_TEXTS = `column: { ${COLUMN_LABELS} }
list: { export: Files, exportCsv: CSV, exportXlsx: XLSX, exportLimit: 'At most {rows}', currency: '{column}' }`

/** Every field that deeds write and that is no lookup, of the row in the address. */
function formOf(table: TableName): string {
  const columns = WRITTEN[table].filter((column) => !LINKS.some((link) => link.table === table && link.through === column))
  const fields = columns.map((column) => `{ column: ${column}, label: name }`).join(', ')
  return `table: ${table}\nrow: { parameter: id }\nsubmit: save\nsaved: saved\ncolumns: [${fields}]\n`
}

/** A query in the page itself, with each row as a line of JSON. */
function fetchingPage(table: TableName): string {
  const columns = [ID_COLUMNS[table], ...PROBED[table]]
  const cells = columns.map((column) => `"${column}":{{ row.${column} | json }}`).join(',')
  const roles = ROLES.map((role) => `"${role}"`).join(', ')
  const attributes = columns.map((column) => `<attribute name="${column}"/>`).join('')
  return `---\ntitle: title.home\nroles: [${roles}]\n---\n{% fetchxml found %}<fetch><entity name="${table}">${attributes}</entity></fetch>{% endfetchxml %}
{% for row in found.results.entities %}<pre>{${cells}}</pre>{% endfor %}`
}

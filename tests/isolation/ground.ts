import { createSignIn } from '../../src/access/people.ts'
import { createPermissions, type Permissions } from '../../src/access/permissions.ts'
import { parsePolicy } from '../../src/access/policy.ts'
import { visitorOf } from '../../src/access/request.ts'
import { setRoles } from '../../src/access/roles.ts'
import { openSession } from '../../src/access/sign-in.ts'
import { AUTHENTICATED_USERS, anonymousVisitor, type Visitor } from '../../src/access/visitor.ts'
import { registerPortalApi } from '../../src/api/portal-api.ts'
import { silentLog } from '../../src/log/log.ts'
import { systemClock } from '../../src/log/system-clock.ts'
import type { SiteFiles } from '../../src/portals/site-folder.ts'
import { smallSite } from '../../src/portals/testing/small-site.ts'
import { identifier, sql } from '../../src/postgres/sql.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { insertRows, type RowValues, updateRow } from '../../src/tables/rows.queries.ts'
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
import { COMPANIES, ID_COLUMNS, PROBED, policyFiles, ROLES } from './worlds.ts'

/** A visitor as the oracle knows him and as the program does. Cookies: what his browser would send. */
export type TestVisitor = { name: string; plain: PlainVisitor; visitor: Visitor; cookies: string }

/** The running program with a world in it; the world and the site's permissions are replaced as often as a test likes. */
export type Ground = AsyncDisposable & {
  portal: TestPortal
  /** Where the server listens, for surfaces that stream. */
  url: string
  world: PlainWorld
  permissions: Permissions
  visitors: readonly TestVisitor[]
  /** Puts the rows and people of a world in place of those before. */
  load(rows: PlainRows, roles: readonly (readonly string[])[]): Promise<void>
  /** Puts permissions in force: compiled, and with `publish` as a release of the site as well. */
  allow(permissions: readonly PlainPermission[], options?: { publish: boolean }): Promise<void>
}

const CONTACTS = 4

export async function createGround(): Promise<Ground> {
  const portal = await createTestPortal({ files: siteWith([]) })
  try {
    return await furnish(portal)
  } catch (error) {
    await portal[Symbol.asyncDispose]()
    throw error
  }
}

async function furnish(portal: TestPortal): Promise<Ground> {
  const { server, database, catalog, releases } = portal
  await registerPortalApi(server, {
    database,
    catalog,
    permissions: () => releases.current().site.permissions,
    views: () => releases.current().site.views,
    visitorOf,
    log: silentLog,
  })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  const place = { database, catalog, clock: systemClock }
  await insertCompanies(portal)
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
    async load(rows, roles) {
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
      ground.visitors = visitorsOf(rows, roles, tokens)
    },
    async allow(permissions, options = { publish: false }) {
      ground.permissions = createPermissions(portal.catalog, parsePolicy(policyFiles(permissions)), systemClock)
      if (options.publish)
        await portal.releases.publish(siteWith(permissions), {
          author: 'test',
          message: 'Other permissions',
          confirm: TABLES.map((table) => `anonymous:${table}`),
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

/** A program with a token limited to some privileges and tables. */
export function serviceVisitor(
  rows: PlainRows,
  scope: { privileges: readonly string[]; tables: readonly TableName[] | null; withAccount: boolean },
): TestVisitor {
  const account = scope.withAccount ? rows.account[0] : undefined
  const plain = {
    contactId: null,
    accountId: account?.id ?? null,
    companyId: account?.company ?? null,
    roles: ['A'],
    token: { privileges: scope.privileges, tables: scope.tables },
  }
  return {
    name: 'service',
    plain,
    visitor: {
      kind: 'service',
      serviceAccountId: '00000009-0000-4000-8000-000000000000',
      fullName: 'A program',
      accountId: plain.accountId,
      companyId: plain.companyId,
      roles: plain.roles,
      scope: { privileges: new Set(scope.privileges), tables: scope.tables === null ? null : new Set(scope.tables) },
      language: 'en',
    },
    cookies: '',
  }
}

async function insertCompanies(portal: TestPortal): Promise<void> {
  await portal.insert(
    'cdm_company',
    COMPANIES.map((cdm_companyid, i) => ({ cdm_companyid, cdm_companycode: `iso${i}`, cdm_name: `Company ${i}` })),
  )
}

async function replaceRows(portal: TestPortal, rows: PlainRows): Promise<void> {
  const { catalog } = portal
  await portal.database.transaction(async (tx) => {
    for (const table of [...TABLES].reverse()) await tx.run(sql`delete from ${identifier('tables', table)}`)
    // An account's first contact comes after the account.
    for (const table of TABLES)
      await insertRows(
        tx,
        catalog.get(table),
        rows[table].map((row) => valuesOf(table, { ...row, ...(table === 'account' ? { primarycontactid: null } : {}) })),
      )
    for (const { id, primarycontactid } of rows.account)
      if (primarycontactid !== undefined && primarycontactid !== null)
        await updateRow(tx, catalog.get('account'), id, { primarycontactid }, { predicate: engineRows })
  })
}

function valuesOf(table: TableName, { id, company, ...columns }: PlainRow): RowValues {
  const customer = 'customerid' in columns && columns.customerid !== null ? { customeridtype: 'account' } : {}
  return { [ID_COLUMNS[table]]: id, msdyn_company: company, statecode: 0, ...columns, ...customer }
}

/** The smallest site with these permissions and a page with a list for every table: /rows/salesorder. */
function siteWith(permissions: readonly PlainPermission[]): SiteFiles {
  const files = new Map([...smallSite()].filter(([path]) => !path.startsWith('permissions/')))
  for (const [path, content] of policyFiles(permissions)) files.set(path, content)
  for (const path of ['pages/accounts.liquid', 'lists/accounts.yaml', 'pages/echo/[said].liquid', 'pages/missing.liquid'])
    files.delete(path)
  for (const path of ['pages/admin.liquid', 'pages/admin/open.liquid']) files.delete(path)
  files.set('menus/main.yaml', Buffer.from('label: title.home\nlinks: [{ text: title.home, page: "" }]'))
  for (const table of TABLES) {
    const columns = PROBED[table].map((column) => `{ column: ${column}, label: name }`).join(', ')
    files.set(
      `pages/rows/${table}.liquid`,
      Buffer.from(`---\ntitle: title.home\nroles: [${ROLES.map((role) => `"${role}"`).join(', ')}]\n---\n{% list '${table}' %}`),
    )
    files.set(
      `lists/${table}.yaml`,
      Buffer.from(
        `table: ${table}\nlabel: title.home\nempty: empty\nlink: '/row/{${ID_COLUMNS[table]}}'\ncolumns: [${columns}]\nsort: [{ column: ${PROBED[table][0]} }]\npageRows: 50\n`,
      ),
    )
  }
  return files
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { createPermissions, type Permissions } from '../src/access/permissions.ts'
import { type Privilege, parsePolicy } from '../src/access/policy.ts'
import { anonymousVisitor, type ContactVisitor, type ServiceVisitor, type Visitor } from '../src/access/visitor.ts'
import { behindWall, buildWall } from '../src/access/wall.ts'
import { isAppError } from '../src/lib/app-error.ts'
import { required } from '../src/lib/assert.ts'
import { systemClock } from '../src/log/system-clock.ts'
import type { SiteFiles } from '../src/portals/site-folder.ts'
import type { BearerDatabase, Tx } from '../src/postgres/database.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { and, identifier, type Sql, sql, trustedSql } from '../src/postgres/sql.ts'
import type { Catalog } from '../src/tables/catalog.ts'
import { assembleCatalog } from '../src/tables/custom-documents.ts'
import { insertRows, newRowId, type RowValues } from '../src/tables/rows.queries.ts'
import { applyDefinitions } from '../src/tables/schema.ts'
import { TABLES, type TableName } from './isolation/oracle.ts'
import { FILE_DOCUMENT, permissionsArbitrary, policyFiles } from './isolation/worlds.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

/**
 * Forgetting on purpose: statements without any predicate, behind the wall, see and change exactly the rows that the permissions' own
 * predicate allows.
 */
let t: TestDatabase
let catalog: Catalog
let world: World

before(async () => {
  t = await createTestDatabase()
  const modules = ['tables', 'access'].map((module) => ({
    module,
    folder: join(import.meta.dirname, '../src', module, 'migrations'),
  }))
  await migrate(t.database, modules)
  catalog = assembleCatalog([{ place: 'invoice.yaml', content: FILE_DOCUMENT }])
  await applyDefinitions(t.database, catalog)
  world = await t.database.transaction(fillWorld)
})
after(() => t[Symbol.asyncDispose]())

test('under random permissions a statement that forgets its predicate sees and changes what the predicate allows', async () => {
  await fc.assert(
    fc.asyncProperty(permissionsArbitrary, fc.nat(1_000), async (made, seed) => {
      const permissions = await show(policyFiles(made))
      const visitors = visitorsOf(world)
      const visitor = visitors[seed % visitors.length] as Visitor
      for (const table of TABLES) await compareRows(permissions, visitor, table)
      await compareInserts(permissions, visitor, TABLES[seed % TABLES.length] ?? 'account')
    }),
    { numRuns: 60 },
  )
})

test('each access type, deny rule, condition, validity and column list means behind the wall what it means before it', async () => {
  const grant = (name: string, rest: string) =>
    `  - { name: ${name}, roles: [A], privileges: [read, create, write, delete], ${rest} }`
  const files = new Map([
    ['roles.yaml', Buffer.from('roles: [{ name: A }, { name: B }]')],
    [
      'permissions/account.yaml',
      Buffer.from(`table: account\npermissions:\n${grant('accounts', 'accessType: hierarchy, columns: [name]')}`),
    ],
    ['permissions/contact.yaml', Buffer.from(`table: contact\npermissions:\n${grant('me', 'accessType: self')}`)],
    [
      'permissions/salesorder.yaml',
      Buffer.from(
        [
          'table: salesorder\npermissions:',
          grant('open', 'accessType: hierarchy, relationship: customerid, where: statecode eq 0'),
          grant('mine', 'accessType: contact, relationship: msdyn_contactperson'),
          grant('over', 'accessType: global, validUntil: 2020-01-01'),
          grant('quoted', `accessType: global, where: "name eq 'O''Brien \\\\ $wall$ $1'"`),
          '  - { name: not ours, effect: deny, accessType: company, roles: [B], privileges: [read, write], where: totalamount gt 20 }',
        ].join('\n'),
      ),
    ],
    [
      'permissions/salesorderdetail.yaml',
      Buffer.from(
        `table: salesorderdetail\npermissions:\n${grant('lines', "accessType: parent, parent: { permission: open, through: salesorderid }, where: salesorderid/customerid/name ne 'Beta'")}`,
      ),
    ],
  ])
  const permissions = await show(files)
  const seen: Record<string, number> = {}
  for (const visitor of visitorsOf(world)) {
    for (const table of TABLES) {
      seen[table] = (seen[table] ?? 0) + (await compareRows(permissions, visitor, table))
      await compareInserts(permissions, visitor, table)
    }
  }
  for (const table of TABLES) assert.equal((seen[table] ?? 0) > 0, table !== 'invoice', `rows of ${table} are seen`)
})

test('what a release takes away the wall takes away in the same transaction, and a release that goes back leaves the wall before', async () => {
  const files = (privilege: string) =>
    policyFiles([
      {
        name: 'p0',
        table: 'salesorder',
        effect: 'allow',
        accessType: 'global',
        privileges: [privilege as 'read'],
        roles: ['A'],
        active: true,
      },
    ])
  await show(files('read'))
  const visitor = visitorsOf(world)[0] as Visitor
  const count = () =>
    behindWall(t.database, visitor).read((tx) => idsOf(tx, sql`select salesorderid as id from tables.salesorder`))
  const before = (await count()).length
  assert.ok(before > 0)
  const taking = parsePolicy(files('write'))
  const undone = t.database.transaction(async (tx) => {
    await buildWall(tx, catalog, taking)
    throw new Error('the release is not shown after all')
  })
  await assert.rejects(undone, /not shown after all/)
  assert.equal((await count()).length, before)
  await t.database.transaction((tx) => buildWall(tx, catalog, taking))
  assert.equal((await count()).length, 0)
  assert.equal(await t.database.transaction((tx) => buildWall(tx, catalog, taking)), 0, 'what stands is not written again')
})

type World = { companies: string[]; accounts: string[]; contacts: string[]; rows: Record<TableName, RowValues[]> }

/** Alpha above Beta above Gamma, a circle of two beside them, orders with and without account, contact and amount in two companies. */
async function fillWorld(tx: Tx): Promise<World> {
  const insert = (table: string, rows: RowValues[]) => insertRows(tx, catalog.get(table), rows)
  const companies = await insert('cdm_company', [
    { cdm_companycode: 'usmf', cdm_name: 'Contoso' },
    { cdm_companycode: 'demf', cdm_name: 'Contoso Germany' },
  ])
  const ids = (count: number) => Array.from({ length: count }, newRowId)
  const [accounts, contacts, orders] = [ids(5), ids(3), ids(8)]
  const [usmf = '', demf = ''] = companies
  const parents = [null, accounts[0], accounts[1], accounts[4], accounts[3]]
  const rows: World['rows'] = {
    account: accounts.map((accountid, i) => ({
      accountid,
      accountnumber: `A${i}`,
      name: ['Alpha', 'Beta', 'Gamma', 'Circle', 'Round'][i] ?? '',
      parentaccountid: parents[i] ?? null,
      primarycontactid: contacts[i] ?? null,
      creditlimit: i === 1 ? null : String(i * 400),
      msdyn_company: i === 4 ? demf : usmf,
    })),
    contact: contacts.map((contactid, i) => ({
      contactid,
      firstname: 'Person',
      lastname: `P${i}`,
      emailaddress1: `p${i}@example.com`,
      parentcustomerid: accounts[i] ?? null,
      jobtitle: i === 0 ? 'buyer' : null,
      msdyn_company: usmf,
    })),
    salesorder: orders.map((salesorderid, i) => ({
      salesorderid,
      ordernumber: `O${i}`,
      customerid: i === 7 ? null : (accounts[i % 5] ?? null),
      customeridtype: i === 7 ? null : 'account',
      msdyn_contactperson: contacts[i % 4] ?? null,
      statecode: i % 2,
      totalamount: i === 3 ? null : String(i * 30),
      name: i === 2 ? "O'Brien \\ $wall$ $1" : i === 4 ? 'x' : null,
      msdyn_company: i === 6 ? demf : usmf,
    })),
    salesorderdetail: [0, 1, 2, 4, 6, 7].map((order, i) => ({
      salesorderdetailid: newRowId(),
      salesorderid: orders[order] ?? null,
      sequencenumber: 1,
      productnumber: `P${i}`,
      quantity: String(i),
      msdyn_company: i === 2 ? demf : usmf,
    })),
    invoice: [0, 1, 2, 5].map((order, i) => ({
      invoiceid: newRowId(),
      msdyn_invoicenumber: `I${i}`,
      customerid: accounts[order] ?? null,
      customeridtype: accounts[order] === undefined ? null : 'account',
      salesorderid: orders[order] ?? null,
      msdyn_totalamount: String(order * 60),
      description: i === 0 ? 'xz' : null,
      msdyn_company: usmf,
    })),
  }
  // References and keys would refuse the deletes and copies that these tests try, whatever the permissions say.
  const references = await tx<{ name: string; table: string }>`
    select conname as name, conrelid::regclass::text as "table" from pg_constraint where contype = 'f' and connamespace = 'tables'::regnamespace`
  for (const one of references) await tx.run(sql`alter table ${trustedSql(one.table)} drop constraint ${identifier(one.name)}`)
  const keys = await tx<{ name: string }>`
    select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
     where c.relnamespace = 'tables'::regnamespace and i.indisunique and not i.indisprimary`
  for (const one of keys) await tx.run(sql`drop index ${trustedSql(one.name)}`)
  for (const table of TABLES) await insert(table, rows[table])
  return { companies, accounts, contacts, rows }
}

function visitorsOf({ companies, accounts, contacts }: World): Visitor[] {
  const contact = (i: number, account: number | null, roles: string[], company: string | null): ContactVisitor => ({
    kind: 'contact',
    contactId: contacts[i] ?? newRowId(),
    accountId: account === null ? null : (accounts[account] ?? null),
    accounts: [],
    accountPath: '',
    companyId: company,
    fullName: 'Somebody',
    email: 'somebody@example.com',
    roles: [...roles, 'Authenticated Users'],
    language: 'en',
  })
  const [usmf = '', demf = ''] = companies
  const service = (privileges: string[], tables: string[] | null): ServiceVisitor => ({
    kind: 'service',
    serviceAccountId: newRowId(),
    fullName: 'Program',
    accountId: accounts[0] ?? null,
    companyId: usmf,
    roles: ['A', 'B'],
    scope: { privileges: new Set(privileges), tables: tables === null ? null : new Set(tables) },
    language: 'en',
  })
  return [
    contact(0, 0, ['A'], usmf),
    contact(1, 1, ['A', 'B'], usmf),
    contact(2, 3, ['A'], demf),
    contact(9, null, ['B'], null),
    anonymousVisitor('en'),
    service(['read', 'create', 'write', 'delete'], null),
    service(['read', 'write'], ['salesorder', 'salesorderdetail']),
    service(['read', 'create'], ['salesorderdetail']),
    service([], []),
  ]
}

async function show(files: SiteFiles): Promise<Permissions> {
  const permissions = createPermissions(catalog, parsePolicy(files), systemClock)
  await t.database.transaction((tx) => buildWall(tx, catalog, permissions.policy))
  return permissions
}

/** What a visitor reads, changes and deletes when nobody limits the statement. Answers how many rows he reads. */
async function compareRows(permissions: Permissions, visitor: Visitor, name: TableName): Promise<number> {
  const table = catalog.get(name)
  const [from, id] = [identifier('tables', name), identifier(table.idColumn)]
  const allowed = (...privileges: Privilege[]) =>
    t.database.read((tx) => {
      const conditions = privileges.map((privilege) => permissions.predicate(visitor, name, privilege).sql(identifier('t')))
      return idsOf(tx, sql`select t.${id} as id from ${from} as t where ${and(conditions)}`)
    })
  const forgetful = (statement: Sql) => tryOut(behindWall(t.database, visitor), (tx) => idsOf(tx, statement))
  const touch = identifier('msdyn_company')
  const read = await allowed('read')
  assert.deepEqual(await forgetful(sql`select ${id} as id from ${from}`), read, `select from ${name}`)
  const changed = forgetful(sql`with done as (update ${from} set ${touch} = ${touch} returning ${id} as id) select id from done`)
  assert.deepEqual(await changed, await allowed('read', 'write'), `update ${name}`)
  const deleted = forgetful(sql`with done as (delete from ${from} returning ${id} as id) select id from done`)
  assert.deepEqual(await deleted, await allowed('read', 'delete'), `delete from ${name}`)
  return read.length
}

/** A copy of each row is inserted, behind the wall and beside it: it stays exactly where it is what the visitor may create. */
async function compareInserts(permissions: Permissions, visitor: Visitor, name: TableName): Promise<void> {
  const table = catalog.get(name)
  const predicate = permissions.predicate(visitor, name, 'create')
  for (const row of world.rows[name]) {
    const copy = { ...row, [table.idColumn]: newRowId() }
    const expected = await tryOut(t.database, async (tx) => {
      await insertRows(tx, table, [copy])
      const mine = sql`t.${identifier(table.idColumn)} = ${copy[table.idColumn]}::uuid and ${predicate.sql(identifier('t'))}`
      return (await tx.run(sql`select 1 as one from ${identifier('tables', name)} as t where ${mine}`)).length === 1
    })
    const inserted = await tryOut(behindWall(t.database, visitor), async (tx) => {
      await insertRows(tx, table, [copy])
      return true
    }).catch((error: unknown) => {
      assert.ok(isAppError(error) && error.code === 'tables.forbidden', String(error))
      return false
    })
    assert.equal(inserted, expected, `insert into ${name} ${JSON.stringify(row)}`)
  }
}

/** Does it and takes it back. */
async function tryOut<T>(on: Pick<BearerDatabase, 'transaction'>, work: (tx: Tx) => Promise<T>): Promise<T> {
  let outcome: { value: T } | undefined
  const undo = new Error('taken back')
  await on
    .transaction(async (tx) => {
      outcome = { value: await work(tx) }
      throw undo
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error
    })
  return required(outcome, 'what was tried').value
}

async function idsOf(tx: Tx, query: Sql): Promise<string[]> {
  return (await tx.run<{ id: string }>(query)).map((row) => row.id).sort()
}

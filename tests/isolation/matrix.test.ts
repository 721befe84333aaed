import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { isolationMatrix } from '../../src/access/matrix.ts'
import { type Policy, PRIVILEGES, parsePolicy, type TablePermission } from '../../src/access/policy.ts'
import { ADMINISTRATOR, anonymousVisitor, type Visitor } from '../../src/access/visitor.ts'
import { behindWall } from '../../src/access/wall.ts'
import { registerDataApi } from '../../src/api/data-api.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { silentLog } from '../../src/log/log.ts'
import { readSiteFolder } from '../../src/portals/site-folder.ts'
import { identifier, sql } from '../../src/postgres/sql.ts'
import { readCatalog } from '../../src/tables/catalog.ts'
import { engineRows } from '../../src/tables/predicate.ts'
import { insertRows, listRows } from '../../src/tables/rows.queries.ts'
import { browse, createPeople, createPeopleServer, type People, signInAs, visitorFor } from '../support/people.ts'
import { matrixDocument } from './matrix-document.ts'
import { mayTouch, type PlainPermission, type PlainRow, type PlainRows, type PlainVisitor, type TableName } from './oracle.ts'

const SITE = join(import.meta.dirname, '../../src/customer-portal/site')
const DOCUMENT = join(import.meta.dirname, '../../docs/isolation-matrix.md')
const EMAILS = { admin: 'admin@comptoir.example', nora: 'nora@fabrikam.example', jane: 'jane@fabrikam.example' } as const

test('the isolation matrix of the docs is what the permissions say', () => {
  const text = matrixDocument(isolationMatrix(readCatalog(), parsePolicy(readSiteFolder(SITE))))
  if (process.env.WRITE_DOCS === '1') writeFileSync(DOCUMENT, text)
  assert.equal(readFileSync(DOCUMENT, 'utf8'), text, 'docs/isolation-matrix.md is stale; write it anew with WRITE_DOCS=1')
})

test('every cell of the matrix holds, for every role, table and privilege: in a statement and behind the wall', async () => {
  await using people = await createWorld()
  const world = await plainWorld(people)
  let cells = 0
  for (const role of people.permissions.policy.roles) {
    const visitor = visitorWith(people, role.name)
    for (const table of people.place.catalog.tables.values()) {
      for (const privilege of PRIVILEGES) {
        const expected = oracleIds(world, visitor, table.name, privilege)
        const where = `${role.name}: ${privilege} ${table.name}`
        const seen = await people.place.database.read((tx) =>
          listRows(tx, people.place.catalog, {
            table,
            columns: [table.idColumn],
            predicate: people.permissions.predicate(visitor, table.name, privilege),
            rowsMax: 100,
          }),
        )
        assert.deepEqual(seen.map((row) => String(row[table.idColumn])).sort(), expected, where)
        if (privilege === 'read') assert.deepEqual(await idsBehindWall(people, visitor, table.name), expected, `wall: ${where}`)
        cells++
      }
    }
  }
  assert.ok(cells > 300, `${cells} cells`)
})

test('every cell for reading holds on the web API, table by table', async () => {
  await using people = await createWorld()
  await using server = await createPeopleServer(people)
  const world = await plainWorld(people)
  for (const [name, email] of Object.entries(EMAILS)) {
    const browser = browse(server)
    assert.equal(await signInAs(browser, email), 'signed_in')
    const visitor = visitorFor(people, name as keyof typeof EMAILS)
    for (const table of people.place.catalog.tables.values()) {
      const answer = await browser.get(`/_api/${table.setName}`)
      const expected = oracleIds(world, visitor, table.name, 'read')
      const isOpen = people.permissions.webApiColumns(table.name) !== undefined
      assert.ok(answer.status < 500, `${name} ${table.name}: ${answer.body}`)
      const seen =
        answer.status === 200
          ? answer
              .json()
              .value.map((row) => String(row[table.idColumn]))
              .sort()
          : []
      assert.deepEqual(seen, isOpen ? expected : [], `${name}: ${table.setName}`)
    }
  }
})

test('every cell for reading holds on the API of programs and in FetchXML, for every role', async () => {
  await using people = await createWorld()
  await using server = await createHttpServer({ log: silentLog, cookieSecret: 'test' })
  const { database, catalog, clock } = people.place
  let visitor: Visitor = anonymousVisitor('en')
  await registerDataApi(server, {
    database,
    catalog,
    clock,
    permissions: () => people.permissions,
    views: () => [],
    log: silentLog,
    siteName: () => 'Test',
    visitorOf: () => visitor,
    tokenRefusalOf: () => 'missing',
  })
  const world = await plainWorld(people)
  for (const role of people.permissions.policy.roles) {
    if (anonymousVisitor('en').roles.includes(role.name)) continue
    visitor = visitorWith(people, role.name)
    for (const table of catalog.tables.values()) {
      const expected = oracleIds(world, visitor, table.name, 'read')
      const query = `<fetch><entity name="${table.name}"><attribute name="${table.idColumn}"/></entity></fetch>`
      for (const question of ['', `?fetchXml=${encodeURIComponent(query)}`]) {
        const answer = await server.inject({ url: `/api/data/v9.2/${table.setName}${question}` })
        const seen = answer.statusCode === 200 ? (answer.json() as { value: Record<string, unknown>[] }).value : []
        assert.ok([200, 403, 404].includes(answer.statusCode), `${role.name} ${table.name}: ${answer.body}`)
        assert.deepEqual(
          seen.map((row) => String(row[table.idColumn])).sort(),
          expected,
          `${role.name}: ${table.name} ${question}`,
        )
      }
    }
  }
})

/** People of two customers in one company, and beside them another company with rows of every kind that its permissions are about. */
async function createWorld(): Promise<People> {
  const people = await createPeople()
  const { database, catalog } = people.place
  await database.transaction(async (tx) => {
    const insert = (table: string, rows: Record<string, string | number | null>[]) => insertRows(tx, catalog.get(table), rows)
    for (const company of [people.usmf, people.demf]) {
      await insert('product', [{ msdyn_productnumber: `P-${company}`, name: 'Bolt', msdyn_company: company }])
      await insert('pricelevel', [{ name: `LIST ${company}`, msdyn_company: company }])
    }
    const [z = ''] = await insert('account', [{ accountnumber: 'Z', name: 'Elsewhere', msdyn_company: people.demf }])
    const [below = ''] = await insert('account', [
      { accountnumber: 'X-1', name: 'Fabrikam North', parentaccountid: people.accounts.x, msdyn_company: people.usmf },
    ])
    for (const [i, [account, order]] of [
      [people.accounts.x, people.orders.jane],
      [people.accounts.x, people.orders.sam],
      [people.accounts.y, people.orders.may],
      [z, null],
      [below, null],
    ].entries()) {
      const [invoice = ''] = await insert('invoice', [
        {
          msdyn_invoicenumber: `I-${i}`,
          customerid: account ?? null,
          customeridtype: 'account',
          salesorderid: order ?? null,
          msdyn_company: i === 3 ? people.demf : people.usmf,
        },
      ])
      await insert('invoicedetail', [{ invoiceid: invoice, productnumber: 'P', msdyn_company: people.usmf }])
      if (order === null) {
        const company = i === 3 ? people.demf : people.usmf
        const [made = ''] = await insert('salesorder', [
          { ordernumber: `W-9${i}`, customerid: account ?? null, customeridtype: 'account', msdyn_company: company },
        ])
        await insert('salesorderdetail', [{ salesorderid: made, sequencenumber: 1, productnumber: 'P', msdyn_company: company }])
      }
    }
  })
  return people
}

function visitorWith(people: People, role: string): Visitor {
  if (anonymousVisitor('en').roles.includes(role)) return anonymousVisitor('en')
  const base = visitorFor(people, role === ADMINISTRATOR ? 'admin' : 'jane')
  return { ...base, roles: [role] }
}

/** Every row of every table, and the permissions as the oracle reads them: it knows none of the program's own words for them. */
async function plainWorld(people: People) {
  const { database, catalog, clock } = people.place
  const rows: Record<string, PlainRow[]> = {}
  for (const table of catalog.tables.values()) {
    const found = await database.read((tx) =>
      listRows(tx, catalog, { table, columns: [...table.columns.keys()], predicate: engineRows, rowsMax: 1_000 }),
    )
    rows[table.name] = found.map(
      (row) => ({ ...row, id: String(row[table.idColumn]), company: String(row.msdyn_company ?? '') }) as PlainRow,
    )
  }
  return { nowMs: clock.nowMs(), rows: rows as unknown as PlainRows, permissions: plainPermissions(people.permissions.policy) }
}

function plainPermissions(policy: Policy): PlainPermission[] {
  return policy.permissions.map((one: TablePermission) => {
    assert.equal(one.where, undefined, `${one.name}: give its condition a meaning here before it is tried`)
    const { scope } = one
    return {
      name: one.name,
      table: one.table as TableName,
      effect: one.effect,
      accessType: scope.accessType,
      privileges: [...one.privileges] as PlainPermission['privileges'],
      roles: [...one.roles],
      active: one.active,
      ...('relationship' in scope && scope.relationship !== undefined ? { relationship: scope.relationship } : {}),
      ...(scope.accessType === 'parent' ? { parent: { permission: scope.permission, through: scope.through } } : {}),
      ...(one.columns === undefined ? {} : { columns: one.columns }),
    }
  })
}

function oracleIds(world: Awaited<ReturnType<typeof plainWorld>>, visitor: Visitor, table: string, privilege: string): string[] {
  const plain: PlainVisitor = {
    contactId: visitor.kind === 'contact' ? visitor.contactId : null,
    accountId: visitor.kind === 'contact' ? visitor.accountId : null,
    companyId: visitor.kind === 'contact' ? visitor.companyId : null,
    roles: visitor.roles,
  }
  return world.rows[table as TableName]
    .filter((row) => mayTouch(world, plain, table as TableName, privilege as 'read', row))
    .map((row) => row.id)
    .sort()
}

async function idsBehindWall(people: People, visitor: Visitor, table: string): Promise<string[]> {
  const id = identifier(people.place.catalog.get(table).idColumn)
  const rows = await behindWall(people.place.database, visitor).read((tx) =>
    tx.run<{ id: string }>(sql`select ${id} as id from ${identifier('tables', table)}`),
  )
  return rows.map((row) => row.id).sort()
}

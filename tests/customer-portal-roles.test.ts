import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Visitor } from '../src/access/visitor.ts'
import { html } from '../src/lib/html.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { listRows } from '../src/tables/rows.queries.ts'
import { createTestPortal, type TestPortal } from './support/portal.ts'

const FOLDER = join(import.meta.dirname, '../src/customer-portal/site')
const COMPONENTS = ['home-tiles', 'home-orders', 'order-list', 'order-detail', 'create-order', 'account']
const PEOPLE = ['admin', 'nora', 'jane', 'sam', 'may'] as const
type Who = (typeof PEOPLE)[number]

/** The people and orders of the template's visibility matrix (portals.md §1.8). */
async function setUp(): Promise<TestPortal & { visitors: Record<Who, Visitor> }> {
  const portal = await createTestPortal({
    files: readSiteFolder(FOLDER),
    components: Object.fromEntries(COMPONENTS.map((name) => [name, async () => html`<p>${name}</p>`])),
  })
  const [x = '', y = ''] = await portal.insert(
    'account',
    ['X', 'Y'].map((name) => ({ accountnumber: name, name, creditlimit: '1000', msdyn_company: portal.companyId })),
  )
  const visitors = {} as Record<Who, Visitor>
  const add = async (who: Who, accountId: string | null, role: string) => {
    const email = `${who}@test.example`
    const contactId = await portal.addPerson({ email, firstName: who, accountId, roles: [role] })
    const roles = [role, 'Authenticated Users']
    visitors[who] = {
      kind: 'contact',
      contactId,
      accountId,
      accounts: [],
      accountPath: '',
      companyId: portal.companyId,
      fullName: who,
      email,
      roles,
      language: 'en',
    }
    return contactId
  }
  await add('admin', null, 'Administrator')
  await add('nora', x, 'Customer representative')
  const placed = [
    { by: await add('jane', x, 'Authorized user'), account: x, name: 'X by Jane' },
    { by: await add('sam', x, 'Authorized user'), account: x, name: 'X by Sam' },
    { by: await add('may', y, 'Unauthorized user'), account: y, name: 'Y by May' },
  ]
  const orders = await portal.insert(
    'salesorder',
    placed.map((one) => ({
      name: one.name,
      customerid: one.account,
      customeridtype: 'account',
      msdyn_contactperson: one.by,
      msdyn_company: portal.companyId,
    })),
  )
  await portal.insert(
    'salesorderdetail',
    orders.map((salesorderid, i) => ({ salesorderid, productnumber: `of ${placed[i]?.name}`, msdyn_company: portal.companyId })),
  )
  await portal.insert(
    'invoice',
    orders.map((salesorderid, i) => ({
      salesorderid,
      msdyn_invoicenumber: `for ${placed[i]?.name}`,
      customerid: placed[i]?.account ?? null,
      customeridtype: 'account',
      msdyn_company: portal.companyId,
    })),
  )
  return Object.assign(portal, { visitors })
}

async function seen(portal: TestPortal, visitor: Visitor, table: string, column: string): Promise<string[]> {
  const { permissions } = portal.releases.current().site
  const predicate = permissions.predicate(visitor, table, 'read')
  const query = { table: portal.catalog.get(table), columns: [column], predicate, rowsMax: 100 }
  const rows = await portal.database.read((tx) => listRows(tx, portal.catalog, query))
  return rows.map((row) => String(row[column])).sort()
}

const MATRIX: Readonly<Record<Who, readonly string[]>> = {
  admin: ['X by Jane', 'X by Sam', 'Y by May'],
  nora: ['X by Jane', 'X by Sam'],
  jane: ['X by Jane'],
  sam: ['X by Sam'],
  may: [],
}

test('T2: the shipped permissions are the visibility matrix, for orders, their lines and their invoices', async () => {
  await using portal = await setUp()
  for (const who of PEOPLE) {
    const visitor = portal.visitors[who]
    assert.deepEqual(await seen(portal, visitor, 'salesorder', 'name'), MATRIX[who], who)
    assert.deepEqual(
      await seen(portal, visitor, 'salesorderdetail', 'productnumber'),
      MATRIX[who].map((name) => `of ${name}`),
      who,
    )
    const page = await (await portal.as(`${who}@test.example`)).get('/invoices')
    assert.equal(page.status, who === 'may' ? 403 : 200)
    assert.deepEqual(
      [...page.text.matchAll(/for [XY] by \w+/g)].map(String).sort(),
      who === 'may' ? [] : MATRIX[who].map((name) => `for ${name}`),
    )
  }
})

test('pages and menu follow the roles: what may not be opened is not offered', async () => {
  await using portal = await setUp()
  const closed: Readonly<Record<Who, readonly string[]>> = {
    admin: [],
    nora: [],
    jane: ['/account'],
    sam: ['/account'],
    may: ['/orders', '/create-order', '/account', '/invoices', '/orders/0199f1d2-0000-7000-8000-000000000000'],
  }
  for (const who of PEOPLE) {
    const browser = await portal.as(`${who}@test.example`)
    const home = await browser.get('/')
    for (const path of ['/orders', '/create-order', '/account', '/invoices', '/orders/0199f1d2-0000-7000-8000-000000000000']) {
      const open = !closed[who].includes(path)
      assert.equal((await browser.get(path)).status, open ? 200 : 403, `${who} ${path}`)
      if (!open) assert.ok(!home.text.includes(`href="${path}"`), `${who} is not offered ${path}`)
    }
    for (const path of ['/about', '/terms', '/profile']) assert.equal((await browser.get(path)).status, 200, `${who} ${path}`)
  }
  const stranger = portal.anonymous()
  for (const path of ['/', '/about', '/terms', '/signin']) assert.equal((await stranger.get(path)).status, 200, path)
  for (const path of ['/orders', '/profile', '/account']) assert.equal((await stranger.get(path)).status, 303, path)
})

test('an authorized user sees the account’s name and addresses, not its credit', async () => {
  await using portal = await setUp()
  const { permissions } = portal.releases.current().site
  assert.ok(permissions.readableColumns(portal.visitors.jane, 'account').has('address1_city'))
  assert.ok(!permissions.readableColumns(portal.visitors.jane, 'account').has('creditlimit'))
  assert.ok(permissions.readableColumns(portal.visitors.nora, 'account').has('creditlimit'))
})

test('T13: nobody can register himself', async () => {
  await using portal = await setUp()
  const stranger = portal.anonymous()
  for (const path of ['/register', '/signup', '/account/register']) assert.equal((await stranger.get(path)).status, 404)
  const page = await stranger.get('/invitation/made-up-code')
  assert.match(page.text, /There is no such invitation/)
  const answer = await stranger.post('/invitation/made-up-code', {
    password: 'a long enough password',
    repeat: 'a long enough password',
  })
  assert.equal(answer.status, 422)
  assert.equal((await stranger.get('/profile')).status, 303)
})

test('T15: a tile of the home page is a line in a file of the site', async () => {
  await using portal = await setUp()
  const files = new Map(readSiteFolder(FOLDER))
  const home = files.get('pages/index.liquid')?.toString() ?? ''
  files.set('pages/index.liquid', Buffer.from(`${home}\n{% render 'tile', href: '/terms', title: 'Read the terms', text: '' %}`))
  await portal.releases.publish(files, { author: 'test', message: 'One more tile' })
  assert.match((await (await portal.as('jane@test.example')).get('/')).text, /href="\/terms".*Read the terms/s)
})

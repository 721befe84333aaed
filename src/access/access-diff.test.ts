import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { readCatalog } from '#tables/catalog.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { readSiteFolder } from '../portals/site-folder.ts'
import { diffAccess } from './access-diff.ts'
import { findAnonymousGains, requireConfirmed, requireNamedColumns } from './anonymous.ts'
import type { AccessDiff } from './difference.ts'
import { explainRow } from './explain.ts'
import { createPermissions, type Permissions } from './permissions.ts'
import { parsePolicy } from './policy.ts'
import { imaginedVisitor, previewRole } from './preview.ts'
import { listPeopleWhoMay } from './who.ts'

const SITE = join(import.meta.dirname, '../customer-portal/site')

/** The site's permissions with one file put differently. */
function changed(people: People, file: string, change: (text: string) => string): Permissions {
  const files = new Map(readSiteFolder(SITE))
  files.set(file, Buffer.from(change(files.get(file)?.toString() ?? '')))
  return createPermissions(people.place.catalog, parsePolicy(files), people.place.clock)
}

function linesOf(diff: AccessDiff, table: string, privilege: string): string[] {
  return diff.lines.filter((one) => one.table === table && one.privilege === privilege).map((one) => one.says.en)
}

test('a wider permission is told as people and rows, by role, and what hangs on it with it', async () => {
  await using people = await createPeople()
  const wider = changed(
    people,
    'permissions/salesorder.yaml',
    (text) => `${text}
  - name: Colleagues see each other's orders
    accessType: account
    relationship: customerid
    privileges: [read]
    columns: [ordernumber]
    roles: [Authorized user]
`,
  )
  const diff = await diffAccess(people.place, people.permissions, wider)
  assert.deepEqual(linesOf(diff, 'salesorder', 'read'), [
    '2 people gain 2 rows of salesorder to read.',
    '2 people (Authorized user) gain 2 rows of salesorder to read.',
  ])
  assert.deepEqual([...new Set(diff.lines.map((one) => one.table))], ['salesorder'])
  assert.deepEqual(diff.anonymous, [])
  const back = await diffAccess(people.place, wider, people.permissions)
  assert.equal(linesOf(back, 'salesorder', 'read')[0], '2 people lose 2 rows of salesorder to read.')
})

test('columns that come and go on rows that stay are told as columns', async () => {
  await using people = await createPeople()
  const narrower = changed(
    people,
    'permissions/salesorder.yaml',
    (text) => `${text}
  - name: No totals
    effect: deny
    accessType: global
    privileges: [read]
    columns: [totalamount]
    roles: [Authorized user]
`,
  )
  const diff = await diffAccess(people.place, people.permissions, narrower)
  assert.deepEqual(linesOf(diff, 'salesorder', 'read'), [
    '2 people lose totalamount of 2 rows of salesorder to read.',
    '2 people (Authorized user) lose totalamount of 2 rows of salesorder to read.',
  ])
})

test('a role for one person is counted as what that person gains', async () => {
  await using people = await createPeople()
  const diff = await diffAccess(people.place, people.permissions, people.permissions, {
    contactId: people.contacts.jane,
    accountId: people.accounts.x,
    roles: ['Customer representative'],
  })
  const told = linesOf(diff, 'salesorder', 'read')
  assert.equal(told[0], '1 person gains 1 row of salesorder to read.')
  assert.equal(
    diff.lines.some((one) => one.lost !== null && one.privilege === 'read' && one.columns === null),
    false,
  )
})

test('anonymous visitors are told by themselves, and their gain is refused until a person names it', async () => {
  await using people = await createPeople()
  const open = changed(
    people,
    'permissions/salesorder.yaml',
    (text) => `${text}
  - { name: For all the world, accessType: global, privileges: [read], roles: [Anonymous Users] }
`,
  )
  const diff = await diffAccess(people.place, people.permissions, open)
  assert.ok(linesOf(diff, 'salesorder', 'read').includes('Everybody without signing in gains 3 rows of salesorder to read.'))
  assert.deepEqual([...new Set(diff.anonymous.map((one) => one.kind))], ['rows', 'web_api'])
  assert.throws(
    () => requireConfirmed(diff.anonymous, ['anonymous:invoice']),
    (error: Error) => {
      assert.ok(isAppError(error, 'access.needs_confirmation'))
      assert.match(error.message, /For all the world/)
      assert.match(error.message, /--confirm anonymous:salesorder/)
      return true
    },
  )
  assert.deepEqual(requireConfirmed(diff.anonymous, ['anonymous:salesorder']), ['anonymous:salesorder'])
})

const catalog = readCatalog()
const rules = (permissions: string) => ({
  catalog,
  policy: parsePolicy(
    new Map([
      ['roles.yaml', 'roles: [{ name: A }]'],
      ['permissions/a.yaml', `table: product\npermissions:${permissions}`],
    ]),
  ),
})
const grant = (rest: string) => `\n  - { name: p, accessType: global, privileges: [read], roles: [Anonymous Users], ${rest} }`

test('what says more to anonymous visitors is a gain, what says less is none, whatever rows there are', () => {
  const gains = (before: string, after: string) =>
    findAnonymousGains(rules(before), rules(after)).map((one) => `${one.kind} ${one.columns.join(' ')}`)
  const [name, more] = ['columns: [name]', 'columns: [name, price]']
  assert.deepEqual(gains(' []', grant(name)), ['rows name'])
  assert.deepEqual(gains(grant(name), grant(name)), [])
  assert.deepEqual(gains(grant(name), grant(more)), ['columns price'])
  assert.deepEqual(gains(grant(more), grant(name)), [])
  assert.deepEqual(gains(grant(`${name}, where: "statecode eq 0"`), grant(name)), ['rows name'])
  assert.deepEqual(gains(' []', grant(`${name}, validFrom: 2099-01-01`)), ['rows name'], 'before its time')
  assert.deepEqual(gains(' []', grant(`${name}, active: false`)), [])
  const denial =
    '\n  - { name: d, effect: deny, accessType: global, privileges: [read], roles: [Anonymous Users], columns: [price] }'
  assert.deepEqual(gains(grant(more) + denial, grant(more)), ['denial_lifted price'])
  assert.deepEqual(gains(grant(more), grant(more) + denial), [])
  assert.deepEqual(gains(' []', grant(name).replace('Anonymous Users', 'A')), [], 'for people with a role')
  assert.deepEqual(gains(' []', grant(name).replace('global', 'company')), [], 'nobody without a name has a company')
})

test('only what is for anybody must name its columns, whatever had its name before', () => {
  const denial =
    '\n  - { name: d, effect: deny, accessType: global, privileges: [read], roles: [Anonymous Users], columns: [price] }'
  const before = rules(grant('columns: [name, price]') + denial)
  const gainsOf = (after: typeof before) => findAnonymousGains(before, after)
  const forSome = '\n  - { name: d, accessType: global, privileges: [read], roles: [A] }'
  const after = rules(grant('columns: [name, price]') + forSome)
  assert.deepEqual([...new Set(gainsOf(after).map((one) => one.kind))], ['denial_lifted'])
  requireNamedColumns(after.policy, gainsOf(after))
  const open = rules(grant('columns: [name, price]') + forSome.replace('[A]', '[Anonymous Users]'))
  assert.throws(
    () => requireNamedColumns(open.policy, gainsOf(open)),
    (error) => isAppError(error, 'access.unnamed_columns'),
  )
})

test('who may see a row: everybody that the predicate lets, with the permission through which', async () => {
  await using people = await createPeople()
  const found = await listPeopleWhoMay(
    people.place,
    people.permissions,
    { table: 'salesorder', rowId: people.orders.jane, privilege: 'read' },
    { offset: 0, rowsMax: 10 },
  )
  assert.deepEqual(
    found.people.map((one) => [one.name, one.through]),
    [
      ['Ada Admin', ['All orders']],
      ['Jane Example', ['Own orders']],
      ['Nora Example', ['Orders of the account']],
    ],
  )
  assert.deepEqual([found.total, found.anonymous], [3, false])
  const second = await listPeopleWhoMay(
    people.place,
    people.permissions,
    { table: 'salesorder', rowId: people.orders.jane, privilege: 'read' },
    { offset: 1, rowsMax: 1 },
  )
  assert.deepEqual([second.people.map((one) => one.name), second.total], [['Jane Example'], 3])
})

test('a row is explained with the rule that decides, its file, and what the nearest one lacks', async () => {
  await using people = await createPeople()
  const explain = (name: 'nora' | 'jane' | 'may', rowId: string, column?: string) =>
    explainRow(people.place, people.permissions, visitorFor(people, name), {
      table: 'salesorder',
      rowId,
      privilege: 'read',
      ...(column === undefined ? {} : { column }),
    })
  const nora = await explain('nora', people.orders.jane)
  assert.equal(
    nora.because.en,
    'May read this salesorder: “Orders of the account” grants it through Customer representative (permissions/salesorder.yaml).',
  )
  assert.match(nora.because.fr, /« Orders of the account » l’accorde par Customer representative/)
  const jane = await explain('jane', people.orders.sam)
  assert.equal(
    jane.because.en,
    'May not read this salesorder: nothing grants it. Nearest: “Own orders” (permissions/salesorder.yaml) covers the visitor’s own rows for the account in use; this is not one.',
  )
  assert.equal((await explain('jane', people.contacts.jane)).verdict.kind, 'no_such_row')
  const line = await people.place.database.read(
    (tx) =>
      tx<{
        id: string
      }>`select salesorderdetailid as id from tables.salesorderdetail where salesorderid = ${people.orders.sam}::uuid`,
  )
  const lines = await explainRow(people.place, people.permissions, visitorFor(people, 'jane'), {
    table: 'salesorderdetail',
    rowId: line[0]?.id ?? '',
    privilege: 'read',
  })
  assert.match(lines.because.en, /goes by the row above, and there “Own orders” covers the visitor’s own rows/)
})

test('what a role would see of every table: rows, columns and a few of them', async () => {
  await using people = await createPeople()
  const visitor = imaginedVisitor({
    roles: ['Authorized user'],
    contactId: people.contacts.jane,
    accountId: people.accounts.x,
    companyId: people.usmf,
  })
  const seen = new Map((await previewRole(people.place, people.permissions, visitor)).map((one) => [one.table, one]))
  const orders = seen.get('salesorder')
  assert.deepEqual([orders?.rows, orders?.atLeast, orders?.sample.map((row) => row.ordernumber)], [1, false, ['W-1']])
  const account = seen.get('account')
  assert.ok(account?.columns.includes('name') && !account.columns.includes('creditlimit'))
  assert.equal(seen.has('productpricelevel'), false)
})

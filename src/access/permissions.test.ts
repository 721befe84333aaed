import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { compileQuery } from '#tables/query.ts'
import { listRows } from '#tables/rows.queries.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { createPermissions } from './permissions.ts'
import { type Policy, parsePolicy } from './policy.ts'
import { anonymousVisitor, type Visitor } from './visitor.ts'

const ROLES_FILE = 'roles: [{ name: A }, { name: B }]'

function policyOf(files: Record<string, string>) {
  return parsePolicy(new Map(Object.entries({ 'roles.yaml': ROLES_FILE, ...files })))
}

function permissionsOf(people: People, policy: Policy) {
  return createPermissions(people.place.catalog, policy, people.place.clock)
}

function withRoles(visitor: Visitor, roles: readonly string[]): Visitor {
  return { ...visitor, roles: [...roles, 'Authenticated Users'] }
}

test('every mistake in the files is told at once, by file', () => {
  assert.throws(
    () =>
      policyOf({
        'permissions/a.yaml':
          'table: salesorder\npermissions: [{ name: one, accessType: contact, privileges: [read], roles: [A] }]',
        'permissions/b.yaml':
          'table: salesorder\npermissions:\n  - { name: two, accessType: global, privileges: [read], roles: [C] }\n  - { name: three, accessType: parent, parent: { permission: four, through: salesorderid }, privileges: [read], roles: [A] }',
        'permissions/c.yaml': 'table: [',
      }),
    (error: Error) => {
      assert.match(error.message, /a\.yaml.*contact needs a relationship/)
      assert.match(error.message, /b\.yaml: two is for the role C/)
      assert.match(error.message, /b\.yaml: three has the parent four, which does not exist/)
      assert.match(error.message, /c\.yaml: /)
      return true
    },
  )
})

test('a child permission for people whom its parent is not for, and parents in a circle, are refused', () => {
  const file = (parentRole: string, parentOfTop: string) => `
table: account
permissions:
  - { name: top, accessType: ${parentOfTop === '' ? 'account' : 'parent'}, ${parentOfTop} privileges: [read], roles: [${parentRole}] }
  - { name: child, accessType: parent, parent: { permission: top, through: parentaccountid }, privileges: [read], roles: [A, B] }`
  assert.throws(() => policyOf({ 'permissions/a.yaml': file('A', '') }), /child is for B, but its parent top is not/)
  const circle = 'parent: { permission: child, through: parentaccountid },'
  assert.throws(() => policyOf({ 'permissions/a.yaml': file('A, B', circle) }), /is its own parent/)
})

test('a policy that names what the tables do not have is refused', async () => {
  await using people = await createPeople()
  const policy = policyOf({
    'permissions/a.yaml': `
table: salesorder
webApi: { enabled: true, columns: [nothing] }
permissions:
  - { name: one, accessType: account, relationship: pricelevelid, privileges: [read], roles: [A], columns: [neither] }
  - { name: two, accessType: self, privileges: [read], roles: [A] }`,
  })
  assert.throws(
    () => permissionsOf(people, policy),
    (error: Error) => {
      assert.match(error.message, /no column nothing/)
      assert.match(error.message, /no column neither/)
      assert.match(error.message, /pricelevelid does not point to the table account/)
      assert.match(error.message, /self is for the table contact/)
      return true
    },
  )
})

test('columns of one permission are null on the rows of another', async () => {
  await using people = await createPeople()
  const { catalog, database } = people.place
  const permissions = permissionsOf(
    people,
    policyOf({
      'permissions/contact.yaml': `
table: contact
permissions:
  - { name: own, accessType: self, privileges: [read], roles: [A] }
  - { name: colleagues, accessType: account, relationship: parentcustomerid, privileges: [read], roles: [A], columns: [fullname] }`,
    }),
  )
  const jane = withRoles(visitorFor(people, 'jane'), ['A'])
  const rows = (columns: string[]) =>
    database.read((tx) =>
      listRows(tx, catalog, {
        table: catalog.get('contact'),
        columns,
        predicate: permissions.predicate(jane, 'contact', 'read'),
        rowsMax: 10,
      }),
    )
  assert.equal((await rows(['fullname'])).length, 3)
  const mails = (await rows(['fullname', 'emailaddress1'])).map((row) => [row.contactid, row.emailaddress1])
  assert.deepEqual(
    mails.filter(([, mail]) => mail !== null),
    [[people.contacts.jane, 'jane@fabrikam.example']],
  )
  assert.deepEqual([...permissions.readableColumns(jane, 'contact')].sort(), ['contactid', 'fullname', 'versionnumber'])
  assert.ok(permissions.reachableColumns(jane, 'contact').has('emailaddress1'))
})

test('a switched-off permission grants nothing, nor do those below it, and the explanation says so', async () => {
  await using people = await createPeople()
  const permissions = permissionsOf(
    people,
    policyOf({
      'permissions/salesorder.yaml':
        'table: salesorder\npermissions: [{ name: orders, accessType: global, privileges: [read], roles: [A], active: false }]',
      'permissions/salesorderdetail.yaml':
        'table: salesorderdetail\npermissions: [{ name: lines, accessType: parent, parent: { permission: orders, through: salesorderid }, privileges: [read], roles: [A] }]',
    }),
  )
  const visitor = withRoles(visitorFor(people, 'jane'), ['A'])
  assert.equal(permissions.may(visitor, 'salesorderdetail', 'read'), false)
  assert.deepEqual(
    permissions.explain(visitor, 'salesorderdetail', 'read').map((one) => [one.permission, one.applies, one.because]),
    [['lines', false, 'orders is switched off.']],
  )
})

test('the explanation tells which permission applies, through which role, and what is missing', async () => {
  await using people = await createPeople()
  const told = people.permissions.explain(visitorFor(people, 'nora'), 'salesorder', 'read')
  assert.deepEqual(
    told.filter((one) => one.applies).map((one) => [one.permission, one.roles]),
    [['Orders of the account', ['Customer representative']]],
  )
  const homeless = people.permissions.explain({ ...visitorFor(people, 'nora'), accountId: null }, 'salesorder', 'read')
  assert.match(homeless.find((one) => one.permission === 'Orders of the account')?.because ?? '', /account, and there is none/)
  assert.deepEqual(
    people.permissions.explain(anonymousVisitor('en'), 'salesorder', 'read').filter((one) => one.applies),
    [],
  )
})

/** One random permission on orders: what the file says, and what it means row by row, said once more as simply as possible. */
type Rule = { accessType: 'global' | 'company' | 'account' | 'contact'; roles: string[]; privilege: string; active: boolean }

const rules = fc.array(
  fc.record({
    accessType: fc.constantFrom('global', 'company', 'account', 'contact'),
    roles: fc.subarray(['A', 'B', 'Authenticated Users', 'Anonymous Users'], { minLength: 1 }),
    privilege: fc.constantFrom('read', 'write'),
    active: fc.boolean(),
  }),
  { maxLength: 4 },
)

test('under random policies exactly the rows of an obvious oracle are seen, and their lines with them', async () => {
  await using people = await createPeople()
  const visitors: Visitor[] = [
    anonymousVisitor('en'),
    withRoles(visitorFor(people, 'jane'), ['A']),
    withRoles(visitorFor(people, 'may'), ['A', 'B']),
    withRoles({ ...visitorFor(people, 'nora'), accountId: null }, ['B']),
    withRoles({ ...visitorFor(people, 'sam'), companyId: people.demf }, []),
  ]
  const owners = { jane: 'x', sam: 'x', may: 'y' } as const
  await fc.assert(
    fc.asyncProperty(rules, fc.constantFrom(...visitors), async (made, visitor) => {
      const seen = await idsSeen(people, made as Rule[], visitor)
      const expected = Object.entries(owners)
        .filter(([owner, account]) => (made as Rule[]).some((rule) => grants(rule, visitor, owner as 'jane', account)))
        .map(([owner]) => people.orders[owner as 'jane'])
      assert.deepEqual(seen.orders, expected.sort())
      assert.deepEqual(seen.orderOfLines, expected.sort())
    }),
    { numRuns: 150 },
  )

  function grants(rule: Rule, visitor: Visitor, owner: keyof typeof owners, account: 'x' | 'y'): boolean {
    if (!rule.active || rule.privilege !== 'read' || !rule.roles.some((role) => visitor.roles.includes(role))) return false
    if (rule.accessType === 'global') return true
    if (visitor.kind !== 'contact') return false
    if (rule.accessType === 'company') return visitor.companyId === people.usmf
    if (rule.accessType === 'account') return visitor.accountId === people.accounts[account]
    return visitor.contactId === people.contacts[owner]
  }
})

async function idsSeen(people: People, made: readonly Rule[], visitor: Visitor) {
  const { catalog, database } = people.place
  const relationship = {
    account: ', relationship: customerid',
    contact: ', relationship: msdyn_contactperson',
    global: '',
    company: '',
  }
  const orders = made.map(
    (rule, i) =>
      `  - { name: o${i}, accessType: ${rule.accessType}${relationship[rule.accessType]}, privileges: [${rule.privilege}], roles: [${rule.roles.join(', ')}], active: ${rule.active} }`,
  )
  const lines = made.map(
    (rule, i) =>
      `  - { name: l${i}, accessType: parent, parent: { permission: o${i}, through: salesorderid }, privileges: [${rule.privilege}], roles: [${rule.roles.join(', ')}] }`,
  )
  const file = (table: string, permissions: string[]) =>
    `table: ${table}\npermissions:${permissions.length === 0 ? ' []' : `\n${permissions.join('\n')}`}`
  const permissions = permissionsOf(
    people,
    policyOf({ 'permissions/o.yaml': file('salesorder', orders), 'permissions/l.yaml': file('salesorderdetail', lines) }),
  )
  const ids = (table: string, column: string) =>
    database.read(async (tx) => {
      const predicate = permissions.predicate(visitor, table, 'read')
      const rows = await tx.run<Record<string, string>>(
        compileQuery(catalog, { table: catalog.get(table), columns: [column], predicate, rowsMax: 100 }),
      )
      return rows.map((row) => row[column] ?? '').sort()
    })
  return { orders: await ids('salesorder', 'salesorderid'), orderOfLines: await ids('salesorderdetail', 'salesorderid') }
}

import fc from 'fast-check'
import { stringify } from 'yaml'
import type { SiteFiles } from '../../src/portals/site-folder.ts'
import type { Condition, PlainPermission, PlainPrivilege, PlainRow, PlainRows, TableName } from './oracle.ts'
import { TABLES } from './oracle.ts'

export const ROLES = ['A', 'B', 'Authenticated Users', 'Anonymous Users'] as const
const ASSIGNED = ['A', 'B'] as const
const PRIVILEGES: readonly PlainPrivilege[] = ['read', 'create', 'write', 'delete', 'append', 'appendTo']
export const COMPANIES = ['0c000000-0000-4000-8000-000000000000', '0c000000-0000-4000-8000-000000000001'] as const

/** A column of an installation's own, of the table invoice. */
export const FILE_COLUMN = 'iso_paper'
/** What defines it. */
export const FILE_DOCUMENT = { extend: 'invoice', columns: { [FILE_COLUMN]: { type: 'file', maxKb: 10 } } }

/** Columns that surfaces are asked for; the others follow the same rules. */
export const PROBED: Readonly<Record<TableName, readonly string[]>> = {
  account: ['accountnumber', 'name', 'address1_city', 'creditlimit'],
  contact: ['lastname', 'jobtitle', 'telephone1', 'emailaddress1'],
  salesorder: ['ordernumber', 'name', 'totalamount'],
  salesorderdetail: ['productnumber', 'description', 'quantity'],
  invoice: ['msdyn_invoicenumber', 'description', 'msdyn_totalamount'],
}
/** What permissions may name besides: the lookups that others hang on, and what a new row is given. */
const OTHERS: Readonly<Record<TableName, readonly string[]>> = {
  account: ['parentaccountid', 'primarycontactid', 'msdyn_company'],
  contact: ['parentcustomerid', 'msdyn_company'],
  salesorder: ['customerid', 'msdyn_contactperson', 'msdyn_company'],
  salesorderdetail: ['salesorderid', 'msdyn_company'],
  invoice: ['customerid', 'salesorderid', 'msdyn_company', FILE_COLUMN],
}
export const columnsOf = (table: TableName): readonly string[] => [...PROBED[table], ...OTHERS[table]]
/** Columns that deeds write: none of those that tell rows apart. */
export const WRITTEN: Readonly<Record<TableName, readonly string[]>> = {
  account: ['name', 'address1_city', 'creditlimit', 'parentaccountid'],
  contact: ['jobtitle', 'telephone1'],
  salesorder: ['name', 'totalamount', 'customerid', 'msdyn_contactperson'],
  salesorderdetail: ['description', 'quantity', 'salesorderid'],
  invoice: ['description', 'msdyn_totalamount', 'customerid', 'salesorderid'],
}
export const ID_COLUMNS: Readonly<Record<TableName, string>> = {
  account: 'accountid',
  contact: 'contactid',
  salesorder: 'salesorderid',
  salesorderdetail: 'salesorderdetailid',
  invoice: 'invoiceid',
}
export const SET_NAMES: Readonly<Record<TableName, string>> = {
  account: 'accounts',
  contact: 'contacts',
  salesorder: 'salesorders',
  salesorderdetail: 'salesorderdetails',
  invoice: 'invoices',
}

const number = (value: unknown) => (value === null || value === undefined ? null : Number(value))
const above = (value: unknown, bound: number) => (number(value) ?? Number.NEGATIVE_INFINITY) > bound
const orderOf = (row: PlainRow, rows: PlainRows) => rows.salesorder.find((one) => one.id === row.salesorderid)

/** Conditions as somebody would write them, each with its meaning. A comparison with nothing does not hold, except `ne`. */
const CONDITIONS: Readonly<Record<TableName, readonly Condition[]>> = {
  account: [
    { text: 'creditlimit gt 500', holds: (row) => above(row.creditlimit, 500) },
    { text: 'parentaccountid eq null', holds: (row) => row.parentaccountid === null },
  ],
  contact: [{ text: "jobtitle ne 'buyer'", holds: (row) => row.jobtitle !== 'buyer' }],
  salesorder: [
    { text: 'statecode eq 0', holds: (row) => row.statecode === 0 },
    { text: 'totalamount gt 50', holds: (row) => above(row.totalamount, 50) },
    { text: "not (name eq 'x')", holds: (row) => row.name !== 'x' },
  ],
  salesorderdetail: [
    { text: 'salesorderid/statecode eq 0', holds: (row, rows) => orderOf(row, rows)?.statecode === 0 },
    { text: 'quantity gt 2', holds: (row) => above(row.quantity, 2) },
  ],
  invoice: [
    { text: 'salesorderid/totalamount gt 50', holds: (row, rows) => above(orderOf(row, rows)?.totalamount, 50) },
    {
      text: "contains(description,'x') or msdyn_totalamount gt 100",
      holds: (row) => String(row.description ?? '').includes('x') || above(row.msdyn_totalamount, 100),
    },
  ],
}

type Scope = Pick<PlainPermission, 'accessType' | 'relationship' | 'accountRelationship'>
const EVERYWHERE: readonly Scope[] = [{ accessType: 'global' }, { accessType: 'company' }]
const byAccount = (relationship?: string): Scope[] =>
  (['account', 'hierarchy'] as const).map((accessType) => ({
    accessType,
    ...(relationship === undefined ? {} : { relationship }),
  }))
const SCOPES: Readonly<Record<TableName, readonly Scope[]>> = {
  account: [
    ...EVERYWHERE,
    ...byAccount(),
    ...byAccount('parentaccountid'),
    { accessType: 'contact', relationship: 'primarycontactid' },
    { accessType: 'contact', relationship: 'primarycontactid', accountRelationship: 'parentaccountid' },
  ],
  contact: [...EVERYWHERE, ...byAccount('parentcustomerid'), { accessType: 'self' }],
  salesorder: [
    ...EVERYWHERE,
    ...byAccount('customerid'),
    { accessType: 'contact', relationship: 'msdyn_contactperson' },
    { accessType: 'contact', relationship: 'msdyn_contactperson', accountRelationship: 'customerid' },
  ],
  salesorderdetail: EVERYWHERE,
  invoice: [...EVERYWHERE, ...byAccount('customerid')],
}
/** Lookups that a parent permission can go through, and queries: in OData by `navigation` from the row and by `collection` towards it. */
export type TableLink = { table: TableName; through: string; parent: TableName; navigation: string; collection: string | null }
const link = (
  table: TableName,
  through: string,
  parent: TableName,
  navigation: string,
  collection: string | null,
): TableLink => ({
  table,
  through,
  parent,
  navigation,
  collection,
})
export const LINKS: readonly TableLink[] = [
  link('salesorderdetail', 'salesorderid', 'salesorder', 'salesorderid', 'order_details'),
  link('invoice', 'salesorderid', 'salesorder', 'salesorderid', 'order_invoices'),
  link('invoice', 'customerid', 'account', 'customerid_account', 'invoice_customer_accounts'),
  link('salesorder', 'customerid', 'account', 'customerid_account', 'order_customer_accounts'),
  link('salesorder', 'msdyn_contactperson', 'contact', 'msdyn_contactperson', null),
  link('contact', 'parentcustomerid', 'account', 'parentcustomerid', 'contact_customer_accounts'),
  link('account', 'parentaccountid', 'account', 'parentaccountid', 'account_parent_account'),
]

const index = fc.nat(2_000)
const pick = <T>(from: readonly T[], at: number): T | undefined => (from.length === 0 ? undefined : from[at % from.length])

const permissionSource = fc.record({
  table: fc.constantFrom(...TABLES),
  deny: fc.nat(4).map((n) => n === 0),
  scope: index,
  parent: fc.option(index, { freq: 1 }),
  privileges: fc.subarray([...PRIVILEGES], { minLength: 1 }).map((some) => [...new Set<PlainPrivilege>(['read', ...some])]),
  roles: fc.subarray([...ROLES], { minLength: 1 }),
  columns: fc.option(index, { freq: 2 }),
  where: fc.option(index, { freq: 2 }),
  validity: fc.constantFrom('always', 'always', 'always', 'now', 'past', 'future'),
  active: fc.nat(9).map((n) => n !== 0),
})

/** Random permissions that the program accepts: a parent grants, and to whom its child does. */
export const permissionsArbitrary: fc.Arbitrary<PlainPermission[]> = fc
  .array(permissionSource, { minLength: 1, maxLength: 10 })
  .map((sources) => {
    const made: PlainPermission[] = []
    for (const [i, source] of sources.entries()) made.push(permissionOf(`p${i}`, source, made))
    return made
  })

/** The same, and of most tables a permission for everything, within some scope: without them next to nothing could be written. */
export const writingPermissionsArbitrary: fc.Arbitrary<PlainPermission[]> = fc
  .tuple(
    permissionsArbitrary,
    fc.array(fc.record({ scope: index, isThere: fc.nat(4), where: fc.option(index, { freq: 1 }) }), {
      minLength: 5,
      maxLength: 5,
    }),
  )
  .map(([permissions, wide]) => [
    ...permissions,
    ...TABLES.flatMap((table, i): PlainPermission[] => {
      const drawn = wide[i]
      if (drawn === undefined || drawn.isThere === 0) return []
      const where = drawn.where === null ? undefined : pick(CONDITIONS[table], drawn.where)
      const scope = (drawn.scope % 2 === 0 ? undefined : pick(SCOPES[table], drawn.scope)) ?? { accessType: 'global' as const }
      const base = { name: `wide ${table}`, table, effect: 'allow' as const, active: true, privileges: PRIVILEGES }
      return [{ ...base, ...scope, roles: ['A', 'Authenticated Users'], ...(where === undefined ? {} : { where }) }]
    }),
  ])

type Source = typeof permissionSource extends fc.Arbitrary<infer T> ? T : never

function permissionOf(name: string, source: Source, before: readonly PlainPermission[]): PlainPermission {
  const { table } = source
  const parents = LINKS.filter((link) => link.table === table).flatMap((link) =>
    before
      .filter(
        (one) =>
          one.table === link.parent && one.effect === 'allow' && one.roles.some((role) => source.roles.includes(role as 'A')),
      )
      .map((one) => ({ permission: one, through: link.through })),
  )
  const parent = source.parent === null ? undefined : pick(parents, source.parent)
  // What is for anybody names its columns.
  const namesAll = !source.deny && source.roles.includes('Anonymous Users')
  const columns =
    source.columns !== null ? subsetOf(columnsOf(table), source.columns) : namesAll ? [...columnsOf(table)] : undefined
  const where = source.where === null ? undefined : pick(CONDITIONS[table], source.where)
  const validity = VALIDITY[source.validity]
  const base = {
    name,
    table,
    effect: source.deny ? ('deny' as const) : ('allow' as const),
    privileges: source.privileges,
    active: source.active,
    ...(columns === undefined ? {} : { columns }),
    ...(where === undefined ? {} : { where }),
    ...validity,
  }
  if (parent !== undefined) {
    const roles = source.roles.filter((role) => parent.permission.roles.includes(role))
    return { ...base, roles, accessType: 'parent', parent: { permission: parent.permission.name, through: parent.through } }
  }
  return { ...base, roles: source.roles, ...(pick(SCOPES[table], source.scope) ?? { accessType: 'global' }) }
}

const VALIDITY: Readonly<Record<string, { validFrom?: string; validUntil?: string }>> = {
  always: {},
  now: { validFrom: '2020-01-01', validUntil: '2099-01-01T00:00:00Z' },
  past: { validUntil: '2020-01-01' },
  future: { validFrom: '2099-01-01T09:00:01Z' },
}

function subsetOf(names: readonly string[], bits: number): string[] {
  const some = names.filter((_, i) => (bits >> i) % 2 === 1)
  return some.length === 0 ? names.slice(0, 1) : some
}

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { freq: 3, nil: null })
const amount = maybe(fc.constantFrom('10', '60', '150', '1000'))
const text = maybe(fc.constantFrom('x', 'y', 'buyer', 'xz'))

/** Rows of a small world: accounts above and below each other at any depth and in circles, in two companies, with gaps everywhere. */
export const rowsArbitrary: fc.Arbitrary<PlainRows> = fc
  .record({
    accounts: fc.array(
      fc.record({ company: index, parent: maybe(index), primary: maybe(index), creditlimit: amount, city: text }),
      {
        minLength: 2,
        maxLength: 6,
      },
    ),
    contacts: fc.array(fc.record({ company: index, account: maybe(index), jobtitle: text, telephone1: text }), {
      minLength: 1,
      maxLength: 4,
    }),
    orders: fc.array(
      fc.record({
        company: index,
        account: maybe(index),
        person: maybe(index),
        statecode: fc.nat(1),
        totalamount: amount,
        name: text,
      }),
      { maxLength: 8 },
    ),
    lines: fc.array(fc.record({ company: index, order: index, quantity: maybe(fc.constantFrom('1', '3')), description: text }), {
      maxLength: 8,
    }),
    invoices: fc.array(
      fc.record({
        company: index,
        account: maybe(index),
        order: maybe(index),
        total: amount,
        description: text,
        paper: fc.boolean(),
      }),
      {
        maxLength: 6,
      },
    ),
  })
  .map((drawn) => {
    const id = (kind: number, i: number) => `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(i).padStart(12, '0')}`
    const at = (kind: number, list: readonly unknown[], i: number | null) =>
      i === null || list.length === 0 ? null : id(kind, i % list.length)
    const inCompany = (i: number) => {
      const company = COMPANIES[i % 2] ?? COMPANIES[0]
      return { company, msdyn_company: company }
    }
    const { accounts, contacts, orders } = drawn
    return {
      account: accounts.map((one, i) => ({
        id: id(1, i),
        ...inCompany(one.company),
        accountnumber: `ACC-${i}`,
        name: `Account ${i}`,
        parentaccountid: at(1, accounts, one.parent),
        primarycontactid: at(2, contacts, one.primary),
        creditlimit: one.creditlimit,
        address1_city: one.city,
      })),
      contact: contacts.map((one, i) => ({
        id: id(2, i),
        ...inCompany(one.company),
        parentcustomerid: at(1, accounts, one.account),
        lastname: `Person ${i}`,
        fullname: `Person ${i}`,
        jobtitle: one.jobtitle,
        telephone1: one.telephone1,
        emailaddress1: `person${i}@example.com`,
      })),
      salesorder: orders.map((one, i) => ({
        id: id(3, i),
        ...inCompany(one.company),
        ordernumber: `ORD-${i}`,
        customerid: at(1, accounts, one.account),
        msdyn_contactperson: at(2, contacts, one.person),
        statecode: one.statecode,
        totalamount: one.totalamount,
        name: one.name,
      })),
      salesorderdetail:
        orders.length === 0
          ? []
          : drawn.lines.map((one, i) => ({
              id: id(4, i),
              ...inCompany(one.company),
              salesorderid: at(3, orders, one.order),
              productnumber: `PRO-${i}`,
              quantity: one.quantity,
              description: one.description,
            })),
      invoice: drawn.invoices.map((one, i) => ({
        id: id(5, i),
        ...inCompany(one.company),
        msdyn_invoicenumber: `INV-${i}`,
        customerid: at(1, accounts, one.account),
        salesorderid: at(3, orders, one.order),
        msdyn_totalamount: one.total,
        description: one.description,
        [FILE_COLUMN]: one.paper ? `paper ${i}` : null,
      })),
    }
  })

/** Roles by contact, in the order of the contacts. */
export const rolesArbitrary = fc.array(fc.subarray([...ASSIGNED]), { minLength: 4, maxLength: 4 })

/** Tokens of two programs: each with one role, for a customer or none, limited or not. */
export type Program = { role: string; withAccount: boolean; readOnly: boolean; tables: readonly TableName[] | null }
export const programsArbitrary: fc.Arbitrary<Program[]> = fc.array(
  fc.record({
    role: fc.constantFrom(...ASSIGNED),
    withAccount: fc.boolean(),
    readOnly: fc.boolean(),
    tables: fc.option(fc.subarray([...TABLES], { minLength: 1 }), { freq: 1 }),
  }),
  { minLength: 2, maxLength: 2 },
)

/** The same permissions as the files of a site. Every table is open to the web API. */
export function policyFiles(permissions: readonly PlainPermission[]): SiteFiles {
  const files = new Map([['roles.yaml', Buffer.from('roles: [{ name: Administrator }, { name: A }, { name: B }]')]])
  for (const table of TABLES) {
    const own = permissions
      .filter((one) => one.table === table)
      .map(({ table: _table, where, ...one }) => (where === undefined ? one : { ...one, where: where.text }))
    const content = { table, webApi: { enabled: true, columns: columnsOf(table) }, permissions: own }
    files.set(`permissions/${table}.yaml`, Buffer.from(stringify(content)))
  }
  // Rows belong to a legal entity, which whoever writes one names.
  const companies = {
    name: 'companies',
    accessType: 'global',
    privileges: ['read', 'appendTo'],
    roles: ROLES,
    columns: ['cdm_companycode', 'cdm_name'],
  }
  const content = { table: 'cdm_company', webApi: { enabled: true, columns: ['cdm_companycode'] }, permissions: [companies] }
  files.set('permissions/cdm_company.yaml', Buffer.from(stringify(content)))
  return files
}

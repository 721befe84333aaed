import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { listRows } from '#tables/rows.queries.ts'
import { catalog, quiet, setUp, until } from '../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../tests/support/map-variants.ts'
import type { PreviewedRow } from './facets-control.ts'
import { passes, pushableOf } from './mapping/filter.ts'
import { portalRows } from './mapping/filters.ts'

const SHIPPED = join(import.meta.dirname, '../../maps/dynamics365/customers.yaml')
const usmf = { dataAreaId: 'usmf' }
const customer = (number: string, fields: Record<string, string>) => ({
  ...usmf,
  CustomerAccount: number,
  OrganizationName: `Customer ${number}`,
  PartyType: 'Organization',
  ...fields,
})

/** The shipped map of customers with expressions, a lookup over two hops, and values that are kept back. */
function ownMaps(): string {
  const folder = mkdtempSync(join(tmpdir(), 'maps-'))
  const text = readFileSync(SHIPPED, 'utf8')
    .replace('column: msdyn_customergroupid.msdyn_groupid', 'column: msdyn_customergroupid.msdyn_paymenttermid.msdyn_name')
    .replace(
      "{ field: PrimaryContactFax, dir: '=', column: fax }",
      `{ dir: '=', column: fax, toPortal: "concat('F:', PrimaryContactFax)" }`,
    )
    .replace('values: hold, unmapped: empty', 'values: hold, unmapped: hold')
    .concat(`  - { field: Initials, dir: '<', toErp: "concat(address1_city, '/', address1_country)" }\n`)
  writeFileSync(join(folder, 'customers.yaml'), text)
  return folder
}

test('expressions and lookups over hops travel both ways; what cannot is kept back with its reason', async () => {
  const folder = ownMaps()
  await using world = await setUp({
    mapFolders: [folder],
    before: (erp) => {
      for (const [terms, group] of [
        ['N30', 'G30'],
        ['N60', 'G60'],
      ] as const) {
        erp.put('PaymentTerms', { ...usmf, Name: terms })
        erp.put('CustomerGroups', { ...usmf, CustomerGroupId: group, PaymentTermId: terms })
      }
      erp.put('CustomersV3', customer('C9', { CustomerGroupId: 'N30', PrimaryContactFax: '12' }))
      erp.put('CustomersV3', customer('C8', { OnHoldStatus: 'Nowhere' }))
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const key = 'dataAreaId=usmf,CustomerAccount=C9'
  const account = await world.row('account', 'accountnumber', 'C9')
  const groupOf = async (id: string) =>
    String((await world.row('msdyn_customergroup', 'msdyn_groupid', id)).msdyn_customergroupid)
  assert.equal(account.fax, 'F:12')
  assert.equal(account.msdyn_customergroupid, await groupOf('G30'))
  assert.ok(
    (await world.rows('account')).every((row) => row.accountnumber !== 'C8'),
    'its hold status is in no list',
  )

  await world.edit('account', account.accountid, { fax: 'F:13', msdyn_customergroupid: await groupOf('G60') })
  await until('the ERP has both', () => world.erp.get('CustomersV3', key)?.CustomerGroupId === 'N60')
  assert.equal(world.erp.get('CustomersV3', key)?.PrimaryContactFax, '13')
  await quiet(world)

  await world.edit('account', account.accountid, { address1_city: 'Lyon' })
  await until('one field of two columns', () => world.erp.get('CustomersV3', key)?.Initials === 'Lyon/')
  const preview = await world.engine.previewMap(readFileSync(join(folder, 'customers.yaml'), 'utf8'), 20)
  const cell = (rows: PreviewedRow[], id: unknown, column: string) =>
    rows.find((row) => row.key === id)?.columns.find((one) => one.column === column)
  const at = { column: 'fax', field: 'PrimaryContactFax' }
  assert.deepEqual(cell(preview.toPortal, key, 'fax'), { ...at, source: 'PrimaryContactFax: 13', value: 'F:13', note: null })
  assert.deepEqual(cell(preview.toErp, account.accountid, 'fax'), { ...at, source: 'fax: F:13', value: '13', note: null })
  assert.match(
    cell(preview.toPortal, 'dataAreaId=usmf,CustomerAccount=C8', 'msdyn_onholdstatus')?.note ?? '',
    /Nowhere is in no list/,
  )
  assert.equal(cell(preview.toErp, account.accountid, 'msdyn_customergroupid')?.value, 'N60')
  assert.ok(preview.toPortal.every((row) => !row.excluded) && preview.findings.every((one) => one.severity === 'warning'))

  await world.edit('account', account.accountid, { fax: 'none' })
  await until('the edit is parked', async () =>
    (await world.engine.listParked({ map: 'customers', rowsMax: 10 })).some((one) =>
      one.reason.includes("does not begin with 'F:'"),
    ),
  )
  assert.equal(world.erp.get('CustomersV3', key)?.PrimaryContactFax, '13')
  rmSync(folder, { recursive: true })
})

test('a lookup over hops waits for each step, whichever comes first', async () => {
  const folder = ownMaps()
  await using world = await setUp({ mapFolders: [folder] })
  await world.engine.whenRunning()
  await quiet(world)
  world.erp.put('CustomersV3', customer('C9', { CustomerGroupId: 'T1' }))
  world.erp.put('CustomersV3', customer('C8', { CustomerGroupId: 'T2' }))
  await until(
    'the accounts are here',
    async () => (await world.rows('account')).filter((row) => /^C[89]$/.test(String(row.accountnumber))).length === 2,
  )
  await quiet(world)
  world.erp.put('PaymentTerms', { ...usmf, Name: 'T1' })
  await quiet(world)
  world.erp.put('CustomerGroups', { ...usmf, CustomerGroupId: 'G1', PaymentTermId: 'T1' })
  world.erp.put('CustomerGroups', { ...usmf, CustomerGroupId: 'G2', PaymentTermId: 'T2' })
  await quiet(world)
  world.erp.put('PaymentTerms', { ...usmf, Name: 'T2' })
  for (const [number, group] of [
    ['C9', 'G1'],
    ['C8', 'G2'],
  ] as const)
    await until(`${number} belongs to ${group}`, async () => {
      const { msdyn_customergroupid } = await world.row('account', 'accountnumber', number)
      const groups = await world.rows('msdyn_customergroup')
      return (
        msdyn_customergroupid !== null &&
        groups.some((row) => row.msdyn_groupid === group && row.msdyn_customergroupid === msdyn_customergroupid)
      )
    })
  rmSync(folder, { recursive: true })
})

const FILTERS = [
  "startswith(name,'cust')",
  "not contains(name,'B')",
  "endswith(tolower(name),'z')",
  "name ne 'Abz'",
  'numberofemployees gt 10 and numberofemployees le 20',
  'not (numberofemployees gt 10)',
  'emailaddress1 eq null',
  'emailaddress1 ne null or creditlimit ge 10.5',
  "name in ('customer a','Abz')",
  'statecode eq 0 and numberofemployees ne 15',
  'createdon gt 2020-01-01T00:00:00Z',
]

test('a portal filter says the same of a row as PostgreSQL says of all', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const { cdm_companyid: msdyn_company = null } = await world.row('cdm_company', 'cdm_companycode', 'usmf')
  for (const [number, row] of [
    ['F1', { name: 'Customer A', numberofemployees: 15, creditlimit: '10.5' }],
    ['F2', { name: 'Abz', numberofemployees: 20, emailaddress1: 'a@b.example' }],
    ['F3', { name: null, numberofemployees: null, creditlimit: '10.4' }],
    ['F4', { name: 'xBx', numberofemployees: 10 }],
  ] as const)
    await world.insert('account', { accountnumber: number, statecode: 0, msdyn_company, ...row })
  const customers = world.engine.maps().find((map) => map.name === 'customers')
  assert.ok(customers)
  const rows = await world.rows('account')
  for (const text of FILTERS) {
    const portal = parseFilter(text)
    const predicate = portalRows(catalog, { ...customers, filter: { ...customers.filter, portal } })
    assert.ok(predicate)
    const found: QueryRow[] = await world.database.read((tx) =>
      listRows(tx, catalog, { table: customers.table, columns: ['accountnumber'], predicate, rowsMax: 100 }),
    )
    const judged = rows.filter((row) => passes(portal, row)).map((row) => row.accountnumber)
    assert.deepEqual(found.map((row) => row.accountnumber).sort(), judged.sort(), text)
    assert.ok(judged.length > 0 && (judged.length < rows.length || text.includes('createdon')), `${text} tells rows apart`)
  }
})

test('what the ERP can apply of a filter is asked of it', () => {
  const filter = parseFilter(
    "Type eq 'A' and (B gt 3 or C eq 1) and D in (1,2) and F in ('x',null) and startswith(E,'x') and G ne null",
  )
  assert.deepEqual(pushableOf(filter, ['eq', 'in']), [
    { field: 'Type', operator: 'eq', value: 'A' },
    { field: 'D', operator: 'in', value: ['1', '2'] },
  ])
  assert.deepEqual(pushableOf(filter, ['ne']), [{ field: 'G', operator: 'ne', value: null }])
  assert.deepEqual(pushableOf(filter, []), [])
})

test('what the ERP can apply of a filter is not read at all; what it cannot is left out here', async () => {
  let read = 0
  const erpFilter = "GroupCode in ('G1','g2','G3','G4') and GroupName ne 'Out' and not contains(GroupName,'old')"
  await using world = await setUp({
    mapFolders: [mapVariants({ 'price-groups': { filter: { erp: erpFilter } } })],
    before: (erp) => {
      const names = ['Zero', 'One', 'Out', 'Three, an OLD one', 'Four']
      for (let n = 0; n < 200; n++)
        erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: `G${n}`, GroupName: names[n] ?? 'Another' })
      const { readPage } = erp.connector
      erp.connector.readPage = async (request, signal) => {
        const page = await readPage(request, signal)
        if (request.entity === 'PriceCustomerGroups') read += page.records.length
        return page
      }
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const here = async () => (await world.rows('pricelevel')).map((row) => row.name).sort()
  assert.deepEqual([read, await here()], [3, ['G1', 'G4']])
  await world.engine.refreshMap('price-groups', 'tester')
  await quiet(world)
  assert.deepEqual([read, await here()], [6, ['G1', 'G4']])
})

import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'
import { readCatalog } from '#tables/catalog.ts'
import { parseMaps, readMapFiles } from './map-sources.ts'
import { runMapTests } from './map-tests.ts'

const catalog = readCatalog()
const shipped = join(import.meta.dirname, '../../maps/dynamics365')

test('every shipped map goes there and back, and does what its fixtures say', async () => {
  const results = await runMapTests(catalog, [shipped], { runs: 25 })
  assert.deepEqual(
    results.filter((one) => one.failures.length > 0),
    [],
  )
})

test('every shipped map has fixtures, of each way that it carries something', () => {
  const lacking = parseMaps(catalog, readMapFiles([shipped])).maps.flatMap((map) => {
    const file = join(shipped, 'tests', `${map.name}.yaml`)
    const { cases }: { cases: { to?: string; excluded?: boolean }[] } = existsSync(file)
      ? parse(readFileSync(file, 'utf8'))
      : { cases: [] }
    const ways = new Set(cases.flatMap((one) => (one.excluded === true ? [] : (one.to ?? 'portal'))))
    const isRead = map.columns.some((one) => one.toPortal && one.field !== undefined && !map.recordKey.includes(one.field))
    return [...(isRead && !ways.has('portal') ? ['portal'] : []), ...(map.writes && !ways.has('erp') ? ['erp'] : [])].map(
      (way) => `${map.name} to ${way}`,
    )
  })
  assert.deepEqual(lacking, [])
})

const MAP = `map: my-customers
title: Customers
version: 1.0.0
table: account
entity: CustomersV3
key: number
recordKey: [dataAreaId, CustomerAccount]
companyField: dataAreaId
filter: { erp: "startswith(CustomerAccount, 'C')" }
columns:
  - { field: CustomerAccount, dir: '=', column: accountnumber }
  - { dir: '=', column: fax, toPortal: "concat('F-', Fax)" }
  - { dir: '=', column: name, toPortal: "trim(concat(First, ' ', Last))", toErp: { First: "before(name, ' ')", Last: "after(name, ' ')" } }
  - { field: Weight, dir: '=', column: creditlimit, toPortal: "unit(Weight, 'kg', 'g')" }
  - { field: OnHold, dir: '=', column: msdyn_onetimecustomer, values: { 'Yes': true, 'No': false }, unmapped: hold }
  - { field: City, dir: '=', column: address1_city, default: { toPortal: Nowhere } }
  - { dir: '>', column: telephone1, toPortal: "lookup('msdyn_shipvia', Mode, 'msdyn_description')" }
  - { field: Group, dir: '=', column: msdyn_customergroupid.msdyn_paymenttermid.msdyn_name }
`
const FIXTURES = `map: my-customers
cases:
  - it: expressions, lookups over two hops, defaults
    record: { dataAreaId: usmf, CustomerAccount: C1, Fax: '12', First: Ada, Last: Lovelace, Weight: '1.5', OnHold: 'Yes', City: null, Mode: AIR, Group: 30 days }
    rows: { msdyn_shipvia: { AIR: { msdyn_description: By air } } }
    row: { accountnumber: C1, fax: F-12, name: Ada Lovelace, creditlimit: '1500', msdyn_onetimecustomer: true, address1_city: Nowhere, telephone1: By air, msdyn_customergroupid: 30 days }
  - it: what the list does not have is kept back
    record: { CustomerAccount: C1, OnHold: Perhaps }
    held: Perhaps is in no list
  - it: a row that is not there is waited for
    record: { dataAreaId: usmf, CustomerAccount: C1, Group: 30 days, Mode: SEA }
    without: { msdyn_paymentterm: [30 days], msdyn_shipvia: [SEA] }
    waits: [telephone1, msdyn_customergroupid]
  - it: others stay out
    record: { CustomerAccount: X1 }
    excluded: true
  - it: and back
    to: erp
    row: { accountnumber: C1, fax: F-12, name: Ada Lovelace, creditlimit: '1500', msdyn_customergroupid: 30 days }
    record: { CustomerAccount: C1, Fax: '12', First: Ada, Last: Lovelace, Weight: '1.5', Group: 30 days }
  - it: what cannot go back is kept back
    to: erp
    row: { accountnumber: C1, fax: '12' }
    held: does not begin with 'F-'
`

test('an integrator’s own map is tried by its fixtures and at random, and what fails is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maps-'))
  try {
    mkdirSync(join(folder, 'tests'))
    cpSync(join(shipped, 'values.yaml'), join(folder, 'values.yaml'))
    writeFileSync(join(folder, 'my-customers.yaml'), MAP)
    writeFileSync(join(folder, 'tests/my-customers.yaml'), FIXTURES)
    const [well] = await runMapTests(catalog, [folder], { runs: 50 })
    assert.deepEqual(well, { map: 'my-customers', passed: 8, failures: [] })

    writeFileSync(
      join(folder, 'tests/my-customers.yaml'),
      FIXTURES.replace("creditlimit: '1500', msdyn_one", "creditlimit: '1501', msdyn_one").replace(
        'excluded: true',
        'excluded: false',
      ),
    )
    writeFileSync(join(folder, 'tests/other.yaml'), 'map: no-such-map\ncases: [{ it: x }]')
    writeFileSync(join(folder, 'my-customers.yaml'), MAP.replace("after(name, ' ')", "split(name, ' ', 2)"))
    const failures = (await runMapTests(catalog, [folder], { runs: 300 })).flatMap((one) => one.failures)
    const said = failures.map((one) => `${one.name}: ${one.message}`).join('\n')
    assert.match(said, /creditlimit is '1500', not '1501'/)
    assert.match(said, /others stay out: the record is outside the filter/)
    assert.match(said, /other\.yaml: there is no such map/)
    assert.match(said, /there and back: name '.*' came back as/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

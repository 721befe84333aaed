import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { EntityDescription, FieldDescription } from '#connector/contract.ts'
import { createCatalog, readCatalog, readStandardTables } from '#tables/catalog.ts'
import { parseMaps, readMapFiles } from './map-sources.ts'
import { FINDING_CODES } from './mapping/findings.ts'
import { type ValidationGround, validateMap } from './validate-map.ts'

const catalog = readCatalog()
const sources = readMapFiles([join(import.meta.dirname, '../../maps/dynamics365')])
const { maps } = parseMaps(catalog, sources)

const field = (type: FieldDescription['type'], nullable = true, enumMembers: string[] = []): FieldDescription => ({
  type,
  nullable,
  enumMembers,
})
const CUSTOMERS: EntityDescription = {
  name: 'CustomersV3',
  keyFields: ['dataAreaId', 'CustomerAccount'],
  companyField: 'dataAreaId',
  fields: new Map([
    ['dataAreaId', field('string', false)],
    ['CustomerAccount', field('string', false)],
    ['OrganizationName', field('string', false)],
    ['PartyNumber', field('string')],
    ['CreditLimit', field('decimal')],
    // Never empty, and nobody's duty: the ERP writes 0.
    ['Employees', { ...field('integer', false), hasDefault: true }],
    ['CreatedOn', field('datetime')],
    ['Blocked', field('enum', true, ['No', 'Yes'])],
    ['ContactPersonId', field('string')],
  ]),
}
const ground: ValidationGround = { catalog, lists: sources.lists, entities: [CUSTOMERS], maps, companies: ['usmf'] }

/** A map with nothing to find. */
const WELL = `map: my-customers
title: { en: Customers, fr: Clients }
version: 1.0.0
table: account
entity: CustomersV3
key: number
recordKey: [dataAreaId, CustomerAccount]
companyField: dataAreaId
columns:
  - { field: CustomerAccount, dir: '=', column: accountnumber }
  - { field: OrganizationName, dir: '=', column: name }
`
const LINE = '  - { field: OrganizationName'
const with_ = (entry: string) => `${WELL}  - ${entry}\n`

/** For each code a text that has it, where it is found, and what the sentence must say. */
const CASES: Readonly<
  Record<keyof typeof FINDING_CODES, { text: string; at: string; says: string; ground?: Partial<ValidationGround> }>
> = {
  DIPV1000: { text: WELL, at: '', says: 'no answer', ground: { entities: { unreachable: 'no answer' } } },
  DIPV1002: { text: WELL.replace('companyField: dataAreaId\n', ''), at: 'companyField', says: 'companyField must say' },
  DIPV1003: { text: WELL.replace('key: number', 'key: nr'), at: 'key', says: 'has no key nr' },
  DIPV1004: {
    text: WELL.replace("dir: '=', column: accountnumber", "dir: '>', column: accountnumber"),
    at: 'columns',
    says: 'accountnumber goes one way',
  },
  DIPV1008: {
    text: WELL.replace('columns:', `filter: { erp: "dataAreaId eq 'frrt'" }\ncolumns:`),
    at: 'filter.erp',
    says: 'frrt',
  },
  DIPV1010: {
    text: WELL.replace('table: account', 'table: product').replace('accountnumber', 'msdyn_itemnumber'),
    at: 'columns',
    says: 'msdyn_productnumber must have a value and gets none',
  },
  DIPV1011: {
    text: with_("{ field: PartyNumber, dir: '>', column: versionnumber }"),
    at: 'columns[2].column',
    says: 'versionnumber that can be written',
  },
  DIPV1012: {
    text: WELL.replace('columns:', 'filter: { portal: nobody eq 1 }\ncolumns:'),
    at: 'filter.portal',
    says: 'no column nobody',
  },
  DIPV1014: { text: WELL.replace('column: accountnumber', 'column: fax'), at: 'columns', says: 'key column accountnumber' },
  DIPV1015: {
    text: with_("{ field: ContactPersonId, dir: '>', column: primarycontactid.lastname }"),
    at: 'columns',
    says: 'no key of contact',
  },
  DIPV1018: { text: WELL.replace('CustomersV3', 'CustomersV9'), at: 'entity', says: 'CustomersV9' },
  DIPV1019: { text: WELL, at: 'table', says: 'no version', ground: { catalog: withoutVersions() } },
  DIPV1020: { text: WELL.replace('table: account', 'table: acount'), at: 'table', says: 'no table acount' },
  DIPV1021: { text: with_("{ dir: '>', column: fax }"), at: 'columns[2].field', says: 'needs a constant or an expression' },
  DIPV1022: {
    text: with_("{ field: Fax, dir: '>', column: fax }"),
    at: 'columns[2].field',
    says: 'CustomersV3 has no field Fax',
  },
  DIPV1023: {
    text: with_("{ field: OrganizationName, dir: '=', column: fax }"),
    at: 'columns[2].field',
    says: 'OrganizationName goes both ways',
  },
  DIPV1024: { text: with_("{ field: PartyNumber, dir: '>' }"), at: 'columns[2].column', says: 'names no column' },
  DIPV1025: {
    text: with_("{ field: PartyNumber, dir: '>', column: faax }"),
    at: 'columns[2].column',
    says: 'account has no column faax',
  },
  DIPV1026: {
    text: with_("{ field: PartyNumber, dir: '>', column: name }"),
    at: 'columns[2].column',
    says: 'name gets its value from two',
  },
  DIPV1027: {
    text: with_("{ field: ContactPersonId, dir: '>', column: primarycontactid.msdyn_contactpersonid }"),
    at: 'columns',
    says: 'no map brings contact',
    ground: { maps: [] },
  },
  DIPV1028: {
    text: with_("{ field: ContactPersonId, dir: '<', column: primarycontactid.msdyn_contactpersonid }"),
    at: 'columns',
    says: 'no map brings contact',
    ground: { maps: [] },
  },
  DIPV1029: {
    text: with_("{ field: Blocked, dir: '>', column: msdyn_onetimecustomer, values: { 'Yes': true, 'yes': false } }"),
    at: 'columns[2].values',
    says: 'twice',
  },
  DIPV1030: {
    text: with_("{ field: CreatedOn, dir: '>', column: creditlimit }"),
    at: 'columns[2]',
    says: 'money column does not take a datetime',
  },
  DIPV1031: {
    text: WELL.replace(`${LINE}, dir: '='`, "  - { field: PartyNumber, dir: '>'"),
    at: 'columns',
    says: 'OrganizationName must have a value in the ERP',
  },
  CMP2001: { text: WELL.replace('version: 1.0.0', 'version: 1'), at: 'version', says: 'not a table map' },
  CMP2002: {
    text: with_("{ dir: '>', column: fax, toPortal: 'uper(PartyNumber)' }"),
    at: 'columns[2].toPortal',
    says: 'not a function',
  },
  CMP2003: {
    text: with_("{ field: PartyNumber, dir: '=', column: fax, toPortal: 'lower(PartyNumber)' }"),
    at: 'columns[2]',
    says: 'lower cannot be undone',
  },
  CMP2004: {
    text: with_(`{ dir: '=', column: fax, toPortal: "upper(PartyNumber)", toErp: { PartyNumber: "concat(fax, '!')" } }`),
    at: 'columns[2]',
    says: 'returns as',
  },
  CMP2005: { text: with_("{ field: CreditLimit, dir: '>', column: numberofemployees }"), at: 'columns[2]', says: 'has decimals' },
  CMP2006: {
    text: with_("{ dir: '>', column: fax, toPortal: 'truncate(PartyNumber, 5000)' }"),
    at: 'columns[2]',
    says: 'leaves 5000 characters',
  },
  CMP2007: {
    text: with_("{ field: Blocked, dir: '=', column: msdyn_onetimecustomer, values: yes-no }"),
    at: 'columns[2].values',
    says: 'outside the list',
  },
  CMP2009: {
    text: WELL.replace('column: name }', "column: name, wins: { portalWhile: 'nobody eq 1' } }"),
    at: 'columns[1].wins',
    says: 'no column nobody',
  },
  CMP2010: {
    text: WELL.replace('columns:', 'excludes: [nothing-else]\ncolumns:'),
    at: 'excludes[0]',
    says: 'no map nothing-else',
  },
  CMP2011: {
    text: WELL.replace('columns:', 'deletes: { toErp: mark }\ncolumns:'),
    at: 'deletes.markErp',
    says: 'names no field',
  },
  CMP2018: {
    text: WELL.replace('columns:', 'givenUp: { statuscode: 2, fax: 7 }\ncolumns:'),
    at: 'givenUp.fax',
    says: 'must be a text',
  },
  CMP2012: {
    text: WELL.replace('columns:', 'group: { parent: nothing-else, through: primarycontactid }\ncolumns:'),
    at: 'group.through',
    says: 'not a lookup that the map carries',
  },
  CMP2013: {
    text: WELL.replace('columns:', 'findBy: [PartyNumber]\ncolumns:'),
    at: 'findBy',
    says: 'PartyNumber, which is not mapped',
  },
  CMP2014: {
    text: WELL.replace('columns:', 'fillFrom: { through: primarycontactid, columns: { fax: faax } }\ncolumns:'),
    at: 'fillFrom',
    says: 'contact has no column faax',
  },
  CMP2015: {
    text: with_("{ field: Blocked, dir: '>', column: msdyn_onetimecustomer, values: no-such }"),
    at: 'columns[2].values',
    says: 'no list of values no-such',
  },
  CMP2016: {
    text: with_("{ dir: '>', column: fax, toPortal: 'upper(PartyNumber)', case: lower }"),
    at: 'columns[2]',
    says: 'takes no values, constant, else or case',
  },
  CMP2017: { text: with_("{ field: PartyNumber, dir: '=', column: fax, case: lower }"), at: 'columns[2]', says: 'lower case' },
}

test('a map that is well has no findings', () => {
  assert.deepEqual(validateMap(WELL, ground), [])
})

test('each rule has its code, its place and a sentence with what to do', () => {
  for (const [code, { text, at, says, ground: own }] of Object.entries(CASES)) {
    const findings = validateMap(text, { ...ground, ...own })
    const found = findings.find((one) => one.code === code && one.at === at && one.message.includes(says))
    assert.ok(found !== undefined, `${code}: ${JSON.stringify(findings, null, 1)}`)
    assert.ok(found.remedy.length > 5 && found.message.endsWith('.'), code)
    assert.equal(found.severity, FINDING_CODES[code as keyof typeof FINDING_CODES].severity)
  }
})

test('a finding names the line of the text', () => {
  const [found] = validateMap(WELL.replace(LINE, '  - { field: Nobody'), ground)
  assert.equal(found?.code, 'DIPV1022')
  assert.equal(found?.line, 11)
  assert.equal(validateMap('map: [', ground)[0]?.code, 'CMP2001')
})

test('the shipped maps have nothing to correct and nothing doubtful', () => {
  for (const [name, { text }] of sources.texts) {
    const findings = validateMap(text, { catalog, lists: sources.lists, maps })
    assert.deepEqual(findings, [], name)
  }
})

function withoutVersions(): typeof catalog {
  return createCatalog(
    readStandardTables().map((table) =>
      table.name === 'account'
        ? { ...table, columns: new Map([...table.columns].filter(([name]) => name !== 'versionnumber')) }
        : table,
    ),
  )
}

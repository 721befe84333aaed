import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'

/** One of Microsoft's maps, as printed: what goes from which field to which column, and in which direction. */
type Printed = { sec: string; rows: { fo: string; dir: string; dv: string }[] }
type Entry = { field?: string; column?: string; dir: string }

const REFERENCE = resolve(import.meta.dirname, '../../shared/reference/dual-write-maps.json')
const FOLDER = join(import.meta.dirname, '../maps/dynamics365')
const skip = existsSync(REFERENCE) ? false : '../shared/reference/dual-write-maps.json is not here'

/** Section of the reference → our maps. */
const MAPS: Readonly<Record<string, readonly string[]>> = {
  '3.1': ['sales-order-headers'],
  '3.2': ['sales-order-lines'],
  '3.3': ['customers-by-party'],
  '3.4': ['customers'],
  '3.5': ['person-customers-by-party'],
  '3.6': ['person-customers'],
  '3.7': ['vendor-contacts'],
  '3.8': ['contacts-for-parties'],
  '3.9': ['released-products'],
  '3.10': ['all-products'],
  '3.11': ['product-details'],
  '3.12a': ['invoices'],
  '3.12b': ['invoice-lines'],
  '3.13': ['parties'],
  '3.14': ['address-locations'],
  '3.15': ['addresses'],
  '3.16': ['party-addresses'],
  '3.17': ['party-contacts'],
  '3.18': ['payment-terms'],
  '3.19': ['delivery-modes'],
  '3.20': ['delivery-terms'],
  '3.21': ['customer-groups'],
  '3.22': ['payment-methods'],
  '3.23': [
    'payment-days',
    'payment-day-lines',
    'payment-schedules',
    'payment-schedule-lines',
    'price-customer-groups',
    'sales-order-origins',
  ],
  '3.24': ['units'],
  '3.25': ['unit-conversions', 'product-units'],
  '3.26': ['warehouses'],
  '3.27': ['sites'],
  '3.28': ['companies'],
  '3.29': ['currencies'],
  '3.30a': ['on-hand-requests'],
  '3.30b': ['on-hand-entries'],
  '3.31': ['quotations'],
  '3.32': ['quotation-lines'],
  '3.33': ['order-attachments', 'customer-attachments'],
}

/** Rows that we carry otherwise: in which sections, from which field, to which column instead ('' is: not at all), and why. */
type Exception = { in: string; field: string; column: string; why: string }

const AS_TEXT = 'it looks up a table that none of the standard maps fills: kept as text'
const SPELLED = 'Microsoft’s column is misspelled'
const OWN_CONTACT = 'the contact is the customer’s own; in the party model it is a contact for a party'

const OTHERWISE: readonly Exception[] = [
  { in: '3.1 3.31', field: 'ContactPersonId', column: 'msdyn_contactperson.msdyn_contactpersonid', why: OWN_CONTACT },
  { in: '3.12a', field: 'ContactPersonId', column: 'msdyn_contactperson.msdyn_contactpersonid', why: OWN_CONTACT },
  {
    in: '3.1',
    field: 'PriceCustomerGroupCode',
    column: 'pricelevelid.name',
    why: 'price groups are price lists here, with prices',
  },
  { in: '3.1', field: 'SalesOrderOriginCode', column: 'msdyn_salesorderorigincode', why: 'a code need not be in the list' },
  { in: '3.2 3.12b 3.32', field: 'SalesProductCategoryName', column: 'comptoir_salesproductcategory', why: AS_TEXT },
  {
    in: '3.2 3.12b 3.32',
    field: 'SalesProductCategoryHierarchyName',
    column: 'comptoir_salesproductcategoryhierarchy',
    why: AS_TEXT,
  },
  { in: '3.3 3.4', field: 'VendorAccount', column: 'comptoir_vendoraccount', why: AS_TEXT },
  { in: '3.3 3.5', field: 'SalesTaxGroup', column: 'comptoir_salestaxgroup', why: AS_TEXT },
  {
    in: '3.4',
    field: 'LanguageId',
    column: 'comptoir_languageid',
    why: 'the customer’s language comes from the ERP; none is forced',
  },
  { in: '3.4 3.6', field: 'PrimaryContactLinkedInDescription', column: 'msdyn_primarylinkedindescription', why: SPELLED },
  { in: '3.6', field: 'PrimaryContactLinkedIn', column: 'msdyn_primarylinkedinid', why: SPELLED },
  { in: '3.7', field: 'AssociatedContactNumber', column: 'comptoir_vendoraccount', why: AS_TEXT },
  { in: '3.8', field: 'PrimarySalutationPhrase', column: 'comptoir_primarysalutationphrase', why: AS_TEXT },
  { in: '3.8', field: 'ContactPersonResponsiblePersonnelNumber', column: 'comptoir_employeeresponsible', why: AS_TEXT },
  { in: '3.8', field: 'DecisionMakingRoleCode', column: 'comptoir_decisionmakingrole', why: AS_TEXT },
  { in: '3.8', field: 'EmploymentJobTitle', column: 'comptoir_jobtitle', why: AS_TEXT },
  { in: '3.8', field: 'LoyaltyLevelPhrase', column: 'comptoir_loyaltylevelphrase', why: AS_TEXT },
  { in: '3.8', field: 'PersonalCharacterTypeCode', column: 'comptoir_personalcharactertypecode', why: AS_TEXT },
  { in: '3.8', field: 'PrimaryComplimentaryClosingPhrase', column: 'comptoir_primaryclosingphrase', why: AS_TEXT },
  { in: '3.9', field: 'ProductColorId', column: 'comptoir_productcolor', why: AS_TEXT },
  { in: '3.9', field: 'ProductConfigurationId', column: 'comptoir_productconfiguration', why: AS_TEXT },
  { in: '3.9', field: 'ProductSizeId', column: 'comptoir_productsize', why: AS_TEXT },
  { in: '3.9', field: 'ProductStyleId', column: 'comptoir_productstyle', why: AS_TEXT },
  { in: '3.11', field: 'PrimaryVendorAccountNumber', column: 'comptoir_primaryvendoraccount', why: AS_TEXT },
  { in: '3.11', field: 'ProductDimensionGroupName', column: 'comptoir_productdimensiongroup', why: AS_TEXT },
  { in: '3.11', field: 'StorageDimensionGroupName', column: 'comptoir_storagedimensiongroup', why: AS_TEXT },
  { in: '3.11', field: 'TrackingDimensionGroupName', column: 'comptoir_trackingdimensiongroup', why: AS_TEXT },
  { in: '3.12a', field: 'TotalDiscountCustomerGroupCode', column: '', why: 'the code of a group, printed for a column of money' },
  { in: '3.12b', field: 'none producttypecode', column: '', why: 'what a Dataverse plug-in wants to see on a line' },
  { in: '3.12b', field: 'none propertyconfigurationstatus', column: '', why: 'what a Dataverse plug-in wants to see on a line' },
]

/** Rows that go to the same column in another direction. A field of '*' is every row of the section. */
const TURNED: readonly { in: string; field: string; dir: readonly string[]; why: string }[] = [
  { in: '3.18 3.19 3.21 3.29 3.30b', field: '*', dir: ['>', '>>'], why: 'the ERP keeps it; here it is only shown' },
  {
    in: '3.1 3.2 3.31 3.32',
    field: 'DeliveryAddressCountryRegionISOCode',
    dir: ['='],
    why: 'the code itself, for every country',
  },
  { in: '3.2 3.32', field: 'FormattedDeliveryAddress', dir: ['>'], why: 'the ERP formats it' },
  { in: '3.26 3.27', field: 'FormattedPrimaryAddress', dir: ['>'], why: 'the ERP formats it' },
  { in: '3.3 3.4 3.5 3.6', field: 'PartyCountry', dir: ['>'], why: 'it follows from the party’s address' },
  { in: '3.3 3.4 3.5 3.6', field: 'PartyState', dir: ['>'], why: 'it follows from the party’s address' },
  { in: '3.4 3.6', field: 'PartyNumber', dir: ['>'], why: 'the ERP numbers parties' },
  { in: '3.6', field: 'DeliveryAddressLongitude', dir: ['>'], why: 'no value is changed on the way, as for the latitude' },
  { in: '3.9', field: 'SalesUnitDecimalPrecision', dir: ['>'], why: 'no value is changed on the way' },
  { in: '3.25', field: 'ProductNumber', dir: ['>'], why: 'conversions of a product are the ERP’s' },
  { in: '3.31', field: 'GeneratedSalesOrderNumber', dir: ['>'], why: 'the ERP makes the order' },
  { in: '3.33', field: 'SalesOrderNumber', dir: ['>'], why: 'the order is a lookup; its number is shown beside it' },
  { in: '3.33', field: 'CustomerAccountNumber', dir: ['>'], why: 'the customer is a lookup; its number is shown beside it' },
]

test('each of the 836 rows of Microsoft’s 35 maps is carried, or otherwise for a reason', { skip }, () => {
  const printed = JSON.parse(readFileSync(REFERENCE, 'utf8')) as Printed[]
  assert.equal(printed.length, 35)
  assert.deepEqual(printed.map((one) => one.sec).sort(), Object.keys(MAPS).sort())
  const used = new Set<object>()
  const missing: string[] = []
  let count = 0
  for (const { sec, rows } of printed) {
    const entries = (MAPS[sec] ?? []).flatMap(entriesOf)
    for (const { fo, dir, dv } of rows) {
      count += 1
      // '[orders] NOTES' is a row of one of several maps printed together.
      const field = fo.replace(/^\[.*\] /, '').toLowerCase()
      const exact = entries.filter((one) => fieldOf(one) === field && columnOf(one) === dv.toLowerCase())
      if (exact.some((one) => one.dir === dir)) continue
      const reason = exact.length > 0 ? turned(sec, field, exact) : otherwise(sec, field, dv.toLowerCase(), entries)
      if (reason === undefined) missing.push(`${sec}: ${fo} ${dir} ${dv}`)
      else used.add(reason)
    }
  }
  assert.deepEqual(missing, [])
  assert.equal(count, 836)
  assert.deepEqual(
    [...OTHERWISE, ...TURNED].filter((one) => !used.has(one)),
    [],
    'reasons that nothing needs',
  )
})

function turned(sec: string, field: string, found: readonly Entry[]): object | undefined {
  return TURNED.find(
    (one) =>
      one.in.split(' ').includes(sec) &&
      (one.field === '*' || one.field.toLowerCase() === field) &&
      found.some((entry) => one.dir.includes(entry.dir)),
  )
}

function otherwise(sec: string, field: string, column: string, entries: readonly Entry[]): object | undefined {
  const name = field === 'none' ? `none ${column}` : field
  return OTHERWISE.find(
    (one) =>
      one.in.split(' ').includes(sec) &&
      one.field.toLowerCase() === name &&
      (one.column === '' || entries.some((entry) => fieldOf(entry) === field && columnOf(entry) === one.column)),
  )
}

function entriesOf(map: string): Entry[] {
  return (parse(readFileSync(join(FOLDER, `${map}.yaml`), 'utf8')) as { columns: Entry[] }).columns
}

function fieldOf(entry: Entry): string {
  return (entry.field ?? 'none').toLowerCase()
}

function columnOf(entry: Entry): string {
  return (entry.column ?? 'none').toLowerCase()
}

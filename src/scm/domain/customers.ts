import { compare } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { updateAddress } from './addresses.ts'
import { refuse, refuseField } from './infolog.ts'
import { nextNumber } from './number-sequences.ts'
import { checkFilled, checkMember, checkReferences, type Reference } from './references.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from './rows.queries.ts'
import { decimal, type Fields, firstText, has, type Row, text, without } from './rows.ts'

const ENTITY = 'CustCustomerV3Entity'
const HOLDS = ['No', 'Invoice', 'All', 'Payment', 'Requisition', 'Never', 'PurchOrder']
const ADDRESS_PREFIXES = ['Address', 'DeliveryAddress', 'InvoiceAddress']
const ADDRESS_PARTS = ['Street', 'StreetNumber', 'City', 'ZipCode', 'County', 'State', 'CountryRegionId', 'CountryRegionISOCode']
const MANDATORY = { OrganizationName: 'Name', CustomerGroupId: 'Customer group', SalesCurrencyCode: 'Currency' }

const REFERENCES: readonly Reference[] = [
  {
    field: 'CustomerGroupId',
    label: 'Customer group',
    table: 'customer_group',
    key: 'CustomerGroupId',
    tableLabel: 'Customer groups',
  },
  {
    field: 'SalesCurrencyCode',
    label: 'Currency',
    table: 'currency',
    key: 'CurrencyCode',
    tableLabel: 'Currencies',
    shared: true,
  },
  { field: 'PaymentTerms', label: 'Terms of payment', table: 'payment_term', key: 'Name', tableLabel: 'Terms of payment' },
  { field: 'DeliveryMode', label: 'Mode of delivery', table: 'delivery_mode', key: 'ModeCode', tableLabel: 'Modes of delivery' },
  { field: 'DeliveryTerms', label: 'Delivery terms', table: 'delivery_term', key: 'TermsCode', tableLabel: 'Terms of delivery' },
  {
    field: 'DiscountPriceGroupId',
    label: 'Price group',
    table: 'price_customer_group',
    key: 'GroupCode',
    tableLabel: 'Price groups',
  },
  {
    field: 'SalesTaxGroup',
    label: 'Sales tax group',
    table: 'sales_tax_group',
    key: 'TaxGroupCode',
    tableLabel: 'Sales tax groups',
  },
  { field: 'WarehouseId', label: 'Warehouse', table: 'warehouse', key: 'WarehouseId', tableLabel: 'Warehouses' },
  { field: 'SiteId', label: 'Site', table: 'operational_site', key: 'SiteId', tableLabel: 'Sites' },
  { field: 'ContactPersonId', label: 'Contact', table: 'contact_person', key: 'ContactPersonId', tableLabel: 'Contact person' },
]

/** A customer with its number and the defaults of its group and company; it becomes a party of the address book by that. */
export async function insertCustomer(tx: Tx, company: string, given: Fields): Promise<Row> {
  checkFilled(ENTITY, given, MANDATORY)
  await checkCustomer(tx, company, given)
  const account = has(given, 'CustomerAccount') ? text(given, 'CustomerAccount') : await nextNumber(tx, company, 'customer')
  const known = await findRow(tx, 'customer', { dataAreaId: company, CustomerAccount: account })
  if (known !== undefined)
    refuse(`Cannot create a record in Customers (CustTable). Customer account: ${account}. The record already exists.`)
  if (has(given, 'InvoiceAccount') && text(given, 'InvoiceAccount') !== account) await checkInvoiceAccount(tx, company, given)
  const group = await getRow(tx, 'customer_group', { dataAreaId: company, CustomerGroupId: text(given, 'CustomerGroupId') })
  const entity = await getRow(tx, 'legal_entity', { DataArea: company })
  return insertRow(tx, 'customer', {
    LanguageId: firstText(text(entity, 'LanguageId'), 'en-us'),
    PaymentTerms: text(group, 'PaymentTermId'),
    SalesTaxGroup: text(group, 'TaxGroupId'),
    IsSalesTaxIncludedInPrices: text(group, 'IsSalesTaxIncludedInPrice'),
    NameAlias: text(given, 'OrganizationName').slice(0, 20),
    ...given,
    CustomerAccount: account,
    dataAreaId: company,
  })
}

export async function updateCustomer(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const company = text(row, 'dataAreaId')
  const fields = without(given, ['dataAreaId', 'CustomerAccount'])
  const emptied = Object.keys(MANDATORY).filter((field) => field in fields)
  checkFilled(ENTITY, fields, Object.fromEntries(Object.entries(MANDATORY).filter(([field]) => emptied.includes(field))))
  await checkCustomer(tx, company, fields)
  if (has(fields, 'InvoiceAccount')) await checkInvoiceAccount(tx, company, fields)
  const after = await updateRow(tx, 'customer', row.recid, fields)
  await passOnToAddresses(tx, after, fields)
  return getRow(tx, 'customer', { recid: row.recid })
}

export async function removeCustomer(tx: Tx, row: Row): Promise<void> {
  const where = { dataAreaId: text(row, 'dataAreaId'), OrderingCustomerAccountNumber: text(row, 'CustomerAccount') }
  if ((await findRow(tx, 'sales_order_header', where)) !== undefined)
    refuse(`Cannot delete a record in Customers (CustTable). Sales orders exist for customer ${text(row, 'CustomerAccount')}.`)
  await deleteRow(tx, 'customer', row.recid)
}

/** Whether the customer's hold stops this kind of document. */
export function isOnHold(customer: Row, document: 'order' | 'delivery' | 'invoice'): boolean {
  const hold = text(customer, 'OnHoldStatus')
  return hold === 'All' || (hold === 'Invoice' && document !== 'order')
}

async function checkCustomer(tx: Tx, company: string, fields: Fields): Promise<void> {
  checkMember(ENTITY, fields, 'OnHoldStatus', HOLDS)
  if (has(fields, 'CreditLimit') && compare(decimal(fields, 'CreditLimit'), '0') < 0)
    refuseField(ENTITY, 'CreditLimit', 'Credit limit must not be negative.')
  await checkReferences(tx, { entity: ENTITY, company, fields }, REFERENCES)
}

/** An address that is changed on the customer changes where it is kept; one that serves several purposes there stays as it is. */
async function passOnToAddresses(tx: Tx, customer: Row, fields: Fields): Promise<void> {
  const locations = ADDRESS_PREFIXES.map((prefix) => text(customer, `${prefix}LocationId`))
  for (const [index, prefix] of ADDRESS_PREFIXES.entries()) {
    const location = locations[index] ?? ''
    const parts = ADDRESS_PARTS.filter((part) => `${prefix}${part}` in fields)
    if (parts.length === 0 || location === '' || locations.filter((one) => one === location).length > 1) continue
    const key = { dataAreaId: text(customer, 'dataAreaId'), CustomerAccount: text(customer, 'CustomerAccount') }
    const address = await findRow(tx, 'customer_address', { ...key, AddressLocationId: location }, 'lock')
    if (address === undefined) continue
    const changed = parts.map((part) => [`Address${part}`, text(fields, `${prefix}${part}`)] as const)
    await updateAddress(tx, address, Object.fromEntries(changed))
  }
}

async function checkInvoiceAccount(tx: Tx, company: string, fields: Fields): Promise<void> {
  await checkReferences(tx, { entity: ENTITY, company, fields }, [
    { field: 'InvoiceAccount', label: 'Invoice account', table: 'customer', key: 'CustomerAccount', tableLabel: 'Customers' },
  ])
}

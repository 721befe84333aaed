import type { Tx } from '#postgres/database.ts'
import { formatAddress } from './address-format.ts'
import { refuse } from './infolog.ts'
import { nextLocationNumber } from './parties/numbers.queries.ts'
import { checkFilled, checkReferences } from './references.ts'
import { deleteRow, findRow, getRow, insertRow, updateRow } from './rows.queries.ts'
import { type Fields, type FieldValue, has, isYes, type Row, text, without } from './rows.ts'

const ENTITY = 'CustCustomerPostalAddressV2Entity'

/** Customer's column prefix → the role of an address that fills it. */
const ROLES = { DeliveryAddress: 'Delivery', InvoiceAddress: 'Invoice' } as const

const PARTS = ['LocationId', 'Description', 'Street', 'StreetNumber', 'City', 'ZipCode', 'County', 'State', 'CountryRegionId']

/** An address of a customer. The primary one, and the ones for delivery and invoices, also stand on the customer's own row. */
export async function insertAddress(tx: Tx, company: string, given: Fields): Promise<Row> {
  checkFilled(ENTITY, given, { CustomerAccount: 'Customer account' })
  await checkCustomer(tx, company, given)
  const id = has(given, 'AddressLocationId') ? text(given, 'AddressLocationId') : await nextLocationNumber(tx)
  const key = { dataAreaId: company, CustomerAccount: text(given, 'CustomerAccount'), AddressLocationId: id }
  if ((await findRow(tx, 'customer_address', key)) !== undefined)
    refuse(`Cannot create a record in Customer postal addresses. Location: ${id}. The record already exists.`)
  const row = await insertRow(tx, 'customer_address', { ...given, ...key, FormattedDeliveryAddress: formatted(given) })
  await copyToCustomer(tx, row)
  return row
}

export async function updateAddress(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['dataAreaId', 'CustomerAccount', 'AddressLocationId'])
  const after = await updateRow(tx, 'customer_address', row.recid, {
    ...fields,
    FormattedDeliveryAddress: formatted({ ...row, ...fields }),
  })
  await copyToCustomer(tx, after)
  return after
}

export async function removeAddress(tx: Tx, row: Row): Promise<void> {
  await deleteRow(tx, 'customer_address', row.recid)
}

async function copyToCustomer(tx: Tx, address: Row): Promise<void> {
  const roles = text(address, 'AddressLocationRoles').split(';')
  const prefixes = Object.entries(ROLES)
    .filter(([, role]) => roles.includes(role))
    .map(([prefix]) => prefix)
  if (isYes(address, 'IsPrimary')) prefixes.push('Address')
  if (prefixes.length === 0) return
  const fields: Record<string, FieldValue> = {}
  for (const prefix of prefixes) {
    for (const part of [...PARTS, 'CountryRegionISOCode']) fields[`${prefix}${part}`] = text(address, `Address${part}`)
  }
  if (prefixes.includes('Address')) fields.FullPrimaryAddress = text(address, 'FormattedDeliveryAddress')
  const where = { dataAreaId: text(address, 'dataAreaId'), CustomerAccount: text(address, 'CustomerAccount') }
  const customer = await getRow(tx, 'customer', where, 'lock')
  await updateRow(tx, 'customer', customer.recid, fields)
}

function formatted(fields: Readonly<Record<string, unknown>>): string {
  return formatAddress({
    street: text(fields, 'AddressStreet'),
    streetNumber: text(fields, 'AddressStreetNumber'),
    city: text(fields, 'AddressCity'),
    zipCode: text(fields, 'AddressZipCode'),
    state: text(fields, 'AddressState'),
    country: text(fields, 'AddressCountryRegionId'),
  })
}

async function checkCustomer(tx: Tx, company: string, fields: Fields): Promise<void> {
  await checkReferences(tx, { entity: ENTITY, company, fields }, [
    { field: 'CustomerAccount', label: 'Customer account', table: 'customer', key: 'CustomerAccount', tableLabel: 'Customers' },
  ])
}

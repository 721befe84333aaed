import type { Tx } from '#postgres/database.ts'
import { updateContact } from '../contacts.ts'
import { updateCustomer } from '../customers.ts'
import { refuse, refuseField } from '../infolog.ts'
import { checkFilled, checkReferences } from '../references.ts'
import { deleteRow, findRow, getRow, insertRow, listRows, updateRow } from '../rows.queries.ts'
import { type Fields, has, type Row, text, without } from '../rows.ts'
import { nextElectronicAddressNumber } from './numbers.queries.ts'

const ENTITY = 'DirPartyContactV3Entity'
const EMAIL = /^[^\s@]+@[^\s@]+$/

/** Where a customer and a contact keep the electronic address of each type that stands on them. */
const ON_CUSTOMER: Readonly<Record<string, string>> = {
  Email: 'PrimaryContactEmail',
  Phone: 'PrimaryContactPhone',
  Fax: 'PrimaryContactFax',
  URL: 'PrimaryContactURL',
}
const ON_CONTACT: Readonly<Record<string, string>> = {
  Email: 'PrimaryEmailAddress',
  Phone: 'PrimaryPhoneNumber',
  Fax: 'PrimaryFaxNumber',
  URL: 'PrimaryURL',
}

/** A telephone number, e-mail address or the like of a party. */
export async function insertElectronicAddress(tx: Tx, _company: string, given: Fields): Promise<Row> {
  checkFilled(ENTITY, given, { PartyNumber: 'Party', Locator: 'Contact number/address' })
  await checkReferences(tx, { entity: ENTITY, company: '', fields: given }, [
    { field: 'PartyNumber', label: 'Party', table: 'party', key: 'PartyNumber', tableLabel: 'Parties', shared: true },
  ])
  checkLocator(given)
  const id = has(given, 'ElectronicAddressId') ? text(given, 'ElectronicAddressId') : await nextElectronicAddressNumber(tx)
  const key = { PartyNumber: text(given, 'PartyNumber'), ElectronicAddressId: id }
  if ((await findRow(tx, 'party_contact', key)) !== undefined)
    refuse(`Cannot create a record in Electronic addresses. Number: ${id}. The record already exists.`)
  return insertRow(tx, 'party_contact', { ...given, ElectronicAddressId: id })
}

/** The one that stands on a customer or contact changes there, too. Its type stays what it is. */
export async function updateElectronicAddress(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['PartyNumber', 'ElectronicAddressId', 'Type'])
  checkLocator({ ...(row as unknown as Fields), ...fields })
  await updateRow(tx, 'party_contact', row.recid, fields)
  if ('Locator' in fields) await passOn(tx, row, fields.Locator ?? '')
  return getRow(tx, 'party_contact', { recid: row.recid })
}

export async function removeElectronicAddress(tx: Tx, row: Row): Promise<void> {
  await passOn(tx, row, '')
  await deleteRow(tx, 'party_contact', row.recid)
}

async function passOn(tx: Tx, row: Row, locator: string | number): Promise<void> {
  const party = text(row, 'PartyNumber')
  const type = text(row, 'Type')
  if (text(row, 'ElectronicAddressId') !== `${party}-${type}`) return
  const [onCustomer, onContact] = [ON_CUSTOMER[type], ON_CONTACT[type]]
  if (onCustomer === undefined || onContact === undefined) return
  for (const customer of await listRows(tx, 'customer', { PartyNumber: party }, 'dataAreaId', 'lock'))
    await updateCustomer(tx, customer, { [onCustomer]: locator })
  for (const contact of await listRows(tx, 'contact_person', { ContactPersonPartyNumber: party }, 'dataAreaId', 'lock'))
    await updateContact(tx, contact, { [onContact]: locator })
}

function checkLocator(fields: Fields): void {
  if (!has(fields, 'Locator')) refuseField(ENTITY, 'Locator', "Field 'Contact number/address' must be filled in.")
  if (fields.Type === 'Email' && !EMAIL.test(text(fields, 'Locator')))
    refuseField(ENTITY, 'Locator', `'${text(fields, 'Locator')}' is not an email address.`)
}

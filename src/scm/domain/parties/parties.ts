import type { Tx } from '#postgres/database.ts'
import { updateContact } from '../contacts.ts'
import { updateCustomer } from '../customers.ts'
import { refuse, refuseField } from '../infolog.ts'
import { deleteRow, findRow, insertRow, listRows, updateRow } from '../rows.queries.ts'
import { type Fields, has, type Row, text, without } from '../rows.ts'
import { nextPartyNumber } from './numbers.queries.ts'

const ENTITY = 'DirPartyCDSEntity'

/** Field of a party → field of the customer that the party is. */
const OF_CUSTOMER = {
  OrganizationName: 'OrganizationName',
  OrganizationNumber: 'OrganizationNumber',
  OrganizationNumOfEmployees: 'OrganizationNumberOfEmployees',
  NameAlias: 'NameAlias',
  KnownAs: 'KnownAs',
  LanguageId: 'LanguageId',
} as const

const OF_CONTACT = {
  PersonFirstName: 'FirstName',
  PersonMiddleName: 'MiddleName',
  PersonLastName: 'LastName',
  LanguageId: 'LanguageId',
} as const

/** Somebody in the address book who is no customer or contact yet. */
export async function insertParty(tx: Tx, _company: string, given: Fields): Promise<Row> {
  const party: Fields = { PartyType: 'Organization', ...given }
  checkName(party)
  const number = has(given, 'PartyNumber') ? text(given, 'PartyNumber') : await nextPartyNumber(tx)
  if ((await findRow(tx, 'party', { PartyNumber: number })) !== undefined)
    refuse(`Cannot create a record in Parties (DirPartyTable). Party: ${number}. The record already exists.`)
  return insertRow(tx, 'party', { ...party, PartyNumber: number })
}

/** A changed name is the name of every customer and contact that the party is. */
export async function updateParty(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['PartyNumber', 'PartyType'])
  checkName({ ...(row as unknown as Fields), ...fields })
  const number = text(row, 'PartyNumber')
  const ofCustomer = renamed(fields, OF_CUSTOMER)
  if (Object.keys(ofCustomer).length > 0) {
    for (const customer of await listRows(tx, 'customer', { PartyNumber: number }, 'dataAreaId', 'lock'))
      await updateCustomer(tx, customer, ofCustomer)
  }
  const ofContact = renamed(fields, OF_CONTACT)
  if (Object.keys(ofContact).length > 0) {
    for (const contact of await listRows(tx, 'contact_person', { ContactPersonPartyNumber: number }, 'dataAreaId', 'lock'))
      await updateContact(tx, contact, ofContact)
  }
  return updateRow(tx, 'party', row.recid, fields)
}

export async function removeParty(tx: Tx, row: Row): Promise<void> {
  const number = text(row, 'PartyNumber')
  const isCustomer = (await listRows(tx, 'customer', { PartyNumber: number }, 'dataAreaId')).length > 0
  const isContact = (await listRows(tx, 'contact_person', { ContactPersonPartyNumber: number }, 'dataAreaId')).length > 0
  if (isCustomer || isContact)
    refuse(
      `Cannot delete a record in Parties (DirPartyTable). Party ${number} is a ${isCustomer ? 'customer' : 'contact person'}.`,
    )
  await deleteRow(tx, 'party', row.recid)
}

function checkName(party: Fields): void {
  if (party.PartyType === 'Person') {
    if (!has(party, 'PersonFirstName') && !has(party, 'PersonLastName'))
      refuseField(ENTITY, 'PersonLastName', "Field 'Last name' must be filled in.")
  } else if (!has(party, 'OrganizationName')) refuseField(ENTITY, 'OrganizationName', "Field 'Name' must be filled in.")
}

function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (names[name] === undefined ? [] : [[names[name], value]])),
  )
}

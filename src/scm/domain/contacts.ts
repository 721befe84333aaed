import type { Tx } from '#postgres/database.ts'
import { refuse, refuseField } from './infolog.ts'
import { nextNumber } from './number-sequences.ts'
import { checkReferences } from './references.ts'
import { deleteRow, findRow, insertRow, updateRow } from './rows.queries.ts'
import { type Fields, has, type Row, text, without } from './rows.ts'

const ENTITY = 'smmContactPersonCDSV2Entity'
const EMAIL = /^[^\s@]+@[^\s@]+$/

/** A contact person, most often of a customer. */
export async function insertContact(tx: Tx, company: string, given: Fields): Promise<Row> {
  if (!has(given, 'FirstName') && !has(given, 'LastName')) refuseField(ENTITY, 'LastName', "Field 'Last name' must be filled in.")
  const id = has(given, 'ContactPersonId') ? text(given, 'ContactPersonId') : await nextNumber(tx, company, 'contact')
  if ((await findRow(tx, 'contact_person', { dataAreaId: company, ContactPersonId: id })) !== undefined)
    refuse(`Cannot create a record in Contacts (ContactPerson). Contact: ${id}. The record already exists.`)
  const customer = await checkContact(tx, company, { AssociatedContactType: 'Customer', ...given })
  return insertRow(tx, 'contact_person', {
    AssociatedContactType: 'Customer',
    AssociatedPartyNumber: customer === undefined ? '' : text(customer, 'PartyNumber'),
    LanguageId: customer === undefined ? '' : text(customer, 'LanguageId'),
    ...given,
    ContactPersonId: id,
    dataAreaId: company,
  })
}

export async function updateContact(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['dataAreaId', 'ContactPersonId'])
  const after: Fields = {
    AssociatedContactType: text(row, 'AssociatedContactType'),
    AssociatedContactNumber: text(row, 'AssociatedContactNumber'),
    FirstName: text(row, 'FirstName'),
    LastName: text(row, 'LastName'),
    ...fields,
  }
  if (!has(after, 'FirstName') && !has(after, 'LastName')) refuseField(ENTITY, 'LastName', "Field 'Last name' must be filled in.")
  await checkContact(tx, text(row, 'dataAreaId'), after)
  return updateRow(tx, 'contact_person', row.recid, fields)
}

export async function removeContact(tx: Tx, row: Row): Promise<void> {
  const where = { dataAreaId: text(row, 'dataAreaId'), ContactPersonId: text(row, 'ContactPersonId') }
  if ((await findRow(tx, 'sales_order_header', where)) !== undefined)
    refuse(`Cannot delete a record in Contacts (ContactPerson). Sales orders exist for contact ${text(row, 'ContactPersonId')}.`)
  await deleteRow(tx, 'contact_person', row.recid)
}

async function checkContact(tx: Tx, company: string, fields: Fields): Promise<Row | undefined> {
  if (has(fields, 'PrimaryEmailAddress') && !EMAIL.test(text(fields, 'PrimaryEmailAddress')))
    refuseField(ENTITY, 'PrimaryEmailAddress', `'${text(fields, 'PrimaryEmailAddress')}' is not an email address.`)
  if (text(fields, 'AssociatedContactType') !== 'Customer') return undefined
  await checkReferences(tx, { entity: ENTITY, company, fields }, [
    {
      field: 'AssociatedContactNumber',
      label: 'Contact for',
      table: 'customer',
      key: 'CustomerAccount',
      tableLabel: 'Customers',
    },
  ])
  if (!has(fields, 'AssociatedContactNumber')) return undefined
  return findRow(tx, 'customer', { dataAreaId: company, CustomerAccount: text(fields, 'AssociatedContactNumber') })
}

import type { Tx } from '#postgres/database.ts'
import { formatAddress } from '../address-format.ts'
import { insertAddress, removeAddress, updateAddress } from '../addresses.ts'
import { countryIdOf, isoCodeOf } from '../countries.ts'
import { refuse } from '../infolog.ts'
import { checkFilled, checkReferences } from '../references.ts'
import { deleteRow, findRow, getRow, insertRow, listRows, updateRow } from '../rows.queries.ts'
import { type Fields, firstText, has, momentMs, type Row, text, type WriteContext, without } from '../rows.ts'
import { nextLocationNumber } from './numbers.queries.ts'

const ADDRESS_ENTITY = 'LogisticsPostalAddressHistoryCDSV2Entity'
const PLACE_ENTITY = 'DirPartyPostalAddressLocationCDSEntity'
/** "For ever", as Finance & Operations writes it. */
const FOR_EVER = '2154-12-31T23:59:59Z'

/** Parts of a postal address that an address of a customer calls `Address…` too. */
const PARTS = [
  'Description',
  'Street',
  'StreetNumber',
  'City',
  'ZipCode',
  'County',
  'DistrictName',
  'State',
  'CountryRegionId',
  'CountryRegionISOCode',
  'PostBox',
  'BuildingCompliment',
] as const

/** A place that can be somebody's. It has no address yet. */
export async function insertLocation(tx: Tx, _company: string, given: Fields): Promise<Row> {
  const id = has(given, 'LocationId') ? text(given, 'LocationId') : await nextLocationNumber(tx)
  if ((await findRow(tx, 'postal_location', { LocationId: id })) !== undefined)
    refuse(`Cannot create a record in Locations (LogisticsLocation). Location: ${id}. The record already exists.`)
  return insertRow(tx, 'postal_location', { ...given, LocationId: id })
}

export async function updateLocation(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['LocationId'])
  if ('Description' in fields) await passOnToCustomers(tx, text(row, 'LocationId'), { Description: fields.Description ?? '' })
  return updateRow(tx, 'postal_location', row.recid, fields)
}

export async function removeLocation(tx: Tx, row: Row): Promise<void> {
  for (const place of await listRows(tx, 'party_location', { LocationId: text(row, 'LocationId') }, 'PartyNumber', 'lock'))
    await removePlace(tx, place)
  await deleteRow(tx, 'postal_location', row.recid)
}

/** The address of a location from a moment on: the one before ends there, and its customers have this one now. */
export async function insertPostalAddress(tx: Tx, _company: string, given: Fields, context: WriteContext): Promise<Row> {
  checkFilled(ADDRESS_ENTITY, given, { LocationId: 'Location' })
  await checkReferences(tx, { entity: ADDRESS_ENTITY, company: '', fields: given }, [
    {
      field: 'LocationId',
      label: 'Location',
      table: 'postal_location',
      key: 'LocationId',
      tableLabel: 'Locations',
      shared: true,
    },
  ])
  const location = text(given, 'LocationId')
  const fromMs = momentMs(given, 'ValidFrom') ?? Math.floor(context.nowMs / 1_000) * 1_000
  const from = new Date(fromMs).toISOString()
  const before = await currentAddress(tx, location)
  if (before !== undefined) {
    if (fromMs <= Date.parse(text(before, 'ValidFrom')))
      refuse(`The address of location ${location} must begin after ${text(before, 'ValidFrom')}, when the one before began.`)
    if (Date.parse(text(before, 'ValidTo')) > fromMs) await updateRow(tx, 'postal_address', before.recid, { ValidTo: from })
  }
  const to = momentMs(given, 'ValidTo')
  const row = await insertRow(tx, 'postal_address', {
    ...completed(given),
    ValidFrom: from,
    ValidTo: to === undefined ? FOR_EVER : new Date(to).toISOString(),
  })
  await passOnToCustomers(tx, location, row)
  return getRow(tx, 'postal_address', { recid: row.recid })
}

export async function updatePostalAddress(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const fields = without(given, ['LocationId', 'ValidFrom'])
  const freshCountry = 'CountryRegionId' in fields ? { CountryRegionISOCode: isoCodeOf(text(fields, 'CountryRegionId')) } : {}
  const merged = Object.fromEntries(PARTS.map((part) => [part, text({ ...row, ...fields, ...freshCountry }, part)]))
  const after = await updateRow(tx, 'postal_address', row.recid, { ...fields, ...completed(merged) })
  const current = await currentAddress(tx, text(row, 'LocationId'))
  if (current?.recid === row.recid) await passOnToCustomers(tx, text(row, 'LocationId'), after)
  return getRow(tx, 'postal_address', { recid: row.recid })
}

export async function removePostalAddress(tx: Tx, row: Row): Promise<void> {
  await deleteRow(tx, 'postal_address', row.recid)
}

/** A location becomes a party's. A customer has it among its addresses from then on. */
export async function insertPlace(tx: Tx, _company: string, given: Fields): Promise<Row> {
  checkFilled(PLACE_ENTITY, given, { PartyNumber: 'Party', LocationId: 'Location' })
  const shared = true as const
  await checkReferences(tx, { entity: PLACE_ENTITY, company: '', fields: given }, [
    { field: 'PartyNumber', label: 'Party', table: 'party', key: 'PartyNumber', tableLabel: 'Parties', shared },
    { field: 'LocationId', label: 'Location', table: 'postal_location', key: 'LocationId', tableLabel: 'Locations', shared },
  ])
  const key = { PartyNumber: text(given, 'PartyNumber'), LocationId: text(given, 'LocationId') }
  if ((await findRow(tx, 'party_location', key)) !== undefined)
    refuse(
      `Cannot create a record in Party locations. Party: ${key.PartyNumber}, location: ${key.LocationId}. The record already exists.`,
    )
  const row = await insertRow(tx, 'party_location', given)
  const address = await currentAddress(tx, key.LocationId)
  for (const customer of await listRows(tx, 'customer', { PartyNumber: key.PartyNumber }, 'dataAreaId', 'lock')) {
    await insertAddress(tx, text(customer, 'dataAreaId'), {
      ...(address === undefined ? {} : asAddressFields(address)),
      ...asRoles(row),
      CustomerAccount: text(customer, 'CustomerAccount'),
      AddressLocationId: key.LocationId,
    })
  }
  return getRow(tx, 'party_location', { recid: row.recid })
}

export async function updatePlace(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const after = await updateRow(tx, 'party_location', row.recid, without(given, ['PartyNumber', 'LocationId', 'IsLocationOwner']))
  for (const address of await addressesOf(tx, after)) await updateAddress(tx, address, asRoles(after))
  return getRow(tx, 'party_location', { recid: row.recid })
}

export async function removePlace(tx: Tx, row: Row): Promise<void> {
  for (const address of await addressesOf(tx, row)) await removeAddress(tx, address)
  await deleteRow(tx, 'party_location', row.recid)
}

async function currentAddress(tx: Tx, location: string): Promise<Row | undefined> {
  return (await listRows(tx, 'postal_address', { LocationId: location }, 'ValidFrom', 'lock')).at(-1)
}

/** Customers show the current address of their locations; a trigger of the customer's address brings it back to the location. */
async function passOnToCustomers(tx: Tx, location: string, address: Readonly<Record<string, unknown>>): Promise<void> {
  for (const own of await listRows(tx, 'customer_address', { AddressLocationId: location }, 'recid', 'lock'))
    await updateAddress(tx, own, asAddressFields(address))
}

async function addressesOf(tx: Tx, place: Row): Promise<Row[]> {
  const addresses: Row[] = []
  for (const customer of await listRows(tx, 'customer', { PartyNumber: text(place, 'PartyNumber') }, 'dataAreaId')) {
    const where = { dataAreaId: text(customer, 'dataAreaId'), CustomerAccount: text(customer, 'CustomerAccount') }
    const found = await findRow(tx, 'customer_address', { ...where, AddressLocationId: text(place, 'LocationId') }, 'lock')
    if (found !== undefined) addresses.push(found)
  }
  return addresses
}

function asAddressFields(address: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(PARTS.filter((part) => part in address).map((part) => [`Address${part}`, text(address, part)]))
}

function asRoles(place: Row): Fields {
  return {
    AddressLocationRoles: text(place, 'Purpose'),
    IsPrimary: text(place, 'IsPrimary'),
    IsPrivate: text(place, 'IsPrivate'),
  }
}

/** Both forms of the country, and the address as one text. */
function completed(fields: Fields): Fields {
  const iso = text(fields, 'CountryRegionISOCode')
  const country = firstText(text(fields, 'CountryRegionId'), countryIdOf(iso))
  const address = formatAddress({
    street: text(fields, 'Street'),
    streetNumber: text(fields, 'StreetNumber'),
    city: text(fields, 'City'),
    zipCode: text(fields, 'ZipCode'),
    state: text(fields, 'State'),
    country,
  })
  return { ...fields, CountryRegionId: country, CountryRegionISOCode: firstText(iso, isoCodeOf(country)), Address: address }
}

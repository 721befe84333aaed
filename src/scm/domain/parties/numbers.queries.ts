import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'

/** Parties, locations and electronic addresses belong to no company, and so do their numbers. Those given by hand are passed over. */
export async function nextPartyNumber(tx: Tx): Promise<string> {
  const rows = await tx<{ number: string }>`select scm.next_party_number() as number`
  return required(rows[0], 'a party number').number
}

export async function nextLocationNumber(tx: Tx): Promise<string> {
  const rows = await tx<{ number: string }>`select scm.next_location_number() as number`
  return required(rows[0], 'a location number').number
}

export async function nextElectronicAddressNumber(tx: Tx): Promise<string> {
  const rows = await tx<{ number: string }>`
    select 'E-' || lpad(nextval('scm.electronic_address_number')::text, 8, '0') as number`
  return required(rows[0], 'an electronic address number').number
}

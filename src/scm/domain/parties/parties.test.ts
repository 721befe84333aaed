import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestErp, type TestErp } from '../../../../tests/support/scm.ts'
import { createSmallCompany } from '../../../../tests/support/small-company.ts'
import { listInconsistencies } from '../consistency.queries.ts'

type Json = Record<string, unknown>

let erp: TestErp

before(async () => {
  erp = await startTestErp()
  await createSmallCompany(erp.database)
})

after(() => erp[Symbol.asyncDispose]())

test('a customer is a party: a name changed on either is the name of both', async () => {
  const { PartyNumber: party } = await get("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
  const key = `CDSParties(PartyNumber='${party}')`
  assert.equal((await get(key)).OrganizationName, 'Fabrikam')
  await patch("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", { OrganizationName: 'Fabrikam Ltd' })
  assert.equal((await get(key)).OrganizationName, 'Fabrikam Ltd')
  await patch(key, { OrganizationName: 'Fabrikam Inc', PersonHobbies: 'none' })
  assert.equal((await get("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")).OrganizationName, 'Fabrikam Inc')
  const refused = await erp.call(`/data/${key}`, { method: 'DELETE' })
  assert.match(await refused.text(), /is a customer/)
})

test('an address of a customer is the address of a location, changed from either side', async () => {
  const { PartyNumber: party } = await get("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
  const [place] = await list(`CDSPartyPostalAddressLocations?$filter=PartyNumber eq '${party}'`)
  assert.equal(place?.Purpose, 'Business;Delivery;Invoice')
  const [address] = await list(`CDSPostalAddressHistoryV2?$filter=LocationId eq '${place?.LocationId}'`)
  assert.equal(address?.City, 'Seattle')
  await patch(`CDSPostalAddressHistoryV2(LocationId='${place?.LocationId}',ValidFrom=${address?.ValidFrom})`, { City: 'Tacoma' })
  const customer = await get("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
  assert.equal(customer.DeliveryAddressCity, 'Tacoma')
  // A new period: the old one ends where it begins.
  await post('CDSPostalAddressHistoryV2', {
    LocationId: place?.LocationId,
    ValidFrom: '2099-01-01T00:00:00Z',
    City: 'Olympia',
    Street: '2 Main Street',
    CountryRegionId: 'USA',
  })
  const periods = await list(`CDSPostalAddressHistoryV2?$filter=LocationId eq '${place?.LocationId}'`)
  assert.deepEqual(periods.map((one) => [one.City, one.ValidTo]).sort(), [
    ['Olympia', '2154-12-31T23:59:59Z'],
    ['Tacoma', '2099-01-01T00:00:00Z'],
  ])
  assert.deepEqual(await erp.database.read(listInconsistencies), [])
})

test('a location that becomes a party’s is an address of the customer, until it is taken away', async () => {
  const { PartyNumber: party } = await get("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')")
  const location = await post('CDSPostalAddressLocations', { Description: 'Workshop' })
  assert.match(String(location.LocationId), /^L-\d{8}$/)
  await post('CDSPostalAddressHistoryV2', {
    LocationId: location.LocationId,
    Street: '9 Side Street',
    City: 'Kent',
    CountryRegionId: 'USA',
  })
  const key = { PartyNumber: party, LocationId: location.LocationId }
  await post('CDSPartyPostalAddressLocations', { ...key, Purpose: 'Delivery', IsPrimary: 'No' })
  const own = `CustomerPostalAddressesV2?$filter=AddressLocationId eq '${location.LocationId}'`
  assert.deepEqual(
    (await list(own)).map((one) => [one.CustomerAccountNumber ?? one.CustomerAccount, one.AddressCity, one.AddressLocationRoles]),
    [['US-001', 'Kent', 'Delivery']],
  )
  await erp.call(`/data/CDSPartyPostalAddressLocations(PartyNumber='${party}',LocationId='${location.LocationId}')`, {
    method: 'DELETE',
  })
  assert.deepEqual(await list(own), [])
})

test('the e-mail address of a contact is an electronic address of its party', async () => {
  const contact = await post('CDSContactsV2', {
    AssociatedContactNumber: 'US-001',
    FirstName: 'Nora',
    LastName: 'Ek',
    PrimaryEmailAddress: 'nora@fabrikam.example',
  })
  const party = String(contact.ContactPersonPartyNumber)
  const key = `PartyContactsV3(PartyNumber='${party}',ElectronicAddressId='${party}-Email')`
  assert.equal((await get(key)).Locator, 'nora@fabrikam.example')
  await patch(key, { Locator: 'n.ek@fabrikam.example' })
  const id = `CDSContactsV2(dataAreaId='usmf',ContactPersonId='${contact.ContactPersonId}')`
  assert.equal((await get(id)).PrimaryEmailAddress, 'n.ek@fabrikam.example')
  const refused = await erp.call(`/data/${key}`, {
    method: 'PATCH',
    body: JSON.stringify({ Locator: 'nobody' }),
    headers: JSON_TYPE,
  })
  assert.match(await refused.text(), /is not an email address/)
})

test('a stock enquiry is answered with what there is in each warehouse', async () => {
  await post('CDSInventoryOnHandRequests', { RequestId: 'R1', ProductNumber: 'P1', OrderQuantity: 5, IsATPCalculation: 'Yes' })
  const entries = await list("CDSInventoryOnHandEntries?$filter=RequestId eq 'R1'")
  assert.deepEqual(
    entries.map((one) => [one.InventoryWarehouseId, one.OnHandQuantity, one.TotalAvailableQuantity, one.ATPQuantity]),
    [['11', 100, 100, 100]],
  )
})

const JSON_TYPE = { 'content-type': 'application/json' }

async function get(path: string): Promise<Json> {
  const response = await erp.call(`/data/${path}`)
  assert.equal(response.status, 200, path)
  return (await response.json()) as Json
}

async function list(path: string): Promise<Json[]> {
  return ((await get(path)) as { value: Json[] }).value
}

async function post(set: string, body: Json): Promise<Json> {
  const response = await erp.call(`/data/${set}`, { method: 'POST', body: JSON.stringify(body), headers: JSON_TYPE })
  const text = await response.text()
  assert.equal(response.status, 201, text)
  return JSON.parse(text) as Json
}

async function patch(path: string, body: Json): Promise<void> {
  const response = await erp.call(`/data/${path}`, { method: 'PATCH', body: JSON.stringify(body), headers: JSON_TYPE })
  assert.equal(response.status, 204, await response.text())
}

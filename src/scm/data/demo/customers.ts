import { formatAddress } from '../../domain/address-format.ts'
import type { Random } from './random.ts'
import { type Country, type DemoCompany, type DemoRow, type DemoTables, demoCompanies } from './setup.ts'
import { companyWords, firstNames, jobs, lastNames, places, streets } from './words-people.ts'

/** A customer as orders need it. */
export type DemoCustomer = {
  company: DemoCompany
  account: string
  currency: string
  priceGroup: string
  row: DemoRow
  contacts: readonly DemoContact[]
  /** Its delivery address, formatted. */
  deliveryText: string
  /** How often it orders, next to others. */
  weight: number
}

export type DemoContact = { id: string; first: string; last: string; email: string; isWhole: boolean }

type Named = {
  name: string
  slug: string
  people: readonly (readonly [first: string, last: string])[]
  city: number
  weight: number
  hold?: string
}

/** Who the demo's sign-ins belong to: US-001 and US-002; US-003 is on hold. */
const NAMED: readonly Named[] = [
  {
    name: 'Fabrikam',
    slug: 'fabrikam',
    people: [
      ['Nora', 'Bennett'],
      ['Jane', 'Ortega'],
      ['Sam', 'Whitfield'],
      ['Alex', 'Morgan'],
    ],
    city: 0,
    weight: 12,
  },
  {
    name: 'Tailspin Toys',
    slug: 'tailspin',
    people: [
      ['May', 'Lindqvist'],
      ['Owen', 'Hart'],
    ],
    city: 2,
    weight: 6,
  },
  { name: 'Adatum Corporation', slug: 'adatum', people: [['Priya', 'Shah']], city: 4, weight: 2, hold: 'All' },
]

/** Fabrikam's fourth contact lacks language, address and phone: the portal must say what is missing. */
const INCOMPLETE = 'alex@fabrikam.example'

export function addCustomers(tables: DemoTables, random: Random): DemoCustomer[] {
  const customers: DemoCustomer[] = []
  const addresses: DemoRow[] = []
  const contacts: DemoRow[] = []
  for (const company of demoCompanies) {
    const slugs = new Set<string>()
    let contactCount = 0
    for (let ordinal = 1; ordinal <= company.customers; ordinal++) {
      const named = company.id === 'usmf' ? NAMED[ordinal - 1] : undefined
      const who = named ?? invent(company.country, random, slugs)
      const account = `${company.accountPrefix}-${String(ordinal).padStart(3, '0')}`
      const places = addressesOf(company, who, account, random)
      const people = who.people.map(([first, last], index) => {
        contactCount += 1
        const email =
          named === undefined ? `${plain(first)}.${plain(last)}@${who.slug}.example` : `${plain(first)}@${who.slug}.example`
        const id = String(contactCount).padStart(6, '0')
        contacts.push(contactRow(company, account, { id, first, last, email, index }, places[0] ?? {}, random))
        return { id, first, last, email, isWhole: email !== INCOMPLETE }
      })
      const row = customerRow(company, who, account, { places, people, random })
      addresses.push(...places)
      const { SalesCurrencyCode, DiscountPriceGroupId } = row
      customers.push({
        company,
        account,
        currency: String(SalesCurrencyCode),
        priceGroup: String(DiscountPriceGroupId),
        row,
        contacts: people,
        deliveryText: String(deliveryOf(places).FormattedDeliveryAddress),
        weight: who.weight,
      })
    }
  }
  tables.set(
    'customer',
    customers.map((customer) => customer.row),
  )
  tables.set('customer_address', addresses)
  tables.set('contact_person', contacts)
  return customers
}

function invent(country: Country, random: Random, taken: Set<string>): Named {
  const words = companyWords[country]
  for (let attempt = 0; ; attempt++) {
    const base = `${random.pick(words.first)} ${random.pick(words.second)}`
    const suffix = attempt < 5 ? '' : ` ${random.pick(lastNames[country])}`
    const slug = plain(base + suffix).replace(/[^a-z0-9]+/g, '-')
    if (taken.has(slug)) continue
    taken.add(slug)
    const count = random.whole(1, 3)
    const people: [string, string][] = []
    for (let i = 0; i < count; i++) {
      const first = random.pick(firstNames[country].filter((name) => !people.some(([other]) => other === name)))
      people.push([first, random.pick(lastNames[country])])
    }
    const weight = random.weighted({ '1': 60, '3': 30, '8': 10 })
    const hold = random.weighted({ No: 970, Invoice: 20, All: 10 })
    return {
      name: `${base}${suffix} ${random.pick(words.form)}`,
      slug,
      people,
      city: random.whole(0, 99),
      weight: Number(weight),
      hold,
    }
  }
}

function addressesOf(company: DemoCompany, who: Named, account: string, random: Random): DemoRow[] {
  const extra = who.slug === 'fabrikam' ? 2 : random.chance(0.3) ? 1 : 0
  const here = places[company.country]
  const roles = extra === 0 ? ['Business;Delivery;Invoice'] : ['Business;Invoice', 'Delivery', 'Delivery']
  const names = extra === 0 ? ['Head office'] : ['Head office', 'Central warehouse', 'Workshop']
  return Array.from({ length: 1 + extra }, (_, index) => {
    const place = here[(who.city + index * 3) % here.length] ?? { city: '', state: '', zip: '' }
    const number = String(random.whole(1, 180))
    const street = random.pick(streets[company.country])
    const parts = {
      street,
      streetNumber: number,
      city: place.city,
      zipCode: place.zip,
      state: place.state,
      country: company.countryId,
    }
    return {
      dataAreaId: company.id,
      CustomerAccount: account,
      AddressLocationId: `L-${account}-${index + 1}`,
      AddressDescription: names[index] ?? '',
      AddressLocationRoles: roles[index] ?? '',
      AddressStreet: street,
      AddressStreetNumber: number,
      AddressCity: place.city,
      AddressZipCode: place.zip,
      AddressState: place.state,
      AddressCountryRegionId: company.countryId,
      AddressCountryRegionISOCode: company.country,
      FormattedDeliveryAddress: formatAddress(parts),
      IsPrimary: index === 0 ? 'Yes' : 'No',
    }
  })
}

function customerRow(
  company: DemoCompany,
  who: Named,
  account: string,
  more: { places: readonly DemoRow[]; people: readonly DemoContact[]; random: Random },
): DemoRow {
  const { places, people, random } = more
  const office = places[0] ?? {}
  const delivery = deliveryOf(places)
  const group = random.weighted({ '10': 60, '20': 30, '30': 10 })
  const isFabrikam = who.slug === 'fabrikam'
  const abroad = company.id === 'usmf' && !isFabrikam && random.chance(0.05)
  return {
    dataAreaId: company.id,
    CustomerAccount: account,
    OrganizationName: who.name,
    NameAlias: who.name.slice(0, 20),
    PartyNumber: `P-${account}`,
    PartyCountry: company.countryId,
    CustomerGroupId: group,
    SalesCurrencyCode: abroad ? 'CAD' : company.currency,
    LanguageId: company.language,
    InvoiceAccount: account,
    OnHoldStatus: who.hold ?? 'No',
    PaymentTerms: group === '20' ? 'M45' : random.pick(['Net14', 'Net30', 'Net30', 'COD']),
    DeliveryMode: random.pick(['GROUND', 'GROUND', 'EXPRESS', 'PALLET', 'PICKUP']),
    DeliveryTerms: random.pick(['DAP', 'DAP', 'EXW', 'FCA']),
    DiscountPriceGroupId: isFabrikam ? 'KEY' : random.weighted({ TRADE: 50, KEY: 15, '': 35 }),
    SalesTaxGroup: company.taxGroup,
    SiteId: company.warehouses[0]?.site ?? '',
    WarehouseId: company.warehouses[0]?.id ?? '',
    CreditLimit: isFabrikam ? '2000000' : String(random.whole(4, 60) * 5_000),
    CreditLimitIsMandatory: random.chance(0.3) ? 'Yes' : 'No',
    OrganizationNumberOfEmployees: random.whole(4, 900),
    ContactPersonId: people[0]?.id ?? '',
    PrimaryContactEmail: `orders@${who.slug}.example`,
    PrimaryContactPhone: phone(company.country, random),
    PrimaryContactURL: `https://www.${who.slug}.example`,
    ...copy(office, 'Address'),
    ...copy(delivery, 'DeliveryAddress'),
    ...copy(office, 'InvoiceAddress'),
    FullPrimaryAddress: office.FormattedDeliveryAddress ?? '',
  }
}

function deliveryOf(places: readonly DemoRow[]): DemoRow {
  return places.find((place) => String(place.AddressLocationRoles).includes('Delivery')) ?? places[0] ?? {}
}

const PARTS = [
  'LocationId',
  'Description',
  'Street',
  'StreetNumber',
  'City',
  'ZipCode',
  'State',
  'CountryRegionId',
  'CountryRegionISOCode',
]

function copy(address: DemoRow, prefix: string): DemoRow {
  return Object.fromEntries(PARTS.map((part) => [`${prefix}${part}`, address[`Address${part}`] ?? '']))
}

function contactRow(
  company: DemoCompany,
  account: string,
  person: { id: string; first: string; last: string; email: string; index: number },
  address: DemoRow,
  random: Random,
): DemoRow {
  const isWhole = person.email !== INCOMPLETE
  return {
    dataAreaId: company.id,
    ContactPersonId: person.id,
    ContactPersonPartyNumber: `P-${account}-${person.index + 1}`,
    AssociatedContactType: 'Customer',
    AssociatedContactNumber: account,
    AssociatedPartyNumber: `P-${account}`,
    FirstName: person.first,
    LastName: person.last,
    EmploymentProfession: jobs[person.index === 0 ? 1 : random.whole(0, jobs.length - 1)] ?? '',
    LanguageId: isWhole ? company.language : '',
    PrimaryEmailAddress: person.email,
    PrimaryPhoneNumber: isWhole ? phone(company.country, random) : '',
    PrimaryAddressStreet: isWhole ? (address.AddressStreet ?? '') : '',
    PrimaryAddressCity: isWhole ? (address.AddressCity ?? '') : '',
    PrimaryAddressZipCode: isWhole ? (address.AddressZipCode ?? '') : '',
    PrimaryAddressStateId: isWhole ? (address.AddressState ?? '') : '',
    PrimaryAddressCountryRegionId: isWhole ? company.countryId : '',
    PrimaryAddressCountryRegionISOCode: isWhole ? company.country : '',
  }
}

/** Numbers from the ranges that are kept free for stories. */
function phone(country: Country, random: Random): string {
  const last = String(random.whole(0, 99)).padStart(2, '0')
  if (country === 'US') return `+1 206 555 01${last}`
  return country === 'FR'
    ? `+33 1 99 00 ${String(random.whole(10, 99))} ${last}`
    : `+44 1632 960${String(random.whole(1, 9))}${last}`
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

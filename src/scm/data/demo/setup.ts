import type { FieldValue } from '../../domain/rows.ts'

export type DemoRow = Record<string, FieldValue>

/** Rows by table, in the order in which they may be inserted. */
export type DemoTables = Map<string, DemoRow[]>

export type Country = 'US' | 'FR' | 'GB'

export type DemoCompany = {
  id: string
  country: Country
  countryId: string
  language: string
  currency: string
  /** A US dollar in this currency, for prices. */
  rate: number
  customers: number
  accountPrefix: string
  orderFormat: string
  taxGroup: string
  taxPercent: string
  warehouses: readonly { id: string; site: string; name: string; city: string }[]
  /** How much of the range the company sells. */
  range: number
  ordersShare: number
}

export const demoCompanies: readonly DemoCompany[] = [
  {
    id: 'usmf',
    country: 'US',
    countryId: 'USA',
    language: 'en-us',
    currency: 'USD',
    rate: 1,
    customers: 150,
    accountPrefix: 'US',
    orderFormat: 'SO-######',
    taxGroup: 'RESALE',
    taxPercent: '0',
    warehouses: [
      { id: '11', site: '1', name: 'Seattle main', city: 'Seattle' },
      { id: '12', site: '1', name: 'Seattle overflow', city: 'Seattle' },
      { id: '21', site: '2', name: 'Dallas', city: 'Dallas' },
    ],
    range: 1,
    ordersShare: 0.5,
  },
  {
    id: 'frrt',
    country: 'FR',
    countryId: 'FRA',
    language: 'fr',
    currency: 'EUR',
    rate: 0.95,
    customers: 90,
    accountPrefix: 'FR',
    orderFormat: 'CF-######',
    taxGroup: 'TVA20',
    taxPercent: '20',
    warehouses: [
      { id: '31', site: '3', name: 'Lyon', city: 'Lyon' },
      { id: '32', site: '4', name: 'Nantes', city: 'Nantes' },
    ],
    range: 0.75,
    ordersShare: 0.3,
  },
  {
    id: 'gbsi',
    country: 'GB',
    countryId: 'GBR',
    language: 'en-gb',
    currency: 'GBP',
    rate: 0.82,
    customers: 60,
    accountPrefix: 'GB',
    orderFormat: 'GS-######',
    taxGroup: 'VAT20',
    taxPercent: '20',
    warehouses: [
      { id: '41', site: '5', name: 'Leeds', city: 'Leeds' },
      { id: '42', site: '6', name: 'Bristol', city: 'Bristol' },
    ],
    range: 0.65,
    ordersShare: 0.2,
  },
]

const NAMES: Readonly<Record<string, string>> = {
  usmf: 'Contoso Tools USA',
  frrt: 'Contoso Outillage France',
  gbsi: 'Contoso Tools UK',
}

export const paymentTerms = [
  { Name: 'Net14', Description: 'Net 14 days', NumberOfDays: 14, PaymentMethodType: 'Net' },
  { Name: 'Net30', Description: 'Net 30 days', NumberOfDays: 30, PaymentMethodType: 'Net' },
  { Name: 'M45', Description: 'End of month, 45 days', NumberOfDays: 45, PaymentMethodType: 'CurrentMth' },
  { Name: 'COD', Description: 'Cash on delivery', NumberOfDays: 0, PaymentMethodType: 'COD' },
]

/** What belongs to all companies, and what each has before its first customer. */
export function addSetup(tables: DemoTables): void {
  addShared(tables)
  addTerms(tables)
  addGroups(tables)
  addWarehouses(tables)
}

function addShared(tables: DemoTables): void {
  tables.set(
    'legal_entity',
    demoCompanies.map((company) => ({
      LegalEntityId: company.id.toUpperCase(),
      Name: NAMES[company.id] ?? '',
      CompanyName: NAMES[company.id] ?? '',
      LanguageId: company.language,
      AccountingCurrencyCode: company.currency,
      AddressCity: company.warehouses[0]?.city ?? '',
      AddressCountryRegionId: company.countryId,
      AddressCountryRegionISOCode: company.country,
      CompanyCountry: company.countryId,
      PrimaryContactEmail: `sales@contoso-${company.country.toLowerCase()}.example`,
    })),
  )
  tables.set('currency', [
    { CurrencyCode: 'USD', Name: 'US Dollar', Symbol: '$' },
    { CurrencyCode: 'EUR', Name: 'Euro', Symbol: '€' },
    { CurrencyCode: 'GBP', Name: 'Pound Sterling', Symbol: '£' },
    { CurrencyCode: 'CAD', Name: 'Canadian Dollar', Symbol: '$' },
  ])
  tables.set('unit_of_measure', [
    { UnitSymbol: 'ea', UnitClass: 'Quantity', UnitDescription: 'Each', DecimalPrecision: 0, IsBaseUnit: 'Yes' },
    { UnitSymbol: 'box', UnitClass: 'Quantity', UnitDescription: 'Box', DecimalPrecision: 0, IsBaseUnit: 'No' },
    { UnitSymbol: 'pal', UnitClass: 'Quantity', UnitDescription: 'Pallet', DecimalPrecision: 0, IsBaseUnit: 'No' },
    { UnitSymbol: 'h', UnitClass: 'Time', UnitDescription: 'Hour', DecimalPrecision: 2, IsBaseUnit: 'Yes' },
  ])
}

function addTerms(tables: DemoTables): void {
  tables.set(
    'payment_term',
    perCompany(() => paymentTerms),
  )
  tables.set(
    'delivery_mode',
    perCompany(() => [
      { ModeCode: 'GROUND', ModeDescription: 'Ground freight' },
      { ModeCode: 'EXPRESS', ModeDescription: 'Express parcel' },
      { ModeCode: 'PALLET', ModeDescription: 'Pallet network' },
      { ModeCode: 'PICKUP', ModeDescription: 'Collected by the customer' },
    ]),
  )
  tables.set(
    'delivery_term',
    perCompany(() => [
      { TermsCode: 'DAP', TermsDescription: 'Delivered at place' },
      { TermsCode: 'EXW', TermsDescription: 'Ex works' },
      { TermsCode: 'FCA', TermsDescription: 'Free carrier' },
    ]),
  )
}

function addGroups(tables: DemoTables): void {
  tables.set(
    'sales_tax_group',
    perCompany((company) => [
      { TaxGroupCode: company.taxGroup, Description: `${company.taxPercent} %`, TaxPercentage: company.taxPercent },
    ]),
  )
  tables.set(
    'customer_group',
    perCompany((company) => [
      { CustomerGroupId: '10', Description: 'Trade', PaymentTermId: 'Net30', TaxGroupId: company.taxGroup },
      { CustomerGroupId: '20', Description: 'Industry', PaymentTermId: 'M45', TaxGroupId: company.taxGroup },
      { CustomerGroupId: '30', Description: 'Public sector', PaymentTermId: 'Net30', TaxGroupId: company.taxGroup },
    ]),
  )
  tables.set(
    'price_customer_group',
    perCompany(() => [
      { GroupCode: 'TRADE', GroupName: 'Trade customers' },
      { GroupCode: 'KEY', GroupName: 'Key accounts' },
    ]),
  )
}

function addWarehouses(tables: DemoTables): void {
  const all = demoCompanies.flatMap((company) => company.warehouses.map((warehouse) => ({ company, warehouse })))
  const sites = all.filter(({ warehouse }, index) => all.findIndex((other) => other.warehouse.site === warehouse.site) === index)
  tables.set(
    'operational_site',
    sites.map(({ company, warehouse }) => ({ dataAreaId: company.id, SiteId: warehouse.site, SiteName: warehouse.city })),
  )
  tables.set(
    'warehouse',
    all.map(({ company, warehouse }) => ({
      dataAreaId: company.id,
      WarehouseId: warehouse.id,
      WarehouseName: warehouse.name,
      OperationalSiteId: warehouse.site,
      PrimaryAddressCity: warehouse.city,
      TransitWarehouseId: `${company.id.slice(0, 2).toUpperCase()}T`,
      WarehouseType: 'Standard',
    })),
  )
  // Goods on the road between a company's warehouses.
  for (const company of demoCompanies) {
    tables.get('warehouse')?.push({
      dataAreaId: company.id,
      WarehouseId: `${company.id.slice(0, 2).toUpperCase()}T`,
      WarehouseName: 'In transit',
      OperationalSiteId: company.warehouses[0]?.site ?? '',
      PrimaryAddressCity: '',
      TransitWarehouseId: '',
      WarehouseType: 'Transit',
    })
  }
}

function perCompany(rows: (company: DemoCompany) => DemoRow[]): DemoRow[] {
  return demoCompanies.flatMap((company) => rows(company).map((row) => ({ dataAreaId: company.id, ...row })))
}

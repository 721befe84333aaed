import { multiply } from '#lib/decimal.ts'
import type { Agreement } from '../../domain/pricing.queries.ts'
import { DAY_MS, dayOf } from '../../domain/rows.ts'
import type { Random } from './random.ts'
import { type DemoCompany, type DemoRow, type DemoTables, demoCompanies } from './setup.ts'
import { type Category, categories, frenchLines, type Noun, type Variant } from './words-products.ts'

/** A product as orders need it, in one company. */
export type DemoProduct = {
  company: string
  number: string
  name: string
  nameFr: string
  category: string
  unit: string
  /** Other units with how many sales units they hold. */
  units: readonly { symbol: string; factor: string }[]
  price: string
  stocked: boolean
  french: boolean
  agreements: Map<string, Agreement[]>
}

/** One of the range, before it is released anywhere. Price in US dollars. */
type Design = {
  number: string
  en: string
  fr: string
  textEn: string
  textFr: string
  category: Category
  price: number
  french: boolean
}

const QUALITIES: readonly Variant[] = [
  ['', '', 1],
  ['Pro ', 'Pro ', 1.4],
]

/** About a thousand products with texts in two languages, packings, prices and agreements. */
export function addProducts(tables: DemoTables, random: Random, todayMs: number): DemoProduct[] {
  const designs = designRange()
  tables.set('product_unit_conversion', designs.flatMap(conversionsOf))
  const released: DemoRow[] = []
  const agreements: DemoRow[] = []
  const products: DemoProduct[] = []
  for (const company of demoCompanies) {
    for (const design of designs) {
      if (!design.french && random.next() > company.range) continue
      const product = release(company, design)
      released.push(releasedRow(company, design, product))
      products.push(product)
      agreements.push(...agreementsFor(company, product, random, todayMs))
    }
  }
  tables.set('released_product', released)
  tables.set('product_translation', designs.flatMap(translationsOf))
  tables.set('sales_price_agreement', agreements)
  return products
}

function designRange(): Design[] {
  const designs = categories.flatMap((category) => {
    const named = category.nouns.flatMap((noun) =>
      (category.code === 'SV' ? QUALITIES.slice(0, 1) : QUALITIES).flatMap((quality) =>
        noun.variants.map((variant) => ({ noun, quality, variant })),
      ),
    )
    return named.map((one, index) => design(category, index + 1, one))
  })
  const tools = categories.find((category) => category.code === 'HT') ?? categories[0]
  const french = frenchLines.map(([name, text, price], index) => ({
    number: `FL-${String(index + 1).padStart(4, '0')}`,
    en: name,
    fr: name,
    textEn: text,
    textFr: text,
    category: tools as Category,
    price,
    french: true,
  }))
  return [...designs, ...french]
}

function design(category: Category, ordinal: number, one: { noun: Noun; quality: Variant; variant: Variant }): Design {
  const { noun, quality, variant } = one
  return {
    number: `${category.code}-${String(ordinal).padStart(4, '0')}`,
    en: `${quality[0]}${noun.en} ${variant[0]}`.replace(', ,', ','),
    fr: `${noun.fr} ${quality[1]}${variant[1]}`.replace(', ,', ','),
    textEn: `${noun.en.replace(/,$/, '')}, ${variant[0]}. ${category.useEn}`,
    textFr: `${noun.fr.replace(/,$/, '')}, ${variant[1]}. ${category.useFr}`,
    category,
    price: noun.price * quality[2] * variant[2],
    french: false,
  }
}

function conversionsOf({ number, category }: Design): DemoRow[] {
  if (category.packing === undefined) return []
  const factor = (FromUnitSymbol: string, ToUnitSymbol: string, count: number) => ({
    ProductNumber: number,
    FromUnitSymbol,
    ToUnitSymbol,
    Factor: String(count),
    Numerator: '1',
    Denominator: '1',
    Rounding: 'Nearest',
  })
  return [factor('box', 'ea', category.packing.box), factor('pal', 'box', category.packing.pallet)]
}

function translationsOf(design: Design): DemoRow[] {
  return [
    { ProductNumber: design.number, LanguageId: 'en-us', ProductName: design.en, Description: design.textEn },
    { ProductNumber: design.number, LanguageId: 'fr', ProductName: design.fr, Description: design.textFr },
  ]
}

function release(company: DemoCompany, design: Design): DemoProduct {
  const packing = design.category.packing
  const unit = design.category.unit
  const pallet = packing === undefined ? '' : multiply(String(packing.pallet), unit === 'ea' ? String(packing.box) : '1')
  const boxes = packing === undefined || unit !== 'ea' ? [] : [{ symbol: 'box', factor: String(packing.box) }]
  return {
    company: company.id,
    number: design.number,
    name: design.en,
    nameFr: design.fr,
    category: design.category.en,
    unit,
    units: packing === undefined ? [] : [...boxes, { symbol: 'pal', factor: pallet }],
    price: money(design.price * company.rate),
    stocked: unit !== 'h',
    french: design.french,
    agreements: new Map(),
  }
}

function releasedRow(company: DemoCompany, design: Design, product: DemoProduct): DemoRow {
  const isFrench = company.country === 'FR'
  return {
    dataAreaId: company.id,
    ItemNumber: product.number,
    ProductNumber: product.number,
    ProductName: isFrench ? design.fr : design.en,
    ProductDescription: isFrench ? design.textFr : design.textEn,
    SearchName: design.en.slice(0, 20),
    ProductSearchName: design.en.slice(0, 20),
    ProductType: product.stocked ? 'Item' : 'Service',
    ProductGroupId: design.category.code,
    SalesProductCategoryName: isFrench ? design.category.fr : design.category.en,
    SalesProductCategoryHierarchyName: 'Catalog',
    CurrencyCode: company.currency,
    InventoryUnitSymbol: product.unit,
    SalesUnitSymbol: product.unit,
    PurchaseUnitSymbol: product.unit,
    SalesUnitDecimalPrecision: product.unit === 'h' ? 2 : 0,
    SalesPrice: product.price,
    UnitCost: money(design.price * company.rate * 0.62),
    IsStockedProduct: product.stocked ? 'Yes' : 'No',
    FieldServiceProductType: product.stocked ? 'Inventory' : 'Service',
    SalesSiteId: company.warehouses[0]?.site ?? '',
    SalesWarehouseId: company.warehouses[0]?.id ?? '',
  }
}

type Offer = {
  account: string
  code: Agreement['accountCode']
  share: number
  from?: string
  to?: string
  fromDay?: number
  toDay?: number
  currency?: string
  rate?: number
}

function agreementsFor(company: DemoCompany, product: DemoProduct, random: Random, todayMs: number): DemoRow[] {
  const offers: Offer[] = []
  if (random.chance(0.35)) {
    offers.push({ account: '', code: 'All', share: 0.95, from: '10', to: '50' })
    offers.push({ account: '', code: 'All', share: 0.9, from: '50' })
  }
  if (random.chance(0.5)) offers.push({ account: 'TRADE', code: 'GroupId', share: 0.92 })
  if (random.chance(0.5)) offers.push({ account: 'KEY', code: 'GroupId', share: 0.85 })
  if (random.chance(0.05)) offers.push({ account: '', code: 'All', share: 0.8, fromDay: -10, toDay: 20 })
  if (random.chance(0.04)) offers.push({ account: '', code: 'All', share: 0.75, fromDay: -200, toDay: -150 })
  // US-001 is Fabrikam, whose own prices a buyer of the demo meets first.
  const own = `${company.accountPrefix}-001`
  if (random.chance(0.04)) offers.push({ account: own, code: 'Table', share: 0.8 })
  if (company.id === 'usmf') offers.push({ account: '', code: 'All', share: 1, currency: 'CAD', rate: 1.36 })
  return offers.map((offer) => agreementRow(company, product, offer, todayMs))
}

function agreementRow(company: DemoCompany, product: DemoProduct, offer: Offer, todayMs: number): DemoRow {
  const currency = offer.currency ?? company.currency
  const fromMs = todayMs + (offer.fromDay ?? 0) * DAY_MS
  const toMs = todayMs + (offer.toDay ?? 0) * DAY_MS
  const isDated = offer.fromDay !== undefined
  const agreement: Agreement = {
    accountCode: offer.code,
    account: offer.account,
    unit: product.unit,
    price: money(Number(product.price) * offer.share * (offer.rate ?? 1)),
    priceQuantity: '1',
    charges: '0',
    fromQuantity: offer.from ?? '0',
    toQuantity: offer.to ?? '0',
    fromDay: isDated ? dayOf(fromMs).slice(0, 10) : '',
    toDay: isDated ? dayOf(toMs).slice(0, 10) : '',
    leadTimeDays: 0,
  }
  const list = product.agreements.get(currency)
  if (list === undefined) product.agreements.set(currency, [agreement])
  else list.push(agreement)
  return {
    dataAreaId: company.id,
    AccountCode: offer.code,
    AccountRelation: offer.account,
    CustomerAccountNumber: offer.code === 'Table' ? offer.account : '',
    PriceCustomerGroupCode: offer.code === 'GroupId' ? offer.account : '',
    ItemRelation: product.number,
    ItemNumber: product.number,
    ProductNumber: product.number,
    PriceCurrencyCode: currency,
    QuantityUnitySymbol: product.unit,
    Price: agreement.price,
    FromQuantity: agreement.fromQuantity,
    ToQuantity: agreement.toQuantity,
    PriceApplicableFromDate: isDated ? dayOf(fromMs) : '1900-01-01T12:00:00Z',
    PriceApplicableToDate: isDated ? dayOf(toMs) : '1900-01-01T12:00:00Z',
  }
}

/** To the next five cents, as price lists are. */
export function money(amount: number): string {
  const cents = Math.max(5, Math.round(amount * 20) * 5)
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
}

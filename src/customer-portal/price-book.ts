import { assert } from '#lib/assert.ts'
import type { Conversion } from '#lib/conversions.ts'
import { compare, type DecimalText, divide, multiply } from '#lib/decimal.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import type { PageContext } from '#portals/component.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow, RowQuery } from '#tables/row-query.ts'
import { listRows, type RowId } from '#tables/rows.queries.ts'
import { either, every, where } from './filters.ts'
import type { OrderTerms } from './order-terms.ts'
import { type Agreement, type PricedProduct, unitsOf } from './pricing.ts'

/** A product as a buyer sees it, with everything its price and units need. */
export type OfferedProduct = PricedProduct & {
  number: string
  name: string
  description: string | null
  /** Units it can be ordered in, its own first. */
  units: readonly Unit[]
}

export type FoundProducts = {
  products: readonly OfferedProduct[]
  /** More match than are shown. */
  hasMore: boolean
}

export type Unit = { uomId: RowId; symbol: string; decimals: number }

type Ground = Pick<PageContext, 'tx' | 'database' | 'catalog' | 'permissions' | 'visitor' | 'language'>
type Terms = Pick<OrderTerms, 'companyId' | 'accountId' | 'priceListId'>

const PRODUCTS_FOUND_MAX = 12
const AGREEMENTS_MAX = 50_000
const CONVERSIONS_MAX = 20_000
const UNITS_MAX = 5_000
const DECIMALS_FALLBACK = 0

/** Products of the company by number or name, as a search box finds them. A full number comes first, however many others match. */
export async function searchProducts(ground: Ground, terms: Terms, typed: string): Promise<FoundProducts> {
  // NUL is no character of a text, and PostgreSQL takes none.
  const search = typed.replaceAll('\0', '').trim()
  const rows = await readProducts(ground, terms, { search, rowsMax: PRODUCTS_FOUND_MAX + 1 })
  const hasMore = rows.length > PRODUCTS_FOUND_MAX
  const exact = await findNumbered(ground, terms, { rows, hasMore }, search)
  const others = rows.filter((row) => !exact.some((one) => one.productid === row.productid))
  return { products: await offer(ground, terms, [...exact, ...others].slice(0, PRODUCTS_FOUND_MAX)), hasMore }
}

/** Products with this very number, in any case of its letters: among what was found or, where that is only a part, asked for. */
async function findNumbered(
  ground: Ground,
  terms: Terms,
  found: { rows: readonly QueryRow[]; hasMore: boolean },
  number: string,
): Promise<QueryRow[]> {
  const isNumbered = (row: QueryRow) => String(row.msdyn_productnumber).toLowerCase() === number.toLowerCase()
  const exact = found.rows.filter(isNumbered)
  if (exact.length > 0 || !found.hasMore) return exact
  const column = where('msdyn_productnumber')
  const filter = every(column.startsWith(number), column.endsWith(number))
  return (await readProducts(ground, terms, { filter, rowsMax: PRODUCTS_FOUND_MAX })).filter(isNumbered)
}

/** These products, as far as the visitor may order them from this company. */
export async function readProductsById(ground: Ground, terms: Terms, ids: readonly RowId[]): Promise<Map<RowId, OfferedProduct>> {
  if (ids.length === 0) return new Map()
  const distinct = [...new Set(ids)]
  const rows = await readProducts(ground, terms, { filter: where('productid').in(distinct), rowsMax: distinct.length })
  return new Map((await offer(ground, terms, rows)).map((one) => [one.productId, one]))
}

async function readProducts(
  ground: Ground,
  terms: Terms,
  which: { search?: string; filter?: FilterExpression; rowsMax: number },
): Promise<QueryRow[]> {
  const { tx, catalog, permissions, visitor } = ground
  const ofCompany = every(where('msdyn_company').is(terms.companyId), where('statecode').is(0))
  return listRows(tx, catalog, {
    table: catalog.get('product'),
    columns: [
      'productid',
      'msdyn_productnumber',
      'name',
      'description',
      'comptoir_name_fr',
      'comptoir_description_fr',
      'defaultuomid',
      'price',
      'transactioncurrencyid',
      'quantitydecimal',
    ],
    predicate: permissions.predicate(visitor, 'product', 'read'),
    filter: which.filter === undefined ? ofCompany : every(ofCompany, which.filter),
    ...(which.search === undefined ? {} : { search: which.search }),
    orderBy: [{ column: 'msdyn_productnumber', descending: false }],
    rowsMax: which.rowsMax,
  })
}

/** Three queries for all of them together: agreements, conversions, units. */
async function offer(ground: Ground, terms: Terms, rows: readonly QueryRow[]): Promise<OfferedProduct[]> {
  if (rows.length === 0) return []
  const agreements = await readAgreements(ground, terms, rows)
  const conversions = await readConversions(ground, rows)
  const products = rows.map((row): PricedProduct => {
    const productId = String(row.productid)
    return {
      productId,
      defaultUomId: text(row.defaultuomid),
      price: text(row.price),
      currencyId: text(row.transactioncurrencyid),
      conversions: conversions.get(String(row.msdyn_productnumber)) ?? [],
      agreements: agreements.get(productId) ?? [],
    }
  })
  const units = await readUnits(ground, [...new Set(products.flatMap(unitsOf))])
  return products.map((product, i) => {
    const row = rows[i] as QueryRow
    const inFrench = ground.language === 'fr'
    return {
      ...product,
      number: String(row.msdyn_productnumber),
      name: (inFrench ? text(row.comptoir_name_fr) : null) ?? text(row.name) ?? String(row.msdyn_productnumber),
      description: (inFrench ? text(row.comptoir_description_fr) : null) ?? text(row.description),
      units: unitsOf(product).flatMap((id) => {
        const unit = units.get(id)
        if (unit === undefined) return []
        return [{ ...unit, decimals: unit.decimals ?? (row.quantitydecimal as number | null) ?? DECIMALS_FALLBACK }]
      }),
    }
  })
}

/**
 * Read as the ordering itself, not as the visitor: prices of other customers never leave this statement, and a visitor needs no right
 * to read price lists to be told his own price.
 */
async function readAgreements(ground: Ground, terms: Terms, products: readonly QueryRow[]): Promise<Map<RowId, Agreement[]>> {
  const { catalog } = ground
  const forAccount = where('comptoir_customerid').is(terms.accountId)
  const forNobody = where('comptoir_customerid').is(null)
  const forList = every(forNobody, where('pricelevelid').is(terms.priceListId))
  const forEverybody = every(forNobody, where('pricelevelid').is(null))
  const rows = await readForPrices(ground, {
    table: catalog.get('productpricelevel'),
    columns: [
      'productid',
      'comptoir_customerid',
      'pricelevelid',
      'uomid',
      'transactioncurrencyid',
      'amount',
      'comptoir_pricequantity',
      'comptoir_fromquantity',
      'comptoir_toquantity',
      'comptoir_validfrom',
      'comptoir_validto',
    ],
    filter: every(
      where('productid').in(products.map((one) => String(one.productid))),
      where('msdyn_company').is(terms.companyId),
      either(forAccount, forList, forEverybody),
    ),
    rowsMax: AGREEMENTS_MAX,
  })
  assert(rows.length < AGREEMENTS_MAX, 'the agreements of a page of products fit into one read')
  return Map.groupBy(
    rows.flatMap((row) => agreementOf(row)),
    (one) => one.productId,
  )
}

function agreementOf(row: QueryRow): (Agreement & { productId: RowId })[] {
  const [uomId, currencyId, amount] = [text(row.uomid), text(row.transactioncurrencyid), text(row.amount)]
  if (uomId === null || currencyId === null || amount === null) return []
  return [
    {
      productId: String(row.productid),
      scope: row.comptoir_customerid !== null ? 'account' : row.pricelevelid !== null ? 'list' : 'everybody',
      uomId,
      currencyId,
      amount,
      priceQuantity: text(row.comptoir_pricequantity) ?? '1',
      fromQuantity: text(row.comptoir_fromquantity) ?? '0',
      toQuantity: text(row.comptoir_toquantity) ?? '0',
      validFrom: text(row.comptoir_validfrom),
      validTo: text(row.comptoir_validto),
    },
  ]
}

async function readConversions(ground: Ground, products: readonly QueryRow[]): Promise<Map<string, Conversion[]>> {
  const { catalog } = ground
  const rows = await readForPrices(ground, {
    table: catalog.get('msdyn_productspecificunitofmeasureconversion'),
    columns: ['msdyn_productnumber', 'msdyn_fromunit', 'msdyn_tounit', 'msdyn_factor', 'msdyn_numerator', 'msdyn_denominator'],
    filter: where('msdyn_productnumber').in(products.map((one) => String(one.msdyn_productnumber))),
    rowsMax: CONVERSIONS_MAX,
  })
  return Map.groupBy(
    rows.map((row) => ({
      productNumber: String(row.msdyn_productnumber),
      from: String(row.msdyn_fromunit),
      to: String(row.msdyn_tounit),
      factor: factorOf(row),
    })),
    (one) => one.productNumber,
  )
}

function factorOf(row: QueryRow): DecimalText {
  const part = (column: string) => {
    const value = text(row[column])
    return value === null || compare(value, '0') === 0 ? '1' : value
  }
  return divide(multiply(text(row.msdyn_factor) ?? '1', part('msdyn_numerator')), part('msdyn_denominator'))
}

async function readUnits(
  ground: Ground,
  ids: readonly RowId[],
): Promise<Map<RowId, { uomId: RowId; symbol: string; decimals: number | null }>> {
  if (ids.length === 0) return new Map()
  const { catalog } = ground
  const rows = await readForPrices(ground, {
    table: catalog.get('uom'),
    columns: ['uomid', 'msdyn_symbol', 'msdyn_decimalprecision'],
    filter: where('uomid').in(ids),
    rowsMax: UNITS_MAX,
  })
  return new Map(
    rows.map((row) => [
      String(row.uomid),
      { uomId: String(row.uomid), symbol: String(row.msdyn_symbol), decimals: row.msdyn_decimalprecision as number | null },
    ]),
  )
}

/** All rows, whoever asks: outside the transaction that acts for the visitor, who may not have them. */
function readForPrices({ database, catalog }: Ground, query: Omit<RowQuery, 'predicate'>): Promise<QueryRow[]> {
  return database.statement((tx) => listRows(tx, catalog, { ...query, predicate: engineRows }))
}

function text(value: string | number | boolean | null | undefined): string | null {
  return value === null || value === undefined || value === '' ? null : String(value)
}

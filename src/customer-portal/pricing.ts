import { type Conversion, factorBetween } from '#lib/conversions.ts'
import { compare, type DecimalText, divide, multiply, round } from '#lib/decimal.ts'
import type { RowId } from '#tables/rows.queries.ts'

/**
 * What a product is estimated to cost a customer, by the rule that the ERP prices with: an agreement in the asked unit, else in
 * another unit, converted, else the product's own price. Pure; the rows come from price-book.ts.
 */
export type PricedProduct = {
  productId: RowId
  /** The unit its own price is for. */
  defaultUomId: RowId | null
  price: DecimalText | null
  currencyId: RowId | null
  conversions: readonly Conversion[]
  agreements: readonly Agreement[]
}

export type Agreement = {
  scope: 'account' | 'list' | 'everybody'
  uomId: RowId
  currencyId: RowId
  /** For `priceQuantity` units. */
  amount: DecimalText
  priceQuantity: DecimalText
  /** Applies from here… */
  fromQuantity: DecimalText
  /** … and below this; '0' is no end. */
  toQuantity: DecimalText
  validFrom: string | null
  validTo: string | null
}

export type PriceQuestion = {
  uomId: RowId
  quantity: DecimalText
  currencyId: RowId
  /** YYYY-MM-DD */
  day: string
}

const PRECEDENCE = ['account', 'list', 'everybody'] as const
const PRICE_PLACES = 6
const AMOUNT_PLACES = 2

/** Price of one asked unit, or undefined where nothing says it: then the seller prices the line. */
export function findUnitPrice(product: PricedProduct, question: PriceQuestion): DecimalText | undefined {
  const agreed = unitsToTry(product, question.uomId)
    .map((uomId) => agreedPrice(product, question, uomId))
    .find((price) => price !== undefined)
  return agreed ?? ownPrice(product, question)
}

/** The estimated net amount, rounded half up to cents. */
export function estimateAmount(product: PricedProduct, question: PriceQuestion): DecimalText | undefined {
  const price = findUnitPrice(product, question)
  return price === undefined ? undefined : round(multiply(price, question.quantity), AMOUNT_PLACES)
}

/** Units the product can be ordered in: its own first, then those that convert into it. */
export function unitsOf(product: PricedProduct): RowId[] {
  const units = new Set<RowId>(product.defaultUomId === null ? [] : [product.defaultUomId])
  const known = new Set(product.conversions.flatMap((one) => [one.from, one.to]))
  for (const unit of known) {
    if (product.defaultUomId === null || factorBetween(product.conversions, unit, product.defaultUomId) !== undefined)
      units.add(unit)
  }
  return [...units]
}

/** The asked unit wins over any other, the product's own over the rest. */
function unitsToTry(product: PricedProduct, asked: RowId): RowId[] {
  const own = product.defaultUomId === null ? [] : [product.defaultUomId]
  return [...new Set([asked, ...own, ...product.agreements.map((one) => one.uomId)])]
}

function agreedPrice(product: PricedProduct, question: PriceQuestion, uomId: RowId): DecimalText | undefined {
  const factor = factorBetween(product.conversions, question.uomId, uomId)
  if (factor === undefined) return undefined
  const quantity = multiply(question.quantity, factor)
  const applicable = product.agreements.filter((one) => one.uomId === uomId && applies(one, question, quantity))
  for (const scope of PRECEDENCE) {
    const best = applicable.filter((one) => one.scope === scope).sort(bySteps)[0]
    if (best === undefined) continue
    const price = multiply(unitPrice(best), factor)
    // The agreement's own unit needs no rounding; a converted price is one the ERP writes down with six places.
    return uomId === question.uomId ? price : multiply(round(price, PRICE_PLACES), '1')
  }
  return undefined
}

function applies(one: Agreement, question: PriceQuestion, quantity: DecimalText): boolean {
  if (one.currencyId !== question.currencyId) return false
  if (compare(quantity, one.fromQuantity) < 0) return false
  if (compare(one.toQuantity, '0') > 0 && compare(quantity, one.toQuantity) >= 0) return false
  if (one.validFrom !== null && question.day < one.validFrom) return false
  return one.validTo === null || question.day <= one.validTo
}

/** The largest quantity step first; within a step the lowest price. */
function bySteps(a: Agreement, b: Agreement): number {
  return compare(b.fromQuantity, a.fromQuantity) || compare(unitPrice(a), unitPrice(b))
}

function unitPrice(one: Agreement): DecimalText {
  return compare(one.priceQuantity, '0') > 0 ? divide(one.amount, one.priceQuantity) : one.amount
}

/** A product without a price carries 0 in the ERP: that is no price, not a gift. */
function ownPrice(product: PricedProduct, question: PriceQuestion): DecimalText | undefined {
  if (product.price === null || compare(product.price, '0') <= 0 || product.defaultUomId === null) return undefined
  if (product.currencyId !== null && product.currencyId !== question.currencyId) return undefined
  const factor = factorBetween(product.conversions, question.uomId, product.defaultUomId)
  if (factor === undefined) return undefined
  if (question.uomId === product.defaultUomId) return product.price
  return multiply(round(multiply(product.price, factor), PRICE_PLACES), '1')
}

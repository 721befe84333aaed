import { compare, type DecimalText, divide, multiply, round } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { type Agreement, listAgreements } from './pricing.queries.ts'
import { decimal, type Row, text } from './rows.ts'
import { unitFactor } from './units.ts'

export type PriceQuestion = {
  customerAccount: string
  priceGroup: string
  unit: string
  quantity: DecimalText
  currency: string
  /** YYYY-MM-DD */
  day: string
}

/** `price` is for `priceQuantity` units. */
export type Price = {
  price: DecimalText
  priceQuantity: DecimalText
  charges: DecimalText
  source: 'agreement' | 'product' | 'none'
}

const PRECEDENCE = ['Table', 'GroupId', 'All'] as const
const PRICE_PLACES = 6

/**
 * The agreement that applies: the customer's own before its price group's before everybody's; within one of these the lowest price
 * per unit. The unit must be the asked one.
 */
export function chooseAgreement(agreements: readonly Agreement[], question: PriceQuestion): Agreement | undefined {
  const applicable = agreements.filter((agreement) => applies(agreement, question))
  for (const accountCode of PRECEDENCE) {
    const candidates = applicable.filter((agreement) => agreement.accountCode === accountCode)
    const best = candidates.reduce<Agreement | undefined>(
      (lowest, one) => (lowest === undefined || compare(unitPrice(one), unitPrice(lowest)) < 0 ? one : lowest),
      undefined,
    )
    if (best !== undefined) return best
  }
  return undefined
}

/**
 * What the product costs this customer: a trade agreement in the asked unit, else one in the inventory unit, converted; else the
 * product's own price, which is per its sales unit and in the company's currency; else nothing is known and the price is 0.
 */
export async function findPrice(tx: Tx, product: Row, question: PriceQuestion): Promise<Price> {
  const item = { company: text(product, 'dataAreaId'), itemNumber: text(product, 'ItemNumber'), currency: question.currency }
  const agreements = await listAgreements(tx, item)
  const direct = chooseAgreement(agreements, question)
  if (direct !== undefined) return fromAgreement(direct)
  const inventoryUnit = text(product, 'InventoryUnitSymbol')
  if (inventoryUnit !== question.unit && agreements.length > 0) {
    const factor = await factorOf(tx, product, question.unit, inventoryUnit)
    const quantity = multiply(question.quantity, factor)
    const converted = chooseAgreement(agreements, { ...question, unit: inventoryUnit, quantity })
    if (converted !== undefined) {
      const price = round(multiply(unitPrice(converted), factor), PRICE_PLACES)
      return { price: tidy(price), priceQuantity: '1', charges: converted.charges, source: 'agreement' }
    }
  }
  return productPrice(tx, product, question)
}

async function productPrice(tx: Tx, product: Row, question: PriceQuestion): Promise<Price> {
  const currency = text(product, 'CurrencyCode')
  if (currency !== '' && currency !== question.currency) return { price: '0', priceQuantity: '1', charges: '0', source: 'none' }
  const salesUnit = text(product, 'SalesUnitSymbol')
  const price = decimal(product, 'SalesPrice')
  const priceQuantity = decimal(product, 'SalesPriceQuantity')
  if (salesUnit === question.unit) return { price, priceQuantity, charges: '0', source: 'product' }
  const factor = await factorOf(tx, product, question.unit, salesUnit)
  const converted = round(divide(multiply(price, factor), priceQuantity), PRICE_PLACES)
  return { price: tidy(converted), priceQuantity: '1', charges: '0', source: 'product' }
}

function factorOf(tx: Tx, product: Row, from: string, to: string): Promise<DecimalText> {
  return unitFactor(tx, { productNumber: text(product, 'ProductNumber'), from, to })
}

function applies(agreement: Agreement, question: PriceQuestion): boolean {
  const relation = { Table: question.customerAccount, GroupId: question.priceGroup, All: '' }[agreement.accountCode]
  if (agreement.accountCode !== 'All' && (relation === '' || agreement.account !== relation)) return false
  if (agreement.unit !== question.unit) return false
  if (compare(question.quantity, agreement.fromQuantity) < 0) return false
  if (compare(agreement.toQuantity, '0') > 0 && compare(question.quantity, agreement.toQuantity) >= 0) return false
  if (agreement.fromDay !== '' && question.day < agreement.fromDay) return false
  return agreement.toDay === '' || question.day <= agreement.toDay
}

function fromAgreement(agreement: Agreement): Price {
  return { price: agreement.price, priceQuantity: agreement.priceQuantity, charges: agreement.charges, source: 'agreement' }
}

function unitPrice(agreement: Agreement): DecimalText {
  return divide(agreement.price, agreement.priceQuantity)
}

/** '12.500000' → '12.5' */
function tidy(price: DecimalText): DecimalText {
  return multiply(price, '1')
}

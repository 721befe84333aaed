import { type DecimalText, divide, equal, multiply } from './decimal.ts'

/** One `from` is `factor` of `to`. */
export type Conversion = { from: string; to: string; factor: DecimalText }

/**
 * How many `to` one `from` is: by one conversion, in either direction, or by two that meet in a unit between. Earlier conversions go
 * first, so a product's own win over the general ones. Undefined when nothing connects the two.
 */
export function factorBetween(conversions: readonly Conversion[], from: string, to: string): DecimalText | undefined {
  if (from === to) return '1'
  const direct = directFactor(conversions, from, to)
  if (direct !== undefined) return direct
  for (const { from: a, to: b } of conversions) {
    const between = a === from ? b : b === from ? a : undefined
    if (between === undefined) continue
    const first = directFactor(conversions, from, between)
    const second = directFactor(conversions, between, to)
    if (first !== undefined && second !== undefined) return multiply(first, second)
  }
  return undefined
}

function directFactor(conversions: readonly Conversion[], from: string, to: string): DecimalText | undefined {
  for (const one of conversions) {
    if (equal(one.factor, '0')) continue
    if (one.from === from && one.to === to) return one.factor
    if (one.from === to && one.to === from) return divide('1', one.factor)
  }
  return undefined
}

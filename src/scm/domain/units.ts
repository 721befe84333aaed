import { type DecimalText, divide, multiply } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from './infolog.ts'
import { type Conversion, listConversions } from './units.queries.ts'

/** How many `to` units one `from` unit of the product is. Refuses when nothing connects the two. */
export async function unitFactor(tx: Tx, units: { productNumber: string; from: string; to: string }): Promise<DecimalText> {
  if (units.from === units.to) return '1'
  const factor = factorBetween(await listConversions(tx, units.productNumber), units.from, units.to)
  return (
    factor ?? refuse(`A unit conversion from ${units.from} to ${units.to} does not exist for product ${units.productNumber}.`)
  )
}

/**
 * The factor by one conversion, in either direction, or by two that meet in a unit between. Earlier conversions go first, so a
 * product's own win over the general ones.
 */
export function factorBetween(conversions: readonly Conversion[], from: string, to: string): DecimalText | undefined {
  if (from === to) return '1'
  const direct = directFactor(conversions, from, to)
  if (direct !== undefined) return direct
  for (const { from: a, to: b } of conversions) {
    const between = a === from ? b : b === from ? a : undefined
    if (between === undefined) continue
    const second = directFactor(conversions, between, to)
    const first = directFactor(conversions, from, between)
    if (first !== undefined && second !== undefined) return multiply(first, second)
  }
  return undefined
}

function directFactor(conversions: readonly Conversion[], from: string, to: string): DecimalText | undefined {
  for (const conversion of conversions) {
    const factor = divide(multiply(conversion.factor, conversion.numerator), conversion.denominator)
    if (conversion.from === from && conversion.to === to) return factor
    if (conversion.from === to && conversion.to === from) return divide('1', factor)
  }
  return undefined
}

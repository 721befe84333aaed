import { factorBetween } from '#lib/conversions.ts'
import { type DecimalText, divide, multiply } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from './infolog.ts'
import { listConversions } from './units.queries.ts'

/** How many `to` units one `from` unit of the product is. Refuses when nothing connects the two. */
export async function unitFactor(tx: Tx, units: { productNumber: string; from: string; to: string }): Promise<DecimalText> {
  if (units.from === units.to) return '1'
  const conversions = (await listConversions(tx, units.productNumber)).map((one) => ({
    from: one.from,
    to: one.to,
    factor: divide(multiply(one.factor, one.numerator), one.denominator),
  }))
  const factor = factorBetween(conversions, units.from, units.to)
  return (
    factor ?? refuse(`A unit conversion from ${units.from} to ${units.to} does not exist for product ${units.productNumber}.`)
  )
}

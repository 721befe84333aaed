import type { Tx } from '#postgres/database.ts'

type ConversionRow = { from: string; to: string; factor: string; numerator: string; denominator: string }

/** Conversions that can serve a product: its own first, then the general ones. */
export async function listConversions(tx: Tx, productNumber: string): Promise<ConversionRow[]> {
  const rows = await tx<ConversionRow & { rank: number }>`
    select "FromUnitSymbol" as from, "ToUnitSymbol" as to, "Factor" as factor, "Numerator" as numerator, "Denominator" as denominator, 0 as rank
      from scm.product_unit_conversion where "ProductNumber" = ${productNumber}
    union all
    select "FromUnitSymbol", "ToUnitSymbol", "Factor", "Numerator", "Denominator", 1 from scm.unit_conversion
    order by rank`
  return rows
}

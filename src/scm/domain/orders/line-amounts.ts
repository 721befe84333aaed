import { compare } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuseWrite } from '../infolog.ts'
import { decimal, type Fields, has, text } from '../rows.ts'
import { givenAmount, type LineTerms, lineAmount, lineDiscountTotal, percentOf, spreadDiscount } from './amounts.ts'
import { taxPercent } from './line-defaults.ts'

/** Amount, discounts and tax of a line. A discount for the whole line is spread; a given amount stands when it need not be calculated. */
export async function lineAmounts(tx: Tx, company: string, fields: Fields, given: Fields): Promise<Record<string, string>> {
  const quantity = decimal(fields, 'OrderedSalesQuantity')
  const spread =
    has(given, 'TotalDiscountAmount') && !has(given, 'LineDiscountAmount')
      ? spreadDiscount(decimal(given, 'TotalDiscountAmount'), quantity)
      : undefined
  const terms: LineTerms = {
    quantity,
    price: decimal(fields, 'SalesPrice'),
    priceQuantity: has(fields, 'SalesPriceQuantity') ? decimal(fields, 'SalesPriceQuantity') : '1',
    discount: spread?.discount ?? decimal(fields, 'LineDiscountAmount'),
    discountPercent: decimal(fields, 'LineDiscountPercentage'),
    multilineDiscount: decimal(fields, 'MultilineDiscountAmount'),
    multilineDiscountPercent: decimal(fields, 'MultilineDiscountPercentage'),
    charges: spread?.charges ?? decimal(fields, 'FixedPriceCharges'),
  }
  if (compare(terms.priceQuantity, '0') <= 0) refuseWrite('Price unit must be greater than zero.')
  if (compare(terms.price, '0') < 0) refuseWrite('Unit price must not be negative.')
  const keepsAmount = fields.CalculateLineAmount === 'No' && has(given, 'LineAmount')
  const amount = keepsAmount ? givenAmount(decimal(given, 'LineAmount')) : lineAmount(terms)
  return {
    LineAmount: amount,
    LineDiscountAmount: terms.discount,
    FixedPriceCharges: terms.charges,
    TotalDiscountAmount: spread === undefined ? lineDiscountTotal(terms, amount) : decimal(given, 'TotalDiscountAmount'),
    TotalChargesAmount: terms.charges,
    TotalTaxAmount: percentOf(amount, await taxPercent(tx, company, text(fields, 'SalesTaxGroupCode'))),
  }
}

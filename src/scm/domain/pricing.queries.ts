import type { Tx } from '#postgres/database.ts'

/** One trade agreement, as the price search needs it. Dates are days (YYYY-MM-DD); '' means unbounded. */
export type Agreement = {
  accountCode: 'Table' | 'GroupId' | 'All'
  account: string
  unit: string
  price: string
  priceQuantity: string
  charges: string
  fromQuantity: string
  toQuantity: string
  fromDay: string
  toDay: string
  leadTimeDays: number
}

export function listAgreements(tx: Tx, item: { company: string; itemNumber: string; currency: string }): Promise<Agreement[]> {
  return tx<Agreement>`
    select "AccountCode" as "accountCode", "AccountRelation" as account, "QuantityUnitySymbol" as unit, "Price" as price,
           "SalesPriceQuantity" as "priceQuantity", "FixedPriceCharges" as charges, "FromQuantity" as "fromQuantity",
           "ToQuantity" as "toQuantity", "SalesLeadTimeDays" as "leadTimeDays",
           case when "PriceApplicableFromDate" <= '1900-01-01T12:00:00Z' then '' else to_char("PriceApplicableFromDate" at time zone 'UTC', 'YYYY-MM-DD') end as "fromDay",
           case when "PriceApplicableToDate" <= '1900-01-01T12:00:00Z' then '' else to_char("PriceApplicableToDate" at time zone 'UTC', 'YYYY-MM-DD') end as "toDay"
      from scm.sales_price_agreement
     where "dataAreaId" = ${item.company} and "ItemNumber" = ${item.itemNumber} and "PriceCurrencyCode" = ${item.currency}
     order by recid`
}

import type { Tx } from '#postgres/database.ts'

export async function lastSequenceNumber(tx: Tx, company: string, number: string): Promise<number> {
  const rows = await tx<{ last: number }>`
    select coalesce(max("LineCreationSequenceNumber"), 0) as last
      from scm.sales_order_line where "dataAreaId" = ${company} and "SalesOrderNumber" = ${number}`
  return rows[0]?.last ?? 0
}

/**
 * What a customer owes: invoices not settled, and what its open orders (this one included, in its currency) will still bring:
 * their totals less what has been invoiced of them. Amounts in other currencies are counted as they stand: there are no rates.
 */
export async function creditUse(tx: Tx, company: string, account: string): Promise<{ unsettled: string; openOrders: string }> {
  const rows = await tx<{ unsettled: string; openOrders: string }>`
    select
      (select coalesce(sum("TotalInvoiceAmount" - "SettledAmount"), 0) from scm.sales_invoice_header
        where "dataAreaId" = ${company} and "InvoiceCustomerAccountNumber" = ${account}) as unsettled,
      (select coalesce(sum(h."OrderTotalAmount" - coalesce(i.invoiced, 0)), 0)
         from scm.sales_order_header h
         left join lateral (
           select sum("TotalInvoiceAmount") as invoiced from scm.sales_invoice_header
            where "dataAreaId" = h."dataAreaId" and "SalesOrderNumber" = h."SalesOrderNumber") i on true
        where h."dataAreaId" = ${company} and h."InvoiceCustomerAccountNumber" = ${account}
          and h."SalesOrderStatus" in ('Backorder', 'Delivered') and h."DocumentStatus" <> 'None') as "openOrders"`
  return rows[0] ?? { unsettled: '0', openOrders: '0' }
}

/** What earlier invoices took of each line: amount and tax. */
export function invoicedByLine(tx: Tx, company: string, number: string): Promise<{ lot: string; amount: string; tax: string }[]> {
  return tx<{ lot: string; amount: string; tax: string }>`
    select "InventoryLotId" as lot, sum("LineAmount") as amount, sum("LineTotalTaxAmount") as tax
      from scm.sales_invoice_line where "dataAreaId" = ${company} and "SalesOrderNumber" = ${number}
     group by "InventoryLotId"`
}

/** How many invoices an order has, and the discount they gave together. */
export async function invoicedSoFar(tx: Tx, company: string, number: string): Promise<{ count: number; discount: string }> {
  const rows = await tx<{ count: number; discount: string }>`
    select count(*) as count, coalesce(sum("TotalDiscountAmount"), 0) as discount
      from scm.sales_invoice_header where "dataAreaId" = ${company} and "SalesOrderNumber" = ${number}`
  return rows[0] ?? { count: 0, discount: '0' }
}

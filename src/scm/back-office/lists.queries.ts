import type { Tx } from '#postgres/database.ts'

export type OrderSummary = {
  recid: number
  company: string
  number: string
  customer: string
  account: string
  processing: string
  isStopped: boolean
  total: string
  currency: string
  createdAt: string
}

export type ListAsk = { company: string; status: string; search: string; before: number; rowsMax: number }

/** The newest first; `before` is the recid of the order that the page begins after. Searches number, account and name. */
export function listOrders(tx: Tx, ask: ListAsk): Promise<OrderSummary[]> {
  const pattern = `%${escapeLike(ask.search)}%`
  return tx<OrderSummary>`
    select h.recid, h."dataAreaId" as company, h."SalesOrderNumber" as number, c."OrganizationName" as customer,
           h."OrderingCustomerAccountNumber" as account, h."SalesOrderProcessingStatus" as processing,
           h."IsSalesProcessingStopped" = 'Yes' as "isStopped", h."OrderTotalAmount" as total, h."CurrencyCode" as currency,
           h."OrderCreationDateTime" as "createdAt"
      from scm.sales_order_header h
      join scm.customer c on c."dataAreaId" = h."dataAreaId" and c."CustomerAccount" = h."OrderingCustomerAccountNumber"
     where (${ask.company} = '' or h."dataAreaId" = ${ask.company})
       and (${ask.status} = '' or h."SalesOrderProcessingStatus" = ${ask.status})
       and (${ask.search} = '' or h."SalesOrderNumber" ilike ${pattern} or h."OrderingCustomerAccountNumber" ilike ${pattern}
            or c."OrganizationName" ilike ${pattern})
       and (${ask.before} = 0 or (h."OrderCreationDateTime", h.recid) <
            (select "OrderCreationDateTime", recid from scm.sales_order_header where recid = ${ask.before}))
     order by h."OrderCreationDateTime" desc, h.recid desc
     limit ${ask.rowsMax}`
}

export type CustomerSummary = {
  company: string
  account: string
  name: string
  city: string
  hold: string
  limit: string
  currency: string
}

export function listCustomers(tx: Tx, ask: { company: string; search: string; rowsMax: number }): Promise<CustomerSummary[]> {
  const pattern = `%${escapeLike(ask.search)}%`
  return tx<CustomerSummary>`
    select "dataAreaId" as company, "CustomerAccount" as account, "OrganizationName" as name, "AddressCity" as city,
           "OnHoldStatus" as hold, "CreditLimit" as limit, "SalesCurrencyCode" as currency
      from scm.customer
     where (${ask.company} = '' or "dataAreaId" = ${ask.company})
       and (${ask.search} = '' or "CustomerAccount" ilike ${pattern} or "OrganizationName" ilike ${pattern})
     order by "dataAreaId" desc, "CustomerAccount"
     limit ${ask.rowsMax}`
}

export type ProductSummary = {
  company: string
  item: string
  name: string
  price: string
  currency: string
  unit: string
  available: string
}

export function listProducts(tx: Tx, ask: { company: string; search: string; rowsMax: number }): Promise<ProductSummary[]> {
  const pattern = `%${escapeLike(ask.search)}%`
  return tx<ProductSummary>`
    select p."dataAreaId" as company, p."ItemNumber" as item, p."ProductName" as name, p."SalesPrice" as price,
           p."CurrencyCode" as currency, p."SalesUnitSymbol" as unit,
           (select coalesce(sum("AvailableOnHandQuantity"), 0) from scm.warehouse_on_hand w
             where w."dataAreaId" = p."dataAreaId" and w."ItemNumber" = p."ItemNumber") as available
      from scm.released_product p
     where (${ask.company} = '' or p."dataAreaId" = ${ask.company})
       and (${ask.search} = '' or p."ItemNumber" ilike ${pattern} or p."ProductName" ilike ${pattern})
     order by p."dataAreaId" desc, p."ItemNumber"
     limit ${ask.rowsMax}`
}

export async function listCompanies(tx: Tx): Promise<string[]> {
  const rows = await tx<{ id: string }>`select "DataArea" as id from scm.legal_entity order by recid`
  return rows.map((row) => row.id)
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (char) => `\\${char}`)
}

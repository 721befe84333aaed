import type { Tx } from '#postgres/database.ts'

/** Products without a name take the one of their company's language, else English, else any. */
export async function nameProducts(tx: Tx): Promise<void> {
  await tx`
    update scm.released_product p
       set "ProductName" = t."ProductName",
           "ProductDescription" = case when p."ProductDescription" = '' then t."Description" else p."ProductDescription" end
      from scm.released_product q
      join scm.legal_entity e on e."DataArea" = q."dataAreaId"
      cross join lateral (
        select "ProductName", "Description" from scm.product_translation
         where "ProductNumber" = q."ProductNumber" and "ProductName" <> ''
         order by ("LanguageId" = e."LanguageId") desc, ("LanguageId" = split_part(e."LanguageId", '-', 1)) desc,
                  ("LanguageId" like 'en%') desc, "LanguageId"
         limit 1) t
     where q.recid = p.recid and p."ProductName" = ''`
}

/** Customers without an address of their own show their primary one. */
export async function placeCustomers(tx: Tx): Promise<void> {
  await tx`
    update scm.customer c
       set "AddressLocationId" = a."AddressLocationId", "AddressDescription" = a."AddressDescription", "AddressStreet" = a."AddressStreet",
           "AddressStreetNumber" = a."AddressStreetNumber", "AddressCity" = a."AddressCity", "AddressZipCode" = a."AddressZipCode",
           "AddressCounty" = a."AddressCounty", "AddressState" = a."AddressState", "AddressCountryRegionId" = a."AddressCountryRegionId",
           "AddressCountryRegionISOCode" = a."AddressCountryRegionISOCode", "FullPrimaryAddress" = a."FormattedDeliveryAddress"
      from (select distinct on ("dataAreaId", "CustomerAccount") * from scm.customer_address
             order by "dataAreaId", "CustomerAccount", "IsPrimary" desc, recid) a
     where a."dataAreaId" = c."dataAreaId" and a."CustomerAccount" = c."CustomerAccount" and c."AddressCity" = ''`
}

/** Orders that came without a total get the one of their lines; cancelled lines do not count. */
export async function totalOrders(tx: Tx): Promise<void> {
  await tx`
    update scm.sales_order_header h
       set "OrderTotalTaxAmount" = case when h."OrderTotalTaxAmount" = 0 then l.tax else h."OrderTotalTaxAmount" end,
           "OrderTotalAmount" = l.amount - h."TotalDiscountAmount" + h."OrderTotalChargesAmount"
             + case when h."OrderTotalTaxAmount" = 0 then l.tax else h."OrderTotalTaxAmount" end
      from (select "dataAreaId", "SalesOrderNumber", sum("LineAmount") as amount, sum("TotalTaxAmount") as tax
              from scm.sales_order_line where "SalesOrderLineStatus" <> 'Canceled' group by 1, 2) l
     where l."dataAreaId" = h."dataAreaId" and l."SalesOrderNumber" = h."SalesOrderNumber" and h."OrderTotalAmount" = 0`
}

/** Tax that came for the order as a whole, beyond what its lines bring, stays with the order. */
export async function keepHeaderTax(tx: Tx): Promise<void> {
  await tx`
    update scm.sales_order_header h
       set "OrderHeaderTaxAmount" = h."OrderTotalTaxAmount" - l.tax
      from (select "dataAreaId", "SalesOrderNumber", sum("TotalTaxAmount") as tax
              from scm.sales_order_line where "SalesOrderLineStatus" <> 'Canceled' group by 1, 2) l
     where l."dataAreaId" = h."dataAreaId" and l."SalesOrderNumber" = h."SalesOrderNumber"
       and h."OrderTotalTaxAmount" > l.tax and h."OrderHeaderTaxAmount" = 0`
}

/** Lines take names and product numbers from their products, addresses and dates from their orders, where they brought none. */
export async function completeLines(tx: Tx): Promise<void> {
  await tx`
    update scm.sales_order_line l
       set "ProductNumber" = p."ProductNumber",
           "ProductName" = case when l."ProductName" <> '' then l."ProductName" when l."LineDescription" <> '' then l."LineDescription" else p."ProductName" end,
           "CurrencyCode" = case when l."CurrencyCode" = '' then h."CurrencyCode" else l."CurrencyCode" end,
           "SalesOrderProcessingStatus" = h."SalesOrderProcessingStatus",
           "RequestedShippingDate" = greatest(l."RequestedShippingDate", case when l."RequestedShippingDate" <= '1900-01-02' then h."RequestedShippingDate" end),
           "RequestedReceiptDate" = greatest(l."RequestedReceiptDate", case when l."RequestedReceiptDate" <= '1900-01-02' then h."RequestedReceiptDate" end),
           "ConfirmedShippingDate" = greatest(l."ConfirmedShippingDate", case when l."ConfirmedShippingDate" <= '1900-01-02' then h."ConfirmedShippingDate" end),
           "ConfirmedReceiptDate" = greatest(l."ConfirmedReceiptDate", case when l."ConfirmedReceiptDate" <= '1900-01-02' then h."ConfirmedReceiptDate" end)
      from scm.sales_order_header h, scm.released_product p
     where h."dataAreaId" = l."dataAreaId" and h."SalesOrderNumber" = l."SalesOrderNumber"
       and p."dataAreaId" = l."dataAreaId" and p."ItemNumber" = l."ItemNumber" and l."ProductNumber" = ''`
}

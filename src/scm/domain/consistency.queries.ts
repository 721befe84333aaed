import type { Tx } from '#postgres/database.ts'

/** What does not add up in the ERP: one sentence per kind with how many rows. Where its own rules wrote every row, there is none. */
export async function listInconsistencies(tx: Tx): Promise<string[]> {
  const rows = await tx<{ what: string; count: number }>`
    select 'order totals differ from their lines' as what, count(*) as count from (
      select h.recid from scm.sales_order_header h
        join scm.sales_order_line l on l."dataAreaId" = h."dataAreaId" and l."SalesOrderNumber" = h."SalesOrderNumber"
       group by h.recid
      having h."OrderTotalAmount" <> coalesce(sum(l."LineAmount" + l."TotalTaxAmount") filter (where l."SalesOrderLineStatus" <> 'Canceled'), 0)
             - h."TotalDiscountAmount" + h."OrderHeaderTaxAmount" + case when h."SalesOrderStatus" = 'Canceled' then 0 else h."OrderTotalChargesAmount" end) x
    union all
    select 'orders without lines', count(*) from scm.sales_order_header h where not exists (
      select from scm.sales_order_line l where l."dataAreaId" = h."dataAreaId" and l."SalesOrderNumber" = h."SalesOrderNumber")
    union all
    select 'open lines of which delivered and remaining do not make what was ordered', count(*) from scm.sales_order_line
     where "SalesOrderLineStatus" = 'Backorder' and "OrderedSalesQuantity" <> "DeliveredQuantity" + "RemainingDeliveryQuantity"
    union all
    select 'lines whose deliveries differ from their packing slips', count(*) from scm.sales_order_line l
     where l."DeliveredQuantity" <> (select coalesce(sum(s."Qty"), 0) from scm.packing_slip_line s
                                      where s."dataAreaId" = l."dataAreaId" and s."InventTransId" = l."InventoryLotId")
    union all
    select 'lines whose invoiced quantity differs from their invoices', count(*) from scm.sales_order_line l
     where l."InvoicedQuantity" <> (select coalesce(sum(i."InvoicedQuantity"), 0) from scm.sales_invoice_line i
                                     where i."dataAreaId" = l."dataAreaId" and i."InventoryLotId" = l."InventoryLotId")
    union all
    select 'invoiced lines whose amount is not invoiced', count(*) from scm.sales_order_line l
     where l."SalesOrderLineStatus" = 'Invoiced' and l."InvoicedQuantity" = l."OrderedSalesQuantity"
       and l."LineAmount" <> (select sum(i."LineAmount") from scm.sales_invoice_line i
                               where i."dataAreaId" = l."dataAreaId" and i."InventoryLotId" = l."InventoryLotId")
    union all
    select 'invoices that differ from their lines', count(*) from scm.sales_invoice_header h
     where h."TotalInvoiceAmount" - h."TotalChargeAmount" - h."InvoiceHeaderTaxAmount" + h."TotalDiscountAmount" <> (
       select coalesce(sum(i."LineAmount" + i."LineTotalTaxAmount"), 0) from scm.sales_invoice_line i
        where i."dataAreaId" = h."dataAreaId" and i."InvoiceNumber" = h."InvoiceNumber")
    union all
    select 'lines whose status is not what their quantities say', count(*) from scm.sales_order_line
     where "SalesOrderLineStatus" <> case
       when "RemainingDeliveryQuantity" > 0 then 'Backorder'
       when "DeliveredQuantity" = 0 then 'Canceled'
       when "InvoicedQuantity" >= "DeliveredQuantity" then 'Invoiced' else 'Delivered' end
    union all
    select 'picked goods that are not set aside', count(*) from (
      select l."dataAreaId", l."ShippingWarehouseId", sum(l."PickedQuantity" * coalesce(c."Factor", 1)) as picked, w."ReservedOnHandQuantity" as held
        from scm.sales_order_line l
        join scm.released_product p on p."dataAreaId" = l."dataAreaId" and p."ItemNumber" = l."ItemNumber" and p."IsStockedProduct" = 'Yes'
        join scm.warehouse_on_hand w on w."dataAreaId" = l."dataAreaId" and w."ItemNumber" = l."ItemNumber" and w."InventoryWarehouseId" = l."ShippingWarehouseId"
        left join scm.product_unit_conversion c on c."ProductNumber" = l."ProductNumber" and c."FromUnitSymbol" = l."SalesUnitSymbol"
                                               and c."ToUnitSymbol" = p."InventoryUnitSymbol"
       where l."SalesUnitSymbol" <> 'pal'
       group by 1, 2, l."ItemNumber", w."ReservedOnHandQuantity") x
     where picked > held
    union all
    select 'stock that is less than nothing', count(*) from scm.warehouse_on_hand
     where "AvailableOnHandQuantity" < 0 or "AvailableOnHandQuantity" <> "OnHandQuantity" - "ReservedOnHandQuantity"`
  return [...rows, ...(await inconsistentParties(tx))].filter((row) => row.count > 0).map((row) => `${row.what}: ${row.count}`)
}

function inconsistentParties(tx: Tx): Promise<{ what: string; count: number }[]> {
  return tx<{ what: string; count: number }>`
    select 'customers whose party has another name' as what, count(*) as count from scm.customer c
     where not exists (select from scm.party p where p."PartyNumber" = c."PartyNumber" and p."OrganizationName" = c."OrganizationName")
    union all
    select 'contacts whose party has another name', count(*) from scm.contact_person c
     where not exists (select from scm.party p where p."PartyNumber" = c."ContactPersonPartyNumber" and p."PersonLastName" = c."LastName")
    union all
    select 'addresses of customers that are not the current one of their location', count(*) from scm.customer_address a
      join scm.customer c on c."dataAreaId" = a."dataAreaId" and c."CustomerAccount" = a."CustomerAccount"
     where a."AddressLocationId" <> '' and not exists (
       select from scm.party_location l
         join lateral (select * from scm.postal_address p where p."LocationId" = l."LocationId" order by p."ValidFrom" desc limit 1) p on true
        where l."PartyNumber" = c."PartyNumber" and l."LocationId" = a."AddressLocationId" and p."City" = a."AddressCity"
          and p."Street" = a."AddressStreet")
    union all
    select 'quotations that differ from their lines', count(*) from scm.sales_quotation_header h
     where h."QuotationTotalAmount" <> h."QuotationTotalChargesAmount" + h."QuotationHeaderTaxAmount" - h."TotalDiscountAmount" + (
       select coalesce(sum(l."LineAmount" + l."TotalTaxAmount"), 0) from scm.sales_quotation_line l
        where l."dataAreaId" = h."dataAreaId" and l."SalesQuotationNumber" = h."SalesQuotationNumber")`
}

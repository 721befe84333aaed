import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { insertOrder } from '../orders/order-header.ts'
import { insertLine } from '../orders/order-line.ts'
import { updateRow } from '../rows.queries.ts'
import { dayOf, decimal, type Fields, momentMs, type Row, text, type WriteContext } from '../rows.ts'
import { lockQuotationLines } from './settle-quotation.ts'

const HEADER = [
  'InvoiceCustomerAccountNumber',
  'ContactPersonId',
  'CurrencyCode',
  'LanguageId',
  'PaymentTermsName',
  'DeliveryModeCode',
  'DeliveryTermsCode',
  'PriceCustomerGroupCode',
  'SalesTaxGroupCode',
  'CustomerRequisitionNumber',
  'DefaultShippingSiteId',
  'DefaultShippingWarehouseId',
  'Email',
  'RequestedShippingDate',
  'TotalDiscountPercentage',
  'DeliveryAddressName',
  'DeliveryAddressDescription',
  'DeliveryAddressLocationId',
  'DeliveryAddressStreet',
  'DeliveryAddressStreetNumber',
  'DeliveryAddressCity',
  'DeliveryAddressZipCode',
  'DeliveryAddressStateId',
  'DeliveryAddressCountyId',
  'DeliveryAddressDistrictName',
  'DeliveryAddressCountryRegionId',
  'DeliveryAddressCountryRegionISOCode',
]

const LINE = [
  'ItemNumber',
  'LineCreationSequenceNumber',
  'ProductName',
  'LineDescription',
  'ExternalItemNumber',
  'SalesUnitSymbol',
  'SalesPrice',
  'SalesPriceQuantity',
  'LineDiscountAmount',
  'LineDiscountPercentage',
  'MultilineDiscountAmount',
  'MultilineDiscountPercentage',
  'FixedPriceCharges',
  'ShippingSiteId',
  'ShippingWarehouseId',
  'SalesTaxGroupCode',
  'RequestedShippingDate',
  'RequestedReceiptDate',
  'AllowedOverdeliveryPercentage',
  'AllowedUnderdeliveryPercentage',
]

/** The customer has agreed: the quotation becomes a sales order at the prices it was quoted, which it names from then on. */
export async function confirmQuotation(tx: Tx, header: Row, context: WriteContext): Promise<Row> {
  const number = text(header, 'SalesQuotationNumber')
  const company = text(header, 'dataAreaId')
  const lines = await lockQuotationLines(tx, header)
  if (lines.length === 0) refuse(`Quotation ${number} has no lines. There is nothing to confirm.`)
  const expiryMs = momentMs(header, 'SalesQuotationExpiryDate')
  if (expiryMs !== undefined && dayOf(context.nowMs) > dayOf(expiryMs))
    refuse(`Quotation ${number} was valid until ${dayOf(expiryMs).slice(0, 10)}. It cannot be confirmed.`)
  const order = await insertOrder(
    tx,
    company,
    {
      ...taken(header, HEADER),
      OrderingCustomerAccountNumber: text(header, 'RequestingCustomerAccountNumber'),
      SalesOrderName: text(header, 'SalesQuotationName').slice(0, 60),
      CustomersOrderReference: text(header, 'CustomersReference'),
      RequestedReceiptDate: text(header, 'ReceiptDateRequested'),
      QuotationNumber: number,
    },
    context,
  )
  const orderNumber = text(order, 'SalesOrderNumber')
  for (const line of lines) {
    const quantity = decimal(line, 'RequestedSalesQuantity')
    const fields = { ...taken(line, LINE), OrderedSalesQuantity: quantity, SalesOrderNumber: orderNumber }
    await insertLine(tx, company, fields, context)
  }
  return updateRow(tx, 'sales_quotation_header', header.recid, {
    SalesQuotationStatus: 'Confirmed',
    GeneratedSalesOrderNumber: orderNumber,
    SalesQuotationConfirmationDate: dayOf(context.nowMs),
  })
}

function taken(row: Row, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, text(row, name)]))
}

import { compare, type DecimalText, parseDecimal, subtract } from '#lib/decimal.ts'
import { formatAddress } from '../../domain/address-format.ts'
import { countryIdOf, isoCodeOf } from '../../domain/countries.ts'
import { quantities } from '../../domain/on-hand.ts'
import { lineAmount, lineDiscountTotal } from '../../domain/orders/amounts.ts'
import { account } from '../../domain/price-agreements.ts'
import { type FieldValue, firstText } from '../../domain/rows.ts'

export type LoadRow = Record<string, FieldValue>

/** What the load knows beside the row: how far it is in the file, and what was given at all (not merely empty). */
export type LoadContext = { ordinal: number; isGiven(field: string): boolean; nextInOrder(order: string): number }

/** Fills what a row leaves out, by its table: what the ERP's own processing would have written. Changes the row in place. */
export function completeRow(table: string, row: LoadRow, context: LoadContext): void {
  COMPLETIONS[table]?.(row, context)
}

type Completion = (row: LoadRow, context: LoadContext) => void

const DOCUMENT_BY_PROCESSING: Readonly<Record<string, string>> = {
  Active: 'None',
  Confirmed: 'Confirmation',
  Picked: 'PickingList',
  PartiallyDelivered: 'PackingSlip',
  Delivered: 'PackingSlip',
  PartiallyInvoiced: 'Invoice',
  DeliveredPartiallyInvoiced: 'Invoice',
  Invoiced: 'Invoice',
  Canceled: 'None',
}

/** The status that says most for each processing status, and the other way round, where only one was given. */
const STATUS_BY_PROCESSING: Readonly<Record<string, string>> = {
  Delivered: 'Delivered',
  PartiallyInvoiced: 'Delivered',
  DeliveredPartiallyInvoiced: 'Delivered',
  Invoiced: 'Invoiced',
  Canceled: 'Canceled',
}

const COMPLETIONS: Readonly<Record<string, Completion>> = {
  legal_entity(row) {
    row.CompanyName = firstText(text(row.CompanyName), text(row.Name))
  },
  customer(row) {
    row.InvoiceAccount = firstText(text(row.InvoiceAccount), text(row.CustomerAccount))
    row.LanguageId = firstText(text(row.LanguageId), 'en-us')
    for (const prefix of ['Address', 'DeliveryAddress', 'InvoiceAddress']) bothCountries(row, `${prefix}CountryRegion`)
  },
  customer_address(row) {
    bothCountries(row, 'AddressCountryRegion')
    row.FormattedDeliveryAddress = firstText(text(row.FormattedDeliveryAddress), formatted(row, 'Address', 'AddressState'))
  },
  contact_person(row) {
    row.AssociatedContactType = firstText(text(row.AssociatedContactType), 'Customer')
  },
  released_product(row) {
    row.ProductNumber = firstText(text(row.ProductNumber), text(row.ItemNumber))
    row.InventoryUnitSymbol = firstText(text(row.InventoryUnitSymbol), text(row.SalesUnitSymbol))
    if (decimal(row.SalesPriceQuantity) === '0') row.SalesPriceQuantity = '1'
  },
  sales_price_agreement(row) {
    Object.assign(row, account(row))
    row.ItemRelation = text(row.ItemNumber)
    row.ProductNumber = firstText(text(row.ProductNumber), text(row.ItemNumber))
    if (decimal(row.SalesPriceQuantity) === '0') row.SalesPriceQuantity = '1'
    delete row.RecordId
  },
  warehouse_on_hand(row) {
    Object.assign(row, quantities(decimal(row.OnHandQuantity), decimal(row.ReservedOnHandQuantity)))
  },
  sales_order_header: completeHeader,
  sales_order_line: completeLine,
  sales_invoice_header(row) {
    row.LedgerVoucher = firstText(text(row.LedgerVoucher), text(row.InvoiceNumber))
    row.OrderingCustomerAccountNumber = firstText(text(row.OrderingCustomerAccountNumber), text(row.InvoiceCustomerAccountNumber))
  },
  sales_invoice_line(row, context) {
    row.LedgerVoucher = firstText(text(row.LedgerVoucher), text(row.InvoiceNumber))
    if (Number(row.LineCreationSequenceNumber ?? 0) === 0)
      row.LineCreationSequenceNumber = context.nextInOrder(`${text(row.dataAreaId)} ${text(row.InvoiceNumber)}`)
  },
}

function completeHeader(row: LoadRow, context: LoadContext): void {
  row.InvoiceCustomerAccountNumber = firstText(text(row.InvoiceCustomerAccountNumber), text(row.OrderingCustomerAccountNumber))
  if (!context.isGiven('SalesOrderStatus'))
    row.SalesOrderStatus = STATUS_BY_PROCESSING[text(row.SalesOrderProcessingStatus)] ?? 'Backorder'
  if (!context.isGiven('SalesOrderProcessingStatus')) {
    const status = text(row.SalesOrderStatus)
    row.SalesOrderProcessingStatus = status === 'Backorder' || status === 'None' ? 'Active' : status
  }
  row.DocumentStatus = DOCUMENT_BY_PROCESSING[text(row.SalesOrderProcessingStatus)] ?? 'None'
  bothCountries(row, 'DeliveryAddressCountryRegion')
  bothCountries(row, 'InvoiceAddressCountryRegion')
  row.FormattedDelveryAddress = firstText(
    text(row.FormattedDelveryAddress),
    formatted(row, 'DeliveryAddress', 'DeliveryAddressStateId'),
  )
  row.FormattedInvoiceAddress = firstText(
    text(row.FormattedInvoiceAddress),
    formatted(row, 'InvoiceAddress', 'InvoiceAddressStateId'),
  )
}

/** A line of history keeps its amount; its quantities follow from its status where they were not given. */
function completeLine(row: LoadRow, context: LoadContext): void {
  if (Number(row.LineCreationSequenceNumber ?? 0) === 0)
    row.LineCreationSequenceNumber = context.nextInOrder(`${text(row.dataAreaId)} ${text(row.SalesOrderNumber)}`)
  if (decimal(row.LineNumber) === '0') row.LineNumber = String(row.LineCreationSequenceNumber)
  if (decimal(row.SalesPriceQuantity) === '0') row.SalesPriceQuantity = '1'
  row.InventoryLotId = firstText(
    text(row.InventoryLotId),
    `${text(row.SalesOrderNumber)}-${String(row.LineCreationSequenceNumber)}`,
  )
  row.ProductName = firstText(text(row.ProductName), text(row.LineDescription))
  if (!context.isGiven('SalesOrderLineStatus')) row.SalesOrderLineStatus = 'Backorder'
  const ordered = decimal(row.OrderedSalesQuantity)
  const isDelivered = row.SalesOrderLineStatus === 'Delivered' || row.SalesOrderLineStatus === 'Invoiced'
  if (!context.isGiven('DeliveredQuantity')) row.DeliveredQuantity = isDelivered ? ordered : '0'
  if (!context.isGiven('InvoicedQuantity'))
    row.InvoicedQuantity = row.SalesOrderLineStatus === 'Invoiced' ? decimal(row.DeliveredQuantity) : '0'
  const left = subtract(ordered, decimal(row.DeliveredQuantity))
  const isOpen = row.SalesOrderLineStatus === 'Backorder' || row.SalesOrderLineStatus === 'None'
  if (!context.isGiven('RemainingDeliveryQuantity')) row.RemainingDeliveryQuantity = isOpen && compare(left, '0') > 0 ? left : '0'
  const terms = {
    quantity: ordered,
    price: decimal(row.SalesPrice),
    priceQuantity: decimal(row.SalesPriceQuantity),
    discount: decimal(row.LineDiscountAmount),
    discountPercent: decimal(row.LineDiscountPercentage),
    multilineDiscount: decimal(row.MultilineDiscountAmount),
    multilineDiscountPercent: decimal(row.MultilineDiscountPercentage),
    charges: decimal(row.FixedPriceCharges),
  }
  if (!context.isGiven('LineAmount')) row.LineAmount = lineAmount(terms)
  if (!context.isGiven('TotalDiscountAmount')) row.TotalDiscountAmount = lineDiscountTotal(terms, decimal(row.LineAmount))
}

function bothCountries(row: LoadRow, prefix: string): void {
  const id = text(row[`${prefix}Id`])
  const iso = text(row[`${prefix}ISOCode`])
  if (id === '' && iso === '') return
  row[`${prefix}Id`] = firstText(id, countryIdOf(iso))
  row[`${prefix}ISOCode`] = firstText(iso, isoCodeOf(id))
}

function formatted(row: LoadRow, prefix: string, stateField: string): string {
  return formatAddress({
    street: text(row[`${prefix}Street`]),
    streetNumber: text(row[`${prefix}StreetNumber`]),
    city: text(row[`${prefix}City`]),
    zipCode: text(row[`${prefix}ZipCode`]),
    state: text(row[stateField]),
    country: firstText(text(row[`${prefix}CountryRegionId`]), text(row[`${prefix}CountryRegionISOCode`])),
  })
}

function text(value: FieldValue | undefined): string {
  return value === undefined || value === null ? '' : String(value)
}

function decimal(value: FieldValue | undefined): DecimalText {
  return parseDecimal(text(value)) ?? '0'
}

import { formatNumber } from '../../domain/number-sequences.ts'
import { DAY_MS, dayOf, NO_DATE } from '../../domain/rows.ts'
import type { DemoCustomer } from './customers.ts'
import type { DemoLine } from './order-lines.ts'
import type { OrderPlan } from './order-plan.ts'
import type { DemoRow } from './setup.ts'

export type DemoOrder = {
  customer: DemoCustomer
  plan: OrderPlan
  lines: DemoLine[]
  contactId: string
  number: string
  firstLot: number
  isFrench: boolean
}

type Outcome = { status: string; processing: string; document: string; tax: string; total: string }

const ADDRESS = [
  'LocationId',
  'Description',
  'Street',
  'StreetNumber',
  'City',
  'ZipCode',
  'CountryRegionId',
  'CountryRegionISOCode',
]

export function orderRow(order: DemoOrder, outcome: Outcome): DemoRow {
  const { customer, plan } = order
  const { company, row } = customer
  return {
    dataAreaId: company.id,
    SalesOrderNumber: order.number,
    SalesOrderName: String(row.OrganizationName).slice(0, 60),
    SalesOrderStatus: outcome.status,
    SalesOrderProcessingStatus: outcome.processing,
    DocumentStatus: outcome.document,
    OrderingCustomerAccountNumber: customer.account,
    InvoiceCustomerAccountNumber: customer.account,
    ContactPersonId: order.contactId,
    Email: row.PrimaryContactEmail ?? '',
    CurrencyCode: customer.currency,
    LanguageId: company.language,
    CustomerRequisitionNumber: `PO-${String(plan.createdMs / 60_000).slice(-6)}`,
    PaymentTermsName: row.PaymentTerms ?? '',
    DeliveryModeCode: row.DeliveryMode ?? '',
    DeliveryTermsCode: row.DeliveryTerms ?? '',
    PriceCustomerGroupCode: customer.priceGroup,
    SalesTaxGroupCode: company.taxGroup,
    DefaultShippingSiteId: company.warehouses[0]?.site ?? '',
    DefaultShippingWarehouseId: company.warehouses[0]?.id ?? '',
    ...deliveryAddress(order),
    FormattedDelveryAddress: order.customer.deliveryText,
    ...Object.fromEntries(ADDRESS.slice(2).map((part) => [`InvoiceAddress${part}`, row[`InvoiceAddress${part}`] ?? ''])),
    InvoiceAddressStateId: row.InvoiceAddressState ?? '',
    FormattedInvoiceAddress: row.FullPrimaryAddress ?? '',
    OrderCreationDateTime: new Date(plan.createdMs).toISOString(),
    ...dates(order, outcome.document),
    IsSalesProcessingStopped: plan.stage === 'stopped' ? 'Yes' : 'No',
    OrderTotalTaxAmount: outcome.tax,
    OrderTotalAmount: outcome.total,
  }
}

export function lineRow(
  order: DemoOrder,
  line: DemoLine,
  index: number,
  outcome: { status: string; processing: string; picked: string; remaining: string },
): DemoRow {
  const { company } = order.customer
  const name = nameOf(order, line)
  return {
    dataAreaId: company.id,
    SalesOrderNumber: order.number,
    InventoryLotId: lotOf(order, index),
    LineNumber: String(index + 1),
    LineCreationSequenceNumber: index + 1,
    SalesOrderLineStatus: outcome.status,
    SalesOrderProcessingStatus: outcome.processing,
    ItemNumber: line.product.number,
    ProductNumber: line.product.number,
    ProductName: name,
    LineDescription: name,
    SalesProductCategoryName: line.product.category,
    SalesProductCategoryHierarchyName: 'Catalog',
    SalesUnitSymbol: line.unit,
    CurrencyCode: order.customer.currency,
    ShippingSiteId: company.warehouses[0]?.site ?? '',
    ShippingWarehouseId: company.warehouses[0]?.id ?? '',
    DeliveryModeCode: order.customer.row.DeliveryMode ?? '',
    DeliveryTermsId: order.customer.row.DeliveryTerms ?? '',
    SalesTaxGroupCode: company.taxGroup,
    ...deliveryAddress(order),
    FormattedDeliveryAddress: order.customer.deliveryText,
    OrderedSalesQuantity: String(line.ordered),
    SalesPrice: line.price,
    LineDiscountPercentage: line.discountPercent,
    LineAmount: line.amount,
    TotalDiscountAmount: line.discount,
    TotalTaxAmount: line.tax,
    PickedQuantity: outcome.picked,
    DeliveredQuantity: String(line.delivered),
    RemainingDeliveryQuantity: outcome.remaining,
    InvoicedQuantity: String(line.invoiced),
    ...dates(order, outcome.processing === 'Active' || outcome.processing === 'Canceled' ? 'None' : 'Confirmation'),
  }
}

export function slipRow(order: DemoOrder, slip: { id: string; ms: number; quantity: string }): DemoRow {
  const { customer } = order
  return {
    dataAreaId: customer.company.id,
    PackingSlipId: slip.id,
    InternalPackingSlipId: slip.id,
    LedgerVoucher: slip.id,
    SalesId: order.number,
    OrderAccount: customer.account,
    InvoiceAccount: customer.account,
    DeliveryName: customer.row.OrganizationName ?? '',
    DlvMode: customer.row.DeliveryMode ?? '',
    DlvTerm: customer.row.DeliveryTerms ?? '',
    InventLocationId: customer.company.warehouses[0]?.id ?? '',
    LanguageId: customer.company.language,
    Qty: slip.quantity,
    DeliveryDate: dayOf(slip.ms),
    DocumentDate: dayOf(slip.ms),
    CreatedOn: new Date(slip.ms).toISOString(),
  }
}

export function slipLineRow(
  order: DemoOrder,
  line: DemoLine,
  index: number,
  slip: { id: string; ms: number; quantity: string },
): DemoRow {
  const { company } = order.customer
  return {
    dataAreaId: company.id,
    PackingSlipId: slip.id,
    SalesId: order.number,
    InventTransId: lotOf(order, index),
    ItemId: line.product.number,
    Name: nameOf(order, line),
    SalesUnit: line.unit,
    InventSiteId: company.warehouses[0]?.site ?? '',
    InventLocationId: company.warehouses[0]?.id ?? '',
    LineNum: String(index + 1),
    Qty: slip.quantity,
    Ordered: String(line.ordered),
    Remain: String(line.ordered - line.delivered),
    DeliveryDate: dayOf(slip.ms),
  }
}

export type InvoiceKeys = { number: string; voucher: string; ms: number }

export function invoiceRow(
  order: DemoOrder,
  keys: InvoiceKeys,
  amounts: { tax: string; total: string; due: string; settled: string },
): DemoRow {
  const { customer } = order
  return {
    dataAreaId: customer.company.id,
    InvoiceNumber: keys.number,
    LedgerVoucher: keys.voucher,
    InvoiceDate: dayOf(keys.ms),
    DueDate: amounts.due,
    SalesOrderNumber: order.number,
    InvoiceCustomerAccountNumber: customer.account,
    OrderingCustomerAccountNumber: customer.account,
    ContactPersonId: order.contactId,
    CurrencyCode: customer.currency,
    PaymentTermsName: customer.row.PaymentTerms ?? '',
    DeliveryModeCode: customer.row.DeliveryMode ?? '',
    DeliveryTermsCode: customer.row.DeliveryTerms ?? '',
    ...Object.fromEntries(ADDRESS.slice(2).map((part) => [`InvoiceAddress${part}`, customer.row[`InvoiceAddress${part}`] ?? ''])),
    InvoiceAddressState: customer.row.InvoiceAddressState ?? '',
    TotalTaxAmount: amounts.tax,
    TotalInvoiceAmount: amounts.total,
    SettledAmount: amounts.settled,
  }
}

export function invoiceLineRow(
  order: DemoOrder,
  line: DemoLine,
  index: number,
  keys: InvoiceKeys,
  part: { quantity: string; amount: string; tax: string; discount: string },
): DemoRow {
  const { company } = order.customer
  const name = nameOf(order, line)
  return {
    dataAreaId: company.id,
    InvoiceNumber: keys.number,
    LedgerVoucher: keys.voucher,
    InvoiceDate: dayOf(keys.ms),
    LineCreationSequenceNumber: index + 1,
    SalesOrderNumber: order.number,
    InventoryLotId: lotOf(order, index),
    ItemNumber: line.product.number,
    ProductNumber: line.product.number,
    ProductName: name,
    ProductDescription: name,
    CurrencyCode: order.customer.currency,
    SalesUnitSymbol: line.unit,
    InventorySiteId: company.warehouses[0]?.site ?? '',
    InventoryWarehouseId: company.warehouses[0]?.id ?? '',
    SalesProductCategoryName: line.product.category,
    SalesProductCategoryHierarchyName: 'Catalog',
    InvoicedQuantity: part.quantity,
    SalesPrice: line.price,
    LineAmount: part.amount,
    LineTotalDiscountAmount: part.discount,
    LineTotalTaxAmount: part.tax,
  }
}

function deliveryAddress({ customer }: DemoOrder): DemoRow {
  const { row } = customer
  return {
    DeliveryAddressName: row.OrganizationName ?? '',
    ...Object.fromEntries(ADDRESS.map((part) => [`DeliveryAddress${part}`, row[`DeliveryAddress${part}`] ?? ''])),
    DeliveryAddressStateId: row.DeliveryAddressState ?? '',
  }
}

function dates(order: DemoOrder, document: string): DemoRow {
  const shipping = dayOf(order.plan.shippingMs)
  const receipt = dayOf(order.plan.shippingMs + 2 * DAY_MS)
  const isPromised = document !== 'None'
  return {
    RequestedShippingDate: shipping,
    RequestedReceiptDate: receipt,
    ConfirmedShippingDate: isPromised ? shipping : NO_DATE,
    ConfirmedReceiptDate: isPromised ? receipt : NO_DATE,
  }
}

function nameOf(order: DemoOrder, line: DemoLine): string {
  return order.isFrench ? line.product.nameFr : line.product.name
}

function lotOf(order: DemoOrder, index: number): string {
  return formatNumber('LOT-########', order.firstLot + index)
}

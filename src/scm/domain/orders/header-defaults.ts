import type { Tx } from '#postgres/database.ts'
import { formatAddress } from '../address-format.ts'
import { countryIdOf, isoCodeOf } from '../countries.ts'
import { findRow, getRow } from '../rows.queries.ts'
import { dayOf, type Fields, type FieldValue, firstText, has, momentMs, type Row, text, type WriteContext } from '../rows.ts'

/** Field of a customer address (after 'Address') → field of the order (after 'DeliveryAddress'). */
const ADDRESS_PARTS: readonly (readonly [string, string])[] = [
  ['LocationId', 'LocationId'],
  ['Description', 'Description'],
  ['Street', 'Street'],
  ['StreetNumber', 'StreetNumber'],
  ['City', 'City'],
  ['ZipCode', 'ZipCode'],
  ['State', 'StateId'],
  ['County', 'CountyId'],
  ['DistrictName', 'DistrictName'],
  ['CountryRegionId', 'CountryRegionId'],
  ['CountryRegionISOCode', 'CountryRegionISOCode'],
]

/** What the order takes from its customer where nothing was given. */
export async function headerDefaults(tx: Tx, given: Fields, customer: Row, context: WriteContext): Promise<Fields> {
  const company = text(customer, 'dataAreaId')
  const account = text(customer, 'CustomerAccount')
  const invoiceAccount = firstText(text(given, 'InvoiceCustomerAccountNumber'), text(customer, 'InvoiceAccount'), account)
  const invoiceCustomer =
    invoiceAccount === account ? customer : await getRow(tx, 'customer', { dataAreaId: company, CustomerAccount: invoiceAccount })
  return {
    SalesOrderName: text(customer, 'OrganizationName').slice(0, 60),
    InvoiceCustomerAccountNumber: invoiceAccount,
    CurrencyCode: text(customer, 'SalesCurrencyCode'),
    LanguageId: text(customer, 'LanguageId'),
    PaymentTermsName: text(invoiceCustomer, 'PaymentTerms'),
    CustomerPaymentMethodName: text(invoiceCustomer, 'PaymentMethod'),
    DeliveryModeCode: text(customer, 'DeliveryMode'),
    DeliveryTermsCode: text(customer, 'DeliveryTerms'),
    PriceCustomerGroupCode: text(customer, 'DiscountPriceGroupId'),
    SalesTaxGroupCode: text(customer, 'SalesTaxGroup'),
    ArePricesIncludingSalesTax: text(customer, 'IsSalesTaxIncludedInPrices'),
    DefaultShippingSiteId: text(customer, 'SiteId'),
    DefaultShippingWarehouseId: text(customer, 'WarehouseId'),
    Email: text(customer, 'PrimaryContactEmail'),
    IsOneTimeCustomer: text(customer, 'IsOneTimeCustomer'),
    OrderCreationDateTime: new Date(context.nowMs).toISOString(),
    ...requestedDates(given, context),
    ...(await deliveryAddress(tx, given, customer)),
    ...invoiceAddress(invoiceCustomer),
  }
}

/** The formatted address and both forms of the country, from an order's or line's delivery fields. */
export function completedDelivery(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const iso = text(fields, 'DeliveryAddressCountryRegionISOCode')
  const country = firstText(text(fields, 'DeliveryAddressCountryRegionId'), countryIdOf(iso))
  const formatted = formatAddress({
    street: text(fields, 'DeliveryAddressStreet'),
    streetNumber: text(fields, 'DeliveryAddressStreetNumber'),
    city: text(fields, 'DeliveryAddressCity'),
    zipCode: text(fields, 'DeliveryAddressZipCode'),
    state: text(fields, 'DeliveryAddressStateId'),
    country: firstText(country, iso),
  })
  return {
    DeliveryAddressCountryRegionId: country,
    DeliveryAddressCountryRegionISOCode: firstText(iso, isoCodeOf(country)),
    formatted,
  }
}

function requestedDates(given: Fields, context: WriteContext): Fields {
  const today = dayOf(context.nowMs)
  const shipping = momentMs(given, 'RequestedShippingDate')
  const receipt = momentMs(given, 'RequestedReceiptDate')
  // No transport calendar: what leaves on a day arrives on that day unless told otherwise.
  const shippingDay = shipping !== undefined ? dayOf(shipping) : receipt !== undefined ? dayOf(receipt) : today
  return { RequestedShippingDate: shippingDay, RequestedReceiptDate: receipt !== undefined ? dayOf(receipt) : shippingDay }
}

async function deliveryAddress(tx: Tx, given: Fields, customer: Row): Promise<Record<string, FieldValue>> {
  const name = firstText(text(given, 'DeliveryAddressName'), text(customer, 'OrganizationName'))
  if (has(given, 'DeliveryAddressStreet') || has(given, 'DeliveryAddressCity')) {
    return { DeliveryAddressName: name, IsDeliveryAddressOrderSpecific: 'Yes' }
  }
  const location = text(given, 'DeliveryAddressLocationId')
  const where = { dataAreaId: text(customer, 'dataAreaId'), CustomerAccount: text(customer, 'CustomerAccount') }
  const chosen = location === '' ? undefined : await findRow(tx, 'customer_address', { ...where, AddressLocationId: location })
  if (chosen !== undefined) return { DeliveryAddressName: name, ...copyAddress(chosen, 'Address') }
  const prefix = text(customer, 'DeliveryAddressCity') !== '' ? 'DeliveryAddress' : 'Address'
  return { DeliveryAddressName: name, ...copyAddress(customer, prefix) }
}

function copyAddress(source: Row, prefix: string): Record<string, FieldValue> {
  return Object.fromEntries(ADDRESS_PARTS.map(([from, to]) => [`DeliveryAddress${to}`, text(source, `${prefix}${from}`)]))
}

function invoiceAddress(customer: Row): Record<string, FieldValue> {
  const prefix = text(customer, 'InvoiceAddressCity') !== '' ? 'InvoiceAddress' : 'Address'
  const parts = ADDRESS_PARTS.filter(([from]) => from !== 'LocationId' && from !== 'Description')
  const fields = Object.fromEntries(parts.map(([from, to]) => [`InvoiceAddress${to}`, text(customer, `${prefix}${from}`)]))
  const formatted = formatAddress({
    street: fields.InvoiceAddressStreet ?? '',
    streetNumber: fields.InvoiceAddressStreetNumber ?? '',
    city: fields.InvoiceAddressCity ?? '',
    zipCode: fields.InvoiceAddressZipCode ?? '',
    state: fields.InvoiceAddressStateId ?? '',
    country: fields.InvoiceAddressCountryRegionId ?? '',
  })
  return { ...fields, FormattedInvoiceAddress: formatted }
}

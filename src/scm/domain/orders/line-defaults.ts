import { compare, decimalPlaces } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse, refuseWrite } from '../infolog.ts'
import { findPrice } from '../pricing.ts'
import { findRow, getRow } from '../rows.queries.ts'
import { dayOf, decimal, type Fields, firstText, has, momentMs, type Row, text, type WriteContext } from '../rows.ts'
import { unitFactor } from '../units.ts'

const FROM_HEADER = [
  'CurrencyCode',
  'DeliveryModeCode',
  'SalesTaxGroupCode',
  'RequestedShippingDate',
  'RequestedReceiptDate',
  'ConfirmedShippingDate',
  'ConfirmedReceiptDate',
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

/** The released product that a line names by item or product number. */
export async function getProduct(tx: Tx, company: string, given: Fields): Promise<Row> {
  const [field, value] = has(given, 'ItemNumber')
    ? ['ItemNumber', text(given, 'ItemNumber')]
    : ['ProductNumber', text(given, 'ProductNumber')]
  if (value === '') refuse("Field 'Item number' must be filled in.")
  const product = await findRow(tx, 'released_product', { dataAreaId: company, [field]: value })
  if (product === undefined)
    refuseWrite(`The value '${value}' in field 'Item number' is not found in the related table 'Released products'.`)
  if (product.IsSalesProcessingStopped === 'Yes')
    refuseWrite(`Item '${text(product, 'ItemNumber')}' is blocked for 'Sales order'.`)
  return product
}

/** What a line takes from its order and its product where nothing was given: all but the price. */
export async function lineDefaults(tx: Tx, given: Fields, header: Row, product: Row): Promise<Fields> {
  const inherited = Object.fromEntries(FROM_HEADER.map((field) => [field, text(header, field)]))
  const dates = givenDates(given)
  return {
    ...inherited,
    ...dates,
    ItemNumber: text(product, 'ItemNumber'),
    ProductNumber: text(product, 'ProductNumber'),
    ProductName: await nameIn(tx, product, text(header, 'LanguageId')),
    LineDescription: await nameIn(tx, product, text(header, 'LanguageId')),
    SalesProductCategoryName: text(product, 'SalesProductCategoryName'),
    SalesProductCategoryHierarchyName: text(product, 'SalesProductCategoryHierarchyName'),
    SalesTaxItemGroupCode: text(product, 'SalesSalesTaxItemGroupCode'),
    AllowedOverdeliveryPercentage: text(product, 'SalesOverdeliveryPercentage'),
    AllowedUnderdeliveryPercentage: text(product, 'SalesUnderdeliveryPercentage'),
    DeliveryTermsId: text(header, 'DeliveryTermsCode'),
    SalesUnitSymbol: text(product, 'SalesUnitSymbol'),
    OrderedSalesQuantity: '1',
    ...(await shippingPlace(tx, given, header, product)),
  }
}

/** The price for these fields: per price quantity, with charges. */
export async function defaultPrice(tx: Tx, fields: Fields, header: Row, product: Row, context: WriteContext): Promise<Fields> {
  const price = await findPrice(tx, product, {
    customerAccount: text(header, 'OrderingCustomerAccountNumber'),
    priceGroup: text(header, 'PriceCustomerGroupCode'),
    unit: text(fields, 'SalesUnitSymbol'),
    quantity: decimal(fields, 'OrderedSalesQuantity'),
    currency: text(fields, 'CurrencyCode'),
    day: new Date(context.nowMs).toISOString().slice(0, 10),
  })
  return { SalesPrice: price.price, SalesPriceQuantity: price.priceQuantity, FixedPriceCharges: price.charges }
}

/** Refuses quantities that are not positive or finer than the unit, and units that the product cannot be counted in. */
export async function checkQuantity(tx: Tx, fields: Fields, product: Row): Promise<void> {
  const quantity = decimal(fields, 'OrderedSalesQuantity')
  const symbol = text(fields, 'SalesUnitSymbol')
  if (compare(quantity, '0') <= 0) refuseWrite(`Quantity ${quantity} is not allowed; it must be greater than zero.`)
  const unit = await findRow(tx, 'unit_of_measure', { UnitSymbol: symbol })
  if (unit === undefined) refuseWrite(`The value '${symbol}' in field 'Unit' is not found in the related table 'Units'.`)
  const places = Number(unit.DecimalPrecision)
  if (decimalPlaces(quantity) > places)
    refuseWrite(`Quantity ${quantity} has more than the ${places} decimals of unit ${symbol}.`)
  await unitFactor(tx, { productNumber: text(product, 'ProductNumber'), from: symbol, to: text(product, 'InventoryUnitSymbol') })
}

function givenDates(given: Fields): Fields {
  const shipping = momentMs(given, 'RequestedShippingDate')
  const receipt = momentMs(given, 'RequestedReceiptDate')
  if (shipping === undefined && receipt === undefined) return {}
  const shippingDay = dayOf(shipping ?? receipt ?? 0)
  return { RequestedShippingDate: shippingDay, RequestedReceiptDate: receipt === undefined ? shippingDay : dayOf(receipt) }
}

/** Site and warehouse: given, else of the order, else of the product. A warehouse knows its site. */
async function shippingPlace(tx: Tx, given: Fields, header: Row, product: Row): Promise<Fields> {
  const company = text(header, 'dataAreaId')
  const warehouse = firstText(
    text(given, 'ShippingWarehouseId'),
    text(header, 'DefaultShippingWarehouseId'),
    text(product, 'SalesWarehouseId'),
  )
  const found = warehouse === '' ? undefined : await findRow(tx, 'warehouse', { dataAreaId: company, WarehouseId: warehouse })
  if (warehouse !== '' && found === undefined)
    refuseWrite(`The value '${warehouse}' in field 'Warehouse' is not found in the related table 'Warehouses'.`)
  const site = firstText(
    text(given, 'ShippingSiteId'),
    found === undefined ? '' : text(found, 'OperationalSiteId'),
    text(header, 'DefaultShippingSiteId'),
    text(product, 'SalesSiteId'),
  )
  if (site === '') refuseWrite('Inventory dimension Site is mandatory and must consequently be specified.')
  return { ShippingSiteId: site, ShippingWarehouseId: warehouse }
}

/** The product's name in the order's language, else in the language before its region, else as the product has it. */
async function nameIn(tx: Tx, product: Row, language: string): Promise<string> {
  for (const id of [language, language.split('-')[0] ?? '']) {
    const where = { ProductNumber: text(product, 'ProductNumber'), LanguageId: id }
    const translation = id === '' ? undefined : await findRow(tx, 'product_translation', where)
    if (translation !== undefined && text(translation, 'ProductName') !== '') return text(translation, 'ProductName')
  }
  return firstText(text(product, 'ProductName'), text(product, 'ProductSearchName'), text(product, 'ItemNumber'))
}

export async function taxPercent(tx: Tx, company: string, group: string): Promise<string> {
  if (group === '') return '0'
  const row = await findRow(tx, 'sales_tax_group', { dataAreaId: company, TaxGroupCode: group })
  return row === undefined ? '0' : decimal(row, 'TaxPercentage')
}

export function getHeaderOf(tx: Tx, line: Row): Promise<Row> {
  const where = { dataAreaId: text(line, 'dataAreaId'), SalesOrderNumber: text(line, 'SalesOrderNumber') }
  return getRow(tx, 'sales_order_header', where, 'lock')
}

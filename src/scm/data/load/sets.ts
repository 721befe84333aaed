/** A field that must be the key of a row of another table; empty values refer to nothing. */
export type LoadReference = { fields: readonly string[]; table: string; columns: readonly string[] }

/** How a file of this entity set loads. */
export type LoadRule = {
  set: string
  /** Key fields that may be empty: the load fills them. */
  optional?: readonly string[]
  /** Fields beside the key that must have a value. */
  mandatory?: readonly string[]
  references?: readonly LoadReference[]
  /** Rows whose key is there already change it instead of being a duplicate: a second view of one table. */
  changes?: true
}

const company: LoadReference = { fields: ['dataAreaId'], table: 'legal_entity', columns: ['DataArea'] }
const DIMENSIONS = ['ProductColorId', 'ProductConfigurationId', 'ProductSizeId', 'ProductStyleId', 'ProductVersionId']

/** The sets that load, in the order in which they may refer to each other. */
export const loadRules: readonly LoadRule[] = [
  { set: 'LegalEntities' },
  { set: 'Currencies' },
  { set: 'UnitsOfMeasure' },
  { set: 'UnitOfMeasureConversions', references: units('FromUnitSymbol', 'ToUnitSymbol') },
  { set: 'ProductUnitOfMeasureConversions', references: units('FromUnitSymbol', 'ToUnitSymbol') },
  { set: 'PaymentDaysCDS', references: [company] },
  { set: 'PaymentDayLinesCDS', references: [company, own('Name', 'payment_day', 'Name')] },
  { set: 'PaymentSchedules', references: [company] },
  { set: 'PaymentScheduleLines', references: [company, own('PaymentScheduleName', 'payment_schedule', 'Name')] },
  { set: 'PaymentTerms', references: [company] },
  { set: 'CustomerPaymentMethods', references: [company] },
  { set: 'SalesOrderOriginCodes', references: [company] },
  { set: 'DeliveryModes', references: [company] },
  { set: 'DeliveryTerms', references: [company] },
  { set: 'CustomerGroups', references: [company, own('PaymentTermId', 'payment_term', 'Name')] },
  { set: 'PriceCustomerGroups', references: [company] },
  { set: 'OperationalSites', references: [company] },
  {
    set: 'Warehouses',
    references: [company, own('OperationalSiteId', 'operational_site', 'SiteId')],
    mandatory: ['OperationalSiteId'],
  },
  {
    set: 'CustomersV3',
    mandatory: ['OrganizationName', 'CustomerGroupId', 'SalesCurrencyCode'],
    references: [
      company,
      own('CustomerGroupId', 'customer_group', 'CustomerGroupId'),
      shared('SalesCurrencyCode', 'currency', 'CurrencyCode'),
      own('PaymentTerms', 'payment_term', 'Name'),
      own('DeliveryMode', 'delivery_mode', 'ModeCode'),
      own('DeliveryTerms', 'delivery_term', 'TermsCode'),
      own('DiscountPriceGroupId', 'price_customer_group', 'GroupCode'),
      own('WarehouseId', 'warehouse', 'WarehouseId'),
      own('SiteId', 'operational_site', 'SiteId'),
    ],
  },
  { set: 'CustomerPostalAddressesV2', references: [company, customer('CustomerAccount')] },
  { set: 'CDSContactsV2', references: [company, customer('AssociatedContactNumber')] },
  {
    set: 'ReleasedProductsV2',
    mandatory: ['SalesUnitSymbol'],
    references: [company, ...units('SalesUnitSymbol', 'InventoryUnitSymbol', 'PurchaseUnitSymbol')],
  },
  { set: 'CDSReleasedDistinctProducts', references: [company, item('ItemNumber')], changes: true },
  { set: 'ProductDefaultOrderSettings', references: [company, item('ItemNumber')], changes: true },
  {
    set: 'ProductTranslations',
    references: [{ fields: ['ProductNumber'], table: 'released_product', columns: ['ProductNumber'] }],
  },
  {
    set: 'SalesPriceAgreements',
    optional: ['RecordId'],
    mandatory: ['ItemNumber', 'PriceCurrencyCode', 'QuantityUnitySymbol'],
    references: [
      company,
      item('ItemNumber'),
      shared('PriceCurrencyCode', 'currency', 'CurrencyCode'),
      ...units('QuantityUnitySymbol'),
      customer('CustomerAccountNumber'),
      own('PriceCustomerGroupCode', 'price_customer_group', 'GroupCode'),
    ],
  },
  {
    set: 'WarehousesOnHandV2',
    optional: [...DIMENSIONS, 'InventorySiteId'],
    references: [company, item('ItemNumber'), own('InventoryWarehouseId', 'warehouse', 'WarehouseId')],
  },
  {
    set: 'SalesOrderHeadersV2',
    mandatory: ['OrderingCustomerAccountNumber', 'CurrencyCode'],
    references: [
      company,
      customer('OrderingCustomerAccountNumber'),
      customer('InvoiceCustomerAccountNumber'),
      shared('CurrencyCode', 'currency', 'CurrencyCode'),
      own('ContactPersonId', 'contact_person', 'ContactPersonId'),
    ],
  },
  {
    set: 'SalesOrderLines',
    optional: ['InventoryLotId'],
    mandatory: ['SalesOrderNumber', 'ItemNumber', 'SalesUnitSymbol'],
    references: [
      company,
      own('SalesOrderNumber', 'sales_order_header', 'SalesOrderNumber'),
      item('ItemNumber'),
      ...units('SalesUnitSymbol'),
      own('ShippingWarehouseId', 'warehouse', 'WarehouseId'),
    ],
  },
  {
    set: 'CustPackingSlipJourBiEntities',
    optional: ['SourceDocumentHeader'],
    mandatory: ['PackingSlipId', 'SalesId'],
    references: [company, own('SalesId', 'sales_order_header', 'SalesOrderNumber')],
  },
  {
    set: 'CustPackingSlipTransBiEntities',
    optional: ['SourceDocumentLine'],
    mandatory: ['PackingSlipId', 'InventTransId'],
    references: [
      company,
      own('PackingSlipId', 'packing_slip', 'PackingSlipId'),
      own('InventTransId', 'sales_order_line', 'InventoryLotId'),
    ],
  },
  {
    set: 'SalesInvoiceHeadersV2',
    optional: ['LedgerVoucher'],
    mandatory: ['InvoiceCustomerAccountNumber', 'CurrencyCode'],
    references: [company, customer('InvoiceCustomerAccountNumber'), shared('CurrencyCode', 'currency', 'CurrencyCode')],
  },
  {
    set: 'SalesInvoiceV2Lines',
    optional: ['LedgerVoucher', 'LineCreationSequenceNumber'],
    references: [company, own('InvoiceNumber', 'sales_invoice_header', 'InvoiceNumber')],
  },
]

/** A reference within the row's own company. */
function own(field: string, table: string, column: string): LoadReference {
  return { fields: ['dataAreaId', field], table, columns: ['dataAreaId', column] }
}

function shared(field: string, table: string, column: string): LoadReference {
  return { fields: [field], table, columns: [column] }
}

function units(...fields: readonly string[]): LoadReference[] {
  return fields.map((field) => shared(field, 'unit_of_measure', 'UnitSymbol'))
}

function customer(field: string): LoadReference {
  return own(field, 'customer', 'CustomerAccount')
}

function item(field: string): LoadReference {
  return own(field, 'released_product', 'ItemNumber')
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { required } from '../../src/lib/assert.ts'
import { add, multiply, subtract } from '../../src/lib/decimal.ts'
import { readResellerOrders, readSource, type SourceRow } from './source.ts'
import { byKey, date, decimal, groupBy } from './values.ts'

/** A CSV file named and columned as a Finance & Operations data entity. */
export type EntityFile = { name: string; rows: Record<string, string>[] }

const COMPANY = 'aw'
const UNIT = 'ea'
const RESELLERS = 'Resellers'
/** What AdventureWorks charges resellers: its B2B unit prices are 60 % of the list price throughout. */
const RESELLER_SHARE = '0.6'

/**
 * AdventureWorks as an ERP company: 701 stores as customers with their contacts and addresses, 504 products with English and French
 * texts, price breaks from the special offers, and the 406 reseller orders with 4,515 lines.
 */
export function convertAdventureWorks(): EntityFile[] {
  const stores = readStores()
  return [...reference(), ...products(), ...customers(stores), ...orders(stores)]
}

export function writeEntityFiles(folder: string, files: readonly EntityFile[]): void {
  mkdirSync(folder, { recursive: true })
  for (const file of files) {
    const columns = [...new Set(file.rows.flatMap((row) => Object.keys(row)))]
    const lines = [columns, ...file.rows.map((row) => columns.map((column) => row[column] ?? ''))]
    writeFileSync(join(folder, `${file.name}.csv`), lines.map((line) => line.map(quote).join(',')).join('\r\n'))
  }
}

type Store = { account: string; name: string; entityId: string; addresses: SourceRow[] }

function readStores(): Map<string, Store> {
  const accounts = new Map(
    readSource('Customer')
      .filter((row) => row.StoreID !== '' && row.PersonID === '')
      .map((row) => [row.StoreID, row.AccountNumber ?? '']),
  )
  const addresses = byKey(readSource('Address'), 'AddressID')
  const places = groupBy(readSource('BusinessEntityAddress'), 'BusinessEntityID')
  return new Map(
    readSource('Store').map((store) => {
      const entityId = store.BusinessEntityID ?? ''
      // Type 3 is the main office, 5 the shipping address: the office first.
      const links = (places.get(entityId) ?? []).toSorted((a, b) => Number(a.AddressTypeID) - Number(b.AddressTypeID))
      return [
        entityId,
        {
          account: accounts.get(entityId) ?? '',
          name: store.Name ?? '',
          entityId,
          addresses: links.map((link) => required(addresses.get(link.AddressID ?? ''), 'the address')),
        },
      ]
    }),
  )
}

function reference(): EntityFile[] {
  const company = { dataAreaId: COMPANY }
  return [
    {
      name: 'LegalEntities',
      rows: [{ LegalEntityId: COMPANY, Name: 'Adventure Works Cycles', LanguageId: 'en-us', AccountingCurrencyCode: 'USD' }],
    },
    { name: 'Currencies', rows: [{ CurrencyCode: 'USD', Name: 'US Dollar', Symbol: '$' }] },
    {
      name: 'UnitsOfMeasure',
      rows: [{ UnitSymbol: UNIT, UnitClass: 'Quantity', UnitDescription: 'Each', DecimalPrecision: '0', IsBaseUnit: 'Yes' }],
    },
    { name: 'PaymentTerms', rows: [{ ...company, Name: 'Net30', Description: 'Net 30 days', NumberOfDays: '30' }] },
    {
      name: 'DeliveryModes',
      rows: readSource('ShipMethod').map((row) => ({
        ...company,
        ModeCode: shipMode(row.ShipMethodID),
        ModeDescription: row.Name ?? '',
      })),
    },
    {
      name: 'CustomerGroups',
      rows: [{ ...company, CustomerGroupId: RESELLERS, Description: 'Bicycle stores', PaymentTermId: 'Net30' }],
    },
    { name: 'PriceCustomerGroups', rows: [{ ...company, GroupCode: RESELLERS, GroupName: 'Reseller prices' }] },
    { name: 'OperationalSites', rows: [{ ...company, SiteId: '1', SiteName: 'Bothell' }] },
    {
      name: 'Warehouses',
      rows: warehouses().map((id) => ({ ...company, WarehouseId: id, WarehouseName: `Location ${id}`, OperationalSiteId: '1' })),
    },
  ]
}

function warehouses(): string[] {
  return [...new Set(readSource('ProductInventory').map((row) => row.LocationID ?? ''))].sort()
}

function products(): EntityFile[] {
  const source = readSource('Product')
  const numbers = new Map(source.map((row) => [row.ProductID, row.ProductNumber ?? '']))
  const descriptions = byKey(readSource('ProductDescription'), 'ProductDescriptionID')
  const texts = new Map(
    readSource('ProductModelProductDescriptionCulture').map((row) => [
      `${row.ProductModelID} ${row.CultureID?.trim()}`,
      descriptions.get(row.ProductDescriptionID ?? '')?.Description ?? '',
    ]),
  )
  const textOf = (row: SourceRow, culture: string) => texts.get(`${row.ProductModelID} ${culture}`) ?? ''
  return [
    {
      name: 'ReleasedProductsV2',
      rows: source.map((row) => ({
        dataAreaId: COMPANY,
        ItemNumber: row.ProductNumber ?? '',
        ProductNumber: row.ProductNumber ?? '',
        ProductName: row.Name ?? '',
        ProductDescription: textOf(row, 'en'),
        SalesUnitSymbol: UNIT,
        InventoryUnitSymbol: UNIT,
        SalesPrice: decimal(row.ListPrice),
        SalesPriceQuantity: '1',
        UnitCost: decimal(row.StandardCost),
        CurrencyCode: 'USD',
        SalesSiteId: '1',
        SalesWarehouseId: '7',
        SalesUnitDecimalPrecision: '0',
      })),
    },
    {
      name: 'ProductTranslations',
      rows: source.flatMap((row) =>
        [
          ['en-us', 'en'],
          ['fr', 'fr'],
        ].map(([language = '', culture = '']) => ({
          ProductNumber: row.ProductNumber ?? '',
          LanguageId: language,
          ProductName: row.Name ?? '',
          Description: textOf(row, culture),
        })),
      ),
    },
    { name: 'WarehousesOnHandV2', rows: onHand(numbers) },
    { name: 'SalesPriceAgreements', rows: agreements(source) },
  ]
}

function onHand(numbers: ReadonlyMap<string | undefined, string>): Record<string, string>[] {
  const rows = [
    ...groupBy(
      readSource('ProductInventory').map((row) => ({ ...row, key: `${row.ProductID} ${row.LocationID}` })),
      'key',
    ).values(),
  ]
  return rows.map((same) => {
    const quantity = same.map((row) => row.Quantity ?? '0').reduce((sum, one) => add(sum, one), '0')
    return {
      dataAreaId: COMPANY,
      ItemNumber: numbers.get(same[0]?.ProductID) ?? '',
      InventorySiteId: '1',
      InventoryWarehouseId: same[0]?.LocationID ?? '',
      OnHandQuantity: quantity,
      AvailableOnHandQuantity: quantity,
    }
  })
}

/** Every sellable product at the reseller price, and below it the volume and promotion offers for resellers with their dates. */
function agreements(source: readonly SourceRow[]): Record<string, string>[] {
  const offers = new Map(
    readSource('SpecialOffer')
      .filter((row) => row.Category === 'Reseller')
      .map((row) => [row.SpecialOfferID, row]),
  )
  const offered = groupBy(readSource('SpecialOfferProduct'), 'ProductID')
  return source
    .filter((row) => decimal(row.ListPrice) !== '0')
    .flatMap((row) => {
      const base = {
        dataAreaId: COMPANY,
        AccountCode: 'Group',
        AccountRelation: RESELLERS,
        PriceCustomerGroupCode: RESELLERS,
        ItemCode: 'Table',
        ItemRelation: row.ProductNumber ?? '',
        ItemNumber: row.ProductNumber ?? '',
        ProductNumber: row.ProductNumber ?? '',
        PriceCurrencyCode: 'USD',
        QuantityUnitySymbol: UNIT,
        SalesPriceQuantity: '1',
      }
      const price = multiply(decimal(row.ListPrice), RESELLER_SHARE)
      const special = (offered.get(row.ProductID ?? '') ?? []).flatMap((link) => {
        const offer = offers.get(link.SpecialOfferID)
        if (offer === undefined) return []
        return [
          {
            ...base,
            Price: multiply(price, subtract('1', decimal(offer.DiscountPct))),
            FromQuantity: decimal(offer.MinQty),
            ToQuantity: offer.MaxQty === '' ? '0' : add(decimal(offer.MaxQty), '1'),
            PriceApplicableFromDate: date(offer.StartDate),
            PriceApplicableToDate: date(offer.EndDate),
          },
        ]
      })
      return [{ ...base, Price: price, FromQuantity: '0', ToQuantity: '0' }, ...special]
    })
}

function customers(stores: ReadonlyMap<string, Store>): EntityFile[] {
  const states = byKey(readSource('StateProvince'), 'StateProvinceID')
  const people = byKey(readSource('orders-subset-2011/person'), 'businessentityid')
  const all = [...stores.values()]
  const contacts = readSource('BusinessEntityContact').filter((row) => stores.has(row.BusinessEntityID ?? ''))
  return [
    {
      name: 'CustomersV3',
      rows: all.map((store) => {
        const [office, shipping = office] = store.addresses
        return {
          dataAreaId: COMPANY,
          CustomerAccount: store.account,
          OrganizationName: store.name,
          PartyType: 'Organization',
          CustomerGroupId: RESELLERS,
          SalesCurrencyCode: 'USD',
          LanguageId: 'en-us',
          PaymentTerms: 'Net30',
          DiscountPriceGroupId: RESELLERS,
          DeliveryMode: shipMode('5'),
          InvoiceAccount: store.account,
          ...addressFields('InvoiceAddress', required(office, 'an address'), states),
          ...addressFields('DeliveryAddress', required(shipping, 'an address'), states),
        }
      }),
    },
    {
      name: 'CustomerPostalAddressesV2',
      rows: all.flatMap((store) =>
        store.addresses.map((address, index) => ({
          dataAreaId: COMPANY,
          CustomerAccount: store.account,
          AddressLocationId: `L${address.AddressID}`,
          AddressDescription: index === 0 ? 'Main office' : 'Shipping',
          IsPrimary: index === 0 ? 'Yes' : 'No',
          ...addressFields('Address', address, states),
        })),
      ),
    },
    {
      name: 'CDSContactsV2',
      rows: contacts.map((row) => {
        const person = people.get(row.PersonID ?? '')
        return {
          dataAreaId: COMPANY,
          ContactPersonId: contactId(row.PersonID),
          AssociatedContactType: 'Customer',
          AssociatedContactNumber: stores.get(row.BusinessEntityID ?? '')?.account ?? '',
          FirstName: person?.firstname ?? 'Contact',
          MiddleName: person?.middlename ?? '',
          LastName: person?.lastname ?? String(row.PersonID),
          PrimaryEmailAddress: `contact${row.PersonID}@adventure-works.example`,
        }
      }),
    },
  ]
}

function orders(stores: ReadonlyMap<string, Store>): EntityFile[] {
  const { headers, lines } = readResellerOrders()
  const headersById = byKey(headers, 'salesorderid')
  const customersById = byKey(readSource('Customer'), 'CustomerID')
  const addresses = byKey(readSource('Address'), 'AddressID')
  const states = byKey(readSource('StateProvince'), 'StateProvinceID')
  const numbers = new Map(readSource('Product').map((row) => [row.ProductID, row]))
  const positions = new Map<string, number>()
  return [
    {
      name: 'SalesOrderHeadersV2',
      rows: headers.map((row) => {
        const customer = required(customersById.get(row.customerid ?? ''), 'the customer')
        const store = required(stores.get(customer.StoreID ?? ''), 'the store')
        const address = addressFields(
          'DeliveryAddress',
          required(addresses.get(row.shiptoaddressid ?? ''), 'the address'),
          states,
        )
        const { DeliveryAddressState = '', ...shipTo } = address
        return {
          dataAreaId: COMPANY,
          SalesOrderNumber: `SO${row.salesorderid}`,
          SalesOrderName: store.name,
          OrderingCustomerAccountNumber: store.account,
          InvoiceCustomerAccountNumber: store.account,
          ContactPersonId: contactId(customer.PersonID),
          CurrencyCode: 'USD',
          LanguageId: 'en-us',
          PaymentTermsName: 'Net30',
          DeliveryModeCode: shipMode(row.shipmethodid),
          PriceCustomerGroupCode: RESELLERS,
          SalesOrderStatus: 'Delivered',
          SalesOrderProcessingStatus: 'Delivered',
          DefaultShippingSiteId: '1',
          DefaultShippingWarehouseId: '7',
          DeliveryAddressName: store.name,
          ...shipTo,
          DeliveryAddressStateId: DeliveryAddressState,
          OrderCreationDateTime: date(row.orderdate),
          RequestedShippingDate: date(row.shipdate),
          RequestedReceiptDate: date(row.duedate),
          ConfirmedShippingDate: date(row.shipdate),
          ConfirmedReceiptDate: date(row.duedate),
          OrderTotalAmount: decimal(row.totaldue),
          OrderTotalTaxAmount: decimal(row.taxamt),
          OrderTotalChargesAmount: decimal(row.freight),
        }
      }),
    },
    {
      name: 'SalesOrderLines',
      rows: lines.map((row) => {
        const order = `SO${row.salesorderid}`
        const position = (positions.get(order) ?? 0) + 1
        positions.set(order, position)
        const product = required(numbers.get(row.productid), 'the product')
        const header = required(headersById.get(row.salesorderid ?? ''), 'the order')
        const quantity = decimal(row.orderqty)
        const discount = decimal(row.unitpricediscount)
        return {
          dataAreaId: COMPANY,
          InventoryLotId: `LOT${row.salesorderdetailid}`,
          SalesOrderNumber: order,
          LineNumber: String(position),
          LineCreationSequenceNumber: String(position),
          ItemNumber: product.ProductNumber ?? '',
          ProductNumber: product.ProductNumber ?? '',
          ProductName: product.Name ?? '',
          LineDescription: product.Name ?? '',
          SalesUnitSymbol: UNIT,
          CurrencyCode: 'USD',
          SalesOrderLineStatus: 'Delivered',
          OrderedSalesQuantity: quantity,
          DeliveredQuantity: quantity,
          RemainingDeliveryQuantity: '0',
          InvoicedQuantity: '0',
          SalesPrice: decimal(row.unitprice),
          SalesPriceQuantity: '1',
          LineDiscountPercentage: multiply(discount, '100'),
          LineAmount: multiply(multiply(quantity, decimal(row.unitprice)), subtract('1', discount)),
          ShippingSiteId: '1',
          ShippingWarehouseId: '7',
          RequestedShippingDate: date(header.shipdate),
          RequestedReceiptDate: date(header.duedate),
          ConfirmedShippingDate: date(header.shipdate),
          ConfirmedReceiptDate: date(header.duedate),
        }
      }),
    },
  ]
}

function addressFields(prefix: string, address: SourceRow, states: ReadonlyMap<string, SourceRow>): Record<string, string> {
  const state = required(states.get(address.StateProvinceID ?? ''), 'the state')
  const country = (state.CountryRegionCode ?? '').trim()
  return {
    [`${prefix}Street`]: [address.AddressLine1, address.AddressLine2].filter((line) => line !== '').join('\n'),
    [`${prefix}City`]: address.City ?? '',
    [`${prefix}ZipCode`]: address.PostalCode ?? '',
    [`${prefix}State`]: (state.StateProvinceCode ?? '').trim(),
    [`${prefix}CountryRegionId`]: country,
    [`${prefix}CountryRegionISOCode`]: country,
  }
}

function contactId(personId: string | undefined): string {
  return personId === undefined || personId === '' ? '' : `CP${personId}`
}

function shipMode(id: string | undefined): string {
  return `SHIP${id}`
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

import { compare } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuseField } from './infolog.ts'
import { checkFilled, checkMember, checkReferences, type Reference } from './references.ts'
import { deleteRow, insertRow, updateRow } from './rows.queries.ts'
import { decimal, type Fields, has, type Row, text, without } from './rows.ts'

const ENTITY = 'SalesPriceAgreementEntity'
const MANDATORY = { ItemNumber: 'Item number', PriceCurrencyCode: 'Currency', QuantityUnitySymbol: 'Unit' }

const REFERENCES: readonly Reference[] = [
  { field: 'ItemNumber', label: 'Item number', table: 'released_product', key: 'ItemNumber', tableLabel: 'Released products' },
  {
    field: 'PriceCurrencyCode',
    label: 'Currency',
    table: 'currency',
    key: 'CurrencyCode',
    tableLabel: 'Currencies',
    shared: true,
  },
  { field: 'QuantityUnitySymbol', label: 'Unit', table: 'unit_of_measure', key: 'UnitSymbol', tableLabel: 'Units', shared: true },
  {
    field: 'CustomerAccountNumber',
    label: 'Customer account',
    table: 'customer',
    key: 'CustomerAccount',
    tableLabel: 'Customers',
  },
  {
    field: 'PriceCustomerGroupCode',
    label: 'Price group',
    table: 'price_customer_group',
    key: 'GroupCode',
    tableLabel: 'Price groups',
  },
]

/** A trade agreement for one customer, one price group or everybody. */
export async function insertAgreement(tx: Tx, company: string, given: Fields): Promise<Row> {
  const item = firstItem(given)
  const fields = { ...given, ...account(given), ItemNumber: item, ItemRelation: item, dataAreaId: company }
  checkFilled(ENTITY, fields, MANDATORY)
  await checkAgreement(tx, company, fields)
  return insertRow(tx, 'sales_price_agreement', { ProductNumber: item, ...without(fields, ['RecordId']) })
}

export async function updateAgreement(tx: Tx, row: Row, given: Fields): Promise<Row> {
  const company = text(row, 'dataAreaId')
  const whom = { AccountCode: text(row, 'AccountCode'), AccountRelation: text(row, 'AccountRelation') }
  const touchesAccount = ['AccountCode', 'AccountRelation', 'CustomerAccountNumber', 'PriceCustomerGroupCode'].some(
    (f) => f in given,
  )
  const fields = { ...without(given, ['RecordId', 'dataAreaId']), ...(touchesAccount ? account({ ...whom, ...given }) : {}) }
  await checkAgreement(tx, company, fields)
  const product = has(given, 'ItemNumber') && !has(given, 'ProductNumber') ? { ProductNumber: text(given, 'ItemNumber') } : {}
  return updateRow(tx, 'sales_price_agreement', row.recid, { ...fields, ...product })
}

export async function removeAgreement(tx: Tx, row: Row): Promise<void> {
  await deleteRow(tx, 'sales_price_agreement', row.recid)
}

/** The same fact in both its forms: code and relation, and the named customer or group. */
export function account(given: Fields): Fields {
  const relation = text(given, 'AccountRelation')
  const code = text(given, 'AccountCode')
  const customer = has(given, 'CustomerAccountNumber') ? text(given, 'CustomerAccountNumber') : code === 'Table' ? relation : ''
  const group = has(given, 'PriceCustomerGroupCode') ? text(given, 'PriceCustomerGroupCode') : code === 'GroupId' ? relation : ''
  const accountCode = customer !== '' ? 'Table' : group !== '' ? 'GroupId' : 'All'
  const named = { CustomerAccountNumber: customer, PriceCustomerGroupCode: customer === '' ? group : '' }
  return { AccountCode: accountCode, AccountRelation: customer !== '' ? customer : group, ...named }
}

function firstItem(given: Fields): string {
  return has(given, 'ItemNumber') ? text(given, 'ItemNumber') : text(given, 'ItemRelation')
}

async function checkAgreement(tx: Tx, company: string, fields: Fields): Promise<void> {
  checkMember(ENTITY, fields, 'AccountCode', ['Table', 'GroupId', 'All'])
  if (has(fields, 'Price') && compare(decimal(fields, 'Price'), '0') < 0)
    refuseField(ENTITY, 'Price', 'Price must not be negative.')
  if (has(fields, 'SalesPriceQuantity') && compare(decimal(fields, 'SalesPriceQuantity'), '0') <= 0)
    refuseField(ENTITY, 'SalesPriceQuantity', 'Price unit must be greater than zero.')
  await checkReferences(tx, { entity: ENTITY, company, fields }, REFERENCES)
}

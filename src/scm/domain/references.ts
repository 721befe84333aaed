import type { Tx } from '#postgres/database.ts'
import { refuseField } from './infolog.ts'
import { findRow } from './rows.queries.ts'
import { type Fields, has, text } from './rows.ts'

/** A field whose value must be the key of a row elsewhere. */
export type Reference = {
  field: string
  label: string
  table: string
  key: string
  tableLabel: string
  /** Units and currencies belong to no company. */
  shared?: true
}

/** What the headers of orders and quotations both relate to. */
export const DOCUMENT_REFERENCES: readonly Reference[] = [
  {
    field: 'InvoiceCustomerAccountNumber',
    label: 'Invoice account',
    table: 'customer',
    key: 'CustomerAccount',
    tableLabel: 'Customers',
  },
  { field: 'ContactPersonId', label: 'Contact', table: 'contact_person', key: 'ContactPersonId', tableLabel: 'Contact person' },
  { field: 'CurrencyCode', label: 'Currency', table: 'currency', key: 'CurrencyCode', tableLabel: 'Currencies', shared: true },
  { field: 'PaymentTermsName', label: 'Terms of payment', table: 'payment_term', key: 'Name', tableLabel: 'Terms of payment' },
  {
    field: 'PriceCustomerGroupCode',
    label: 'Price group',
    table: 'price_customer_group',
    key: 'GroupCode',
    tableLabel: 'Price groups',
  },
  { field: 'DefaultShippingSiteId', label: 'Site', table: 'operational_site', key: 'SiteId', tableLabel: 'Sites' },
  { field: 'DefaultShippingWarehouseId', label: 'Warehouse', table: 'warehouse', key: 'WarehouseId', tableLabel: 'Warehouses' },
]

/** Refuses a given value that the related table does not hold, in the ERP's own words. Empty values relate to nothing. */
export async function checkReferences(
  tx: Tx,
  row: { entity: string; company: string; fields: Fields },
  references: readonly Reference[],
): Promise<void> {
  for (const reference of references) {
    if (!has(row.fields, reference.field)) continue
    const value = text(row.fields, reference.field)
    const company = reference.shared === true ? {} : { dataAreaId: row.company }
    if ((await findRow(tx, reference.table, { ...company, [reference.key]: value })) !== undefined) continue
    refuseField(
      row.entity,
      reference.field,
      `The value '${value}' in field '${reference.label}' is not found in the related table '${reference.tableLabel}'.`,
    )
  }
}

export function checkFilled(entity: string, fields: Fields, mandatory: Readonly<Record<string, string>>): void {
  for (const [field, label] of Object.entries(mandatory)) {
    if (!has(fields, field)) refuseField(entity, field, `Field '${label}' must be filled in.`)
  }
}

/** One of the members, or the field was not given. */
export function checkMember(entity: string, fields: Fields, field: string, members: readonly string[]): void {
  if (has(fields, field) && !members.includes(text(fields, field)))
    refuseField(entity, field, `The value '${text(fields, field)}' in field '${field}' is not a member of its enumeration.`)
}

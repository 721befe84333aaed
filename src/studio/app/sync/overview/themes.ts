import type { MapStatus } from '../../../wire.ts'

export const THEMES = ['reference', 'customers', 'products', 'orders', 'documents', 'other'] as const
export type Theme = (typeof THEMES)[number]

const TABLES: Readonly<Record<Exclude<Theme, 'other'>, readonly string[]>> = {
  reference: [
    'cdm_company',
    'transactioncurrency',
    'uom',
    'uomschedule',
    'msdyn_unitofmeasureconversion',
    'msdyn_paymentterm',
    'msdyn_paymentday',
    'msdyn_paymentdayline',
    'msdyn_paymentschedule',
    'msdyn_paymentscheduleline',
    'msdyn_customerpaymentmethod',
    'msdyn_shipvia',
    'msdyn_termsofdelivery',
    'msdyn_operationalsite',
    'msdyn_warehouse',
    'msdyn_internalorganization',
  ],
  customers: [
    'account',
    'contact',
    'msdyn_customergroup',
    'msdyn_party',
    'msdyn_partypostaladdress',
    'msdyn_partyelectronicaddress',
    'msdyn_contactforparty',
    'msdyn_postaladdress',
    'msdyn_postaladdresscollection',
  ],
  products: [
    'product',
    'msdyn_globalproduct',
    'msdyn_sharedproductdetail',
    'msdyn_productspecificunitofmeasureconversion',
    'pricelevel',
    'productpricelevel',
    'msdyn_pricecustomergroup',
    'msdyn_inventoryonhandrequest',
    'msdyn_inventoryonhandentry',
  ],
  orders: ['salesorder', 'salesorderdetail', 'quote', 'quotedetail', 'msdyn_salesorderorigin'],
  documents: ['invoice', 'invoicedetail', 'annotation'],
}
const BY_TABLE = new Map(Object.entries(TABLES).flatMap(([theme, tables]) => tables.map((table) => [table, theme as Theme])))

/** What a map is about, by its table. Tables of this installation's own are `other`. */
export function themeOf(map: MapStatus): Theme {
  return BY_TABLE.get(map.table) ?? 'other'
}

/** Age of the oldest change that waits, of both directions. */
export function lagOf(map: MapStatus): number {
  return Math.max(map.lagMs.toErp, map.lagMs.toPortal)
}

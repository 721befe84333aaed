import type { Tx } from '#postgres/database.ts'
import { refuse } from './infolog.ts'
import { createSequence, takeNumber } from './number-sequences.queries.ts'
import { findRow } from './rows.queries.ts'

/** What a number is for: its sequence's name, the table and field that carry it, and the format a company starts with. */
const SEQUENCES = {
  customer: { table: 'customer', field: 'CustomerAccount', format: 'C-######' },
  contact: { table: 'contact_person', field: 'ContactPersonId', format: '######' },
  quotation: { table: 'sales_quotation_header', field: 'SalesQuotationNumber', format: 'QUO-######' },
  salesOrder: { table: 'sales_order_header', field: 'SalesOrderNumber', format: 'SO-######' },
  lot: { table: 'sales_order_line', field: 'InventoryLotId', format: 'LOT-########' },
  packingSlip: { table: 'packing_slip', field: 'PackingSlipId', format: 'PS-######' },
  invoice: { table: 'sales_invoice_header', field: 'InvoiceNumber', format: 'CIV-######' },
  voucher: { table: 'sales_invoice_header', field: 'LedgerVoucher', format: 'IVS-########' },
} as const

export type SequenceName = keyof typeof SEQUENCES

const TAKEN_NUMBERS_MAX = 10_000

/** The next free number of the company's sequence: numbers that were given by hand or loaded are passed over. */
export async function nextNumber(tx: Tx, company: string, name: SequenceName): Promise<string> {
  const { table, field, format } = SEQUENCES[name]
  for (let attempt = 0; attempt < TAKEN_NUMBERS_MAX; attempt++) {
    const taken = await takeNumber(tx, company, name)
    if (taken === undefined) {
      await createSequence(tx, { company, name, format })
      continue
    }
    const number = formatNumber(taken.format, taken.number)
    if ((await findRow(tx, table, { dataAreaId: company, [field]: number })) === undefined) return number
  }
  return refuse(`Number sequence ${name} of company ${company} finds no free number.`)
}

/** 'SO-######' and 123 → 'SO-000123'; a number that outgrows its places keeps all its digits. */
export function formatNumber(format: string, number: number): string {
  return format.replace(/#+/, (places) => String(number).padStart(places.length, '0'))
}

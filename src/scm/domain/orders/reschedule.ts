import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { updateRow } from '../rows.queries.ts'
import { dayOf, type Row } from '../rows.ts'
import { lockOrder, type OrderKey } from './processing.ts'
import { checkOpen, lockLines } from './settle.ts'

export type Dates = { kind: 'Confirmed' | 'Requested'; shippingMs: number; receiptMs: number }

/** Sets the promised or the wished dates on the order and on every line that is still open. */
export async function rescheduleOrder(tx: Tx, key: OrderKey, dates: Dates): Promise<Row> {
  if (dates.receiptMs < dates.shippingMs) refuse('The receipt date must not be before the shipping date.')
  const header = await lockOrder(tx, key)
  checkOpen(header)
  const fields = { [`${dates.kind}ShippingDate`]: dayOf(dates.shippingMs), [`${dates.kind}ReceiptDate`]: dayOf(dates.receiptMs) }
  for (const line of await lockLines(tx, header)) {
    if (line.SalesOrderLineStatus === 'Backorder') await updateRow(tx, 'sales_order_line', line.recid, fields)
  }
  return updateRow(tx, 'sales_order_header', header.recid, fields)
}

/** Stops or releases the processing of an order. */
export async function holdOrder(tx: Tx, key: OrderKey, isStopped: boolean): Promise<Row> {
  const header = await lockOrder(tx, key)
  return updateRow(tx, 'sales_order_header', header.recid, { IsSalesProcessingStopped: isStopped ? 'Yes' : 'No' })
}

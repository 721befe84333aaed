import { compare } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { updateRow } from '../rows.queries.ts'
import { decimal, type Row, text } from '../rows.ts'
import { unpickLine } from './pick.ts'
import { lockOrder, type OrderKey } from './processing.ts'
import { lockLines, settleOrder } from './settle.ts'

/** Cancels what remains to deliver, of the whole order or of one line; what is delivered stays. */
export async function cancelOrder(tx: Tx, key: OrderKey, lot?: string): Promise<Row> {
  const header = await lockOrder(tx, key)
  const lines = (await lockLines(tx, header)).filter((line) => lot === undefined || text(line, 'InventoryLotId') === lot)
  const open = lines.filter((line) => compare(decimal(line, 'RemainingDeliveryQuantity'), '0') > 0)
  if (open.length === 0) refuse(`Sales order ${key.number} has nothing left to cancel.`)
  for (const line of open) {
    await unpickLine(tx, line, decimal(line, 'PickedQuantity'))
    await updateRow(tx, 'sales_order_line', line.recid, { RemainingDeliveryQuantity: '0', PickedQuantity: '0' })
  }
  return settleOrder(tx, header)
}

import { add, compare, type DecimalText, multiply, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { moveStock, type StockPlace } from '../on-hand.ts'
import { getRow, updateRow } from '../rows.queries.ts'
import { decimal, isYes, type Row, text } from '../rows.ts'
import { unitFactor } from '../units.ts'
import { beginPosting, type OrderKey } from './processing.ts'
import { settleOrder } from './settle.ts'

/** Picks all that remains: sets it aside in its warehouse for this order. */
export async function pickOrder(tx: Tx, key: OrderKey): Promise<Row> {
  const { header, lines } = await beginPosting(tx, key, 'delivery')
  let picked = 0
  for (const line of lines) {
    const quantity = subtract(decimal(line, 'RemainingDeliveryQuantity'), decimal(line, 'PickedQuantity'))
    if (compare(quantity, '0') <= 0 || isYes(line, 'IsLineStopped')) continue
    const stock = await stockOf(tx, line)
    if (stock !== undefined) await moveStock(tx, stock.place, { reserve: multiply(quantity, stock.factor), take: '0' })
    await updateRow(tx, 'sales_order_line', line.recid, { PickedQuantity: add(decimal(line, 'PickedQuantity'), quantity) })
    picked += 1
  }
  if (picked === 0) refuse(`Sales order ${key.number} has nothing left to pick.`)
  return settleOrder(tx, header, 'PickingList')
}

/** Gives back what was set aside for a line. */
export async function unpickLine(tx: Tx, line: Row, quantity: DecimalText): Promise<void> {
  if (compare(quantity, '0') <= 0) return
  const stock = await stockOf(tx, line)
  if (stock !== undefined) await moveStock(tx, stock.place, { reserve: multiply(`-${quantity}`, stock.factor), take: '0' })
}

/** Where a line's goods lie and how many inventory units one of its units is; undefined for what is not stocked. */
export async function stockOf(tx: Tx, line: Row): Promise<{ place: StockPlace; factor: DecimalText } | undefined> {
  const company = text(line, 'dataAreaId')
  const itemNumber = text(line, 'ItemNumber')
  const product = await getRow(tx, 'released_product', { dataAreaId: company, ItemNumber: itemNumber })
  if (product.ProductType === 'Service' || !isYes(product, 'IsStockedProduct')) return undefined
  const units = { from: text(line, 'SalesUnitSymbol'), to: text(product, 'InventoryUnitSymbol') }
  const factor = await unitFactor(tx, { productNumber: text(product, 'ProductNumber'), ...units })
  return { place: { company, itemNumber, warehouse: text(line, 'ShippingWarehouseId') }, factor }
}

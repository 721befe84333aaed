import { add, compare, type DecimalText, divide, multiply, parseDecimal, subtract } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { nextNumber } from '../number-sequences.ts'
import { moveStock } from '../on-hand.ts'
import { insertRow, updateRow } from '../rows.queries.ts'
import { dayOf, decimal, isYes, type Row, text, type WriteContext } from '../rows.ts'
import { stockOf } from './pick.ts'
import { beginPosting, type OrderKey } from './processing.ts'
import { settleOrder } from './settle.ts'

/** Quantities to ship by InventoryLotId, in each line's own unit. */
export type ShipQuantities = Readonly<Record<string, DecimalText>>

type Part = { line: Row; quantity: DecimalText; remaining: DecimalText }

/**
 * Posts a packing slip: all that remains, or the given quantities of the given lines. Takes the goods from their warehouse.
 * Answers the packing slip.
 */
export async function shipOrder(tx: Tx, key: OrderKey, quantities: ShipQuantities | 'all', context: WriteContext): Promise<Row> {
  const { header, lines } = await beginPosting(tx, key, 'delivery')
  const parts = partsOf(lines, quantities)
  if (parts.length === 0) refuse(`Sales order ${key.number} has nothing left to deliver.`)
  for (const part of parts) await takeGoods(tx, part)
  const slip = await insertSlip(tx, header, parts, context)
  await settleOrder(tx, header, 'PackingSlip')
  return slip
}

function partsOf(lines: readonly Row[], quantities: ShipQuantities | 'all'): Part[] {
  const known = new Set(lines.map((line) => text(line, 'InventoryLotId')))
  for (const lot of quantities === 'all' ? [] : Object.keys(quantities)) {
    if (!known.has(lot)) refuse(`Line ${lot} does not belong to this order.`)
  }
  const parts: Part[] = []
  for (const line of lines) {
    const before = decimal(line, 'RemainingDeliveryQuantity')
    const asked =
      quantities === 'all' ? (isYes(line, 'IsLineStopped') ? '0' : before) : (quantities[text(line, 'InventoryLotId')] ?? '0')
    const quantity = parseDecimal(asked) ?? refuse(`'${asked}' is not a quantity.`)
    if (compare(quantity, '0') === 0) continue
    checkPart(line, quantity)
    const left = subtract(before, quantity)
    parts.push({ line, quantity, remaining: compare(left, '0') > 0 ? left : '0' })
  }
  return parts
}

function checkPart(line: Row, quantity: DecimalText): void {
  const name = `${text(line, 'ItemNumber')} (line ${text(line, 'LineCreationSequenceNumber')})`
  if (compare(quantity, '0') < 0) refuse(`Quantity ${quantity} of ${name} is negative.`)
  if (isYes(line, 'IsLineStopped')) refuse(`${name} is stopped and cannot be delivered.`)
  const remaining = decimal(line, 'RemainingDeliveryQuantity')
  const over = divide(multiply(decimal(line, 'OrderedSalesQuantity'), decimal(line, 'AllowedOverdeliveryPercentage')), '100')
  const quantityMax = compare(remaining, '0') === 0 ? '0' : add(remaining, over)
  if (compare(quantity, quantityMax) > 0)
    refuse(
      `Quantity ${quantity} of ${name} is more than the ${remaining} that remain${compare(over, '0') > 0 ? ' and the allowed overdelivery' : ''}.`,
    )
}

/** Less stock, less set aside, more delivered. */
async function takeGoods(tx: Tx, part: Part): Promise<void> {
  const { line, quantity, remaining } = part
  const picked = decimal(line, 'PickedQuantity')
  const released = compare(quantity, picked) < 0 ? quantity : picked
  const stock = await stockOf(tx, line)
  if (stock !== undefined) {
    const take = multiply(quantity, stock.factor)
    await moveStock(tx, stock.place, { reserve: subtract('0', multiply(released, stock.factor)), take })
  }
  await updateRow(tx, 'sales_order_line', line.recid, {
    DeliveredQuantity: add(decimal(line, 'DeliveredQuantity'), quantity),
    RemainingDeliveryQuantity: remaining,
    PickedQuantity: subtract(picked, released),
  })
}

async function insertSlip(tx: Tx, header: Row, parts: readonly Part[], context: WriteContext): Promise<Row> {
  const company = text(header, 'dataAreaId')
  const number = text(header, 'SalesOrderNumber')
  const id = await nextNumber(tx, company, 'packingSlip')
  const day = dayOf(context.nowMs)
  const slip = await insertRow(tx, 'packing_slip', {
    dataAreaId: company,
    PackingSlipId: id,
    InternalPackingSlipId: id,
    LedgerVoucher: id,
    SalesId: number,
    OrderAccount: text(header, 'OrderingCustomerAccountNumber'),
    InvoiceAccount: text(header, 'InvoiceCustomerAccountNumber'),
    DeliveryName: text(header, 'DeliveryAddressName'),
    DlvMode: text(header, 'DeliveryModeCode'),
    DlvTerm: text(header, 'DeliveryTermsCode'),
    InventLocationId: text(parts[0]?.line ?? {}, 'ShippingWarehouseId'),
    CustomerRef: text(header, 'CustomersOrderReference'),
    PurchaseOrder: text(header, 'CustomerRequisitionNumber'),
    LanguageId: text(header, 'LanguageId'),
    Qty: add('0', ...parts.map((part) => part.quantity)),
    DeliveryDate: day,
    DocumentDate: day,
    CreatedOn: new Date(context.nowMs).toISOString(),
  })
  for (const part of parts) await insertSlipLine(tx, part, { id, day, number })
  return slip
}

async function insertSlipLine(tx: Tx, part: Part, slip: { id: string; day: string; number: string }): Promise<void> {
  await insertRow(tx, 'packing_slip_line', {
    dataAreaId: text(part.line, 'dataAreaId'),
    PackingSlipId: slip.id,
    SalesId: slip.number,
    InventTransId: text(part.line, 'InventoryLotId'),
    ItemId: text(part.line, 'ItemNumber'),
    Name: text(part.line, 'ProductName'),
    ExternalItemId: text(part.line, 'ExternalItemNumber'),
    SalesUnit: text(part.line, 'SalesUnitSymbol'),
    InventSiteId: text(part.line, 'ShippingSiteId'),
    InventLocationId: text(part.line, 'ShippingWarehouseId'),
    LineNum: decimal(part.line, 'LineNumber'),
    Qty: part.quantity,
    Ordered: decimal(part.line, 'OrderedSalesQuantity'),
    Remain: part.remaining,
    DeliveryDate: slip.day,
  })
}

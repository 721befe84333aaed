import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { listRows, updateRow } from '../rows.queries.ts'
import { decimal, type Row, text } from '../rows.ts'
import { orderTotals } from './amounts.ts'
import { type DocumentStatus, latestDocument, lineStatus, orderStatus, processingStatus, type SalesStatus } from './status.ts'

/** The lines of an order, in their order, locked until the transaction ends. */
export function lockLines(tx: Tx, header: Row): Promise<Row[]> {
  const where = { dataAreaId: text(header, 'dataAreaId'), SalesOrderNumber: text(header, 'SalesOrderNumber') }
  return listRows(tx, 'sales_order_line', where, 'LineCreationSequenceNumber', 'lock')
}

/**
 * Brings statuses and totals in line with the lines' quantities and amounts: the last step of everything that touches an order.
 * Cancelled lines do not count in the totals. The caller holds the header's lock.
 */
export async function settleOrder(tx: Tx, header: Row, posted?: DocumentStatus): Promise<Row> {
  const lines = await lockLines(tx, header)
  const statuses = lines.map(statusOfLine)
  const before = text(header, 'DocumentStatus') as DocumentStatus
  const document = posted === undefined ? before : latestDocument(before, posted)
  const status = orderStatus(statuses)
  const processing = processingStatus(status, document)
  for (const [index, line] of lines.entries()) {
    const after = { SalesOrderLineStatus: statuses[index] ?? 'None', SalesOrderProcessingStatus: processing }
    const isSame = line.SalesOrderLineStatus === after.SalesOrderLineStatus && line.SalesOrderProcessingStatus === processing
    if (!isSame) await updateRow(tx, 'sales_order_line', line.recid, after)
  }
  const counted = lines.filter((_, index) => statuses[index] !== 'Canceled')
  const totals = orderTotals(
    counted.map((line) => ({ amount: decimal(line, 'LineAmount'), tax: decimal(line, 'TotalTaxAmount') })),
    {
      discountPercent: decimal(header, 'TotalDiscountPercentage'),
      discount: decimal(header, 'TotalDiscountAmount'),
      charges: decimal(header, 'OrderTotalChargesAmount'),
      headerTax: decimal(header, 'OrderHeaderTaxAmount'),
    },
  )
  return updateRow(tx, 'sales_order_header', header.recid, {
    SalesOrderStatus: status,
    DocumentStatus: document,
    SalesOrderProcessingStatus: processing,
    TotalDiscountAmount: totals.discount,
    OrderTotalDiscountAmount: totals.discount,
    OrderTotalTaxAmount: totals.tax,
    OrderTotalAmount: status === 'Canceled' ? '0' : totals.total,
    AreTotalsCalculated: 'Yes',
  })
}

export function statusOfLine(line: Row): SalesStatus {
  return lineStatus({
    delivered: decimal(line, 'DeliveredQuantity'),
    remaining: decimal(line, 'RemainingDeliveryQuantity'),
    invoiced: decimal(line, 'InvoicedQuantity'),
  })
}

/** Refuses changes to an order that is past being open. */
export function checkOpen(header: Row): void {
  const status = text(header, 'SalesOrderStatus')
  if (status !== 'Backorder')
    refuse(`Sales order ${text(header, 'SalesOrderNumber')} cannot be changed because its status is ${status}.`)
}

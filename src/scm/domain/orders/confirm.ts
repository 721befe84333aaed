import { add, compare, round } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { getRow, updateRow } from '../rows.queries.ts'
import { dayOf, decimal, type Fields, isYes, momentMs, type Row, text, type WriteContext } from '../rows.ts'
import { creditUse } from './order.queries.ts'
import { beginPosting, type OrderKey } from './processing.ts'
import { settleOrder } from './settle.ts'

/**
 * Confirms an order: checks the credit limit where it is mandatory, and promises dates where none are promised yet (the requested
 * ones, or today when those have passed).
 */
export async function confirmOrder(tx: Tx, key: OrderKey, context: WriteContext): Promise<Row> {
  const { header, lines } = await beginPosting(tx, key, 'order')
  if (lines.every((line) => line.SalesOrderLineStatus !== 'Backorder'))
    refuse(`Sales order ${key.number} has nothing left to confirm.`)
  const after = await updateRow(tx, 'sales_order_header', header.recid, promisedDates(header, context))
  for (const line of lines) {
    if (line.SalesOrderLineStatus === 'Backorder')
      await updateRow(tx, 'sales_order_line', line.recid, promisedDates(line, context))
  }
  const confirmed = await settleOrder(tx, after, 'Confirmation')
  await checkCredit(tx, confirmed)
  return confirmed
}

function promisedDates(row: Row, context: WriteContext): Fields {
  const today = Date.parse(dayOf(context.nowMs))
  const shipping = momentMs(row, 'ConfirmedShippingDate') ?? Math.max(momentMs(row, 'RequestedShippingDate') ?? 0, today)
  const receipt = momentMs(row, 'ConfirmedReceiptDate') ?? Math.max(momentMs(row, 'RequestedReceiptDate') ?? 0, shipping)
  return { ConfirmedShippingDate: dayOf(shipping), ConfirmedReceiptDate: dayOf(receipt) }
}

/** What the customer owes with this order, which by now counts as confirmed, against its limit. */
async function checkCredit(tx: Tx, header: Row): Promise<void> {
  const company = text(header, 'dataAreaId')
  const account = text(header, 'InvoiceCustomerAccountNumber')
  const customer = await getRow(tx, 'customer', { dataAreaId: company, CustomerAccount: account })
  if (!isYes(customer, 'CreditLimitIsMandatory')) return
  const limit = decimal(customer, 'CreditLimit')
  const use = await creditUse(tx, company, account)
  const total = add(use.unsettled, use.openOrders)
  if (compare(total, limit) > 0)
    refuse(
      `Credit limit exceeded for customer ${account}: limit ${round(limit, 2)}, open invoices ${round(use.unsettled, 2)}, ` +
        `orders including this one ${round(use.openOrders, 2)}.`,
    )
}

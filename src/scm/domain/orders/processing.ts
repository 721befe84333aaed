import type { Tx } from '#postgres/database.ts'
import { isOnHold } from '../customers.ts'
import { refuse } from '../infolog.ts'
import { findRow, getRow } from '../rows.queries.ts'
import { isYes, type Row, text } from '../rows.ts'
import { lockLines } from './settle.ts'

export type OrderKey = { company: string; number: string }

export async function lockOrder(tx: Tx, key: OrderKey): Promise<Row> {
  const where = { dataAreaId: key.company, SalesOrderNumber: key.number }
  const header = await findRow(tx, 'sales_order_header', where, 'lock')
  return header ?? refuse(`Sales order ${key.number} does not exist in company ${key.company}.`)
}

/**
 * The order with its lines, locked, when this document may be posted for it: processing is not stopped, it is not cancelled, and
 * its customer's hold does not forbid it.
 */
export async function beginPosting(tx: Tx, key: OrderKey, document: 'order' | 'delivery' | 'invoice') {
  const header = await lockOrder(tx, key)
  if (isYes(header, 'IsSalesProcessingStopped'))
    refuse(`Processing of sales order ${key.number} is stopped. Release it before posting.`)
  if (header.SalesOrderStatus === 'Canceled') refuse(`Sales order ${key.number} is canceled.`)
  const account = document === 'invoice' ? 'InvoiceCustomerAccountNumber' : 'OrderingCustomerAccountNumber'
  const customer = await getRow(tx, 'customer', { dataAreaId: key.company, CustomerAccount: text(header, account) })
  if (isOnHold(customer, document))
    refuse(`Customer ${text(customer, 'CustomerAccount')} is on hold (${text(customer, 'OnHoldStatus')}). Nothing can be posted.`)
  const lines = await lockLines(tx, header)
  if (lines.length === 0) refuse(`Sales order ${key.number} has no lines. There is nothing to post.`)
  return { header, lines, customer }
}

import type { Tx } from '#postgres/database.ts'
import { refuse } from '../infolog.ts'
import { orderTotals } from '../orders/amounts.ts'
import { listRows, updateRow } from '../rows.queries.ts'
import { decimal, type Row, text } from '../rows.ts'

/** Where a quotation can go from each status by somebody's decision. What ended stays ended. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  Created: ['Sent', 'Confirmed', 'Lost', 'Cancelled'],
  Sent: ['Created', 'Confirmed', 'Lost', 'Cancelled'],
}

export function checkStep(header: Row, to: string): void {
  const from = text(header, 'SalesQuotationStatus')
  if (STEPS[from]?.includes(to) !== true)
    refuse(`Quotation ${text(header, 'SalesQuotationNumber')} cannot go from ${from} to ${to}.`)
}

export function isOpen(header: Row): boolean {
  return STEPS[text(header, 'SalesQuotationStatus')] !== undefined
}

/** The lines of a quotation, in their order, locked until the transaction ends. */
export function lockQuotationLines(tx: Tx, header: Row): Promise<Row[]> {
  const where = { dataAreaId: text(header, 'dataAreaId'), SalesQuotationNumber: text(header, 'SalesQuotationNumber') }
  return listRows(tx, 'sales_quotation_line', where, 'LineCreationSequenceNumber', 'lock')
}

/** Brings totals, and the lines' status, in line: the last step of everything that touches a quotation. Totals are as an order's. */
export async function settleQuotation(tx: Tx, header: Row): Promise<Row> {
  const lines = await lockQuotationLines(tx, header)
  const status = text(header, 'SalesQuotationStatus')
  for (const line of lines) {
    if (line.SalesQuotationStatus !== status)
      await updateRow(tx, 'sales_quotation_line', line.recid, { SalesQuotationStatus: status })
  }
  const totals = orderTotals(
    lines.map((line) => ({ amount: decimal(line, 'LineAmount'), tax: decimal(line, 'TotalTaxAmount') })),
    {
      discountPercent: decimal(header, 'TotalDiscountPercentage'),
      discount: decimal(header, 'TotalDiscountAmount'),
      charges: decimal(header, 'QuotationTotalChargesAmount'),
      headerTax: decimal(header, 'QuotationHeaderTaxAmount'),
    },
  )
  return updateRow(tx, 'sales_quotation_header', header.recid, {
    TotalDiscountAmount: totals.discount,
    QuotationTotalDiscountAmount: totals.discount,
    QuotationTotalTaxAmount: totals.tax,
    QuotationTotalAmount: totals.total,
  })
}

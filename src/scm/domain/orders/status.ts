import { compare, type DecimalText } from '#lib/decimal.ts'

export type SalesStatus = 'None' | 'Backorder' | 'Delivered' | 'Invoiced' | 'Canceled'
export type DocumentStatus = 'None' | 'Confirmation' | 'PickingList' | 'PackingSlip' | 'Invoice'
export type ProcessingStatus =
  | 'Active'
  | 'Confirmed'
  | 'Picked'
  | 'PartiallyDelivered'
  | 'Delivered'
  | 'PartiallyInvoiced'
  | 'Invoiced'
  | 'Canceled'

export type LineQuantities = { delivered: DecimalText; remaining: DecimalText; invoiced: DecimalText }

/** Open while something remains to deliver; then what became of what was delivered; cancelled when nothing was. */
export function lineStatus(line: LineQuantities): SalesStatus {
  if (compare(line.remaining, '0') > 0) return 'Backorder'
  if (compare(line.delivered, '0') === 0) return 'Canceled'
  return compare(line.invoiced, line.delivered) >= 0 ? 'Invoiced' : 'Delivered'
}

/** The order is as far as its least advanced line; cancelled lines do not hold it back. */
export function orderStatus(lines: readonly SalesStatus[]): SalesStatus {
  const alive = lines.filter((status) => status !== 'Canceled')
  if (alive.length === 0) return lines.length === 0 ? 'Backorder' : 'Canceled'
  if (alive.every((status) => status === 'Invoiced')) return 'Invoiced'
  return alive.includes('Backorder') ? 'Backorder' : 'Delivered'
}

/** Status and latest document together. Open and invoiced is partially invoiced, and so is delivered and invoiced in part. */
export function processingStatus(status: SalesStatus, document: DocumentStatus): ProcessingStatus {
  switch (status) {
    case 'Canceled':
    case 'Invoiced':
      return status
    case 'Delivered':
      return document === 'Invoice' ? 'PartiallyInvoiced' : 'Delivered'
    case 'None':
    case 'Backorder':
      return OPEN[document]
    default:
      return status satisfies never
  }
}

/** A document never takes the order back behind what has been delivered or invoiced. */
export function latestDocument(before: DocumentStatus, posted: DocumentStatus): DocumentStatus {
  const isBehind = (before === 'PackingSlip' || before === 'Invoice') && (posted === 'Confirmation' || posted === 'PickingList')
  return isBehind ? before : posted
}

const OPEN: Readonly<Record<DocumentStatus, ProcessingStatus>> = {
  None: 'Active',
  Confirmation: 'Confirmed',
  PickingList: 'Picked',
  PackingSlip: 'PartiallyDelivered',
  Invoice: 'PartiallyInvoiced',
}

import type { SyncState } from '#dual-write/sync-state.ts'
import { compare, type DecimalText } from '#lib/decimal.ts'

/** Where an order stands, in the buyer's words (texts `status.<code>.label` and `status.<code>.meaning`). */
export const STATUSES = [
  'sending',
  'received',
  'refused',
  'accepted',
  'confirmed',
  'picked',
  'partly-shipped',
  'shipped',
  'partly-invoiced',
  'invoiced',
  'on-hold',
  'cancelled',
] as const
export type OrderStatus = (typeof STATUSES)[number]

/** Members of salesorder.msdyn_processingstatus. */
export type ProcessingStatus =
  | 'active'
  | 'confirmed'
  | 'picked'
  | 'partiallyDelivered'
  | 'delivered'
  | 'partiallyInvoiced'
  | 'deliveredPartiallyInvoiced'
  | 'invoiced'
  | 'canceled'

export type OrderFacts = {
  /** Whether the ERP has given its number. */
  isInErp: boolean
  /** Asked for only where the ERP has no number yet. */
  sync: SyncState
  processing: ProcessingStatus | undefined
  isStopped: boolean
  /** What the lines still have to deliver, all together. */
  remaining: DecimalText
}

/**
 * The status of an order. The ERP's own word says which document came last, which is not how far the order is: an order that is
 * invoiced in part may still have most of its goods to ship. So what the quantities say goes first where they say more.
 */
export function orderStatus(facts: OrderFacts): OrderStatus {
  const { processing } = facts
  if (processing === 'canceled') return 'cancelled'
  if (!facts.isInErp) return statusBeforeErp(facts.sync)
  if (processing === 'invoiced') return 'invoiced'
  if (facts.isStopped) return 'on-hold'
  const isShort = compare(facts.remaining, '0') > 0
  switch (processing) {
    case 'delivered':
      return 'shipped'
    case 'deliveredPartiallyInvoiced':
      return 'partly-invoiced'
    case 'partiallyInvoiced':
      return isShort ? 'partly-shipped' : 'partly-invoiced'
    case 'partiallyDelivered':
      return 'partly-shipped'
    case 'picked':
    case 'confirmed':
      return processing
    case 'active':
    case undefined:
      return 'accepted'
    default:
      return processing satisfies never
  }
}

/** The first attempt is on its way; after that the order is safe with us and is passed on as soon as the ERP answers. */
function statusBeforeErp(sync: SyncState): OrderStatus {
  switch (sync.kind) {
    case 'refused':
      return 'refused'
    case 'waiting':
      return sync.reason === null ? 'sending' : 'received'
    case 'accepted':
      return 'accepted'
    case 'unlinked':
      return 'received'
    default:
      return sync satisfies never
  }
}

const BADGES: Readonly<Record<OrderStatus, string>> = {
  sending: 'badge-wait',
  received: 'badge-wait',
  refused: 'badge-bad',
  accepted: 'badge-neutral',
  confirmed: 'badge-good',
  picked: 'badge-good',
  'partly-shipped': 'badge-wait',
  shipped: 'badge-good',
  'partly-invoiced': 'badge-good',
  invoiced: 'badge-neutral',
  'on-hold': 'badge-warn',
  cancelled: 'badge-neutral',
}

export function badgeOf(status: OrderStatus): string {
  return BADGES[status]
}

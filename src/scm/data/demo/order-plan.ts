import { DAY_MS } from '../../domain/rows.ts'
import type { Random } from './random.ts'

/** How far an order has come. */
export type Stage =
  | 'active'
  | 'confirmed'
  | 'picked'
  | 'partlyDelivered'
  | 'delivered'
  | 'partlyDeliveredInvoiced'
  | 'deliveredPartlyInvoiced'
  | 'invoiced'
  | 'canceled'
  | 'stopped'

export type OrderPlan = { stage: Stage; createdMs: number; shippingMs: number; slipsMs: number[]; invoicesMs: number[] }

export const stages: readonly Stage[] = [
  'active',
  'confirmed',
  'picked',
  'partlyDelivered',
  'delivered',
  'partlyDeliveredInvoiced',
  'deliveredPartlyInvoiced',
  'invoiced',
  'canceled',
  'stopped',
]

const HOUR_MS = 60 * 60_000
const AGE_DAYS_MAX = 540

/** By age, how many of a hundred orders stand where. */
const BY_AGE: readonly { daysMax: number; weights: Partial<Record<Stage, number>> }[] = [
  { daysMax: 7, weights: { active: 50, confirmed: 30, picked: 10, stopped: 4, canceled: 3, delivered: 3 } },
  {
    daysMax: 21,
    weights: {
      active: 4,
      confirmed: 25,
      picked: 14,
      partlyDelivered: 12,
      delivered: 13,
      partlyDeliveredInvoiced: 4,
      invoiced: 22,
      canceled: 4,
      stopped: 2,
    },
  },
  {
    daysMax: 60,
    weights: {
      confirmed: 3,
      picked: 2,
      partlyDelivered: 6,
      delivered: 8,
      partlyDeliveredInvoiced: 6,
      deliveredPartlyInvoiced: 6,
      invoiced: 63,
      canceled: 5,
      stopped: 1,
    },
  },
  {
    daysMax: AGE_DAYS_MAX,
    weights: { partlyDeliveredInvoiced: 1, deliveredPartlyInvoiced: 1, delivered: 1, invoiced: 92, canceled: 5 },
  },
]

/** Three parcels out of ten go in two deliveries. */
const TWO_DELIVERIES = 0.3

/** When things happened to an order of this age, or happen in this stage; deliveries and invoices never lie in the future. */
export function planOrder(random: Random, todayMs: number, forced?: Stage): OrderPlan {
  const ageDays = forced === undefined ? Math.floor(AGE_DAYS_MAX * random.next()) : ageOf(forced, random)
  const day = Math.floor(todayMs / DAY_MS) * DAY_MS - ageDays * DAY_MS
  const createdMs = Math.min(day + random.whole(7, 16) * HOUR_MS + random.whole(0, 59) * 60_000, todayMs - 60_000)
  const weights = (BY_AGE.find((one) => ageDays <= one.daysMax) ?? BY_AGE.at(-1))?.weights ?? {}
  const stage = forced ?? (random.weighted(weights as Record<Stage, number>) as Stage)
  const shippingMs = createdMs + random.whole(2, 12) * DAY_MS
  const slipsMs = slipDays(stage, random, { createdMs, shippingMs, todayMs })
  return { stage, createdMs, shippingMs, slipsMs, invoicesMs: invoiceDays(stage, slipsMs, todayMs) }
}

function ageOf(stage: Stage, random: Random): number {
  if (stage === 'active') return random.whole(0, 4)
  if (stage === 'confirmed' || stage === 'picked' || stage === 'stopped') return random.whole(3, 12)
  return random.whole(14, 45)
}

function slipDays(stage: Stage, random: Random, when: { createdMs: number; shippingMs: number; todayMs: number }): number[] {
  const first = Math.min(when.shippingMs + (random.chance(0.15) ? random.whole(1, 5) * DAY_MS : 0), when.todayMs)
  const second = Math.min(first + random.whole(3, 9) * DAY_MS, when.todayMs)
  switch (stage) {
    case 'partlyDelivered':
    case 'partlyDeliveredInvoiced':
      return [first]
    case 'deliveredPartlyInvoiced':
      return [first, second]
    case 'delivered':
    case 'invoiced':
      return random.chance(TWO_DELIVERIES) ? [first, second] : [first]
    default:
      return []
  }
}

/** One invoice per delivery, the day after at the latest. */
function invoiceDays(stage: Stage, slipsMs: readonly number[], todayMs: number): number[] {
  if (stage === 'invoiced') return slipsMs.map((ms) => Math.min(ms + DAY_MS, todayMs))
  const isInPart = stage === 'partlyDeliveredInvoiced' || stage === 'deliveredPartlyInvoiced'
  return isInPart ? slipsMs.slice(0, 1).map((ms) => Math.min(ms + DAY_MS, todayMs)) : []
}

import { multiply } from '#lib/decimal.ts'
import { lineAmount, lineDiscountTotal, percentOf } from '../../domain/orders/amounts.ts'
import { chooseAgreement } from '../../domain/pricing.ts'
import { dayOf } from '../../domain/rows.ts'
import type { DemoCustomer } from './customers.ts'
import type { OrderPlan } from './order-plan.ts'
import type { DemoProduct } from './products.ts'
import type { Random } from './random.ts'

/** One line while its order's story is told: whole quantities, decimal amounts. */
export type DemoLine = {
  product: DemoProduct
  unit: string
  ordered: number
  price: string
  discountPercent: string
  amount: string
  discount: string
  tax: string
  delivered: number
  invoiced: number
  /** Sales units of the product in one unit of the line. */
  factor: string
}

/** Lines of different products; one that must be divisible holds at least two. */
export function inventLines(random: Random, customer: DemoCustomer, range: readonly DemoProduct[], plan: OrderPlan): DemoLine[] {
  const count = random.whole(1, 3) + (random.chance(0.45) ? random.whole(1, 5) : 0)
  const products = new Set<DemoProduct>()
  while (products.size < count) products.add(random.pick(range))
  return [...products].map((product, index) => {
    const pack = product.units.length > 0 && random.chance(0.15) ? random.pick(product.units) : undefined
    const quantity =
      pack === undefined ? random.whole(1, product.unit === 'box' ? 10 : 24) : pack.symbol === 'pal' ? 1 : random.whole(1, 6)
    const ordered = index === 0 && plan.slipsMs.length > 0 ? Math.max(quantity, 2) : quantity
    return priced(random, customer, { product, unit: pack?.symbol ?? product.unit, factor: pack?.factor ?? '1', ordered }, plan)
  })
}

type Chosen = Pick<DemoLine, 'product' | 'unit' | 'factor' | 'ordered'>

function priced(random: Random, customer: DemoCustomer, chosen: Chosen, plan: OrderPlan): DemoLine {
  const { product, factor, ordered } = chosen
  const agreement = chooseAgreement(product.agreements.get(customer.currency) ?? [], {
    customerAccount: customer.account,
    priceGroup: customer.priceGroup,
    unit: product.unit,
    quantity: multiply(String(ordered), factor),
    currency: customer.currency,
    day: dayOf(plan.createdMs).slice(0, 10),
  })
  const price = multiply(agreement?.price ?? product.price, factor)
  const discountPercent = random.chance(0.06) ? random.pick(['2', '5', '10']) : '0'
  const terms = {
    quantity: String(ordered),
    price,
    priceQuantity: '1',
    discount: '0',
    discountPercent,
    multilineDiscount: '0',
    multilineDiscountPercent: '0',
    charges: '0',
  }
  const amount = lineAmount(terms)
  const tax = percentOf(amount, customer.company.taxPercent)
  const discount = lineDiscountTotal(terms, amount)
  return { ...chosen, price, discountPercent, amount, discount, tax, delivered: 0, invoiced: 0 }
}

/** The first of two deliveries: of some lines all, of others half, of one at least something and not of all everything. */
export function firstDelivery(random: Random, lines: readonly DemoLine[]): number[] {
  const parts = lines.map((line, index) => {
    if (index === 0) return Math.max(1, Math.floor(line.ordered / 2))
    return random.chance(0.5) ? line.ordered : Math.floor(line.ordered / 2)
  })
  return parts
}

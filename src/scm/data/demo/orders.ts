import { add, multiply } from '#lib/decimal.ts'
import { formatNumber } from '../../domain/number-sequences.ts'
import { quantities } from '../../domain/on-hand.ts'
import { orderTotals, partAmount } from '../../domain/orders/amounts.ts'
import { dueDay } from '../../domain/orders/payment-terms.ts'
import { type DocumentStatus, lineStatus, orderStatus, processingStatus } from '../../domain/orders/status.ts'
import { DAY_MS } from '../../domain/rows.ts'
import type { DemoCustomer } from './customers.ts'
import { type DemoLine, firstDelivery, inventLines } from './order-lines.ts'
import { planOrder, type Stage, stages } from './order-plan.ts'
import { type DemoOrder, invoiceLineRow, invoiceRow, lineRow, orderRow, slipLineRow, slipRow } from './order-rows.ts'
import type { DemoProduct } from './products.ts'
import type { Random } from './random.ts'
import { type DemoCompany, type DemoRow, type DemoTables, demoCompanies, paymentTerms } from './setup.ts'

type Documents = {
  headers: DemoRow[]
  lines: DemoRow[]
  slips: DemoRow[]
  slipLines: DemoRow[]
  invoices: DemoRow[]
  invoiceLines: DemoRow[]
}
type Counters = { slip: number; invoice: number; lot: number }

/** Orders of the last eighteen months in every state, with the slips and invoices that their quantities come from. */
export function addOrders(
  tables: DemoTables,
  random: Random,
  world: { customers: readonly DemoCustomer[]; products: readonly DemoProduct[]; ordersCount: number; todayMs: number },
): void {
  const out: Documents = { headers: [], lines: [], slips: [], slipLines: [], invoices: [], invoiceLines: [] }
  const sequences: DemoRow[] = []
  const reserved = new Map<string, string>()
  for (const company of demoCompanies) {
    const range = world.products.filter((product) => product.company === company.id)
    const orders = inventOrders(random, company, { ...world, products: range })
    const counters: Counters = { slip: 1, invoice: 1, lot: 1 }
    for (const [index, order] of orders.entries()) {
      order.number = formatNumber(company.orderFormat, index + 1)
      order.firstLot = counters.lot
      counters.lot += order.lines.length
      writeOrder(out, order, { random, counters, todayMs: world.todayMs, reserved })
    }
    sequences.push(...sequenceRows(company, orders.length, counters, world.customers))
  }
  tables.set('warehouse_on_hand', onHandRows(random, world.products, reserved))
  tables.set('sales_order_header', out.headers)
  tables.set('sales_order_line', out.lines)
  tables.set('packing_slip', out.slips)
  tables.set('packing_slip_line', out.slipLines)
  tables.set('sales_invoice_header', out.invoices)
  tables.set('sales_invoice_line', out.invoiceLines)
  tables.set('number_sequence', sequences)
}

type World = { customers: readonly DemoCustomer[]; products: readonly DemoProduct[]; ordersCount: number; todayMs: number }

/** In the order of their creation, so that numbers grow with time. */
function inventOrders(random: Random, company: DemoCompany, world: World): DemoOrder[] {
  const own = world.customers.filter((customer) => customer.company === company)
  const urn = own.flatMap((customer) => Array.from({ length: customer.weight }, () => customer))
  const orders: DemoOrder[] = []
  const french = world.products.filter((product) => product.french)
  for (const customer of own.slice(0, company.id === 'usmf' ? 2 : 1)) {
    for (const stage of [...stages, ...stages]) orders.push(inventOrder(random, customer, { ...world, french }, stage))
  }
  const count = Math.round(world.ordersCount * company.ordersShare)
  while (orders.length < count) orders.push(inventOrder(random, random.pick(urn), { ...world, french }))
  return orders.sort((a, b) => a.plan.createdMs - b.plan.createdMs)
}

function inventOrder(
  random: Random,
  customer: DemoCustomer,
  world: World & { french: readonly DemoProduct[] },
  forced?: Stage,
): DemoOrder {
  const plan = planOrder(random, world.todayMs, forced)
  const lines = inventLines(random, customer, world.products, plan)
  const isFrench = customer.company.country === 'FR'
  const withFrench = customer.account === 'US-001' && random.chance(0.3) && world.french.length > 0
  if (withFrench) {
    const [line] = inventLines(random, customer, world.french, plan)
    if (line !== undefined) lines.push(line)
  }
  return { customer, plan, lines, contactId: contactOf(random, customer), number: '', firstLot: 0, isFrench }
}

/** Jane and Sam order for Fabrikam, now and then Nora, and some orders name nobody; elsewhere one of the contacts or nobody. */
function contactOf(random: Random, customer: DemoCustomer): string {
  const people = customer.contacts.filter((contact) => contact.isWhole)
  if (customer.account === 'US-001') {
    const who = random.weighted({ Jane: 45, Sam: 30, Nora: 5, nobody: 20 })
    return people.find((contact) => contact.first === who)?.id ?? ''
  }
  return people.length > 0 && random.chance(0.75) ? random.pick(people).id : ''
}

type Writing = { random: Random; counters: Counters; todayMs: number; reserved: Map<string, string> }

/** Tells the order's story: deliveries and invoices move its lines, and the end decides statuses and totals. */
function writeOrder(out: Documents, order: DemoOrder, writing: Writing): void {
  const { plan, lines } = order
  const isInPart = plan.slipsMs.length > 1 || plan.stage === 'partlyDelivered' || plan.stage === 'partlyDeliveredInvoiced'
  let document: DocumentStatus = 'None'
  if (plan.stage !== 'active' && plan.stage !== 'stopped' && plan.stage !== 'canceled') document = 'Confirmation'
  if (plan.stage === 'picked') document = 'PickingList'
  for (const [index, slipMs] of plan.slipsMs.entries()) {
    const parts =
      index === 0 && isInPart ? firstDelivery(writing.random, lines) : lines.map((line) => line.ordered - line.delivered)
    deliver(out, order, parts, slipMs, writing)
    document = 'PackingSlip'
    const invoiceMs = plan.invoicesMs[index]
    if (invoiceMs === undefined) continue
    invoice(out, order, invoiceMs, writing)
    document = 'Invoice'
  }
  const isCanceled = plan.stage === 'canceled'
  const statuses = lines.map((line) => lineStatus(decimals(line, isCanceled)))
  const status = orderStatus(statuses)
  const processing = processingStatus(status, document)
  const counted = isCanceled ? [] : lines
  const totals = orderTotals(counted, { discountPercent: '0', discount: '0', charges: '0', headerTax: '0' })
  out.headers.push(orderRow(order, { status, processing, document, tax: totals.tax, total: totals.total }))
  for (const [index, line] of lines.entries()) {
    const picked = plan.stage === 'picked' ? line.ordered : 0
    if (picked > 0) reserve(writing.reserved, order, line, picked)
    const { remaining } = decimals(line, isCanceled)
    out.lines.push(
      lineRow(order, line, index, { status: statuses[index] ?? 'None', processing, picked: String(picked), remaining }),
    )
  }
}

function decimals(line: DemoLine, isCanceled: boolean) {
  const remaining = isCanceled ? 0 : line.ordered - line.delivered
  return { delivered: String(line.delivered), remaining: String(remaining), invoiced: String(line.invoiced) }
}

function deliver(out: Documents, order: DemoOrder, parts: readonly number[], slipMs: number, writing: Writing): void {
  const id = formatNumber('PS-######', writing.counters.slip++)
  out.slips.push(slipRow(order, { id, ms: slipMs, quantity: String(parts.reduce((sum, part) => sum + part, 0)) }))
  for (const [index, line] of order.lines.entries()) {
    const part = parts[index] ?? 0
    if (part === 0) continue
    line.delivered += part
    out.slipLines.push(slipLineRow(order, line, index, { id, ms: slipMs, quantity: String(part) }))
  }
}

function invoice(out: Documents, order: DemoOrder, ms: number, writing: Writing): void {
  const ordinal = writing.counters.invoice++
  const keys = { number: formatNumber('CIV-######', ordinal), voucher: formatNumber('IVS-########', ordinal), ms }
  let amount = '0'
  let tax = '0'
  for (const [index, line] of order.lines.entries()) {
    if (line.delivered === line.invoiced) continue
    const share = (whole: string) => {
      const of = String(line.ordered)
      const taken = partAmount(whole, { upTo: String(line.invoiced), of, taken: '0' })
      return partAmount(whole, { upTo: String(line.delivered), of, taken })
    }
    const part = {
      quantity: String(line.delivered - line.invoiced),
      amount: share(line.amount),
      tax: share(line.tax),
      discount: share(line.discount),
    }
    out.invoiceLines.push(invoiceLineRow(order, line, index, keys, part))
    amount = add(amount, part.amount)
    tax = add(tax, part.tax)
    line.invoiced = line.delivered
  }
  const total = add(amount, tax)
  const terms = paymentTerms.find((one) => one.Name === order.customer.row.PaymentTerms)
  const due = dueDay(ms, terms === undefined ? undefined : { ...terms, recid: 0, NumberOfMonths: 0 })
  const isPaid = Date.parse(due) < writing.todayMs - 5 * DAY_MS ? writing.random.chance(0.94) : writing.random.chance(0.15)
  const isOwing = order.customer.row.OnHoldStatus !== 'No'
  out.invoices.push(invoiceRow(order, keys, { tax, total, due, settled: isPaid && !isOwing ? total : '0' }))
}

function reserve(reserved: Map<string, string>, order: DemoOrder, line: DemoLine, quantity: number): void {
  if (!line.product.stocked) return
  const key = placeKey(line.product, order.customer.company.warehouses[0]?.id ?? '')
  reserved.set(key, add(reserved.get(key) ?? '0', multiply(String(quantity), line.factor)))
}

function placeKey(product: DemoProduct, warehouse: string): string {
  return `${product.company} ${product.number} ${warehouse}`
}

/** Every stocked product in its company's first warehouse and in some of the others; never less than what is set aside. */
function onHandRows(random: Random, products: readonly DemoProduct[], reserved: ReadonlyMap<string, string>): DemoRow[] {
  return products
    .filter((product) => product.stocked)
    .flatMap((product) => {
      const company = demoCompanies.find((one) => one.id === product.company)
      return (company?.warehouses ?? [])
        .filter((_, index) => index === 0 || random.chance(0.6))
        .map((warehouse, index) => {
          const free = random.chance(0.04) ? 0 : random.whole(5, index === 0 ? 900 : 300)
          const held = reserved.get(placeKey(product, warehouse.id)) ?? '0'
          return {
            dataAreaId: product.company,
            ItemNumber: product.number,
            InventorySiteId: warehouse.site,
            InventoryWarehouseId: warehouse.id,
            ProductName: company?.country === 'FR' ? product.nameFr : product.name,
            ...quantities(add(String(free), held), held),
          }
        })
    })
}

function sequenceRows(company: DemoCompany, orders: number, counters: Counters, customers: readonly DemoCustomer[]): DemoRow[] {
  const own = customers.filter((customer) => customer.company === company)
  const contacts = own.reduce((sum, customer) => sum + customer.contacts.length, 0)
  const row = (Name: string, Format: string, next: number): DemoRow => ({ dataAreaId: company.id, Name, Format, Next: next })
  return [
    row('salesOrder', company.orderFormat, orders + 1),
    row('lot', 'LOT-########', counters.lot),
    row('packingSlip', 'PS-######', counters.slip),
    row('invoice', 'CIV-######', counters.invoice),
    row('voucher', 'IVS-########', counters.invoice),
    row('customer', `${company.accountPrefix}-###`, own.length + 1),
    row('contact', '######', contacts + 1),
  ]
}

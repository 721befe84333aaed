import { compare, subtract } from '#lib/decimal.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import type { OrderStatus } from '../status.ts'
import type { OrderWhole } from './detail-rows.ts'
import { text } from './list-rows.ts'

type Milestone = { key: 'placed' | 'accepted' | 'confirmed' | 'shipped' | 'invoiced'; state: State; detail: string | null }
type State = 'done' | 'part' | 'open'

/** How far an order is: what has happened with its day, what comes next, and a bar by quantities. Nothing where it is cancelled or was not taken. */
export function progressCard(context: PageContext, order: OrderWhole): Html {
  if (order.status === 'cancelled' || order.status === 'refused') return emptyHtml
  const items = milestones(context, order).map(
    (one) =>
      html`<li class="milestone milestone-${one.state}"><span class="milestone-name">${context.text(`order.milestone.${one.key}`)}</span><span class="visually-hidden">, ${context.text(`order.milestone.state.${one.state}`)}</span>${one.detail === null ? '' : html` <span class="milestone-detail">${one.detail}</span>`}</li>`,
  )
  return html`<div class="card stack"><ol class="milestones" aria-label="${context.text('order.milestone.list')}">${items}</ol>${quantityBar(context, order)}</div>`
}

function milestones(context: PageContext, order: OrderWhole): Milestone[] {
  const { header, status } = order
  const day = (column: string) => text(header[column])
  const due = day('msdyn_confirmedreceiptdate') ?? day('msdyn_requestedreceiptdate')
  const isConfirmed = CONFIRMED.has(status) || day('msdyn_confirmedreceiptdate') !== null
  return [
    { key: 'placed', state: 'done', detail: context.format.date(day('submitdate') ?? day('createdon')) },
    { key: 'accepted', state: day('msdyn_salesordernumber') === null ? 'open' : 'done', detail: day('msdyn_salesordernumber') },
    { key: 'confirmed', state: isConfirmed ? 'done' : 'open', detail: null },
    { key: 'shipped', ...byQuantity(context, order, order.shipped, due) },
    { key: 'invoiced', ...byQuantity(context, order, order.invoiced, null) },
  ]
}

const CONFIRMED: ReadonlySet<OrderStatus> = new Set([
  'confirmed',
  'picked',
  'partly-shipped',
  'shipped',
  'partly-invoiced',
  'invoiced',
])

/** By quantities, so that a part is a part; before the first of it, the day it is due. */
function byQuantity(
  context: PageContext,
  order: OrderWhole,
  done: string,
  due: string | null,
): { state: State; detail: string | null } {
  if (compare(done, '0') <= 0) {
    const detail = due === null ? null : context.text('order.milestone.due', { date: context.format.date(due) })
    return { state: 'open', detail }
  }
  const isWhole = compare(done, order.ordered) >= 0
  const detail = context.text('order.milestone.of', {
    done: context.format.quantity(done),
    all: context.format.quantity(order.ordered),
  })
  return { state: isWhole ? 'done' : 'part', detail }
}

const BAR_WIDTH = 1_000

/** One bar: the invoiced part along the shipped part of all that was ordered. Widths are attributes: no styles within the page. */
function quantityBar(context: PageContext, order: OrderWhole): Html {
  const { ordered, shipped, invoiced } = order
  if (compare(ordered, '0') <= 0) return emptyHtml
  const quantity = (value: string) => context.format.quantity(value)
  const values = { shipped: quantity(shipped), invoiced: quantity(invoiced), all: quantity(ordered) }
  const remaining = subtract(ordered, shipped)
  const key = (name: string, label: string) => html`<li class="bar-key bar-key-${name}">${label}</li>`
  return html`<div class="quantity-progress">
    <svg class="quantity-bar" viewBox="0 0 ${BAR_WIDTH} 12" preserveAspectRatio="none" role="img" aria-label="${context.text('order.progress.picture', values)}"><rect class="bar-all" width="${BAR_WIDTH}" height="12"></rect><rect class="bar-shipped" width="${share(shipped, ordered)}" height="12"></rect><rect class="bar-invoiced" y="7" width="${share(invoiced, ordered)}" height="5"></rect></svg>
    <ul class="bar-keys">${key('shipped', context.text('order.progress.shipped', { done: values.shipped, all: values.all }))}${key('invoiced', context.text('order.progress.invoiced', { done: values.invoiced, all: values.all }))}${compare(remaining, '0') > 0 ? key('all', context.text('order.progress.remaining', { remaining: quantity(remaining) })) : ''}</ul>
  </div>`
}

/** A width to draw, not an amount to reckon with. */
function share(part: string, whole: string): string {
  return String(Math.round(Math.min(1, Math.max(0, Number(part) / Number(whole))) * BAR_WIDTH))
}

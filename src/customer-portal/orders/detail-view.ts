import type { SyncState } from '#dual-write/sync-state.ts'
import { add, compare, round, subtract } from '#lib/decimal.ts'
import { attributes, emptyHtml, type Html, html } from '#lib/html.ts'
import { liveRegion, type PageContext } from '#portals/component.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { addressLines } from '../addresses.ts'
import { CONFIRM_MS_MAX } from '../confirmation.ts'
import { copyForm } from '../create-order.ts'
import { fact } from '../wizard/fields.ts'
import { stepUrl } from '../wizard/shell.ts'
import type { OrderWhole } from './detail-rows.ts'
import { changesNotice } from './erp-changes.ts'
import { cursorText } from './list-query.ts'
import { text } from './list-rows.ts'
import { statusBadge } from './list-view.ts'
import { progressCard } from './milestones.ts'

/** Thrice as long as a submission waits: the page that it led to has been seen by then. */
const CONFIRMING_SHOWN_MS_MAX = 3 * CONFIRM_MS_MAX

/** An order for who placed it: where it stands in words, what is still to come, its lines, addresses, totals and invoices. */
export function orderDetailView(context: PageContext, order: OrderWhole, options: { mayOrder: boolean }): Html {
  const { header } = order
  const number = text(header.msdyn_salesordernumber) ?? text(header.ordernumber) ?? context.text('order.unnumbered')
  // What is to be corrected is not to be ordered a second time.
  const mayCopy = options.mayOrder && order.draftId === undefined
  const lineIds = order.lines.map((line) => String(line.salesorderdetailid))
  return html`<article class="stack">
    <div class="page-head"><nav aria-label="${context.text('order.back')}"><a class="back" href="/orders">${context.text('order.back')}</a></nav>${mayCopy ? copyForm(context, order.id) : ''}</div>
    <section class="stack" id="order-status"${liveRegion('salesorder', [order.id])}>
      ${placedNotice(context, order)}
      ${context.query.has('overtaken') ? html`<p class="notice notice-warn" role="status">${context.text('order.overtaken')}</p>` : ''}
      <header class="stack order-head"><div class="cluster"><h1 class="page-title">${context.text('order.title', { number })}</h1>${statusBadge(context, order)}</div>
      <p class="lead">${context.text(`status.${order.status}.meaning`, { shipped: context.format.quantity(order.shipped), ordered: context.format.quantity(order.ordered) })}</p></header>
      ${syncNotice(context, order)}
      ${changesNotice(context, order.changes, 'order')}
      ${progressCard(context, order)}
      ${facts(context, order)}
    </section>
    <section class="stack" id="order-lines" aria-labelledby="order-lines-title"${liveRegion('salesorderdetail', lineIds)}>
      <h2 class="card-title" id="order-lines-title">${context.text('order.lines', { count: order.lineCount })}</h2>
      ${lines(context, order)}
    </section>
    <div class="grid" id="order-rest"${attributes({ 'data-live-region': true })}>${addresses(context, header)}${totals(context, header)}${invoices(context, order)}</div>
  </article>`
}

function placedNotice(context: PageContext, { header, sync }: OrderWhole): Html {
  const number = text(header.ordernumber)
  const isAnswered = sync.kind !== 'refused' && !isConfirming(context, sync)
  if (!context.query.has('placed') || number === null || !isAnswered) return emptyHtml
  return html`<p class="notice notice-good" role="status">${context.text('order.placed', { number })}</p>`
}

/** What a buyer must know about the way to the ERP: nothing while all is well. The ERP's own sentence is shown where it refused. */
function syncNotice(context: PageContext, order: OrderWhole): Html {
  const { sync } = order
  if (sync.kind === 'refused')
    return html`<div class="notice notice-bad stack" role="status"><p>${context.text('order.refused')}</p><blockquote>${sync.reason}</blockquote>${refusedWhatNow(context, order)}</div>`
  if (isConfirming(context, sync))
    return html`<p class="notice notice-warn" role="status">${context.text('order.confirming')} <a href="/orders/${order.id}/confirmation">${context.text('order.confirmingLook')}</a></p>`
  const isGivenUp = order.status === 'cancelled' && sync.kind === 'unlinked' && text(order.header.msdyn_salesordernumber) === null
  if (isGivenUp) return html`<p class="notice notice-warn" role="status">${context.text('order.givenUp')}</p>`
  const isHeldUp = sync.kind === 'waiting' && sync.reason !== null && order.status === 'received'
  if (isHeldUp) return html`<p class="notice notice-warn" role="status">${context.text('order.waiting')}</p>`
  return emptyHtml
}

/** Where orders count once the ERP has taken them, the order is a draft again, for whoever wrote it; otherwise the seller sees to it. */
function refusedWhatNow(context: PageContext, { isToCorrect, draftId }: OrderWhole): Html {
  if (!isToCorrect) return html`<p>${context.text('order.refusedWhatNow')}</p>`
  if (draftId === undefined) return html`<p>${context.text('order.refusedOthers')}</p>`
  return html`<p>${context.text('order.refusedCorrect')}</p><p><a class="button button-primary" href="${stepUrl(draftId, 'review')}">${context.text('order.correct')}</a></p>`
}

/** By the map's choice the order counts once the ERP has answered; after the limit it is on its way as any other. */
function isConfirming({ clock }: PageContext, sync: SyncState): boolean {
  return sync.kind === 'waiting' && sync.confirming && clock.nowMs() - Date.parse(sync.since) < CONFIRMING_SHOWN_MS_MAX
}

function facts(context: PageContext, order: OrderWhole): Html {
  const { header } = order
  const { format } = context
  const label = (key: string) => context.text(`order.fact.${key}`)
  const account = text(header['customerid.name'])
  const described = (lookup: string) => text(header[`${lookup}.msdyn_description`]) ?? text(header[`${lookup}.msdyn_name`]) ?? '–'
  return html`<dl class="facts card">
    ${text(header.msdyn_salesordernumber) === null || text(header.ordernumber) === null ? '' : fact(label('request'), text(header.ordernumber))}
    ${fact(label('requisition'), text(header.msdyn_customerrequisitionnumber) ?? '–')}
    ${fact(label('placed'), format.dateTime(text(header.submitdate) ?? text(header.createdon)))}
    ${fact(label('by'), text(header['msdyn_contactperson.fullname']) ?? '–')}
    ${account === null ? '' : fact(label('account'), account)}
    ${fact(label('requested'), format.date(text(header.msdyn_requestedreceiptdate)))}
    ${fact(label('confirmedReceipt'), confirmed(context, text(header.msdyn_confirmedreceiptdate), isOver(order)))}
    ${fact(label('confirmedShipping'), confirmed(context, text(header.msdyn_confirmedshippingdate), isOver(order)))}
    ${fact(label('deliveryMode'), described('msdyn_deliverymode'))}
    ${fact(label('paymentTerms'), described('msdyn_paymentterms'))}
  </dl>`
}

/** What has come or will not come needs no confirming any more. */
function confirmed(context: PageContext, date: string | null, isOver: boolean): string {
  if (date !== null) return context.format.date(date)
  return isOver ? '–' : context.text('order.notConfirmed')
}

function isOver({ status, ordered, shipped }: OrderWhole): boolean {
  return status === 'cancelled' || (compare(ordered, '0') > 0 && compare(shipped, ordered) >= 0)
}

function lines(context: PageContext, order: OrderWhole): Html {
  const label = (key: string) => context.text(`order.line.${key}`)
  const head = (key: string, isNumber = false) => html`<th scope="col"${isNumber ? html` class="number"` : ''}>${label(key)}</th>`
  return html`<div class="table-wrap"><table class="table table-lines">
    <caption class="visually-hidden">${context.text('order.lines', { count: order.lineCount })}</caption>
    <thead><tr>${head('no')}${head('product')}${head('ordered', true)}${head('shipped', true)}${head('remaining', true)}${head('invoiced', true)}${head('price', true)}${head('amount', true)}${head('requested')}${head('confirmed')}</tr></thead>
    <tbody>${order.lines.map((line) => lineRow(context, order, line))}</tbody>
  </table></div>
  ${order.furtherLines === undefined ? '' : html`<nav class="pagination" aria-label="${context.text('order.pages')}"><a class="button" rel="next" href="${context.path}?lines=${cursorText(order.furtherLines)}">${context.text('order.next')}</a></nav>`}`
}

function lineRow(context: PageContext, order: OrderWhole, line: QueryRow): Html {
  const { format } = context
  const label = (key: string) => context.text(`order.line.${key}`)
  const currency = text(order.header.msdyn_isocurrencycode)
  const isCanceled =
    line.msdyn_linestatus === context.catalog.get('salesorderdetail').columns.get('msdyn_linestatus')?.options.get('canceled')
  const cell = (key: string, value: Html | string, isNumber = true) =>
    html`<td data-label="${label(key)}"${isNumber ? html` class="number"` : ''}>${value}</td>`
  const quantity = text(line.quantity)
  const shipped = text(line.quantityshipped) ?? '0'
  const remaining = isCanceled
    ? '0'
    : (text(line.quantitybackordered) ?? (quantity === null ? null : subtract(quantity, shipped)))
  const confirmedDate = text(line.msdyn_confirmedreceiptdate) ?? text(line.msdyn_confirmedshippingdate)
  const price = text(line.priceperunit)
  const perQuantity = text(line.msdyn_salespricequantity)
  const changes = order.changesOfLines.get(String(line.salesorderdetailid)) ?? []
  const isPerMany = perQuantity !== null && compare(perQuantity, '1') !== 0 && compare(perQuantity, '0') > 0
  const shownPrice = price === null ? html`<span class="muted">${label('priceOpen')}</span>` : format.money(price, currency)
  return html`<tr>
    ${cell('no', format.number(line.sequencenumber as number | null), false)}
    ${cell('product', html`<span>${productName(context, line)}<br><span class="muted">${text(line.productnumber) ?? text(line['productid.msdyn_productnumber']) ?? ''}</span>${isCanceled ? html` <span class="badge badge-neutral">${context.text('status.cancelled.label')}</span>` : ''}</span>`, false)}
    ${cell('ordered', `${format.quantity(quantity)} ${text(line['uomid.msdyn_symbol']) ?? ''}`)}
    ${cell('shipped', format.quantity(shipped))}
    ${cell('remaining', format.quantity(remaining))}
    ${cell('invoiced', format.quantity(text(line.comptoir_quantityinvoiced) ?? '0'))}
    ${cell('price', html`<span>${shownPrice}${isPerMany ? html` <span class="muted">${context.text('order.line.per', { quantity: format.quantity(perQuantity) })}</span>` : ''}</span>`)}
    ${cell('amount', html`<span>${format.money(text(line.extendedamount), currency)}${price === null && line.extendedamount !== null ? html`<br><span class="muted">${label('estimate')}</span>` : ''}</span>`)}
    ${cell('requested', format.date(text(line.msdyn_requestedreceiptdate)), false)}
    ${cell('confirmed', confirmed(context, confirmedDate, remaining !== null && compare(remaining, '0') === 0), false)}
  </tr>${changes.length === 0 ? '' : html`<tr class="line-note"><td colspan="10">${changesNotice(context, changes, 'line')}</td></tr>`}`
}

function productName(context: PageContext, line: QueryRow): string {
  const french = context.language === 'fr' ? text(line['productid.comptoir_name_fr']) : null
  return french ?? text(line['productid.name']) ?? text(line.description) ?? '–'
}

function addresses(context: PageContext, header: QueryRow): Html {
  const part = (prefix: 'shipto' | 'billto', name: string | null) => {
    const value = (column: string) => text(header[`${prefix}_${column}`]) ?? ''
    const address = {
      name: name ?? '',
      street: value('line1'),
      city: value('city'),
      postalCode: value('postalcode'),
      state: value('stateorprovince'),
      country: value('country'),
    }
    return addressLines(address, context.language).join('\n')
  }
  const delivery = part('shipto', text(header.shipto_name) ?? text(header.msdyn_deliveryaddressname))
  const billing = part('billto', null)
  return html`<section class="card stack" aria-labelledby="order-addresses"><h2 class="card-title" id="order-addresses">${context.text('order.addresses')}</h2>
    <dl class="facts">${fact(context.text('order.deliveryAddress'), delivery === '' ? '–' : delivery)}${billing === '' ? '' : fact(context.text('order.invoiceAddress'), billing)}</dl></section>`
}

function totals(context: PageContext, header: QueryRow): Html {
  const currency = text(header.msdyn_isocurrencycode)
  const isEstimate = text(header.msdyn_salesordernumber) === null
  const row = (key: string, column: string) => {
    const value = text(header[column])
    return value === null || compare(round(value, 2), '0') === 0
      ? ''
      : fact(context.text(`order.total.${key}`), context.format.money(value, currency))
  }
  return html`<section class="card stack" aria-labelledby="order-totals"><h2 class="card-title" id="order-totals">${context.text('order.totals')}</h2>
    <dl class="sums">${subtotal(context, header)}${row('discount', 'discountamount')}${row('charges', 'freightamount')}${row('tax', 'totaltax')}
    ${fact(context.text(isEstimate ? 'order.total.estimated' : 'order.total.total'), html`<strong>${context.format.money(text(header.totalamount), currency)}</strong>`)}</dl></section>`
}

/** What the lines come to, where something stands between that and the total. */
function subtotal(context: PageContext, header: QueryRow): Html {
  const value = (column: string) => text(header[column]) ?? '0'
  const total = text(header.totalamount)
  const [discount, added] = [value('discountamount'), add(value('freightamount'), value('totaltax'))]
  const isTotal = [discount, value('freightamount'), value('totaltax')].every((one) => compare(round(one, 2), '0') === 0)
  if (total === null || isTotal) return emptyHtml
  const amount = add(subtract(total, added), discount)
  return fact(context.text('order.total.subtotal'), context.format.money(amount, text(header.msdyn_isocurrencycode)))
}

function invoices(context: PageContext, order: OrderWhole): Html {
  if (order.invoices.length === 0) return emptyHtml
  const rows = order.invoices.map(
    (one) =>
      html`<li class="order-row"><span class="order-row-name"><strong>${text(one.msdyn_invoicenumber)}</strong></span> <span class="order-row-about muted">${context.format.date(text(one.msdyn_invoicedate))}</span> <span class="order-row-figure">${context.format.money(text(one.msdyn_totalamount), text(one['transactioncurrencyid.isocurrencycode']))}</span></li>`,
  )
  return html`<section class="card stack" aria-labelledby="order-invoices"><h2 class="card-title" id="order-invoices">${context.text('order.invoices')}</h2><ul class="order-rows">${rows}</ul></section>`
}

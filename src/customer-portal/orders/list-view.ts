import { attributes, emptyHtml, type Html, html } from '#lib/html.ts'
import { liveRegion, type PageContext } from '#portals/component.ts'
import { badgeOf } from '../status.ts'
import { STATUS_FILTERS, TABS, type Tab } from './conditions.queries.ts'
import { type Asked, cursorText, hrefOf, isFiltered, type SortColumn } from './list-query.ts'
import type { ListedOrder, PageOfOrders } from './list-rows.ts'

/** A count that stops here: a list says "1,000+" instead of counting them all. */
export const COUNTED_MAX = 1_000

export function orderListView(
  context: PageContext,
  asked: Asked,
  shown: { page: PageOfOrders; counts: Readonly<Record<Tab, number>> },
): Html {
  const { orders } = shown.page
  return html`<section class="stack" id="order-list" aria-label="${context.text('order.list')}"${liveRegion(
    'salesorder',
    orders.map((one) => one.id),
  )}>
    ${tabs(context, asked, shown.counts)}
    ${toolbar(context, asked)}
    ${orders.length === 0 ? empty(context, asked) : table(context, asked, orders)}
    ${footer(context, asked, shown.page)}
  </section>`
}

export function statusBadge(context: PageContext, one: Pick<ListedOrder, 'status' | 'shipped' | 'ordered'>): Html {
  const label = context.text(`status.${one.status}.label`, {
    shipped: context.format.quantity(one.shipped),
    ordered: context.format.quantity(one.ordered),
  })
  return html`<span class="badge ${badgeOf(one.status)}">${label}</span>`
}

function tabs(context: PageContext, asked: Asked, counts: Readonly<Record<Tab, number>>): Html {
  const links = TABS.map((tab) => {
    const count = counts[tab]
    const shown = count > COUNTED_MAX ? `${context.format.number(COUNTED_MAX)}+` : context.format.number(count)
    const href = hrefOf(context.path, context.query, { tab: tab === 'open' ? undefined : tab })
    return html`<a href="${href}"${attributes({ 'aria-current': tab === asked.tab ? 'page' : undefined })}>${context.text(`order.tab.${tab}`)} <span class="badge badge-neutral">${shown}</span></a>`
  })
  return html`<nav class="tabs" aria-label="${context.text('order.tabs')}">${links}</nav>`
}

function toolbar(context: PageContext, asked: Asked): Html {
  const field = (name: string, control: Html) =>
    html`<div class="field"><label class="field-label" for="orders-${name}">${context.text(`order.filter.${name}`)}</label>${control}</div>`
  const input = (name: string, type: string, value: string, more: Readonly<Record<string, string | boolean>> = {}) =>
    field(
      name,
      html`<input class="input" id="orders-${name}"${attributes({ name, type, value, maxlength: type === 'date' ? undefined : 100, ...more })}>`,
    )
  const options = STATUS_FILTERS.map(
    (status) =>
      html`<option${attributes({ value: status, selected: status === asked.status })}>${context.text(`order.status.${status}`)}</option>`,
  )
  const seesColleagues = context.permissions.readableColumns(context.visitor, 'contact').has('fullname') && !isOwnOnly(context)
  const kept = ['tab', 'sort'].map((name) => {
    const value = context.query.get(name)
    return value === null ? '' : html`<input type="hidden" name="${name}" value="${value}">`
  })
  return html`<form class="toolbar" method="get" action="${context.path}" role="search">
    ${input('q', 'search', asked.search, { placeholder: context.text('order.filter.qExample'), 'data-search': true })}
    ${field('status', html`<select class="select" id="orders-status" name="status"><option value="">${context.text('order.filter.any')}</option>${options}</select>`)}
    ${seesColleagues ? input('by', 'search', asked.by) : ''}
    ${input('from', 'date', asked.from)}
    ${input('until', 'date', asked.until)}
    ${kept}
    <button class="button" type="submit">${context.text('order.filter.apply')}</button>
    ${isFiltered(asked) ? html`<a class="button button-quiet" href="${clearHref(context)}">${context.text('order.filter.clear')}</a>` : ''}
  </form>`
}

/** Whether the orders that the visitor sees are of more accounts than the one in use: then each says of which it is. */
export function seesOtherAccounts(context: PageContext): boolean {
  const types = accessTypesOf(context)
  return types.has('global') || types.has('company') || types.has('hierarchy')
}

/** Whether all orders the visitor sees are his own: then asking who placed them is idle. */
function isOwnOnly(context: PageContext): boolean {
  const types = accessTypesOf(context)
  return types.size === 1 && types.has('contact')
}

function accessTypesOf({ visitor, permissions }: PageContext) {
  return permissions.accessTypes(visitor, 'salesorder', 'read')
}

function clearHref(context: PageContext): string {
  const gone = Object.fromEntries(['q', 'status', 'by', 'from', 'until'].map((name) => [name, undefined]))
  return hrefOf(context.path, context.query, gone)
}

function table(context: PageContext, asked: Asked, orders: readonly ListedOrder[]): Html {
  const text = (key: string) => context.text(`order.column.${key}`)
  const head = (column: SortColumn, isNumber = false) => {
    const { sort } = asked
    const isSorted = sort.column === column
    const order = isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none'
    const href = hrefOf(context.path, context.query, { sort: `${column} ${isSorted && !sort.descending ? 'desc' : 'asc'}` })
    return html`<th scope="col" aria-sort="${order}"${isNumber ? html` class="number"` : ''}><a href="${href}">${text(column)}</a></th>`
  }
  return html`<div class="table-wrap"><table class="table table-orders" data-keys-list>
    <caption class="visually-hidden">${context.text('order.list')}</caption>
    <thead><tr>${head('number')}${head('reference')}${head('placed')}${seesOtherAccounts(context) ? head('account') : ''}${head('by')}${head('shipTo')}<th scope="col">${text('status')}</th>${head('date')}<th scope="col" class="number">${text('lines')}</th>${head('total', true)}</tr></thead>
    <tbody>${orders.map((one) => row(context, one))}</tbody>
  </table></div>`
}

function row(context: PageContext, one: ListedOrder): Html {
  const cell = (key: string, content: Html | string, isNumber = false) =>
    html`<td data-label="${context.text(`order.column.${key}`)}"${isNumber ? html` class="number"` : ''}>${content}</td>`
  return html`<tr>
    ${cell('number', html`<a href="/orders/${one.id}">${one.number ?? one.requestNumber ?? context.text('order.unnumbered')}</a>`)}
    ${cell('reference', one.reference ?? '–')}
    ${cell('placed', context.format.date(one.placedAt))}
    ${seesOtherAccounts(context) ? cell('account', one.account ?? '–') : ''}
    ${cell('by', one.by ?? '–')}
    ${cell('shipTo', one.shipTo === '' ? '–' : one.shipTo)}
    ${cell('status', one.isChanged ? html`<span>${statusBadge(context, one)}<br><span class="muted">${context.text('order.changes.mark')}</span></span>` : statusBadge(context, one))}
    ${cell('date', nextDate(context, one))}
    ${cell('lines', `${context.format.number(one.linesOpen)} / ${context.format.number(one.lines)}`, true)}
    ${cell('total', context.format.money(one.total, one.currency), true)}
  </tr>`
}

/** The date that the seller has confirmed, else the one that was asked for; nothing once nothing is to come. */
function nextDate(context: PageContext, one: ListedOrder): Html | string {
  if (one.linesOpen === 0) return '–'
  if (one.confirmedDate !== null)
    return html`<span>${context.format.date(one.confirmedDate)}<br><span class="muted">${context.text('order.dateConfirmed')}</span></span>`
  if (one.requestedDate === null) return '–'
  return html`<span>${context.format.date(one.requestedDate)}<br><span class="muted">${context.text('order.dateRequested')}</span></span>`
}

function empty(context: PageContext, asked: Asked): Html {
  if (isFiltered(asked))
    return html`<p class="empty">${context.text('order.emptyFilter')} <a href="${clearHref(context)}">${context.text('order.filter.clear')}</a></p>`
  if (asked.tab !== 'all')
    return html`<p class="empty">${context.text(`order.emptyTab.${asked.tab}`)} <a href="${hrefOf(context.path, context.query, { tab: 'all' })}">${context.text('order.tab.all')}</a></p>`
  const first = context.permissions.may(context.visitor, 'salesorder', 'create')
    ? html` <a href="/create-order">${context.text('order.first')}</a>`
    : ''
  return html`<p class="empty">${context.text('order.emptyYet')}${first}</p>`
}

function footer(context: PageContext, asked: Asked, page: PageOfOrders): Html {
  if (page.orders.length === 0) return emptyHtml
  const link = (name: 'before' | 'after', key: string, rel: string) => {
    const cursor = name === 'before' ? page.previous : page.next
    if (cursor === undefined) return ''
    return html`<a class="button" rel="${rel}" href="${hrefOf(context.path, context.query, { [name]: cursorText(cursor) })}">${context.text(key)}</a>`
  }
  const file = (path: string) => hrefOf(path, context.query, { tab: asked.tab })
  return html`<div class="pagination">
    <div class="cluster"><a class="button button-quiet" href="${file('/orders.csv')}" download>${context.text('order.export')}</a>
      <a class="button button-quiet" href="${file('/orders.xlsx')}" download>${context.text('order.exportWorkbook')}</a></div>
    <nav class="cluster" aria-label="${context.text('order.pages')}">${link('before', 'order.previous', 'prev')}${link('after', 'order.next', 'next')}</nav>
  </div>`
}

import { emptyHtml, type Html, html } from '#lib/html.ts'
import { type Component, liveRegion, type PageContext } from '#portals/component.ts'
import { allOf, type RowPredicate } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'
import { today } from '../drafts.ts'
import { icon } from '../icon.ts'
import { attentionCondition, upcomingCondition } from '../orders/conditions.queries.ts'
import { LISTED_COLUMNS, type ListedOrder, listedOf, readableOf } from '../orders/list-rows.ts'
import { seesOtherAccounts, statusBadge } from '../orders/list-view.ts'

const LATEST_MAX = 8
const ATTENTION_MAX = 4
const UPCOMING_MAX = 4

/** Where the visitor's orders stand at a glance: the latest, those to look at, and what comes next. At most five statements. */
export const homeOrders: Component = async (context) => {
  const { visitor, permissions } = context
  if (visitor.kind === 'anonymous' || !permissions.may(visitor, 'salesorder', 'read')) return emptyHtml
  const { latest, attention, upcoming } = await readOverview(context)
  const ids = [...new Set([...latest, ...attention, ...upcoming].map((one) => one.id))]
  return html`<div class="split" id="home-orders"${liveRegion('salesorder', ids)}>
    ${latestCard(context, latest)}
    <div class="stack">${attentionCard(context, attention)}${upcomingCard(context, upcoming)}</div>
  </div>`
}

type Overview = { latest: ListedOrder[]; attention: ListedOrder[]; upcoming: ListedOrder[] }

async function readOverview(context: PageContext): Promise<Overview> {
  const { catalog } = context
  const day = today(context)
  const latest = await readOrders(context, [], [{ column: 'submitdate', descending: true }], LATEST_MAX)
  const byDay = (descending: boolean) => [
    { column: 'msdyn_confirmedreceiptdate', descending },
    { column: 'msdyn_requestedreceiptdate', descending },
  ]
  const attention = await readOrders(context, [attentionCondition(catalog, day)], byDay(true), ATTENTION_MAX)
  const upcoming = await readOrders(context, [upcomingCondition(catalog, day)], byDay(false), UPCOMING_MAX)
  const found = new Map([...latest, ...attention, ...upcoming].map((row) => [row.salesorderid, row]))
  const listed = new Map((await listedOf(context, [...found.values()])).map((one) => [one.id, one]))
  const of = (rows: typeof latest) => rows.flatMap((row) => listed.get(String(row.salesorderid)) ?? [])
  return {
    latest: of(latest),
    // An order on its first way to the ERP will be there in a second.
    attention: of(attention).filter((one) => one.status !== 'sending'),
    upcoming: of(upcoming),
  }
}

function readOrders(
  context: PageContext,
  conditions: readonly RowPredicate[],
  orderBy: readonly { column: string; descending: boolean }[],
  rowsMax: number,
) {
  const { tx, catalog, permissions, visitor } = context
  return listRows(tx, catalog, {
    table: catalog.get('salesorder'),
    columns: readableOf(context, 'salesorder', LISTED_COLUMNS),
    predicate: allOf([permissions.predicate(visitor, 'salesorder', 'read'), ...conditions]),
    reach: permissions.reach(visitor),
    orderBy,
    rowsMax,
  })
}

function latestCard(context: PageContext, orders: readonly ListedOrder[]): Html {
  const more = html`<a href="/orders?tab=all">${context.text('home.allOrders')}</a>`
  const list =
    orders.length === 0
      ? html`<p class="empty">${context.text('order.emptyYet')}</p>`
      : html`<ul class="order-rows">${orders.map((one) =>
          orderRow(context, one, {
            about: html`${context.format.date(one.placedAt)}${who(context, one)}`,
            figure: context.format.money(one.total, one.currency),
            badge: statusBadge(context, one),
          }),
        )}</ul>`
  return card(context, { key: 'latest', picture: 'orders', more, content: list })
}

function attentionCard(context: PageContext, orders: readonly ListedOrder[]): Html {
  if (orders.length === 0) return emptyHtml
  const rows = orders.map((one) => {
    const isLate = one.status !== 'on-hold' && one.number !== null
    const badge = isLate ? html`<span class="badge badge-warn">${context.text('home.late')}</span>` : statusBadge(context, one)
    const due = one.confirmedDate ?? one.requestedDate
    const about = isLate && due !== null ? context.text('home.wasDue', { date: context.format.date(due) }) : placed(context, one)
    return orderRow(context, one, { about: html`${about}${who(context, one)}`, badge })
  })
  return card(context, { key: 'attention', picture: 'attention', content: html`<ul class="order-rows">${rows}</ul>` })
}

function upcomingCard(context: PageContext, orders: readonly ListedOrder[]): Html {
  const rows = orders.map((one) => {
    const isConfirmed = one.confirmedDate !== null
    const badge = html`<span class="badge ${isConfirmed ? 'badge-good' : 'badge-neutral'}">${context.text(isConfirmed ? 'home.dueConfirmed' : 'home.dueRequested')}</span>`
    const figure = context.format.date(one.confirmedDate ?? one.requestedDate)
    return orderRow(context, one, { about: html`${one.shipTo}${who(context, one)}`, figure, badge })
  })
  const content =
    rows.length === 0
      ? html`<p class="muted">${context.text('home.nothingUpcoming')}</p>`
      : html`<ul class="order-rows">${rows}</ul>`
  return card(context, { key: 'upcoming', picture: 'truck', content })
}

function card(context: PageContext, one: { key: string; picture: string; more?: Html; content: Html }): Html {
  return html`<section class="card stack" aria-labelledby="home-${one.key}">
    <div class="card-head"><h2 class="card-title" id="home-${one.key}">${icon(context, one.picture)}${context.text(`home.${one.key}`)}</h2>${one.more}</div>
    ${one.content}</section>`
}

function orderRow(context: PageContext, one: ListedOrder, shown: { about: Html; figure?: string; badge: Html }): Html {
  const number = one.number ?? one.requestNumber ?? context.text('order.unnumbered')
  return html`<li class="order-row"><span class="order-row-name"><a href="/orders/${one.id}">${number}</a>${one.reference === null ? '' : html` <span class="order-row-reference muted">${one.reference}</span>`}</span>
    <span class="order-row-about muted">${shown.about}</span>
    ${shown.figure === undefined ? '' : html`<span class="order-row-figure">${shown.figure}</span>`}
    <span class="order-row-badge">${shown.badge}</span></li>`
}

function placed(context: PageContext, one: ListedOrder): string {
  return context.text('home.placed', { date: context.format.date(one.placedAt) })
}

/** Among orders of many companies, whose; among those of many people, by whom. */
function who(context: PageContext, one: ListedOrder): string {
  const { visitor } = context
  const ownName = visitor.kind === 'contact' ? visitor.fullName : ''
  if (seesOtherAccounts(context)) return one.account === null ? '' : ` · ${one.account}`
  const isOwn = one.by === ownName
  return one.by === null || isOwn ? '' : ` · ${one.by}`
}

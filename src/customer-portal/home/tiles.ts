import type { ContactVisitor } from '#access/visitor.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '#portals/component.ts'
import { countEach } from '#tables/rows.queries.ts'
import { listOpenDrafts } from '../drafts.queries.ts'
import { icon } from '../icon.ts'
import { readAsked, rowsOf } from '../orders/list-query.ts'
import { COUNTED_MAX } from '../orders/list-view.ts'

/** What a visitor can do here, each tile for those who may, with how much there is of it. Two statements. */
export const homeTiles: Component = async (context) => {
  const { visitor, permissions } = context
  if (visitor.kind !== 'contact') return emptyHtml
  const may = (table: string, privilege: 'read' | 'create') => permissions.may(visitor, table, privilege)
  const counts = await countShown(context)
  const tiles = [
    may('salesorder', 'create') ? await createTile(context, visitor) : emptyHtml,
    may('salesorder', 'read')
      ? tile(context, { href: '/orders', key: 'orders', note: context.text('home.openOrders', { count: counts.open ?? 0 }) })
      : emptyHtml,
    may('invoice', 'read')
      ? tile(context, {
          href: '/invoices',
          key: 'invoices',
          note: context.text('home.invoiceCount', { count: counts.invoices ?? 0 }),
        })
      : emptyHtml,
    mayReadAccount(context) ? tile(context, { href: '/account', key: 'account' }) : emptyHtml,
    tile(context, { href: '/profile', key: 'profile' }),
  ]
  return html`<ul class="tiles" id="home-tiles">${tiles}</ul>`
}

async function countShown(context: PageContext): Promise<Record<string, number>> {
  const { tx, catalog, permissions, visitor } = context
  const orders = { ...rowsOf(context, readAsked(new URLSearchParams()), 'open'), rowsMax: COUNTED_MAX + 1 }
  const predicate = permissions.predicate(visitor, 'invoice', 'read')
  return countEach(tx, catalog, {
    ...(permissions.may(visitor, 'salesorder', 'read') ? { open: orders } : {}),
    ...(permissions.may(visitor, 'invoice', 'read')
      ? { invoices: { table: catalog.get('invoice'), predicate, rowsMax: COUNTED_MAX } }
      : {}),
  })
}

async function createTile(context: PageContext, visitor: ContactVisitor): Promise<Html> {
  const drafts = await listOpenDrafts(context.tx, visitor)
  const note = drafts.length === 0 ? undefined : context.text('home.drafts', { count: drafts.length })
  return tile(context, { href: '/create-order', key: 'createOrder', picture: 'create', note, isFirst: true })
}

/** The account page is for those who see their company's terms, not for those who see its name and addresses. */
function mayReadAccount(context: PageContext): boolean {
  return context.permissions.readableColumns(context.visitor, 'account').has('creditlimit')
}

function tile(
  context: PageContext,
  one: { href: string; key: string; picture?: string; note?: string | undefined; isFirst?: boolean },
): Html {
  const { href, key, note, picture = key, isFirst = false } = one
  return html`<li><a class="tile${isFirst ? ' tile-first' : ''}" href="${href}"><span class="tile-icon">${icon(context, picture)}</span>
    <span class="tile-title">${context.text(`home.${key}.title`)}</span>
    <span class="tile-lead">${context.text(`home.${key}.lead`)}</span>${note === undefined ? '' : html`<span class="tile-note">${note}</span>`}</a></li>`
}

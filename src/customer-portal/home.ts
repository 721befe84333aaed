import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '#portals/component.ts'
import { countEach, countRows } from '#tables/rows.queries.ts'
import { listOpenDrafts } from './drafts.queries.ts'
import { readAsked, rowsOf } from './orders/list-query.ts'
import { COUNTED_MAX } from './orders/list-view.ts'

/** What a visitor can do here, each tile for those who may, with how much there is of it. */
export const homeTiles: Component = async (context) => {
  const { visitor, permissions } = context
  if (visitor.kind === 'anonymous') return emptyHtml
  const may = (table: string, privilege: 'read' | 'create') => permissions.may(visitor, table, privilege)
  const tiles = [
    may('salesorder', 'create') ? await createTile(context, visitor.contactId) : emptyHtml,
    may('salesorder', 'read') ? await ordersTile(context) : emptyHtml,
    may('invoice', 'read') ? await invoicesTile(context) : emptyHtml,
    mayReadAccount(context) ? tile(context, { href: '/account', key: 'account' }) : emptyHtml,
    tile(context, { href: '/profile', key: 'profile' }),
  ]
  return html`<div class="tiles" id="home-tiles">${tiles}</div>`
}

async function createTile(context: PageContext, contactId: string): Promise<Html> {
  const drafts = await listOpenDrafts(context.tx, contactId)
  return tile(context, {
    href: '/create-order',
    key: 'createOrder',
    note: drafts.length === 0 ? undefined : context.text('home.drafts', { count: drafts.length }),
  })
}

async function ordersTile(context: PageContext): Promise<Html> {
  const query = { ...rowsOf(context, readAsked(new URLSearchParams()), 'open'), rowsMax: COUNTED_MAX + 1 }
  const { open = 0 } = await countEach(context.tx, context.catalog, { open: query })
  return tile(context, { href: '/orders', key: 'orders', note: context.text('home.openOrders', { count: open }) })
}

async function invoicesTile(context: PageContext): Promise<Html> {
  const { tx, catalog, permissions, visitor } = context
  const predicate = permissions.predicate(visitor, 'invoice', 'read')
  const count = await countRows(tx, catalog, { table: catalog.get('invoice'), predicate, rowsMax: COUNTED_MAX })
  return tile(context, { href: '/invoices', key: 'invoices', note: context.text('home.invoiceCount', { count }) })
}

/** The account page is for those who see their company's terms, not for those who see its name and addresses. */
function mayReadAccount(context: PageContext): boolean {
  return context.permissions.readableColumns(context.visitor, 'account').has('creditlimit')
}

function tile(context: PageContext, one: { href: string; key: string; note?: string | undefined }): Html {
  return html`<a class="tile" href="${one.href}"><span class="tile-title">${context.text(`home.${one.key}.title`)}</span>
    <span class="muted">${context.text(`home.${one.key}.lead`)}</span>${one.note === undefined ? '' : html`<span class="badge badge-neutral">${one.note}</span>`}</a>`
}

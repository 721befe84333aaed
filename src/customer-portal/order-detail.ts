import type { Component, FormHandler, PageContext } from '#portals/component.ts'
import type { Cursor } from '#tables/row-query.ts'
import { listRows, newRowId } from '#tables/rows.queries.ts'
import { DRAFT_LINES_MAX, insertDraft, insertLines, type StoredLine } from './drafts.queries.ts'
import { INFORMATION_VERSION, type Information, readTerms } from './drafts.ts'
import { where } from './filters.ts'
import { choosesTerms, getOrderer } from './order-terms.ts'
import { getOrder, type OrderWhole } from './orders/detail-rows.ts'
import { orderDetailView } from './orders/detail-view.ts'
import { text } from './orders/list-rows.ts'
import { readProductsById } from './price-book.ts'
import { stepUrl } from './wizard/shell.ts'

/** One order: /orders/<id>. What the visitor may not see is not there. */
export const orderDetail: Component = async (context, args) => {
  const order = await getOrder(context, args.order ?? context.params.order ?? '', linesAfter(context))
  return orderDetailView(context, order, { mayOrder: context.permissions.may(context.visitor, 'salesorder', 'create') })
}

/** Orders the same again: a new draft with the lines that are still offered, at today's prices. */
export const copyOrder: FormHandler = async (context) => {
  const orderer = getOrderer(context)
  const order = await getOrder(context, context.params.order ?? '', undefined)
  const information: Information = {
    // An order's own address may be gone; the account's is there.
    requestedReceiptDate: '',
    requisition: '',
    address: { kind: 'account', key: 'address1' },
    chosen: choosesTerms(orderer) ? chosenOf(order) : null,
  }
  const draftId = newRowId()
  await insertDraft(context.tx, orderer, { draftId, schemaVersion: INFORMATION_VERSION, information })
  const copied = await copyLines(context, order, draftId, information)
  return { kind: 'redirect', to: stepUrl(draftId, 'information', { copied: String(copied.lines), gone: String(copied.gone) }) }
}

function chosenOf(order: OrderWhole): Information['chosen'] {
  const { msdyn_company, customerid, shipto_country } = order.header
  const [companyId, accountId] = [text(msdyn_company), text(customerid)]
  return companyId === null || accountId === null ? null : { companyId, accountId, country: text(shipto_country) ?? '' }
}

async function copyLines(
  context: PageContext,
  order: OrderWhole,
  draftId: string,
  information: Information,
): Promise<{ lines: number; gone: number }> {
  const { tx, catalog, permissions, visitor } = context
  const outcome = await readTerms(context, getOrderer(context), information)
  const rows = await listRows(tx, catalog, {
    table: catalog.get('salesorderdetail'),
    columns: ['productid', 'uomid', 'quantity'],
    predicate: permissions.predicate(visitor, 'salesorderdetail', 'read'),
    filter: where('salesorderid').is(order.id),
    orderBy: [{ column: 'sequencenumber', descending: false }],
    rowsMax: DRAFT_LINES_MAX,
  })
  if (outcome.kind !== 'ready') return { lines: 0, gone: rows.length }
  const ids = rows.flatMap((row) => text(row.productid) ?? [])
  const products = await readProductsById(context, outcome.terms, ids)
  const lines = rows.flatMap((row): StoredLine[] => {
    const [productId, uomId, quantity] = [text(row.productid), text(row.uomid), text(row.quantity)]
    if (productId === null || uomId === null || quantity === null || Number(quantity) <= 0) return []
    const isOffered = products.get(productId)?.units.some((unit) => unit.uomId === uomId) === true
    return isOffered ? [{ lineId: newRowId(), productId, uomId, quantity }] : []
  })
  await insertLines(tx, draftId, lines)
  return { lines: lines.length, gone: rows.length - lines.length }
}

function linesAfter(context: PageContext): Cursor | undefined {
  const asked = context.query.get('lines')
  if (asked === null || asked.length > 500) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(asked, 'base64url').toString('utf8'))
    const [number, id] = Array.isArray(value) && value.length === 2 ? value : []
    return Number.isSafeInteger(number) && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? [number, id] : undefined
  } catch {
    return undefined
  }
}

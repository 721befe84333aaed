import type { ErpChange } from '#dual-write/sync-state.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import { type ColumnDefinition, labelOf } from '#tables/definition.ts'

/** What the seller's system has made of a value that the buyer had sent, in the reader's words and formats. */
export type ShownChange = { label: string; sent: string; became: string; at: string }

/** What buyers send and recognise, by table. Lookups are not among it: their values are ids, and what they point to is on the page. */
const TOLD = {
  salesorder: [
    ...['msdyn_requestedreceiptdate', 'msdyn_customerrequisitionnumber', 'shipto_name', 'shipto_line1', 'shipto_line2'],
    ...['shipto_city', 'shipto_stateorprovince', 'shipto_postalcode', 'shipto_country', 'msdyn_deliveryaddressname'],
    ...['discountamount', 'freightamount'],
  ],
  salesorderdetail: [
    ...['quantity', 'priceperunit', 'msdyn_salespricequantity', 'manualdiscountamount', 'extendedamount'],
    ...['msdyn_requestedreceiptdate', 'description', 'shipto_name', 'shipto_line1', 'shipto_city', 'shipto_postalcode'],
  ],
} as const

/** The changes that the visitor is shown: those of columns that he may read on every row, in the order in which they are told. */
export function shownChanges(
  context: Pick<PageContext, 'catalog' | 'permissions' | 'visitor' | 'language' | 'format'>,
  changes: readonly ErpChange[],
  of: { table: keyof typeof TOLD; currency: string | null },
): ShownChange[] {
  if (changes.length === 0) return []
  const table = context.catalog.get(of.table)
  const readable = context.permissions.readableColumns(context.visitor, of.table)
  const byColumn = new Map(changes.map((change) => [change.column, change]))
  return TOLD[of.table].flatMap((name) => {
    const column = table.columns.get(name)
    const change = readable.has(name) ? byColumn.get(name) : undefined
    if (column === undefined || change === undefined || Object.keys(column.labels).length === 0) return []
    const { sent, became, at } = change
    const format = formatOf(context, column, of.currency)
    const shown = { label: labelOf(column, context.language), sent: format(sent), became: format(became), at }
    return shown.sent === shown.became ? [] : [shown]
  })
}

/** Nothing where nothing has changed. `subject` says of what: the order, or one of its lines. */
export function changesNotice(context: PageContext, changes: readonly ShownChange[], subject: 'order' | 'line'): Html {
  if (changes.length === 0) return emptyHtml
  const items = changes.map(
    ({ label, sent, became, at }) =>
      html`<li><strong>${label}</strong>${context.text('order.changes.colon')} ${context.text('order.changes.values', { sent, became })} ${context.text('order.changes.at', { at: context.format.dateTime(at) })}</li>`,
  )
  return html`<div class="notice notice-warn stack"><p>${context.text(`order.changes.${subject}`)}</p><ul>${items}</ul></div>`
}

function formatOf(
  { format }: Pick<PageContext, 'format'>,
  column: ColumnDefinition,
  currency: string | null,
): (value: string | null) => string {
  switch (column.type) {
    case 'money':
      return (value) => format.money(value, currency)
    case 'decimal':
    case 'integer':
    case 'bigint':
      return format.quantity
    case 'date':
      return format.date
    case 'datetime':
      return format.dateTime
    default:
      return (value) => (value === null || value === '' ? '–' : value)
  }
}

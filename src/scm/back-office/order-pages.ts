import { type Html, html } from '#lib/html.ts'
import { isYes, type Row, text } from '../domain/rows.ts'
import type { ListAsk, OrderSummary } from './lists.queries.ts'
import { action, badge, day, dayInput, input, money, type Notice, page, STATUS_WORDS, select } from './page.ts'

const STATUSES = ['Active', 'Confirmed', 'Picked', 'PartiallyDelivered', 'Delivered', 'PartiallyInvoiced', 'Invoiced', 'Canceled']

export function ordersPage(view: { ask: ListAsk; companies: readonly string[]; orders: readonly OrderSummary[] }): string {
  const { ask, orders } = view
  const last = orders.at(-1)
  const more = orders.length === ask.rowsMax && last !== undefined ? olderLink(ask, last.recid) : undefined
  const body = html`
<form class="bar" method="get" action="/orders">
${companySelect(view.companies, ask.company)}
${select('status', 'Status', ask.status, [{ value: '', label: 'All' }, ...STATUSES.map((value) => ({ value, label: STATUS_WORDS[value] ?? value }))])}
${input('q', 'Number or customer', ask.search, 'search')}
<button>Show</button>
</form>
<table><thead><tr><th>Company</th><th>Order</th><th>Customer</th><th>Created</th><th>Status</th><th class="number">Total</th></tr></thead>
<tbody>${orders.map(orderLine)}</tbody></table>
${orders.length === 0 ? html`<p>No orders match.</p>` : ''}
${more}`
  return page({ title: 'Sales orders', section: 'orders', body })
}

export type OrderView = { header: Row; customer: Row; lines: readonly Row[]; slips: readonly Row[]; invoices: readonly Row[] }

export function orderPage({ header, customer, lines, slips, invoices }: OrderView, notice?: Notice): string {
  const path = orderPath(header)
  const currency = text(header, 'CurrencyCode')
  const isStopped = isYes(header, 'IsSalesProcessingStopped')
  const body = html`
<p>${badge(text(header, 'SalesOrderProcessingStatus'))} ${isStopped ? html`<span class="badge stopped">Processing stopped</span>` : ''}</p>
<div class="actions">
${action(`${path}/confirmations`, 'Confirm')}
${action(`${path}/picking-lists`, 'Pick')}
${action(`${path}/packing-slips`, 'Ship all', { all: 'yes' })}
${action(`${path}/invoices`, 'Invoice')}
${action(`${path}/holds`, isStopped ? 'Release' : 'Stop processing', { stopped: isStopped ? 'no' : 'yes' })}
${action(`${path}/cancellations`, 'Cancel what remains')}
</div>
${facts(header, customer)}
<h2>Lines</h2>
<form method="post" action="${path}/packing-slips">
<table><thead><tr><th>Item</th><th>Status</th><th class="number">Ordered</th><th class="number">Delivered</th><th class="number">Remaining</th><th class="number">Invoiced</th>
<th class="number">Price</th><th class="number">Amount</th><th>Ship now</th></tr></thead>
<tbody>${lines.map((line) => lineOf(line, currency))}</tbody></table>
<p><button>Ship these quantities</button></p>
</form>
<h2>Dates</h2>
<form class="bar" method="post" action="${path}/schedules">
${input('shipping', 'Confirmed shipping', dayInput(header.ConfirmedShippingDate), 'date')}
${input('receipt', 'Confirmed receipt', dayInput(header.ConfirmedReceiptDate), 'date')}
<button>Set dates</button>
</form>
${documents(slips, invoices)}`
  return page({
    title: `${text(header, 'SalesOrderNumber')} · ${text(customer, 'OrganizationName')}`,
    section: 'orders',
    notice,
    body,
  })
}

function orderPath(header: Row): string {
  return `/orders/${encodeURIComponent(text(header, 'dataAreaId'))}/${encodeURIComponent(text(header, 'SalesOrderNumber'))}`
}

export function companySelect(companies: readonly string[], chosen: string): Html {
  return select('company', 'Company', chosen, [
    { value: '', label: 'All' },
    ...companies.map((value) => ({ value, label: value.toUpperCase() })),
  ])
}

function orderLine(order: OrderSummary): Html {
  const path = `/orders/${encodeURIComponent(order.company)}/${encodeURIComponent(order.number)}`
  return html`<tr><td>${order.company.toUpperCase()}</td><td><a href="${path}">${order.number}</a></td><td>${order.customer} <small>${order.account}</small></td>
<td>${day(order.createdAt)}</td><td>${badge(order.processing)} ${order.isStopped ? html`<span class="badge stopped">Stopped</span>` : ''}</td>
<td class="number">${money(order.total, order.currency)}</td></tr>`
}

function olderLink(ask: ListAsk, before: number): Html {
  const query = new URLSearchParams({ company: ask.company, status: ask.status, q: ask.search, before: String(before) })
  return html`<p><a href="/orders?${query.toString()}">Older orders</a></p>`
}

function facts(header: Row, customer: Row): Html {
  const customerPath = `/customers/${encodeURIComponent(text(customer, 'dataAreaId'))}/${encodeURIComponent(text(customer, 'CustomerAccount'))}`
  const fact = (label: string, value: string | Html) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`
  const currency = text(header, 'CurrencyCode')
  return html`<dl>
${fact('Customer', html`<a href="${customerPath}">${text(customer, 'CustomerAccount')}</a>`)}
${fact('Customer requisition', text(header, 'CustomerRequisitionNumber') || '–')}
${fact('Customer reference', text(header, 'CustomersOrderReference') || '–')}
${fact('Contact', text(header, 'ContactPersonId') || '–')}
${fact('Requested shipping', day(header.RequestedShippingDate))}
${fact('Requested receipt', day(header.RequestedReceiptDate))}
${fact('Delivery address', `${text(header, 'DeliveryAddressName')}\n${text(header, 'FormattedDelveryAddress')}`)}
${fact('Delivery and payment', [text(header, 'DeliveryModeCode'), text(header, 'PaymentTermsName')].filter(Boolean).join(', ') || '–')}
${fact('Tax', money(text(header, 'OrderTotalTaxAmount'), currency))}
${fact('Total', money(text(header, 'OrderTotalAmount'), currency))}
</dl>`
}

function lineOf(line: Row, currency: string): Html {
  const lot = text(line, 'InventoryLotId')
  const remaining = text(line, 'RemainingDeliveryQuantity')
  const name = `Quantity of ${text(line, 'ItemNumber')} to ship`
  const field = html`<input type="number" name="quantity.${lot}" min="0" step="any" aria-label="${name}" placeholder="${remaining}">`
  return html`<tr><td>${text(line, 'ItemNumber')}<br>${text(line, 'ProductName')}</td><td>${badge(text(line, 'SalesOrderLineStatus'))}</td>
<td class="number">${text(line, 'OrderedSalesQuantity')} ${text(line, 'SalesUnitSymbol')}</td><td class="number">${text(line, 'DeliveredQuantity')}</td>
<td class="number">${remaining}</td><td class="number">${text(line, 'InvoicedQuantity')}</td>
<td class="number">${money(text(line, 'SalesPrice'), '')}</td><td class="number">${money(text(line, 'LineAmount'), currency)}</td>
<td>${Number(remaining) > 0 ? field : ''}</td></tr>`
}

function documents(slips: readonly Row[], invoices: readonly Row[]): Html {
  const slipRows = slips.map(
    (slip) =>
      html`<tr><td>Packing slip</td><td>${text(slip, 'PackingSlipId')}</td><td>${day(slip.DeliveryDate)}</td><td class="number">${text(slip, 'Qty')}</td></tr>`,
  )
  const invoiceRows = invoices.map(
    (one) =>
      html`<tr><td>Invoice</td><td>${text(one, 'InvoiceNumber')}</td><td>${day(one.InvoiceDate)}</td><td class="number">${money(text(one, 'TotalInvoiceAmount'), text(one, 'CurrencyCode'))}</td></tr>`,
  )
  if (slips.length + invoices.length === 0) return html`<h2>Documents</h2><p>Nothing is posted yet.</p>`
  return html`<h2>Documents</h2><table><thead><tr><th>Document</th><th>Number</th><th>Date</th><th class="number">Quantity or amount</th></tr></thead>
<tbody>${slipRows}${invoiceRows}</tbody></table>`
}

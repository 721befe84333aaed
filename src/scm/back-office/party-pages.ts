import { type Html, html } from '#lib/html.ts'
import { isYes, type Row, text } from '../domain/rows.ts'
import type { FaultPlan } from '../faults.ts'
import type { CustomerSummary, ProductSummary } from './lists.queries.ts'
import { companySelect } from './order-pages.ts'
import { input, money, type Notice, page, select } from './page.ts'

type Search = { company: string; search: string }

const HOLDS = [
  { value: 'No', label: 'No: may order' },
  { value: 'Invoice', label: 'Invoice: may order, nothing is delivered or invoiced' },
  { value: 'All', label: 'All: blocked' },
]

export function customersPage(view: {
  ask: Search
  companies: readonly string[]
  customers: readonly CustomerSummary[]
}): string {
  const rows = view.customers.map(
    (
      one,
    ) => html`<tr><td>${one.company.toUpperCase()}</td><td><a href="${pathOf('customers', one.company, one.account)}">${one.account}</a></td>
<td>${one.name}</td><td>${one.city}</td><td>${one.hold === 'No' ? '' : html`<span class="badge stopped">${one.hold}</span>`}</td>
<td class="number">${money(one.limit, one.currency)}</td></tr>`,
  )
  const body = html`${searchForm('customers', 'Account or name', view)}
<table><thead><tr><th>Company</th><th>Account</th><th>Name</th><th>City</th><th>On hold</th><th class="number">Credit limit</th></tr></thead><tbody>${rows}</tbody></table>`
  return page({ title: 'Customers', section: 'customers', body })
}

export function customerPage(customer: Row, notice?: Notice): string {
  const body = html`<form class="bar" method="post" action="${pathOf('customers', text(customer, 'dataAreaId'), text(customer, 'CustomerAccount'))}/terms">
${select('hold', 'On hold', text(customer, 'OnHoldStatus'), HOLDS)}
${input('limit', `Credit limit (${text(customer, 'SalesCurrencyCode')})`, text(customer, 'CreditLimit'))}
${select('mandatory', 'Credit limit is', isYes(customer, 'CreditLimitIsMandatory') ? 'Yes' : 'No', [
  { value: 'Yes', label: 'mandatory' },
  { value: 'No', label: 'not checked' },
])}
<button>Save</button></form>
<dl><div><dt>Address</dt><dd>${text(customer, 'FullPrimaryAddress')}</dd></div>
<div><dt>Price group</dt><dd>${text(customer, 'DiscountPriceGroupId') || '–'}</dd></div>
<div><dt>Payment terms</dt><dd>${text(customer, 'PaymentTerms') || '–'}</dd></div></dl>`
  const title = `${text(customer, 'CustomerAccount')} · ${text(customer, 'OrganizationName')}`
  return page({ title, section: 'customers', notice, body })
}

export function productsPage(view: { ask: Search; companies: readonly string[]; products: readonly ProductSummary[] }): string {
  const rows = view.products.map(
    (
      one,
    ) => html`<tr><td>${one.company.toUpperCase()}</td><td><a href="${pathOf('products', one.company, one.item)}">${one.item}</a></td>
<td>${one.name}</td><td class="number">${money(one.price, one.currency)} / ${one.unit}</td><td class="number">${one.available}</td></tr>`,
  )
  const body = html`${searchForm('products', 'Item or name', view)}
<table><thead><tr><th>Company</th><th>Item</th><th>Name</th><th class="number">Price</th><th class="number">Available</th></tr></thead><tbody>${rows}</tbody></table>`
  return page({ title: 'Products', section: 'products', body })
}

export function productPage(view: { product: Row; stock: readonly Row[] }, notice?: Notice): string {
  const { product, stock } = view
  const path = pathOf('products', text(product, 'dataAreaId'), text(product, 'ItemNumber'))
  const counts = stock.map(
    (row) => html`<tr><td>${text(row, 'InventoryWarehouseId')}</td><td class="number">${text(row, 'ReservedOnHandQuantity')}</td>
<td class="number">${text(row, 'AvailableOnHandQuantity')}</td><td><form method="post" action="${path}/counts"><input type="hidden" name="warehouse" value="${text(row, 'InventoryWarehouseId')}">
<input name="quantity" aria-label="On hand in ${text(row, 'InventoryWarehouseId')}" value="${text(row, 'OnHandQuantity')}"> <button>Count</button></form></td></tr>`,
  )
  const body = html`<form class="bar" method="post" action="${path}/terms">
${input('price', `Price per ${text(product, 'SalesPriceQuantity')} ${text(product, 'SalesUnitSymbol')} (${text(product, 'CurrencyCode')})`, text(product, 'SalesPrice'))}
${select('stopped', 'For sale', isYes(product, 'IsSalesProcessingStopped') ? 'Yes' : 'No', [
  { value: 'No', label: 'yes' },
  { value: 'Yes', label: 'no: blocked for sales orders' },
])}
<button>Save</button></form>
<h2>On hand (${text(product, 'InventoryUnitSymbol')})</h2>
<table><thead><tr><th>Warehouse</th><th class="number">Reserved</th><th class="number">Available</th><th>On hand</th></tr></thead><tbody>${counts}</tbody></table>`
  return page({ title: `${text(product, 'ItemNumber')} · ${text(product, 'ProductName')}`, section: 'products', notice, body })
}

export function faultsPage(plan: FaultPlan, notice?: Notice): string {
  const body = html`<p>What goes wrong on purpose for everybody who speaks to this ERP over OData. It takes effect at once.</p>
<form method="post" action="/fault-plan">
<div class="bar">${input('latencyMin', 'Latency from (ms)', String(plan.latencyMs?.[0] ?? ''), 'number')} ${input('latencyMax', 'to (ms)', String(plan.latencyMs?.[1] ?? ''), 'number')}</div>
<div class="bar">${input('throttleRate', 'Throttled share (0–1)', String(plan.throttle?.rate ?? ''))} ${input('retryAfter', 'Retry after (s)', String(plan.throttle?.retryAfterSeconds ?? ''), 'number')}</div>
<div class="bar">${input('loseRate', 'Answers lost after the write (0–1)', String(plan.loseAnswer?.rate ?? ''))}</div>
<div class="bar">${select('outage', 'Outage', plan.outage === 'gateway' ? 'gateway' : plan.outage === true ? 'cut' : 'no', [
    { value: 'no', label: 'none' },
    { value: 'cut', label: 'connections are cut' },
    { value: 'gateway', label: 'a gateway answers 502' },
  ])}</div>
<div class="bar">${input('only', 'Only paths that match', plan.only ?? '')} ${input('seed', 'Seed', String(plan.seed ?? ''), 'number')}</div>
<p><button>Switch on</button></p></form>
<form method="post" action="/fault-plan"><p><button>Nothing goes wrong</button></p></form>`
  return page({ title: 'Faults', section: 'fault-plan', notice, body })
}

function searchForm(section: string, label: string, view: { ask: Search; companies: readonly string[] }): Html {
  return html`<form class="bar" method="get" action="/${section}">${companySelect(view.companies, view.ask.company)}
${input('q', label, view.ask.search, 'search')}<button>Show</button></form>`
}

function pathOf(section: string, company: string, id: string): string {
  return `/${section}/${encodeURIComponent(company)}/${encodeURIComponent(id)}`
}

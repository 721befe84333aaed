import { round } from '#lib/decimal.ts'
import { type Html, type HtmlValue, html } from '#lib/html.ts'

export type Notice = { kind: 'done' | 'refused'; sentences: readonly string[] }

export type PageParts = {
  title: string
  section: 'orders' | 'customers' | 'products' | 'fault-plan'
  notice?: Notice | undefined
  body: HtmlValue
}

/** A page of the back office. */
export function page(parts: PageParts): string {
  const link = (section: PageParts['section'], label: string) =>
    html`<a href="/${section}"${section === parts.section ? html` aria-current="page"` : ''}>${label}</a>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${parts.title} · Reference ERP</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/back-office.css">
</head>
<body>
<header><strong>Reference ERP</strong>
<nav aria-label="Sections">${link('orders', 'Sales orders')}${link('customers', 'Customers')}${link('products', 'Products')}${link('fault-plan', 'Faults')}</nav>
</header>
<main>
<h1>${parts.title}</h1>
${notice(parts.notice)}
${parts.body}
</main>
</body>
</html>`.text
}

export type Choice = { value: string; label: string }

export function select(name: string, label: string, chosen: string, choices: readonly Choice[]): Html {
  const options = choices.map(
    ({ value, label: text }) => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`,
  )
  return html`<label>${label} <select name="${name}">${options}</select></label>`
}

export function input(name: string, label: string, value: string, type = 'text'): Html {
  return html`<label>${label} <input type="${type}" name="${name}" value="${value}"></label>`
}

/** A form of one button. */
export function action(path: string, label: string, hidden: Readonly<Record<string, string>> = {}): Html {
  const fields = Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  return html`<form method="post" action="${path}" class="action">${fields}<button>${label}</button></form>`
}

export function badge(status: string): Html {
  return html`<span class="badge ${status.toLowerCase()}">${STATUS_WORDS[status] ?? status}</span>`
}

export function money(amount: string, currency: string): string {
  return `${round(amount, 2).replace(/\B(?=(\d{3})+(?!\d))/g, ' ')} ${currency}`
}

/** The day of a date, or a dash where there is none. */
export function day(value: unknown): string {
  const text = String(value)
  return text.startsWith('1900-01-01') ? '–' : text.slice(0, 10)
}

/** The same for a date field of a form. */
export function dayInput(value: unknown): string {
  const text = day(value)
  return text === '–' ? '' : text
}

export const STATUS_WORDS: Readonly<Record<string, string>> = {
  Active: 'Open',
  Backorder: 'Open',
  Confirmed: 'Confirmed',
  Picked: 'Picked',
  PartiallyDelivered: 'Partly delivered',
  Delivered: 'Delivered',
  PartiallyInvoiced: 'Partly invoiced',
  Invoiced: 'Invoiced',
  Canceled: 'Cancelled',
}

function notice(given: Notice | undefined): Html | undefined {
  if (given === undefined) return undefined
  const sentences = given.sentences.map((sentence) => html`<p>${sentence}</p>`)
  return html`<div class="notice ${given.kind}" role="${given.kind === 'refused' ? 'alert' : 'status'}">${sentences}</div>`
}

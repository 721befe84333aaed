import { attributes, emptyHtml, type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import { newRowId, type RowId } from '#tables/rows.queries.ts'
import { type Draft, type DraftLine, type DraftLines, today } from '../drafts.ts'
import type { Problems } from '../order-form.ts'
import type { OrderTerms } from '../order-terms.ts'
import type { FoundProducts, OfferedProduct } from '../price-book.ts'
import { findUnitPrice } from '../pricing.ts'
import { csrfField, errorPart, hidden, problemSummary } from './fields.ts'

export type ItemsView = {
  draft: Draft
  terms: OrderTerms
  order: DraftLines
  search: string
  found: FoundProducts | undefined
  /** What was typed into the form of one found product, or into the lines. */
  values: ReadonlyMap<string, string>
  problems: Problems
  productId: RowId | undefined
  removed: { lineId: RowId; name: string } | undefined
}

/** Step two: find products, add them, change and remove lines. Each button keeps everything that was typed. */
export function itemsStep(context: PageContext, view: ItemsView): Html {
  return html`
    ${view.productId === undefined ? problemSummary(context, view.problems) : ''}
    ${removedNotice(context, view)}
    <p class="to-order"><a href="#your-order">${context.text('wizard.yourOrder')} · ${context.text('wizard.toOrder', { count: view.order.lines.length, total: context.format.money(view.order.total, view.terms.currencyCode) })}</a></p>
    <div class="split split-order">${searchForm(context, view)}${orderCard(context, view)}</div>`
}

function removedNotice(context: PageContext, view: ItemsView): Html {
  const { removed } = view
  if (removed === undefined) return emptyHtml
  return html`<form class="notice cluster" method="post" action="/create-order/items" role="status">
    ${csrfField(context)}${hidden('draft', view.draft.draftId)}${hidden('restore', removed.lineId)}
    <span>${context.text('wizard.removed', { product: removed.name })}</span>
    <button class="button" type="submit">${context.text('wizard.undo')}</button>
  </form>`
}

function orderCard(context: PageContext, view: ItemsView): Html {
  return html`<section class="card stack running-order" id="your-order" aria-labelledby="your-order-title"><h2 class="card-title" id="your-order-title">${context.text('wizard.yourOrder')}</h2>
    ${linesForm(context, view)}</section>`
}

function linesForm(context: PageContext, view: ItemsView): Html {
  const text = (key: string) => context.text(`wizard.${key}`)
  const { order, draft, terms } = view
  if (order.lines.length === 0 && order.gone.length === 0) return html`<p class="empty" id="lines">${text('noLines')}</p>`
  const rows = order.lines.map((line, i) => lineRow(context, view, line, i + 1))
  const gone = order.gone.map(
    (line) =>
      html`<tr class="line"><td class="line-number"></td><td class="line-name" colspan="4"><p class="field-error">${text('gone')}</p></td><td class="line-remove">${removeButton(context, line.lineId, text('goneLine'))}</td></tr>`,
  )
  return html`<form class="stack" method="post" action="/create-order/items" id="lines" novalidate>
    ${csrfField(context)}${hidden('draft', draft.draftId)}
    <button class="visually-hidden" type="submit" tabindex="-1" aria-hidden="true">${text('update')}</button>
    <table class="table table-running">
      <caption class="visually-hidden">${text('lines')}</caption>
      <thead><tr><th scope="col">${text('no')}</th><th scope="col">${text('product')}</th><th scope="col">${text('quantity')}</th><th scope="col">${text('unit')}</th><th scope="col" class="number">${text('estimatedAmount')}</th><th scope="col"><span class="visually-hidden">${text('remove')}</span></th></tr></thead>
      <tbody>${rows}${gone}</tbody>
      <tfoot><tr><th scope="row" colspan="4">${text('estimatedTotal')}</th><td class="number"><strong id="lines-total">${context.format.money(order.total, terms.currencyCode)}</strong></td><td></td></tr></tfoot>
    </table>
    ${order.isPartial ? html`<p class="muted">${text('partial')}</p>` : ''}
    <div class="form-actions">
      <button class="button button-primary" type="submit" name="next" value="review">${text('nextReview')}</button>
      <button class="button" type="submit">${text('update')}</button>
    </div>
  </form>`
}

function lineRow(context: PageContext, view: ItemsView, line: DraftLine, number: number): Html {
  const { lineId, product } = line
  const [quantityName, unitName] = [`quantity.${lineId}`, `unit.${lineId}`]
  const quantity = view.values.get(quantityName) ?? quantityText(context, line.quantity)
  const unitId = view.values.get(unitName) ?? line.unit.uomId
  const problem = (name: string) => (view.productId === undefined ? view.problems.get(name) : undefined)
  const label = (key: string) => context.text(key, { product: product.name, number })
  return html`<tr class="line"${estimating(lineId, `amount-${lineId}`)}>
    <td class="line-number">${number}</td>
    <td class="line-name">${product.name}<br><span class="muted">${product.number}</span></td>
    <td class="line-quantity">${quantityInput(quantityName, quantity, label('wizard.quantityOf'), problem(quantityName))}</td>
    <td class="line-unit">${unitSelect(context, view, product, { name: unitName, unitId, label: label('wizard.unitOf') })}${errorPart(`field-${unitName}`, problem(unitName))}</td>
    <td class="line-amount number"><output id="amount-${lineId}">${amountText(context, view.terms, line.amount)}</output></td>
    <td class="line-remove">${removeButton(context, lineId, label('wizard.removeOf'))}</td>
  </tr>`
}

function removeButton(context: PageContext, lineId: RowId, label: string): Html {
  return html`<button class="button button-quiet" type="submit" name="remove" value="${lineId}" aria-label="${label}">${context.text('wizard.remove')}</button>`
}

function searchForm(context: PageContext, view: ItemsView): Html {
  const { draftId } = view.draft
  return html`<section class="card stack" aria-labelledby="add-item">
    <h2 class="card-title" id="add-item">${context.text('wizard.addItem')}</h2>
    <form class="toolbar" method="get" action="/create-order" role="search">
      ${hidden('draft', draftId)}${hidden('step', 'items')}
      <div class="field"><label class="field-label" for="field-q">${context.text('wizard.search')}</label>
      <input class="input" id="field-q" name="q" type="search" maxlength="100" autocomplete="off" value="${view.search}" hx-get="/create-order/products?draft=${draftId}" hx-trigger="input changed delay:200ms" hx-target="#products-found" hx-sync="this:replace"></div>
      <button class="button" type="submit">${context.text('wizard.find')}</button>
    </form>
    <div id="products-found" aria-live="polite">${view.found === undefined ? '' : foundProducts(context, view, view.found)}</div>
  </section>`
}

/** Each found product with the form that adds it. The line's id is given here, so that the same form sent twice adds one line. */
export function foundProducts(
  context: PageContext,
  view: Pick<ItemsView, 'draft' | 'terms' | 'search' | 'values' | 'problems' | 'productId'>,
  found: FoundProducts,
): Html {
  const { products, hasMore } = found
  if (products.length === 0) return html`<p class="empty">${context.text('wizard.nothingFound', { search: view.search })}</p>`
  const cards = products.map((product) => {
    const isPosted = product.productId === view.productId
    const value = (name: string) => (isPosted ? view.values.get(name) : undefined)
    const problem = (name: string) => (isPosted ? view.problems.get(name) : undefined)
    const [id, label] = [product.productId, { product: product.name, number: 0 }]
    const unitId = value(`unit.${product.productId}`) ?? product.units[0]?.uomId ?? ''
    return html`<li><form class="line" method="post" action="/create-order/lines" novalidate>
      ${csrfField(context)}${hidden('draft', view.draft.draftId)}${hidden('line', newRowId())}${hidden('product', id)}${hidden('q', view.search)}
      <p class="line-product"><strong>${product.name}</strong><br><span class="muted">${product.number}</span></p>
      <div class="line-choice"${estimating(undefined, `estimate-${id}`)}>
        ${quantityInput(`quantity.${id}`, value(`quantity.${id}`) ?? '1', context.text('wizard.quantityOf', label), problem(`quantity.${id}`))}
        ${unitSelect(context, view, product, { name: `unit.${id}`, unitId, label: context.text('wizard.unitOf', label) })}${errorPart(`field-unit.${id}`, problem(`unit.${id}`))}
      </div>
      <output class="number" id="estimate-${id}">${isPosted ? '' : firstAmount(context, view, product)}</output>
      <button class="button" type="submit" aria-label="${context.text('wizard.addOf', label)}">${context.text('wizard.add')}</button>
    </form></li>`
  })
  return html`<ul class="plain-list">${cards}</ul>${hasMore ? html`<p class="muted">${context.text('wizard.moreFound', { count: products.length })}</p>` : ''}`
}

/** What one of the first unit costs: the amount of the form as it is first shown. */
function firstAmount(context: PageContext, view: Pick<ItemsView, 'terms'>, product: OfferedProduct): Html {
  const uomId = product.units[0]?.uomId
  const { currencyId } = view.terms
  const price = uomId && findUnitPrice(product, { uomId, quantity: '1', currencyId, day: today(context) })
  return amountText(context, view.terms, price || undefined)
}

/** Without JavaScript the amount is told after the next button; with it, while typing: the form is posted to be reckoned, not stored. */
function estimating(lineId: RowId | undefined, target: string): Html {
  return attributes({
    'hx-post': `/create-order/estimates${lineId === undefined ? '' : `?line=${lineId}`}`,
    'hx-trigger': 'input delay:150ms',
    'hx-target': `#${target}`,
    'hx-sync': 'this:replace',
  })
}

function quantityInput(name: string, value: string, label: string, problem: string | undefined): Html {
  const id = `field-${name}`
  const tied = attributes({
    id,
    name,
    value,
    'aria-label': label,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': problem === undefined ? undefined : `${id}-error`,
  })
  return html`<input class="input input-quantity" type="text" inputmode="decimal" maxlength="30" autocomplete="off"${tied}>${errorPart(id, problem)}`
}

/** Each unit says its price: what an estimate is made of. */
function unitSelect(
  context: PageContext,
  view: Pick<ItemsView, 'terms'>,
  product: OfferedProduct,
  select: { name: string; unitId: string; label: string },
): Html {
  const { terms } = view
  const options = product.units.map(({ uomId, symbol }) => {
    const price = findUnitPrice(product, { uomId, quantity: '1', currencyId: terms.currencyId, day: today(context) })
    const label =
      price === undefined
        ? symbol
        : context.text('wizard.unitPrice', { unit: symbol, price: context.format.money(price, terms.currencyCode) })
    return html`<option${attributes({ value: uomId, selected: uomId === select.unitId })}>${label}</option>`
  })
  return html`<select class="select input-unit"${attributes({ id: `field-${select.name}`, name: select.name, 'aria-label': select.label })}>${options}</select>`
}

export function amountText(context: PageContext, terms: OrderTerms, amount: string | undefined): Html {
  if (amount !== undefined) return html`${context.format.money(amount, terms.currencyCode)}`
  return html`<span class="muted">${context.text('wizard.priceBySeller')}</span>`
}

/** As the reader writes it, without grouping: what is shown can be posted again. */
function quantityText(context: PageContext, quantity: string): string {
  return new Intl.NumberFormat(context.language, { useGrouping: false, maximumFractionDigits: 10 }).format(
    quantity as Intl.StringNumericLiteral,
  )
}

import { type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import { type Address, addressLines } from '../addresses.ts'
import type { Draft, DraftLines } from '../drafts.ts'
import type { OrderTerms } from '../order-terms.ts'
import { csrfField, fact, hidden } from './fields.ts'
import { amountText } from './items.ts'
import { stepUrl } from './shell.ts'

/** Step three: exactly what will be stored, and the one button. What was shown is posted with it, so that nothing else is ordered. */
export function reviewStep(
  context: PageContext,
  shown: { draft: Draft; terms: OrderTerms; address: Address; order: DraftLines },
): Html {
  const { draft, terms, address, order } = shown
  const text = (key: string) => context.text(`wizard.${key}`)
  const { requisition, requestedReceiptDate } = draft.information
  const rows = order.lines.map(
    (line, i) => html`<tr>
      <td data-label="${text('no')}">${i + 1}</td>
      <td data-label="${text('product')}"><span>${line.product.name}<br><span class="muted">${line.product.number}</span></span></td>
      <td data-label="${text('quantity')}" class="number">${context.format.quantity(line.quantity)} ${line.unit.symbol}</td>
      <td data-label="${text('estimatedPrice')}" class="number">${amountText(context, terms, line.unitPrice)}</td>
      <td data-label="${text('estimatedAmount')}" class="number">${amountText(context, terms, line.amount)}</td>
    </tr>`,
  )
  return html`<div class="split">
    <section class="stack" aria-labelledby="review-items">
      <div class="card-head"><h2 class="card-title" id="review-items">${text('step.items')}</h2><a href="${stepUrl(draft.draftId, 'items')}" aria-describedby="review-items">${text('change')}</a></div>
      <div class="table-wrap"><table class="table">
        <caption class="visually-hidden">${text('lines')}</caption>
        <thead><tr><th scope="col">${text('no')}</th><th scope="col">${text('product')}</th><th scope="col" class="number">${text('quantity')}</th><th scope="col" class="number">${text('estimatedPrice')}</th><th scope="col" class="number">${text('estimatedAmount')}</th></tr></thead>
        <tbody>${rows}</tbody>
      </table></div>
    </section>
    <section class="card stack" aria-labelledby="review-information">
      <div class="card-head"><h2 class="card-title" id="review-information">${text('step.information')}</h2><a href="${stepUrl(draft.draftId, 'information')}" aria-describedby="review-information">${text('change')}</a></div>
      <dl class="facts facts-narrow">
        ${fact(text('requestedReceiptDate'), context.format.date(requestedReceiptDate))}
        ${fact(text('requisition'), requisition === '' ? '–' : requisition)}
        ${fact(text('account'), `${terms.accountName} (${terms.accountNumber})`)}
        ${fact(text('company'), terms.companyName)}
        ${fact(text('deliveryAddress'), addressLines(address, context.language).join('\n'))}
      </dl>
      <dl class="sums"><div><dt>${text('estimatedTotal')}</dt><dd><strong class="review-total">${context.format.money(order.total, terms.currencyCode)}</strong></dd></div></dl>
      <p class="field-hint">${text(order.isPartial ? 'partial' : 'estimated')}</p>
      <form class="form-actions" method="post" action="/create-order/submissions">
        ${csrfField(context)}${hidden('draft', draft.draftId)}${hidden('version', String(draft.version))}${hidden('total', order.total)}
        <button class="button button-primary button-large" type="submit">${text(draft.state === 'refused' ? 'submitAgain' : 'submit')}</button>
      </form>
    </section>
  </div>`
}

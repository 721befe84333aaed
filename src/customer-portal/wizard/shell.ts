import { type Html, type HtmlValue, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { Draft } from '../drafts.ts'
import type { Problems } from '../order-form.ts'
import { csrfField, hidden } from './fields.ts'

/** The three steps of an order, and what a form handler hands to the page that shows one of them. */
export const STEPS = ['information', 'items', 'review'] as const
export type Step = (typeof STEPS)[number]

export function isStep(value: string | null): value is Step {
  return STEPS.some((step) => step === value)
}

/** Put into PageContext.state under the key `wizard`. */
export type WizardState = {
  step: Step
  draftId: RowId | null
  /** What was typed, by field; without it the step shows what the draft holds. */
  values?: ReadonlyMap<string, string>
  problems: Problems
  /** A sentence about the whole step. */
  notice?: string
  /** What was searched for, and which of the found products the problems are about. */
  search?: string
  productId?: RowId
}

export function stepUrl(draftId: RowId, step: Step, more: Readonly<Record<string, string>> = {}): string {
  return `/create-order?${new URLSearchParams({ draft: draftId, step, ...more })}`
}

export function wizardShell(
  context: PageContext,
  shown: { step: Step; draft: Draft | undefined; notice: Html; content: HtmlValue },
): Html {
  const current = STEPS.indexOf(shown.step)
  const items = STEPS.map((step, i) => {
    const label = context.text(`wizard.step.${step}`)
    const before = i < current ? shown.draft : undefined
    return html`<li${i === current ? html` aria-current="step"` : ''}>${before === undefined ? label : html`<a href="${stepUrl(before.draftId, step)}">${label}</a>`}</li>`
  })
  return html`<div class="stack" id="create-order">
    <nav aria-label="${context.text('wizard.steps')}"><ol class="steps">${items}</ol></nav>
    ${shown.notice}
    ${shown.content}
    ${shown.draft === undefined ? '' : discardForm(context, shown.draft)}
  </div>`
}

function discardForm(context: PageContext, { draftId, state }: Draft): Html {
  const isRefused = state === 'refused'
  return html`<form method="post" action="/create-order/discards" class="form-actions">
    ${csrfField(context)}${hidden('draft', draftId)}
    <p class="muted">${context.text(isRefused ? 'wizard.keptRefused' : 'wizard.kept')}</p>
    <button class="button button-quiet" type="submit">${context.text(isRefused ? 'wizard.withdraw' : 'wizard.discard')}</button>
  </form>`
}

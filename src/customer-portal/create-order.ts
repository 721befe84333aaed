import type { ContactVisitor } from '#access/visitor.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '#portals/component.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { findLine, listOpenDrafts, type OpenDraft } from './drafts.queries.ts'
import { type Draft, deliveryAddressOf, getDraft, isEditable, isRowId, readDraftLines, readTerms } from './drafts.ts'
import { earliestDate, listOf } from './order-form.ts'
import { choosesTerms, getOrderer, listCompanies, type OrderTerms, type TermsOutcome } from './order-terms.ts'
import { readProductsById, searchProducts } from './price-book.ts'
import { csrfField, hidden } from './wizard/fields.ts'
import { informationStep, valuesOf } from './wizard/information.ts'
import { itemsStep } from './wizard/items.ts'
import { reviewStep } from './wizard/review.ts'
import { isStep, type Step, stepUrl, type WizardState, wizardShell } from './wizard/shell.ts'

/**
 * The wizard in three steps, each a plain page: /create-order?draft=…&step=…. Without a draft in the address the latest open one is
 * taken up again. A contact who lacks what an order needs is told so instead.
 */
export const createOrder: Component = async (context) => {
  const orderer = getOrderer(context)
  const state = context.state.wizard as WizardState | undefined
  const drafts = state === undefined ? await listOpenDrafts(context.tx, orderer) : []
  const draft = await findShownDraft(context, orderer, state, drafts)
  if (draft !== undefined && !isEditable(draft)) return closedDraft(context, draft)

  const outcome = await readTerms(context, orderer, draft?.information)
  const refusal = choosesTerms(orderer) && outcome.kind === 'lacking' ? undefined : refusalOf(context, outcome)
  if (refusal !== undefined) return refusal
  const terms = outcome.kind === 'ready' ? outcome.terms : undefined
  const resumed = context.query.has('draft') || state !== undefined ? emptyHtml : resumedNotice(context, draft, drafts)

  const asked = state?.step ?? (isStep(context.query.get('step')) ? (context.query.get('step') as Step) : undefined)
  if (draft === undefined || terms === undefined || asked === 'information' || !isInformed(context, draft, terms))
    return showInformation(context, orderer, { draft, terms, state, resumed, asked })
  return asked === 'review' ? showReview(context, { draft, terms, state }) : showItems(context, { draft, terms, state, resumed })
}

/** Which values an order needs and the contact lacks, by name; or that the account is on hold. Undefined when nothing is in the way. */
function refusalOf(context: PageContext, outcome: TermsOutcome): Html | undefined {
  switch (outcome.kind) {
    case 'ready':
      return undefined
    case 'lacking': {
      const names = outcome.missing.map((term) => context.text(`wizard.term.${term}`))
      return html`<div class="notice notice-warn stack" role="alert">
        <p><strong>${context.text('wizard.lacking', { count: names.length })}</strong></p>
        <ul>${names.map((name) => html`<li>${name}</li>`)}</ul>
        <p>${context.text('wizard.lackingWhatNow', { names: listOf(context, names) })}</p>
      </div>`
    }
    case 'on-hold':
      return html`<p class="notice notice-warn" role="alert">${context.text('wizard.onHold', { account: outcome.accountName })}</p>`
    default:
      return outcome satisfies never
  }
}

async function findShownDraft(
  context: PageContext,
  orderer: ContactVisitor,
  state: WizardState | undefined,
  drafts: readonly OpenDraft[],
): Promise<Draft | undefined> {
  if (state !== undefined) return state.draftId === null ? undefined : getDraft(context, orderer, state.draftId)
  const asked = context.query.get('draft')
  if (asked !== null) return getDraft(context, orderer, asked)
  const latest = drafts[0]
  return latest === undefined || context.query.has('new') ? undefined : getDraft(context, orderer, latest.draftId)
}

/** Step one is done when an order could be sent to its address on its day. */
function isInformed(context: PageContext, draft: Draft, terms: OrderTerms): boolean {
  return (
    deliveryAddressOf(draft.information, terms) !== undefined && draft.information.requestedReceiptDate >= earliestDate(context)
  )
}

async function showInformation(
  context: PageContext,
  orderer: ContactVisitor,
  shown: {
    draft: Draft | undefined
    terms: OrderTerms | undefined
    state: WizardState | undefined
    resumed: Html
    asked: Step | undefined
  },
): Promise<Html> {
  const { draft, terms, state } = shown
  const companies = choosesTerms(orderer) ? await listCompanies(context) : undefined
  const isStale = draft !== undefined && state === undefined && shown.asked !== undefined && shown.asked !== 'information'
  const copied = context.query.get('copied')
  const notice = html`${refusedNotice(context, draft)}${noticeOf(state?.notice)}${shown.resumed}
    ${isStale ? noticeOf(context.text('wizard.informationFirst')) : ''}
    ${copied !== null && /^\d{1,3}$/.test(copied) ? html`<p class="notice" role="status">${context.text('wizard.copied', { count: Number(copied), gone: Number(context.query.get('gone')) || 0 })}</p>` : ''}`
  const values = state?.values ?? valuesOf(draft, terms)
  const content = informationStep(context, { draft, terms, companies, values, problems: state?.problems ?? new Map() })
  return wizardShell(context, { step: 'information', draft, notice, content })
}

type Known = { draft: Draft; terms: OrderTerms; state: WizardState | undefined }

async function showItems(context: PageContext, shown: Known & { resumed: Html; notice?: string }): Promise<Html> {
  const { draft, terms, state } = shown
  const order = await readDraftLines(context, terms, draft.draftId)
  const search = (state?.search ?? context.query.get('q') ?? '').slice(0, 100)
  const found = search.trim() === '' ? undefined : await searchProducts(context, terms, search)
  const content = itemsStep(context, {
    ...{ draft, terms, order, search, found },
    values: state?.values ?? new Map(),
    problems: state?.problems ?? new Map(),
    productId: state?.productId,
    removed: await findRemoved(context, draft, terms),
  })
  const account = html`<p>${context.text('wizard.yourTerms')} <strong>${terms.accountName} (${terms.accountNumber})</strong></p>`
  const notice = html`${refusedNotice(context, draft)}${account}${shown.resumed}${noticeOf(state?.notice ?? shown.notice)}`
  return wizardShell(context, { step: 'items', draft, notice, content })
}

async function showReview(context: PageContext, shown: Known): Promise<Html> {
  const { draft, terms, state } = shown
  const order = await readDraftLines(context, terms, draft.draftId)
  const address = deliveryAddressOf(draft.information, terms)
  if (address === undefined || order.lines.length === 0 || order.gone.length > 0) {
    const notice = context.text(order.gone.length > 0 ? 'wizard.problem.gone' : 'wizard.problem.lines')
    return showItems(context, { ...shown, resumed: emptyHtml, notice })
  }
  const content = reviewStep(context, { draft, terms, address, order })
  const notice = html`${refusedNotice(context, draft)}${noticeOf(state?.notice)}`
  return wizardShell(context, { step: 'review', draft, notice, content })
}

/** The line that was just removed, to be put back. */
async function findRemoved(
  context: PageContext,
  draft: Draft,
  terms: OrderTerms,
): Promise<{ lineId: RowId; name: string } | undefined> {
  const lineId = context.query.get('removed')
  if (lineId === null || !isRowId(lineId)) return undefined
  const line = await findLine(context.tx, draft.draftId, lineId)
  if (line?.removed !== true) return undefined
  const product = (await readProductsById(context, terms, [line.productId])).get(line.productId)
  return product === undefined ? undefined : { lineId, name: product.name }
}

function resumedNotice(context: PageContext, draft: Draft | undefined, drafts: readonly OpenDraft[]): Html {
  if (drafts.length === 0) return emptyHtml
  const others = drafts.filter((one) => one.draftId !== draft?.draftId)
  const links = others.map(
    (one) =>
      html`<li><a href="${stepUrl(one.draftId, 'items')}">${context.text('wizard.draft', { when: context.format.dateTime(one.changedAt), count: one.lines })}</a></li>`,
  )
  return html`<div class="notice stack">
    ${draft === undefined ? '' : html`<p>${context.text('wizard.resumed', { when: context.format.dateTime(draft.changedAt) })} <a href="/create-order?new=1">${context.text('wizard.startNew')}</a></p>`}
    ${others.length === 0 ? '' : html`<p>${context.text('wizard.otherDrafts')}</p><ul>${links}</ul>`}
  </div>`
}

function closedDraft(context: PageContext, draft: Draft): Html {
  const text =
    draft.orderId === null
      ? html`${context.text('wizard.discarded')} <a href="/create-order?new=1">${context.text('wizard.startNew')}</a>`
      : html`${context.text('wizard.alreadySubmitted')} <a href="/orders/${draft.orderId}">${context.text('wizard.seeOrder')}</a>`
  return html`<p class="notice" role="status">${text}</p>`
}

/** Why the order is open again, on each step until it goes. */
function refusedNotice(context: PageContext, draft: Draft | undefined): Html {
  if (draft?.state !== 'refused') return emptyHtml
  return html`<div class="notice notice-bad stack" role="status"><p>${context.text('order.refused')}</p><blockquote>${draft.refusal}</blockquote><p>${context.text('wizard.refused')} <a href="/orders/${draft.orderId}">${context.text('wizard.seeOrder')}</a></p></div>`
}

function noticeOf(text: string | undefined): Html {
  return text === undefined ? emptyHtml : html`<p class="notice notice-warn" role="alert">${text}</p>`
}

/** The form under an order that starts a new draft with the same lines. */
export function copyForm(context: PageContext, orderId: RowId): Html {
  return html`<form method="post" action="/orders/${orderId}/copies">${csrfField(context)}${hidden('order', orderId)}<button class="button" type="submit">${context.text('order.again')}</button></form>`
}

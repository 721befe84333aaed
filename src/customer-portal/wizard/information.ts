import { attributes, type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import { addressLines, countryName, listCountries } from '../addresses.ts'
import type { Draft } from '../drafts.ts'
import { earliestDate, type Problems } from '../order-form.ts'
import type { Company, OrderTerms } from '../order-terms.ts'
import { csrfField, errorPart, fact, field, hidden, problemSummary } from './fields.ts'

type Values = ReadonlyMap<string, string>

/** Step one: when, where to, and (for administrators) for whom. */
export function informationStep(
  context: PageContext,
  shown: {
    draft: Draft | undefined
    terms: OrderTerms | undefined
    companies: readonly Company[] | undefined
    values: Values
    problems: Problems
  },
): Html {
  const { values, problems, terms } = shown
  const text = (key: string) => context.text(`wizard.${key}`)
  return html`<form class="split" method="post" action="/create-order/information" novalidate>
    <div class="stack card">
    ${problemSummary(context, problems)}
    ${csrfField(context)}${shown.draft === undefined ? '' : hidden('draft', shown.draft.draftId)}
    <div class="fields">${shown.companies === undefined ? '' : chosenTerms(context, shown.companies, values, problems)}${field(
      context,
      {
        name: 'requestedReceiptDate',
        label: text('requestedReceiptDate'),
        hint: text('requestedReceiptDateHint'),
        problem: problems.get('requestedReceiptDate'),
      },
      (tied) =>
        html`<input class="input" type="date" required min="${earliestDate(context)}" value="${values.get('requestedReceiptDate') ?? ''}"${tied}>`,
    )}
    ${field(
      context,
      {
        name: 'requisition',
        label: text('requisition'),
        hint: text('requisitionHint'),
        optional: true,
        problem: problems.get('requisition'),
      },
      (tied) => html`<input class="input" type="text" maxlength="50" value="${values.get('requisition') ?? ''}"${tied}>`,
    )}</div>
    ${addressFields(context, terms, values, problems)}
    <div class="form-actions"><button class="button button-primary" type="submit">${text('nextItems')}</button></div>
    </div>
    ${shown.companies === undefined ? setTerms(context, terms, problems) : ''}
  </form>`
}

/** The values of the form as the draft has them. */
export function valuesOf(draft: Draft | undefined, terms: OrderTerms | undefined): Values {
  const values = new Map<string, string>()
  if (draft !== undefined) {
    const { information } = draft
    values.set('requestedReceiptDate', information.requestedReceiptDate)
    values.set('requisition', information.requisition)
    const { address } = information
    if (address.kind === 'account') values.set('address', address.key)
    else {
      const { kind, ...written } = address
      values.set('address', kind)
      for (const [name, value] of Object.entries(written)) values.set(name, value)
    }
    if (information.chosen !== null) {
      values.set('company', information.chosen.companyId)
      values.set('country', information.chosen.country)
    }
    if (terms !== undefined) values.set('account', terms.accountNumber)
  }
  if (!values.has('address')) values.set('address', terms?.addresses[0]?.key ?? (terms === undefined ? 'address1' : 'other'))
  return values
}

/** Shown, not asked: whatever a browser posts for these is refused unless it is the same. */
function setTerms(context: PageContext, terms: OrderTerms | undefined, problems: Problems): Html {
  if (terms === undefined) return html``
  const problem = (name: string) => errorPart(`field-${name}`, problems.get(name))
  return html`<section class="card stack" aria-labelledby="your-terms"><h2 class="card-title" id="your-terms">${context.text('wizard.yourTerms')}</h2><dl class="facts facts-narrow">
    ${fact(context.text('wizard.company'), html`<span id="field-company">${terms.companyName}</span>${problem('company')}`)}
    ${fact(context.text('wizard.account'), html`<span id="field-account">${terms.accountName} (${terms.accountNumber})</span>${problem('account')}`)}
    ${fact(context.text('wizard.country'), html`<span id="field-country">${countryName(terms.shipToCountry, context.language)}</span>${problem('country')}`)}
    ${fact(context.text('wizard.currency'), terms.currencyCode)}
  </dl></section>`
}

function chosenTerms(context: PageContext, companies: readonly Company[], values: Values, problems: Problems): Html {
  const option = (value: string, label: string, chosen: string | undefined) =>
    html`<option${attributes({ value, selected: value === chosen })}>${label}</option>`
  const text = (key: string) => context.text(`wizard.${key}`)
  return html`
    ${field(context, { name: 'company', label: text('company'), problem: problems.get('company') }, (tied) => {
      const options = companies.map((one) => option(one.companyId, `${one.name} (${one.code})`, values.get('company')))
      return html`<select class="select" required${tied}><option value="">${text('choose')}</option>${options}</select>`
    })}
    ${field(
      context,
      { name: 'account', label: text('account'), hint: text('accountHint'), problem: problems.get('account') },
      (
        tied,
      ) => html`<input class="input" type="text" required maxlength="20" autocomplete="off" list="accounts-found" value="${values.get('account') ?? ''}"
        hx-get="/create-order/accounts" hx-trigger="input changed delay:200ms" hx-target="#accounts-found" hx-include="#field-company" hx-sync="this:replace"${tied}><datalist id="accounts-found"></datalist>`,
    )}
    ${field(context, { name: 'country', label: text('country'), problem: problems.get('country') }, (tied) => {
      const options = listCountries(context).map((one) => option(one.code, one.name, values.get('country')))
      return html`<select class="select" required${tied}><option value="">${text('choose')}</option>${options}</select>`
    })}`
}

function addressFields(context: PageContext, terms: OrderTerms | undefined, values: Values, problems: Problems): Html {
  const text = (key: string) => context.text(`wizard.${key}`)
  const chosen = values.get('address')
  const choice = (value: string, label: Html | string) =>
    html`<label class="checkbox"><input type="radio" name="address"${attributes({ value, checked: value === chosen })}><span>${label}</span></label>`
  const known =
    terms === undefined
      ? [choice('address1', text('accountAddress'))]
      : terms.addresses.map((one) => choice(one.key, addressLines(one, context.language).join(', ')))
  const input = (name: string, lengthMax: number, autocomplete: string, optional = false) =>
    field(context, { name, label: text(name), optional, problem: problems.get(name) }, (tied) => {
      const value = values.get(name) ?? ''
      return html`<input class="input" type="text"${attributes({ value, maxlength: lengthMax, autocomplete })}${tied}>`
    })
  return html`<fieldset class="field stack address-choice">
    <legend class="field-label" id="field-address">${text('deliveryAddress')}</legend>
    ${errorPart('field-address', problems.get('address'))}
    ${known}
    ${choice('other', text('otherAddress'))}
    <div class="fields address-other">
      ${input('name', 60, 'shipping organization')}
      ${input('street', 250, 'shipping street-address')}
      ${input('postalCode', 10, 'shipping postal-code')}
      ${input('city', 60, 'shipping address-level2')}
      ${input('state', 10, 'shipping address-level1', true)}
    </div>
  </fieldset>`
}

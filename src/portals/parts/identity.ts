import { readInvitation } from '#access/invitations.ts'
import { readPasswordReset } from '#access/password-reset.ts'
import { attributes, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '../component.ts'

/** Forms by which people come in and keep their password: placed on pages of the site like any other component. */
export const identityParts: Readonly<Record<string, Component>> = {
  'sign-in': async (context) => {
    const email = textIn(context, 'email')
    return html`<form class="stack form" method="post" action="/signin" id="sign-in">
      ${problemIn(context)}${hidden(context)}
      <input type="hidden" name="return" value="${textIn(context, 'return') || (context.query.get('return') ?? '')}">
      ${field(context, { name: 'email', type: 'email', label: 'signIn.email', value: email, autocomplete: 'username', maxlength: 200 })}
      ${field(context, { name: 'password', type: 'password', label: 'signIn.password', autocomplete: 'current-password', maxlength: 200 })}
      <div class="form-actions"><button class="button button-primary" type="submit">${context.text('signIn.submit')}</button></div>
    </form>`
  },

  'redeem-invitation': async (context) => {
    const now = new Date(context.clock.nowMs())
    const invitation = await context.database.statement((tx) =>
      readInvitation(tx, context.catalog, context.params.code ?? '', now),
    )
    if (invitation.kind === 'refused')
      return html`<p class="notice notice-bad" role="alert">${context.text(`invitation.${invitation.reason}`)}</p>`
    return html`<form class="stack form" method="post" action="${context.path}" id="redeem-invitation">
      <p class="lead">${context.text('invitation.lead', { name: invitation.fullName })}</p>
      ${problemIn(context)}${hidden(context)}
      ${field(context, { name: 'email', type: 'email', label: 'signIn.email', value: invitation.email, autocomplete: 'username', maxlength: 200, readonly: true })}
      ${newPassword(context)}
      <div class="form-actions"><button class="button button-primary" type="submit">${context.text('invitation.submit')}</button></div>
    </form>`
  },

  'request-password': async (context) => {
    if (context.query.get('sent') !== null)
      return html`<p class="notice notice-good" role="status">${context.text('password.linkSent')}</p>`
    return html`<form class="stack form" method="post" action="/password" id="request-password">${hidden(context)}
      ${field(context, { name: 'email', type: 'email', label: 'signIn.email', autocomplete: 'username', maxlength: 200 })}
      <div class="form-actions"><button class="button button-primary" type="submit">${context.text('password.sendLink')}</button></div>
    </form>`
  },

  'reset-password': async (context) => {
    const now = new Date(context.clock.nowMs())
    const reset = await context.database.statement((tx) => readPasswordReset(tx, context.params.token ?? '', now))
    if (reset === undefined) return html`<p class="notice notice-bad" role="alert">${context.text('password.linkSpent')}</p>`
    return html`<form class="stack form" method="post" action="${context.path}" id="reset-password">
      ${problemIn(context)}${hidden(context)}
      ${field(context, { name: 'email', type: 'email', label: 'signIn.email', value: reset.email, autocomplete: 'username', maxlength: 200, readonly: true })}
      ${newPassword(context)}
      <div class="form-actions"><button class="button button-primary" type="submit">${context.text('password.submit')}</button></div>
    </form>`
  },

  'change-password': async (context) => {
    const changed = context.query.get('saved') === 'password'
    return html`<form class="stack form" method="post" action="/profile/password" id="change-password">
      ${changed ? html`<p class="notice notice-good" role="status">${context.text('password.changed')}</p>` : ''}
      ${context.state.form === 'password' ? problemIn(context) : ''}${hidden(context)}
      ${field(context, { name: 'current', type: 'password', label: 'password.current', autocomplete: 'current-password', maxlength: 200 })}
      ${newPassword(context)}
      <div class="form-actions"><button class="button" type="submit">${context.text('password.submit')}</button></div>
    </form>`
  },
}

function newPassword(context: PageContext): Html {
  return html`${field(context, { name: 'password', type: 'password', label: 'password.new', hint: 'password.rule', autocomplete: 'new-password', maxlength: 200 })}
    ${field(context, { name: 'repeat', type: 'password', label: 'password.repeat', autocomplete: 'new-password', maxlength: 200 })}`
}

type Field = {
  name: string
  type: string
  label: string
  value?: string
  autocomplete: string
  maxlength: number
  /** Key of its text. */
  hint?: string
  readonly?: boolean
}

function field(context: PageContext, one: Field): Html {
  const problem = errorsIn(context)[one.name]
  const error = problem === undefined ? undefined : `${one.name}-error`
  const hint = one.hint === undefined ? undefined : `${one.name}-hint`
  const about = [hint, error].filter((id) => id !== undefined).join(' ')
  return html`<div class="field"><label class="field-label" for="${one.name}">${context.text(one.label)}</label>
    ${hint === undefined ? '' : html`<p class="field-hint" id="${hint}">${context.text(one.hint ?? '')}</p>`}
    <input class="input" required${attributes({
      id: one.name,
      name: one.name,
      type: one.type,
      value: one.value || undefined,
      autocomplete: one.autocomplete,
      maxlength: one.maxlength,
      readonly: one.readonly,
      'aria-describedby': about || undefined,
      'aria-invalid': problem === undefined ? undefined : 'true',
    })}>
    ${problem === undefined ? '' : html`<p class="field-error" id="${error}">${problem}</p>`}</div>`
}

function hidden(context: PageContext): Html {
  return html`<input type="hidden" name="_csrf" value="${context.csrfToken}">`
}

function problemIn(context: PageContext): Html {
  const problem = textIn(context, 'problem')
  return html`${problem === '' ? '' : html`<p class="notice notice-bad" role="alert">${problem}</p>`}`
}

function errorsIn(context: PageContext): Readonly<Record<string, string>> {
  return (context.state.errors ?? {}) as Record<string, string>
}

function textIn(context: PageContext, name: string): string {
  const value = context.state[name]
  return typeof value === 'string' ? value : ''
}

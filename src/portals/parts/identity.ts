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
    const { invitation } = context.state
    if (invitation === 'gone') return html`<p class="notice notice-bad" role="alert">${context.text('invitation.gone')}</p>`
    return html`<form class="stack form" method="post" action="${context.path}" id="redeem-invitation">
      ${problemIn(context)}${hidden(context)}
      <p class="field-hint" id="password-rule">${context.text('password.rule')}</p>
      ${field(context, { name: 'email', type: 'email', label: 'signIn.email', value: textIn(context, 'email'), autocomplete: 'username', maxlength: 200 })}
      ${field(context, { name: 'password', type: 'password', label: 'password.new', autocomplete: 'new-password', maxlength: 200, describedby: 'password-rule' })}
      ${field(context, { name: 'repeat', type: 'password', label: 'password.repeat', autocomplete: 'new-password', maxlength: 200 })}
      <div class="form-actions"><button class="button button-primary" type="submit">${context.text('invitation.submit')}</button></div>
    </form>`
  },

  'change-password': async (context) => {
    const changed = context.query.get('saved') === 'password'
    return html`<form class="stack form" method="post" action="/profile/password" id="change-password">
      ${changed ? html`<p class="notice notice-good" role="status">${context.text('password.changed')}</p>` : ''}
      ${context.state.form === 'password' ? problemIn(context) : ''}${hidden(context)}
      <input class="visually-hidden" type="text" name="username" autocomplete="username" value="${context.visitor.kind === 'contact' ? context.visitor.email : ''}" readonly tabindex="-1" aria-hidden="true">
      <p class="field-hint" id="password-rule">${context.text('password.rule')}</p>
      ${field(context, { name: 'current', type: 'password', label: 'password.current', autocomplete: 'current-password', maxlength: 200 })}
      ${field(context, { name: 'password', type: 'password', label: 'password.new', autocomplete: 'new-password', maxlength: 200, describedby: 'password-rule' })}
      ${field(context, { name: 'repeat', type: 'password', label: 'password.repeat', autocomplete: 'new-password', maxlength: 200 })}
      <div class="form-actions"><button class="button" type="submit">${context.text('password.submit')}</button></div>
    </form>`
  },
}

type Field = {
  name: string
  type: string
  label: string
  value?: string
  autocomplete: string
  maxlength: number
  describedby?: string
}

function field(context: PageContext, one: Field): Html {
  const problem = errorsIn(context)[one.name]
  const error = problem === undefined ? undefined : `${one.name}-error`
  const about = [one.describedby, error].filter((id) => id !== undefined).join(' ')
  return html`<div class="field"><label class="field-label" for="${one.name}">${context.text(one.label)}</label>
    <input class="input" required${attributes({
      id: one.name,
      name: one.name,
      type: one.type,
      value: one.value || undefined,
      autocomplete: one.autocomplete,
      maxlength: one.maxlength,
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

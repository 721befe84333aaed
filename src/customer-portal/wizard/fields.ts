import { attributes, emptyHtml, type Html, type HtmlValue, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'
import type { Problems } from '../order-form.ts'

/** Fields of a form with their label, hint and problem tied together, for eyes and for screen readers alike. */
export type Field = {
  name: string
  label: string
  hint?: string
  optional?: boolean
  problem: string | undefined
}

/** `control` takes the attributes that tie it to its label. */
export function field(context: PageContext, one: Field, control: (tied: Html) => Html): Html {
  const id = `field-${one.name}`
  const hint = one.hint === undefined ? undefined : `${id}-hint`
  const error = one.problem === undefined ? undefined : `${id}-error`
  const tied = attributes({
    id,
    name: one.name,
    'aria-invalid': one.problem === undefined ? undefined : 'true',
    'aria-describedby': [hint, error].filter(Boolean).join(' ') || undefined,
  })
  return html`<div class="field">
    <label class="field-label" for="${id}">${one.label}${one.optional === true ? html` <span class="field-optional">${context.text('form.optional')}</span>` : ''}</label>
    ${hint === undefined ? '' : html`<p class="field-hint" id="${hint}">${one.hint}</p>`}
    ${control(tied)}
    ${errorPart(id, one.problem)}
  </div>`
}

export function errorPart(id: string, problem: string | undefined): Html {
  return problem === undefined ? emptyHtml : html`<p class="field-error" id="${id}-error">${problem}</p>`
}

/** Says at the top how many things are wrong, and leads to each of them. */
export function problemSummary(context: PageContext, problems: Problems): Html {
  if (problems.size === 0) return emptyHtml
  const links = [...problems].map(([name, problem]) => {
    const label = context.text(`wizard.${LABELS[name] ?? name.split('.')[0]}`)
    return html`<li><a href="#field-${name}">${context.text('wizard.problemOf', { label, problem })}</a></li>`
  })
  return html`<div class="notice notice-bad" role="alert" tabindex="-1"><p>${context.text('wizard.problems', { count: problems.size })}</p><ul>${links}</ul></div>`
}

/** Fields that are not labelled by a text of their own name. */
const LABELS: Readonly<Record<string, string>> = { address: 'deliveryAddress' }

export function csrfField(context: PageContext): Html {
  return html`<input type="hidden" name="_csrf" value="${context.csrfToken}">`
}

export function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

export function fact(label: string, value: HtmlValue): Html {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`
}

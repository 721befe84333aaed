/**
 * HTML that escapes by itself: html`<b>${name}</b>` escapes `name`; only Html made by this file (or by `trustedHtml`) passes unescaped.
 * Arrays are joined; null, undefined and false print nothing; numbers print as they are.
 */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[]

export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? ''
  for (let i = 0; i < values.length; i++) text += render(values[i]) + (strings[i + 1] ?? '')
  return new Html(text)
}

/** Marks text as HTML. Only for text that this program made or that a sanitiser has passed. */
export function trustedHtml(text: string): Html {
  return new Html(text)
}

export const emptyHtml = new Html('')

/** `name="value"` pairs with a leading space; false, null and undefined leave the attribute out, true gives a bare name. */
export function attributes(pairs: Readonly<Record<string, string | number | boolean | null | undefined>>): Html {
  let text = ''
  for (const [name, value] of Object.entries(pairs)) {
    if (value === false || value === null || value === undefined) continue
    text += value === true ? ` ${name}` : ` ${name}="${escapeHtml(String(value))}"`
  }
  return new Html(text)
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.text
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return value.map(render).join('')
}

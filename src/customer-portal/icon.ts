import { type Html, html } from '#lib/html.ts'
import type { PageContext } from '#portals/component.ts'

/** A small picture beside a word that says the same: one of the symbols of the site's files/icons.svg, in the colour of the text. */
export function icon(context: PageContext, name: string): Html {
  return html`<svg class="icon" aria-hidden="true" focusable="false"><use href="${context.asset('files/icons.svg')}#${name}"></use></svg>`
}

import { type Context, Hash, type Liquid } from 'liquidjs'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import { escapeHtml, type Html } from '#lib/html.ts'
import { type PageFetches, registerFetchTag } from './fetch-tag.ts'

/** What a tag leaves behind: a place that is filled after Liquid has ended, so that Liquid itself never waits for the database. */
export type Slot =
  | { kind: 'component' | 'list' | 'form'; name: string; args: Readonly<Record<string, string>> }
  | { kind: 'content' }

export type RenderState = {
  text(key: string, values: Readonly<Record<string, string | number>>): string
  menu(name: string): Html
  /** The URL of a theme or file by its path, '' when there is none. */
  asset(path: string): string
  slots: Slot[]
  fetches: PageFetches
  /** Not to be guessed by whoever writes data, so that data can never look like a slot. */
  mark: string
}

/** A symbol, so that no template can name it. */
export const STATE = Symbol('render state')

/**
 * The tags of a site: {% snippet 'key' name: value %}, {% menu 'name' %}, {% asset 'files/logo.svg' %}, {% content %},
 * {% component 'name' argument: value %}, {% list 'name' %}, {% form 'name' %}, {% fetchxml name %}…{% endfetchxml %}; and the filter
 * {{ 'key' | t: name: value }}. `onFetch` is told of every query that is parsed.
 */
export function registerTags(engine: Liquid, onFetch: (fetch: FetchExpression) => void): void {
  registerFetchTag(engine, (context) => stateOf(context).fetches, onFetch)
  const withSlot = (kind: 'component' | 'list' | 'form') =>
    register(engine, kind, (state, name, values) => {
      const args: Record<string, string> = {}
      for (const [key, value] of Object.entries(values)) if (value !== null && value !== undefined) args[key] = String(value)
      return place(state, { kind, name, args })
    })
  withSlot('component')
  withSlot('list')
  withSlot('form')
  register(engine, 'content', (state) => place(state, { kind: 'content' }), { nameless: true })
  register(engine, 'menu', (state, name) => state.menu(name).text)
  register(engine, 'asset', (state, name) => escapeHtml(state.asset(name)))
  register(engine, 'snippet', (state, name, values) => escapeHtml(state.text(name, plainValues(values))))
  engine.registerFilter('t', function (key: unknown, ...pairs: unknown[]) {
    const values = Object.fromEntries(pairs.filter((pair): pair is [string, unknown] => Array.isArray(pair)))
    return stateOf(this.context).text(String(key), plainValues(values))
  })
}

/** Fills the slots of a rendered text, in order. */
export function splitAtSlots(text: string, state: RenderState): { text: string; slot: Slot | undefined }[] {
  const [before = '', ...rest] = text.split(`<!--${state.mark}:`)
  const parts: { text: string; slot: Slot | undefined }[] = [{ text: before, slot: undefined }]
  for (const piece of rest) {
    const end = piece.indexOf(SLOT_END)
    const last = parts.at(-1)
    if (last !== undefined) last.slot = state.slots[Number(piece.slice(0, end))]
    parts.push({ text: piece.slice(end + SLOT_END.length), slot: undefined })
  }
  return parts
}

const SLOT_END = '-->'

function place(state: RenderState, slot: Slot): string {
  state.slots.push(slot)
  return `<!--${state.mark}:${state.slots.length - 1}${SLOT_END}`
}

function plainValues(values: Readonly<Record<string, unknown>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : value === null || value === undefined ? '' : String(value),
    ]),
  )
}

function stateOf(context: Context): RenderState {
  return (context.globals as { [STATE]: RenderState })[STATE]
}

type Render = (state: RenderState, name: string, values: Readonly<Record<string, unknown>>) => string

const NAME = /^\s*(?:'([^']*)'|"([^"]*)")\s*,?/

/** Names are literals, so that a site can be checked when it is published: what it uses is what it names. */
function register(engine: Liquid, tag: string, render: Render, options: { nameless: boolean } = { nameless: false }): void {
  engine.registerTag(tag, {
    parse(token) {
      const found = NAME.exec(token.args)
      if (found === null && !options.nameless) throw new Error(`{% ${tag} %} needs a name in quotes`)
      this.target = found?.[1] ?? found?.[2] ?? ''
      this.hash = new Hash(token.args.slice(found?.[0].length ?? 0))
    },
    *render(context, emitter) {
      const values = (yield (this.hash as Hash).render(context)) as Record<string, unknown>
      emitter.write(render(stateOf(context), String(this.target), values))
    },
  })
}

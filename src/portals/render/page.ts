import { randomBytes } from 'node:crypto'
import type { ContactVisitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { FetchExpression } from '#lib/fetchxml/ast.ts'
import { emptyHtml, type Html, html } from '#lib/html.ts'
import type { Component, PageContext } from '../component.ts'
import { formPart } from '../parts/form.ts'
import { listPart } from '../parts/list.ts'
import { mayOpen, type Page } from '../site/pages.ts'
import type { MenuDefinition } from '../site/schemas.ts'
import { type RenderState, type Slot, splitAtSlots } from '../site/tags.ts'
import { bodyName, type Site } from '../site.ts'
import { contextOf, type Ground, type Visit } from './context.ts'
import { answerFetches } from './fetches.ts'

export type Components = Readonly<Record<string, Component>>

/**
 * A page of the site as HTML: its Liquid, inside its template, inside the layout; then what its tags have asked for, one after the
 * other in one read-only transaction behind the wall. A page that asks for nothing touches no database.
 */
export async function renderPage(ground: Ground, components: Components, visit: Visit, page: Page): Promise<string> {
  const nowMs = ground.clock.nowMs()
  const answers = new Map<string, object>()
  const first = renderLiquid(visit, page, nowMs, answers)
  if (first.asked.size === 0 && first.parts.every((part) => part.slot === undefined))
    return first.parts.map((part) => part.text).join('')
  return behindWall(ground.database, visit.visitor).read(async (tx) => {
    const context = contextOf(ground, visit, tx)
    let { parts, asked } = first
    // A query may depend on what another has answered: each round answers what the one before has asked, up to the limit of a page.
    while (asked.size > 0) {
      await answerFetches(context, asked, answers)
      ;({ parts, asked } = renderLiquid(visit, page, nowMs, answers))
    }
    let text = ''
    for (const part of parts) {
      text += part.text
      if (part.slot !== undefined) text += (await fill(visit.site, components, context, part.slot)).text
    }
    return text
  })
}

type Part = { text: string; slot: Slot | undefined }

/** The page's Liquid with the answers there are, and what its queries ask beyond. */
function renderLiquid(visit: Visit, page: Page, nowMs: number, answers: ReadonlyMap<string, object>) {
  const { site } = visit
  const asked = new Map<string, FetchExpression>()
  const state: RenderState = {
    text: (key, values) => site.texts.text(visit.language, key, values),
    menu: (name) => renderMenu(visit, required(site.menus.get(name), `the menu ${name} of a checked site`)),
    asset: (path) => (visit.engine.get(path) ?? site.assets.get(path))?.url ?? '',
    slots: [],
    fetches: { answers, asked },
    mark: randomBytes(12).toString('hex'),
  }
  const globals = scopeOf(visit, page, nowMs)
  const layers = ['templates/layout.liquid', `templates/${page.template}.liquid`, bodyName(page, visit.language)]
  const texts = layers.map((name) => site.templates.render(name, globals, state))
  return { parts: compose(texts, state), asked }
}

/** Puts each layer into the {% content %} of the one around it. */
function compose(layers: readonly string[], state: RenderState): Part[] {
  const [outer, ...inner] = layers
  if (outer === undefined) return []
  return splitAtSlots(outer, state).flatMap((part) =>
    part.slot?.kind === 'content' ? [{ text: part.text, slot: undefined }, ...compose(inner, state)] : [part],
  )
}

async function fill(site: Site, components: Components, context: PageContext, slot: Slot): Promise<Html> {
  switch (slot.kind) {
    case 'component': {
      const component = Object.hasOwn(components, slot.name) ? components[slot.name] : undefined
      if (component === undefined) throw new AppError('site.component_missing', `There is no component ${slot.name}`)
      return component(context, slot.args)
    }
    case 'list':
      return listPart(context, slot.name, required(site.lists.get(slot.name), `the list ${slot.name} of a checked site`))
    case 'form':
      return formPart(
        context,
        slot.name,
        required(site.forms.get(slot.name), `the form ${slot.name} of a checked site`),
        site.settings.languages,
      )
    case 'content':
      return emptyHtml
    default:
      return slot satisfies never
  }
}

/** What Liquid sees: plain data, nothing that could act. */
function scopeOf(visit: Visit, page: Page, nowMs: number): Record<string, unknown> {
  const { site, visitor } = visit
  const text = (key: string | undefined) => (key === undefined ? '' : site.texts.text(visit.language, key))
  return {
    site: {
      name: site.settings.name,
      markers: site.settings.markers,
      theme: site.settings.theme.map((path) => site.assets.get(path)?.url ?? ''),
    },
    page: { name: page.name, title: text(page.title), description: text(page.description), look: page.look ?? '' },
    visitor:
      visitor.kind === 'contact'
        ? { signedIn: true, fullName: visitor.fullName, email: visitor.email, roles: [...visitor.roles], ...accountsOf(visitor) }
        : { signedIn: false, fullName: '', email: '', roles: [...visitor.roles], accountName: '', accountPath: '', accounts: [] },
    language: visit.language,
    languages: site.settings.languages.map((one) => ({ code: one.code, name: one.name, current: one.code === visit.language })),
    request: { path: visit.path, query: visit.query.toString(), params: visit.params, csrf: visit.csrfToken, timeMs: nowMs },
    failure: { status: visit.state.status ?? 200, code: visit.state.code ?? '', message: visit.state.message ?? '' },
  }
}

/** The account in use, and those that the reader may change to, each with its address. */
function accountsOf(visitor: ContactVisitor): Record<string, unknown> {
  return {
    accountName: visitor.accounts.find((one) => one.accountId === visitor.accountId)?.name ?? '',
    accountPath: visitor.accountPath,
    accounts: visitor.accounts.map((one) => ({
      name: one.name,
      number: decodeURIComponent(one.segment),
      href: `/a/${one.segment}/`,
      current: one.accountId === visitor.accountId,
    })),
  }
}

/** A menu shows what its reader may open. */
function renderMenu(visit: Visit, menu: MenuDefinition): Html {
  const { site, visitor, language } = visit
  const links = menu.links.flatMap((link) => {
    if (link.roles !== undefined && !link.roles.some((role) => visitor.roles.includes(role))) return []
    const label = site.texts.text(language, link.text)
    if ('url' in link) return [html`<li><a href="${link.url}">${label}</a></li>`]
    const page = required(
      site.pages.find((one) => one.name === link.page),
      'a linked page of a checked site',
    )
    if (!mayOpen(page, visitor)) return []
    const href = `/${page.name}`
    const current = visit.path === href ? 'page' : page.name !== '' && visit.path.startsWith(`${href}/`) ? 'true' : undefined
    return [html`<li><a href="${href}"${current === undefined ? '' : html` aria-current="${current}"`}>${label}</a></li>`]
  })
  if (links.length === 0) return emptyHtml
  return html`<nav class="menu" aria-label="${site.texts.text(language, menu.label)}"><ul>${links}</ul></nav>`
}

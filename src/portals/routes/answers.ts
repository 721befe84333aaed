import { checkCsrf } from '#access/request.ts'
import { behindWall } from '#access/wall.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Answer, FormHandler, FormValues, PortalRoutes, ReadHandler } from '../component.ts'
import { saveForm } from '../parts/form.ts'
import { contextOf, type Visit } from '../render/context.ts'
import { matchPage, mayOpen } from '../site/pages.ts'
import { type Portal, pageNamed } from './inside.ts'

/** Forms and fragments of the modules above, and the site's own forms at the address of their page. */
export function addAnswers(server: HttpServer, portal: Portal): PortalRoutes {
  const routes: PortalRoutes = {
    post(path, handler) {
      server.post(path, async (request, reply) => {
        checkCsrf(request)
        return answerForm(portal, request, reply, handler)
      })
    },
    get(path, handler) {
      server.get(path, (request, reply) => answerRead(portal, request, reply, handler))
    },
    pages: server,
  }
  server.post('/*', async (request, reply) => {
    checkCsrf(request)
    return answerForm(portal, request, reply, saveSiteForm)
  })
  return routes

  /** A form that the site defines, on a page that the visitor may open. */
  async function saveSiteForm(context: Parameters<FormHandler>[0], posted: FormValues): Promise<Answer> {
    const { site } = portal.releases.current()
    const name = posted.text('_form')
    const form = site.forms.get(name)
    const found = matchPage(site.pages, context.path)
    if (form === undefined || found === undefined) throw new AppError('request.not_found', 'There is no such form')
    if (!mayOpen(found.page, context.visitor)) throw new AppError('request.forbidden', 'This page is not open to this visitor')
    return saveForm({ ...context, params: found.params }, name, form, posted, {
      page: found.page.name,
      languages: site.settings.languages,
    })
  }
}

/** Carries an answer out of a transaction that must not be kept. */
class RolledBack extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super('rolled back')
    this.answer = answer
  }
}

async function answerForm(portal: Portal, request: Request, reply: Reply, handler: FormHandler): Promise<Reply> {
  const visit = portal.visitOf(request, reply, request.params as Record<string, string>)
  const form = formOf(request.body)
  const answer = await behindWall(portal.ground.database, visit.visitor)
    .transaction(async (tx) => {
      const made = await handler(contextOf(portal.ground, visit, tx), form)
      if (made.kind === 'page' && made.status >= 400) throw new RolledBack(made)
      return made
    })
    .catch((error: unknown) => {
      if (error instanceof RolledBack) return error.answer
      throw error
    })
  return sendAnswer(portal, reply, visit, answer)
}

async function answerRead(portal: Portal, request: Request, reply: Reply, handler: ReadHandler): Promise<Reply> {
  const visit = portal.visitOf(request, reply, request.params as Record<string, string>)
  const answer = await behindWall(portal.ground.database, visit.visitor).read((tx) =>
    handler(contextOf(portal.ground, visit, tx)),
  )
  return sendAnswer(portal, reply, visit, answer)
}

function sendAnswer(portal: Portal, reply: Reply, visit: Visit, answer: Answer): Promise<Reply> | Reply {
  reply.header('cache-control', 'private, no-store')
  switch (answer.kind) {
    case 'redirect':
      return reply.redirect(required(sameSitePath(answer.to), 'a redirect stays on this site'), 303)
    case 'page': {
      const found = matchPage(visit.site.pages, visit.path)
      const params = answer.params ?? (found?.page.name === answer.page ? found.params : visit.params)
      return portal.send(reply, { ...visit, params, state: answer.state }, pageNamed(visit, answer.page), answer.status)
    }
    case 'fragment':
      return reply.header('content-type', 'text/html; charset=utf-8').send(answer.html.text)
    case 'file': {
      const name = answer.name.replace(/[^\w.-]+/g, '-')
      return reply
        .header('content-type', answer.mediaType)
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(answer.content)
    }
    default:
      return answer satisfies never
  }
}

const SAME_SITE = /^\/(?![/\\])[^\\\s]*$/

/** A path of this site, or undefined: '//elsewhere', 'https://…' and back-slashed forms are none. */
export function sameSitePath(text: string): string | undefined {
  if (!SAME_SITE.test(text)) return undefined
  const { pathname, search } = new URL(text, 'http://portal')
  // Asked again: '/.//elsewhere' loses its dot only when it is read as a URL.
  return SAME_SITE.test(pathname) ? `${pathname}${search}` : undefined
}

const VALUES_MAX = 2_000

export function formOf(body: unknown): FormValues {
  const values = new Map<string, string[]>()
  for (const [name, value] of Object.entries((body ?? {}) as Record<string, unknown>)) {
    values.set(name, (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string').slice(0, VALUES_MAX))
  }
  return {
    // NUL is no character of a text, and PostgreSQL takes none.
    text: (name) => (values.get(name)?.[0] ?? '').replaceAll('\0', '').trim(),
    all: (name) => values.get(name) ?? [],
    names: () => [...values.keys()],
  }
}

import type { Readable } from 'node:stream'
import { checkCsrf } from '#access/request.ts'
import type { Visitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Answer, FormHandler, FormValues, PortalRoutes, ReadHandler } from '../component.ts'
import { saveFile } from '../parts/file-field.ts'
import { saveForm } from '../parts/form.ts'
import { contextOf, type Visit } from '../render/context.ts'
import { matchPage, mayOpen } from '../site/pages.ts'
import { type Portal, pageNamed } from './inside.ts'
import { openUpload, type Upload } from './upload.ts'

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
  // Files come in forms of the site alone: nothing else takes such a body.
  server.register(async (inner: HttpServer) => {
    inner.addContentTypeParser(MULTIPART, (_request, payload, done) => done(null, payload))
    inner.post('/*', async (request, reply) => {
      if (!isMultipart(request)) {
        checkCsrf(request)
        return answerForm(portal, request, reply, saveSiteForm)
      }
      const upload = await openUpload(request, reply, request.body as Readable)
      checkCsrf(request)
      return answerUpload(request, reply, upload)
    })
  })
  return routes

  async function answerUpload(request: Request, reply: Reply, { fields, file, bytes }: Upload): Promise<Reply> {
    const visit = portal.visitOf(request, reply)
    if (file === undefined) throw new AppError('request.invalid', 'There is no file in this form')
    const { params, ...place } = findSiteForm(visit.path, visit.visitor, fields.get('_form') ?? '')
    const answer = await saveFile(portal.ground, { ...visit, params }, { fields, file, bytes }, place)
    return sendAnswer(portal, reply, visit, answer)
  }

  /** A form that the site defines, on a page that the visitor may open. */
  async function saveSiteForm(context: Parameters<FormHandler>[0], posted: FormValues): Promise<Answer> {
    const { params, name, form, page } = findSiteForm(context.path, context.visitor, posted.text('_form'))
    const { languages } = portal.releases.current().site.settings
    return saveForm({ ...context, params }, name, form, posted, { page, languages })
  }

  function findSiteForm(path: string, visitor: Visitor, name: string) {
    const { site } = portal.releases.current()
    const form = site.forms.get(name)
    const found = matchPage(site.pages, path)
    if (form === undefined || found === undefined) throw new AppError('request.not_found', 'There is no such form')
    if (!mayOpen(found.page, visitor)) throw new AppError('request.forbidden', 'This page is not open to this visitor')
    return { params: found.params, name, form, page: found.page.name }
  }
}

const MULTIPART = 'multipart/form-data'

function isMultipart(request: Request): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith(MULTIPART) === true
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

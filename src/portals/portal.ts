import { csrfTokenOf, visitorOf } from '#access/request.ts'
import { type Failure, failureOf, type HttpServer, pathForLog, type Reply, type Request, urlOf } from '#http/server.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Mail } from '#mail/mail.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { LiveRows } from '#tables/live.ts'
import type { Component, PortalRoutes } from './component.ts'
import { createLiveHub } from './live/hub.ts'
import { identityParts } from './parts/identity.ts'
import type { Releases } from './releases.ts'
import { type Ground, languageOf, type Visit } from './render/context.ts'
import { answerFallback } from './render/fallback.ts'
import { type Components, renderPage } from './render/page.ts'
import { addAnswers } from './routes/answers.ts'
import { addAssetRoutes, engineAssets } from './routes/assets.ts'
import { addFileRoutes } from './routes/files.ts'
import { addIdentityRoutes } from './routes/identity.ts'
import { type Portal, pageNamed } from './routes/inside.ts'
import { sendPageOrFile } from './routes/list-export.ts'
import { addLiveRoute } from './routes/live.ts'
import { matchPage, mayOpen } from './site/pages.ts'

export type PortalOptions = {
  server: HttpServer
  database: Database
  catalog: Catalog
  releases: Releases
  live: LiveRows
  /** For links to choose a new password. */
  mail: Mail
  publicUrl: string
  components: Readonly<Record<string, Component>>
  clock: Clock
  log: Log
}

/**
 * Serves the site: every page of the current release, its files, and open pages' news. Failures of these routes are pages too, in the
 * reader's language. Modules above add their forms through the answered routes, before the server listens.
 */
export async function registerPortal(options: PortalOptions): Promise<PortalRoutes> {
  const { database, catalog, clock, log, releases } = options
  const ground: Ground = { database, catalog, clock }
  const engine = engineAssets()
  const components: Components = { ...identityParts, ...options.components }
  for (const name of releases.current().site.componentsUsed)
    if (!Object.hasOwn(components, name))
      throw new AppError('site.invalid', `The site uses the component ${name}, which does not exist`)

  const portal: Portal = {
    ground,
    releases,
    visitOf(request, reply, params = {}) {
      const { site } = releases.current()
      const visitor = visitorOf(request)
      const url = urlOf(request)
      return {
        site,
        engine,
        visitor,
        language: languageOf(site, visitor),
        csrfToken: csrfTokenOf(request, reply),
        address: request.originalUrl,
        path: url.pathname.replace(/\/+$/, '') || '/',
        query: url.searchParams,
        params,
        state: {},
      }
    },
    async send(reply, visit, page, status) {
      const text = await renderPage(ground, components, { ...visit, state: { status, ...visit.state } }, page)
      return reply
        .code(status)
        .header('content-type', 'text/html; charset=utf-8')
        .header('cache-control', 'private, no-store')
        .send(text)
    },
    async open(reply, visit) {
      const { markers } = visit.site.settings
      const found = matchPage(visit.site.pages, visit.path)
      if (found === undefined) return portal.send(reply, visit, pageNamed(visit, markers.notFound), 404)
      if (mayOpen(found.page, visit.visitor)) return sendPageOrFile(portal, reply, { ...visit, params: found.params }, found.page)
      if (visit.visitor.kind === 'contact') return portal.send(reply, visit, pageNamed(visit, markers.accessDenied), 403)
      const wanted = visit.address
      return reply.redirect(`/${markers.signIn}?return=${encodeURIComponent(wanted)}`, 303)
    },
  }

  let scope: HttpServer | undefined
  await options.server.register(async (inner: HttpServer) => {
    scope = inner
    inner.setErrorHandler((error, request, reply) => failWithPage(portal, log, error, request, reply))
    addAssetRoutes(inner, releases, engine)
    addFileRoutes(inner, portal)
    inner.get('/*', async (request, reply) => portal.open(reply, portal.visitOf(request, reply)))
  })
  const inner = required(scope, 'the registered scope')
  addIdentityRoutes(inner, portal, { mail: options.mail, publicUrl: options.publicUrl })
  await addLive(inner, portal, options)
  return addAnswers(inner, portal)
}

/** Open pages hear what changes: the rows they show, and what their readers may. */
async function addLive(inner: HttpServer, portal: Portal, { database, releases, live, log }: PortalOptions): Promise<void> {
  const hub = createLiveHub({ ground: portal.ground, site: () => releases.current().site, rows: live, log })
  addLiveRoute(inner, portal, hub)
  const rights = await database.listen(
    'comptoir_access',
    (whose) => hub.recheck(whose),
    () => hub.recheck(''),
  )
  // Roles and permissions may be others now.
  const unsubscribe = releases.onShown(() => hub.recheck(''))
  inner.addHook('preClose', async () => {
    unsubscribe()
    hub.close()
    await rights.close()
  })
}

/** A failure as a page. When even that page fails (a template of the site is broken), a bare one says so. */
async function failWithPage(portal: Portal, log: Log, error: unknown, request: Request, reply: Reply): Promise<Reply> {
  const failure = failureOf(error)
  const values = { method: request.method, path: pathForLog(request), code: failure.code, reason: messageOf(error) }
  if (failure.status >= 500) log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'a request failed')
  else log.debug(values, 'a request was refused')
  try {
    const visit = portal.visitOf(request, reply)
    if (failure.status === 401 && visit.visitor.kind === 'anonymous')
      return reply.redirect(`/${visit.site.settings.markers.signIn}?return=${encodeURIComponent(visit.path)}`, 303)
    return await portal.send(
      reply,
      { ...visit, state: stateOf(visit, failure) },
      pageNamed(visit, pageFor(visit, failure)),
      failure.status,
    )
  } catch (second) {
    log.error({ ...values, reason: messageOf(second) }, 'the page that tells of a failure failed')
    return answerFallback(reply, failure)
  }
}

function pageFor(visit: Visit, failure: Failure): string {
  const { markers } = visit.site.settings
  if (failure.status === 404 || failure.status === 410) return markers.notFound
  return failure.status === 403 ? markers.accessDenied : markers.error
}

/** The code is safe to show and what a reader quotes to support; our own sentence is shown only where it was meant for people. */
function stateOf(visit: Visit, failure: Failure): Visit['state'] {
  const key = `failure.${failure.code}`
  const known = visit.site.texts.has(key) ? visit.site.texts.text(visit.language, key) : undefined
  return { status: failure.status, code: failure.code, message: known ?? '' }
}

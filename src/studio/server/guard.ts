import { checkCsrf, visitorOf } from '#access/request.ts'
import { type ContactVisitor, isAdministrator } from '#access/visitor.ts'
import { failureOf, type HttpServer, pathForLog, type Reply, type Request } from '#http/server.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'

/** Every route of this part of the server is for administrators: nobody adds one and forgets to ask. */
export function guardApi(scope: HttpServer, log: Log): void {
  scope.addHook('onRequest', async (request) => {
    const visitor = visitorOf(request)
    if (visitor.kind === 'anonymous') throw new AppError('studio.sign_in_required', 'Please sign in')
    if (!isAdministrator(visitor)) throw new AppError('studio.forbidden', 'Studio is for administrators')
  })
  scope.addHook('preHandler', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') checkCsrf(request)
  })
  scope.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error)
    const values = { method: request.method, path: pathForLog(request), code: failure.code, reason: messageOf(error) }
    if (failure.status >= 500)
      log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'a request of Studio failed')
    return reply.code(failure.status).send({ error: { code: failure.code, message: failure.message } })
  })
  scope.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: { code: 'request.not_found', message: 'There is nothing here' } }),
  )
}

/** For pages: signed-out visitors are led to the sign-in and back; for everybody else but administrators Studio does not exist. */
export function guardPage(request: Request, reply: Reply): boolean {
  const visitor = visitorOf(request)
  if (visitor.kind === 'anonymous') {
    void reply.redirect(`/signin?return=${encodeURIComponent(request.url)}`, 302)
    return false
  }
  if (!isAdministrator(visitor)) throw new AppError('studio.not_found', 'There is nothing here')
  return true
}

/** The administrator who makes this request, behind `guardApi`. */
export function administratorOf(request: Request): ContactVisitor {
  const visitor = visitorOf(request)
  if (!isAdministrator(visitor)) throw new AppError('studio.forbidden', 'Studio is for administrators')
  return visitor
}

import { checkCsrf, csrfTokenOf } from '#access/request.ts'
import type { Visitor } from '#access/visitor.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { isAppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { html } from '#lib/html.ts'
import { systemClock } from '#log/system-clock.ts'
import { ApiRefusal } from './protocol/refusals.ts'
import type { ApiParts } from './service/caller.ts'
import { openApiAnswer } from './service/described.ts'
import { answerError, BODY_BYTES_MAX, callerOf, callOf, readBodies, sendAnswer } from './service/http.ts'
import { perform } from './service/perform.ts'

export type PortalApiOptions = Omit<ApiParts, 'clock'> & {
  /** What relative dates are reckoned from; the machine's without it. */
  clock?: Clock
  /** For the title of the OpenAPI document. */
  siteName?(): string
  visitorOf(request: Request): Visitor
}

const ROOT = '/_api'
const TOKEN_HEADER = '__requestverificationtoken'
const WRITES: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT', 'DELETE'])

/**
 * The portals Web API for pages: `/_api/<set>` in OData 4.0 JSON, with the visitor's session. Only tables and columns that the site's
 * permissions open for it, only rows inside the visitor's predicates; what changes something carries the token of a page.
 */
export async function registerPortalApi(server: HttpServer, options: PortalApiOptions): Promise<void> {
  await server.register(async (api) => {
    readBodies(api)
    api.setErrorHandler((error, request, reply) => answerError(options, 'portal', error, request, reply))
    const handler = async (request: Request, reply: Reply) => {
      const visitor = options.visitorOf(request)
      if (visitor.kind === 'service')
        throw new ApiRefusal('sign_in', 'This API is for pages with a session; programs use /api/data/v9.2/')
      if (WRITES.has(request.method)) requireToken(request)
      const accountPath = visitor.kind === 'contact' ? visitor.accountPath : ''
      const caller = callerOf({ clock: systemClock, ...options }, request, {
        dialect: 'portal',
        visitor,
        rootPath: `${accountPath}${ROOT}`,
      })
      const call = callOf(request, ROOT)
      if (call.path === 'openapi.json' && call.method === 'GET')
        return sendAnswer(reply, openApiAnswer(caller, options.siteName?.() ?? 'Portal'))
      if (call.path === '$batch')
        throw new ApiRefusal('not_implemented', '$batch is not offered to pages; programs use /api/data/v9.2/')
      return sendAnswer(reply, await perform(caller, call))
    }
    const method = ['GET', ...WRITES]
    api.route({ method, url: ROOT, bodyLimit: BODY_BYTES_MAX, handler })
    api.route({ method, url: `${ROOT}/*`, bodyLimit: BODY_BYTES_MAX, handler })
  })
  // Scripts written for Power Pages fetch it (shell.getTokenDeferred) and take the value out.
  server.get('/_layout/tokenhtml', (request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(html`<input name="__RequestVerificationToken" type="hidden" value="${csrfTokenOf(request, reply)}" />`.text),
  )
}

/** Another site's page can make a browser send its cookies, but it cannot know the token. */
function requireToken(request: Request): void {
  const given = request.headers[TOKEN_HEADER]
  if (typeof given === 'string' && request.headers['x-csrf-token'] === undefined) request.headers['x-csrf-token'] = given
  if (request.headers['x-csrf-token'] === undefined)
    throw new ApiRefusal('token_missing', 'The header __RequestVerificationToken is missing; /_layout/tokenhtml gives its value')
  try {
    checkCsrf(request)
  } catch (error) {
    if (!isAppError(error, 'access.csrf')) throw error
    throw new ApiRefusal(
      'token_wrong',
      'The header __RequestVerificationToken is not this session’s; fetch /_layout/tokenhtml again',
    )
  }
}

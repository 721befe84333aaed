import type { Readable } from 'node:stream'
import type { Visitor } from '#access/visitor.ts'
import { failureOf, type HttpServer, pathForLog, type Reply, type Request } from '#http/server.ts'
import { messageOf } from '#lib/app-error.ts'
import type { ApiAnswer, ApiCall } from '../protocol/call.ts'
import { splitQuery } from '../protocol/call.ts'
import { ApiRefusal, type ApiRefusalKind, type Dialect } from '../protocol/refusals.ts'
import type { ApiParts, Caller } from './caller.ts'
import { refusalAnswer, refusalFor } from './perform.ts'

/** One request and its body: more is refused before it is read. A batch may hold many. */
export const BODY_BYTES_MAX = 1024 * 1024
export const BATCH_BYTES_MAX = 16 * 1024 * 1024

/** Bodies are text, which the services take apart themselves; the content of a file is a stream that nobody holds whole. */
export function readBodies(server: HttpServer): void {
  server.removeAllContentTypeParsers()
  const asText = (_request: Request, body: string, done: (error: null, body: string) => void) => done(null, body)
  server.addContentTypeParser(
    /^(?:application\/(?:[\w.+-]*json|x-www-form-urlencoded|http)|multipart\/mixed|text\/)/i,
    { parseAs: 'string' },
    asText as never,
  )
  server.addContentTypeParser(/^(?:application\/octet-stream|image\/|application\/pdf)/i, (_request, payload, done) =>
    done(null, payload),
  )
}

/** The call that a request makes of the service whose root has this path. */
export function callOf(request: Request, rootPath: string): ApiCall {
  const { path, query } = splitQuery(request.url)
  const at = path.indexOf(rootPath)
  const body = request.body
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    path: path.slice(at + rootPath.length).replace(/^\/+/, ''),
    query,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')])),
    body: typeof body === 'string' ? body : isStream(body) ? body : '',
  }
}

export function callerOf(
  parts: ApiParts,
  request: Request,
  as: { dialect: Dialect; visitor: Visitor; rootPath: string },
): Caller {
  const { dialect, visitor, rootPath } = as
  return {
    ...parts,
    dialect,
    visitor,
    rules: parts.permissions(),
    language: visitor.language,
    // As URLs write it: without the port that the protocol has anyway.
    root: new URL(`${request.protocol}://${request.host}${rootPath}/`).href,
  }
}

export function sendAnswer(reply: Reply, answer: ApiAnswer): Reply {
  return reply
    .code(answer.status)
    .headers({ 'odata-version': '4.0', 'cache-control': 'no-store', ...answer.headers })
    .send(answer.body === '' ? undefined : answer.body)
}

/** What was thrown, in the words of the API. Only failures of our own are worth a line at a level that people read. */
export function answerError(
  parts: Pick<ApiParts, 'log'>,
  dialect: Dialect,
  error: unknown,
  request: Request,
  reply: Reply,
): Reply {
  const refusal = refusalFor(error) ?? refusalOfHttp(error)
  const values = { method: request.method, path: pathForLog(request), reason: messageOf(error) }
  if (refusal.kind === 'failed')
    parts.log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'an API request failed')
  else parts.log.debug(values, 'an API request was refused')
  if (refusal.kind === 'sign_in' && dialect === 'data') reply.header('www-authenticate', 'Bearer')
  return sendAnswer(reply, refusalAnswer({ dialect }, refusal))
}

function refusalOfHttp(error: unknown): ApiRefusal {
  const { status, message } = failureOf(error)
  return new ApiRefusal(HTTP_KINDS[status] ?? (status >= 500 ? 'failed' : 'invalid'), message)
}

const HTTP_KINDS: Readonly<Record<number, ApiRefusalKind>> = {
  401: 'sign_in',
  403: 'access',
  404: 'resource',
  413: 'too_large',
  415: 'media',
  429: 'too_many',
  503: 'unreachable',
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body
}

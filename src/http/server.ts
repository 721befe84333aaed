import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { isAppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { withoutAccountPath } from './account-path.ts'

export type HttpServer = FastifyInstance
export type Request = FastifyRequest
export type Reply = FastifyReply

/** What the person or machine is told about a failed request. */
export type Failure = { status: number; code: string; message: string }

export type HttpServerOptions = {
  log: Log
  /** Signs cookies; kept with the installation. */
  cookieSecret: string
  /** Turns a failure into an answer; the default is JSON {error:{code,message}}. Surfaces with pages answer with a page. */
  answerFailure?: (failure: Failure, request: Request, reply: Reply) => unknown
  bodyBytesMax?: number
}

const BODY_BYTES_MAX = 1024 * 1024

/**
 * An HTTP server with what every surface needs: strict security headers, forms, cookies, compression, failures that never show
 * their inside. Routes are added by the modules; `listen` and `close` belong to composition.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = fastify({
    logger: false,
    bodyLimit: options.bodyBytesMax ?? BODY_BYTES_MAX,
    trustProxy: 'loopback',
    forceCloseConnections: true,
    // Repeated and unknown query parameters are judged by the routes themselves.
    routerOptions: { ignoreTrailingSlash: true },
    // Routes know nothing of the account in an address; who makes the request is told by `originalUrl`.
    rewriteUrl: (request) => withoutAccountPath(request.url ?? '/'),
    // What is no address at all never reaches the hooks that set headers and the handlers of failures.
    frameworkErrors: (_error, _request, reply) => void refuseAddress(reply as Reply),
  })
  await server.register(cookie, { secret: options.cookieSecret })
  await server.register(formbody)
  await server.register(compress, { threshold: 1_400, encodings: ['gzip', 'identity'] })
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    ...HEADERS,
  })

  const answerFailure = options.answerFailure ?? answerJson
  server.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error)
    const values = { method: request.method, path: pathForLog(request), code: failure.code, reason: messageOf(error) }
    if (failure.status >= 500)
      options.log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'a request failed')
    else options.log.debug(values, 'a request was refused')
    return answerFailure(failure, request, reply)
  })
  server.setNotFoundHandler((request, reply) =>
    answerFailure({ status: 404, code: 'request.not_found', message: 'There is nothing here' }, request, reply),
  )
  return server
}

/** The address that was asked for, without a host: a path may begin with '//', and that is none. */
export function urlOf(request: Request): URL {
  return new URL(`http://here${request.url.startsWith('/') ? '' : '/'}${request.url}`)
}

/** Codes of invitations and links to a new password travel in paths: whoever reads a log must not be able to use them. */
export function pathForLog(request: Request): string {
  const [path = ''] = request.url.split('?')
  return path
    .split('/')
    .map((part) => (part.length < SECRET_CHARACTERS_MIN || UUID.test(part) ? part : '…'))
    .join('/')
}

const SECRET_CHARACTERS_MIN = 20
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** No inline script or style, nothing from elsewhere, no framing. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  formAction: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
}

const HEADERS = {
  // Whoever terminates TLS sets it: sent over plain HTTP it means nothing, and on localhost it would stick.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'same-origin' },
  crossOriginEmbedderPolicy: false,
} as const

/** `<module>.<what>` codes decide the status; anything unknown is our own fault and says nothing about its inside. */
export function failureOf(error: unknown): Failure {
  if (isAppError(error)) return { status: statusOf(error.code), code: error.code, message: error.message }
  const status = (error as { statusCode?: number }).statusCode
  if (status !== undefined && status >= 400 && status < 500) {
    return { status, code: 'request.refused', message: error instanceof Error ? error.message : 'The request was refused' }
  }
  return {
    status: 500,
    code: 'request.failed',
    message: 'Something went wrong on our side. It has been recorded; please try again.',
  }
}

function statusOf(code: string): number {
  const what = code.slice(code.indexOf('.') + 1)
  return STATUS_OF[code] ?? STATUS_OF[what] ?? (code.startsWith('request.') ? 400 : 500)
}

/** By the last part of the code, or by the whole code where one module differs. */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid: 400,
  sign_in_required: 401,
  forbidden: 403,
  csrf: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  'access.account_needed': 409,
  'access.account_unknown': 404,
  version_conflict: 412,
  too_many: 429,
  // Questions that are refused before they are asked.
  too_costly: 400,
  aggregate_limit: 400,
  'postgres.unreachable': 503,
  // Names that people write, and definitions that people change.
  unknown_table: 404,
  unknown_column: 400,
  unknown_version: 404,
  in_use: 409,
  from_file: 409,
  cannot_change: 409,
  would_lose_data: 409,
  changed_meanwhile: 409,
  took_too_long: 400,
  'tables.refused': 409,
  // What a person has written, and the other side, of which we can only tell.
  'dual_write.invalid_map': 400,
  'connector.refused': 502,
  'connector.unavailable': 503,
  'tables.busy': 503,
}

function refuseAddress(reply: Reply): unknown {
  return reply
    .code(400)
    .headers({ 'content-security-policy': "default-src 'none'", 'x-content-type-options': 'nosniff' })
    .send({ error: { code: 'request.invalid', message: 'This is no address' } })
}

function answerJson(failure: Failure, _request: Request, reply: Reply): unknown {
  return reply.code(failure.status).send({ error: { code: failure.code, message: failure.message } })
}

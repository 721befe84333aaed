import { z } from 'zod'
import { checkCsrf } from '#access/request.ts'
import { ADMINISTRATOR, type Visitor } from '#access/visitor.ts'
import type { Asked } from '#dual-write/facets.ts'
import { failureOf, type HttpServer, pathForLog, type Reply, type Request } from '#http/server.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { JsonObject } from '#lib/json.ts'
import type { Log } from '#log/log.ts'
import { outcomeKind } from './dual-write/answers.ts'
import { dryRunLines } from './dual-write/dry-run-lines.ts'
import { dryRunBody, mapOperations } from './dual-write/map-operations.ts'
import { describeOperations, statusOf } from './dual-write/openapi.ts'
import type { Operation } from './dual-write/operation.ts'
import { outcomesFile } from './dual-write/outcomes-file.ts'
import { rowOperations } from './dual-write/row-operations.ts'
import { valueOperations } from './dual-write/value-operations.ts'
import { watchOperations } from './dual-write/watch-operations.ts'

export type DualWriteApiOptions = {
  engine: Asked
  log: Log
  visitorOf(request: Request): Visitor
}

export const DUAL_WRITE_ROOT = '/api/dual-write'
const OPERATIONS: readonly Operation[] = [...mapOperations, ...valueOperations, ...rowOperations, ...watchOperations]
const outcomesQuery = z.strictObject({ kind: outcomeKind.optional(), code: z.string().optional() })
const BODY_BYTES_MAX = 4 * 1024 * 1024

/**
 * `/api/dual-write`: all that can be asked of the sync engine, for administrators and for service accounts with their role. Each route
 * checks what it is given by the shape that the OpenAPI document shows.
 */
export async function registerDualWriteApi(server: HttpServer, options: DualWriteApiOptions): Promise<void> {
  await server.register(
    async (api) => {
      api.addHook('onRequest', async (request) => requireAdministrator(options, request))
      api.setErrorHandler((error, request, reply) => answerError(options, error, request, reply))
      for (const one of OPERATIONS) {
        api.route({
          method: one.method.toUpperCase() as Uppercase<Operation['method']>,
          url: one.path.replaceAll(/\{(\w+)\}/g, ':$1'),
          bodyLimit: BODY_BYTES_MAX,
          handler: (request, reply) => answer(options, one, request, reply),
        })
      }
      api.get<{ Params: { map: string } }>('/maps/:map/copy-outcomes.csv', (request, reply) => {
        const which = parse(outcomesQuery, request.query, 'query')
        const { map } = request.params
        void reply.header('content-disposition', `attachment; filename="${encodeURIComponent(map)}-outcomes.csv"`)
        return reply.type('text/csv; charset=utf-8').send(outcomesFile(options.engine, { map, ...which }))
      })
      api.post<{ Params: { map: string } }>('/maps/:map/dry-runs.ndjson', (request, reply) => {
        const asked = parse(dryRunBody, request.body ?? {}, 'body')
        void reply.header('cache-control', 'no-store')
        return reply.type('application/x-ndjson; charset=utf-8').send(dryRunLines(options.engine, request.params.map, asked))
      })
    },
    { prefix: DUAL_WRITE_ROOT },
  )
}

/** The OpenAPI document of the routes. */
export function describeDualWriteApi(about: { siteName: string; root: string }): JsonObject {
  return describeOperations(OPERATIONS, about)
}

async function answer(
  { engine, visitorOf }: DualWriteApiOptions,
  one: Operation,
  request: Request,
  reply: Reply,
): Promise<Reply> {
  const visitor = visitorOf(request)
  const result = await one.run(engine, {
    params: request.params as Record<string, string>,
    query: one.query === undefined ? {} : parse(one.query, request.query, 'query'),
    body: one.body === undefined ? {} : parse(one.body, request.body ?? {}, 'body'),
    actor: visitor.kind === 'anonymous' ? '' : visitor.kind === 'contact' ? visitor.email : visitor.fullName,
  })
  return reply
    .header('cache-control', 'no-store')
    .code(statusOf(one))
    .send(one.answer === undefined ? undefined : result)
}

function requireAdministrator({ visitorOf }: DualWriteApiOptions, request: Request): void {
  const visitor = visitorOf(request)
  if (visitor.kind === 'anonymous')
    throw new AppError('request.sign_in_required', 'Sign in, or send the token of a service account')
  if (!visitor.roles.includes(ADMINISTRATOR))
    throw new AppError('request.forbidden', `Dual-write is administered by those with the role ${ADMINISTRATOR}`)
  if (request.method === 'GET') return
  if (visitor.kind === 'contact') checkCsrf(request)
  else if (!visitor.scope.privileges.has('write') || visitor.scope.tables !== null)
    throw new AppError('request.forbidden', 'This token may only read, or only some tables')
}

function parse<Shape extends z.ZodObject>(shape: Shape, given: unknown, place: 'query' | 'body'): z.infer<Shape> {
  const parsed = shape.safeParse(given)
  if (parsed.success) return parsed.data
  throw new AppError('request.invalid', `The ${place} is not as it should be: ${z.prettifyError(parsed.error)}`)
}

function answerError({ log }: DualWriteApiOptions, error: unknown, request: Request, reply: Reply): Reply {
  const failure = failureOf(error)
  const values = { method: request.method, path: pathForLog(request), code: failure.code, reason: messageOf(error) }
  if (failure.status >= 500)
    log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'a request to the sync engine failed')
  return reply.code(failure.status).send({ error: { code: failure.code, message: failure.message } })
}

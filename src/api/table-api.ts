import { z } from 'zod'
import { checkCsrf } from '#access/request.ts'
import { ADMINISTRATOR, type Visitor } from '#access/visitor.ts'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database } from '#postgres/database.ts'
import type { ChangePlan } from '#tables/change-plan.ts'
import {
  applyCustomization,
  type ChangeBy,
  listCustomizations,
  listDefinitionHistory,
  previewCustomization,
  revertTo,
  withdrawCustomization,
} from '#tables/customizing.ts'
import type { LiveCatalog } from '#tables/live-catalog.ts'
import { parseJsonObject } from './protocol/json-body.ts'
import { ApiRefusal } from './protocol/refusals.ts'
import { answerError, readBodies } from './service/http.ts'

export type TableApiOptions = {
  database: Database
  catalog: LiveCatalog
  clock: Clock
  log: Log
  visitorOf(request: Request): Visitor
}

const HISTORY_ROWS_MAX = 200
const BODY_BYTES_MAX = 1024 * 1024

const changeBody = z.strictObject({
  document: z.unknown().optional(),
  message: z.string().trim().min(1).max(500),
  confirm: z.array(z.string().max(200)).max(200).default([]),
})
const reversionBody = changeBody.omit({ document: true }).extend({ version: z.int().min(0) })

/**
 * `/api/tables`: an installation's own tables and columns, for administrators: a document is that of a definition file, as JSON. What
 * would lose data is refused until `confirm` names it.
 */
export async function registerTableApi(server: HttpServer, options: TableApiOptions): Promise<void> {
  const { database } = options
  const ground = { database, catalog: options.catalog, clock: options.clock }
  await server.register(async (api) => {
    readBodies(api)
    api.addHook('onRequest', async (request) => requireAdministrator(options, request))
    api.setErrorHandler((error, request, reply) => answerError(options, 'data', error, request, reply))
    const config = { bodyLimit: BODY_BYTES_MAX }

    api.get('/api/tables', async (_request, reply) => send(reply, { tables: await listCustomizations(database) }))
    api.get('/api/tables/versions', async (_request, reply) =>
      send(reply, { versions: await listDefinitionHistory(database, { rowsMax: HISTORY_ROWS_MAX }) }),
    )
    api.post('/api/tables/previews', config, async (request, reply) => {
      const { document } = parseJsonObject(textOf(request))
      return send(reply, planJson(await previewCustomization(ground, document)))
    })
    api.post('/api/tables', config, async (request, reply) => {
      const { document, ...change } = parse(changeBody, request)
      return send(reply, planJson(await applyCustomization(ground, document, changedBy(options, request, change))))
    })
    api.delete<{ Params: { table: string } }>('/api/tables/:table', config, async (request, reply) => {
      const { document: _document, ...change } = parse(changeBody, request)
      return send(reply, planJson(await withdrawCustomization(ground, request.params.table, changedBy(options, request, change))))
    })
    api.post('/api/tables/reversions', config, async (request, reply) => {
      const { version, ...change } = parse(reversionBody, request)
      return send(reply, planJson(await revertTo(ground, version, changedBy(options, request, change))))
    })
  })
}

/** A service account with the role, whose token may write; or a person with it, whose page's token travels along. */
function requireAdministrator(options: TableApiOptions, request: Request): void {
  const visitor = options.visitorOf(request)
  if (visitor.kind === 'anonymous') throw new ApiRefusal('sign_in', 'Sign in, or send the token of a service account')
  if (!visitor.roles.includes(ADMINISTRATOR))
    throw new ApiRefusal('access', `Tables are defined by those with the role ${ADMINISTRATOR}`)
  if (request.method === 'GET') return
  if (visitor.kind === 'contact') checkCsrf(request)
  else if (!visitor.scope.privileges.has('write') || visitor.scope.tables !== null)
    throw new ApiRefusal('access', 'This token may only read, or only some tables')
}

function changedBy(options: TableApiOptions, request: Request, change: { message: string; confirm: string[] }): ChangeBy {
  const visitor = options.visitorOf(request)
  return { by: visitor.kind === 'anonymous' ? '' : visitor.fullName, ...change }
}

function parse<Shape extends z.ZodType>(shape: Shape, request: Request): z.infer<Shape> {
  const parsed = shape.safeParse(parseJsonObject(textOf(request)))
  if (parsed.success) return parsed.data
  throw new ApiRefusal('invalid', `The body is not as it should be: ${z.prettifyError(parsed.error)}`)
}

function textOf(request: Request): string {
  return typeof request.body === 'string' ? request.body : ''
}

/** What was or would be done, in words; the SQL of it is for people in Studio. */
function planJson(plan: ChangePlan): object {
  return { steps: plan.steps.map((step) => step.what), losses: plan.losses, refusals: plan.refusals }
}

function send(reply: Reply, body: object): Reply {
  return reply.header('cache-control', 'no-store').send(body)
}

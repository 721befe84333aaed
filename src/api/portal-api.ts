import type { Permissions } from '#access/permissions.ts'
import type { Visitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import { failureOf, type HttpServer, pathForLog, type Reply, type Request } from '#http/server.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import { type Database, sqlStateOf } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { cursorOf } from '#tables/query.ts'
import { countRows, findRow, listRows } from '#tables/rows.queries.ts'
import { ApiRefusal, type ApiRefusalKind, refusals } from './reading/refusals.ts'
import { type Reading, readRequest } from './reading/request.ts'
import { contextOf, rowJson } from './reading/response.ts'
import { makeSkipToken } from './reading/skip-token.ts'

export type PortalApiOptions = {
  database: Database
  catalog: Catalog
  /** Those of the current release. */
  permissions(): Permissions
  visitorOf(request: Request): Visitor
  log: Log
}

/** A count stops here: whoever needs more needs a report. */
const COUNT_MAX = 100_000
const RESOURCE = /^([a-z][a-z0-9_]*)(?:\(([0-9a-f-]{36})\))?$/i
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * The portals Web API for reading: `/_api/<set>` and `/_api/<set>(<id>)` in OData 4.0 JSON. Only tables and columns that the site's
 * permissions open for it, only rows inside the visitor's read predicate; a row outside is not found.
 */
export async function registerPortalApi(server: HttpServer, options: PortalApiOptions): Promise<void> {
  await server.register(async (api) => {
    api.setErrorHandler((error, request, reply) => answerError(error, request, reply, options.log))
    api.get<{ Params: { resource: string } }>('/_api/:resource', (request, reply) =>
      answer(options, request, reply, request.params.resource),
    )
    api.route({
      method: ['POST', 'PATCH', 'PUT', 'DELETE'],
      url: '/_api/:resource',
      handler: () => {
        throw new ApiRefusal('method', 'This address can only be read (GET)')
      },
    })
  })
}

async function answer(options: PortalApiOptions, request: Request, reply: Reply, resource: string): Promise<unknown> {
  const permissions = options.permissions()
  const visitor = options.visitorOf(request)
  const { table, id } = findResource(options.catalog, permissions, resource)
  if (visitor.kind === 'anonymous' && !permissions.may(visitor, table.name, 'read'))
    throw new ApiRefusal('sign_in', `Sign in to read ${table.setName}`)

  const url = new URL(request.url, `${request.protocol}://${request.host}`)
  const reading = readRequest({ catalog: options.catalog, permissions, visitor, table, url, prefer: request.headers.prefer })
  const body =
    id === undefined ? await readSet(options, visitor, reading, url) : await readOne(options, visitor, reading, url, id)
  return reply
    .headers({ 'odata-version': '4.0', 'cache-control': 'no-store' })
    .type('application/json; odata.metadata=minimal')
    .send(body)
}

function findResource(
  catalog: Catalog,
  permissions: Permissions,
  resource: string,
): { table: TableDefinition; id: string | undefined } {
  const [, setName = '', id] = RESOURCE.exec(resource) ?? []
  const table = catalog.findBySet(setName)
  if (table === undefined || permissions.webApiColumns(table.name) === undefined || (id !== undefined && !GUID.test(id)))
    throw new ApiRefusal('not_found', `There is no resource '${resource.slice(0, 100)}'`)
  return { table, id }
}

async function readSet(options: PortalApiOptions, visitor: Visitor, reading: Reading, url: URL): Promise<string> {
  const { query, pageRows } = reading
  const { rows, count } = await behindWall(options.database, visitor).read(async (tx) => ({
    // One more than is shown tells whether there is a next page.
    rows: pageRows === 0 ? [] : await listRows(tx, options.catalog, { ...query, rowsMax: pageRows + 1 }),
    count: reading.count ? await countRows(tx, options.catalog, { ...query, rowsMax: COUNT_MAX }) : undefined,
  }))
  const shown = rows.slice(0, pageRows)
  const last = shown.at(-1)
  const parts = [`"@odata.context":${JSON.stringify(contextOf(reading, url))}`]
  if (count !== undefined) parts.push(`"@odata.count":${count}`)
  parts.push(`"value":[${shown.map((row) => rowJson(reading, row)).join(',')}]`)
  if (rows.length > pageRows && reading.pages && last !== undefined) {
    const next = new URL(url)
    next.searchParams.set('$skiptoken', makeSkipToken(query, cursorOf(query, last)))
    parts.push(`"@odata.nextLink":${JSON.stringify(next.href)}`)
  }
  return `{${parts.join(',')}}`
}

async function readOne(options: PortalApiOptions, visitor: Visitor, reading: Reading, url: URL, id: string): Promise<string> {
  const row = await behindWall(options.database, visitor).read((tx) => findRow(tx, options.catalog, reading.query, id))
  if (row === undefined) throw new ApiRefusal('not_found', `There is no ${reading.query.table.name} with this id`)
  const context = `${contextOf(reading, url)}/$entity`
  return `{"@odata.context":${JSON.stringify(context)},${rowJson(reading, row).slice(1)}`
}

function answerError(error: unknown, request: Request, reply: Reply, log: Log): unknown {
  const refusal = refusalOf(error)
  const values = { method: request.method, path: pathForLog(request), reason: messageOf(error) }
  if (refusal !== undefined) {
    log.debug(values, 'an API request was refused')
    const { status, code } = refusals[refusal.kind]
    return reply.code(status).send({ error: { code, message: refusal.message } })
  }
  const failure = failureOf(error)
  if (failure.status >= 500)
    log.error({ ...values, stack: error instanceof Error ? error.stack : undefined }, 'an API request failed')
  return reply
    .code(failure.status)
    .send({ error: { code: failure.status >= 500 ? '900400FF' : failure.code, message: failure.message } })
}

function refusalOf(error: unknown): { kind: ApiRefusalKind; message: string } | undefined {
  if (error instanceof ApiRefusal) return error
  if (isAppError(error) && BAD_REQUESTS.has(error.code)) return { kind: 'invalid', message: error.message }
  // Class 22: a value in a cursor or filter that is no date, number or id after all.
  if (sqlStateOf(error)?.startsWith('22') === true)
    return { kind: 'invalid', message: 'A value in the request does not fit the column it is compared with' }
  return undefined
}

const BAD_REQUESTS = new Set(['odata.invalid', 'request.invalid', 'tables.unknown_column', 'tables.query_too_wide'])

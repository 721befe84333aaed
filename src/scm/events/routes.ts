import { z } from 'zod'
import type { HttpServer, Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import type { Database } from '#postgres/database.ts'
import type { AccessTokens } from '../access-tokens.ts'
import type { Catalog } from '../entities/catalog.ts'
import { deleteEndpoint, listEndpoints, putEndpoint } from './events.queries.ts'

const registration = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  secret: z.string().max(500).default(''),
  entities: z.array(z.string()).max(500).default([]),
})

/** Where data events go: `POST /api/event-endpoints` registers a URL (again: changes it), GET lists, DELETE ends. */
export function registerEventEndpoints(
  server: HttpServer,
  parts: { database: Database; catalog: Catalog; tokens: AccessTokens },
): void {
  const { database, catalog, tokens } = parts

  server.post('/api/event-endpoints', async (request, reply) => {
    if (!authorized(request)) return unauthorized(reply)
    const parsed = registration.safeParse(request.body)
    if (!parsed.success) throw new AppError('events.invalid', z.prettifyError(parsed.error))
    const unknown = parsed.data.entities.filter((name) => !catalog.bySet.has(name))
    if (unknown.length > 0) throw new AppError('events.invalid', `There is no entity set ${unknown.join(', ')}`)
    const { id } = await database.transaction((tx) => putEndpoint(tx, parsed.data))
    return reply.code(201).send({ id, url: parsed.data.url, entities: parsed.data.entities })
  })

  server.get('/api/event-endpoints', async (request, reply) => {
    if (!authorized(request)) return unauthorized(reply)
    const endpoints = await database.read(listEndpoints)
    return { value: endpoints.map(({ secret: _secret, ...shown }) => shown) }
  })

  server.delete<{ Params: { id: string } }>('/api/event-endpoints/:id', async (request, reply) => {
    if (!authorized(request)) return unauthorized(reply)
    if (!/^\d{1,15}$/.test(request.params.id)) throw new AppError('events.not_found', 'There is no such endpoint')
    await database.transaction((tx) => deleteEndpoint(tx, Number(request.params.id)))
    return reply.code(204).send()
  })

  function authorized(request: Request): boolean {
    return tokens.clientOf(request.headers.authorization) !== undefined
  }
}

function unauthorized(reply: Reply): Reply {
  return reply
    .code(401)
    .header('www-authenticate', 'Bearer')
    .send({ error: { code: '', message: 'Authorization has been denied for this request.' } })
}

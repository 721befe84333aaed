import { z } from 'zod'
import { ADMINISTRATOR } from '#access/visitor.ts'
import type { Json, JsonObject } from '#lib/json.ts'
import { type Operation, TAGS } from './operation.ts'

/** The operations as an OpenAPI 3.1 document; its schemas are those that requests are checked with. */
export function describeOperations(operations: readonly Operation[], about: { siteName: string; root: string }): JsonObject {
  const paths: Record<string, Record<string, Json>> = {}
  for (const one of operations) {
    paths[one.path] ??= parametersInPath(one)
    Object.assign(paths[one.path] ?? {}, { [one.method]: describe(one) })
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `${about.siteName}: dual-write`,
      version: '1.0',
      description:
        `Everything that administrators can do with the sync engine. Programs send the token of a service account with the role ${ADMINISTRATOR}; ` +
        'deeds need one that may write. Times are ISO 8601 in UTC; values of columns are text.',
    },
    servers: [{ url: about.root }],
    security: [{ token: [] }, { session: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token of a service account' },
        session: { type: 'apiKey', in: 'cookie', name: 'comptoir_session', description: 'A person who is signed in' },
      },
      responses: {
        refused: {
          description: 'Refused: the error says what is wrong, where, and what to do',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message'],
              properties: { code: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
    },
  }
}

/** OpenAPI's own form of what an operation takes and answers. */
function describe(one: Operation): JsonObject {
  const answer: JsonObject =
    one.answer === undefined
      ? { 204: { description: 'Done' } }
      : {
          [statusOf(one)]: {
            description: one.summary,
            content: { 'application/json': { schema: schemaOf(one.answer, 'output') } },
          },
        }
  const refusals = Object.fromEntries(
    ['400', '401', '403', '404', '409'].map((status) => [status, { $ref: '#/components/responses/refused' }]),
  )
  return {
    operationId: one.id,
    tags: [one.tag],
    summary: one.summary,
    ...(one.query === undefined ? {} : { parameters: parametersInQuery(one.query) }),
    ...(one.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(one.body, 'input') } } } }),
    responses: { ...answer, ...refusals },
  }
}

/** Of a deed that worked: it has created what the path names, or has nothing to say. */
export function statusOf(one: Operation): 200 | 201 | 204 {
  if (one.answer === undefined) return 204
  return one.method === 'post' ? 201 : 200
}

/** Names in braces of a path. */
function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
}

function parametersInPath({ path }: Operation): Record<string, Json> {
  const names = pathParameters(path)
  if (names.length === 0) return {}
  return { parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) }
}

function parametersInQuery(query: z.ZodObject): Json[] {
  const { properties, required = [] } = schemaOf(query, 'input') as { properties: Record<string, Json>; required?: string[] }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function schemaOf(shape: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' })
  return schema as JsonObject
}

import type { TokenRefusal } from '#access/service-accounts.ts'
import type { Visitor } from '#access/visitor.ts'
import type { HttpServer, Request } from '#http/server.ts'
import { ApiRefusal, printable } from './protocol/refusals.ts'
import { performBatch } from './service/batch.ts'
import type { ApiParts } from './service/caller.ts'
import { openApiAnswer } from './service/described.ts'
import { answerError, BATCH_BYTES_MAX, BODY_BYTES_MAX, callerOf, callOf, readBodies, sendAnswer } from './service/http.ts'
import { perform } from './service/perform.ts'

export type DataApiOptions = ApiParts & {
  visitorOf(request: Request): Visitor
  /** Why a request has no visitor. */
  tokenRefusalOf(request: Request): TokenRefusal | undefined
  /** For the title of the OpenAPI document. */
  siteName(): string
}

const ROOT = '/api/data/v9.2'
/** Clients write the version they know. */
const VERSIONS = /^v9\.[0-2]$/

const TOKEN_REFUSALS: Readonly<Record<TokenRefusal, string>> = {
  missing: 'Send the token of a service account: Authorization: Bearer comptoir_…',
  unknown: 'There is no such token',
  expired: 'The token has expired; an administrator makes another',
  revoked: 'The token has been revoked',
  disabled: 'The service account has been disabled',
  account_inactive: 'The customer account of this token is not active any more',
}

/**
 * The data API for programs: `/api/data/v9.2/` speaks Dataverse's OData, for service accounts with a token, under the same permissions as
 * every page (docs/api.md).
 */
export async function registerDataApi(server: HttpServer, options: DataApiOptions): Promise<void> {
  await server.register(async (api) => {
    readBodies(api)
    api.setErrorHandler((error, request, reply) => answerError(options, 'data', error, request, reply))
    const handler = async (request: Request & { params: unknown }, reply: Parameters<typeof sendAnswer>[0]) => {
      const { version = '' } = request.params as { version?: string }
      if (!VERSIONS.test(version))
        throw new ApiRefusal('resource', `There is no version '${printable(version)}' of this API; use ${ROOT}/`)
      const visitor = options.visitorOf(request)
      if (visitor.kind === 'anonymous')
        throw new ApiRefusal('sign_in', TOKEN_REFUSALS[options.tokenRefusalOf(request) ?? 'missing'])
      const rootPath = `/api/data/${version}`
      const caller = callerOf(options, request, { dialect: 'data', visitor, rootPath })
      const call = callOf(request, rootPath)
      if (call.path === 'openapi.json' && call.method === 'GET')
        return sendAnswer(reply, openApiAnswer(caller, options.siteName()))
      const isBatch = call.path === '$batch' && call.method === 'POST'
      return sendAnswer(reply, isBatch ? await performBatch(caller, call) : await perform(caller, call))
    }
    const method = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE']
    api.route({ method: 'POST', url: '/api/data/:version/$batch', bodyLimit: BATCH_BYTES_MAX, handler })
    api.route({ method, url: '/api/data/:version', bodyLimit: BODY_BYTES_MAX, handler })
    api.route({ method, url: '/api/data/:version/*', bodyLimit: BODY_BYTES_MAX, handler })
  })
}

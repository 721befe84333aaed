import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Visitor } from '#access/visitor.ts'
import type { HttpServer, Request } from '#http/server.ts'
import type { JsonObject } from '#lib/json.ts'
import { DUAL_WRITE_ROOT, describeDualWriteApi } from './dual-write-api.ts'
import { openApiDocument } from './openapi/document.ts'
import { type DescribedApi, docsPage } from './openapi/page.ts'
import { type ApiParts, tablesOf } from './service/caller.ts'
import { callerOf } from './service/http.ts'

export type ApiDocsOptions = ApiParts & {
  visitorOf(request: Request): Visitor
  /** The site's name, for titles. */
  siteName(): string
}

const ROOTS: Readonly<Record<DescribedApi, string>> = { data: '/api/data/v9.2', portal: '/_api', 'dual-write': DUAL_WRITE_ROOT }

/** `/api/docs`: the APIs as pages to read, and as OpenAPI 3.1 documents: of rows, what the visitor may use. */
export async function registerApiDocs(server: HttpServer, options: ApiDocsOptions): Promise<void> {
  const file = (name: string) => readFileSync(join(import.meta.dirname, 'openapi', name), 'utf8')
  const [styles, script] = [file('page.css'), file('page.js')]
  server.get('/api/docs', (request, reply) => {
    const dialect = askedApi(request)
    const visitor = options.visitorOf(request)
    const document = describeApi(options, request, dialect)
    const canTry = dialect === 'portal' && visitor.kind === 'contact'
    const page = docsPage({ document, dialect, language: visitor.language, path: '/api/docs', canTry })
    return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page.text)
  })
  server.get('/api/docs/openapi.json', (request, reply) => {
    return reply.header('cache-control', 'no-store').send(describeApi(options, request, askedApi(request)))
  })
  server.get('/api/docs/page.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(styles))
  server.get('/api/docs/page.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script))
}

function askedApi(request: Request): DescribedApi {
  const { api } = request.query as { api?: unknown }
  return api === 'data' || api === 'dual-write' ? api : 'portal'
}

/** The document of one API for who asks; that of the sync engine is the same for all. */
function describeApi(options: ApiDocsOptions, request: Request, dialect: DescribedApi): JsonObject {
  const visitor = options.visitorOf(request)
  if (dialect === 'dual-write') {
    const root = new URL(`${request.protocol}://${request.host}${DUAL_WRITE_ROOT}`).href
    return describeDualWriteApi({ siteName: options.siteName(), root })
  }
  const accountPath = dialect === 'portal' && visitor.kind === 'contact' ? visitor.accountPath : ''
  const caller = callerOf(options, request, { dialect, visitor, rootPath: `${accountPath}${ROOTS[dialect]}` })
  const { catalog, language, root } = caller
  return openApiDocument({ catalog, tables: tablesOf(caller), dialect, language, root, siteName: options.siteName() })
}

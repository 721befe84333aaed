import { messageOf } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import type { Database, Tx } from '#postgres/database.ts'
import type { Writer } from '../domain/writers.ts'
import type { Catalog } from '../entities/catalog.ts'
import { runBatch } from './batch.ts'
import { fail, failureBody, failureOf } from './failures.ts'
import { metadataDocument, serviceDocument } from './metadata.ts'
import { jsonResponse, metadataLevel, type ODataRequest, type ODataResponse } from './protocol.ts'
import { readRecord, readRelated, readSet } from './read.ts'
import { type ParsedUrl, parseUrl } from './target.ts'
import { createRecord, createRelated, deleteRecord, updateRecord, type Writing } from './write.ts'

export type ODataService = {
  /** Answers any request below /data; what is refused is an answer too. */
  handle(request: ODataRequest, intercept: (url: string) => ODataResponse | undefined): Promise<ODataResponse>
}

export type ODataServiceOptions = {
  database: Database
  catalog: Catalog
  writers: Readonly<Record<string, Writer>>
  clock: Clock
  log: Log
  pageRowsMax: number
}

export function createODataService(options: ODataServiceOptions): ODataService {
  const { database, catalog, log } = options
  const metadata = metadataDocument(catalog)
  const perform = (tx: Tx, request: ODataRequest) => performParsed(tx, options, metadata, request, parseUrl(catalog, request.url))

  async function handle(request: ODataRequest, intercept: (url: string) => ODataResponse | undefined): Promise<ODataResponse> {
    try {
      const url = parseUrl(catalog, request.url)
      if (url.target.kind === 'batch') {
        if (request.method !== 'POST') failMethod(request)
        return await runBatch(request, {
          single: (part) => handle(withoutBatch(part), intercept),
          together: (work) => database.transaction((tx) => work(perform, tx)),
          refusal,
          intercept,
        })
      }
      const work = (tx: Tx) => performParsed(tx, options, metadata, request, url)
      return await (request.method === 'GET' ? database.read(work) : database.transaction(work))
    } catch (error) {
      return refusal(error)
    }
  }

  function refusal(error: unknown): ODataResponse {
    const failure = failureOf(error)
    if (failure !== undefined) {
      const response = jsonResponse(failure.status, failureBody(failure))
      return { ...response, headers: { ...response.headers, ...failure.headers } }
    }
    log.error({ reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined }, 'an OData request failed')
    return jsonResponse(500, failureBody({ status: 500, message: 'An error has occurred.' }))
  }

  return { handle }
}

function performParsed(
  tx: Tx,
  options: ODataServiceOptions,
  metadata: string,
  request: ODataRequest,
  url: ParsedUrl,
): Promise<ODataResponse> {
  return request.method === 'GET' ? performRead(tx, options, metadata, request, url) : performWrite(tx, options, request, url)
}

async function performRead(
  tx: Tx,
  options: ODataServiceOptions,
  metadata: string,
  request: ODataRequest,
  url: ParsedUrl,
): Promise<ODataResponse> {
  const { target } = url
  const { catalog } = options
  switch (target.kind) {
    case 'service':
      return jsonResponse(200, serviceDocument(catalog, request.root), metadataLevel(request))
    case 'metadata':
      return {
        status: 200,
        headers: { 'content-type': 'application/xml; charset=utf-8', 'odata-version': '4.0' },
        body: metadata,
      }
    case 'set':
      return readSet(tx, catalog, target, request, url, options.pageRowsMax)
    case 'record':
      return readRecord(tx, catalog, target, request, url)
    case 'related':
      return readRelated(tx, catalog, target, request, url, options.pageRowsMax)
    case 'batch':
      return failMethod(request)
  }
}

async function performWrite(tx: Tx, options: ODataServiceOptions, request: ODataRequest, url: ParsedUrl): Promise<ODataResponse> {
  const { target } = url
  const { method } = request
  const writing: Writing = { catalog: options.catalog, writers: options.writers, context: { nowMs: options.clock.nowMs() } }
  if (target.kind === 'set' && !target.count && method === 'POST') return createRecord(tx, writing, target, request)
  if (target.kind === 'related' && !target.count && method === 'POST') return createRelated(tx, writing, target, request, url)
  if (target.kind === 'record' && (method === 'PATCH' || method === 'PUT')) return updateRecord(tx, writing, target, request, url)
  if (target.kind === 'record' && method === 'DELETE') return deleteRecord(tx, writing, target, request, url)
  return failMethod(request)
}

function failMethod(request: ODataRequest): never {
  return fail({ status: 405, message: `The requested resource does not support http method '${request.method}'.` })
}

/** A batch inside a batch is refused. */
function withoutBatch(request: ODataRequest): ODataRequest {
  return request.url.startsWith('/$batch') ? { ...request, method: 'NONE' } : request
}

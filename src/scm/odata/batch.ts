import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Tx } from '#postgres/database.ts'
import { type BatchPart, type BatchRequest, parseBatch } from './batch-syntax.ts'
import { fail } from './failures.ts'
import type { ODataRequest, ODataResponse } from './protocol.ts'

/** How a batch has its parts done. */
export type BatchExecutor = {
  /** A request on its own, with its own transaction; never throws for what the client did. */
  single(request: ODataRequest): Promise<ODataResponse>
  /** All of them in one transaction; throws when one is refused, and then none has happened. */
  together(work: (perform: (tx: Tx, request: ODataRequest) => Promise<ODataResponse>, tx: Tx) => Promise<void>): Promise<void>
  /** The answer to a thrown refusal. */
  refusal(error: unknown): ODataResponse
  /** An answer that takes the place of the part's own: throttling sits inside the parts. */
  intercept(url: string): ODataResponse | undefined
}

/** POST /data/$batch: always 200; each part tells its own status, and a change set that was refused tells one. */
export async function runBatch(request: ODataRequest, executor: BatchExecutor): Promise<ODataResponse> {
  const parts = parseBatch(request.headers['content-type'] ?? '', request.body)
  const boundary = `batchresponse_${randomUUID()}`
  let body = ''
  for (const part of parts) body += `--${boundary}\r\n${await runPart(request, part, executor)}`
  body += `--${boundary}--\r\n`
  return {
    status: 200,
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}`, 'odata-version': '4.0' },
    body,
  }
}

async function runPart(batch: ODataRequest, part: BatchPart, executor: BatchExecutor): Promise<string> {
  if (part.kind === 'request') {
    const request = inside(batch, part.request, new Map())
    const response = executor.intercept(request.url) ?? (await executor.single(request))
    return formatPart(response, part.request.contentId)
  }
  const first = part.requests[0]
  const intercepted = first === undefined ? undefined : executor.intercept(inside(batch, first, new Map()).url)
  if (intercepted !== undefined) return formatPart(intercepted, first?.contentId)
  return runChangeSet(batch, part.requests, executor)
}

async function runChangeSet(batch: ODataRequest, requests: readonly BatchRequest[], executor: BatchExecutor): Promise<string> {
  const boundary = `changesetresponse_${randomUUID()}`
  let body = ''
  let at: string | undefined
  try {
    await executor.together(async (perform, tx) => {
      // A transaction that lost a deadlock is run again from its start.
      body = ''
      const created = new Map<string, string>()
      for (const one of requests) {
        at = one.contentId
        if (one.method === 'GET') fail({ status: 400, message: 'A change set cannot read.' })
        const response = await perform(tx, inside(batch, one, created))
        if (one.contentId !== undefined && response.headers.location !== undefined) {
          created.set(one.contentId, response.headers.location.slice(batch.root.length))
        }
        body += `--${boundary}\r\n${formatPart(response, one.contentId)}`
      }
    })
  } catch (error) {
    return formatPart(executor.refusal(error), at)
  }
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${body}--${boundary}--\r\n`
}

/** A part's request as one of the service's own: absolute and relative addresses and `$1` references become paths below /data. */
function inside(batch: ODataRequest, part: BatchRequest, created: ReadonlyMap<string, string>): ODataRequest {
  return {
    ...batch,
    method: part.method,
    url: pathOf(part.url, created),
    headers: { accept: batch.headers.accept ?? '', ...part.headers },
    body: part.body,
  }
}

function pathOf(url: string, created: ReadonlyMap<string, string>): string {
  const reference = /^\/?\$([^/?]+)(.*)$/.exec(url)
  const location = reference?.[1] === undefined ? undefined : created.get(reference[1])
  // The record was made a moment ago in whatever company its body named.
  if (reference !== null && location !== undefined) {
    const rest = reference[2] ?? ''
    return `${location}${rest}${rest.includes('?') ? '&' : '?'}cross-company=true`
  }
  const data = /^(?:https?:\/\/[^/]*)?\/data(\/.*|$)/i.exec(url)
  if (data !== null) return data[1] || '/'
  return url.startsWith('/') ? url : `/${url}`
}

function formatPart(response: ODataResponse, contentId: string | undefined): string {
  const lines = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']
  if (contentId !== undefined) lines.push(`Content-ID: ${contentId}`)
  lines.push('', `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`)
  for (const [name, value] of Object.entries(response.headers)) lines.push(`${titleCase(name)}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n${response.body}\r\n`
}

function titleCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())
}

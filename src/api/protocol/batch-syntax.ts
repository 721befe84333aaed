import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { ApiRefusal, printable } from './refusals.ts'

/** One request of a batch, as written. */
export type BatchRequest = {
  method: string
  url: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>
  body: string
  contentId: string | undefined
}

export type BatchPart = { kind: 'request'; request: BatchRequest } | { kind: 'changeSet'; requests: readonly BatchRequest[] }

const REQUESTS_MAX = 1_000
const HEADERS_MAX = 100

/**
 * Takes a multipart/mixed body apart, as tolerantly as clients need: line ends of either kind, also before the first boundary; spaces
 * behind boundaries; a change set or batch that is never closed. Throws ApiRefusal `invalid`.
 */
export function parseBatch(contentType: string, body: string): BatchPart[] {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined)
    throw new ApiRefusal('invalid', 'A batch has the Content-Type multipart/mixed with a boundary of 1 to 70 characters')
  const parts = partsBetween(body, boundary).map((text): BatchPart => {
    const { headers, rest } = takeHeaders(text, skipBlankLines(text, 0))
    const inner = boundaryOf(headers['content-type'] ?? '')
    if (inner === undefined) return { kind: 'request', request: requestOf(headers, rest) }
    const requests = partsBetween(rest, inner).map((one) => {
      const part = takeHeaders(one, skipBlankLines(one, 0))
      if (boundaryOf(part.headers['content-type'] ?? '') !== undefined)
        throw new ApiRefusal('invalid', 'A change set holds requests, not further batches')
      return requestOf(part.headers, part.rest)
    })
    return { kind: 'changeSet', requests }
  })
  const count = parts.reduce((sum, part) => sum + (part.kind === 'request' ? 1 : part.requests.length), 0)
  if (count === 0) throw new ApiRefusal('invalid', 'The batch has no requests: is the boundary the one of its Content-Type?')
  if (count > REQUESTS_MAX) throw new ApiRefusal('invalid', `The batch has ${count} requests; ${REQUESTS_MAX} is the most`)
  return parts
}

export type PartAnswer = {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
  contentId: string | undefined
}

/** The answer to a batch. Nothing stands before its first boundary: clients take the first line for it. */
export function formatBatch(parts: readonly (PartAnswer | readonly PartAnswer[])[]): { contentType: string; body: string } {
  const boundary = `batchresponse_${randomUUID()}`
  const text = parts.map(
    (part) => `--${boundary}\r\n${Array.isArray(part) ? formatChangeSet(part) : formatPart(part as PartAnswer)}`,
  )
  return { contentType: `multipart/mixed; boundary=${boundary}`, body: `${text.join('')}--${boundary}--\r\n` }
}

function formatChangeSet(answers: readonly PartAnswer[]): string {
  const boundary = `changesetresponse_${randomUUID()}`
  const text = answers.map((answer) => `--${boundary}\r\n${formatPart(answer)}`)
  return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${text.join('')}--${boundary}--\r\n`
}

function formatPart(answer: PartAnswer): string {
  const lines = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']
  if (answer.contentId !== undefined) lines.push(`Content-ID: ${answer.contentId}`)
  lines.push('', `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`)
  for (const [name, value] of Object.entries(answer.headers)) lines.push(`${titleCase(name)}: ${oneLine(value)}`)
  return `${lines.join('\r\n')}\r\n\r\n${answer.body}\r\n`
}

function titleCase(name: string): string {
  if (name === 'odata-entityid') return 'OData-EntityId'
  if (name === 'odata-version') return 'OData-Version'
  return name.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())
}

/** A header of a part is one line, whatever it holds. */
function oneLine(value: string): string {
  return value.replace(/[\r\n]+/g, ' ')
}

function boundaryOf(contentType: string): string | undefined {
  if (!/^\s*multipart\/mixed\s*(;|$)/i.test(contentType)) return undefined
  const found = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const boundary = found?.[1] ?? found?.[2]
  return boundary !== undefined && boundary.length <= 70 ? boundary : undefined
}

function partsBetween(body: string, boundary: string): string[] {
  const parts: string[] = []
  let start: number | undefined
  for (const { at, end, text } of lines(body)) {
    if (text !== `--${boundary}` && text !== `--${boundary}--`) continue
    if (start !== undefined) parts.push(body.slice(start, at))
    start = end
    if (text === `--${boundary}--`) return parts.filter((part) => part.trim() !== '')
  }
  if (start !== undefined) parts.push(body.slice(start))
  return parts.filter((part) => part.trim() !== '')
}

function* lines(body: string): Generator<{ at: number; end: number; text: string }> {
  for (let at = 0; at < body.length; ) {
    const newline = body.indexOf('\n', at)
    const end = newline < 0 ? body.length : newline + 1
    yield { at, end, text: body.slice(at, end).trimEnd() }
    at = end
  }
}

type Headers = Readonly<Record<string, string>>

/** Header lines up to the empty one. */
function takeHeaders(text: string, start: number): { headers: Headers; rest: string } {
  const headers: Record<string, string> = Object.create(null)
  let at = start
  for (let count = 0; ; count++) {
    if (count > HEADERS_MAX) throw new ApiRefusal('invalid', `A part of the batch has more than ${HEADERS_MAX} headers`)
    const newline = text.indexOf('\n', at)
    const line = (newline < 0 ? text.slice(at) : text.slice(at, newline)).trim()
    at = newline < 0 ? text.length : newline + 1
    const colon = line.indexOf(':')
    if (line !== '' && colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
    if (line === '' || newline < 0) return { headers, rest: text.slice(at) }
  }
}

function requestOf(partHeaders: Headers, text: string): BatchRequest {
  const start = skipBlankLines(text, 0)
  const newline = text.indexOf('\n', start)
  const line = (newline < 0 ? text.slice(start) : text.slice(start, newline)).trim()
  const [, method, url] = /^([A-Za-z]+)[ \t]+(\S.*?)(?:[ \t]+HTTP\/\d(?:\.\d)?)?$/.exec(line) ?? []
  if (method === undefined || url === undefined)
    throw new ApiRefusal(
      'invalid',
      `A part of the batch has no request line such as 'GET accounts HTTP/1.1': '${printable(line)}'`,
    )
  const { headers, rest } = newline < 0 ? { headers: {}, rest: '' } : takeHeaders(text, newline + 1)
  const contentId = partHeaders['content-id'] ?? headers['content-id']
  return { method: method.toUpperCase(), url, headers, body: rest.trim(), contentId }
}

function skipBlankLines(text: string, start: number): number {
  return start + (/^(?:[ \t]*\r?\n)*/.exec(text.slice(start))?.[0].length ?? 0)
}

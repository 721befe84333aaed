import { failBody } from './failures.ts'

/** One request of a batch, as written. */
export type BatchRequest = {
  method: string
  url: string
  headers: Record<string, string>
  body: string
  contentId: string | undefined
}

export type BatchPart = { kind: 'request'; request: BatchRequest } | { kind: 'changeSet'; requests: BatchRequest[] }

const OPERATIONS_MAX = 1_000

/**
 * Takes a multipart/mixed body apart, as tolerantly as clients need: boundaries with spaces behind them, line ends of either kind before
 * the first one, a change set that is never closed, a batch without its last boundary.
 */
export function parseBatch(contentType: string, body: string): BatchPart[] {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) failBody('The batch has no boundary in its Content-Type.')
  const parts = splitParts(body, boundary).map((text) => {
    const part = parsePart(text)
    const inner = boundaryOf(part.headers['content-type'] ?? '')
    if (inner === undefined) return { kind: 'request' as const, request: requestOf(part) }
    return { kind: 'changeSet' as const, requests: splitParts(part.content, inner).map((one) => requestOf(parsePart(one))) }
  })
  const count = parts.reduce((sum, part) => sum + (part.kind === 'request' ? 1 : part.requests.length), 0)
  if (count > OPERATIONS_MAX) failBody(`The batch has ${count} operations; ${OPERATIONS_MAX} is the most.`)
  return parts
}

type Part = { headers: Record<string, string>; content: string }

function boundaryOf(contentType: string): string | undefined {
  if (!/^\s*multipart\/mixed/i.test(contentType)) return undefined
  const found = /boundary\s*=\s*(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  return found?.[1] ?? found?.[2]
}

function splitParts(body: string, boundary: string): string[] {
  const lines = body.split('\n')
  const parts: string[] = []
  let current: string[] | undefined
  for (const line of lines) {
    const text = line.trimEnd()
    if (text === `--${boundary}` || text === `--${boundary}--`) {
      if (current !== undefined) parts.push(current.join('\n'))
      current = text.endsWith('--') && text !== `--${boundary}` ? undefined : []
    } else current?.push(line)
  }
  if (current !== undefined) parts.push(current.join('\n'))
  return parts.filter((part) => part.trim() !== '')
}

function parsePart(text: string): Part {
  const { headers, rest } = takeHeaders(text.replace(/^(\s*\r?\n)+/, ''))
  return { headers, content: rest }
}

/** Header lines up to the empty one. */
function takeHeaders(text: string): { headers: Record<string, string>; rest: string } {
  const headers: Record<string, string> = {}
  let at = 0
  for (;;) {
    const end = text.indexOf('\n', at)
    const line = (end < 0 ? text.slice(at) : text.slice(at, end)).trim()
    at = end < 0 ? text.length : end + 1
    const colon = line.indexOf(':')
    if (line !== '' && colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
    if (line === '' || end < 0) return { headers, rest: text.slice(at) }
  }
}

function requestOf(part: Part): BatchRequest {
  const text = part.content.replace(/^\s+/, '')
  const end = text.indexOf('\n')
  const line = (end < 0 ? text : text.slice(0, end)).trim()
  const [, method, url] = /^([A-Za-z]+)\s+(\S.*?)(?:\s+HTTP\/\d\.\d)?$/.exec(line) ?? []
  if (method === undefined || url === undefined) failBody(`A part of the batch has no request line: '${line.slice(0, 100)}'.`)
  const { headers, rest } = end < 0 ? { headers: {}, rest: '' } : takeHeaders(text.slice(end + 1))
  const contentId = part.headers['content-id'] ?? (headers as Record<string, string>)['content-id']
  return { method: method.toUpperCase(), url, headers, body: rest.trim(), contentId }
}

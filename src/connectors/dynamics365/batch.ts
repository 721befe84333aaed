import type { Answer } from './answer.ts'
import type { Call } from './transport.ts'

/** What a batch holds: a read on its own, or writes that happen together or not at all. */
export type BatchItem = { kind: 'read'; call: Call } | { kind: 'changeSet'; calls: readonly Call[] }

export type BatchPart = Answer & { contentId: string | undefined }

export type Batch = { contentType: string; body: string }

/** Calls of change sets are numbered through from 1 as their Content-ID. `root` is where /data is: addresses in a batch are absolute. */
export function formatBatch(items: readonly BatchItem[], root: string, name: string): Batch {
  const lines: string[] = []
  let number = 0
  items.forEach((item, index) => {
    lines.push(`--batch_${name}`)
    if (item.kind === 'read') {
      lines.push(...PART_HEADERS, '', ...requestLines(item.call, root))
      return
    }
    const changeSet = `changeset_${name}_${index}`
    lines.push(`Content-Type: multipart/mixed; boundary=${changeSet}`, '')
    for (const call of item.calls) {
      lines.push(`--${changeSet}`, ...PART_HEADERS, `Content-ID: ${++number}`, '', ...requestLines(call, root))
    }
    lines.push(`--${changeSet}--`)
  })
  lines.push(`--batch_${name}--`, '')
  return { contentType: `multipart/mixed; boundary=batch_${name}`, body: lines.join('\r\n') }
}

/**
 * The answers of each item, in order: of a change set that was done one for each call, of a refused one a single answer. Undefined when
 * the body is not the whole answer to a batch.
 */
export function parseBatch(contentType: string, body: string): BatchPart[][] | undefined {
  const boundary = boundaryOf(contentType)
  const parts = boundary === undefined ? undefined : splitParts(body, boundary)
  return parts?.map((text) => {
    const { headers, rest } = takeHeaders(text)
    const inner = boundaryOf(headers['content-type'] ?? '')
    if (inner === undefined) return answersOf(text)
    return (splitParts(rest, inner) ?? []).flatMap(answersOf)
  })
}

const PART_HEADERS = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary']

function requestLines({ method, path, headers, body }: Call, root: string): string[] {
  const all: Readonly<Record<string, string>> = {
    ...(body !== undefined && { 'Content-Type': 'application/json;odata.metadata=minimal' }),
    ...headers,
  }
  const headerLines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${root}${path} HTTP/1.1`, 'OData-Version: 4.0', ...headerLines, '', body ?? '']
}

function boundaryOf(contentType: string): string | undefined {
  const found = /^\s*multipart\/mixed\s*;.*?\bboundary\s*=\s*(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  return found?.[1] ?? found?.[2]
}

/** Undefined without the closing boundary: what is missing might have said no. */
function splitParts(body: string, boundary: string): string[] | undefined {
  const parts: string[][] = []
  for (const line of body.split('\n')) {
    const text = line.trimEnd()
    if (text === `--${boundary}--`) return parts.map((lines) => lines.join('\n'))
    if (text === `--${boundary}`) parts.push([])
    else parts.at(-1)?.push(line)
  }
  return undefined
}

/** A part of type application/http: its own headers, then a status line, headers and a body. */
function answersOf(text: string): BatchPart[] {
  const part = takeHeaders(text)
  const [statusLine = ''] = part.rest.split('\n', 1)
  const status = Number(/^HTTP\/\d(?:\.\d)? (\d{3})\b/.exec(statusLine)?.[1])
  if (!Number.isInteger(status)) return []
  const { headers, rest } = takeHeaders(part.rest.slice(statusLine.length + 1))
  return [{ status, headers, body: rest.trim(), contentId: part.headers['content-id'] ?? headers['content-id'] }]
}

function takeHeaders(text: string): { headers: Record<string, string>; rest: string } {
  const headers: Record<string, string> = {}
  let at = 0
  while (at < text.length) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end).trim()
    at = end < 0 ? text.length : end + 1
    if (line === '') break
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { headers, rest: text.slice(at) }
}

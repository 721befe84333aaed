import type { Readable } from 'node:stream'

/** One request to a service: by itself, or out of a batch. */
export type ApiCall = {
  method: string
  /** Below the service's root, still encoded: 'accounts(…)/name'. */
  path: string
  /** Without the question mark, still encoded. */
  query: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string | undefined>>
  /** Text, or for the content of a file what comes in. */
  body: string | Readable
}

export type ApiAnswer = { status: number; headers: Readonly<Record<string, string>>; body: string | Readable }

const JSON_TYPE = 'application/json; odata.metadata=minimal'

export function jsonAnswer(body: string, more: { status?: number; headers?: Readonly<Record<string, string>> } = {}): ApiAnswer {
  return { status: more.status ?? 200, headers: { 'content-type': JSON_TYPE, ...more.headers }, body }
}

export function emptyAnswer(headers: Readonly<Record<string, string>> = {}, status = 204): ApiAnswer {
  return { status, headers, body: '' }
}

/** The path and query of an address below the root. */
export function splitQuery(text: string): { path: string; query: string } {
  const mark = text.indexOf('?')
  return mark < 0 ? { path: text, query: '' } : { path: text.slice(0, mark), query: text.slice(mark + 1) }
}

import { Agent, type Dispatcher, request } from 'undici'
import { messageOf } from '#lib/app-error.ts'

export type HttpRequest = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  url: string
  headers: Readonly<Record<string, string>>
  body?: string
  timeoutMs: number
}

export type HttpAnswer = {
  kind: 'answer'
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

/** There was no answer, or not the whole of it: what was asked may have been done or not. */
export type NoAnswer = { kind: 'no_answer'; timedOut: boolean; reason: string }

export type Http = {
  (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | NoAnswer>
  /** Ends all connections at once. */
  close(): Promise<void>
}

/** The metadata of a real environment has some 50 MB. */
const BODY_BYTES_MAX = 128 * 1024 * 1024
const KEEP_ALIVE_MS = 30_000

/**
 * Requests over kept-alive connections, each within its time. Answers of any status are answers; rejects only with the signal's reason.
 * Idle connections do not keep the process alive.
 */
export function createHttp(options: { connectionsMax: number }): Http {
  const agent = new Agent({ connections: options.connectionsMax, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS })
  const send = async (
    { method, url, headers, body, timeoutMs }: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer | NoAnswer> => {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await request(url, {
        method,
        headers,
        body: body ?? null,
        dispatcher: agent,
        signal: AbortSignal.any([signal, timeout]),
        // One time limit for the whole request, not one for each of its parts.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      const text = await readBody(response.body)
      return { kind: 'answer', status: response.statusCode, headers: plainHeaders(response.headers), body: text }
    } catch (error) {
      signal.throwIfAborted()
      if (timeout.aborted) return { kind: 'no_answer', timedOut: true, reason: `no answer within ${timeoutMs} ms` }
      return { kind: 'no_answer', timedOut: false, reason: messageOf(error) || String((error as { code?: string }).code) }
    }
  }
  return Object.assign(send, { close: () => agent.destroy() })
}

async function readBody(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length
    if (bytes > BODY_BYTES_MAX) throw new Error(`the answer is longer than ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return plain
}

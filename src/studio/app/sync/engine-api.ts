import { answer, meQuery, queryClient } from '../lib/api.ts'

/** The API of the sync engine, the same that programs use. */
export const ENGINE_ROOT = '/api/dual-write'

export async function readEngine<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') parameters.set(name, String(value))
  const text = parameters.toString()
  const url = `${ENGINE_ROOT}${path}${text === '' ? '' : `?${text}`}`
  return answer<T>(await fetch(url, { headers: { accept: 'application/json' } }))
}

/** Does something: runs, pauses, repairs. Answers what the engine says about it. Throws ApiFailure with what it refused. */
export async function askEngine<T = unknown>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body: object = {},
  signal?: AbortSignal,
): Promise<T> {
  const me = await queryClient.ensureQueryData(meQuery)
  return answer<T>(
    await fetch(ENGINE_ROOT + path, {
      method,
      headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrfToken },
      body: JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    }),
  )
}

/** Asks for an answer that comes in lines of JSON, and hands each over as it arrives. Throws ApiFailure where nothing begins. */
export async function askLines<T>(path: string, body: object, signal: AbortSignal, take: (line: T) => void): Promise<void> {
  const me = await queryClient.ensureQueryData(meQuery)
  const response = await fetch(ENGINE_ROOT + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': me.csrfToken },
    body: JSON.stringify(body),
    signal,
  })
  if (!response.ok || response.body === null) return answer<undefined>(response)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + (value ?? '')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(JSON.parse(line) as T)
    if (done) return
  }
}

export function mapPath(map: string, rest = ''): string {
  return `/maps/${encodeURIComponent(map)}${rest}`
}

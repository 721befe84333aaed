import { AppError } from '#lib/app-error.ts'
import type { Clock } from '#lib/clock.ts'
import { isJsonObject } from '#lib/json.ts'
import type { Http } from './http.ts'

export type TokenSource = {
  /** A token that is still good for a while. Throws AppError `connector.unavailable` when there is none to be had now. */
  get(signal: AbortSignal): Promise<string>
  /** The ERP did not accept it: the next `get` asks for another. */
  drop(token: string): void
}

export type Credentials = { url: string; tokenUrl: string; clientId: string; clientSecret: string }

/** Renewed this long before the end, or at nine tenths of a short life. */
const RENEW_BEFORE_MS = 5 * 60_000
const LIFETIME_S_DEFAULT = 3_600
const LIFETIME_S_MAX = 24 * 3_600

/**
 * OAuth 2.0 client credentials, one token for all calls, asked for once however many wait for it. Version 1 of the token endpoint wants the
 * environment as `resource`, version 2 (…/v2.0/token) as `scope`.
 */
export function createTokenSource(options: Credentials & { http: Http; clock: Clock; timeoutMs: number }): TokenSource {
  const { http, clock } = options
  let current: { token: string; renewAtMs: number } | undefined
  let pending: Promise<string> | undefined

  async function ask(): Promise<string> {
    const answer = await http(
      {
        method: 'POST',
        url: options.tokenUrl,
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: form(options).toString(),
        timeoutMs: options.timeoutMs,
      },
      // No caller's own signal: the others wait for the same answer.
      NEVER,
    )
    if (answer.kind === 'no_answer') throw unavailable(`The token endpoint of the ERP cannot be reached: ${answer.reason}`)
    const body = parse(answer.body)
    const token = body?.access_token
    if (answer.status !== 200 || typeof token !== 'string' || token === '') {
      const error = typeof body?.error === 'string' ? ` (${body.error.slice(0, 100)})` : ''
      throw unavailable(
        `The token endpoint of the ERP answered ${answer.status}${error}; check ERP_CLIENT_ID and ERP_CLIENT_SECRET`,
      )
    }
    const lifetimeMs = lifetimeS(body?.expires_in) * 1_000
    current = { token, renewAtMs: clock.nowMs() + Math.max(lifetimeMs - RENEW_BEFORE_MS, lifetimeMs * 0.9) }
    return token
  }

  return {
    async get(signal) {
      if (current !== undefined && clock.nowMs() < current.renewAtMs) return current.token
      pending ??= ask().finally(() => {
        pending = undefined
      })
      return untilAborted(pending, signal)
    },
    drop(token) {
      if (current?.token === token) current = undefined
    },
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

const NEVER = new AbortController().signal

function form({ url, tokenUrl, clientId, clientSecret }: Credentials): URLSearchParams {
  const parameters = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  if (new URL(tokenUrl).pathname.includes('/v2.0/')) parameters.set('scope', `${url}/.default`)
  else parameters.set('resource', url)
  return parameters
}

/** Version 1 says it as text. */
function lifetimeS(value: unknown): number {
  const seconds = Number(value)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, LIFETIME_S_MAX) : LIFETIME_S_DEFAULT
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function unavailable(message: string): AppError {
  return new AppError('connector.unavailable', message, { details: {} })
}

import { AppError } from '#lib/app-error.ts'

/** What one token may ask within WINDOW_MS, as Dataverse limits a user: requests, seconds of work, and requests at once. */
export type TokenLimits = { requestsMax: number; secondsMax: number; atOnceMax: number }

export const TOKEN_LIMITS: TokenLimits = { requestsMax: 6_000, secondsMax: 1_200, atOnceMax: 52 }
const WINDOW_MS = 300_000
const TOKENS_MAX = 10_000

export type Allowance = {
  headers: Record<string, string>
  /** When the request has been answered. */
  settle(nowMs: number): void
}

export type TokenMeter = {
  /**
   * Counts a request of the token. Throws AppError `access.too_many` beyond a limit, with `details` { code, retryAfterSeconds }: the codes
   * are those that clients of Dataverse know.
   */
  begin(tokenId: string, nowMs: number): Allowance
}

type Count = { startedMs: number; requests: number; workMs: number; atOnce: number }

/** Counts by token, in windows of five minutes, in this process. */
export function createTokenMeter(limits: TokenLimits): TokenMeter {
  const counts = new Map<string, Count>()
  const countOf = (tokenId: string, nowMs: number): Count => {
    const known = counts.get(tokenId)
    if (known !== undefined && nowMs - known.startedMs < WINDOW_MS) return known
    if (counts.size >= TOKENS_MAX) for (const [id, one] of counts) if (one.atOnce === 0 && id !== tokenId) counts.delete(id)
    const fresh: Count = { startedMs: nowMs, requests: 0, workMs: 0, atOnce: known?.atOnce ?? 0 }
    counts.set(tokenId, fresh)
    return fresh
  }
  return {
    begin(tokenId, nowMs) {
      const count = countOf(tokenId, nowMs)
      const waitSeconds = Math.max(1, Math.ceil((count.startedMs + WINDOW_MS - nowMs) / 1_000))
      if (count.requests >= limits.requestsMax)
        throw tooMany('0x80072322', waitSeconds, `${limits.requestsMax} requests in ${WINDOW_MS / 1_000} seconds`)
      if (count.workMs >= limits.secondsMax * 1_000)
        throw tooMany('0x80072321', waitSeconds, `${limits.secondsMax} seconds of work in ${WINDOW_MS / 1_000} seconds`)
      if (count.atOnce >= limits.atOnceMax) throw tooMany('0x80072326', 1, `${limits.atOnceMax} requests at once`)
      count.requests++
      count.atOnce++
      return {
        headers: {
          'x-ms-ratelimit-burst-remaining-xrm-requests': String(limits.requestsMax - count.requests),
          'x-ms-ratelimit-time-remaining-xrm-requests': String(Math.max(0, limits.secondsMax - count.workMs / 1_000)),
        },
        settle(endMs) {
          const current = counts.get(tokenId)
          if (current === undefined) return
          current.workMs += endMs - nowMs
          current.atOnce = Math.max(0, current.atOnce - 1)
        },
      }
    },
  }
}

function tooMany(code: string, retryAfterSeconds: number, limit: string): AppError {
  return new AppError('access.too_many', `This token is limited to ${limit}; try again in ${retryAfterSeconds} seconds`, {
    details: { code, retryAfterSeconds },
  })
}

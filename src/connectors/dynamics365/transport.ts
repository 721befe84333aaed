import type { Pace, PaceReport } from '#connector/pace.ts'
import { AppError, isAppError } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#log/log.ts'
import { type Answer, judge, retryAfterMs, type Verdict } from './answer.ts'
import type { Http } from './http.ts'
import type { TokenSource } from './token.ts'

export type Call = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the root of the environment: '/data/…'. */
  path: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Where an answer may take longer than others. */
  timeoutMs?: number
}

export type Retry = Extract<Verdict, { kind: 'retry' }>

/** The ERP's answer with what it means, or why there is none. */
export type Reply = { answer: Answer; verdict: Verdict } | { answer: undefined; verdict: Retry }

export type Transport = {
  /** Sends once. `patienceMs` is how long it may wait for the end of a pause that the ERP asked for. */
  send(call: Call, options: { patienceMs: number }, signal: AbortSignal): Promise<Reply>
  /**
   * Sends what may be repeated until it is answered; a few times. Throws AppError `connector.unavailable` or `connector.refused`;
   * answers undefined for what is not there.
   */
  read(call: Call, signal: AbortSignal): Promise<Answer | undefined>
  /** What a part of a batch means; a pause that it asks for holds for all calls. */
  judgePart(call: Call, part: Answer): Verdict
}

export type TransportOptions = {
  url: string
  http: Http
  tokens: TokenSource
  pace: Pace
  clock: Clock
  log: Log
  requestTimeoutMs: number
}

const READ_ATTEMPTS_MAX = 4
const READ_PATIENCE_MS = 15_000
/** What timed out may still be carried out over there: whoever repeats it must let that happen first. */
const SETTLE_MS = 5_000
/** For a throttled ERP that does not say how long. */
const PAUSE_MS_DEFAULT = 2_000

/** Requests with token, pace and time limit, and what their answers mean. */
export function createTransport(options: TransportOptions): Transport {
  const { http, tokens, pace, clock, log } = options

  async function send(call: Call, { patienceMs }: { patienceMs: number }, signal: AbortSignal): Promise<Reply> {
    const admission = await pace.enter(patienceMs, signal)
    if (admission.kind === 'wait') return retry('the ERP asked for a pause', admission.afterMs)
    let report: PaceReport = 'unknown'
    try {
      for (let attempt = 1; ; attempt++) {
        const { reply, pace } = await sendWithToken(call, signal)
        report = pace
        // A token may end before its time; once, as a second refusal is about rights.
        if (reply.answer?.status !== 401 || attempt === 2) return reply
      }
    } finally {
      admission.leave(report)
    }
  }

  async function sendWithToken(call: Call, signal: AbortSignal): Promise<{ reply: Reply; pace: PaceReport }> {
    let token: string
    try {
      token = await tokens.get(signal)
    } catch (error) {
      if (signal.aborted || !isAppError(error, 'connector.unavailable')) throw error
      return { reply: retry(error.message, undefined), pace: 'unknown' }
    }
    const headers = { ...HEADERS, authorization: `Bearer ${token}`, ...call.headers }
    const { method, path, body } = call
    const answer = await http(
      {
        method,
        url: options.url + path,
        headers,
        ...(body !== undefined && { body }),
        timeoutMs: call.timeoutMs ?? options.requestTimeoutMs,
      },
      signal,
    )
    if (answer.kind === 'no_answer') {
      const { timedOut, reason } = answer
      log.warn({ method, path: pathOf(call), reason }, 'the ERP did not answer')
      return {
        reply: retry(`no answer from the ERP: ${reason}`, timedOut ? SETTLE_MS : undefined),
        pace: timedOut ? 'silent' : 'unreached',
      }
    }
    if (answer.status === 401) tokens.drop(token)
    return { reply: { answer, verdict: judgePart(call, answer) }, pace: isOverload(answer) ? 'slow' : 'good' }
  }

  function judgePart(call: Call, answer: Answer): Verdict {
    if (answer.status === 429 || answer.status === 503) {
      const pauseMs = retryAfterMs(answer, clock) ?? PAUSE_MS_DEFAULT
      pace.pause(pauseMs)
      const values = { method: call.method, path: pathOf(call), status: answer.status, pauseMs, places: pace.limit() }
      log.warn(values, 'the ERP asks for a pause')
    }
    return judge(answer, clock)
  }

  return { send, judgePart, read: (call, signal) => readPatiently(send, clock, call, signal) }
}

async function readPatiently(
  send: Transport['send'],
  clock: Clock,
  call: Call,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  for (let attempt = 1; ; attempt++) {
    const { answer, verdict } = await send(call, { patienceMs: READ_PATIENCE_MS }, signal)
    if (verdict.kind === 'ok' && answer !== undefined) return answer
    if (verdict.kind === 'gone') return undefined
    if (verdict.kind === 'rejected') throw refused(call, verdict)
    const trouble = verdict.kind === 'retry' ? verdict : { afterMs: undefined, reason: 'the record was in use' }
    const waitMs = trouble.afterMs ?? retryDelayMs(attempt, clock.random())
    if (attempt === READ_ATTEMPTS_MAX || waitMs > READ_PATIENCE_MS) throw unavailable(trouble)
    await clock.sleep(waitMs, signal)
    signal.throwIfAborted()
  }
}

const HEADERS = {
  accept: 'application/json;odata.metadata=minimal',
  'odata-version': '4.0',
  'odata-maxversion': '4.0',
  'user-agent': 'Comptoir',
}

function retry(reason: string, afterMs: number | undefined): { answer: undefined; verdict: Retry } {
  return { answer: undefined, verdict: { kind: 'retry', afterMs, reason } }
}

function isOverload({ status }: Answer): boolean {
  return status === 429 || status === 503 || status === 504
}

function refused(call: Call, verdict: Extract<Verdict, { kind: 'rejected' }>): AppError {
  return new AppError('connector.refused', `The ERP refused to answer: ${verdict.message}`, {
    details: { method: call.method, path: pathOf(call), code: verdict.code },
  })
}

function unavailable({ afterMs, reason }: Pick<Retry, 'afterMs' | 'reason'>): AppError {
  return new AppError('connector.unavailable', `The ERP cannot be reached now: ${reason}`, { details: { afterMs } })
}

/** Without query and keys: they may name people. */
function pathOf(call: Call): string {
  return (call.path.split('?', 1)[0] ?? '').replace(/\(.*\)/, '(…)')
}

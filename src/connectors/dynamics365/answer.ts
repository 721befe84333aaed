import type { WriteOutcome } from '#connector/contract.ts'
import type { Clock } from '#lib/clock.ts'
import { isJsonObject } from '#lib/json.ts'
import { parseExactJson } from './exact-json.ts'

/** An answer of the ERP, alone or as part of a batch. Header names in lower case. */
export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: string }

/** What an answer means: done, no such record, or one of the contract's outcomes. */
export type Verdict = { kind: 'ok' } | { kind: 'gone'; message: string } | Exclude<WriteOutcome, { kind: 'applied' }>

const RETRY_AFTER_MS_MAX = 60 * 60_000
const MESSAGE_LENGTH_MAX = 1_000
const TEMPORARY: ReadonlySet<number> = new Set([401, 408, 425, 429, 502, 503, 504])

/**
 * Finance & Operations tells a refused write by its inner error (an infolog), with status 400 or 500 alike; gateways in front of it
 * answer with pages that are no JSON.
 */
export function judge(answer: Answer, clock: Clock): Verdict {
  const { status } = answer
  if (status >= 200 && status < 300) return judgeGood(answer)
  if (TEMPORARY.has(status)) return { kind: 'retry', afterMs: retryAfterMs(answer, clock), reason: `the ERP answered ${status}` }
  const error = errorOf(answer.body)
  if (error === undefined && status >= 300)
    return { kind: 'retry', afterMs: undefined, reason: `something before the ERP answered ${status}` }
  const message = cleanMessage(error?.text ?? '') || `The ERP answered ${status} without a reason.`
  if (status === 409 || status === 412 || /update conflict occurred/i.test(message)) return { kind: 'conflict' }
  if (status === 404 || status === 410) return { kind: 'gone', message }
  if (status >= 500 && !isRefusal(error)) return { kind: 'retry', afterMs: retryAfterMs(answer, clock), reason: message }
  return { kind: 'rejected', code: codeOf(status, error), message }
}

/** Seconds or an HTTP date; undefined where the answer names neither. */
export function retryAfterMs({ headers }: Pick<Answer, 'headers'>, clock: Clock): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return undefined
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.nowMs()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), RETRY_AFTER_MS_MAX)
}

/**
 * The sentences of an error for people: what follows `Infolog:`, without levels, without the lines that name fields and data sources
 * of the code behind, each sentence once.
 */
export function cleanMessage(text: string): string {
  const at = text.indexOf('Infolog:')
  const log = at < 0 ? text : text.slice(at + 'Infolog:'.length)
  const sentences = log
    .split(/;\s*(?=(?:Info|Warning|Error):)|\n/)
    .map((part) =>
      part
        .trim()
        .replace(/^(?:Info|Warning|Error):\s*/, '')
        .replace(/\.{2,}$/, '.')
        .trim(),
    )
    .filter((part) => part !== '' && part !== '.' && !/^validate(Field|Write|Delete)\b.*\bfailed\b/i.test(part))
  const unique = [...new Set(sentences)]
  const telling = unique.filter((sentence) => !/^Update has been cancell?ed\.?$/i.test(sentence))
  return (telling.length > 0 ? telling : unique).join(' ').slice(0, MESSAGE_LENGTH_MAX)
}

function judgeGood({ status, headers, body }: Answer): Verdict {
  const type = headers['content-type'] ?? ''
  // A sign-in or maintenance page with status 200 is no answer of the ERP.
  if (body !== '' && /html/i.test(type))
    return { kind: 'retry', afterMs: undefined, reason: `a page came with ${status} instead of data` }
  return { kind: 'ok' }
}

type ErpError = { text: string; type: string }

function errorOf(body: string): ErpError | undefined {
  try {
    const parsed = parseExactJson(body)
    const error = isJsonObject(parsed) ? parsed.error : undefined
    if (!isJsonObject(error)) return undefined
    const inner = isJsonObject(error.innererror) ? error.innererror : {}
    const text = [inner.message, error.message].find((one) => typeof one === 'string' && one !== '')
    return { text: String(text ?? ''), type: String(inner.type ?? '') }
  } catch {
    return undefined
  }
}

function isRefusal(error: ErpError | undefined): boolean {
  return error !== undefined && (error.text.includes('Infolog:') || /AxOData\w*Exception$/.test(error.type))
}

function codeOf(status: number, error: ErpError | undefined): string {
  if (status === 403) return 'dynamics365.forbidden'
  return isRefusal(error) ? 'dynamics365.refused' : 'dynamics365.invalid'
}

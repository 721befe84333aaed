import type { Reply, Request } from '#http/server.ts'
import { AppError } from '#lib/app-error.ts'
import { type DecimalText, parseDecimal } from '#lib/decimal.ts'
import { InfologError, refuse } from '../domain/infolog.ts'
import type { Notice } from './page.ts'

export type Form = Readonly<Record<string, string>>

/** Whatever came as a form or a query, as text: repeated names take the last, anything else is empty. */
export function parseForm(value: unknown): Form {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? one.at(-1) : one] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** Refuses a post that another site made a browser send. */
export function checkSameOrigin(request: Request): void {
  const site = request.headers['sec-fetch-site']
  const origin = request.headers.origin
  const isForeign =
    site !== undefined ? site !== 'same-origin' && site !== 'none' : origin !== undefined && !isOwn(origin, request)
  if (isForeign) throw new AppError('scm.forbidden', 'This form was not sent from the back office itself')
}

export function decimalOf(form: Form, name: string, label: string): DecimalText {
  const given = (form[name] ?? '').trim()
  return parseDecimal(given.replace(',', '.')) ?? refuse(`${label}: '${given}' is not a number.`)
}

export function dayOfForm(form: Form, name: string, label: string): number {
  const given = form[name] ?? ''
  const ms = /^\d{4}-\d\d-\d\d$/.test(given) ? Date.parse(`${given}T12:00:00Z`) : Number.NaN
  return Number.isNaN(ms) ? refuse(`${label}: '${given}' is not a date.`) : ms
}

/** Runs a post: back to the page when it is done, or the page again with what the ERP said against it. */
export async function post(
  reply: Reply,
  work: () => Promise<unknown>,
  after: { path: string; again: (notice: Notice) => Promise<string> },
): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof InfologError)) throw error
    const sentences = error.lines.map((line) => line.text)
    return reply
      .code(422)
      .type('text/html; charset=utf-8')
      .send(await after.again({ kind: 'refused', sentences }))
  }
  return reply.redirect(`${after.path}?done`, 303)
}

export function doneNotice(query: Form): Notice | undefined {
  return 'done' in query ? { kind: 'done', sentences: ['Done.'] } : undefined
}

function isOwn(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === request.headers.host
}

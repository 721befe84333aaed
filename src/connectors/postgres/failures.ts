import type { WriteOutcome } from '#connector/contract.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { sqlStateOf } from '#postgres/database.ts'

export type Failure = Exclude<WriteOutcome, { kind: 'applied' }>

const MESSAGE_LENGTH_MAX = 1_000
/** Lost connections, crashes, shutdowns, full servers, cancelled statements, deadlocks, locks that were not to be had. */
const TEMPORARY = /^(08|53|57|58|40|55P03|XX)/

/** What a failed statement means. What is no answer of a database at all is a connection that was lost. */
export function failureOf(error: unknown): Failure {
  if (isAppError(error, 'connector.refused')) return { kind: 'rejected', code: 'postgres.invalid', message: error.message }
  if (isAppError(error, 'connector.unavailable')) {
    const { afterMs } = error.details
    return { kind: 'retry', afterMs: typeof afterMs === 'number' ? afterMs : undefined, reason: error.message }
  }
  const state = sqlStateOf(error)
  if (state === undefined || TEMPORARY.test(state))
    return { kind: 'retry', afterMs: undefined, reason: `the database did not answer: ${cleaned(error)}` }
  if (state === '28P01' || state === '28000' || state === '3D000')
    return { kind: 'retry', afterMs: undefined, reason: 'the database did not let us in; check ERP_URL' }
  const code = state === '42501' ? 'postgres.forbidden' : state.startsWith('42') ? 'postgres.invalid' : 'postgres.refused'
  return { kind: 'rejected', code, message: sentenceOf(error) }
}

/** Of a read: AppError `connector.unavailable` or `connector.refused`. */
export function errorOf(error: unknown): AppError {
  if (isAppError(error)) return error
  const failure = failureOf(error)
  if (failure.kind === 'retry')
    return new AppError('connector.unavailable', `The ERP cannot be reached now: ${failure.reason}`, {
      details: { afterMs: failure.afterMs },
    })
  const message = failure.kind === 'rejected' ? failure.message : 'the row was in use'
  return new AppError('connector.refused', `The ERP refused to answer: ${message}`)
}

function sentenceOf(error: unknown): string {
  const { detail } = error as { detail?: unknown }
  const text = typeof detail === 'string' && detail !== '' ? `${cleaned(error)}: ${detail}` : cleaned(error)
  return `The database refused it: ${text.replaceAll(/[<>{}]/g, '')}`.slice(0, MESSAGE_LENGTH_MAX)
}

/** A driver's message may name the address with its password. */
function cleaned(error: unknown): string {
  return messageOf(error).replaceAll(/postgres(ql)?:\/\/\S+/gi, 'postgresql://…')
}

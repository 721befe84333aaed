/**
 * A failure that stops the work and has a name. `code` is `<module>.<what>`, stable, and safe to show; `message` is one sentence for
 * a person that says what is wrong and what to do; `details` are values for logs and machines (never secrets or personal data).
 */
export class AppError extends Error {
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = options.details ?? {}
  }
}

export function isAppError(error: unknown, code?: string): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}

/** The sentence of any thrown thing, with its causes, for logs and `reason` columns. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`
}

import { AppError } from '#lib/app-error.ts'

/** A part of a filter that cannot be used: where (counted from 0) and why. */
export function refuse(position: number, reason: string, cause?: unknown): AppError {
  return new AppError('request.invalid', `The filter cannot be used at position ${position}: ${reason}`, {
    details: { position, reason },
    ...(cause === undefined ? {} : { cause }),
  })
}

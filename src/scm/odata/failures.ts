import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { sqlStateOf } from '#postgres/database.ts'
import { InfologError, type InfologLine } from '../domain/infolog.ts'
import type { Entity } from '../entities/catalog.ts'

/** A refused request as the ERP words it: status, sentence, and the inner error that carries the reason. */
export type ODataFailure = {
  status: number
  message: string
  inner?: { message: string; type: string }
  headers?: Record<string, string>
}

const ODATA_EXCEPTION = 'Microsoft.OData.ODataException'
const WRITE_EXCEPTION = 'Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException'
const DELETE_EXCEPTION = 'Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataDeleteException'

export function fail(failure: ODataFailure): never {
  throw new AppError('scm.odata_refused', failure.inner?.message ?? failure.message, { details: { failure } })
}

/** A query option that F&O does not take: 400. */
export function failQuery(reason: string): never {
  fail({
    status: 400,
    message: `The query specified in the URI is not valid. ${reason}`,
    inner: { message: reason, type: ODATA_EXCEPTION },
  })
}

/** A body that does not fit the entity: 400. */
export function failBody(reason: string): never {
  fail({ status: 400, message: 'An error has occurred.', inner: { message: reason, type: ODATA_EXCEPTION } })
}

export function failNotFound(reason: string): never {
  fail({ status: 404, message: reason, inner: { message: reason, type: 'System.Web.Http.HttpResponseException' } })
}

/** What the rules of the ERP refuse: 400 with the infolog in the inner error. */
export function failWrite(entity: Entity, lines: readonly InfologLine[], operation: 'Write' | 'Delete' = 'Write'): never {
  const infolog = lines.map((line) => `${line.level}: ${line.text}`).join('; ')
  fail({
    status: 400,
    message: 'An error has occurred.',
    inner: {
      message: `${operation} failed for table row of type '${entity.entity}'. Infolog: ${infolog}.`,
      type: operation === 'Write' ? WRITE_EXCEPTION : DELETE_EXCEPTION,
    },
  })
}

/** Runs a write; refusals of the domain and of constraints become the ERP's error. */
export async function asWrite<T>(entity: Entity, operation: 'Write' | 'Delete', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof InfologError) failWrite(entity, error.lines, operation)
    const lines = linesOfConstraint(entity, error)
    if (lines !== undefined) failWrite(entity, lines, operation)
    throw error
  }
}

/** The answer to a thrown thing; undefined when it is our own fault and must go to the log. */
export function failureOf(error: unknown): ODataFailure | undefined {
  if (isAppError(error, 'scm.odata_refused')) return error.details.failure as ODataFailure
  if (isAppError(error, 'odata.invalid')) {
    const message = messageOf(error)
    return {
      status: 400,
      message: `The query specified in the URI is not valid. ${message}`,
      inner: { message, type: ODATA_EXCEPTION },
    }
  }
  // Data exceptions: a number out of range, a date that no calendar has, a division by zero.
  if (sqlStateOf(error)?.startsWith('22')) {
    const message = messageOf(error)
    return {
      status: 400,
      message: `The query specified in the URI is not valid. ${message}`,
      inner: { message, type: ODATA_EXCEPTION },
    }
  }
  return undefined
}

export function failureBody(failure: ODataFailure): string {
  const { message, inner } = failure
  const error = inner === undefined ? { code: '', message } : { code: '', message, innererror: { ...inner, stacktrace: '' } }
  return JSON.stringify({ error })
}

/** What a violated constraint means to the person who wrote: unique, foreign key, check, not null. */
function linesOfConstraint(entity: Entity, error: unknown): InfologLine[] | undefined {
  const state = sqlStateOf(error)
  const detail = (error as { detail?: string }).detail ?? ''
  const [, names = '', values = ''] = /^Key \((.*)\)=\((.*)\)/.exec(detail) ?? []
  const fields = names.replaceAll('"', '')
  if (state === '23505') {
    return [
      { level: 'Info', text: `Cannot create a record in ${entity.type}. ${fields}: ${values}.\nThe record already exists.` },
      { level: 'Error', text: 'Update has been canceled.' },
    ]
  }
  if (state === '23503') {
    if (detail.includes('still referenced'))
      return [{ level: 'Error', text: `The record ${values} is used elsewhere and cannot be deleted.` }]
    const table = /table "(\w+)"/.exec(detail)?.[1] ?? 'the related table'
    return [
      { level: 'Warning', text: `The value '${values}' in field '${fields}' is not found in the related table '${table}'.` },
      { level: 'Warning', text: `validateField failed on field '${entity.entity}.${fields.split(', ').at(-1)}'.` },
    ]
  }
  if (state === '23514' || state === '23502') {
    const constraint = (error as { constraint?: string }).constraint ?? ''
    return [{ level: 'Error', text: `The values given break a rule of the table (${constraint}). Update has been canceled.` }]
  }
  return undefined
}

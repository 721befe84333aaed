import { isAppError } from '#lib/app-error.ts'
import { sqlStateOf } from '#postgres/database.ts'
import type { ColumnDefinition } from '#tables/definition.ts'
import { csdlDocument } from '../metadata/csdl.ts'
import { type Address, parseAddress } from '../protocol/address.ts'
import { type ApiAnswer, type ApiCall, jsonAnswer } from '../protocol/call.ts'
import { ApiRefusal, describeRefusal, printable, type RefusalDetails } from '../protocol/refusals.ts'
import { type Caller, tablesOf } from './caller.ts'
import { readChanges, wantsChanges } from './changes.ts'
import { performFile, readFile } from './files.ts'
import { performOther } from './functions.ts'
import { readAddress } from './read.ts'
import { readStoredQuery, wantsStoredQuery } from './stored-queries.ts'
import { performWrite } from './write.ts'

/** Does what one request asks, whole or not at all. Throws ApiRefusal, and AppErrors of what it stands on (see `refusalFor`). */
export function perform(caller: Caller, call: ApiCall): Promise<ApiAnswer> {
  const address = parseAddress(caller.catalog, call.path)
  if (address.kind === 'rows' && fileAt(address) !== undefined)
    return call.method === 'GET' ? readFile(caller, call, address) : performFile(caller, call, address)
  if (call.method !== 'GET') {
    if (address.kind !== 'rows') throw new ApiRefusal('method', `${call.method} is not possible at '${printable(call.path)}'`)
    return performWrite(caller, call)
  }
  switch (address.kind) {
    case 'service':
      return Promise.resolve(serviceDocument(caller))
    case 'metadata':
      return Promise.resolve(metadata(caller))
    case 'batch':
      throw new ApiRefusal('method', 'A batch is sent with POST')
    case 'other':
      return performOther(caller, call, address.segments)
    case 'rows':
      if (wantsChanges(caller, call, address)) return readChanges(caller, call, address)
      if (wantsStoredQuery(call, address)) return readStoredQuery(caller, call, address)
      return readAddress(caller, call, address)
    default:
      return address satisfies never
  }
}

/** The answer to anything that was thrown; undefined for a failure of ours, whose inside is nobody's business. */
export function refusalFor(error: unknown): ApiRefusal | undefined {
  if (error instanceof ApiRefusal) return error
  if (isAppError(error)) {
    const kind = KINDS[error.code]
    return kind === undefined
      ? undefined
      : new ApiRefusal(kind, error.message, { details: plainDetails(error.details), cause: error })
  }
  const state = sqlStateOf(error)
  // Class 22: a value in a cursor or filter that is no date, number or id after all.
  if (state?.startsWith('22') === true)
    return new ApiRefusal('invalid', 'A value in the request does not fit the column it is compared with', { cause: error })
  if (state === '57014')
    return new ApiRefusal('too_slow', 'The request took too long and was ended: ask for less', { cause: error })
  return undefined
}

export function refusalAnswer(caller: Pick<Caller, 'dialect'>, refusal: ApiRefusal): ApiAnswer {
  const { status, body } = describeRefusal(refusal.kind, refusal.message, caller.dialect, refusal.details)
  return jsonAnswer(body, { status })
}

const KINDS: Readonly<Record<string, ApiRefusal['kind']>> = {
  'odata.invalid': 'invalid',
  'query.too_costly': 'too_costly',
  'query.took_too_long': 'too_slow',
  'fetch.invalid': 'invalid',
  'request.invalid': 'invalid',
  'tables.unknown_column': 'column',
  'tables.unknown_table': 'resource',
  'query.aggregate_limit': 'too_costly',
  'tables.busy': 'unreachable',
  'tables.changed_meanwhile': 'version',
  'tables.forbidden': 'access',
  'tables.unknown_key': 'invalid',
  'tables.unknown_version': 'row',
  'tables.version_conflict': 'version',
  'tables.invalid': 'values',
  'tables.cannot_change': 'values',
  'tables.from_file': 'still_used',
  'tables.in_use': 'still_used',
  'tables.would_lose_data': 'loses_data',
  'request.too_many_operations': 'invalid',
  'access.csrf': 'token_wrong',
  'access.forbidden': 'access',
  'access.account_needed': 'account',
  'access.account_unknown': 'resource',
  'tables.refused': 'values',
  'access.too_many': 'too_many',
  'postgres.unreachable': 'unreachable',
}

function plainDetails(details: Readonly<Record<string, unknown>>): RefusalDetails {
  const plain = Object.entries(details).filter(
    ([, value]) => ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value),
  )
  return Object.fromEntries(plain) as RefusalDetails
}

/** The column, where the address names a file. */
function fileAt(address: Address): ColumnDefinition | undefined {
  if (address.kind !== 'rows' || address.tail.kind !== 'property') return undefined
  const { column } = address.tail
  return column.type === 'file' || column.type === 'image' ? column : undefined
}

function serviceDocument(caller: Caller): ApiAnswer {
  const value = [...tablesOf(caller).values()].map(({ table }) => ({
    name: table.setName,
    kind: 'EntitySet',
    url: table.setName,
  }))
  return jsonAnswer(JSON.stringify({ '@odata.context': `${caller.root}$metadata`, value }))
}

function metadata(caller: Caller): ApiAnswer {
  const body = csdlDocument(caller.catalog, tablesOf(caller))
  return { status: 200, headers: { 'content-type': 'application/xml; charset=utf-8' }, body }
}

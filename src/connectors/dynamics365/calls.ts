import type { RecordKey, RecordWrite, RemoteFields, WriteOutcome } from '#connector/contract.ts'
import { recordPath, setPath } from './addresses.ts'
import type { Answer, Verdict } from './answer.ts'
import type { ErpEntity } from './metadata.ts'
import { recordOf } from './read.ts'
import type { Call } from './transport.ts'
import { toJson } from './values.ts'

export type Create = Extract<RecordWrite, { operation: 'create' }>
export type Applied = Extract<WriteOutcome, { kind: 'applied' }>
export type Failure = Exclude<WriteOutcome, Applied>

/** The fields that a create sends: the company it is for, and only what has a value, as the ERP's defaults stand for the rest. */
export function createdFields(entity: ErpEntity, write: Create, links: RemoteFields = {}): RemoteFields {
  const company = entity.companyField === undefined || write.company === undefined ? {} : { [entity.companyField]: write.company }
  const fields = Object.entries({ ...company, ...write.fields, ...links })
  return Object.fromEntries(fields.filter(([, value]) => value !== null && value !== ''))
}

export function createCall(entity: ErpEntity, fields: RemoteFields): Call {
  return { method: 'POST', path: setPath(entity), headers: JSON_TYPE, body: bodyOf(entity, fields) }
}

export function updateCall(entity: ErpEntity, key: RecordKey, fields: RemoteFields, ifVersion?: string): Call {
  const headers = ifVersion === undefined ? JSON_TYPE : { ...JSON_TYPE, 'If-Match': ifVersion }
  return { method: 'PATCH', path: recordPath(entity, key), headers, body: bodyOf(entity, fields) }
}

export function deleteCall(entity: ErpEntity, key: RecordKey): Call {
  return { method: 'DELETE', path: recordPath(entity, key) }
}

export function readCall(entity: ErpEntity, key: RecordKey): Call {
  return { method: 'GET', path: recordPath(entity, key) }
}

/** What became of a write, from the ERP's answer to its call. */
export function outcomeOf(write: RecordWrite, entity: ErpEntity, answer: Answer | undefined, verdict: Verdict): WriteOutcome {
  if (verdict.kind === 'gone') return outcomeOfGone(write, verdict.message)
  if (verdict.kind !== 'ok') return verdict
  if (write.operation === 'delete') return { kind: 'applied', key: write.key, version: undefined, fields: undefined }
  if (write.operation === 'update') return { kind: 'applied', key: write.key, version: answer?.headers.etag, fields: undefined }
  const record = answer === undefined ? undefined : recordOf(entity, answer)
  // Created, it seems, but which number? The next attempt looks for it.
  return record === undefined
    ? { kind: 'retry', afterMs: undefined, reason: 'the ERP created a record but did not show it' }
    : applied(record)
}

export function applied(record: { key: RecordKey; fields: RemoteFields; version: string }): Applied {
  return { kind: 'applied', key: record.key, version: record.version === '' ? undefined : record.version, fields: record.fields }
}

/** Deleted already is deleted; an update of what is gone must look again; a set that is not there refuses creates. */
function outcomeOfGone(write: RecordWrite, message: string): WriteOutcome {
  if (write.operation === 'delete') return { kind: 'applied', key: write.key, version: undefined, fields: undefined }
  if (write.operation === 'update') return { kind: 'conflict' }
  return { kind: 'rejected', code: 'dynamics365.invalid', message }
}

const JSON_TYPE = { 'Content-Type': 'application/json;odata.metadata=minimal' }

function bodyOf(entity: ErpEntity, fields: RemoteFields): string {
  const members = Object.entries(fields).map(([name, value]) => `${JSON.stringify(name)}:${toJson(entity, name, value)}`)
  return `{${members.join(',')}}`
}

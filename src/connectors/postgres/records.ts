import type { RecordKey, RemoteFields, RemoteRecord, RemoteValue } from '#connector/contract.ts'
import { parseRecordKey, recordKey } from '#connector/record-key.ts'
import { AppError } from '#lib/app-error.ts'
import { parseDecimal } from '#lib/decimal.ts'
import { bothCases, fieldOf } from './expressions.ts'
import type { TextRow } from './read.queries.ts'
import type { PgColumn, PgEntity } from './tables.ts'

/** The columns to read: the asked ones, and those of the key. */
export function columnsToRead(entity: PgEntity, fields: readonly string[]): PgColumn[] {
  return [...new Set([...entity.keyFields, ...fields])].map((name) => fieldOf(entity, name))
}

/** A row as a record. `columns` are those that it was read with. */
export function recordOf(entity: PgEntity, row: TextRow, columns: readonly PgColumn[]): RemoteRecord {
  const values = textsOf(row.fields)
  const fields = Object.fromEntries(columns.map((column, at) => [column.name, fromText(column, values[at] ?? null)]))
  return {
    key: recordKey(entity.keyFields, entity.companyField, fields),
    fields,
    version: row.version,
    ...(row.modified !== null && { modifiedAt: row.modified }),
  }
}

/** The values of a key by field. Throws AppError `connector.refused` for what is none of this entity. */
export function keyValues(entity: PgEntity, key: RecordKey): Record<string, string> {
  const given = parseRecordKey(key)
  for (const name of entity.keyFields) {
    if (given[name] === undefined)
      throw new AppError('connector.refused', `"${key}" is not the key of a record of ${entity.name}: ${name} is missing`)
  }
  return given
}

/** The key as it may be written over there: keys name the company in lower case. */
export function casesOf(entity: PgEntity, values: Record<string, string>): Record<string, string>[] {
  const { companyField } = entity
  if (companyField === undefined || !entity.keyFields.includes(companyField)) return [values]
  return bothCases(values[companyField] ?? '').map((company) => ({ ...values, [companyField]: company }))
}

/** A value as a parameter. No value is null, and empty text where the column must have one. */
export function toText(entity: PgEntity, name: string, value: RemoteValue): readonly [PgColumn, string | null] {
  const column = fieldOf(entity, name)
  if (value === null || value === '') return [column, !column.nullable && column.type === 'string' ? '' : null]
  if (column.type === 'boolean') return [column, String(isYes(value))]
  return [column, String(value)]
}

/** Yes and no are what maps written for another ERP say. */
function isYes(value: RemoteValue): boolean {
  return value === true || /^(yes|true|1)$/i.test(String(value))
}

/** The fields that a create sends: the company it is for, and only what has a value, as the defaults of the table stand for the rest. */
export function createdFields(
  entity: PgEntity,
  write: { company: string | undefined; fields: RemoteFields },
  links: RemoteFields,
): RemoteFields {
  const company = entity.companyField === undefined || write.company === undefined ? {} : { [entity.companyField]: write.company }
  const fields = Object.entries({ ...company, ...write.fields, ...links })
  return Object.fromEntries(fields.filter(([, value]) => value !== null && value !== ''))
}

function fromText(column: PgColumn, text: string | null): RemoteValue {
  if (text === null) return null
  switch (column.type) {
    case 'integer':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text
    case 'decimal':
      return parseDecimal(text) ?? text
    case 'boolean':
      return text === 'true'
    default:
      return text
  }
}

/** The driver leaves an array of text as PostgreSQL writes it, as all values here. */
function textsOf(fields: TextRow['fields'] | string): readonly (string | null)[] {
  if (typeof fields !== 'string') return fields
  const texts: (string | null)[] = []
  for (const [, quoted, plain] of fields.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs))
    texts.push(quoted !== undefined ? quoted.replaceAll(/\\(.)/gs, '$1') : plain === 'NULL' ? null : (plain ?? null))
  return texts
}

import type { RemoteFields, RemoteValue } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { add, parseDecimal } from '#lib/decimal.ts'
import { type ErpEntity, type ErpField, isDayName } from './metadata.ts'

/** Decimals, dates and text are never null over there: these stand for "no value". */
const NO_DATE = '1900-01-01T12:00:00Z'
const NO_GUID = '00000000-0000-0000-0000-000000000000'

/** A value of a record as JSON gave it (numbers as text, see exact-json.ts), in the contract's form. */
export function fromErp(field: ErpField, value: unknown): RemoteValue {
  if (value === null || value === undefined || value === '') return null
  switch (field.type) {
    case 'integer':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'decimal':
      return decimalText(String(value))
    case 'boolean':
      return value === true
    case 'date':
      return isNoDate(String(value)) ? null : String(value).slice(0, 10)
    case 'datetime':
      return isNoDate(String(value)) ? null : new Date(String(value)).toISOString()
    case 'guid':
      return value === NO_GUID ? null : String(value).toLowerCase()
    case 'string':
    case 'enum':
      return String(value)
  }
}

/** The known fields of a record, in the contract's form. */
export function fieldsFromErp(entity: ErpEntity, record: Readonly<Record<string, unknown>>): RemoteFields {
  const fields: Record<string, RemoteValue> = {}
  for (const name of Object.keys(record)) {
    const field = entity.fields.get(name)
    if (field !== undefined) fields[name] = fromErp(field, record[name])
  }
  return fields
}

/** A value as JSON text for a body: decimals digit by digit, no value as what stands for it. */
export function toJson(entity: ErpEntity, name: string, value: RemoteValue): string {
  const field = getField(entity, name)
  switch (field.type) {
    case 'integer':
    case 'decimal':
      return numberText(name, value)
    case 'boolean':
      return String(value ?? false)
    // An enum has no empty member, but may be null.
    case 'enum':
      return JSON.stringify(value === null ? null : enumMember(value))
    case 'date':
    case 'datetime':
      return JSON.stringify(momentText(field, name, value))
    case 'guid':
      return JSON.stringify(value ?? NO_GUID)
    case 'string':
      return JSON.stringify(value === null ? '' : String(value))
  }
}

/** A value as a literal of `$filter` and of keys. */
export function toLiteral(entity: ErpEntity, name: string, value: RemoteValue): string {
  const field = getField(entity, name)
  switch (field.type) {
    case 'integer':
    case 'decimal':
      return numberText(name, value)
    case 'boolean':
      return String(value ?? false)
    case 'enum':
      return value === null ? 'null' : `${field.edmType}'${enumMember(value).replaceAll("'", "''")}'`
    case 'date':
    case 'datetime':
      return momentText(field, name, value)
    case 'guid':
      return String(value ?? NO_GUID)
    case 'string':
      return `'${String(value ?? '').replaceAll("'", "''")}'`
  }
}

/** Whether a field has this value, in the contract's terms: '1.50' and '1.5' are one, companies are alike in any case. */
export function sameValue(entity: ErpEntity, name: string, a: RemoteValue | undefined, b: RemoteValue | undefined): boolean {
  return comparable(entity, name, a) === comparable(entity, name, b)
}

/** A value of an event, where only the field's name tells its type. */
export function fromEvent(name: string, value: unknown): RemoteValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' && isDayName(name) && /^\d{4}-\d{2}-\d{2}T/.test(value)) return value.slice(0, 10)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function comparable(entity: ErpEntity, name: string, value: RemoteValue | undefined): string | null {
  if (value === null || value === undefined || value === '') return null
  const type = entity.fields.get(name)?.type
  if (type === 'decimal' || type === 'integer') return parseDecimal(String(value)) ?? String(value)
  if (type === 'date') return String(value).slice(0, 10)
  if (type === 'datetime') return new Date(String(value)).toISOString()
  return name === entity.companyField ? String(value).toLowerCase() : String(value)
}

function getField(entity: ErpEntity, name: string): ErpField {
  const field = entity.fields.get(name)
  if (field !== undefined) return field
  throw new AppError('connector.refused', `The entity ${entity.name} has no field ${name}; refresh or change the table map`, {
    details: { entity: entity.name, field: name },
  })
}

function numberText(name: string, value: RemoteValue): string {
  if (value === null || value === '') return '0'
  return parseDecimal(String(value)) ?? misfit(name, value, 'a number')
}

function momentText(field: ErpField, name: string, value: RemoteValue): string {
  if (value === null || value === '') return NO_DATE
  const time = Date.parse(String(value))
  if (Number.isNaN(time)) return misfit(name, value, 'a date')
  if (field.type === 'date') return `${String(value).slice(0, 10)}T12:00:00Z`
  return new Date(time).toISOString().replace('.000Z', 'Z')
}

function enumMember(value: RemoteValue): string {
  return typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value)
}

function misfit(name: string, value: RemoteValue, what: string): never {
  throw new AppError('connector.refused', `${name} must be ${what}, not "${String(value).slice(0, 40)}"`, {
    details: { field: name },
  })
}

function isNoDate(text: string): boolean {
  return text.startsWith('1900-01-01')
}

/** JSON may write 1E-7. */
function decimalText(text: string): string {
  return parseDecimal(text) ?? add(text, '0')
}

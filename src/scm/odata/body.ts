import { parseDecimal } from '#lib/decimal.ts'
import { isJsonObject } from '#lib/json.ts'
import type { Fields, FieldValue } from '../domain/rows.ts'
import { COMPANY_FIELD, type Entity, emptyValue, type Field, NAMESPACE } from '../entities/catalog.ts'
import { ExactNumber, parseExactJson } from '../entities/exact-json.ts'
import { failBody } from './failures.ts'
import type { ODataRequest } from './protocol.ts'

/**
 * The fields given in a body, checked against the entity: text and enum members and moments as strings, decimals as decimal text,
 * whole numbers as numbers. Annotations are passed over; anything the entity does not have is refused.
 */
export function parseBody(entity: Entity, request: ODataRequest): Fields {
  const given = parseObject(request.body)
  const decimalsAsText = /IEEE754Compatible=true/i.test(request.headers['content-type'] ?? '')
  const fields: Record<string, FieldValue> = {}
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith('@') || name.includes('@odata.')) continue
    const field = entity.fields.get(name)
    if (field === undefined) {
      failBody(
        `The property '${name}' does not exist on type '${NAMESPACE}.${entity.type}'. Make sure to only use property names that are defined by the type.`,
      )
    }
    fields[name] = checkedValue(field, value, decimalsAsText)
  }
  return fields
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = parseExactJson(text === '' ? '{}' : text)
  } catch (error) {
    failBody(`The body is not JSON: ${(error as Error).message}`)
  }
  if (!isJsonObject(value) || (value as unknown) instanceof ExactNumber) failBody('The body must be one JSON object.')
  return value
}

function checkedValue(field: Field, value: unknown, decimalsAsText: boolean): FieldValue {
  if (value === null) {
    if (field.type === 'String' || field.type === 'Enum') return emptyValue(field)
    failBody(
      `A null value was found for the property named '${field.name}', which has the expected type 'Edm.${field.type}[Nullable=False]'.`,
    )
  }
  return typedValue(field, value, decimalsAsText) ?? wrongType(field, value)
}

function typedValue(field: Field, value: unknown, decimalsAsText: boolean): FieldValue | undefined {
  switch (field.type) {
    case 'String':
      if (typeof value !== 'string' || value.includes('\0')) return undefined
      return field.name === COMPANY_FIELD ? value.toLowerCase() : value
    case 'Enum':
      return typeof value === 'string' && field.members.includes(value) ? value : undefined
    case 'Decimal':
      return decimalOf(value, decimalsAsText)
    case 'Int32':
    case 'Int64':
      return wholeOf(field, value)
    case 'DateTimeOffset':
      return typeof value === 'string' && MOMENT.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined
    case 'Guid':
      return typeof value === 'string' && GUID.test(value) ? value.toLowerCase() : undefined
  }
}

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})$/
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
/** As many digits as the ERP's own decimal type carries. */
const DECIMAL_DIGITS_MAX = 32

function decimalOf(value: unknown, decimalsAsText: boolean): string | undefined {
  const text = value instanceof ExactNumber ? value.text : decimalsAsText && typeof value === 'string' ? value : undefined
  if (text === undefined || text.length > DECIMAL_DIGITS_MAX + 2) return undefined
  // JSON allows 1e3; the domain wants plain digits.
  return parseDecimal(/e/i.test(text) && Number.isFinite(Number(text)) ? Number(text).toString() : text)
}

function wholeOf(field: Field, value: unknown): number | undefined {
  if (!(value instanceof ExactNumber) || !/^-?\d+$/.test(value.text)) return undefined
  const number = Number(value.text)
  const limit = field.type === 'Int32' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  return Math.abs(number) <= limit ? number : undefined
}

function wrongType(field: Field, value: unknown): never {
  const shown = value instanceof ExactNumber ? value.text : JSON.stringify(value)
  const type = field.type === 'Enum' ? `${NAMESPACE}.${field.enumType}` : `Edm.${field.type}`
  return failBody(
    `Cannot convert the literal '${String(shown).slice(0, 100)}' of property '${field.name}' to the expected type '${type}'.`,
  )
}

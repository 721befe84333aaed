import { parseDecimal } from '#lib/decimal.ts'
import type { Field } from '../../entities/catalog.ts'

/** A cell as its column takes it, or why it cannot be. */
export type ParsedCell = { value: string | number } | { problem: string }

const NO_DATE = '1900-01-01T12:00:00Z'
const EMPTY_GUID = '00000000-0000-0000-0000-000000000000'

/** Reads a cell by its field's type. Empty cells are the type's empty value; a plain date is noon UTC, as dates travel in OData. */
export function parseCell(field: Field, cell: string): ParsedCell {
  if (field.type === 'String') return { value: cell }
  const text = cell.trim()
  switch (field.type) {
    case 'Decimal': {
      const value = text === '' ? '0' : parseDecimal(text)
      return value === undefined ? { problem: `'${cell}' in ${field.name} is not a number` } : { value }
    }
    case 'Int32':
    case 'Int64': {
      const value = Number(text === '' ? 0 : text)
      return Number.isSafeInteger(value) ? { value } : { problem: `'${cell}' in ${field.name} is not a whole number` }
    }
    case 'DateTimeOffset':
      return parseMoment(field, text)
    case 'Enum': {
      const member = text === '' ? field.members[0] : field.members.find((name) => name.toLowerCase() === text.toLowerCase())
      return member === undefined
        ? { problem: `'${cell}' in ${field.name} is none of ${field.members.slice(0, 12).join(', ')}` }
        : { value: member }
    }
    case 'Guid':
      return { value: text === '' ? EMPTY_GUID : text }
    default:
      return field.type satisfies never
  }
}

function parseMoment(field: Field, text: string): ParsedCell {
  if (text === '') return { value: NO_DATE }
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text))
    return { problem: `'${text}' in ${field.name} is not a date (YYYY-MM-DD or ISO 8601)` }
  const isoText = text.length === 10 ? `${text}T12:00:00Z` : text.replace(' ', 'T')
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(isoText) ? isoText : `${isoText}Z`)
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 7)))
    return { problem: `'${text}' in ${field.name} is not a date` }
  return { value: new Date(ms).toISOString() }
}

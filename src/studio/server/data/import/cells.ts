import { momentOf } from '#lib/local-time.ts'
import type { ColumnDefinition } from '#tables/definition.ts'

/** How the file writes what can be written in several ways. */
export type Writing = { decimalMark: '.' | ','; dayOrder: 'dmy' | 'mdy'; timeZone: string }

/**
 * A cell as a value of its column: what people write becomes what the tables take. What is not understood is handed on as it is, for the
 * rules of the column to refuse. Lookups are not asked here.
 */
export function valueOfCell(column: ColumnDefinition, text: string, writing: Writing): string | number | boolean | null {
  const trimmed = text.trim()
  if (trimmed === '') return column.type === 'string' || column.type === 'memo' ? text || null : null
  switch (column.type) {
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
      return numberText(trimmed, writing)
    case 'boolean':
      return YES.has(trimmed.toLowerCase()) ? true : NO.has(trimmed.toLowerCase()) ? false : trimmed
    case 'date':
      return dateText(trimmed, writing) ?? trimmed
    case 'datetime':
      return momentText(column, trimmed, writing) ?? trimmed
    case 'choice':
      return optionValue(column, trimmed) ?? trimmed
    case 'choices':
      return optionValues(column, trimmed)
    case 'string':
    case 'memo':
      return text
    default:
      return trimmed
  }
}

const YES = new Set(['true', 'yes', 'y', '1', 'oui', 'o', 'vrai', 'x'])
const NO = new Set(['false', 'no', 'n', '0', 'non', 'faux'])

function numberText(text: string, { decimalMark }: Writing): string {
  const plain = text.replace(/[\s\u00a0\u202f'’]/g, '')
  if (decimalMark === ',') return plain.replaceAll('.', '').replace(',', '.')
  return /^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain
}

function dateText(text: string, { dayOrder }: Writing): string | undefined {
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?$/.exec(text)
  if (iso !== null) return iso[1]
  const [, first = '', second = '', year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text) ?? []
  if (year === undefined) return undefined
  const [day, month] = dayOrder === 'dmy' ? [first, second] : [second, first]
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** A moment with its zone is one; figures without are those of a clock in the zone of the person who imports. */
function momentText(column: ColumnDefinition, text: string, writing: Writing): string | undefined {
  if (/(Z|[+-]\d{2}:\d{2})$/i.test(text)) return text.replace(' ', 'T')
  const [, datePart = '', hour = '0', minute = '00', second = '00'] =
    /^(\S+?)(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?$/.exec(text) ?? []
  const day = dateText(datePart, writing)
  const local = Date.parse(`${day}T${hour.padStart(2, '0')}:${minute}:${second}Z`)
  if (day === undefined || Number.isNaN(local)) return undefined
  const ms = column.behaviour === 'time_zone_independent' ? local : momentOf(local, writing.timeZone)
  return new Date(ms).toISOString()
}

/** By its number, by what people call it in any language, or by its member. */
function optionValue(column: ColumnDefinition, text: string): number | undefined {
  if (/^-?\d{1,10}$/.test(text) && [...column.options.values()].includes(Number(text))) return Number(text)
  const wanted = text.toLowerCase()
  for (const [member, value] of column.options) {
    const names = [member, ...Object.values(column.optionLabels.get(value) ?? {})]
    if (names.some((name) => name.toLowerCase() === wanted)) return value
  }
  return undefined
}

function optionValues(column: ColumnDefinition, text: string): string {
  const parts = (text.includes(';') ? text.split(';') : text.split(',')).map((part) => part.trim()).filter((part) => part !== '')
  return parts.map((part) => optionValue(column, part) ?? part).join(',')
}

import { DAY_MS, dayText, localTimeOf, momentOf, parseDateTime } from '#lib/local-time.ts'
import type { Literal, Operand } from '#lib/odata/ast.ts'
import type { AsOf } from '../row-query.ts'
import type { Bound } from './periods.ts'
import type { ScopedColumn } from './scope.ts'

/** Values of conditions: texts from outside, read as the column's type wants them. Undefined is what does not fit. */

const GUID = /^\{?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\}?$/i
const TEXT_CHARACTERS_MAX = 4_000

export function textOf(operand: Operand): string | undefined {
  if (operand.kind !== 'literal') return undefined
  const { literal } = operand
  const text = literal.type === 'boolean' ? String(literal.value) : literal.type === 'number' ? literal.text : valueText(literal)
  return text === undefined || text.length > TEXT_CHARACTERS_MAX || text.includes('\0') ? undefined : text
}

function valueText(literal: Literal): string | undefined {
  return 'value' in literal && typeof literal.value === 'string' ? literal.value : undefined
}

/** As the driver takes it. */
export function valueFor(text: string, column: ScopedColumn, asOf: AsOf | undefined): string | number | boolean | undefined {
  const trimmed = text.trim()
  switch (column.definition.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'file':
    case 'image':
      return GUID.exec(trimmed)?.[1]?.toLowerCase()
    case 'string':
    case 'memo':
      return text
    case 'integer':
    case 'choice':
    case 'choices':
      return /^-?\d{1,10}$/.test(trimmed) && Math.abs(Number(trimmed)) < 2 ** 31 ? Number(trimmed) : undefined
    case 'bigint':
      return /^-?\d{1,18}$/.test(trimmed) ? trimmed : undefined
    case 'decimal':
    case 'money':
      return /^-?\d{1,60}(\.\d{1,60})?$/.test(trimmed) ? trimmed : undefined
    case 'boolean':
      return /^(1|true)$/i.test(trimmed) ? true : /^(0|false)$/i.test(trimmed) ? false : undefined
    case 'date': {
      const parsed = parseDateTime(trimmed)
      if (parsed === undefined) return undefined
      return dayText(parsed.kind === 'local' || asOf === undefined ? parsed.ms : localTimeOf(parsed.ms, asOf.timeZone))
    }
    case 'datetime': {
      const parsed = parseDateTime(trimmed)
      return parsed === undefined ? undefined : boundFor(parsed, column, asOf)
    }
    default:
      return column.definition.type satisfies never
  }
}

/**
 * A bound as the column compares with it: a moment for a date-time; its figures for one that means the same figures everywhere; and for a
 * date the first day that begins at the bound or after it.
 */
export function boundFor(bound: Bound, column: ScopedColumn, asOf: AsOf | undefined): string {
  const timeZone = asOf?.timeZone ?? 'UTC'
  const { type, behaviour } = column.definition
  if (type === 'datetime' && behaviour === 'user_local')
    return new Date(bound.kind === 'moment' ? bound.ms : momentOf(bound.ms, timeZone)).toISOString()
  const figures = bound.kind === 'local' ? bound.ms : localTimeOf(bound.ms, timeZone)
  if (type === 'datetime') return new Date(figures).toISOString()
  return dayText(Math.ceil(figures / DAY_MS) * DAY_MS)
}

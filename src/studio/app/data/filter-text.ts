import type { ColumnInfo } from '../../wire-data.ts'

/** Operators that make sense for a type, in the order in which they are offered. */
export type Operator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'contains' | 'startswith' | 'empty' | 'filled'

const TEXT: readonly Operator[] = ['contains', 'startswith', 'eq', 'ne', 'empty', 'filled']
const ORDERED: readonly Operator[] = ['eq', 'ne', 'ge', 'le', 'gt', 'lt', 'empty', 'filled']
const SAME: readonly Operator[] = ['eq', 'ne', 'empty', 'filled']
const FILLED: readonly Operator[] = ['empty', 'filled']

export function operatorsOf(type: string): readonly Operator[] {
  if (type === 'string' || type === 'memo') return TEXT
  if (['integer', 'bigint', 'decimal', 'money', 'date', 'datetime'].includes(type)) return ORDERED
  if (['choices', 'file', 'image'].includes(type)) return FILLED
  return SAME
}

/** One condition as OData: `name eq 'bolt'`. The server refuses a value that does not fit, with the reason. */
export function conditionText(column: ColumnInfo, operator: Operator, value: string): string {
  if (operator === 'empty') return `${column.name} eq null`
  if (operator === 'filled') return `${column.name} ne null`
  const literal = literalOf(column.type, value.trim())
  if (operator === 'contains' || operator === 'startswith') return `${operator}(${column.name},${literal})`
  return `${column.name} ${operator} ${literal}`
}

/** The conditions that all must hold: what stands between `and` at the top of the text. */
export function splitConditions(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (depth === 0 && text.startsWith(' and ', at)) {
      parts.push(text.slice(start, at))
      start = at + 5
    } else if (depth === 0 && text.startsWith(' or ', at)) return [text]
  }
  return [...parts, text.slice(start)].filter((part) => part.trim() !== '')
}

function literalOf(type: string, value: string): string {
  if (type === 'string' || type === 'memo') return `'${value.replaceAll("'", "''")}'`
  // A day stands for its beginning in UTC.
  if (type === 'datetime' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return `${value}T00:00:00Z`
  return value
}

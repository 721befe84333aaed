import { assert } from '#lib/assert.ts'
import { quoteLiteral, type Sql } from '#postgres/sql.ts'

/**
 * A condition as plain text, its values as quoted literals: policies and functions take no parameters. Like a parameter, a quoted literal
 * has the type that its place asks for, so that the text means what the statement with parameters means.
 */
export function literalText(query: Sql): string {
  let text = query.chunks[0] ?? ''
  query.values.forEach((value, i) => {
    text += literalOf(value) + (query.chunks[i + 1] ?? '')
  })
  return text
}

/** An array of texts as PostgreSQL writes it: {"Customer representative","A \"B\""}. */
export function arrayText(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

function literalOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return quoteLiteral(arrayOf(value))
  return quoteLiteral(textOf(value))
}

function arrayOf(items: readonly unknown[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : arrayText([textOf(item)]).slice(1, -1))).join(',')}}`
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  assert(value instanceof Date, `a value of a condition is a text, a number, yes or no, or a moment: ${typeof value}`)
  return value.toISOString()
}

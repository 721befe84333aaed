import { compare as compareDecimals, parseDecimal } from '#lib/decimal.ts'
import { parseDateTime } from '#lib/local-time.ts'
import type { Condition, RemoteFields, RemoteValue, Where } from './contract.ts'

/** The conditions of either form. */
export function conditionsOf(where: Where | undefined): readonly Condition[] {
  if (where === undefined) return []
  if (Array.isArray(where)) return where as readonly Condition[]
  return Object.entries(where as RemoteFields).map(([field, value]) => ({ field, operator: 'eq', value }))
}

/** Whether a record meets them all: what a filter means, for connectors whose ERP brings more than was asked for. */
export function meets(where: Where | undefined, fields: RemoteFields): boolean {
  return conditionsOf(where).every((condition) => {
    const value = fields[condition.field] ?? null
    if (condition.operator === 'in') return condition.value.some((one) => holds('eq', value, one))
    return holds(condition.operator, value, condition.value)
  })
}

/** Whether a comparison holds: nothing and empty text are the same nothing, numbers and moments are compared as such, text without case. */
export function holds(operator: Exclude<Condition['operator'], 'in'>, left: RemoteValue, right: RemoteValue): boolean {
  const [a, b] = [left === '' ? null : left, right === '' ? null : right]
  if (a === null || b === null) return operator === 'eq' ? a === b : operator === 'ne' ? a !== b : false
  const sign = signOf(String(a), String(b))
  switch (operator) {
    case 'eq':
      return sign === 0
    case 'ne':
      return sign !== 0
    case 'gt':
      return sign > 0
    case 'ge':
      return sign >= 0
    case 'lt':
      return sign < 0
    case 'le':
      return sign <= 0
    default:
      return operator satisfies never
  }
}

function signOf(a: string, b: string): number {
  const [x, y] = [parseDecimal(a), parseDecimal(b)]
  if (x !== undefined && y !== undefined) return compareDecimals(x, y)
  const [before, after] = [momentOf(a), momentOf(b)]
  if (before !== undefined && after !== undefined) return Math.sign(before - after)
  const [left, right] = [a.toLowerCase(), b.toLowerCase()]
  return left === right ? 0 : left < right ? -1 : 1
}

/** 10:00Z, 10:00:00.000Z and 12:00+02:00 are one moment; a day begins at midnight in UTC. */
function momentOf(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? parseDateTime(text)?.ms : undefined
}

import type { RemoteFields, RemoteValue } from '#connector/contract.ts'
import { compare as compareDecimals, parseDecimal } from '#lib/decimal.ts'
import type { CompareOperator, FilterExpression, Literal, Operand } from '#lib/odata/ast.ts'

/** Whether plain values pass a map's filter. Text compares without regard to case, as both sides do; no value is `null`. */
export function passes(filter: FilterExpression, values: Readonly<Record<string, RemoteValue | undefined>>): boolean {
  switch (filter.kind) {
    case 'and':
      return passes(filter.left, values) && passes(filter.right, values)
    case 'or':
      return passes(filter.left, values) || passes(filter.right, values)
    case 'not':
      return !passes(filter.operand, values)
    case 'compare':
      return compares(filter.operator, operandValue(filter.left, values), operandValue(filter.right, values))
    case 'in':
      return filter.values.some((one) => compares('eq', operandValue(filter.left, values), operandValue(one, values)))
    default:
      throw new Error(`A map's filter cannot use ${filter.kind}`)
  }
}

/** The `field eq literal` conditions that must hold in any case: what the ERP can apply by itself. */
export function equalitiesOf(filter: FilterExpression): RemoteFields {
  if (filter.kind === 'and') return { ...equalitiesOf(filter.left), ...equalitiesOf(filter.right) }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return {}
  const { left, right } = filter
  const name = left.kind === 'path' && left.names.length === 1 ? left.names[0] : undefined
  if (name === undefined || right.kind !== 'literal' || right.literal.type === 'null') return {}
  return { [name]: literalValue(right.literal) }
}

/** Names of the fields that the filter looks at. */
export function fieldsIn(filter: FilterExpression): string[] {
  const names = (operand: Operand) => (operand.kind === 'path' ? [operand.names.join('/')] : [])
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [...fieldsIn(filter.left), ...fieldsIn(filter.right)]
    case 'not':
      return fieldsIn(filter.operand)
    case 'compare':
      return [...names(filter.left), ...names(filter.right)]
    case 'in':
      return names(filter.left)
    default:
      return []
  }
}

function operandValue(operand: Operand, values: Readonly<Record<string, RemoteValue | undefined>>): RemoteValue {
  if (operand.kind === 'path') return values[operand.names.join('/')] ?? null
  if (operand.kind === 'literal') return literalValue(operand.literal)
  throw new Error(`A map's filter cannot use ${operand.kind}`)
}

function literalValue(literal: Literal): RemoteValue {
  switch (literal.type) {
    case 'null':
      return null
    case 'number':
      return literal.text
    case 'enum':
      return literal.member
    default:
      return literal.value
  }
}

function compares(operator: CompareOperator, left: RemoteValue, right: RemoteValue): boolean {
  // The ERP has no null text: '' and null are the same nothing.
  const a = left === '' ? null : left
  const b = right === '' ? null : right
  if (a === null || b === null) return operator === 'eq' ? a === b : operator === 'ne' ? a !== b : false
  const sign = signOf(a, b)
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

function signOf(a: string | number | boolean, b: string | number | boolean): number {
  const x = parseDecimal(String(a))
  const y = parseDecimal(String(b))
  if (x !== undefined && y !== undefined) return compareDecimals(x, y)
  const left = String(a).toLowerCase()
  const right = String(b).toLowerCase()
  return left === right ? 0 : left < right ? -1 : 1
}

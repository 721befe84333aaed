import type { Condition, ConditionOperator, RemoteFields, RemoteValue } from '#connector/contract.ts'
import { holds } from '#connector/where.ts'
import type { FilterExpression, Literal, Operand } from '#lib/odata/ast.ts'

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
      return holds(filter.operator, operandValue(filter.left, values), operandValue(filter.right, values))
    case 'in':
      return filter.values.some((one) => holds('eq', operandValue(filter.left, values), operandValue(one, values)))
    case 'call':
      return searches(filter, values)
    default:
      throw new Error(`A map's filter cannot use ${filter.kind}`)
  }
}

/** Why a map cannot use the filter, whichever side it is for; undefined where it can. Throws nothing. */
export function refusalOf(filter: FilterExpression): string | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return refusalOf(filter.left) ?? refusalOf(filter.right)
    case 'not':
      return refusalOf(filter.operand)
    case 'compare':
      return operandRefusal(filter.left) ?? operandRefusal(filter.right)
    case 'in':
      return [filter.left, ...filter.values].map(operandRefusal).find((why) => why !== undefined)
    case 'call':
      if (!SEARCHES.has(filter.name)) return `it cannot use the function ${filter.name}; there are ${[...SEARCHES].join(', ')}`
      if (filter.arguments.length !== 2) return `${filter.name} takes a name and a text`
      return filter.arguments.map(operandRefusal).find((why) => why !== undefined)
    default:
      return `it cannot use ${filter.kind}`
  }
}

/**
 * The conditions that must hold in any case and that the ERP can apply: fewer records are read. The whole filter is applied here all the
 * same, so that its meaning does not hang on what an ERP makes of it.
 */
export function pushableOf(filter: FilterExpression, operators: readonly ConditionOperator[]): Condition[] {
  if (filter.kind === 'and') return [...pushableOf(filter.left, operators), ...pushableOf(filter.right, operators)]
  const condition = conditionOf(filter)
  return condition !== undefined && operators.includes(condition.operator) ? [condition] : []
}

function conditionOf(filter: FilterExpression): Condition | undefined {
  if (filter.kind !== 'compare' && filter.kind !== 'in') return undefined
  const field = filter.left.kind === 'path' && filter.left.names.length === 1 ? filter.left.names[0] : undefined
  if (field === undefined) return undefined
  if (filter.kind === 'compare') {
    if (filter.right.kind !== 'literal') return undefined
    return { field, operator: filter.operator, value: literalValue(filter.right.literal) }
  }
  const value = filter.values.flatMap((one) => (one.kind === 'literal' ? [literalValue(one.literal)] : []))
  const isPlain = value.length === filter.values.length && value.every((one) => one !== null)
  return isPlain ? { field, operator: 'in', value } : undefined
}

/** The `field eq literal` conditions that must hold in any case: values that every record of the map has. */
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
  const names = (operand: Operand): string[] =>
    operand.kind === 'path' ? [operand.names.join('/')] : operand.kind === 'function' ? operand.arguments.flatMap(names) : []
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
    case 'call':
      return filter.arguments.flatMap(names)
    default:
      return []
  }
}

function operandValue(operand: Operand, values: Readonly<Record<string, RemoteValue | undefined>>): RemoteValue {
  if (operand.kind === 'path') return values[operand.names.join('/')] ?? null
  if (operand.kind === 'literal') return literalValue(operand.literal)
  if (operand.kind === 'function' && operand.arguments[0] !== undefined) {
    const value = operandValue(operand.arguments[0], values)
    return value === null ? null : (FUNCTIONS.get(operand.name)?.(String(value)) ?? null)
  }
  throw new Error(`A map's filter cannot use ${operand.kind}`)
}

const SEARCHES: ReadonlySet<string> = new Set(['startswith', 'endswith', 'contains'])
const FUNCTIONS: ReadonlyMap<string, (text: string) => string> = new Map([
  ['tolower', (text: string) => text.toLowerCase()],
  ['toupper', (text: string) => text.toUpperCase()],
  ['trim', (text: string) => text.trim()],
])

function searches(
  filter: Extract<FilterExpression, { kind: 'call' }>,
  values: Readonly<Record<string, RemoteValue | undefined>>,
): boolean {
  const [subject, text] = filter.arguments.map((one) => operandValue(one, values))
  if (subject === null || subject === undefined || text === null || text === undefined) return false
  const [whole, part] = [String(subject).toLowerCase(), String(text).toLowerCase()]
  if (filter.name === 'startswith') return whole.startsWith(part)
  return filter.name === 'endswith' ? whole.endsWith(part) : whole.includes(part)
}

function operandRefusal(operand: Operand): string | undefined {
  if (operand.kind === 'literal') return undefined
  if (operand.kind === 'path') return operand.names.length === 1 ? undefined : `it cannot follow ${operand.names.join('/')}`
  if (operand.kind !== 'function') return `it cannot use ${operand.kind}`
  if (!FUNCTIONS.has(operand.name)) return `it cannot use the function ${operand.name}`
  return operand.arguments.map(operandRefusal).find((why) => why !== undefined)
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

import type { FilterExpression, Literal, Operand } from './ast.ts'

/** A parsed filter written out again, for reading: `AssociatedContactType eq 'Customer' and not (Name eq null)`. */
export function filterText(filter: FilterExpression): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `${inner(filter.left, filter.kind)} ${filter.kind} ${inner(filter.right, filter.kind)}`
    case 'not':
      return `not (${filterText(filter.operand)})`
    case 'compare':
      return `${operandText(filter.left)} ${filter.operator} ${operandText(filter.right)}`
    case 'in':
      return `${operandText(filter.left)} in (${filter.values.map(operandText).join(', ')})`
    case 'has':
      return `${operandText(filter.left)} has ${operandText(filter.right)}`
    case 'condition':
      return [operandText(filter.left), filter.operator, ...filter.values.map(operandText)].join(' ')
    case 'call':
      return callText(filter)
    case 'lambda': {
      const predicate = filter.predicate === undefined ? '' : `${filter.variable}:${filterText(filter.predicate)}`
      return `${filter.path.join('/')}/${filter.operator}(${predicate})`
    }
    default:
      return filter satisfies never
  }
}

function inner(filter: FilterExpression, outer: 'and' | 'or'): string {
  const isOther = (filter.kind === 'and' || filter.kind === 'or') && filter.kind !== outer
  return isOther ? `(${filterText(filter)})` : filterText(filter)
}

function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'path':
      return operand.names.join('/')
    case 'literal':
      return literalText(operand.literal)
    case 'arithmetic':
      return `(${operandText(operand.left)} ${operand.operator} ${operandText(operand.right)})`
    case 'function':
      return callText(operand)
    case 'condition':
      return `(${filterText(operand.condition)})`
    default:
      return operand satisfies never
  }
}

function callText(call: { name: string; arguments: readonly Operand[] }): string {
  return `${call.name}(${call.arguments.map(operandText).join(', ')})`
}

function literalText(literal: Literal): string {
  switch (literal.type) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(literal.value)
    case 'number':
      return literal.text
    case 'string':
      return `'${literal.value.replaceAll("'", "''")}'`
    case 'enum':
      return `${literal.enumType}'${literal.member}'`
    default:
      return literal.value
  }
}

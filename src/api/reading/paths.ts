import type { FilterExpression, Operand } from '#lib/odata/ast.ts'

/** The same filter with every path given to `rename`, which answers the path to use or refuses it. */
export function renamePaths(filter: FilterExpression, rename: (names: readonly string[]) => readonly string[]): FilterExpression {
  const operand = (one: Operand): Operand => {
    switch (one.kind) {
      case 'path':
        return { ...one, names: rename(one.names) }
      case 'literal':
        return one
      case 'arithmetic':
        return { ...one, left: operand(one.left), right: operand(one.right) }
      case 'function':
        return { ...one, arguments: one.arguments.map(operand) }
      case 'condition':
        return { ...one, condition: condition(one.condition) }
      default:
        return one satisfies never
    }
  }
  const condition = (one: FilterExpression): FilterExpression => {
    switch (one.kind) {
      case 'and':
      case 'or':
        return { ...one, left: condition(one.left), right: condition(one.right) }
      case 'not':
        return { ...one, operand: condition(one.operand) }
      case 'compare':
      case 'has':
        return { ...one, left: operand(one.left), right: operand(one.right) }
      case 'in':
      case 'condition':
        return { ...one, left: operand(one.left), values: one.values.map(operand) }
      case 'call':
        return { ...one, arguments: one.arguments.map(operand) }
      case 'lambda':
        // The path is refused or not; what stands inside belongs to the lambda's variable, which no compiler here knows.
        return { ...one, path: rename(one.path) }
      default:
        return one satisfies never
    }
  }
  return condition(filter)
}

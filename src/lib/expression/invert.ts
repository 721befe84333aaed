import { equal } from '../decimal.ts'
import type { Expression, Typed } from './ast.ts'
import { isExactRatio, unitFactors } from './units.ts'

/**
 * The way back: for an expression over one name, the text of the expression over `variable` that gives that name's value again, whatever
 * it was. `why` says what stands in the way where there is none.
 */
export function invertExpression(expression: Expression, variable: string): { name: string; text: string } | { why: string } {
  const [name, ...others] = expression.names
  if (name === undefined) return { why: 'it reads nothing' }
  if (others.length > 0) return { why: `it makes one value of ${expression.names.join(', ')}` }
  if (countNames(expression.root) > 1) return { why: `it reads ${name} more than once` }
  const way = undo(expression.root, variable)
  return typeof way === 'string' ? { name, text: way } : way
}

/** Goes from the outside in; `image` is the text that has the value of `node`. */
function undo(node: Typed, image: string): string | { why: string } {
  if (node.kind === 'name') return image
  if (node.kind === 'literal') return { why: 'it is a constant' }
  const inner = node.arguments.findIndex((one) => countNames(one) > 0)
  const subject = node.arguments[inner]
  if (subject === undefined) return { why: 'it reads nothing' }
  const step = undoCall(node, inner, image)
  return typeof step === 'string' ? undo(subject, step) : step
}

function undoCall(node: Extract<Typed, { kind: 'call' }>, inner: number, image: string): string | { why: string } {
  const written = (index: number) => {
    const value = node.arguments[index]
    return value?.kind === 'literal' ? value.value : undefined
  }
  const other = written(inner === 0 ? 1 : 0)
  switch (node.name) {
    case 'concat':
      return undoConcat(node, inner, image)
    case 'swap':
      return inner === 0 ? `swap(${image}, ${print(written(1))}, ${print(written(2))})` : NO_WAY(node.name)
    case 'not':
      return `not ${image}`
    case 'text':
      return node.arguments[0]?.type === 'number' ? `number(${image})` : NO_WAY('text of what is no number')
    case 'unit': {
      const [from, to] = [String(written(1)), String(written(2))]
      const factors = unitFactors(from, to)
      return factors !== undefined && isExactRatio(factors.times, factors.over)
        ? `unit(${image}, ${print(to)}, ${print(from)})`
        : NO_WAY(`${from} is no finite number of ${to}, or the other way round, and unit`)
    }
    case 'addDays': {
      const days = written(1)
      return inner === 0 && typeof days === 'string' ? `addDays(${image}, -${days})` : NO_WAY('addDays of a changing number')
    }
    case '+':
      return `(${image} - ${print(other, true)})`
    case '-':
      return inner === 0 ? `(${image} + ${print(other, true)})` : `(${print(other, true)} - ${image})`
    case '*':
    case '/':
      return undoProduct(node.name, inner, other, image)
    default:
      return NO_WAY(node.name)
  }
}

function undoConcat(node: Extract<Typed, { kind: 'call' }>, inner: number, image: string): string | { why: string } {
  const subject = node.arguments[inner]
  if (subject !== undefined && subject.type !== 'text' && subject.type !== 'unknown') return NO_WAY(`concat of a ${subject.type}`)
  const fixed = (nodes: readonly Typed[]) => nodes.map((one) => (one.kind === 'literal' ? String(one.value ?? '') : '')).join('')
  if (node.arguments.some((one, index) => index !== inner && one.kind !== 'literal')) return NO_WAY('concat of several values')
  const [prefix, suffix] = [fixed(node.arguments.slice(0, inner)), fixed(node.arguments.slice(inner + 1))]
  const cut = prefix === '' ? image : `removePrefix(${image}, ${print(prefix)})`
  return suffix === '' ? cut : `removeSuffix(${cut}, ${print(suffix)})`
}

function undoProduct(
  operator: '*' | '/',
  inner: number,
  factor: string | boolean | null | undefined,
  image: string,
): string | { why: string } {
  if (typeof factor !== 'string' || equal(factor, '0')) return NO_WAY(`${operator} with zero`)
  if (operator === '/' && inner !== 0) return NO_WAY('division by what changes')
  if (!isExactRatio(factor, '1')) return NO_WAY(`1 / ${factor} goes on for ever, and ${operator}`)
  return `(${image} ${operator === '*' ? '/' : '*'} ${factor})`
}

const NO_WAY = (what: string) => ({ why: `${what} cannot be undone` })

function countNames(node: Typed): number {
  if (node.kind === 'name') return 1
  return node.kind === 'literal' ? 0 : node.arguments.reduce((sum, one) => sum + countNames(one), 0)
}

function print(value: string | boolean | null | undefined, isNumber = false): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'boolean' || isNumber) return String(value)
  return `'${value.replaceAll("'", "''")}'`
}

import { AppError, isAppError } from '../app-error.ts'
import { compare as compareDecimals, parseDecimal } from '../decimal.ts'
import type { Expression, LookupCall, Type, Typed, Value } from './ast.ts'
import { definitionOf, failed, momentIn, numberIn } from './functions.ts'

export type Evaluation = { value: Value; warnings: readonly string[] } | { failure: string }

/** What a name stands for. Numbers may come as numbers where they are whole. */
export type Values = Readonly<Record<string, string | number | boolean | null | undefined>>

/** `answers` holds what each lookup of the expression found. Never throws for what the values are. */
export function evaluate(expression: Expression, values: Values, answers?: ReadonlyMap<Typed, Value>): Evaluation {
  const warnings: string[] = []
  const run: Run = { values, answers, warn: (message) => warnings.push(message) }
  try {
    return { value: emptyAsNull(worthOf(expression.root, run)), warnings }
  } catch (error) {
    if (isAppError(error, 'expression.failed')) return { failure: `${error.message} in ${expression.text}` }
    throw new AppError('expression.failed', `The expression ${expression.text} cannot be evaluated`, { cause: error })
  }
}

/** The key values by which a lookup finds its row; undefined where one of them is empty, and there is no row then. */
export function lookupKeys(call: LookupCall, values: Values): string[] | undefined | { failure: string } {
  try {
    const run: Run = { values, answers: undefined, warn: () => {} }
    const keys = call.keys.map((key) => emptyAsNull(worthOf(key, run)))
    return keys.every((key) => key !== null) ? keys.map(String) : undefined
  } catch (error) {
    if (isAppError(error, 'expression.failed')) return { failure: error.message }
    throw error
  }
}

type Run = { values: Values; answers: ReadonlyMap<Typed, Value> | undefined; warn(message: string): void }

function worthOf(node: Typed, run: Run): Value {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'name':
      return asValue(run.values[node.name])
    case 'call':
      return callOf(node, run)
    default:
      return node satisfies never
  }
}

function callOf(node: Extract<Typed, { kind: 'call' }>, run: Run): Value {
  const [first, second, third] = node.arguments
  switch (node.name) {
    case 'lookup':
      return run.answers?.get(node) ?? null
    case 'if':
      return branch(worthOf(first as Typed, run) === true ? second : third, run)
    case 'default':
    case 'coalesce':
      for (const one of node.arguments) {
        const value = emptyAsNull(worthOf(one, run))
        if (value !== null) return value
      }
      return null
    case 'and':
      return worthOf(first as Typed, run) === true && worthOf(second as Typed, run) === true
    case 'or':
      return worthOf(first as Typed, run) === true || worthOf(second as Typed, run) === true
    case 'concat':
      if (!hasContent(node.arguments, run)) return null
      break
  }
  const values = node.arguments.map((one) => emptyAsNull(worthOf(one, run), one))
  if (COMPARISONS.has(node.name)) return compares(node, values)
  const definition = definitionOf(node.name)
  if (definition === undefined) throw failed(`${node.name} is not a function`)
  if (definition.takesNull !== true && values.some((value) => value === null)) return null
  return definition.evaluate(values, run.warn)
}

function branch(node: Typed | undefined, run: Run): Value {
  return node === undefined ? null : worthOf(node, run)
}

/** Constants alone make no value: the prefix of nothing is nothing. */
function hasContent(nodes: readonly Typed[], run: Run): boolean {
  const read = nodes.filter((one) => one.kind !== 'literal')
  return read.length === 0 || read.some((one) => emptyAsNull(worthOf(one, run)) !== null)
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>='])

function compares(node: Extract<Typed, { kind: 'call' }>, [a = null, b = null]: readonly Value[]): boolean {
  if (a === null || b === null) return node.name === '=' ? a === b : node.name === '!=' ? a !== b : false
  const sign = signOf(a, b, kindOf(node.arguments))
  switch (node.name) {
    case '=':
      return sign === 0
    case '!=':
      return sign !== 0
    case '<':
      return sign < 0
    case '<=':
      return sign <= 0
    case '>':
      return sign > 0
    default:
      return sign >= 0
  }
}

function kindOf(nodes: readonly Typed[]): Type {
  const types = nodes.map((one) => one.type)
  return (['datetime', 'date', 'number', 'boolean', 'text'] as const).find((type) => types.includes(type)) ?? 'unknown'
}

/** Text compares without regard to case, as both sides do. */
function signOf(a: string | boolean, b: string | boolean, kind: Type): number {
  if (kind === 'number') return compareDecimals(numberIn(a), numberIn(b))
  if (kind === 'date' || kind === 'datetime') return Math.sign(momentIn(a) - momentIn(b))
  const [x, y] = kind === 'unknown' ? [parseDecimal(String(a)), parseDecimal(String(b))] : []
  if (x !== undefined && y !== undefined) return compareDecimals(x, y)
  const [left, right] = [String(a).toLowerCase(), String(b).toLowerCase()]
  return left === right ? 0 : left < right ? -1 : 1
}

function asValue(value: string | number | boolean | null | undefined): Value {
  return value === undefined || value === ''
    ? null
    : typeof value === 'number'
      ? (parseDecimal(String(value)) ?? String(value))
      : value
}

/** Neither side has an empty text: it is nothing. A written one is meant as text: substitute(x, ' ', ''). */
function emptyAsNull(value: Value, node?: Typed): Value {
  return value === '' && node?.kind !== 'literal' ? null : value
}

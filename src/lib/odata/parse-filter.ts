import type { ArithmeticOperator, CompareOperator, FilterExpression, Operand } from './ast.ts'
import {
  atEnd,
  type Cursor,
  countNode,
  cursorOver,
  expectChar,
  expectEnd,
  fail,
  found,
  here,
  nested,
  peek,
  skipSpace,
  take,
  takeChar,
  takePath,
  takeQualifiedName,
} from './cursor.ts'
import { type Aliases, takeLiteral } from './literal.ts'
import { FUNCTION_PREFIX, readCondition } from './parse-condition.ts'

/**
 * Parses the (already URL-decoded) text of `$filter`: the OData v4 common expression, free of any service's dialect. Anything that is not
 * one is refused with AppError 'odata.invalid', whose details carry the position (from 0) and the reason.
 * `base` is added to positions when the text is a part of a longer one; `aliases` are values that stand beside the text ('@p1').
 */
export function parseFilter(text: string, base = 0, aliases?: Aliases): FilterExpression {
  const cursor: FilterCursor = { ...cursorOver(text, '$filter', base), aliases }
  skipSpace(cursor)
  const filter = asCondition(cursor, readBinary(cursor, 0))
  skipSpace(cursor)
  expectEnd(cursor)
  return filter
}

/** Parses a value instead of a condition, in the same grammar: `quantity mul priceperunit`. `what` names the text in refusals. */
export function parseOperand(text: string, what: string): Operand {
  const cursor = cursorOver(text, what)
  skipSpace(cursor)
  const term = readBinary(cursor, 0)
  skipSpace(cursor)
  expectEnd(cursor)
  if (term.is === 'condition') fail(cursor, 'needs a value here, not a condition', term.position)
  return term.operand
}

type FilterCursor = Cursor & { readonly aliases?: Aliases | undefined }

/** What a part of an expression may turn out to be, before its surroundings tell. */
type Term = { is: 'operand'; operand: Operand } | { is: 'condition'; condition: FilterExpression; position: number }

/** Operators by precedence, weakest first. All are left-associative. */
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['or']),
  new Set(['and']),
  new Set(['eq', 'ne']),
  new Set(['gt', 'ge', 'lt', 'le', 'has', 'in']),
  new Set(['add', 'sub']),
  new Set(['mul', 'div', 'divby', 'mod']),
]
const OPERATORS: ReadonlySet<string> = new Set(LEVELS.flatMap((level) => [...level]))
const WORD = /[\p{L}\p{Nd}_]+/uy

function readBinary(cursor: FilterCursor, level: number): Term {
  const operators = LEVELS[level]
  if (operators === undefined) return readUnary(cursor)
  let left = readBinary(cursor, level + 1)
  for (;;) {
    const position = here(cursor)
    const operator = takeOperator(cursor, operators)
    if (operator === undefined) return left
    countNode(cursor)
    left =
      operator === 'in'
        ? readIn(cursor, left, position)
        : combine(cursor, operator, left, readBinary(cursor, level + 1), position)
  }
}

/** An operator of this level with the space it needs around it; otherwise the cursor stays. An unknown word is refused at once. */
function takeOperator(cursor: FilterCursor, operators: ReadonlySet<string>): string | undefined {
  const start = cursor.at
  const spaced = skipSpace(cursor)
  const wordAt = cursor.at
  const word = take(cursor, WORD)
  if (word !== undefined) {
    if (!OPERATORS.has(word)) fail(cursor, `has '${word}' where an operator belongs`, wordAt)
    if (!spaced) fail(cursor, `needs a space before '${word}'`, wordAt)
    if (operators.has(word)) {
      if (!skipSpace(cursor)) fail(cursor, `needs a space after '${word}'`)
      return word
    }
  }
  cursor.at = start
  return undefined
}

function combine(cursor: FilterCursor, operator: string, left: Term, right: Term, position: number): Term {
  if (operator === 'and' || operator === 'or') {
    const condition = { kind: operator, left: asCondition(cursor, left), right: asCondition(cursor, right) } as const
    return { is: 'condition', condition, position }
  }
  const operands = { left: asOperand(left), right: asOperand(right), position }
  if (operator === 'has') return { is: 'condition', condition: { kind: 'has', ...operands }, position }
  if (COMPARE.has(operator)) {
    return { is: 'condition', condition: { kind: 'compare', operator: operator as CompareOperator, ...operands }, position }
  }
  return { is: 'operand', operand: { kind: 'arithmetic', operator: operator as ArithmeticOperator, ...operands } }
}

const COMPARE: ReadonlySet<string> = new Set<CompareOperator>(['eq', 'ne', 'gt', 'ge', 'lt', 'le'])

function readIn(cursor: FilterCursor, left: Term, position: number): Term {
  if (peek(cursor) !== '(') fail(cursor, `needs a list in parentheses after 'in'`)
  const values = readArguments(cursor)
  if (values.length === 0) fail(cursor, `needs at least one value in the list of 'in'`)
  return { is: 'condition', condition: { kind: 'in', left: asOperand(left), values, position }, position }
}

function readUnary(cursor: FilterCursor): Term {
  return nested(cursor, () => {
    countNode(cursor)
    const position = here(cursor)
    if (take(cursor, NOT) !== undefined) {
      skipSpace(cursor)
      const operand = asCondition(cursor, readUnary(cursor))
      return { is: 'condition', condition: { kind: 'not', operand }, position }
    }
    const term = readPrimary(cursor)
    if (term !== undefined) return term
    if (takeChar(cursor, '-')) {
      skipSpace(cursor)
      // -x is 0 sub x: one operator less for every compiler.
      const zero: Operand = { kind: 'literal', literal: { type: 'number', text: '0' }, position }
      const operand = asOperand(readUnary(cursor))
      return { is: 'operand', operand: { kind: 'arithmetic', operator: 'sub', left: zero, right: operand, position } }
    }
    return fail(cursor, `needs a value or a name instead of ${found(cursor)}`)
  })
}

const NOT = /not(?=[\s(])/y

function readPrimary(cursor: FilterCursor): Term | undefined {
  const start = cursor.at
  const position = here(cursor)
  if (takeChar(cursor, '(')) {
    skipSpace(cursor)
    const inner = readBinary(cursor, 0)
    skipSpace(cursor)
    expectChar(cursor, ')')
    return inner
  }
  if (atEnd(cursor) || (peek(cursor) === '-' && !/[\d]/.test(cursor.text[cursor.at + 1] ?? ''))) return undefined
  const literal = takeLiteral(cursor, cursor.aliases)
  if (literal !== undefined) return { is: 'operand', operand: { kind: 'literal', literal, position } }
  if (takeQualifiedName(cursor) === undefined) return undefined
  cursor.at = start
  return readNamed(cursor)
}

/** A path, a function call, or a lambda at the end of a path. */
function readNamed(cursor: FilterCursor): Term {
  const position = here(cursor)
  const names = takePath(cursor)
  if (peek(cursor) !== '(') return { is: 'operand', operand: { kind: 'path', names, position } }
  const last = names[names.length - 1] ?? ''
  if (names.length > 1 && (last === 'any' || last === 'all')) return readLambda(cursor, last, names.slice(0, -1), position)
  if (last.startsWith(FUNCTION_PREFIX)) {
    if (names.length > 1)
      fail(cursor, `calls ${last.slice(0, 100)} on a path; name the path in PropertyName`, position - cursor.base)
    return { is: 'condition', condition: readCondition(cursor, last, position, cursor.aliases), position }
  }
  if (names.length > 1) fail(cursor, `calls '${last}' on a path, which only any and all allow`, position - cursor.base)
  return { is: 'operand', operand: { kind: 'function', name: last, arguments: readArguments(cursor), position } }
}

function readArguments(cursor: FilterCursor): Operand[] {
  expectChar(cursor, '(')
  skipSpace(cursor)
  const values: Operand[] = []
  if (takeChar(cursor, ')')) return values
  for (;;) {
    values.push(asOperand(readBinary(cursor, 0)))
    skipSpace(cursor)
    if (takeChar(cursor, ')')) return values
    expectChar(cursor, ',')
    skipSpace(cursor)
  }
}

function readLambda(cursor: FilterCursor, operator: 'any' | 'all', path: string[], position: number): Term {
  expectChar(cursor, '(')
  skipSpace(cursor)
  if (takeChar(cursor, ')')) {
    if (operator === 'all') fail(cursor, `needs a condition inside 'all'`)
    return { is: 'condition', condition: { kind: 'lambda', operator, path, position }, position }
  }
  const variable = takeQualifiedName(cursor)
  if (variable === undefined || variable.includes('.')) fail(cursor, `needs a variable name inside '${operator}'`)
  skipSpace(cursor)
  expectChar(cursor, ':')
  skipSpace(cursor)
  const predicate = asCondition(cursor, readBinary(cursor, 0))
  skipSpace(cursor)
  expectChar(cursor, ')')
  return { is: 'condition', condition: { kind: 'lambda', operator, path, variable, predicate, position }, position }
}

/** A bare name or boolean is its own comparison with true; a bare call is a condition. */
function asCondition(cursor: FilterCursor, term: Term): FilterExpression {
  if (term.is === 'condition') return term.condition
  const { operand } = term
  if (operand.kind === 'function') {
    return { kind: 'call', name: operand.name, arguments: operand.arguments, position: operand.position }
  }
  if (operand.kind === 'path' || (operand.kind === 'literal' && operand.literal.type === 'boolean')) {
    const right: Operand = { kind: 'literal', literal: { type: 'boolean', value: true }, position: operand.position }
    return { kind: 'compare', operator: 'eq', left: operand, right, position: operand.position }
  }
  if (operand.kind === 'condition') return operand.condition
  return fail(cursor, 'needs a condition here, not a value', operand.position - cursor.base)
}

function asOperand(term: Term): Operand {
  return term.is === 'operand' ? term.operand : { kind: 'condition', condition: term.condition, position: term.position }
}

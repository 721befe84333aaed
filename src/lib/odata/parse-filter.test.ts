import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AppError, isAppError } from '../app-error.ts'
import type { FilterExpression, Literal, Operand } from './ast.ts'
import { DEPTH_MAX, NODES_MAX, TEXT_LENGTH_MAX } from './cursor.ts'
import { parseFilter } from './parse-filter.ts'

test('operators bind as the standard says: unary, product, sum, order, equality, and, or', () => {
  assert.equal(shape('a eq 1 or b eq 2 and c eq 3'), '((a eq 1) or ((b eq 2) and (c eq 3)))')
  assert.equal(shape('a add 2 mul 3 gt 7 sub 1 sub 1'), '((a add (2 mul 3)) gt ((7 sub 1) sub 1))')
  assert.equal(shape('not (a eq 1) and b'), '((not (a eq 1)) and (b eq true))')
  assert.equal(shape('(a eq 1 or b eq 2) and c eq 3'), '(((a eq 1) or (b eq 2)) and (c eq 3))')
  assert.equal(shape('a eq 1 or b eq 2 or c eq 3'), '(((a eq 1) or (b eq 2)) or (c eq 3))')
  assert.equal(shape('-a lt -5'), '((0 sub a) lt -5)')
  assert.equal(shape('a gt 1 eq true'), '((a gt 1) eq true)')
})

test('every kind of literal is told apart', () => {
  const cases: [string, Literal][] = [
    ['null', { type: 'null' }],
    ['false', { type: 'boolean', value: false }],
    ["'O''Neil & Sons, (Ltd)'", { type: 'string', value: "O'Neil & Sons, (Ltd)" }],
    ["''", { type: 'string', value: '' }],
    ['12.50', { type: 'number', text: '12.50' }],
    ['-1e3', { type: 'number', text: '-1e3' }],
    ['ABCDEF01-2345-6789-abcd-ef0123456789', { type: 'guid', value: 'abcdef01-2345-6789-abcd-ef0123456789' }],
    ['2026-11-23', { type: 'date', value: '2026-11-23' }],
    ['1900-01-01T12:00:00Z', { type: 'dateTime', value: '1900-01-01T12:00:00Z' }],
    ['2026-11-23T08:00:00.125+02:00', { type: 'dateTime', value: '2026-11-23T08:00:00.125+02:00' }],
    ['12:30:00', { type: 'time', value: '12:30:00' }],
    ["duration'P1DT2H'", { type: 'duration', value: 'P1DT2H' }],
    [
      "Microsoft.Dynamics.DataEntities.NoYes'Yes'",
      { type: 'enum', enumType: 'Microsoft.Dynamics.DataEntities.NoYes', member: 'Yes' },
    ],
  ]
  for (const [text, literal] of cases) {
    const filter = parseFilter(`field eq ${text}`)
    assert(filter.kind === 'compare' && filter.right.kind === 'literal', text)
    assert.deepEqual(filter.right.literal, literal)
  }
})

test('paths, calls, lists, has and lambdas are read', () => {
  assert.equal(shape("customerid_account/name eq 'x'"), "(customerid_account/name eq 'x')")
  assert.equal(shape("contains(name,'x') and year(createdon) eq 2026"), "(contains(name,'x') and (year(createdon) eq 2026))")
  assert.equal(shape("concat(concat(a,', '),b) eq 'x, y'"), "(concat(concat(a,', '),b) eq 'x, y')")
  assert.equal(shape('a in (1, 2 ,3)'), '(a in (1,2,3))')
  assert.equal(shape("style has Sales.Pattern'Yellow'"), "(style has Sales.Pattern'Yellow')")
  assert.equal(shape('lines/any(l:l/quantity gt 5)'), '(lines/any(l:(l/quantity gt 5)))')
  assert.equal(shape('lines/any()'), '(lines/any())')
  assert.equal(shape('lines/$count gt 2'), '(lines/$count gt 2)')
  assert.equal(shape('order eq 1 and not not isactive'), '((order eq 1) and (not (not (isactive eq true))))')
})

test('a refusal says what is wrong and where', () => {
  const cases: [text: string, position: number, reason: RegExp][] = [
    ['', 0, /value or a name instead of the end/],
    ['a eq', 4, /space after 'eq'/],
    ['a eq ', 5, /instead of the end/],
    ["a eq 'open", 5, /never closed/],
    ['a equals 1', 2, /'equals' where an operator belongs/],
    ['(a eq 1', 7, /needs '\)'/],
    ['a eq 1)', 6, /does not belong/],
    ['a eq 12abc', 5, /malformed/],
    ['a eq 2026-13-40', 5, /malformed/],
    ['5', 0, /condition here/],
    ['a eq 1 and 5', 11, /condition here/],
    ["a eq guid'x'", 5, /v4 does not know/],
    ['a in ()', 7, /at least one/],
    ['a in b', 5, /list in parentheses/],
    ["x/contains('a')", 0, /only any and all/],
    ['lines/all()', 11, /needs a condition/],
    ['a eq b eq', 9, /space after/],
    ["'a'eq 'b'", 3, /space before/],
  ]
  for (const [text, position, reason] of cases) {
    const error = refusal(text)
    assert.match(error.message, reason, text)
    assert.equal(error.details.position, position, text)
  }
  assert.equal(refusal('a eq ', 100).details.position, 105)
})

test('length, depth and number of parts are limited', () => {
  assert.match(refusal(`a eq '${'x'.repeat(TEXT_LENGTH_MAX)}'`).message, /longer than/)
  assert.match(refusal(`${'('.repeat(DEPTH_MAX + 1)}a eq 1`).message, /nested more/)
  assert.match(refusal(`${'not '.repeat(DEPTH_MAX + 1)}a`).message, /nested more/)
  assert.match(refusal(`a in (${Array(NODES_MAX).fill('1').join(',')})`).message, /more than/)
  const wide = Array(1_000).fill('a eq 1').join(' or ')
  assert.equal(parseFilter(wide).kind, 'or')
})

test('whatever tree is printed, the same tree is parsed', () => {
  fc.assert(
    fc.property(condition, (tree) => {
      assert.deepEqual(withoutPositions(parseFilter(print(tree))), withoutPositions(tree))
    }),
    { numRuns: 500 },
  )
})

test('no text makes it fail in any other way than odata.invalid, at a position within the text', () => {
  const word = fc.constantFrom(
    'a',
    'eq',
    'and',
    'not',
    '(',
    ')',
    "'",
    ' ',
    ',',
    '1',
    '-',
    '/',
    'in',
    ':',
    'any',
    '.',
    'null',
    '2026-01-01',
    '$',
    'é',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseFilter(text)
      } catch (error) {
        assert(isAppError(error, 'odata.invalid'), String(error))
        const position = Number(error.details.position)
        assert(position >= 0 && position <= text.length, `${position} in ${JSON.stringify(text)}`)
      }
    }),
    { numRuns: 3_000 },
  )
})

function refusal(text: string, base = 0): AppError {
  try {
    parseFilter(text, base)
  } catch (error) {
    assert(isAppError(error, 'odata.invalid'), String(error))
    return error
  }
  return assert.fail(`${text.slice(0, 50)} was accepted`)
}

function shape(text: string): string {
  return print(parseFilter(text))
}

function print(filter: FilterExpression): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${print(filter.left)} ${filter.kind} ${print(filter.right)})`
    case 'not':
      return `(not ${print(filter.operand)})`
    case 'compare':
      return `(${printOperand(filter.left)} ${filter.operator} ${printOperand(filter.right)})`
    case 'has':
      return `(${printOperand(filter.left)} has ${printOperand(filter.right)})`
    case 'in':
      return `(${printOperand(filter.left)} in (${filter.values.map(printOperand).join(',')}))`
    case 'condition':
      return `(${printOperand(filter.left)} ${filter.operator} ${filter.values.map(printOperand).join(',')})`
    case 'call':
      return `${filter.name}(${filter.arguments.map(printOperand).join(',')})`
    case 'lambda': {
      const inside = filter.predicate === undefined ? '' : `${filter.variable}:${print(filter.predicate)}`
      return `(${filter.path.join('/')}/${filter.operator}(${inside}))`
    }
  }
}

function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'path':
      return operand.names.join('/')
    case 'literal':
      return printLiteral(operand.literal)
    case 'arithmetic':
      return `(${printOperand(operand.left)} ${operand.operator} ${printOperand(operand.right)})`
    case 'function':
      return `${operand.name}(${operand.arguments.map(printOperand).join(',')})`
    case 'condition':
      return print(operand.condition)
  }
}

function printLiteral(literal: Literal): string {
  switch (literal.type) {
    case 'null':
      return 'null'
    case 'string':
      return `'${literal.value.replaceAll("'", "''")}'`
    case 'number':
      return literal.text
    case 'duration':
      return `duration'${literal.value}'`
    case 'enum':
      return `${literal.enumType}'${literal.member.replaceAll("'", "''")}'`
    default:
      return String(literal.value)
  }
}

function withoutPositions(tree: unknown): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value) => (key === 'position' ? undefined : value)))
}

const name = fc.constantFrom('a', 'SalesOrderNumber', '_customerid_value', 'order', 'équipe')
const literal = fc.oneof(
  fc.constant({ type: 'null' }),
  fc.boolean().map((value) => ({ type: 'boolean', value })),
  fc.string().map((value) => ({ type: 'string', value })),
  fc.integer().map((value) => ({ type: 'number', text: String(value) })),
  fc.uuid().map((value) => ({ type: 'guid', value })),
  fc
    .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => ({ type: 'dateTime', value: date.toISOString() })),
  fc.string().map((member) => ({ type: 'enum', enumType: 'Ns.Type', member })),
)
const { condition } = fc.letrec<{ condition: FilterExpression; operand: Operand }>((tie) => ({
  operand: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => ({ kind: 'path', names })),
    literal.map((value) => ({ kind: 'literal', literal: value })),
    fc.record({
      kind: fc.constant('arithmetic'),
      operator: fc.constantFrom('add', 'sub', 'mul', 'div', 'mod'),
      left: tie('operand'),
      right: tie('operand'),
    }),
    fc.record({ kind: fc.constant('function'), name, arguments: fc.array(tie('operand'), { maxLength: 3 }) }),
  ) as unknown as fc.Arbitrary<Operand>,
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({
      kind: fc.constant('compare'),
      operator: fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
      left: tie('operand'),
      right: tie('operand'),
    }),
    fc.record({ kind: fc.constantFrom('and', 'or'), left: tie('condition'), right: tie('condition') }),
    fc.record({ kind: fc.constant('not'), operand: tie('condition') }),
    fc.record({
      kind: fc.constant('in'),
      left: tie('operand'),
      values: fc.array(tie('operand'), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('call'), name, arguments: fc.array(tie('operand'), { maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('lambda'),
      operator: fc.constantFrom('any', 'all'),
      path: fc.array(name, { minLength: 1, maxLength: 2 }),
      variable: fc.constant('x'),
      predicate: tie('condition'),
    }),
  ) as unknown as fc.Arbitrary<FilterExpression>,
}))

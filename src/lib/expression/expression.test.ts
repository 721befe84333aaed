import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { isAppError } from '../app-error.ts'
import { add, equal } from '../decimal.ts'
import type { Type } from './ast.ts'
import { compileExpression } from './check.ts'
import { evaluate, lookupKeys, type Values } from './evaluate.ts'
import { FUNCTIONS } from './functions.ts'
import { invertExpression } from './invert.ts'

const TYPES: Readonly<Record<string, Type>> = {
  a: 'text',
  b: 'text',
  n: 'number',
  m: 'number',
  d: 'date',
  t: 'datetime',
  ok: 'boolean',
  any: 'unknown',
}
const compile = (text: string, wanted?: Type) => compileExpression(text, (name) => TYPES[name], wanted)

function worth(text: string, values: Values = {}): unknown {
  const outcome = evaluate(compile(text), values)
  return 'failure' in outcome ? outcome : outcome.value
}

const CASES: readonly [string, Values, unknown][] = [
  ["concat(a, ' ', b)", { a: 'Ada', b: 'Lovelace' }, 'Ada Lovelace'],
  ["concat('C-', a)", { a: null }, null],
  ["split(a, '-', 2)", { a: 'x-y-z' }, 'y'],
  ["split(a, '-', -1)", { a: 'x-y-z' }, 'z'],
  ["split(a, '-', 9)", { a: 'x-y-z' }, null],
  ["before(a, ' ')", { a: 'Anna Maria Orsi' }, 'Anna'],
  ["after(a, ' ')", { a: 'Anna Maria Orsi' }, 'Maria Orsi'],
  ["after(a, ' ')", { a: 'Anna' }, null],
  ['trim(a)', { a: '  x ' }, 'x'],
  ['upper(lower(a))', { a: 'xY' }, 'XY'],
  ["substitute(a, ' ', '')", { a: '01 02 03' }, '010203'],
  ["swap(a, 'Open', 'Active')", { a: 'Active' }, 'Open'],
  ["default(a, 'none')", { a: '' }, 'none'],
  ['coalesce(a, b, null)', { a: null, b: 'x' }, 'x'],
  ["if(n > 9, 'large', 'small')", { n: '10' }, 'large'],
  ['if(n = 0, 0, m / n)', { n: 0, m: '5' }, '0'],
  ["if(a = 'ABC' and not (b != 'x'), 1, 2)", { a: 'abc', b: 'x' }, '1'],
  ["if(d >= '2026-11-23', 'later', 'earlier')", { d: '2026-11-23' }, 'later'],
  ['if(any > 9, 1, 2)', { any: '10' }, '1'],
  ['n + m * 2', { n: '0.1', m: '0.1' }, '0.3'],
  ['-n - -2', { n: 5 }, '-3'],
  ['round(n / 3, 2)', { n: '10' }, '3.33'],
  ['round(n, 0)', { n: '2.5' }, '3'],
  ["unit(n, 'kg', 'g')", { n: '1.2345' }, '1234.5'],
  ["round(unit(n, 'g', 'lb'), 4)", { n: '1000' }, '2.2046'],
  ["dateOf(t, 'Europe/Paris')", { t: '2026-06-30T22:30:00Z' }, '2026-07-01'],
  ["atTime(d, '08:00', 'Europe/Paris')", { d: '2026-07-01' }, '2026-07-01T06:00:00.000Z'],
  ["atTime(d, '08:00', 'Europe/Paris')", { d: '2026-12-01' }, '2026-12-01T07:00:00.000Z'],
  ['addDays(d, -1)', { d: '2026-03-01' }, '2026-02-28'],
  ['addDays(t, 1)', { t: '2026-03-28T23:00:00.000Z' }, '2026-03-29T23:00:00.000Z'],
  ['concat(text(n), text(ok))', { n: 7, ok: true }, '7true'],
  ['number(a) * 2', { a: '1.50' }, '3'],
  ["concat(a, '''s')", { a: 'Ada' }, "Ada's"],
]

test('functions and operators give what they promise, in decimals and time zones', () => {
  for (const [text, values, wanted] of CASES) assert.deepEqual(worth(text, values), wanted, text)
  const used = CASES.map(([text]) => text).join(' ')
  const untried = Object.keys(FUNCTIONS).filter((name) => !used.includes(`${name}(`))
  assert.deepEqual(untried, ['truncate', 'removePrefix', 'removeSuffix', 'lookup'], 'each function is tried here or below')
})

test('what is cut is told, and what cannot be is a failure with its reason', () => {
  assert.deepEqual(evaluate(compile('truncate(a, 2)'), { a: 'abc' }), {
    value: 'ab',
    warnings: ['a text of 3 characters was cut to 2'],
  })
  for (const [text, values, reason] of [
    ['n / m', { n: '1', m: '0' }, 'divided by zero'],
    ['any + 1', { any: 'x' }, "'x' is not a number"],
    ["removePrefix(a, 'C-')", { a: 'D-1' }, "does not begin with 'C-'"],
    ["removeSuffix(a, '!')", { a: 'x' }, "does not end with '!'"],
    ['addDays(d, n)', { d: '2026-01-01', n: '1.5' }, 'whole number of days'],
  ] as const) {
    const outcome = evaluate(compile(text), values)
    assert.ok('failure' in outcome && outcome.failure.includes(reason), `${text}: ${JSON.stringify(outcome)}`)
  }
})

test('what does not fit together is refused with its place', () => {
  for (const [text, position, reason] of [
    ['concat(a', 8, "needs ')'"],
    ['a + 1', 0, 'a text where it takes a number'],
    ['nobody', 0, 'does not exist'],
    ['lower(a, b)', 0, 'lower(text)'],
    ['lowr(a)', 0, 'not a function'],
    ["'abc", 0, 'does not end'],
    ['a # b', 2, "cannot have '#'"],
    ['a b', 2, "has 'b'"],
    ["dateOf(t, 'Paris')", 10, 'Europe/Paris'],
    ["unit(n, 'kg', 'm')", 8, "cannot turn 'kg' into 'm'"],
    ['truncate(a, n)', 12, 'written value'],
    ['if(ok, a, 1)', 0, 'mixes text and number'],
    ["lookup('t', lookup('t', a, 'x'), 'y')", 0, 'lookup within a lookup'],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, 50, 'nested more than 50'],
  ] as const) {
    assert.throws(
      () => compile(text),
      (error) => isAppError(error, 'expression.invalid') && error.details.position === position && error.message.includes(reason),
      text,
    )
  }
  assert.throws(() => compile('a', 'number'), /gives a text where a number is needed/)
})

test('a lookup says which row it needs and takes the answer', () => {
  const expression = compile("concat(lookup('uom', upper(a), 'name'), '!')")
  const [call] = expression.lookups
  assert.ok(call !== undefined)
  assert.deepEqual(
    { ...call, keys: lookupKeys(call, { a: 'kg' }), node: 0 },
    { table: 'uom', keys: ['KG'], column: 'name', node: 0 },
  )
  assert.equal(lookupKeys(call, { a: null }), undefined)
  assert.deepEqual(evaluate(expression, { a: 'kg' }, new Map([[call.node, 'Kilo']])), { value: 'Kilo!', warnings: [] })
})

const text = fc.string({ minLength: 1, maxLength: 12 })
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 6 }))
  .map(([digits, scale]) => {
    const plain = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
    const whole = scale === 0 ? plain : `${plain.slice(0, -scale)}.${plain.slice(-scale)}`
    return add('0', digits < 0n ? `-${whole}` : whole)
  })

test('a derived inverse gives every value back', () => {
  for (const [forth, arbitrary] of [
    ["concat('C-', a)", text],
    ["concat('it''s ', concat(a, '/FR'))", text],
    ["swap(a, 'x', 'y')", fc.oneof(text, fc.constantFrom('x', 'y'))],
    ['n * 8 + 0.5', decimal],
    ['(100 - n) / 2.5', decimal],
    ["unit(n, 'kg', 'g')", decimal],
    ["unit(n, 'm', 'cm') - 1", decimal],
    ['text(n)', decimal],
    ['not ok', fc.boolean()],
    [
      'addDays(d, -45)',
      fc
        .date({ min: new Date('1950-01-01'), max: new Date('2080-01-01'), noInvalidDate: true })
        .map((one) => one.toISOString().slice(0, 10)),
    ],
  ] as [string, fc.Arbitrary<string | boolean>][]) {
    const there = compile(forth)
    const back = invertExpression(there, 'y')
    assert.ok('text' in back, `${forth}: ${JSON.stringify(back)}`)
    const type = there.type
    const undo = compileExpression(back.text, (name) => (name === 'y' ? type : undefined))
    fc.assert(
      fc.property(arbitrary, (value) => {
        const image = evaluate(there, { [back.name]: value })
        assert.ok('value' in image)
        const again = evaluate(undo, { y: image.value })
        assert.ok('value' in again, JSON.stringify(again))
        if (typeof value === 'string' && TYPES[back.name] === 'number')
          assert.ok(equal(String(again.value), value), `${value} → ${image.value}`)
        else assert.equal(again.value, value)
      }),
      { numRuns: 100 },
    )
  }
})

test('where there is no way back, the reason is said', () => {
  for (const [forth, why] of [
    ['lower(a)', 'lower cannot be undone'],
    ["concat(a, ' ', b)", 'one value of a, b'],
    ['concat(a, a)', 'more than once'],
    ['n * 3', 'goes on for ever'],
    ['n * 0', 'zero'],
    ["unit(n, 'g', 'lb')", 'no finite number'],
    ["'x'", 'reads nothing'],
    ['round(n, 2)', 'round cannot be undone'],
  ] as const) {
    const back = invertExpression(compile(forth), 'y')
    assert.ok('why' in back && back.why.includes(why), `${forth}: ${JSON.stringify(back)}`)
  }
})

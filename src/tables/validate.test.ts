import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { TableDefinition } from './definition.ts'
import { parseDefinition } from './table-file.ts'
import { type ProblemCode, validateValues } from './validate.ts'

const ID = '0199a3c0-0000-7000-8000-0000000000aF'

const table = parseDefinition(
  {
    table: 'thing',
    set: 'things',
    id: 'thingid',
    name: 'title',
    scope: 'global',
    columns: {
      title: { type: 'string', length: 5, required: true, label: { en: 'Title', fr: 'Titre' } },
      code: { type: 'string', pattern: { expression: '[A-Z]{2}|x', message: 'Two capitals, please' } },
      note: { type: 'memo' },
      count: { type: 'integer', min: 1, max: 10 },
      small: { type: 'integer' },
      serial: { type: 'bigint' },
      rate: { type: 'decimal', scale: 2 },
      price: { type: 'money', min: '0', max: '99999999999999999999.99' },
      urgent: { type: 'boolean' },
      due: { type: 'date' },
      at: { type: 'datetime' },
      local: { type: 'datetime', behaviour: 'time_zone_independent' },
      stage: { type: 'choice', options: { open: 1, won: 2, lost: -3 }, default: 'open' },
      tags: { type: 'choices', options: { red: 1, green: 2, blue: 30 } },
      ref: { type: 'uniqueidentifier' },
      parent: { type: 'lookup', target: 'thing' },
      owner: { type: 'customer' },
      paper: { type: 'file' },
      photo: { type: 'image' },
      number: { type: 'string', length: 20, required: true, autonumber: 'T-{SEQNUM:4}' },
      total: { type: 'decimal', calculated: 'rate mul 2' },
    },
  },
  'thing.yaml',
)

function one(column: string, given: unknown, mode: 'create' | 'update' = 'update'): unknown {
  const { values, problems } = validateValues(table, { [column]: given }, { mode })
  const own = problems.find((problem) => problem.column === column)
  return own === undefined ? values[column] : { refused: own.code }
}

const no = (code: ProblemCode) => ({ refused: code })

/** Column, what is given, and what becomes of it. */
const CASES: readonly (readonly [string, unknown, unknown])[] = [
  ['title', 'Hello', 'Hello'],
  ['title', 'Hello!', no('too_long')],
  ['title', '👍👍👍👍👍', '👍👍👍👍👍'],
  ['title', '👍👍👍👍👍👍', no('too_long')],
  ['title', '', no('required')],
  ['title', null, no('required')],
  ['title', 5, no('type')],
  ['title', 'a\0b', no('characters')],
  ['title', '\ud800', no('characters')],
  ['code', 'AB', 'AB'],
  ['code', 'x', 'x'],
  ['code', 'ABC', no('pattern')],
  ['code', 'xAB', no('pattern')],
  ['code', '', null],
  ['note', ' a\nb ', ' a\nb '],
  ['note', 'x'.repeat(1_048_577), no('too_long')],
  ['count', 1, 1],
  ['count', '10', 10],
  ['count', ' 7 ', 7],
  ['count', '3.0', 3],
  ['count', 0, no('too_small')],
  ['count', 11, no('too_large')],
  ['count', 1.5, no('type')],
  ['count', '1,5', no('type')],
  ['count', '1e1', no('type')],
  ['count', true, no('type')],
  ['count', Number.NaN, no('type')],
  ['count', Number.POSITIVE_INFINITY, no('type')],
  ['count', [], no('type')],
  ['count', null, null],
  ['small', 2_147_483_647, 2_147_483_647],
  ['small', 2_147_483_648, no('too_large')],
  ['small', '-2147483649', no('too_small')],
  ['serial', '9007199254740991', 9_007_199_254_740_991],
  ['serial', '9007199254740992', no('too_large')],
  ['rate', '14.00', '14.00'],
  ['rate', 0.1, '0.1'],
  ['rate', '-0.25', '-0.25'],
  ['rate', '0.125', no('scale')],
  ['rate', 'NaN', no('type')],
  ['rate', '1'.repeat(39), no('type')],
  ['price', '99999999999999999999.99', '99999999999999999999.99'],
  ['price', '100000000000000000000', no('too_large')],
  ['price', '-0.01', no('too_small')],
  ['price', 1e-7, '0.0000001'],
  ['price', {}, no('type')],
  ['urgent', true, true],
  ['urgent', 'false', false],
  ['urgent', 'yes', no('type')],
  ['urgent', 1, no('type')],
  ['due', '2026-02-28', '2026-02-28'],
  ['due', '2024-02-29', '2024-02-29'],
  ['due', '2026-02-29', no('type')],
  ['due', '2026-13-01', no('type')],
  ['due', '0000-01-01', no('type')],
  ['due', '2026-2-3', no('type')],
  ['due', '2026-02-28T00:00:00Z', no('type')],
  ['due', 20260228, no('type')],
  ['at', '2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000Z'],
  ['at', '2026-11-23T10:00', '2026-11-23T10:00:00.000Z'],
  ['at', '2026-11-23T10:00:00.1234567+02:00', '2026-11-23T08:00:00.123Z'],
  ['at', '2026-11-23', '2026-11-23T00:00:00.000Z'],
  ['at', '2026-11-23T25:00:00Z', no('type')],
  ['at', '2026-11-31T10:00:00Z', no('type')],
  ['at', '0001-01-01T00:00:00+02:00', no('type')],
  ['at', '23/11/2026', no('type')],
  ['at', 1_700_000_000_000, no('type')],
  ['local', '2026-11-23T10:00:00+02:00', '2026-11-23T10:00:00.000Z'],
  ['local', '2026-11-23T10:00:00', '2026-11-23T10:00:00.000Z'],
  ['stage', 2, 2],
  ['stage', '-3', -3],
  ['stage', 4, no('option')],
  ['stage', 'won', no('type')],
  ['stage', null, null],
  ['tags', '30, 1', '1,30'],
  ['tags', [2, '1', 2], '1,2'],
  ['tags', 2, '2'],
  ['tags', [], null],
  ['tags', '1,', no('type')],
  ['tags', '1,4', no('option')],
  ['tags', [[1]], no('type')],
  ['ref', ID, ID.toLowerCase()],
  ['ref', `{${ID}}`, no('type')],
  ['parent', ID, ID.toLowerCase()],
  ['parent', 'not an id', no('type')],
  ['parent', null, null],
  ['owner', ID, ID.toLowerCase()],
  ['owner', { id: ID }, no('type')],
  ['paper', ID, no('file')],
  ['paper', null, null],
  ['photo', 'data:image/png;base64,', no('file')],
  ['photo', '', null],
  ['total', '4', no('computed')],
  ['versionnumber', 1, no('computed')],
  ['createdon', '2026-11-23', no('computed')],
  ['thingid', ID, no('computed')],
  ['nothing', 1, no('unknown_column')],
  ['__proto__x', 1, no('unknown_column')],
  ['toString', 1, no('unknown_column')],
]

test('of every type the right forms are taken, and the wrong ones refused by what is wrong with them', () => {
  for (const [column, given, expected] of CASES)
    assert.deepEqual(one(column, given), expected, `${column}: ${String(JSON.stringify(given)).slice(0, 60)}`)
  assert.equal(one('thingid', ID, 'create'), ID.toLowerCase(), 'a new row may bring its id')
  const types = new Set([...table.columns.values()].filter((column) => !column.system).map((column) => column.type))
  const tried = new Set(CASES.map(([column]) => table.columns.get(column)?.type))
  assert.deepEqual(
    [...types].filter((type) => !tried.has(type)),
    [],
    'no type is left out',
  )
})

test('everything that is wrong is told at once, each column once, in a sentence that names it', () => {
  const input = {
    title: 'too long',
    count: 0,
    rate: 'x',
    urgent: 'maybe',
    tags: '9',
    paper: ID,
    nothing: 1,
    total: 1,
    note: 'fine',
  }
  const { values, problems } = validateValues(table, input, { mode: 'create' })
  assert.deepEqual(
    problems.map((problem) => [problem.column, problem.code]),
    [
      ['title', 'too_long'],
      ['count', 'too_small'],
      ['rate', 'type'],
      ['urgent', 'type'],
      ['tags', 'option'],
      ['paper', 'file'],
      ['nothing', 'unknown_column'],
      ['total', 'computed'],
    ],
  )
  assert.equal(values.note, 'fine')
  assert.equal(problems[0]?.message, 'Title can have at most 5 characters')
  assert.deepEqual(problems[0]?.values, { max: 5 })
  const [pattern] = validateValues(table, { code: 'ABC' }, { mode: 'update' }).problems
  assert.equal(pattern?.message, 'Two capitals, please')
})

test('a new row gets its defaults and needs what is required; a change needs nothing that it does not name', () => {
  const made = validateValues(table, {}, { mode: 'create' })
  assert.deepEqual(made.values, { stage: 1 })
  assert.deepEqual(
    made.problems.map((problem) => [problem.column, problem.code]),
    [['title', 'required']],
    'what the database numbers is not asked for',
  )
  assert.deepEqual(validateValues(table, { title: 'T', stage: null }, { mode: 'create' }).values, { title: 'T', stage: null })
  assert.deepEqual(validateValues(table, {}, { mode: 'update' }), { values: {}, problems: [] })
  assert.deepEqual(validateValues(table, { title: undefined, count: 2 }, { mode: 'update' }).values, { count: 2 })
  assert.deepEqual(one('number', null), no('required'), 'a number once given is not taken away')
})

const anything = fc.oneof(
  fc.anything(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('1', '1,2', '2026-11-23', ID, 'true', '0.10', '', null),
)
const columns = [...table.columns.keys()]

test('whatever comes in, it is answered: a value of the column’s kind or a problem, never both, never an exception', () => {
  const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
    integer: Number.isInteger,
    bigint: Number.isSafeInteger,
    choice: Number.isInteger,
    boolean: (value) => typeof value === 'boolean',
  }
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...columns, 'other'), anything),
      fc.constantFrom('create', 'update'),
      (input, mode) => {
        const { values, problems } = validateValues(table, input, { mode })
        assert.equal(new Set(problems.map((one) => one.column)).size, problems.length, 'a column is told of once')
        for (const [name, value] of Object.entries(values)) {
          if (value === null) continue
          const isKind = kinds[typeOf(table, name)] ?? ((one: unknown) => typeof one === 'string')
          assert.ok(isKind(value), `${name}: ${String(value)}`)
          assert.ok(!problems.some((one) => one.column === name), name)
        }
        for (const name of Object.keys(input)) {
          const isAnswered = input[name] === undefined || name in values || problems.some((one) => one.column === name)
          assert.ok(isAnswered, `nothing is passed over in silence: ${name}`)
        }
      },
    ),
    { numRuns: 2_000 },
  )
})

test('what was taken once is taken again as it came out', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...columns), anything), (input) => {
      const { values } = validateValues(table, input, { mode: 'update' })
      const again = validateValues(table, values, { mode: 'update' })
      assert.deepEqual(again.values, values)
      assert.deepEqual(
        again.problems.filter((one) => one.code !== 'required'),
        [],
      )
    }),
    { numRuns: 2_000 },
  )
})

test('several choices come out in one form, whatever order and form they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(1, 2, 30), { minLength: 1, maxLength: 6 }), fc.boolean(), (options, isText) => {
      const expected = [...new Set(options)].sort((a, b) => a - b).join(',')
      assert.equal(one('tags', isText ? options.join(', ') : options), expected)
      assert.equal(one('tags', expected), expected)
    }),
  )
})

test('decimals are never rounded: the text that came is the text that is kept', () => {
  const decimal = fc
    .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.option(fc.stringMatching(/^\d{1,2}$/)))
    .map(([isNegative, whole, places]) => `${isNegative ? '-' : ''}${whole}${places === null ? '' : `.${places}`}`)
  fc.assert(fc.property(decimal, (text) => assert.equal(one('rate', text), text)))
})

function typeOf(of: TableDefinition, column: string): string {
  return of.columns.get(column)?.type ?? ''
}

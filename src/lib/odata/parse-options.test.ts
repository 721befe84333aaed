import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAppError } from '../app-error.ts'
import { parseOrderBy, parseRowCount, parseSelect } from './parse-lists.ts'
import { parseExpand, parseKey, parseQueryOptions } from './parse-options.ts'

test('$orderby reads paths with their direction', () => {
  assert.deepEqual(parseOrderBy('a desc, b/c asc,d'), [
    { path: ['a'], descending: true, position: 0 },
    { path: ['b', 'c'], descending: false, position: 8 },
    { path: ['d'], descending: false, position: 16 },
  ])
  refused(() => parseOrderBy('a down'), 2)
  refused(() => parseOrderBy('a,,b'), 2)
  refused(() => parseOrderBy(''), 0)
})

test('$select reads names, paths and the star', () => {
  assert.deepEqual(
    parseSelect('a, b/c,*').map((item) => item.path),
    [['a'], ['b', 'c'], ['*']],
  )
  refused(() => parseSelect('a b'), 2)
})

test('$expand reads nested options, with positions in the whole text', () => {
  const text = "lines($select=a,b;$filter=c eq ')(;' and d gt 1;$expand=x($top=2);$orderby=a desc;$count=true),customer"
  const [lines, customer] = parseExpand(text)
  assert.deepEqual(lines?.path, ['lines'])
  assert.deepEqual(
    lines?.options.select?.map((item) => item.path),
    [['a'], ['b']],
  )
  assert.equal(lines?.options.filter?.kind, 'and')
  assert.equal(lines?.options.expand?.[0]?.options.top, 2)
  assert.equal(lines?.options.count, true)
  assert.equal(lines?.options.orderBy?.[0]?.position, text.indexOf('a desc'))
  assert.deepEqual(customer?.options, {})
  refused(() => parseExpand("lines($filter=c eq 'x)"), 19)
  refused(() => parseExpand('lines($filter=c eq 1 und d eq 2)'), 21)
  refused(() => parseExpand('lines($top=1;$top=2)'), 13)
  refused(() => parseExpand('lines($search=x)'), 6)
  refused(() => parseExpand('lines('), 6)
  refused(() => parseExpand('a($expand='.repeat(200)), undefined)
})

test('system options are collected from the query; a repeated one is refused, a foreign one left alone', () => {
  const options = parseQueryOptions(new URLSearchParams('cross-company=true&$top=5&$skip=0&$count=true&$select=a'))
  assert.deepEqual(options, { top: 5, skip: 0, count: true, select: [{ path: ['a'], position: 0 }] })
  refused(() => parseQueryOptions([['$top', '1'] as const, ['$top', '2'] as const]), 0)
  refused(() => parseQueryOptions([['$count', 'yes'] as const]), 0)
})

test('row counts are whole numbers', () => {
  assert.equal(parseRowCount('$top', '0'), 0)
  for (const text of ['-1', '1.5', '', 'x', '1e3', '9'.repeat(20)]) refused(() => parseRowCount('$top', text), 0)
})

test('keys come with one value or with named parts in any order', () => {
  assert.deepEqual(parseKey("'US-001'"), { kind: 'value', literal: { type: 'string', value: 'US-001' } })
  assert.deepEqual(parseKey("SalesOrderNumber='0=1,x', LeaveDate=2019-10-04T12:00:00Z"), {
    kind: 'named',
    parts: [
      { name: 'SalesOrderNumber', literal: { type: 'string', value: '0=1,x' } },
      { name: 'LeaveDate', literal: { type: 'dateTime', value: '2019-10-04T12:00:00Z' } },
    ],
  })
  refused(() => parseKey("a='1',a='2'"), 6)
  refused(() => parseKey("a='1' b='2'"), 6)
  refused(() => parseKey(''), 0)
})

test('no text makes the option parsers fail in any other way than odata.invalid', () => {
  const word = fc.constantFrom('a', ',', '(', ')', ';', '$filter', '$expand', '=', "'", ' ', '/', '*', 'desc', '1')
  const texts = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 25 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(texts, fc.constantFrom(parseExpand, parseOrderBy, parseSelect, parseKey), (text, parse) => {
      try {
        parse(text)
      } catch (error) {
        assert(isAppError(error, 'odata.invalid'), String(error))
        assert(Number(error.details.position) <= text.length)
      }
    }),
    { numRuns: 3_000 },
  )
})

function refused(parse: () => unknown, position: number | undefined): void {
  assert.throws(parse, (error) => {
    assert(isAppError(error, 'odata.invalid'), String(error))
    if (position !== undefined) assert.equal(error.details.position, position, error.message)
    return true
  })
}

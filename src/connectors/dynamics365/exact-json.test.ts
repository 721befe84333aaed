import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExactJson } from './exact-json.ts'

test('numbers keep every digit, wherever they stand', () => {
  const text =
    '{"a":1.50,"b" : 5637144577000000001 ,"c":-0.10,"d":1E-7,"@odata.count":12,"e":{"f":0},"g":[1.0,2],"h":[{"i":3.0}]}'
  assert.deepEqual(parseExactJson(text), {
    ...{ a: '1.50', b: '5637144577000000001', c: '-0.10', d: '1E-7', '@odata.count': '12', e: { f: '0' } },
    ...{ g: ['1.0', '2'], h: [{ i: '3.0' }] },
  })
  assert.deepEqual(parseExactJson('{"a":1.50}'), { a: '1.50' })
})

test('text that looks like a member with a number stays as it is', () => {
  const values = [':5', '"b":5', '\\"b":5,', 'x "b":5}', '\\', '{"b":5}', '"', 'a":1,"b', '1', '']
  for (const value of values) {
    const record = { before: value, n: null, yes: true, after: value }
    assert.deepEqual(parseExactJson(JSON.stringify(record)), record)
    assert.deepEqual(parseExactJson(JSON.stringify({ ...record, number: 7 })), { ...record, number: '7' })
  }
})

test('what is not JSON is refused', () => {
  for (const text of ['{"a":01}', '{"a":-}', '{"a":1.}', '{"a":.5}', '{"a":1e}', '{"a":1 2}', '{"a":+1}', '{"a":0x1}', '{a:1}'])
    assert.throws(() => parseExactJson(text), SyntaxError, text)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDecimal } from './decimal.ts'

test('every way to write a number has one canonical form', () => {
  const forms: [string, string][] = [
    ...([
      ['0', '0'],
      ['-0', '0'],
      ['0.0', '0'],
      ['00', '0'],
      ['+5', '5'],
      ['007', '7'],
      ['-1.50', '-1.5'],
    ] as [string, string][]),
    ...([
      ['1.', '1'],
      ['.5', '0.5'],
      ['-.50', '-0.5'],
      [' 12 ', '12'],
      ['100', '100'],
      ['0.000001', '0.000001'],
    ] as [string, string][]),
    ['99999999999999999999.123456789012345678', '99999999999999999999.123456789012345678'],
    ['1234567890123456789012', '1234567890123456789012'],
  ]
  for (const [written, canonical] of forms) assert.equal(parseDecimal(written), canonical, written)
})

test('what is no plain number is none', () => {
  for (const text of ['', ' ', '-', '.', '1e5', '1,5', '0x1', 'NaN', '1 2', '--1', '1.2.3', '1\n2'])
    assert.equal(parseDecimal(text), undefined)
})

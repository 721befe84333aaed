import assert from 'node:assert/strict'
import test from 'node:test'
import { factorBetween } from './conversions.ts'

test('units convert by one conversion in either direction, or by two that meet; a product’s own conversion wins', () => {
  const conversions = [
    { from: 'box', to: 'ea', factor: '12' },
    { from: 'pal', to: 'box', factor: '40' },
    { from: 'box', to: 'ea', factor: '10' },
    { from: 'lb', to: 'kg', factor: '0.45359237' },
  ]
  assert.equal(factorBetween(conversions, 'ea', 'ea'), '1')
  assert.equal(factorBetween(conversions, 'box', 'ea'), '12')
  assert.equal(factorBetween(conversions, 'pal', 'ea'), '480')
  assert.equal(factorBetween([{ from: 'pair', to: 'ea', factor: '2' }], 'ea', 'pair'), '0.5')
  assert.equal(factorBetween(conversions, 'kg', 'ea'), undefined)
  assert.equal(factorBetween([{ from: 'pair', to: 'ea', factor: '0' }], 'ea', 'pair'), undefined, 'nothing is divided by zero')
})

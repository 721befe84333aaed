import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { add, compare, type DecimalText, subtract } from '#lib/decimal.ts'
import { givenAmount, type LineTerms, lineAmount, lineDiscountTotal, orderTotals, partAmount, spreadDiscount } from './amounts.ts'

const plain: LineTerms = {
  quantity: '3',
  price: '10',
  priceQuantity: '1',
  discount: '0',
  discountPercent: '0',
  multilineDiscount: '0',
  multilineDiscountPercent: '0',
  charges: '0',
}

test('a line amount follows from price, discounts and charges, rounded half up to cents', () => {
  const cases: [Partial<LineTerms>, string][] = [
    [{}, '30'],
    [{ price: '0.335', quantity: '3' }, '1.01'],
    [{ price: '0.335', quantity: '1' }, '0.34'],
    [{ discount: '1', discountPercent: '10' }, '24.3'],
    [{ multilineDiscountPercent: '50' }, '15'],
    [{ price: '100', priceQuantity: '12' }, '25'],
    [{ charges: '4.5' }, '34.5'],
  ]
  for (const [terms, amount] of cases) assert.equal(lineAmount({ ...plain, ...terms }), amount)
})

test('a discount of 10.00 on 3 pieces is 3.33 a piece and a charge of −0.01, and comes back as 10.00', () => {
  const spread = spreadDiscount('10', '3')
  assert.deepEqual(spread, { discount: '3.33', charges: '-0.01' })
  const terms = { ...plain, price: '20', ...spread }
  const amount = lineAmount(terms)
  assert.equal(amount, '50')
  assert.equal(add(lineDiscountTotal(terms, amount), '0.01'), '10')
})

test('an amount that came with the data keeps four decimals', () => {
  assert.equal(givenAmount('2024.99436'), '2024.9944')
  assert.equal(givenAmount('183.9382'), '183.9382')
})

test('parts of an amount always add up to the whole, however they are cut', () => {
  const amount = fc
    .bigInt({ min: 0n, max: 10n ** 12n })
    .map((cents) => add(`${cents / 10_000n}.${String(cents % 10_000n).padStart(4, '0')}`, '0'))
  const quantities = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(amount, quantities, (whole, parts) => {
      const of = String(parts.reduce((sum, part) => sum + part, 0))
      let upTo = '0'
      let taken: DecimalText = '0'
      for (const part of parts) {
        upTo = add(upTo, String(part))
        const share = partAmount(whole, { upTo, of, taken })
        // Rounding moves a part by less than a cent either way.
        assert.ok(compare(share, '-0.01') > 0)
        taken = add(taken, share)
      }
      assert.equal(taken, whole)
    }),
  )
})

test('an order totals its lines less its discount, with charges and tax', () => {
  const totals = orderTotals(
    [
      { amount: '100', tax: '20' },
      { amount: '50.05', tax: '10.01' },
    ],
    { discountPercent: '10', discount: '99', charges: '5', headerTax: '1' },
  )
  assert.deepEqual(totals, { lines: '150.05', discount: '15.01', charges: '5', tax: '31.01', total: subtract('186.06', '15.01') })
  const given = orderTotals([{ amount: '100', tax: '0' }], { discountPercent: '0', discount: '7', charges: '0', headerTax: '0' })
  assert.equal(given.total, '93')
})

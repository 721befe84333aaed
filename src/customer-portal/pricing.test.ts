import assert from 'node:assert/strict'
import test from 'node:test'
import { type Agreement, estimateAmount, findUnitPrice, type PricedProduct, unitsOf } from './pricing.ts'

const BASE: PricedProduct = {
  productId: 'p',
  defaultUomId: 'ea',
  price: '5',
  currencyId: 'USD',
  conversions: [
    { from: 'box', to: 'ea', factor: '12' },
    { from: 'pallet', to: 'box', factor: '40' },
    { from: 'kg', to: 'lb', factor: '2.2' },
  ],
  agreements: [],
}

function agreement(values: Partial<Agreement>): Agreement {
  return {
    scope: 'everybody',
    uomId: 'ea',
    currencyId: 'USD',
    amount: '4',
    priceQuantity: '1',
    fromQuantity: '0',
    toQuantity: '0',
    validFrom: null,
    validTo: null,
    ...values,
  }
}

const CASES: {
  name: string
  agreements?: Partial<Agreement>[]
  product?: Partial<PricedProduct>
  unit?: string
  quantity?: string
  price: string | undefined
}[] = [
  { name: 'the product’s own price', price: '5' },
  { name: 'the own price in another unit, converted', unit: 'box', price: '60' },
  { name: 'by two conversions', unit: 'pallet', price: '2400' },
  { name: 'a unit that nothing connects has no price', unit: 'lb', price: undefined },
  { name: 'no price is not a gift', product: { price: '0' }, price: undefined },
  { name: 'a price in another currency is none', product: { currencyId: 'EUR' }, price: undefined },
  { name: 'an agreement for everybody beats the product', agreements: [{}], price: '4' },
  { name: 'the list beats everybody, even when dearer', agreements: [{}, { scope: 'list', amount: '4.5' }], price: '4.5' },
  {
    name: 'the account beats the list',
    agreements: [
      { scope: 'list', amount: '3' },
      { scope: 'account', amount: '3.5' },
    ],
    price: '3.5',
  },
  {
    name: 'the largest step that is reached',
    agreements: [{ amount: '4' }, { amount: '3', fromQuantity: '10' }, { amount: '2', fromQuantity: '100' }],
    quantity: '99',
    price: '3',
  },
  { name: 'a step begins with its quantity', agreements: [{ amount: '3', fromQuantity: '10' }], quantity: '10', price: '3' },
  {
    name: 'below the first step the product’s price holds',
    agreements: [{ amount: '3', fromQuantity: '10' }],
    quantity: '9',
    price: '5',
  },
  { name: 'a step ends before its end', agreements: [{ amount: '3', toQuantity: '10' }], quantity: '10', price: '5' },
  { name: 'not yet valid', agreements: [{ validFrom: '2026-11-24' }], price: '5' },
  { name: 'valid on its first day', agreements: [{ validFrom: '2026-11-23' }], price: '4' },
  { name: 'valid on its last day', agreements: [{ validTo: '2026-11-23' }], price: '4' },
  { name: 'not valid any more', agreements: [{ validTo: '2026-11-22' }], price: '5' },
  { name: 'in another currency', agreements: [{ currencyId: 'EUR' }], price: '5' },
  { name: 'a price for a hundred', agreements: [{ amount: '250', priceQuantity: '100' }], price: '2.5' },
  { name: 'of two alike the lower', agreements: [{ amount: '4' }, { amount: '3.9' }], price: '3.9' },
  {
    name: 'the asked unit wins over the account’s price in another',
    agreements: [
      { uomId: 'box', amount: '50' },
      { scope: 'account', amount: '1' },
    ],
    unit: 'box',
    price: '50',
  },
  { name: 'another unit’s agreement, converted', agreements: [{ amount: '4' }], unit: 'box', price: '48' },
  {
    name: 'and downwards, with six places',
    agreements: [{ uomId: 'box', amount: '50' }],
    product: { price: null },
    price: '4.166667',
  },
  {
    name: 'steps of another unit count its quantity',
    agreements: [{ amount: '3', fromQuantity: '24' }],
    unit: 'box',
    quantity: '2',
    price: '36',
  },
]

for (const one of CASES) {
  test(`price: ${one.name}`, () => {
    const product = { ...BASE, ...one.product, agreements: (one.agreements ?? []).map(agreement) }
    const question = { uomId: one.unit ?? 'ea', quantity: one.quantity ?? '1', currencyId: 'USD', day: '2026-11-23' }
    assert.equal(findUnitPrice(product, question), one.price)
  })
}

test('amounts are rounded half up to cents', () => {
  const of = (price: string, quantity: string) =>
    estimateAmount({ ...BASE, price }, { uomId: 'ea', quantity, currencyId: 'USD', day: '2026-11-23' })
  assert.equal(of('0.005', '1'), '0.01')
  assert.equal(of('0.004999', '1'), '0.00')
  assert.equal(of('1.005', '3'), '3.02')
  assert.equal(of('0.1', '3'), '0.30')
})

test('a product is offered in its own unit first and in those that convert into it, no others', () => {
  assert.deepEqual(unitsOf(BASE), ['ea', 'box', 'pallet'])
})

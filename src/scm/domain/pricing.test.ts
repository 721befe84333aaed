import assert from 'node:assert/strict'
import test from 'node:test'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { createSmallCompany } from '../../../tests/support/small-company.ts'
import type { Agreement } from './pricing.queries.ts'
import { chooseAgreement, findPrice, type PriceQuestion } from './pricing.ts'
import { getRow } from './rows.queries.ts'
import { writers } from './writers.ts'

const question: PriceQuestion = {
  customerAccount: 'C1',
  priceGroup: 'GOLD',
  unit: 'ea',
  quantity: '10',
  currency: 'USD',
  day: '2026-03-10',
}

const everybodys: Agreement = {
  accountCode: 'All',
  account: '',
  unit: 'ea',
  price: '1',
  priceQuantity: '1',
  charges: '0',
  fromQuantity: '0',
  toQuantity: '0',
  fromDay: '',
  toDay: '',
  leadTimeDays: 0,
}

const cases: readonly {
  says: string
  agreements: readonly Partial<Agreement>[]
  asks?: Partial<PriceQuestion>
  price: string | undefined
}[] = [
  { says: "everybody's price applies to everybody", agreements: [{ price: '9' }], price: '9' },
  {
    says: "the customer's own price goes before its group's and everybody's, even when it is higher",
    agreements: [
      { price: '7' },
      { accountCode: 'GroupId', account: 'GOLD', price: '8' },
      { accountCode: 'Table', account: 'C1', price: '9' },
    ],
    price: '9',
  },
  {
    says: "the group's price goes before everybody's",
    agreements: [{ price: '7' }, { accountCode: 'GroupId', account: 'GOLD', price: '8' }],
    price: '8',
  },
  {
    says: 'the price of another customer or group does not apply',
    agreements: [
      { accountCode: 'Table', account: 'C2' },
      { accountCode: 'GroupId', account: 'TRADE' },
    ],
    price: undefined,
  },
  {
    says: 'a customer without a group gets no group price',
    agreements: [{ accountCode: 'GroupId', account: '' }],
    asks: { priceGroup: '' },
    price: undefined,
  },
  {
    says: 'of several at one level the lowest per unit wins',
    agreements: [{ price: '9' }, { price: '80', priceQuantity: '10' }],
    price: '80',
  },
  { says: 'a break begins at its quantity', agreements: [{ price: '9' }, { price: '8', fromQuantity: '10' }], price: '8' },
  {
    says: 'a break is not reached below its quantity',
    agreements: [{ price: '9' }, { price: '8', fromQuantity: '11' }],
    price: '9',
  },
  { says: 'a range ends before its last quantity', agreements: [{ price: '8', toQuantity: '10' }], price: undefined },
  { says: 'the first day counts', agreements: [{ price: '8', fromDay: '2026-03-10' }], price: '8' },
  { says: 'the last day counts', agreements: [{ price: '8', toDay: '2026-03-10' }], price: '8' },
  { says: 'the day after does not', agreements: [{ price: '8', toDay: '2026-03-09' }], price: undefined },
  { says: 'nor does the day before', agreements: [{ price: '8', fromDay: '2026-03-11' }], price: undefined },
  { says: 'a price for another unit does not apply', agreements: [{ price: '8', unit: 'box' }], price: undefined },
]

for (const { says, agreements, asks, price } of cases) {
  test(says, () => {
    const list = agreements.map((given): Agreement => ({ ...everybodys, ...given }))
    assert.equal(chooseAgreement(list, { ...question, ...asks })?.price, price)
  })
}

test('without an agreement the product price applies, converted to the unit and only in its currency', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const ask = (asks: Partial<PriceQuestion>) =>
    t.database.read(async (tx) =>
      findPrice(tx, await getRow(tx, 'released_product', { ItemNumber: 'P1' }), { ...question, ...asks }),
    )
  assert.deepEqual(await ask({}), { price: '10', priceQuantity: '1', charges: '0', source: 'product' })
  assert.equal((await ask({ unit: 'box' })).price, '120')
  assert.equal((await ask({ unit: 'pal' })).price, '4800')
  assert.deepEqual(await ask({ currency: 'EUR' }), { price: '0', priceQuantity: '1', charges: '0', source: 'none' })
})

test('an agreement by the piece prices a box by the pieces in it', async () => {
  await using t = await createTestDatabase()
  await createSmallCompany(t.database)
  const price = await t.database.transaction(async (tx) => {
    const fields = {
      ItemNumber: 'P1',
      PriceCurrencyCode: 'USD',
      QuantityUnitySymbol: 'ea',
      Price: '90',
      SalesPriceQuantity: '10',
      FromQuantity: '24',
    }
    const row = await writers.sales_price_agreement?.insert(
      tx,
      'usmf',
      { ...fields, AccountCode: 'GroupId', AccountRelation: 'GOLD' },
      { nowMs: 0 },
    )
    assert.equal(row?.PriceCustomerGroupCode, 'GOLD')
    return findPrice(tx, await getRow(tx, 'released_product', { ItemNumber: 'P1' }), { ...question, unit: 'box', quantity: '2' })
  })
  assert.deepEqual(price, { price: '108', priceQuantity: '1', charges: '0', source: 'agreement' })
})

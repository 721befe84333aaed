import assert from 'node:assert/strict'
import test from 'node:test'
import { addLine, bolts, counts, createShop, INFORMATION, messages, readReview, startDraft } from './support/shop.ts'

test('T3: what is set for a non-admin cannot be posted otherwise, and nothing changes', async (t) => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const before = await counts(shop)
  await jane.get('/create-order')
  for (const [field, value] of [
    ['company', shop.otherCompanyId],
    ['account', shop.accounts.tailspin],
    ['account', 'US-002'],
    ['country', 'DE'],
  ] as const) {
    await t.test(`${field} ${value}`, async () => {
      const answer = await jane.post('/create-order/information', { ...INFORMATION, [field]: value })
      assert.equal(answer.status, 422)
      assert.match(answer.text, new RegExp(`id="field-${field}-error"`))
    })
  }
  await t.test('an administrator’s page alone offers the choice', async () => {
    assert.doesNotMatch((await jane.get('/create-order')).text, /name="(company|account|country)"/)
    const admin = await shop.as('admin@shop.test')
    assert.match((await admin.get('/create-order')).text, /<select[^>]*name="company"/)
  })
  assert.deepEqual(await counts(shop), before)
})

test('T3: a draft of somebody else is not there, to read, change or submit', async () => {
  await using shop = await createShop()
  const [jane, sam] = [await shop.as('jane@shop.test'), await shop.as('sam@shop.test')]
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '3'))
  const review = await readReview(jane, draft)
  await sam.get('/create-order')
  assert.equal((await sam.get(`/create-order?draft=${draft}&step=items`)).status, 404)
  assert.equal((await addLine(sam, draft, bolts(shop, '5'))).status, 404)
  assert.equal((await sam.post('/create-order/items', { draft, remove: 'x' })).status, 404)
  assert.equal((await sam.post('/create-order/discards', { draft })).status, 404)
  assert.equal((await sam.post('/create-order/submissions', review)).status, 404)
  assert.equal((await jane.post('/create-order/submissions', review)).status, 303)
})

test('T3: an unauthorized or anonymous visitor cannot order', async () => {
  await using shop = await createShop()
  const may = await shop.as('may@shop.test')
  await may.get('/profile')
  assert.equal((await may.get('/create-order')).status, 403)
  assert.equal((await may.post('/create-order/information', INFORMATION)).status, 403)
  const anybody = shop.anonymous()
  await anybody.get('/signin')
  const answer = await anybody.post('/create-order/information', INFORMATION)
  assert.equal(answer.status, 303)
  assert.match(answer.location ?? '', /^\/signin/)
  assert.equal((await counts(shop)).drafts, 0)
})

test('T3: tampered lines are refused at the field with what was typed kept, and add nothing', async (t) => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const { bolt, cable, foreign } = shop.products
  const { ea, box, kg, pallet } = shop.units
  const search = { q: 'B-100' }
  for (const [name, line, message] of [
    ['negative', { productId: bolt, unitId: ea, quantity: '-1' }, /more than zero/],
    ['zero', { productId: bolt, unitId: ea, quantity: '0' }, /more than zero/],
    ['absurd', { productId: bolt, unitId: ea, quantity: '1e12' }, /as a number/],
    ['too many', { productId: bolt, unitId: ea, quantity: '999999999999' }, /at most/],
    ['a part of a piece', { productId: bolt, unitId: ea, quantity: '1.5' }, /whole numbers/],
    ['a fourth decimal', { productId: cable, unitId: kg, quantity: '1.0005' }, /at most 3 decimals/],
    ['thousands or decimals?', { productId: bolt, unitId: ea, quantity: '1,000' }, /as a number/],
    ['a unit it is not sold in', { productId: bolt, unitId: pallet, quantity: '1' }, /offered units/],
    ['another product’s unit', { productId: cable, unitId: box, quantity: '1' }, /offered units/],
  ] as const) {
    await t.test(name, async () => {
      const answer = await jane.post('/create-order/lines', {
        ...search,
        q: line.productId === bolt ? 'B-100' : 'C-200',
        draft,
        line: crypto.randomUUID(),
        product: line.productId,
        [`quantity.${line.productId}`]: line.quantity,
        [`unit.${line.productId}`]: line.unitId,
      })
      assert.equal(answer.status, 422)
      assert.match(messages(answer).join(' '), message)
      assert.ok(answer.text.includes(`value="${line.quantity}"`), 'what was typed is kept')
    })
  }
  for (const productId of [foreign, crypto.randomUUID(), "x' or 1=1 --"]) {
    const answer = await addLine(jane, draft, { productId, unitId: ea, quantity: '1' })
    assert.equal(answer.status, 422)
    assert.match(messages(answer).join(' '), /not offered/)
  }
  assert.equal((await counts(shop)).lines, 0)
})

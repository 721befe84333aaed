import assert from 'node:assert/strict'
import test from 'node:test'
import { subscribe } from '../src/tables/changes.queries.ts'
import {
  addLine,
  bolts,
  counts,
  createShop,
  INFORMATION,
  messages,
  placeOrder,
  plain,
  readReview,
  rowsOf,
  SOON,
  startDraft,
} from './support/shop.ts'

test('T5: the requisition number is optional, every other field says that it is missing, all at once, and keeps what was typed', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  await jane.get('/create-order')
  const bad = {
    requestedReceiptDate: '',
    requisition: 'kept <script>',
    address: 'other',
    name: '',
    street: 'kept street',
    city: '',
    postalCode: '',
  }
  const answer = await jane.post('/create-order/information', bad)
  assert.equal(answer.status, 422)
  const wrong = [...answer.text.matchAll(/id="field-([A-Za-z]+)-error"/g)].map((match) => match[1])
  assert.deepEqual(wrong.sort(), ['city', 'name', 'postalCode', 'requestedReceiptDate', 'requisition'])
  assert.ok(answer.text.includes('value="kept street"'))
  assert.ok(answer.text.includes('value="kept &lt;script&gt;"'))
  assert.doesNotMatch(answer.text, /kept <script>/)

  const past = await jane.post('/create-order/information', { ...INFORMATION, requestedReceiptDate: '2020-01-01' })
  assert.match(messages(past).join(' '), /not be in the past/)
  const never = await jane.post('/create-order/information', { ...INFORMATION, requestedReceiptDate: '2026-02-31' })
  assert.equal(never.status, 422)
  const without = await jane.post('/create-order/information', { ...INFORMATION, requisition: '' })
  assert.equal(without.status, 303)
})

test('T4: an administrator chooses company, account and country; what the account lacks is named', async () => {
  await using shop = await createShop()
  const admin = await shop.as('admin@shop.test')
  await admin.get('/create-order')
  const none = await admin.post('/create-order/information', INFORMATION)
  assert.equal(none.status, 422)
  for (const field of ['company', 'account', 'country']) assert.match(none.text, new RegExp(`id="field-${field}-error"`))

  const chosen = { company: shop.companyId, account: 'US-002', country: 'US' }
  const elsewhere = await admin.post('/create-order/information', { ...INFORMATION, ...chosen, company: shop.otherCompanyId })
  assert.match(messages(elsewhere).join(' '), /no such account in Contoso Germany/)
  await shop.update('account', shop.accounts.tailspin, { defaultpricelevelid: null })
  const lacking = await admin.post('/create-order/information', { ...INFORMATION, ...chosen })
  assert.match(messages(lacking).join(' '), /it lacks: Price list/)
  await shop.update('account', shop.accounts.tailspin, { defaultpricelevelid: shop.priceListId })
  const id = await placeOrder(admin, [bolts(shop, '1')], { ...INFORMATION, ...chosen })
  const [order] = await rowsOf(shop, 'salesorder', ['salesorderid', 'customerid', 'msdyn_company'])
  assert.deepEqual([order?.salesorderid, order?.customerid, order?.msdyn_company], [id, shop.accounts.tailspin, shop.companyId])
})

test('T6: a contact who lacks required values is told which, by name, and cannot enter', async () => {
  await using shop = await createShop()
  const lena = await shop.as('lena@shop.test')
  const page = await lena.get('/create-order')
  assert.equal(page.status, 200)
  assert.match(plain(page.text), /2 values are missing .*Price list .*Ship-to country\/region/)
  assert.doesNotMatch(page.text, /<input[^>]*name="requestedReceiptDate"/)
  await lena.get('/profile')
  assert.equal((await lena.post('/create-order/information', INFORMATION)).status, 422)
  await shop.update('contact', shop.people.lena, { defaultpricelevelid: shop.priceListId, address1_country: 'US' })
  assert.match((await lena.get('/create-order')).text, /name="requestedReceiptDate"/)
  await shop.update('account', shop.accounts.tailspin, { msdyn_onholdstatus: 806380001 + 1 })
  assert.match(plain((await lena.get('/create-order')).text), /Tailspin is on hold/)
})

test('T7: the estimated net amount is the price for the selected unit times the quantity, and changes with the unit', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const lineId = crypto.randomUUID()
  await addLine(jane, draft, { ...bolts(shop, '5'), lineId })
  const items = `/create-order?draft=${draft}&step=items`
  assert.match(plain((await jane.get(items)).text), /Estimated total \$10\.00/)
  await jane.post('/create-order/items', { draft, [`quantity.${lineId}`]: '5', [`unit.${lineId}`]: shop.units.box })
  assert.match(plain((await jane.get(items)).text), /Estimated total \$120\.00/)

  const { bolt } = shop.products
  const estimate = async (quantity: string, unitId: string) => {
    const form = { draft, product: bolt, [`quantity.${bolt}`]: quantity, [`unit.${bolt}`]: unitId }
    return plain((await jane.post('/create-order/estimates', form)).text)
  }
  assert.equal(await estimate('3', shop.units.ea), '$6.00')
  assert.equal(await estimate('3', shop.units.box), '$72.00')
  assert.match(await estimate('-3', shop.units.box), /more than zero/)
  const typed = { draft, [`quantity.${lineId}`]: '2', [`unit.${lineId}`]: shop.units.ea }
  assert.equal(plain((await jane.post(`/create-order/estimates?line=${lineId}`, typed)).text), '$4.00 $4.00')
  assert.match(plain((await jane.get(items)).text), /Estimated total \$120\.00/, 'an estimate stores nothing')
})

test('T8: without a line there is no step three', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const answer = await jane.post('/create-order/items', { draft, next: 'review' })
  assert.equal(answer.status, 422)
  assert.match(messages(answer).join(' '), /at least one item/)
  const skipped = await jane.get(`/create-order?draft=${draft}&step=review`)
  assert.match(messages(skipped).join(' '), /at least one item/)
  assert.doesNotMatch(skipped.text, /action="\/create-order\/submissions"/)
  assert.equal((await jane.post('/create-order/submissions', { draft, version: '1', total: '0' })).status, 409)
  assert.equal((await counts(shop)).orders, 0)
})

test('T9: the stored order is what the summary showed', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const other = { name: 'Site 7', street: '5 Dock Road', city: 'Tacoma', postalCode: '98402', state: 'WA' }
  const draft = await startDraft(jane, { ...INFORMATION, address: 'other', ...other })
  await addLine(jane, draft, bolts(shop, '7'))
  await addLine(jane, draft, { productId: shop.products.cable, unitId: shop.units.kg, quantity: '1.255' })
  const shown = plain((await jane.get(`/create-order?draft=${draft}&step=review`)).text)
  for (const part of [
    'PO 4711',
    'Fabrikam (US-001)',
    'Site 7 5 Dock Road Tacoma, WA 98402',
    '7 ea',
    '$14.00',
    '1.255 kg',
    '$13.18',
    '$27.18',
  ])
    assert.ok(shown.includes(part), `the summary says ${part}`)

  const answer = await jane.post('/create-order/submissions', await readReview(jane, draft))
  const [order] = await rowsOf(shop, 'salesorder', [
    ...[
      'salesorderid',
      'ordernumber',
      'msdyn_customersorderreference',
      'customerid',
      'msdyn_invoicecustomerid',
      'msdyn_contactperson',
    ],
    ...[
      'msdyn_company',
      'pricelevelid',
      'transactioncurrencyid',
      'shipto_country',
      'shipto_line1',
      'shipto_city',
      'totalamount',
      'name',
    ],
    ...[
      'msdyn_requestedreceiptdate',
      'msdyn_customerrequisitionnumber',
      'msdyn_deliveryaddressdescription',
      'msdyn_salesordernumber',
    ],
    ...['msdyn_language', 'submitdate', 'msdyn_ordertype'],
  ])
  const { submitdate, ...rest } = order ?? {}
  assert.ok(Date.now() - Date.parse(String(submitdate)) < 60_000)
  assert.deepEqual(rest, {
    salesorderid: /orders\/([^?]*)/.exec(answer.location ?? '')?.[1],
    ordernumber: 'W-000001',
    msdyn_customersorderreference: 'W-000001',
    customerid: shop.accounts.fabrikam,
    msdyn_invoicecustomerid: shop.accounts.fabrikam,
    msdyn_contactperson: shop.people.jane,
    msdyn_company: shop.companyId,
    pricelevelid: shop.priceListId,
    transactioncurrencyid: shop.currencyId,
    shipto_country: 'US',
    shipto_line1: '5 Dock Road',
    shipto_city: 'Tacoma',
    totalamount: '27.18',
    name: 'Web order W-000001 (PO 4711)',
    msdyn_requestedreceiptdate: SOON,
    msdyn_customerrequisitionnumber: 'PO 4711',
    msdyn_deliveryaddressdescription: 'Site 7, Tacoma',
    msdyn_salesordernumber: null,
    msdyn_language: 192350015,
    msdyn_ordertype: 192350000,
  })
  const lines = await rowsOf(shop, 'salesorderdetail', [
    'sequencenumber',
    'productid',
    'uomid',
    'quantity',
    'extendedamount',
    'priceperunit',
  ])
  assert.deepEqual(
    lines
      .map((line) => [line.sequencenumber, line.productid, line.uomid, line.quantity, line.extendedamount, line.priceperunit])
      .sort(),
    [
      [1, shop.products.bolt, shop.units.ea, '7', '14.00', null],
      [2, shop.products.cable, shop.units.kg, '1.255', '13.18', null],
    ],
  )
  const page = await jane.get(answer.location ?? '')
  assert.match(plain(page.text), /Your order has been received as W-000001/)
})

test('T9: what has changed since the review is shown again instead of ordered', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '1'))
  const review = await readReview(jane, draft)
  await shop.update('product', shop.products.bolt, { price: '3' })
  const answer = await jane.post('/create-order/submissions', review)
  assert.equal(answer.status, 409)
  assert.match(plain(answer.text), /has changed since you looked.*\$3\.00/)
  assert.equal((await counts(shop)).orders, 0)
  assert.equal((await jane.post('/create-order/submissions', await readReview(jane, draft))).status, 303)
})

test('T10: however often a draft is submitted, at once or later, it is one order', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '2'))
  const review = await readReview(jane, draft)
  const answers = await Promise.all(Array.from({ length: 6 }, () => jane.post('/create-order/submissions', review)))
  const later = await jane.post('/create-order/submissions', review)
  assert.deepEqual([...new Set([...answers, later].map((answer) => answer.status))], [303])
  assert.equal(new Set([...answers, later].map((answer) => answer.location)).size, 1)
  const { orders, orderLines } = await counts(shop)
  assert.deepEqual([orders, orderLines], [1, 1])
})

test('T10: the same form of a line sent twice adds one line', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const line = { ...bolts(shop, '2'), lineId: crypto.randomUUID() }
  await Promise.all([addLine(jane, draft, line), addLine(jane, draft, line)])
  assert.equal((await counts(shop)).lines, 1)
})

test('T11: an abandoned wizard leaves nothing in salesorder, no change for the ERP, and is taken up again in another session', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  await shop.database.transaction(async (tx) => {
    for (const table of ['salesorder', 'salesorderdetail']) await subscribe(tx, table, 'erp', null)
  })
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '4'))
  const { orders, changes } = await counts(shop)
  assert.deepEqual([orders, changes], [0, 0])

  const again = await shop.as('jane@shop.test')
  const resumed = plain((await again.get('/create-order')).text)
  assert.match(resumed, /You go on with the order/)
  assert.match(resumed, /Steel bolt/)
  await placeOrder(jane, [bolts(shop, '1')])
  assert.deepEqual((({ orders, changes }) => [orders, changes])(await counts(shop)), [1, 2])
  await again.post('/create-order/discards', { draft })
  assert.doesNotMatch(plain((await again.get('/create-order')).text), /You go on/)
  assert.match(plain((await again.get(`/create-order?draft=${draft}`)).text), /has been discarded/)
})

test('a removed line can be put back, and any button keeps what was typed into the others', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
  await addLine(jane, draft, { ...bolts(shop, '1'), lineId: a })
  await addLine(jane, draft, { ...bolts(shop, '1'), lineId: b })
  const removed = await jane.post('/create-order/items', {
    draft,
    remove: a,
    [`quantity.${a}`]: 'nonsense',
    [`unit.${a}`]: shop.units.ea,
    [`quantity.${b}`]: '9',
    [`unit.${b}`]: shop.units.ea,
  })
  const page = await jane.get(removed.location ?? '')
  assert.match(plain(page.text), /Steel bolt was removed\. Undo/)
  assert.match(plain(page.text), /Estimated total \$18\.00/)
  await jane.post('/create-order/items', { draft, restore: a })
  assert.match(plain((await jane.get(`/create-order?draft=${draft}&step=items`)).text), /Estimated total \$20\.00/)
})

test('products are found by number or by name in the reader’s language, those of the own company only', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const find = async (q: string) =>
    plain((await jane.get(`/create-order?${new URLSearchParams({ draft, step: 'items', q })}`)).text)
  assert.match(await find('b-100'), /Steel bolt/)
  assert.match(await find('bolt steel'), /Steel bolt/)
  assert.match(await find('bo\0lt'), /Steel bolt/)
  assert.match(await find('F-300'), /No product matches/)
  await shop.update('contact', shop.people.jane, { adx_preferredlanguage: 'fr' })
  assert.match(await find('boulon'), /Boulon acier/)
})

test('a search says when more products match than it shows; the one with the very number comes first all the same', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const draft = await startDraft(jane)
  const find = async (q: string) => plain((await jane.get(`/create-order/products?${new URLSearchParams({ draft, q })}`)).text)
  const common = { msdyn_company: shop.companyId, statecode: 0, defaultuomid: shop.units.ea, name: 'Washer' }
  const numbers = Array.from({ length: 12 }, (_, i) => `A${i + 10}-W-7`)
  await shop.insert(
    'product',
    numbers.map((number) => ({ ...common, msdyn_productnumber: number })),
  )
  assert.doesNotMatch(await find('w-7'), /more products match/)
  await shop.insert('product', [{ ...common, msdyn_productnumber: 'W-7', name: 'Washer of this number' }])
  const found = await find('w-7')
  assert.match(found, /^\s*Washer of this number W-7 /)
  assert.match(found, /The first 12 are shown; more products match/)
  assert.equal(found.match(/-W-7/g)?.length, 11)
})

test('a product without a known price is ordered all the same; the seller prices it', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [bolts(shop, '1'), { productId: shop.products.custom, unitId: shop.units.ea, quantity: '1' }])
  const lines = await rowsOf(shop, 'salesorderdetail', ['sequencenumber', 'extendedamount'])
  assert.deepEqual(lines.map((line) => line.extendedamount).sort(), ['2.00', null])
  assert.equal((await jane.get(`/orders/${id}`)).status, 200)
})

test('order again starts a draft with the same lines at today’s prices', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [bolts(shop, '2'), { productId: shop.products.cable, unitId: shop.units.kg, quantity: '1' }])
  await shop.update('product', shop.products.bolt, { price: '5' })
  await shop.update('product', shop.products.cable, { statecode: 1 })
  await jane.get(`/orders/${id}`)
  const answer = await jane.post(`/orders/${id}/copies`, {})
  const page = await jane.get(answer.location ?? '')
  assert.match(plain(page.text), /1 line was copied; 1 is not offered any more/)
  const draft = new URL(answer.location ?? '', 'http://portal.test').searchParams.get('draft') ?? ''
  await jane.post('/create-order/information', { ...INFORMATION, draft })
  assert.match(plain((await jane.get(`/create-order?draft=${draft}&step=review`)).text), /\$10\.00/)
  assert.equal((await counts(shop)).orders, 1)
})

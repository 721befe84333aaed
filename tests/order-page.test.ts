import assert from 'node:assert/strict'
import test from 'node:test'
import { putErpChanges } from '../src/dual-write/conflicts.queries.ts'
import { subscribe } from '../src/tables/changes.queries.ts'
import { optionOf } from '../src/tables/definition.ts'
import type { Browser } from './support/portal.ts'
import { addLine, createShop, idOf, insertOrders, messages, placeOrder, plain, readReview, startDraft } from './support/shop.ts'

test('the page of an order tells where it stands: waiting, refused with the reason, accepted', async () => {
  await using shop = await createShop()
  await shop.database.transaction((tx) => subscribe(tx, 'salesorder', 'sales-order-headers', null))
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [{ productId: shop.products.bolt, unitId: shop.units.ea, quantity: '10' }])
  const page = async () => plain((await jane.get(`/orders/${id}`)).text)
  assert.match(await page(), /Order W-000001 Sending/)
  await shop.database.transaction((tx) => tx`update tables.change set reason = 'down', reason_code = 'x', attempt = 2`)
  assert.match(await page(), /Received .*does not answer at the moment/)
  assert.doesNotMatch(await page(), /down/)
  await shop.database.transaction((tx) => tx`update tables.change set parked_at = now(), reason = 'Customer <b>blocked</b>'`)
  const refused = await jane.get(`/orders/${id}`)
  assert.match(messages(refused).join(' '), /could not be accepted.*Customer <b>blocked<\/b>/)
  assert.doesNotMatch(refused.text, /<b>blocked/)
  assert.match(plain((await jane.get('/orders')).text), /W-000001.*Needs attention/)

  await shop.database.transaction((tx) => tx`delete from tables.change`)
  const status = optionOf(shop.catalog.get('salesorder'), 'msdyn_processingstatus', 'partiallyDelivered')
  await shop.update('salesorder', id, { msdyn_salesordernumber: 'SO-9', msdyn_processingstatus: status })
  await shop.database.transaction(
    (tx) =>
      tx`update tables.salesorderdetail set quantityshipped = 6, quantitybackordered = 4, priceperunit = 2, extendedamount = 20`,
  )
  await shop.insert('invoice', [
    {
      msdyn_invoicenumber: 'INV-1',
      salesorderid: id,
      customerid: shop.accounts.fabrikam,
      customeridtype: 'account',
      msdyn_totalamount: '12',
      transactioncurrencyid: shop.currencyId,
      msdyn_company: shop.companyId,
    },
  ])
  const shipped = await page()
  assert.match(shipped, /Order SO-9 Partly shipped \(6\/10\)/)
  assert.match(shipped, /6 of 10 delivered/)
  assert.match(shipped, /10 ea 6 4 0 \$2\.00 \$20\.00/)
  assert.match(shipped, /INV-1 – \$12\.00/)
})

test('the totals lead from the lines to the total; what has come needs no confirmed date any more', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [{ productId: shop.products.bolt, unitId: shop.units.ea, quantity: '10' }])
  const page = async () => plain((await jane.get(`/orders/${id}`)).text)
  assert.match(await page(), /Totals Estimated total, before tax and charges \$20\.00/)
  const notYet = (text: string) => text.match(/Not confirmed yet/g)?.length ?? 0
  assert.equal(notYet(await page()), 3)

  const sums = { discountamount: '2', freightamount: '5', totaltax: '1.5', totalamount: '24.5' }
  await shop.update('salesorder', id, { msdyn_salesordernumber: 'SO-9', ...sums })
  assert.match(await page(), /Totals Subtotal \$20\.00 Discount \$2\.00 Charges \$5\.00 Tax \$1\.50 Total \$24\.50/)
  const ship = (shipped: number) =>
    shop.database.transaction(
      (tx) =>
        tx`update tables.salesorderdetail set quantityshipped = ${shipped}::numeric, quantitybackordered = 10 - ${shipped}::numeric`,
    )
  await ship(9)
  assert.equal(notYet(await page()), 3)
  await ship(10)
  assert.equal(notYet(await page()), 0)
})

test('what the ERP has made of an order is told on the order, its line and in the list, in the reader’s words; nothing that he may not read', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [{ productId: shop.products.bolt, unitId: shop.units.ea, quantity: '10' }])
  await shop.update('salesorder', id, { msdyn_salesordernumber: 'SO-9', msdyn_isocurrencycode: 'USD' })
  const lineId = await shop.database.transaction(async (tx) => {
    const [line] = await tx<{
      id: string
    }>`select salesorderdetailid as id from tables.salesorderdetail where salesorderid = ${id}::uuid`
    return String(line?.id)
  })
  const markOf = async () => /SO-9.*Changed by the seller/.test(plain((await jane.get('/orders')).text))
  assert.doesNotMatch(plain((await jane.get(`/orders/${id}`)).text), /has changed/)
  assert.equal(await markOf(), false)

  await shop.database.transaction(async (tx) => {
    await tx`insert into dual_write.map (name, version, table_name, entity, state)
             values ('headers', '1', 'salesorder', 'Headers', 'running'), ('lines', '1', 'salesorderdetail', 'Lines', 'running')`
    await tx`insert into dual_write.row_link (map, row_id, remote_key) values ('headers', ${id}, 'k'), ('lines', ${lineId}, 'l')`
    await putErpChanges(tx, 'headers', [
      { rowId: id, column: 'msdyn_requestedreceiptdate', sent: '2026-12-01', became: '2026-12-08' },
      { rowId: id, column: 'shipto_city', sent: 'Seattle <b>', became: null },
      { rowId: id, column: 'msdyn_internalnote', sent: 'sent secret', became: 'became secret' },
    ])
    await putErpChanges(tx, 'lines', [{ rowId: lineId, column: 'priceperunit', sent: '2', became: '1234.5' }])
  })
  const english = await jane.get(`/orders/${id}`)
  assert.match(
    plain(english.text),
    /changed this order since it was sent: Requested receipt date : sent as Dec 1, 2026, now Dec 8, 2026 \(changed /,
  )
  assert.match(plain(english.text), /Ship-to city : sent as Seattle <b>, now –/)
  assert.match(plain(english.text), /changed this line since it was sent: Unit price : sent as \$2\.00, now \$1,234\.50/)
  assert.doesNotMatch(english.text, /secret|Seattle <b>/)
  assert.equal(await markOf(), true)
  // Each note stands in the region that is fetched again when its row changes.
  assert.match(english.text.split('id="order-lines"')[0] ?? '', /Dec 8, 2026/)
  assert.match(english.text.split('id="order-lines"')[1] ?? '', /1,234\.50/)

  await shop.update('contact', shop.people.jane, { adx_preferredlanguage: 'fr' })
  const french = plain((await jane.get(`/orders/${id}`)).text)
  assert.match(french, /modifié cette commande .*Date de réception demandée : envoyé : 1 déc\. 2026, désormais : 8 déc\. 2026/)
  assert.match(french, /modifié cette ligne .*Prix unitaire : envoyé : 2,00.*désormais : 1.234,50/)
  assert.match(plain((await jane.get('/orders')).text), /SO-9.*Modifiée par le fournisseur/)
})

test('an order that is to be confirmed first waits for the answer: yes with the number, no with the reason, or on its way', async () => {
  await using shop = await createShop()
  await shop.database.transaction((tx) => subscribe(tx, 'salesorder', 'sales-order-headers', null))
  await shop.database.transaction(
    (tx) => tx`
      insert into dual_write.map (name, version, table_name, entity, state, confirm_first)
      values ('sales-order-headers', '1', 'salesorder', 'Headers', 'running', true)`,
  )
  const jane = await shop.as('jane@shop.test')
  const submit = async () => {
    const draft = await startDraft(jane)
    await addLine(jane, draft, { productId: shop.products.bolt, unitId: shop.units.ea, quantity: '10' })
    const answer = await jane.post('/create-order/submissions', await readReview(jane, draft))
    const id = /^\/orders\/([0-9a-f-]{36})\/confirmation$/.exec(answer.location ?? '')?.[1] ?? ''
    assert.notEqual(id, '')
    return id
  }
  const taken = await submit()
  assert.match(messages(await jane.get(`/orders/${taken}?placed=1`)).join(' '), /not confirmed it yet/)
  await shop.update('contact', shop.people.jane, { adx_preferredlanguage: 'fr' })
  assert.match(messages(await jane.get(`/orders/${taken}`)).join(' '), /pas encore confirmée/)
  await shop.update('contact', shop.people.jane, { adx_preferredlanguage: 'en' })

  const answered = jane.get(`/orders/${taken}/confirmation`)
  await shop.database.transaction(async (tx) => {
    await tx`insert into dual_write.row_link (map, row_id, remote_key) values ('sales-order-headers', ${taken}, 'k')`
    await tx`delete from tables.change`
  })
  await shop.update('salesorder', taken, { msdyn_salesordernumber: 'SO-9' })
  await shop.database.transaction((tx) => tx`delete from tables.change`)
  assert.equal((await answered).location, `/orders/${taken}/answer`)
  assert.equal((await jane.get(`/orders/${taken}/answer`)).location, `/orders/${taken}?placed=1`)
  assert.match(messages(await jane.get(`/orders/${taken}?placed=1`)).join(' '), /Thank you/)
  assert.match(plain((await jane.get(`/orders/${taken}`)).text), /Order SO-9 Accepted/)

  const refused = await submit()
  await shop.database.transaction((tx) => tx`update tables.change set parked_at = clock_timestamp(), reason = 'Customer blocked'`)
  assert.equal((await jane.get(`/orders/${refused}/confirmation`)).location, `/orders/${refused}/answer`)
  assert.match((await jane.get(`/orders/${refused}/answer`)).location ?? '', /^\/create-order\?draft=/)
  const told = messages(await jane.get(`/orders/${refused}?placed=1`)).join(' ')
  assert.match(told, /could not be accepted.*Customer blocked/)
  assert.doesNotMatch(told, /Thank you/)

  await shop.database.transaction(
    (tx) => tx`update tables.change set parked_at = null, captured_at = clock_timestamp() - interval '1 hour'`,
  )
  assert.doesNotMatch(messages(await jane.get(`/orders/${refused}`)).join(' '), /not confirmed it yet/)
  assert.equal((await shop.anonymous().get(`/orders/${refused}/confirmation`)).status, 303)
})

test('an open page is told which rows it shows', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const id = await placeOrder(jane, [{ productId: shop.products.bolt, unitId: shop.units.ea, quantity: '1' }])
  assert.match((await jane.get(`/orders/${id}`)).text, new RegExp(`id="order-status"[^>]*data-live="salesorder:${id}"`))
  assert.match((await jane.get('/orders')).text, new RegExp(`id="order-list"[^>]*data-live="salesorder:${id}"`))
})

test('pages of orders and of the wizard name no missing text, in either language', async () => {
  await using shop = await createShop()
  const jane = await shop.as('jane@shop.test')
  const nora = await shop.as('nora@shop.test')
  const admin = await shop.as('admin@shop.test')
  const id = await placeOrder(jane, [{ productId: shop.products.bolt, unitId: shop.units.ea, quantity: '1' }])
  for (const language of ['en', 'fr']) {
    for (const person of ['jane', 'nora', 'admin'] as const)
      await shop.update('contact', shop.people[person], { adx_preferredlanguage: language })
    const pages: [Browser, string][] = [
      [jane, '/'],
      [jane, '/orders'],
      [jane, '/orders?q=nothing'],
      [jane, `/orders/${id}?placed=1`],
      [jane, '/create-order'],
      [nora, '/account'],
      [admin, '/account?q=fab'],
      [admin, `/account?account=${shop.accounts.fabrikam}`],
      [admin, '/create-order'],
      [admin, '/'],
    ]
    for (const [browser, path] of pages) {
      const page = await browser.get(path)
      assert.equal(page.status, 200, path)
      assert.match(page.text, new RegExp(`<html[^>]*lang="${language}"`))
      assert.doesNotMatch(plain(page.text), /\b(order|wizard|status|account|home)\.[a-z]+/, path)
    }
  }
})

test('a representative sees the account’s terms and who may order; an authorized user sees neither', async () => {
  await using shop = await createShop()
  const page = plain((await (await shop.as('nora@shop.test')).get('/account')).text)
  assert.match(page, /Account number US-001/)
  assert.match(page, /Credit limit \$50,000\.00/)
  assert.match(page, /Jane Tester jane@shop\.test – Authorized user Yes/)
  assert.doesNotMatch(page, /May Tester/)
  assert.equal((await (await shop.as('jane@shop.test')).get('/account')).status, 403)
  const nora = await shop.as('nora@shop.test')
  assert.doesNotMatch(plain((await nora.get(`/account?account=${shop.accounts.tailspin}`)).text), /Tailspin/)
})

test('an order page and a list page cost a handful of statements, however many orders there are', async () => {
  await using shop = await createShop()
  await insertOrders(
    shop,
    Array.from({ length: 60 }, (_, i) => ({ msdyn_salesordernumber: `SO-${i}`, msdyn_contactperson: shop.people.jane })),
  )
  const jane = await shop.as('jane@shop.test')
  const cost = async (path: string) => {
    const before = shop.database.statementCount()
    assert.equal((await jane.get(path)).status, 200)
    return shop.database.statementCount() - before
  }
  await cost('/orders')
  assert.ok((await cost('/orders')) <= 5, `a list costs ${await cost('/orders')}`)
  assert.ok((await cost(`/orders/${await idOf(shop, 'SO-1')}`)) <= 8)
  assert.ok((await cost('/')) <= 8, `the home page costs ${await cost('/')}`)
})

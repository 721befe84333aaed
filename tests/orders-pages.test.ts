import assert from 'node:assert/strict'
import test from 'node:test'
import { optionOf } from '../src/tables/definition.ts'
import { newRowId, type RowValues } from '../src/tables/rows.queries.ts'
import type { Browser } from './support/portal.ts'
import { createShop, idOf, insertOrders, messages, plain } from './support/shop.ts'

test('every order list shows what its visitor may see and nothing else, on the page, by search and in the file', async (t) => {
  await using shop = await createShop()
  await insertOrders(shop, [
    { msdyn_salesordernumber: 'SO-JANE', msdyn_contactperson: shop.people.jane },
    { msdyn_salesordernumber: 'SO-SAM', msdyn_contactperson: shop.people.sam },
    { msdyn_salesordernumber: 'SO-MAY', msdyn_contactperson: shop.people.may, customerid: shop.accounts.tailspin },
  ])
  const all = ['SO-JANE', 'SO-MAY', 'SO-SAM']
  for (const [name, visible] of [
    ['admin', all],
    ['nora', ['SO-JANE', 'SO-SAM']],
    ['jane', ['SO-JANE']],
    ['sam', ['SO-SAM']],
  ] as const) {
    await t.test(name, async () => {
      const browser = await shop.as(`${name}@shop.test`)
      assert.deepEqual((await numbersOn(browser, '/orders?tab=all')).sort(), visible)
      assert.deepEqual((await numbersOn(browser, '/orders?tab=all&q=SO-')).sort(), visible)
      const file = await browser.get('/orders.csv?tab=all')
      assert.deepEqual([...file.text.matchAll(/SO-[A-Z]+/g)].map((match) => match[0]).sort(), visible)
      for (const number of all) {
        const status = (await browser.get(`/orders/${await idOf(shop, number)}`)).status
        assert.equal(status, visible.includes(number as never) ? 200 : 404)
      }
    })
  }
  await t.test('may, unauthorized', async () => {
    const may = await shop.as('may@shop.test')
    assert.equal((await may.get('/orders')).status, 403)
    assert.equal((await may.get('/orders.csv')).status, 403)
    assert.equal((await may.get(`/orders/${await idOf(shop, 'SO-MAY')}`)).status, (await may.get(`/orders/${newRowId()}`)).status)
    assert.doesNotMatch((await may.get(`/orders/${await idOf(shop, 'SO-MAY')}`)).text, /SO-MAY/)
  })
  const jane = await shop.as('jane@shop.test')
  for (const id of ['x', newRowId(), "' or true --"])
    assert.equal((await jane.get(`/orders/${encodeURIComponent(id)}`)).status, 404)
})

test('paging by key walks every order once, forwards and back, in every order, nulls and ties included', async (t) => {
  await using shop = await createShop()
  const random = createRandom(7)
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T
  const orders = Array.from({ length: 83 }, (_, i) => ({
    msdyn_salesordernumber: pick(null, `SO-${1000 + i}`, `SO-${1000 + i}`),
    ordernumber: `W-${i}`,
    msdyn_customerrequisitionnumber: pick(null, 'PO 1', 'PO 2', `PO ${i}`),
    submitdate: pick(null, `2026-0${pick(1, 2, 3)}-1${pick(0, 1)}T10:00:00.123456Z`),
    totalamount: pick(null, '1.00', '2.5', `${i}.10`),
    shipto_city: pick(null, 'Paris', 'Seattle'),
    msdyn_requestedreceiptdate: pick(null, '2026-12-01', '2026-12-02'),
    msdyn_contactperson: pick(null, shop.people.jane, shop.people.sam),
  }))
  await insertOrders(shop, orders)
  const nora = await shop.as('nora@shop.test')
  const expected = orders.map((one) => one.msdyn_salesordernumber ?? one.ordernumber).sort()
  for (const sort of ['number', 'reference', 'placed', 'by', 'shipTo', 'date', 'total'].flatMap((name) => [
    `${name} asc`,
    `${name} desc`,
  ])) {
    await t.test(sort, async () => {
      const pages = await walk(nora, `/orders?${new URLSearchParams({ tab: 'all', sort })}`, 'next')
      assert.deepEqual(pages.flat().sort(), expected)
      assert.deepEqual(
        pages.map((page) => page.length),
        [25, 25, 25, 8],
      )
      assert.deepEqual(await walkBack(nora, `/orders?${new URLSearchParams({ tab: 'all', sort })}`), pages.toReversed())
    })
  }
  assert.equal((await nora.get('/orders?after=nonsense')).status, 200)
  const forged = Buffer.from(JSON.stringify(['x', 'y'])).toString('base64url')
  assert.equal((await nora.get(`/orders?after=${forged}`)).status, 400)
})

test('a status filter shows exactly the orders that carry this status', async (t) => {
  await using shop = await createShop()
  const header = shop.catalog.get('salesorder')
  const states = ['active', 'confirmed', 'picked', 'partiallyDelivered', 'delivered', 'partiallyInvoiced', 'invoiced', 'canceled']
  const orders: RowValues[] = []
  for (const state of states)
    for (const stopped of [true, false])
      for (const number of [null, 'SO'])
        for (const remaining of ['0', '4'])
          orders.push({
            ordernumber: `W-${orders.length}`,
            msdyn_salesordernumber: number === null ? null : `SO-${orders.length}`,
            msdyn_processingstatus: optionOf(header, 'msdyn_processingstatus', state),
            msdyn_issalesprocessingstopped: stopped,
            description: remaining,
          })
  await insertOrders(
    shop,
    orders.map(({ description: _, ...rest }) => rest),
    orders.map((one) => ({ quantity: '10', quantityshipped: '6', quantitybackordered: String(one.description) })),
  )
  const nora = await shop.as('nora@shop.test')
  const total = new Map<string, number>()
  for (const status of [
    'sending',
    'accepted',
    'confirmed',
    'picked',
    'partly-shipped',
    'shipped',
    'partly-invoiced',
    'invoiced',
    'on-hold',
    'cancelled',
  ]) {
    await t.test(status, async () => {
      const pages = await walkRows(nora, `/orders?tab=all&status=${status}`)
      assert.ok(pages.length > 0, 'the data has such orders')
      for (const row of pages) assert.match(row, LABEL[status] ?? /never/)
      total.set(status, pages.length)
    })
  }
  assert.equal(
    [...total.values()].reduce((sum, one) => sum + one, 0),
    orders.length,
    'each order has one status',
  )
})

const LABEL: Readonly<Record<string, RegExp>> = {
  sending: /Received/,
  accepted: /Accepted/,
  confirmed: /Confirmed/,
  picked: /Being picked/,
  'partly-shipped': /Partly shipped \(6\/10\)/,
  shipped: /Shipped/,
  'partly-invoiced': /Partly invoiced/,
  invoiced: /Invoiced/,
  'on-hold': /On hold/,
  cancelled: /Cancelled/,
}

test('search finds order, request and requisition numbers and products on a line; filters are kept in the address and combine', async () => {
  await using shop = await createShop()
  await insertOrders(
    shop,
    [
      {
        msdyn_salesordernumber: 'SO-1',
        ordernumber: 'W-77',
        msdyn_contactperson: shop.people.jane,
        submitdate: '2026-03-10T23:30:00Z',
      },
      { msdyn_salesordernumber: 'SO-2', msdyn_customerrequisitionnumber: 'PO 50%', msdyn_contactperson: shop.people.sam },
      { msdyn_salesordernumber: 'SO-3', msdyn_contactperson: shop.people.sam, submitdate: '2026-03-11T00:00:00Z' },
    ],
    [{ productnumber: 'AA-1' }, { productnumber: 'BB-2', description: 'Steel bolt' }, { productnumber: 'CC-3' }],
  )
  const nora = await shop.as('nora@shop.test')
  const found = (query: Record<string, string>) => numbersOn(nora, `/orders?${new URLSearchParams({ tab: 'all', ...query })}`)
  assert.deepEqual(await found({ q: 'w-77' }), ['SO-1'])
  assert.deepEqual(await found({ q: '50%' }), ['SO-2'])
  assert.deepEqual(await found({ q: 'bolt' }), ['SO-2'])
  assert.deepEqual(await found({ q: 'so bolt' }), ['SO-2'])
  assert.deepEqual(await found({ q: 'CC-3' }), ['SO-3'])
  assert.deepEqual(await found({ q: '%' }), ['SO-2'])
  assert.deepEqual(await found({ by: 'jane' }), ['SO-1'])
  assert.deepEqual(await found({ from: '2026-03-10', until: '2026-03-10' }), ['SO-1'])
  assert.deepEqual(await found({ from: '2026-03-11', by: 'sam' }), ['SO-3'])
  const none = await nora.get('/orders?tab=all&q=%3Cscript%3E')
  assert.match(plain(none.text), /No order matches this search/)
  assert.doesNotMatch(none.text, /<script>/)
  const page = await nora.get('/orders?q=bolt&sort=total+asc')
  assert.match(page.text, /aria-sort="ascending"[^>]*><a[^>]*>Total/)
  assert.match(page.text, /href="\/orders\?q=bolt&amp;sort=total\+asc&amp;tab=all"/)
})

test('tabs count what they would show, and open is what is still to come', async () => {
  await using shop = await createShop()
  const status = (name: string) => optionOf(shop.catalog.get('salesorder'), 'msdyn_processingstatus', name)
  await insertOrders(
    shop,
    ['active', 'delivered', 'invoiced', 'canceled', 'partiallyInvoiced', 'partiallyInvoiced'].map((name, i) => ({
      msdyn_salesordernumber: `SO-${i}`,
      msdyn_processingstatus: status(name),
    })),
    ['10', '0', '0', '0', '4', '0'].map((quantitybackordered) => ({ quantity: '10', quantitybackordered })),
  )
  const nora = await shop.as('nora@shop.test')
  const page = await nora.get('/orders')
  assert.match(plain(page.text), /Open 2 Delivered \/ invoiced 3 All 6/)
  assert.deepEqual((await numbersOn(nora, '/orders')).sort(), ['SO-0', 'SO-4'])
  assert.deepEqual((await numbersOn(nora, '/orders?tab=done')).sort(), ['SO-1', 'SO-2', 'SO-5'])
})

test('the file has the rows of the list and no cell that a spreadsheet would run', async () => {
  await using shop = await createShop()
  await insertOrders(shop, [
    { msdyn_salesordernumber: 'SO-1', msdyn_customerrequisitionnumber: '=HYPERLINK("http://x","y")', totalamount: '-5.00' },
    { msdyn_salesordernumber: 'SO-2', msdyn_customerrequisitionnumber: 'a,"b"' },
  ])
  const nora = await shop.as('nora@shop.test')
  const file = await nora.get('/orders.csv?tab=all&sort=number+asc')
  assert.match(String(file.headers['content-type']), /^text\/csv/)
  assert.match(String(file.headers['content-disposition']), /attachment; filename="orders-\d{4}-\d{2}-\d{2}\.csv"/)
  const [head, first, second, end] = file.text.split('\r\n')
  assert.match(head ?? '', /^\uFEFF?Order,Request,Your reference,/)
  assert.match(first ?? '', /^SO-1,,"'=HYPERLINK\(""http:\/\/x"",""y""\)",.*,-5\.00,/)
  assert.match(second ?? '', /^SO-2,,"a,""b""",/)
  assert.equal(end, '')
})

async function rowsOn(browser: Browser, path: string): Promise<{ rows: string[]; text: string }> {
  const page = await browser.get(path)
  assert.equal(page.status, 200, messages(page).join(' '))
  const body = /<tbody>([\s\S]*?)<\/tbody>/.exec(page.text)?.[1] ?? ''
  return { rows: [...body.matchAll(/<tr>[\s\S]*?<\/tr>/g)].map((match) => match[0]), text: page.text }
}

async function numbersOn(browser: Browser, path: string): Promise<string[]> {
  return (await rowsOn(browser, path)).rows.map(numberOf)
}

function numberOf(row: string): string {
  return /<a href="\/orders\/[^"]*">([^<]*)</.exec(row)?.[1] ?? ''
}

/** Follows the links of a list to its end: rows page by page. */
async function walk(browser: Browser, start: string, rel: 'next' | 'prev'): Promise<string[][]> {
  const pages: string[][] = []
  let path: string | undefined = start
  while (path !== undefined) {
    assert.ok(pages.length < 20, 'the list ends')
    const { rows, text }: { rows: string[]; text: string } = await rowsOn(browser, path)
    pages.push(rows.map(numberOf))
    path = linkOf(text, rel)
  }
  return pages
}

async function walkBack(browser: Browser, start: string): Promise<string[][]> {
  let path = start
  for (;;) {
    const next = linkOf((await rowsOn(browser, path)).text, 'next')
    if (next === undefined) return walk(browser, path, 'prev')
    path = next
  }
}

async function walkRows(browser: Browser, start: string): Promise<string[]> {
  const found: string[] = []
  let path: string | undefined = start
  while (path !== undefined) {
    const { rows, text }: { rows: string[]; text: string } = await rowsOn(browser, path)
    found.push(...rows.map(plain))
    path = linkOf(text, 'next')
  }
  return found
}

function linkOf(text: string, rel: string): string | undefined {
  return new RegExp(`rel="${rel}" href="([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&')
}

function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

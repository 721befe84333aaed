import assert from 'node:assert/strict'
import test from 'node:test'
import { visitorOf } from '../src/access/request.ts'
import { registerPortalApi } from '../src/api/portal-api.ts'
import { silentLog } from '../src/log/log.ts'
import { recordOwnerStatements } from './support/owner-statements.ts'
import { addLine, bolts, createShop, placeOrder, readReview, startDraft } from './support/shop.ts'

/** What may be read of tables with the owner's rights while a visitor is served, and why. */
const KNOWN: readonly { what: string; text: RegExp }[] = [
  { what: 'who the visitor is', text: /\baccess\.session\b/ },
  { what: 'how far rows are on their way to the ERP', text: /from (tables\.change|dual_write\.)/ },
  {
    what: 'what prices and units are made of',
    text: /"tables"\."(productpricelevel|uom|msdyn_productspecificunitofmeasureconversion)" as/,
  },
  {
    what: 'the terms that an order takes from its own contact',
    text: /select .*"defaultpricelevelid".* from "tables"\."contact" as/s,
  },
]

test('every page, form, fragment, file, stream and API address of the portal reads and writes rows behind the wall', async () => {
  await using shop = await createShop()
  await registerPortalApi(shop.server, {
    database: shop.database,
    catalog: shop.catalog,
    permissions: () => shop.releases.current().site.permissions,
    views: () => shop.releases.current().site.views,
    visitorOf,
    log: silentLog,
  })
  const url = await shop.server.listen({ port: 0, host: '127.0.0.1' })
  const people = [await shop.as('jane@shop.test'), await shop.as('nora@shop.test'), await shop.as('admin@shop.test')]
  const owner = recordOwnerStatements(shop.database)
  const [jane] = people
  assert.ok(jane)
  const order = await placeOrder(jane, [bolts(shop, '3')])
  const pages = shop.releases
    .current()
    .site.pages.map((page) => `/${page.name}`.replace('[order]', order).replace(/\[\w+\]/, 'none'))
  for (const browser of [...people, shop.anonymous()]) {
    for (const path of pages) assert.ok((await browser.get(path)).status < 500, path)
    for (const path of [
      '/orders?search=bolt&tab=all',
      '/orders?format=csv',
      '/_api/salesorders?$count=true',
      `/_api/salesorders(${order})`,
    ])
      assert.ok((await browser.get(path)).status < 500, path)
  }
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '1'))
  await readReview(jane, draft)
  await jane.get(`/create-order?draft=${draft}&step=items&q=bolt`)
  assert.equal((await jane.post(`/orders/${order}/copies`, {})).status, 303)
  await jane.get('/profile')
  await jane.post('/profile', { _form: 'profile', firstname: 'Janet' })
  const cookie = [...jane.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const stop = new AbortController()
  const stream = await fetch(`${url}/live?rows=salesorder:${order}&since=1`, { headers: { cookie }, signal: stop.signal })
  assert.equal(stream.status, 200)
  stop.abort()

  const rowsOfTables = owner.filter((text) => /\btables\b"?\./.test(text))
  assert.ok(rowsOfTables.length > 0, 'statements with the rights of the owner are heard')
  const unknown = [...new Set(rowsOfTables)].filter((text) => !KNOWN.some((one) => one.text.test(text)))
  assert.deepEqual(unknown, [])
})

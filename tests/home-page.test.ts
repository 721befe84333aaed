import assert from 'node:assert/strict'
import test from 'node:test'
import { createShop, insertOrders, plain } from './support/shop.ts'

test('the home page greets by first name and tells what is stopped, late and coming next, of one’s own orders only', async () => {
  await using shop = await createShop()
  const own = { msdyn_contactperson: shop.people.jane }
  await insertOrders(shop, [
    { ...own, msdyn_salesordernumber: 'SO-STOPPED', msdyn_issalesprocessingstopped: true },
    { ...own, msdyn_salesordernumber: 'SO-LATE', msdyn_requestedreceiptdate: '2020-01-02' },
    {
      ...own,
      msdyn_salesordernumber: 'SO-NEXT',
      msdyn_requestedreceiptdate: '2020-01-02',
      msdyn_confirmedreceiptdate: '2999-05-04',
    },
    { ...own, msdyn_salesordernumber: 'SO-LATER', msdyn_requestedreceiptdate: '2999-05-05' },
    { msdyn_contactperson: shop.people.sam, msdyn_salesordernumber: 'SO-SAM', msdyn_requestedreceiptdate: '2020-01-02' },
  ])
  const page = plain((await (await shop.as('jane@shop.test')).get('/')).text)
  assert.match(page, /Good to see you, Jane Here/)
  const [, attention = '', upcoming = ''] = /Needs your attention(.*)Coming next(.*)Contoso, customer portal/.exec(page) ?? []
  assert.match(attention, /SO-STOPPED.*On hold/)
  assert.match(attention, /SO-LATE Was due Jan 2, 2020 Late/)
  assert.doesNotMatch(attention, /SO-NEXT|SO-LATER/)
  assert.match(upcoming, /SO-NEXT .*May 4, 2999 Confirmed.*SO-LATER .*May 5, 2999 Requested/)
  assert.doesNotMatch(upcoming, /SO-STOPPED|SO-LATE /)
  assert.doesNotMatch(page, /SO-SAM/)
  assert.match(plain((await (await shop.as('nora@shop.test')).get('/')).text), /SO-SAM/)
})

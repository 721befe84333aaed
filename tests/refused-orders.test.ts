import assert from 'node:assert/strict'
import test from 'node:test'
import { type DualWrite, openDualWrite } from '../src/dual-write/engine.ts'
import { silentLog } from '../src/log/log.ts'
import { systemClock } from '../src/log/system-clock.ts'
import { createWorldErp, until } from './support/dual-write-world.ts'
import { mapVariants } from './support/map-variants.ts'
import type { MemoryErp } from './support/memory-connector.ts'
import type { Browser } from './support/portal.ts'
import { addLine, bolts, createShop, messages, plain, readReview, rowsOf, type Shop, startDraft } from './support/shop.ts'
import { someMaps } from './support/some-maps.ts'

type World = AsyncDisposable & { shop: Shop; erp: MemoryErp; engine: DualWrite; jane: Browser }

/** The shop and an ERP, with orders that count once the ERP has taken them, unless it is said otherwise. */
async function createWorld({ confirmFirst = true } = {}): Promise<World> {
  const shop = await createShop()
  const erp = createWorldErp()
  erp.remove('CDSSalesOrderHeaders', 'dataAreaId=usmf,SalesOrderNumber=SO-1')
  erp.remove('CDSSalesOrderLines', 'dataAreaId=usmf,SalesOrderNumber=SO-1,LineCreationSequenceNumber=1')
  const engine = await openDualWrite({
    database: shop.database,
    catalog: shop.catalog,
    connector: erp.connector,
    mapFolders: [someMaps([]), mapVariants({ 'sales-order-headers': { confirmFirst }, 'sales-order-lines': {} })],
    clock: systemClock,
    log: silentLog,
    eventUrl: 'http://localhost/erp-events',
    eventSecret: 's',
  })
  // She is a contact of the ERP's, too: whom the ERP does not know is not named in what it answers.
  await shop.update('contact', shop.people.jane, { msdyn_contactpersonid: 'JANE' })
  await engine.start()
  await engine.whenRunning()
  erp.deliverTo((body) => engine.receiveEvent(body))
  return {
    ...{ shop, erp, engine, jane: await shop.as('jane@shop.test') },
    async [Symbol.asyncDispose]() {
      erp.deliverTo(undefined)
      await engine.stop()
      await shop[Symbol.asyncDispose]()
    },
  }
}

/** Submits an order of ten bolts that the ERP refuses. */
async function refusedOrder({ shop, erp, jane }: World): Promise<{ draft: string; id: string }> {
  erp.faults.onWrite ??= () => 'reject'
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '10'))
  const answer = await jane.post('/create-order/submissions', await readReview(jane, draft))
  const id = /^\/orders\/([0-9a-f-]{36})\/confirmation$/.exec(answer.location ?? '')?.[1] ?? ''
  assert.equal((await jane.get(answer.location ?? '')).location, `/orders/${id}/answer`)
  assert.equal((await jane.get(`/orders/${id}/answer`)).location, `/create-order?draft=${draft}&step=review`)
  return { draft, id }
}

/** Changes the only line's quantity, as the form of the items does. */
async function setQuantity({ shop, jane }: World, draft: string, quantity: string): Promise<void> {
  const page = await jane.get(`/create-order?draft=${draft}&step=items`)
  const line = /name="quantity\.([0-9a-f-]{36})"/.exec(page.text)?.[1] ?? ''
  const answer = await jane.post('/create-order/items', {
    draft,
    [`quantity.${line}`]: quantity,
    [`unit.${line}`]: shop.units.ea,
  })
  assert.equal(answer.status, 303, messages(answer).join(' '))
}

const headersIn = ({ erp }: World) => erp.rows('CDSSalesOrderHeaders')
const quantitiesIn = ({ erp }: World) =>
  erp
    .rows('CDSSalesOrderLines')
    .map((line) => [Number(line.LineCreationSequenceNumber), line.ProductNumber, Number(line.OrderedSalesQuantity)])
    .sort()

async function accepted({ jane }: World, id: string): Promise<string> {
  let page = ''
  await until('the order is accepted', async () => {
    page = plain((await jane.get(`/orders/${id}`)).text)
    return /Order SO-\S+ Accepted/.test(page)
  })
  return page
}

test('an order that the ERP refuses is a draft again for its buyer, with the reason; corrected, it goes under the same number', async () => {
  await using world = await createWorld()
  const { shop, erp, jane } = world
  const { draft, id } = await refusedOrder(world)
  const review = await jane.get(`/create-order?draft=${draft}&step=review`)
  assert.match(messages(review).join(' '), /could not be accepted.*Customer is on hold\..*nothing is lost/)
  assert.match(plain(review.text), /Steel bolt B-100 10 ea .*Send order again/)
  const told = await jane.get(`/orders/${id}`)
  assert.match(told.text, new RegExp(`href="/create-order\\?draft=${draft}&amp;step=review"[^>]*>Correct and send again`))
  const nora = await shop.as('nora@shop.test')
  const toNora = await nora.get(`/orders/${id}`)
  assert.match(messages(toNora).join(' '), /Whoever placed the order can correct it/)
  assert.doesNotMatch(toNora.text, /Correct and send again/)
  assert.equal((await nora.get(`/orders/${id}/answer`)).location, `/orders/${id}?placed=1`)
  assert.equal((await nora.get(`/create-order?draft=${draft}`)).status, 404)

  await setQuantity(world, draft, '7')
  await addLine(jane, draft, { productId: shop.products.cable, unitId: shop.units.kg, quantity: '1.5' })
  delete erp.faults.onWrite
  const answer = await jane.post('/create-order/submissions', await readReview(jane, draft))
  assert.equal(answer.location, `/orders/${id}/confirmation`)
  assert.match(await accepted(world, id), /Request number W-000001/)
  assert.deepEqual(
    headersIn(world).map((one) => [one.CustomersOrderReference, one.CustomerRequisitionNumber]),
    [['W-000001', 'PO 4711']],
  )
  assert.deepEqual(quantitiesIn(world), [
    [1, 'B-100', 7],
    [2, 'C-200', 1.5],
  ])
  assert.equal((await rowsOf(shop, 'salesorder', ['ordernumber'])).length, 1)
  assert.equal((await jane.get(`/orders/${id}/answer`)).location, `/orders/${id}?placed=1`)
  assert.match(plain((await jane.get(`/create-order?draft=${draft}`)).text), /submitted already/)
  const [activity] = await world.engine.listActivity({ map: 'sales-order-headers', rowsMax: 1 })
  assert.deepEqual([activity?.actor, activity?.action], ['jane@shop.test', 'corrected a refused row and sent it again'])
})

test('refused again it is a draft again; a line that is taken out does not arrive, and what is added does not take its number', async () => {
  await using world = await createWorld()
  const { shop, erp, jane } = world
  const { draft, id } = await refusedOrder(world)
  const page = await jane.get(`/create-order?draft=${draft}&step=items`)
  const line = /name="quantity\.([0-9a-f-]{36})"/.exec(page.text)?.[1] ?? ''
  await jane.post('/create-order/items', { draft, remove: line })
  await addLine(jane, draft, { productId: shop.products.cable, unitId: shop.units.kg, quantity: '2' })
  await jane.post('/create-order/submissions', await readReview(jane, draft))
  await jane.get(`/orders/${id}/confirmation`)
  assert.equal((await jane.get(`/orders/${id}/answer`)).location, `/create-order?draft=${draft}&step=review`)
  assert.equal(headersIn(world).length, 0)

  delete erp.faults.onWrite
  await jane.post('/create-order/submissions', await readReview(jane, draft))
  await accepted(world, id)
  assert.deepEqual(quantitiesIn(world), [[2, 'C-200', 2]])
  await until('nothing waits', async () => (await shop.database.read((tx) => tx`select 1 from tables.change`)).length === 0)
})

test('an answer that was lost, then a refusal: the correction finds the order that the ERP has, and there is one', async () => {
  await using world = await createWorld()
  const { erp, jane } = world
  erp.deliverTo(undefined)
  let writes = 0
  erp.faults.onWrite = () => (writes++ < 2 ? 'lose_answer' : 'reject')
  const { draft, id } = await refusedOrder(world)
  assert.equal(headersIn(world).length, 1)
  await setQuantity(world, draft, '7')
  delete erp.faults.onWrite
  await jane.post('/create-order/submissions', await readReview(jane, draft))
  await accepted(world, id)
  erp.deliverTo((body) => world.engine.receiveEvent(body))
  await until('the correction arrives', () => quantitiesIn(world)[0]?.[2] === 7)
  assert.equal(headersIn(world).length, 1)
  assert.equal(quantitiesIn(world).length, 1)
  assert.equal((await rowsOf(world.shop, 'salesorder', ['ordernumber'])).length, 1)
})

test('an order that turns out to be in the ERP is no draft any more, and who corrects it too late is told', async () => {
  await using world = await createWorld()
  const { erp, jane, shop } = world
  erp.deliverTo(undefined)
  let writes = 0
  erp.faults.onWrite = () => (writes++ < 2 ? 'lose_answer' : 'reject')
  const { draft, id } = await refusedOrder(world)
  await setQuantity(world, draft, '7')
  const form = await readReview(jane, draft)
  delete erp.faults.onWrite
  erp.deliverTo((body) => world.engine.receiveEvent(body))
  // Its notice waits for an answer of ours that does not come; the test does not.
  await until('its notice is here', async () => {
    const cut = await shop.database.transaction(
      (tx) => tx`update dual_write.remote_change set attempt = 20, due_at = clock_timestamp() where attempt > 1 returning 1`,
    )
    return cut.length > 0 || /Order SO-/.test(plain((await jane.get(`/orders/${id}`)).text))
  })
  await accepted(world, id)
  assert.equal((await jane.post('/create-order/submissions', form)).location, `/orders/${id}?overtaken=1`)
  assert.match(messages(await jane.get(`/orders/${id}?overtaken=1`)).join(' '), /correction was not sent/)
  assert.doesNotMatch((await jane.get(`/orders/${id}`)).text, /could not be accepted/)
  assert.match(plain((await jane.get(`/create-order?draft=${draft}`)).text), /submitted already/)
  assert.deepEqual([headersIn(world).length, quantitiesIn(world)], [1, [[1, 'B-100', 10]]])
  await until('nothing asks a person', async () => (await world.engine.listParked({ map: null, rowsMax: 10 })).length === 0)
})

test('two tabs send one correction; the seller’s own retry comes first or not at all', async () => {
  await using world = await createWorld()
  const { erp, jane, engine } = world
  const { draft, id } = await refusedOrder(world)
  await setQuantity(world, draft, '8')
  const form = await readReview(jane, draft)
  delete erp.faults.onWrite
  const answers = await Promise.all([jane.post('/create-order/submissions', form), jane.post('/create-order/submissions', form)])
  assert.deepEqual(
    answers.map((one) => one.location),
    [`/orders/${id}/confirmation`, `/orders/${id}/confirmation`],
  )
  await accepted(world, id)
  assert.deepEqual(quantitiesIn(world), [[1, 'B-100', 8]])

  erp.faults.onWrite = () => 'reject'
  const second = await refusedOrder(world)
  await setQuantity(world, second.draft, '3')
  const late = await readReview(jane, second.draft)
  delete erp.faults.onWrite
  await engine.retryParked({ ids: 'all', map: 'sales-order-headers' }, 'kim')
  await accepted(world, second.id)
  assert.equal((await jane.post('/create-order/submissions', late)).location, `/orders/${second.id}?overtaken=1`)
  const gone = await jane.post('/create-order/items', { draft: second.draft })
  assert.ok(gone.status >= 400)
  assert.equal(headersIn(world).length, 2)
})

test('a refused order stays with its company; withdrawn by its buyer it leaves nothing, on neither side', async () => {
  await using world = await createWorld()
  const { erp, jane, engine, shop } = world
  const { draft, id } = await refusedOrder(world)
  await shop.update('salesorder', id, { msdyn_company: shop.otherCompanyId })
  const other = await jane.post('/create-order/submissions', await readReview(jane, draft))
  assert.equal(other.status, 409)
  assert.match(messages(other).join(' '), /stays with its company/)
  assert.match((await jane.get(`/create-order?draft=${draft}&step=items`)).text, /Withdraw this order/)
  await jane.post('/create-order/discards', { draft })
  assert.equal((await jane.get(`/orders/${id}`)).status, 404)
  assert.match(plain((await jane.get(`/create-order?draft=${draft}`)).text), /has been discarded/)
  assert.deepEqual(await engine.listParked({ map: null, rowsMax: 10 }), [])
  assert.deepEqual(await rowsOf(shop, 'salesorderdetail', ['sequencenumber']), [])
  delete erp.faults.onWrite
  await until('nothing waits', async () => (await shop.database.read((tx) => tx`select 1 from tables.change`)).length === 0)
  assert.equal(headersIn(world).length, 0)
})

test('an order that the seller gives up is cancelled for its buyer: on its page, in the list and by status; nothing sends it any more', async () => {
  await using world = await createWorld({ confirmFirst: false })
  const { erp, jane, engine, shop } = world
  erp.faults.onWrite = () => 'reject'
  const draft = await startDraft(jane)
  await addLine(jane, draft, bolts(shop, '10'))
  const answer = await jane.post('/create-order/submissions', await readReview(jane, draft))
  const id = /^\/orders\/([0-9a-f-]{36})/.exec(answer.location ?? '')?.[1] ?? ''
  await until('it is refused', async () => /Needs attention/.test(plain((await jane.get(`/orders/${id}`)).text)))
  const parked = await engine.listParked({ map: null, rowsMax: 10 })
  delete erp.faults.onWrite
  await engine.discardParked({ ids: parked.map((one) => one.id), map: null, reason: 'The customer has closed' }, 'kim')

  const page = await jane.get(`/orders/${id}`)
  assert.match(plain(page.text), /Order W-000001 Cancelled/)
  assert.match(messages(page).join(' '), /withdrawn before it reached the order system/)
  assert.doesNotMatch(plain(page.text), /Received|Sending/)
  const listed = async (query: string) => /W-000001/.test((await jane.get(`/orders?${query}`)).text)
  assert.deepEqual(
    [await listed('tab=all&status=cancelled'), await listed('tab=all&status=sending'), await listed('tab=open')],
    [true, false, false],
  )
  await until('nothing waits', async () => (await shop.database.read((tx) => tx`select 1 from tables.change`)).length === 0)
  const isEqual = async () => (await engine.compareMaps({ maps: ['sales-order-headers', 'sales-order-lines'] })).equal
  assert.equal(await isEqual(), true)

  await shop.update('salesorder', id, { msdyn_customerrequisitionnumber: 'PO 1' })
  await until('nothing waits', async () => (await shop.database.read((tx) => tx`select 1 from tables.change`)).length === 0)
  assert.equal(headersIn(world).length, 0)
  await shop.update('salesorder', id, { msdyn_processingstatus: null })
  await until('it is sent after all', () => headersIn(world).length === 1)
})

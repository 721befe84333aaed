import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { required } from '../../src/lib/assert.ts'
import { add, equal, multiply, round } from '../../src/lib/decimal.ts'
import { convertAdventureWorks, writeEntityFiles } from '../adventureworks/convert.ts'
import {
  hasAdventureWorks,
  orderSubtotals,
  readSource,
  type StoreOrders,
  storesWithColleagues,
} from '../adventureworks/source.ts'
import { inviteContact, redeemInvitation } from '../support/administrator.ts'
import { collectComplaints, launchBrowser, signIn } from '../support/browser.ts'
import { dayFromNow, fillOrder } from '../support/buyer.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { type ErpClient, openErp } from '../support/erp-client.ts'
import { troubledMaps } from '../support/running-maps.ts'
import { openErpOrder, press, shipPart } from '../support/seller.ts'

/**
 * A real company on the whole program: AdventureWorks in the ERP, two colleagues of one of its stores invited, what they see held against
 * the data itself, and an order of each from the portal to its invoice. The tests go on from one another.
 */
const skip = hasAdventureWorks ? false : '../shared/data/adventureworks-oltp is not here'
const PASSWORD = 'a bicycle made for two'
const RESELLER_SHARE = '0.6'

let folder: string
let comptoir: RunningComptoir
let browser: Browser
let erp: ErpClient
let store: StoreOrders
let admin: Page
let buyer: Page
let colleague: Page
/** The representative's order, for the colleague to ask after. */
let buyersOrder: string
const complaints: string[][] = []

before(async () => {
  if (skip !== false) return
  folder = mkdtempSync(join(tmpdir(), 'comptoir-adventureworks-'))
  writeEntityFiles(folder, convertAdventureWorks())
  store = required(storesWithColleagues()[0], 'a store with orders and two contacts')
  ;[comptoir, browser] = await Promise.all([startComptoir({ env: { SCM_DATA: folder } }), launchBrowser()])
  await comptoir.waitUntilReady()
  erp = await openErp(comptoir)
  admin = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' })).newPage()
  complaints.push(collectComplaints(admin))
  await signIn(admin, comptoir.portalUrl, 'admin@comptoir.example')
})
after(async () => {
  await browser?.close()
  await comptoir?.[Symbol.asyncDispose]()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

test('the administrator pages through the 406 orders of the company, each once', { skip }, async () => {
  assert.deepEqual((await listedOrders(admin)).toSorted(), [...orderSubtotals().keys()].toSorted())
})

test('a contact who placed orders is invited as customer representative and sees exactly the orders of the store', {
  skip,
}, async () => {
  buyer = await invite(0, 'Customer representative')
  const expected = store.orders.map((order) => order.number).toSorted()
  assert.deepEqual((await listedOrders(buyer)).toSorted(), expected)

  type Order = { salesorderid: string; msdyn_salesordernumber: string; totalamount: number }
  const { value, '@odata.count': total } = await api<Order>(buyer, 'salesorders?$count=true')
  assert.equal(total, expected.length)
  const subtotals = orderSubtotals()
  for (const order of store.orders) {
    const ours = required(
      value.find((one) => one.msdyn_salesordernumber === order.number),
      order.number,
    )
    assert.equal(ours.totalamount, Number(order.total))
    const lines = await api<{ extendedamount: number }>(
      buyer,
      `salesorderdetails?$top=200&$filter=_salesorderid_value eq ${ours.salesorderid}`,
    )
    assert.equal(lines.value.length, order.lines)
    const sum = lines.value.map((line) => String(line.extendedamount)).reduce((all, one) => add(all, one), '0')
    assert.ok(equal(round(sum, 2), round(subtotals.get(order.number) ?? '', 2)), `${order.number}: ${sum}`)
  }
})

test('an order of another store is not there, by address or by query', { skip }, async () => {
  const foreign = [...orderSubtotals().keys()].find((number) => !store.orders.some((order) => order.number === number))
  const ask = `salesorders?$select=salesorderid&$filter=msdyn_salesordernumber eq '${foreign}'`
  const [found] = (await api<{ salesorderid: string }>(admin, ask)).value
  assert.ok(found)
  assert.deepEqual((await api(buyer, ask)).value, [])
  for (const path of [`/orders/${found.salesorderid}`, `/_api/salesorders(${found.salesorderid})`]) {
    assert.equal(await statusOf(admin, path), 200, path)
    assert.equal(await statusOf(buyer, path), 404, path)
  }
})

test('two lines at the reseller price reach the ERP with the same amounts, and the open page follows the seller', {
  skip,
}, async () => {
  const wanted = [
    // The volume offer for this many ended in 2014: what counts is the reseller price.
    { product: 'HL-U509', quantity: '15' },
    { product: 'BK-M82B-42', quantity: '3' },
  ]
  const { number, id } = await orderAsShown(buyer, 'PO-BIKES-1', wanted)
  await expectInErp({ number, id, wanted, contact: 0 })
  buyersOrder = id

  const seller = await openSeller(number)
  await press(seller, 'Confirm')
  await buyer.locator('#order-status .badge', { hasText: 'Confirmed' }).waitFor()
  await shipPart(seller, '4')
  await buyer.locator('#order-status .badge', { hasText: 'Partly shipped' }).waitFor()
  await buyer.locator('#order-status').getByText('4 of 18 delivered', { exact: true }).waitFor()
  await press(seller, 'Invoice')
  // Goods are still to come, so that is what the badge goes on saying.
  await buyer.locator('#order-status').getByText('4 of 18 invoiced', { exact: true }).waitFor()
  await buyer.locator('#order-status .badge', { hasText: 'Partly shipped' }).waitFor()
  const [invoice] = await erp.read<{ InvoiceNumber: string; TotalInvoiceAmount: number }>(
    `SalesInvoiceHeadersV2?cross-company=true&$filter=SalesOrderNumber eq '${number}'`,
  )
  assert.ok(invoice)
  const shown = buyer.locator('#order-rest section', { hasText: 'Invoices' })
  await shown.getByText(invoice.InvoiceNumber).waitFor()
  assert.equal(moneyIn(await shown.innerText()), round(String(invoice.TotalInvoiceAmount), 2))
  await press(seller, 'Ship all')
  await buyer.locator('#order-status').getByText('18 of 18 delivered', { exact: true }).waitFor()
  await press(seller, 'Invoice')
  await buyer.locator('#order-status .badge', { hasText: /^Invoiced/ }).waitFor()
})

test('a colleague invited as authorized user sees none of these, then the order she places, and the representative sees it too', {
  skip,
}, async () => {
  colleague = await invite(1, 'Authorized user')
  assert.deepEqual(await listedOrders(colleague), [])
  assert.equal((await api(colleague, 'salesorders?$count=true'))['@odata.count'], 0)
  for (const path of [`/orders/${buyersOrder}`, `/_api/salesorders(${buyersOrder})`])
    assert.equal(await statusOf(colleague, path), 404, path)

  const wanted = [{ product: 'WB-H098', quantity: '6' }]
  const { number, id } = await orderAsShown(colleague, 'PO-BIKES-2', wanted)
  await expectInErp({ number, id, wanted, contact: 1 })
  const seller = await openSeller(number)
  await press(seller, 'Confirm')
  await colleague.locator('#order-status .badge', { hasText: 'Confirmed' }).waitFor()
  await press(seller, 'Ship all')
  await colleague.locator('#order-status .badge', { hasText: /^Shipped/ }).waitFor()
  await press(seller, 'Invoice')
  await colleague.locator('#order-status .badge', { hasText: /^Invoiced/ }).waitFor()

  assert.deepEqual(await listedOrders(colleague), [number])
  const all = await listedOrders(buyer)
  assert.equal(all.length, store.orders.length + 2)
  assert.ok(all.includes(number))
})

test('nothing is parked, every map runs, and the browser complained of nothing', { skip }, async () => {
  const maps = JSON.parse(await comptoir.command('maps', 'list', '--json')) as { name: string; state: string; parked: number }[]
  assert.deepEqual(troubledMaps(maps), [])
  assert.deepEqual(complaints.flat(), [])
})

/** Through Studio, the mail and the link. Answers a page on which the contact is signed in. */
async function invite(contact: number, role: string): Promise<Page> {
  const { id, name } = required(store.contacts[contact], 'a contact')
  const email = `contact${id}@adventure-works.example`
  const link = await inviteContact(admin, comptoir.portalUrl, { email, account: store.name, role })
  assert.ok(link.startsWith(`${comptoir.portalUrl}/invitation/`), link)
  const { page } = await redeemInvitation(browser, link, PASSWORD)
  complaints.push(collectComplaints(page))
  await page.getByRole('banner').filter({ hasText: name }).waitFor()
  return page
}

/** Every order number on all pages of the list. */
async function listedOrders(page: Page): Promise<string[]> {
  const numbers: string[] = []
  await page.goto(`${comptoir.portalUrl}/orders?tab=all`)
  for (let pages = 0; pages < 50; pages++) {
    numbers.push(...(await page.locator('#order-list tbody td:first-child').allInnerTexts()))
    const next = page.locator('a[rel=next]')
    if ((await next.count()) === 0) return numbers
    const here = page.url()
    await Promise.all([page.waitForURL((url) => url.href !== here), next.click()])
  }
  throw new Error('the list has no end')
}

type Wanted = { product: string; quantity: string }

/** Orders through the three steps, holding the amounts of the review against the list prices; the order's page stays open. */
async function orderAsShown(page: Page, requisition: string, wanted: readonly Wanted[]): Promise<{ number: string; id: string }> {
  const lines = wanted.map(({ product, quantity }) => ({ search: product, quantity }))
  await fillOrder(page, comptoir.portalUrl, { requisition, date: dayFromNow(21), lines })
  const shown = await page.locator('main tbody td:last-child').allInnerTexts()
  assert.deepEqual(
    shown.map(moneyIn),
    wanted.map((line) => round(resellerAmount(line), 2)),
  )
  await Promise.all([
    page.waitForURL(/\/orders\/[0-9a-f-]{36}/),
    page.click('form[action="/create-order/submissions"] button[type=submit]'),
  ])
  await page.locator('h1', { hasText: /SO-?\d+/ }).waitFor()
  return {
    number: /SO-?\d+/.exec(await page.locator('h1').innerText())?.[0] ?? '',
    id: new URL(page.url()).pathname.split('/').at(-1) ?? '',
  }
}

function resellerAmount({ product, quantity }: Wanted): string {
  const row = readSource('Product').find((one) => one.ProductNumber === product)
  return multiply(multiply(row?.ListPrice ?? '', RESELLER_SHARE), quantity)
}

/** The order as the ERP has it, over OData: lines, quantities, prices and amounts, and the portal's amounts beside them. */
async function expectInErp(order: { number: string; id: string; wanted: readonly Wanted[]; contact: number }): Promise<void> {
  const where = `cross-company=true&$filter=SalesOrderNumber eq '${order.number}'`
  type Header = { ContactPersonId: string; OrderingCustomerAccountNumber: string; OrderTotalAmount: number }
  const headers = await erp.read<Header>(`SalesOrderHeadersV2?${where}`)
  assert.equal(headers.length, 1)
  assert.equal(headers[0]?.OrderingCustomerAccountNumber, store.account)
  assert.equal(headers[0]?.ContactPersonId, `CP${store.contacts[order.contact]?.id}`)

  type Line = { ItemNumber: string; OrderedSalesQuantity: number; LineAmount: number }
  const lines = await erp.read<Line>(`SalesOrderLines?${where}&$orderby=LineCreationSequenceNumber`)
  assert.deepEqual(
    lines.map((line) => [line.ItemNumber, line.OrderedSalesQuantity, round(String(line.LineAmount), 2)]),
    order.wanted.map((line) => [line.product, Number(line.quantity), round(resellerAmount(line), 2)]),
  )
  const ask = `salesorderdetails?$filter=_salesorderid_value eq ${order.id}&$orderby=sequencenumber`
  const ours = (await api<{ extendedamount: number }>(admin, ask)).value
  assert.deepEqual(
    ours.map((line) => line.extendedamount),
    lines.map((line) => line.LineAmount),
  )
}

/** JSON of the portal's API for whoever is signed in on the page. */
async function api<T>(page: Page, path: string): Promise<{ '@odata.count': number; value: T[] }> {
  const response = await page.request.get(`${comptoir.portalUrl}/_api/${path}`)
  assert.equal(response.status(), 200, await response.text())
  return (await response.json()) as { '@odata.count': number; value: T[] }
}

async function statusOf(page: Page, path: string): Promise<number> {
  return (await page.request.get(`${comptoir.portalUrl}${path}`)).status()
}

async function openSeller(number: string): Promise<Page> {
  const seller = await (await browser.newContext()).newPage()
  await openErpOrder(seller, comptoir.erpUrl, 'aw', number)
  return seller
}

/** The last amount of money in a text, as decimal text. */
function moneyIn(text: string): string {
  return round((text.match(/\$[\d,.]+/g)?.at(-1) ?? '').replace(/[$,]/g, ''), 2)
}

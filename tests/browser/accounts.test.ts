import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { setMembership } from '../../src/access/memberships.ts'
import { setRoles } from '../../src/access/roles.ts'
import type { RowId } from '../../src/tables/rows.queries.ts'
import { accessibilityProblems, collectComplaints, launchBrowser, signIn } from '../support/browser.ts'
import { dayFromNow, placeOrder } from '../support/buyer.ts'
import { createShop, rowsOf, type Shop } from '../support/shop.ts'

/** Jane, who orders for her own company Fabrikam and represents Tailspin, in a real browser. */
let shop: Shop
let browser: Browser
let url: string

const FABRIKAM = '/a/US-001'
const TAILSPIN = '/a/US-002'

before(async () => {
  ;[shop, browser] = await Promise.all([createShop(), launchBrowser()])
  await actFor(shop.accounts.tailspin, 'Customer representative')
  url = await shop.server.listen({ port: 0, host: '127.0.0.1' })
})
after(async () => {
  await browser?.close()
  await shop?.[Symbol.asyncDispose]()
})

async function actFor(accountId: RowId, role: string): Promise<void> {
  const by = { contactId: shop.people.jane, accountId, grantedBy: null, now: new Date() }
  await shop.database.transaction(async (tx) => {
    await setMembership(tx, shop.catalog, by)
    await setRoles(tx, shop.releases.current().site.permissions.policy, { ...by, roles: [role] })
  })
}

async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options })
  const page = await context.newPage()
  await signIn(page, url, 'jane@shop.test')
  return { context, page }
}

test('two tabs hold two accounts: each shows its orders, places an order for it, and is told of its own alone', async () => {
  const { context, page: here } = await visit()
  const there = await context.newPage()
  const complaints = [collectComplaints(here), collectComplaints(there)]
  const order = (page: Page, path: string, requisition: string) =>
    placeOrder(page, `${url}${path}`, { requisition, date: dayFromNow(14), lines: [{ search: 'B-100', quantity: '2' }] })
  const [first, second] = [await order(here, FABRIKAM, 'PO-HERE'), await order(there, TAILSPIN, 'PO-THERE')]
  assert.ok(new URL(first).pathname.startsWith(`${FABRIKAM}/orders/`), first)
  assert.ok(new URL(second).pathname.startsWith(`${TAILSPIN}/orders/`), second)
  const stored = await rowsOf(shop, 'salesorder', ['customerid', 'msdyn_customerrequisitionnumber'])
  assert.deepEqual(new Map(stored.map((row) => [row.msdyn_customerrequisitionnumber, row.customerid])), ordersOf(shop))
  assert.equal((await here.goto(second.replace(TAILSPIN, FABRIKAM)))?.status(), 404, 'the other order, under this account')

  await here.goto(`${url}${FABRIKAM}/orders`)
  await there.goto(`${url}${TAILSPIN}/orders`)
  assert.match(await here.locator('#order-list').innerText(), /PO-HERE/)
  assert.doesNotMatch(await here.locator('#order-list').innerText(), /PO-THERE/)
  assert.match(await there.locator('#order-list').innerText(), /PO-THERE/)
  assert.doesNotMatch(await there.locator('#order-list').innerText(), /PO-HERE/)

  let refreshed = 0
  there.on('request', (request) => {
    if (new URL(request.url()).pathname === `${TAILSPIN}/orders`) refreshed++
  })
  const rename = (address: string, requisition: string) =>
    shop.update('salesorder', idOf(address), { msdyn_customerrequisitionnumber: requisition })
  // A tab in the background listens no more, and looks when it is shown: each is looked at in its turn.
  await here.bringToFront()
  await rename(first, 'PO-HERE-2')
  await here.getByText('PO-HERE-2').waitFor()
  await there.bringToFront()
  await rename(second, 'PO-THERE-2')
  await there.getByText('PO-THERE-2').waitFor()
  const before = refreshed
  await rename(first, 'PO-HERE-3')
  await here.bringToFront()
  await here.getByText('PO-HERE-3').waitFor()
  assert.equal(refreshed, before, 'the change of the other account is none of its business')
  assert.deepEqual(
    complaints.flat().filter((one) => !one.includes('404')),
    [],
  )
  await context.close()
})

function ordersOf({ accounts }: Shop): Map<string, RowId> {
  return new Map([
    ['PO-HERE', accounts.fabrikam],
    ['PO-THERE', accounts.tailspin],
  ])
}

function idOf(address: string): RowId {
  return /[0-9a-f-]{36}/.exec(address)?.[0] ?? ''
}

test('the account in use stands wherever an order is placed; a draft stays with the account in which it began', async () => {
  const { context, page } = await visit()
  await page.goto(`${url}${FABRIKAM}/create-order?new=1`)
  await page.getByText('Fabrikam (US-001)').waitFor()
  await page.fill('input[name=requestedReceiptDate]', dayFromNow(14))
  await page.locator('main form button.button-primary').first().click()
  await page.waitForURL(/draft=/)
  const draft = new URL(page.url()).searchParams.get('draft') ?? ''
  assert.match(page.url(), new RegExp(`${FABRIKAM}/create-order`))
  assert.match(await page.locator('header .account-switch summary').innerText(), /Fabrikam/)
  assert.match(await page.locator('main').innerText(), /Fabrikam/)
  await page.goto(`${url}${TAILSPIN}/create-order`)
  await page.getByText('Tailspin (US-002)').waitFor()
  assert.doesNotMatch(await page.content(), new RegExp(draft))
  assert.equal((await page.goto(`${url}${TAILSPIN}/create-order?draft=${draft}&step=items`))?.status(), 404)
  assert.equal((await page.goto(`${url}${FABRIKAM}/create-order?draft=${draft}&step=items`))?.status(), 200)
  await context.close()
})

test('the account is changed by keyboard, and without JavaScript', async () => {
  const { context, page } = await visit()
  await page.goto(`${url}${FABRIKAM}/orders`)
  const menu = page.locator('.account-switch')
  await menu.locator('summary').focus()
  await page.keyboard.press('Enter')
  assert.equal(await menu.evaluate((element) => element.hasAttribute('open')), true)
  assert.equal(await menu.locator('[aria-current=true]').textContent(), 'Fabrikam US-001')
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.keyboard.press('Escape')
  assert.equal(await menu.evaluate((element) => element.hasAttribute('open')), false)
  assert.equal(await page.evaluate('document.activeElement?.tagName'), 'SUMMARY')
  await page.keyboard.press('Space')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await Promise.all([page.waitForURL(`${url}${TAILSPIN}/`), page.keyboard.press('Enter')])
  assert.equal((await page.goto(`${url}/orders`))?.url(), `${url}${TAILSPIN}/orders`, 'a plain address leads to the last one')
  await context.close()

  const plain = await visit({ javaScriptEnabled: false })
  await plain.page.goto(`${url}${TAILSPIN}/orders`)
  await plain.page.locator('.account-switch summary').click()
  await Promise.all([plain.page.waitForURL(`${url}${FABRIKAM}/`), plain.page.getByRole('link', { name: /^Fabrikam/ }).click()])
  await plain.context.close()
})

test('many accounts are searched, on a small screen and in French, and axe finds nothing', async () => {
  const more = await shop.insert(
    'account',
    Array.from({ length: 9 }, (_, i) => ({
      accountnumber: `FR-${i}`,
      name: `Société ${'ABCDEFGHI'[i]}`,
      msdyn_company: shop.companyId,
      statecode: 0,
    })),
  )
  for (const id of more) await actFor(id, 'Authorized user')
  const { context, page } = await visit({ viewport: { width: 360, height: 740 }, locale: 'fr-FR' })
  const complaints = collectComplaints(page)
  await page.goto(`${url}${TAILSPIN}/orders`)
  await page.locator('.account-switch summary').click()
  const items = page.locator('.account-list a:visible')
  assert.equal(await items.count(), 11)
  const box = await page.locator('.account-switch .visitor-menu-panel').boundingBox()
  assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box))
  assert.deepEqual(await accessibilityProblems(page), [])
  assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 360)
  assert.deepEqual(complaints, [])
  await page.fill('#account-search', 'xyz')
  await page.getByText('Aucun de vos comptes').waitFor()
  await page.fill('#account-search', 'SOCIETE d')
  assert.equal(await items.count(), 1)
  await Promise.all([page.waitForURL(`${url}/a/FR-3/`), page.press('#account-search', 'Enter')])
  await context.close()
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { accessibilityProblems, collectComplaints, launchBrowser, signIn } from '../support/browser.ts'
import { dayFromNow, fillOrder, placeOrder } from '../support/buyer.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { openErpOrder, press, shipPart } from '../support/seller.ts'

/** The program as a newcomer has it after `npm start`, in a real browser. */
let comptoir: RunningComptoir
let browser: Browser

before(async () => {
  ;[comptoir, browser] = await Promise.all([startComptoir(), launchBrowser()])
  await comptoir.waitUntilReady()
})
after(async () => {
  await browser?.close()
  await comptoir?.[Symbol.asyncDispose]()
})

async function visit(email?: string): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' })
  const page = await context.newPage()
  const complaints = collectComplaints(page)
  if (email !== undefined) await signIn(page, comptoir.portalUrl, email)
  return { context, page, complaints }
}

/** JSON of the portal's API for whoever is signed in on the page. */
async function api<T>(page: Page, path: string): Promise<{ status: number; body: T }> {
  const response = await page.request.get(`${comptoir.portalUrl}${path}`)
  return { status: response.status(), body: (await response.json()) as T }
}

test('an order placed in the portal gets its ERP number, and each step of the seller shows on the open page', async () => {
  const { context, page, complaints } = await visit('jane@fabrikam.example')
  const url = await placeOrder(page, comptoir.portalUrl, {
    requisition: 'PO-BROWSER-1',
    date: dayFromNow(14),
    lines: [
      { search: 'SG-0001', quantity: '10' },
      { search: 'SG-0003', quantity: '2', unit: 'box' },
    ],
  })
  // Nothing below reloads the buyer's page.
  await page.locator('h1', { hasText: /SO-\d+/ }).waitFor()
  const number = /SO-\d+/.exec(await page.locator('h1').innerText())?.[0] ?? ''
  const seller = await (await browser.newContext()).newPage()
  await openErpOrder(seller, comptoir.erpUrl, 'usmf', number)
  assert.equal(await seller.locator('tbody tr').count(), 2)
  assert.match(await seller.locator('dl').innerText(), /PO-BROWSER-1/)

  await press(seller, 'Confirm')
  await page.locator('main', { hasText: 'Confirmed' }).waitFor()
  await shipPart(seller, '4')
  await page.locator('main', { hasText: /Partly shipped/ }).waitFor()
  await press(seller, 'Ship all')
  await page
    .locator('main .badge', { hasText: /Shipped|Delivered/ })
    .first()
    .waitFor()
  await press(seller, 'Invoice')
  await page.locator('main .badge', { hasText: 'Invoiced' }).first().waitFor()

  const id = new URL(url).pathname.split('/').at(-1)
  type Order = { msdyn_salesordernumber: string; totalamount: number }
  const { body } = await api<Order>(page, `/_api/salesorders(${id})`)
  const erpTotal = (
    await seller
      .locator('dl div', { hasText: /^Total/ })
      .locator('dd')
      .innerText()
  ).replace(/[^\d.]/g, '')
  assert.equal(body.msdyn_salesordernumber, number)
  assert.equal(body.totalamount, Number(erpTotal))
  assert.deepEqual(complaints, [])
  await context.close()
})

test('T2: who sees which orders, on pages, in the API and by direct address', async () => {
  const jane = await visit('jane@fabrikam.example')
  const sam = await visit('sam@fabrikam.example')
  const nora = await visit('nora@fabrikam.example')
  const may = await visit('may@tailspin.example')
  const admin = await visit('admin@comptoir.example')
  const nobody = await visit()
  type Orders = { '@odata.count': number; value: { salesorderid: string }[] }
  const ask = '/_api/salesorders?$count=true&$top=1&$select=salesorderid&$orderby=submitdate desc'
  const [janes, sams, noras, admins] = await Promise.all(
    [jane, sam, nora, admin].map(async ({ page }) => (await api<Orders>(page, ask)).body),
  )
  assert.ok(janes && sams && noras && admins)
  assert.ok(janes['@odata.count'] > 0 && sams['@odata.count'] > 0)
  assert.ok(noras['@odata.count'] >= janes['@odata.count'] + sams['@odata.count'])
  assert.ok(admins['@odata.count'] > noras['@odata.count'])
  assert.equal((await api(may.page, ask)).status, 403, 'no permission of the table is for her')
  assert.equal((await api(nobody.page, ask)).status, 401)

  const samsOrder = sams.value[0]?.salesorderid
  const statusOf = async (page: Page) => (await page.goto(`${comptoir.portalUrl}/orders/${samsOrder}`))?.status()
  assert.equal(await statusOf(sam.page), 200)
  assert.equal(await statusOf(nora.page), 200)
  assert.equal(await statusOf(admin.page), 200)
  assert.equal(await statusOf(jane.page), 404)
  assert.notEqual(await statusOf(may.page), 200)
  await nobody.page.goto(`${comptoir.portalUrl}/orders/${samsOrder}`)
  assert.match(nobody.page.url(), /\/signin/)
  for (const one of [jane, sam, nora, may, admin, nobody]) await one.context.close()
})

test('T10: two presses of Submit make one order', async () => {
  const { context, page } = await visit('sam@fabrikam.example')
  type Orders = { '@odata.count': number }
  const ask = `/_api/salesorders?$count=true&$top=1&$filter=msdyn_customerrequisitionnumber eq 'PO-TWICE'`
  await fillOrder(page, comptoir.portalUrl, {
    requisition: 'PO-TWICE',
    date: dayFromNow(20),
    lines: [{ search: 'SG-0002', quantity: '1' }],
  })
  const submit = 'form[action="/create-order/submissions"] button[type=submit]'
  await Promise.all([page.waitForURL(/\/orders\/[0-9a-f-]{36}/), page.dblclick(submit)])
  await page.locator('h1', { hasText: /SO-\d+/ }).waitFor()
  assert.equal((await api<Orders>(page, ask)).body['@odata.count'], 1)
  await context.close()
})

test('every page reads in French, with dates and money in the French form', async () => {
  const { context, page } = await visit('nora@fabrikam.example')
  await context.addCookies([{ name: 'comptoir_language', value: 'fr', url: comptoir.portalUrl }])
  await page.goto(`${comptoir.portalUrl}/profile`)
  await page.selectOption('select[name*=language]', 'fr')
  await page
    .locator('form', { has: page.locator('select[name*=language]') })
    .locator('button[type=submit]')
    .first()
    .click()
  await page.goto(`${comptoir.portalUrl}/orders`)
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr')
  assert.match(await page.locator('h1').innerText(), /Commandes/)
  assert.match(await page.locator('table').innerText(), /\d,\d{2}\s\$/)
  await context.close()
})

const PAGES: Readonly<Record<string, readonly string[]>> = {
  '': ['/', '/signin', '/terms', '/about'],
  'may@tailspin.example': ['/', '/profile'],
  'jane@fabrikam.example': ['/', '/orders', '/orders?tab=all', '/create-order', '/profile'],
  'nora@fabrikam.example': ['/', '/orders', '/account'],
  'admin@comptoir.example': [
    '/',
    '/orders',
    '/create-order',
    '/studio',
    '/studio/parked',
    '/studio/accounts',
    '/studio/contacts',
  ],
}

for (const width of [1280, 360]) {
  test(`axe finds nothing and the browser complains of nothing, ${width} pixels wide`, async () => {
    for (const [email, paths] of Object.entries(PAGES)) {
      const { context, page, complaints } = await visit(email === '' ? undefined : email)
      await page.setViewportSize({ width, height: 800 })
      for (const path of paths) {
        await page.goto(`${comptoir.portalUrl}${path}`, { waitUntil: 'load' })
        if (path.startsWith('/studio')) await page.locator('h1').first().waitFor()
        assert.deepEqual(await accessibilityProblems(page), [], `${email} ${path}`)
        const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
        assert.equal(overflow, 0, `${email} ${path} scrolls sideways`)
      }
      assert.deepEqual(complaints, [], email)
      await context.close()
    }
  })
}

test('everything that matters can be done without a mouse and without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await signIn(page, comptoir.portalUrl, 'jane@fabrikam.example')
  await page.goto(`${comptoir.portalUrl}/create-order`)
  await page.fill('input[type=date]', dayFromNow(10))
  await page.press('input[name=requisition]', 'Enter')
  await page.waitForURL(/step=items/)
  await page.fill('#field-q', 'SG-0004')
  await page.press('#field-q', 'Enter')
  await page.locator('#products-found form button[type=submit]').first().focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/step=items/)
  await page.locator('button[name=next][value=review]').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/step=review/)
  await page.locator('form[action="/create-order/submissions"] button[type=submit]').focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/orders\/[0-9a-f-]{36}/)
  await context.close()
})

test('tokens made by command open the API at once within their role, and are worthless once revoked', async () => {
  const create = (...args: string[]) => comptoir.command('tokens', 'create', ...args)
  const administrator = await create('--name', 'Reports', '--role', 'Administrator')
  assert.match(administrator, /^comptoir_[\w-]{43}\n$/, 'the token alone')
  const shop = await create('--name', 'Shop', '--role', 'Customer representative', '--account', 'US-001', '--read-only')
  const ask = async (token: string, path: string) => {
    const headers = { authorization: `Bearer ${token.trim()}`, prefer: 'odata.include-annotations="*"' }
    const response = await fetch(`${comptoir.portalUrl}/api/data/v9.2/${path}`, { headers })
    return { status: response.status, body: (await response.json()) as { UserId?: string; '@odata.count'?: number } }
  }
  assert.match((await ask(administrator, 'WhoAmI')).body.UserId ?? '', /^[0-9a-f-]{36}$/)
  const count = async (token: string) => (await ask(token, 'salesorders?$count=true&$top=1')).body['@odata.count'] ?? 0
  const { page, context } = await visit('nora@fabrikam.example')
  const seenByNora = (await api<{ '@odata.count': number }>(page, '/_api/salesorders?$count=true&$top=1')).body['@odata.count']
  assert.equal(await count(shop), seenByNora, 'as the representative of the account')
  assert.ok((await count(administrator)) > seenByNora)
  await context.close()
  const rows = JSON.parse(await comptoir.command('tokens', 'list', '--json')) as { id: string; name: string; scope: string }[]
  assert.deepEqual(rows.map((one) => [one.name, one.scope]).sort(), [
    ['Reports', 'read-write'],
    ['Shop', 'read-only'],
  ])
  await comptoir.command('tokens', 'revoke', rows.find((one) => one.name === 'Shop')?.id ?? '')
  assert.equal((await ask(shop, 'WhoAmI')).status, 401)
  await assert.rejects(create('--name', 'Other', '--role', 'Nobody'), /There is no web role Nobody/)
})

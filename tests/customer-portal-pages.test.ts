import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Browser } from 'playwright-core'
import { html } from '../src/lib/html.ts'
import { type Component, liveRegion } from '../src/portals/component.ts'
import { readSiteFolder } from '../src/portals/site-folder.ts'
import { engineRows } from '../src/tables/predicate.ts'
import { listRows, updateRow } from '../src/tables/rows.queries.ts'
import { accessibilityProblems, collectComplaints, launchBrowser, signIn } from './support/browser.ts'
import { createTestPortal, type TestPortal } from './support/portal.ts'

const FOLDER = join(import.meta.dirname, '../src/customer-portal/site')
const skip = existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium') ? false : 'there is no Chromium on this machine'

/** Shows the names of the accounts that the visitor may read, as an open page. */
const accountNames: Component = async ({ tx, catalog, permissions, visitor }) => {
  const table = catalog.get('account')
  const predicate = permissions.predicate(visitor, 'account', 'read')
  const rows = await listRows(tx, catalog, { table, columns: ['name'], predicate, rowsMax: 10 })
  const ids = rows.map((row) => String(row.accountid))
  return html`<section id="names"${liveRegion('account', ids)}><input aria-label="Note"><p>${rows.map((row) => String(row.name))}</p></section>`
}

const twoOrders: Component = async () => html`<label>Search <input data-search></label>
  <table data-keys-list><tbody><tr><td><a href="/about">SO-1</a></td></tr><tr><td><a href="/terms">SO-2</a></td></tr></tbody></table>`

async function setUp(): Promise<TestPortal & { url: string; accountId: string; browser: Browser }> {
  const nothing: Component = async () => html`<p>…</p>`
  const portal = await createTestPortal({
    files: readSiteFolder(FOLDER),
    components: {
      account: accountNames,
      'home-tiles': nothing,
      'home-orders': nothing,
      'order-list': twoOrders,
      'order-detail': nothing,
      'create-order': nothing,
    },
  })
  const [accountId = ''] = await portal.insert('account', [
    { accountnumber: 'C1', name: 'Fabrikam', msdyn_company: portal.companyId },
  ])
  await portal.addPerson({ email: 'nora@fabrikam.example', firstName: 'Nora', accountId, roles: ['Customer representative'] })
  const url = await portal.server.listen({ port: 0, host: '127.0.0.1' })
  const browser = await launchBrowser()
  const close = portal[Symbol.asyncDispose]
  return Object.assign(portal, {
    url,
    accountId,
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await close()
    },
  })
}

function rename(portal: TestPortal & { accountId: string }, name: string): Promise<boolean> {
  const table = portal.catalog.get('account')
  return portal.database.transaction((tx) => updateRow(tx, table, portal.accountId, { name }, { predicate: engineRows }))
}

test('an open page shows a change by itself, keeps what is being typed, and says so to a screen reader', { skip }, async () => {
  await using portal = await setUp()
  const page = await portal.browser.newPage()
  const complaints = collectComplaints(page)
  await signIn(page, portal.url, 'nora@fabrikam.example')
  await page.goto(`${portal.url}/account`)
  await page.evaluate(() => Object.assign(globalThis, { sameVisit: true }))
  await rename(portal, 'Fabrikam Incorporated')
  await page.getByText('Fabrikam Incorporated').waitFor()
  await page.locator('#announcements', { hasText: 'This page has been updated.' }).waitFor({ state: 'attached' })

  await page.fill('#names input', 'half a sent')
  await rename(portal, 'Fabrikam Limited')
  await page.waitForTimeout(1_500)
  assert.equal(await page.inputValue('#names input'), 'half a sent')
  await page.locator('#names input').blur()
  await page.getByText('Fabrikam Limited').waitFor()
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'sameVisit')), true, 'the page was never loaded anew')
  assert.deepEqual(complaints, [])
})

test('an open page leaves when its session ends', { skip }, async () => {
  await using portal = await setUp()
  const context = await portal.browser.newContext()
  const page = await context.newPage()
  await signIn(page, portal.url, 'nora@fabrikam.example')
  await page.goto(`${portal.url}/account`)
  await page.locator('#names').getByText('Fabrikam').waitFor()
  const elsewhere = await context.newPage()
  await elsewhere.goto(`${portal.url}/about`)
  await elsewhere.click('.visitor-menu summary')
  await elsewhere.click('form[action="/signout"] button')
  await page.bringToFront()
  await rename(portal, 'Fabrikam Secret')
  await page.waitForURL(/\/signin\?return=%2Faccount/)
})

test('axe finds nothing on the general pages, wide or narrow, light or dark, and nothing is wider than the window', {
  skip,
}, async () => {
  await using portal = await setUp()
  const [order = ''] = await portal.insert('salesorder', [
    {
      customerid: portal.accountId,
      customeridtype: 'account',
      msdyn_salesordernumber: '000123',
      msdyn_company: portal.companyId,
    },
  ])
  await portal.insert(
    'invoice',
    Array.from({ length: 30 }, (_, i) => ({
      msdyn_invoicenumber: `INV-${i}`,
      msdyn_invoicedate: '2026-11-01',
      customerid: portal.accountId,
      customeridtype: 'account',
      salesorderid: order,
      msdyn_totalamount: '1234.5',
      msdyn_company: portal.companyId,
    })),
  )
  for (const look of [
    { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
    { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
  ] as const) {
    const context = await portal.browser.newContext(look)
    const page = await context.newPage()
    const visit = async (path: string) => {
      await page.goto(portal.url + path)
      assert.deepEqual(await accessibilityProblems(page), [], path)
      assert.ok(
        await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
        `${path} at ${look.viewport.width}`,
      )
    }
    for (const path of ['/', '/about', '/terms', '/signin', '/password', '/invitation/none', '/nowhere']) await visit(path)
    await signIn(page, portal.url, 'nora@fabrikam.example')
    for (const path of ['/', '/profile', '/invoices', '/invoices?q=nothing']) await visit(path)
    await page.goto(`${portal.url}/profile`)
    await page.fill('input[name=firstname]', '')
    await page.click('#form-profile button')
    await page.locator('.field-error').waitFor()
    assert.deepEqual(await accessibilityProblems(page), [], 'a refused form')
    await context.close()
  }
})

test('the keyboard alone gets in: skip link, sign-in, menu, sign-out', { skip }, async () => {
  await using portal = await setUp()
  const page = await portal.browser.newPage()
  await page.goto(`${portal.url}/signin`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate<string>('document.activeElement.getAttribute("href")'), '#main')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.type('nora@fabrikam.example')
  await page.keyboard.press('Tab')
  await page.keyboard.type('comptoir-demo')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /Nora/ }).waitFor()
  await page.locator('.visitor-menu summary').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Sign out' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Your orders, in plain sight.' }).waitFor()
})

test('on a list, keys search, move and open, until they are turned off on this device', { skip }, async () => {
  await using portal = await setUp()
  const page = await portal.browser.newPage()
  const complaints = collectComplaints(page)
  const focused = () => page.evaluate<string>(`document.activeElement.textContent`)
  await signIn(page, portal.url, 'nora@fabrikam.example')
  await page.goto(`${portal.url}/orders`)
  await page.locator('[data-keys-hint]').waitFor()
  await page.keyboard.press('j')
  assert.equal(await focused(), 'SO-1')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  assert.equal(await focused(), 'SO-2', 'the last row is the last')
  await page.keyboard.press('k')
  assert.equal(await focused(), 'SO-1')
  await page.keyboard.press('/')
  await page.keyboard.type('j/k')
  assert.equal(await page.inputValue('[data-search]'), 'j/k', 'a field takes letters as letters')

  await page.click('[data-keys-switch]')
  await page.reload()
  assert.match(await page.innerText('[data-keys-hint]'), /Turn the keys on/)
  await page.keyboard.press('j')
  assert.doesNotMatch(await focused(), /^SO-1$/)
  await page.click('[data-keys-switch]')
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/terms$/)
  assert.deepEqual(complaints, [])
})

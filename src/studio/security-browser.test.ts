import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio } from './testing/test-studio.ts'

test('every screen of the security workspace stands in a real browser: nothing for axe, nothing wider than the window', async () => {
  await using studio = await createStudio()
  const { accounts, contacts, orders } = studio.people
  const screens = [
    '',
    `/people/${contacts.jane}`,
    '/rules?role=Authorized%20user',
    '/rules?role=Authorized%20user&table=salesorder',
    '/rules?tab=files',
    `/explain?contact=${contacts.nora}&account=${accounts.x}&table=salesorder&row=${orders.jane}`,
    `/preview?roles=Customer%20representative&account=${accounts.x}`,
    '/matrix?role=Authorized%20user',
    '/service-accounts',
    '/releases',
    '/audit',
  ]
  for (const window of [
    { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'en' },
    { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr' },
  ] as const) {
    await using opened = await openStudio(studio, window)
    for (const screen of screens) {
      await opened.page.goto(`${opened.origin}/studio/security${screen}`)
      await opened.page.getByRole('heading', { level: 1 }).waitFor()
      await opened.page.waitForLoadState('networkidle')
      assert.deepEqual(await accessibilityProblems(opened.page), [], `${screen} at ${window.viewport.width}`)
      const overflow = await opened.page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.equal(overflow, 0, `${screen} at ${window.viewport.width}`)
    }
    assert.deepEqual(opened.complaints, [])
  }
})

test('why nora sees an order and may does not, in words of both languages, and who else sees it', async () => {
  await using studio = await createStudio()
  const { accounts, contacts, orders } = studio.people
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en' })
  const { page } = opened
  const row = `table=salesorder&row=${orders.jane}&privilege=read`
  await page.goto(`${opened.origin}/studio/security/explain?contact=${contacts.nora}&account=${accounts.x}&${row}`)
  await page.getByText('“Orders of the account” grants it through Customer representative').waitFor()
  await page.getByRole('row', { name: /Jane Example Fabrikam/ }).waitFor()
  await page.goto(`${opened.origin}/studio/security/explain?contact=${contacts.may}&account=${accounts.y}&${row}`)
  await page.getByText('May not read this salesorder: nothing grants it.').waitFor()
  await page.getByText('FR', { exact: true }).click()
  await page.getByText('Ne peut pas lire cette ligne de salesorder : rien ne l’accorde.').waitFor()

  // The question is asked by picking, too: an address that has the row's id in it leads to table and row.
  await page.goto(`${opened.origin}/studio/security/explain?contact=${contacts.nora}`)
  await page
    .getByRole('combobox', { name: 'Ligne' })
    .or(page.getByRole('textbox', { name: 'Ligne' }))
    .fill(`${opened.origin}/orders/${orders.jane}`)
  await page.waitForURL(/table=salesorder&row=/)
  assert.deepEqual(opened.complaints, [])
})

test('an edit shows whom it gives what while it is made; what anybody would get waits for the table’s name; the draft outlives a reload', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 1000 }, locale: 'en' })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/security/rules?role=Authorized%20user&table=salesorder`)
  await page.getByRole('button', { name: 'Change: Own orders' }).click()
  await page.getByRole('combobox', { name: 'Which rows' }).click()
  await page.getByRole('option', { name: 'own account' }).click()
  await page
    .getByText(/2 people gain .* of salesorder to read/)
    .first()
    .waitFor()
  await page.getByRole('textbox', { name: 'Only where' }).fill('statecode eq')
  await page.getByText(/At character \d+/).waitFor()
  await page.getByRole('textbox', { name: 'Only where' }).fill('')
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Put into the draft' }).click()
  await page.getByText('Draft: 1 file changed').waitFor()
  await page.reload()
  await page.getByText('Draft: 1 file changed').waitFor()

  await page.goto(`${opened.origin}/studio/security/rules?role=Authorized%20user&tab=files`)
  await page.getByRole('combobox', { name: 'File' }).click()
  await page.getByRole('option', { name: 'permissions/product.yaml' }).click()
  const text = page.getByRole('textbox', { name: 'permissions/product.yaml' })
  const grant =
    '  - name: For all\n    accessType: global\n    privileges: [read]\n    roles: [Anonymous Users]\n    columns: [name]\n'
  await text.fill(`${(await text.inputValue()).trimEnd()}\n${grant}`)
  await page.getByText('Anybody would see more, without signing in').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByLabel('What is changed, and why').fill('Colleagues see orders')
  const publish = page.getByRole('button', { name: 'Publish' })
  assert.equal(await publish.isDisabled(), true)
  await page.getByLabel('Type “product” to confirm').fill('products')
  assert.equal(await publish.isDisabled(), true)
  await page.getByLabel('Type “product” to confirm').fill('product')
  await publish.click()
  await page.getByText('No changes: this is what is published (release 2).').waitFor()
  await page.goto(`${opened.origin}/studio/security/releases`)
  await page.getByText('Confirmed for anybody: anonymous:product').waitFor()
  await page.getByRole('link', { name: 'Download permissions/salesorder.yaml' }).waitFor()
  assert.deepEqual(opened.complaints, [])
})

test('a token is made, shown once, and lets a program in', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en' })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/security/service-accounts`)
  await page.getByRole('button', { name: 'New token' }).click()
  await page.getByLabel('Name of the program').fill('Warehouse')
  await page.getByRole('combobox', { name: 'Role', exact: true }).click()
  await page.getByRole('option', { name: 'Customer representative' }).click()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Make the token' }).click()
  const token = (await page.locator('code.token').textContent()) ?? ''
  assert.match(token, /^comptoir_[A-Za-z0-9_-]{43}$/)
  const answer = await fetch(`${opened.origin}/api/data/who`, { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual(await answer.json(), { kind: 'service', fullName: 'Warehouse', roles: ['Customer representative'] })
  await page.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('heading', { name: 'Warehouse' }).waitFor()
  await page.locator('code.token').waitFor({ state: 'detached' })
  assert.ok(!(await page.content()).includes(token))
  assert.deepEqual(opened.complaints, [])
})

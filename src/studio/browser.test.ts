import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { createWorldErp } from '../../tests/support/dual-write-world.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio } from './testing/test-studio.ts'

test('every screen stands in a real browser: no complaint of the policy, nothing for axe, nothing wider than the window', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  const { accounts, contacts } = studio.people
  const screens = [
    '',
    '/dual-write',
    '/dual-write/customers',
    '/parked-changes',
    '/accounts',
    `/accounts/${accounts.x}`,
    '/contacts',
    `/contacts/${contacts.jane}`,
    '/outbox',
    '/nothing-here',
  ]
  for (const window of [
    { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'en' },
    { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr' },
  ] as const) {
    await using opened = await openStudio(studio, window)
    for (const screen of screens) {
      await opened.page.goto(`${opened.origin}/studio${screen}`)
      await opened.page.getByRole('heading', { level: 1 }).waitFor()
      assert.deepEqual(await accessibilityProblems(opened.page), [], `${screen} at ${window.viewport.width}`)
      const overflow = await opened.page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.equal(overflow, 0, `${screen} at ${window.viewport.width}`)
    }
    assert.deepEqual(opened.complaints, [])
  }
})

test('an administrator finds a contact, gives roles and invites, and reads the mail with the link', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  await studio.insert('contact', [
    {
      firstname: 'Ana',
      lastname: 'Ruiz',
      emailaddress1: 'ana@tailspin.example',
      parentcustomerid: studio.people.accounts.y,
      msdyn_company: studio.people.usmf,
    },
  ])
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en' })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/contacts`)
  await page.getByRole('table').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('ruiz')
  await page.waitForURL(/search=ruiz/)
  await page.getByRole('link', { name: 'Ana Ruiz' }).click()
  await page.getByRole('checkbox', { name: 'Customer representative' }).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The roles are saved').waitFor()
  await page.getByRole('button', { name: 'Invite' }).click()
  await page.getByRole('button', { name: 'Send the invitation' }).click()
  await page.getByText('Price list, Currency, Ship-to country').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('link', { name: 'Show the mail' }).click()
  const link = page.getByRole('article').getByRole('link')
  assert.match((await link.getAttribute('href')) ?? '', /^http:\/\/localhost:4000\/invitation\/[\w-]{20,}$/)
  assert.deepEqual(opened.complaints, [])
})

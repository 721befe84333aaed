import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio } from './testing/test-studio.ts'

test('a row is written in the drawer: problems beside the inputs, a lookup by name, history, and a deletion taken back', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en', waitMs: 10_000 })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/data/account`)
  await page.getByRole('grid').waitFor()
  await page.getByRole('button', { name: 'New row' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Account number').fill('N-77')
  await drawer.getByRole('button', { name: 'Save' }).click()
  await drawer.getByText('Company is required').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await drawer.getByLabel('Company').fill('Contoso Ger')
  await page.getByRole('option', { name: /Contoso Germany/ }).click()
  await drawer.getByLabel('Name', { exact: true }).fill('Northwind')
  await page.keyboard.press('Control+s')
  await page.getByText('The row is created').waitFor()
  await drawer.getByLabel('Telephone', { exact: true }).fill('555')
  await drawer.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: 'Discard the changes' }).waitFor()
  await page.getByRole('dialog', { name: 'Unsaved changes' }).getByRole('button', { name: 'Cancel' }).click()
  await drawer.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The row is saved').waitFor()
  await drawer.getByRole('tab', { name: 'History' }).click()
  await drawer.getByText('created the row').waitFor()
  await drawer.getByRole('cell', { name: '555' }).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await drawer.getByRole('tab', { name: 'Values' }).click()
  await drawer.getByRole('button', { name: 'Delete' }).click()
  await page
    .getByRole('dialog', { name: /^Delete/ })
    .getByRole('button', { name: 'Delete' })
    .click()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('1 row is back').waitFor()
  assert.deepEqual(opened.complaints, [])
})

test('what was exported comes back changed: tried first, the line that is wrong is told with its reason', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en', waitMs: 10_000 })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/data/account?columns=accountnumber,name,msdyn_company,telephone1`)
  await page.getByRole('button', { name: 'Export' }).click()
  const downloading = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'CSV' }).last().click()
  const file = readFileSync(await (await downloading).path(), 'utf8')
  const lines = file.trim().split('\r\n')
  const changed = [lines[0], lines[1]?.replace(/[^,]*$/, '555'), `,N-9,Newcomer,usmf,1`, `,N-8,Lost,nowhere,2`].join('\r\n')
  await page.getByRole('tab', { name: 'Import' }).click()
  await page.setInputFiles('input[type=file]', { name: 'accounts.csv', mimeType: 'text/csv', buffer: Buffer.from(changed) })
  await page.getByRole('button', { name: 'Try without writing' }).click()
  await page.getByText('Tried: nothing is written yet').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Import 3 rows' }).click()
  await page.getByText('Imported').waitFor()
  await page.getByText('Line 4: Company: no row is called nowhere').waitFor()
  await page.getByRole('link', { name: 'Download the refused line' }).waitFor()
  await page.getByRole('tab', { name: 'Rows' }).click()
  await page.getByRole('gridcell', { name: 'Newcomer' }).waitFor()
  assert.equal(await page.getByRole('gridcell', { name: '555' }).count(), 1)
  assert.deepEqual(opened.complaints, [])
})

test('a column that is made in Studio is in the grid at once, takes a value, and can be retired', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, { viewport: { width: 1280, height: 900 }, locale: 'en', waitMs: 10_000 })
  const { page } = opened
  await page.goto(`${opened.origin}/studio/data/account?tab=columns`)
  await page.getByRole('button', { name: 'New column' }).click()
  const dialog = page.getByRole('dialog', { name: 'New column' })
  await dialog.getByLabel('Label in English').fill('Loyalty points')
  await dialog.getByLabel('Type').selectOption('integer')
  assert.equal(await dialog.getByLabel('Logical name').inputValue(), 'new_loyaltypoints')
  assert.deepEqual(await accessibilityProblems(page), [])
  await dialog.getByRole('button', { name: 'Show what would change' }).click()
  await page.getByText(/Adds account\.new_loyaltypoints/).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Make the change' }).click()
  await page.getByText('The definitions are changed').waitFor()
  await page.goto(`${opened.origin}/studio/data/account?columns=name,new_loyaltypoints&row=${studio.people.accounts.x}`)
  await page.getByRole('textbox', { name: 'Loyalty points' }).fill('12')
  await page.keyboard.press('Control+s')
  await page.getByText('The row is saved').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await page.getByRole('gridcell', { name: '12' }).waitFor()
  await page.getByRole('tab', { name: 'Columns' }).click()
  await page.getByRole('button', { name: 'Retire Loyalty points' }).click()
  await page.getByRole('button', { name: 'Make the change' }).click()
  await page.getByText('1 value kept').waitFor()
  assert.deepEqual(opened.complaints, [])
})

test('a view keeps what the grid shows; on a small dark screen in French everything has its place', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    locale: 'fr',
    waitMs: 10_000,
  })
  const { page } = opened
  const filter = encodeURIComponent("name eq 'Fabrikam'")
  await page.goto(`${opened.origin}/studio/data/account?filter=${filter}&columns=name,accountnumber`)
  await page.getByRole('button', { name: 'Vues' }).click()
  await page.getByRole('menuitem', { name: 'Enregistrer comme vue' }).click()
  await page.getByRole('dialog').getByRole('textbox').fill('Les nôtres')
  await page.getByRole('dialog').getByRole('button', { name: 'Enregistrer' }).click()
  await page.getByText('Les nôtres est enregistrée').waitFor()
  await page.goto(`${opened.origin}/studio/data/account`)
  await page.getByRole('button', { name: 'Vues' }).click()
  await page.getByRole('menuitem', { name: 'Les nôtres' }).click()
  await page.waitForURL(/filter=/)
  await page.getByRole('row', { name: /Fabrikam/ }).waitFor()
  for (const address of ['', '?tab=columns', '?tab=relations', '?tab=import', `?row=${studio.people.accounts.x}`, '?row=new']) {
    await page.goto(`${opened.origin}/studio/data/account${address}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    if (address.startsWith('?row')) await page.getByRole('dialog').getByLabel('Nom', { exact: true }).waitFor()
    assert.deepEqual(await accessibilityProblems(page), [], address)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, address)
  }
  assert.deepEqual(opened.complaints, [])
})

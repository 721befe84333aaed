import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disarm } from '#dual-write/environment.queries.ts'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { createWorldErp } from '../../tests/support/dual-write-world.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio } from './testing/test-studio.ts'

const CUSTOMER = 'dataAreaId=usmf,CustomerAccount=C1'
const WIDE = { viewport: { width: 1360, height: 1000 }, locale: 'en', waitMs: 20_000 }

test('all maps at a glance, found and sorted; one is paused in part and resumed; another is stopped, tried without writing and run', async () => {
  const erp = createWorldErp()
  await using studio = await createStudio({ erp })
  await studio.dualWrite.whenRunning()
  await using opened = await openStudio(studio, WIDE)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/dual-write`)
  await page
    .getByRole('row', { name: /Customers/ })
    .first()
    .waitFor()
  await page.getByText('Maps running').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Rows linked' }).click()
  await page.waitForURL(/sort=rows/)
  assert.equal(await page.getByRole('columnheader', { name: /Rows linked/ }).getAttribute('aria-sort'), 'descending')
  await page.getByLabel('Search maps, tables, entities').fill('customersv3')
  await page.waitForURL(/search=customersv3/)
  assert.equal(await page.locator('tbody tr').count(), 1)

  await page.getByRole('link', { name: 'Customers', exact: true }).click()
  await page.getByRole('button', { name: 'Pause Customers' }).click()
  await page.getByRole('combobox', { name: 'Legal entity' }).fill('usmf')
  await page.getByRole('dialog').getByRole('heading').click()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Pause this part' }).click()
  await page.getByRole('heading', { name: 'Paused parts' }).waitFor()
  assert.deepEqual(
    (await studio.dualWrite.status()).find((map) => map.name === 'customers')?.scopes.map((scope) => scope.company),
    ['usmf'],
  )
  await page.getByRole('button', { name: 'Resume usmf' }).click()
  await page.getByLabel('Give them up').click()
  await page.getByText('Nothing waits, so nothing is lost').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Give up and resume' }).isDisabled(), true)
  await page.getByLabel('Send them first').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('heading', { name: 'Paused parts' }).waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Stop Customers' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('button', { name: 'Run Customers' }).waitFor()
  erp.change('CustomersV3', CUSTOMER, { OrganizationName: 'Fabrikam of old' })
  await page.getByRole('button', { name: 'Run Customers' }).click()
  await page.getByRole('button', { name: 'Try without writing' }).click()
  await page.getByText('What the initial sync would do').waitFor()
  await page.locator('summary', { hasText: `Change ${CUSTOMER}` }).click()
  await page.getByRole('cell', { name: 'Fabrikam of old' }).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('button', { name: 'Pause Customers' }).waitFor()
  await page.getByRole('tab', { name: 'Initial sync' }).click()
  await page.getByRole('heading', { name: 'What became of each row' }).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('tab', { name: 'Activity' }).click()
  await page.getByText('Stopped').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  assert.deepEqual(opened.complaints, [])
})

test('the picture, the charts and the log of all maps have their place on a small dark screen in French', async () => {
  const erp = createWorldErp()
  await using studio = await createStudio({ erp })
  await studio.dualWrite.whenRunning()
  erp.change('CustomersV3', CUSTOMER, { OrganizationName: 'Fabrikam of old' })
  await using opened = await openStudio(studio, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    locale: 'fr',
    waitMs: 20_000,
  })
  const { page } = opened
  for (const [address, text] of [
    ['dual-write', 'Currencies'],
    ['dual-write?view=picture', 'Données de référence'],
    ['dual-write?view=charts', 'Période'],
    ['dual-write/customers', 'Vue d’ensemble'],
    ['sync/activity', 'Synchronisation initiale terminée'],
  ] as const) {
    await page.goto(`${opened.origin}/studio/${address}`)
    await page.getByText(text).or(page.getByLabel(text)).first().waitFor()
    assert.deepEqual(await accessibilityProblems(page), [], address)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, address)
  }
  assert.deepEqual(opened.complaints, [])
})

test('a copy says that it writes nothing, and is armed only by who types where it would write', async () => {
  const erp = createWorldErp()
  await using studio = await createStudio({ erp })
  await using opened = await openStudio(studio, WIDE)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/dual-write`)
  assert.equal(await page.getByRole('button', { name: 'Arm this installation' }).count(), 0)
  await studio.people.place.database.transaction((tx) => disarm(tx, 'The database was restored.'))
  await page.reload()
  await page.getByText('The database was restored.').waitFor()
  await page.getByRole('button', { name: 'Arm this installation' }).click()
  const dialog = page.getByRole('dialog')
  assert.equal(await dialog.getByRole('button', { name: 'Arm this installation' }).isDisabled(), true)
  await dialog.getByRole('textbox').fill(erp.connector.name)
  assert.deepEqual(await accessibilityProblems(page), [])
  await dialog.getByRole('button', { name: 'Arm this installation' }).click()
  await page.getByText('This installation is armed').waitFor()
  assert.equal((await studio.dualWrite.readEnvironment()).armed, true)
})

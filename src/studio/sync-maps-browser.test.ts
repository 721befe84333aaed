import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { createWorldErp } from '../../tests/support/dual-write-world.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio } from './testing/test-studio.ts'

const WINDOW = { viewport: { width: 1280, height: 900 }, locale: 'en', waitMs: 20_000 }

test('a column of a map gets another direction: the sample follows, the version is saved, told in words, and can be taken back', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  await studio.dualWrite.whenRunning()
  const { version } = await studio.dualWrite.readMap('customers')
  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/dual-write/customers?tab=columns`)
  const phone = page.getByRole('row', { name: /^telephone1 / })
  await phone.getByText('→').last().waitFor()
  await page.getByText('Fabrikam').first().waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])

  await page.getByLabel('Direction of telephone1').selectOption('toPortal')
  await page.getByText(`Changed since version ${version}`).waitFor()
  await page.getByRole('button', { name: 'telephone1', exact: true }).click()
  await page.getByLabel('Transform').selectOption('constant')
  await page.getByLabel('The value').fill('+1 555')
  await phone.getByText('+1 555', { exact: true }).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByLabel('Transform').selectOption('plain')
  await phone.getByText('+1 555', { exact: true }).waitFor({ state: 'detached' })
  // What is wrong is told at its column, with what to do.
  await page.getByLabel('Column of the portal').first().fill('no_such_column')
  await page.getByText('DIPV1025').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('DIPV1025').waitFor({ state: 'detached' })

  await page.getByText('Text', { exact: true }).click()
  await page.getByRole('textbox', { name: 'customers' }).waitFor()
  await page.getByText("dir: '>', column: telephone1").waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await page.getByRole('button', { name: 'Stay here' }).click()
  // A reload loses nothing.
  await page.reload()
  await page.getByText('Your unsaved changes are here again').waitFor()
  await page.getByText("dir: '>', column: telephone1").waitFor()
  await page.getByRole('button', { name: 'Save …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save as a new version' })
  await dialog.getByText('telephone1: direction').waitFor()
  await dialog.getByLabel('What changed, and why').fill('The ERP has the numbers')
  assert.deepEqual(await accessibilityProblems(page), [])
  await dialog.getByRole('button', { name: /^Save / }).click()
  await page.getByText(/^Version .* holds now$/).waitFor()

  await page.getByRole('tab', { name: 'Versions' }).click()
  await page.getByRole('cell', { name: 'The ERP has the numbers' }).waitFor()
  await page.getByRole('listitem').filter({ hasText: 'telephone1: direction' }).waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: `Activate version ${version}` }).click()
  await page.getByRole('dialog').getByText('telephone1: direction').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click()
  await page.getByText(`Version ${version} holds now`).waitFor()
  assert.equal((await studio.dualWrite.readMap('customers')).version, version)
  assert.deepEqual(opened.complaints, [])
})

test('who has not seen what another saved meanwhile is told, and goes on with both known', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  await studio.dualWrite.whenRunning()
  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/dual-write/customers?tab=columns`)
  await page.getByLabel('Direction of fax').selectOption('toPortal')
  const { text, version } = await studio.dualWrite.readMap('customers')
  const theirs = text
    .replace(`version: ${version}`, 'version: 5.0.0')
    .replace("dir: '=', column: websiteurl", "dir: '>', column: websiteurl")
  await studio.dualWrite.saveMap(theirs, 'lee', 'theirs')
  await page.getByRole('button', { name: 'Save …' }).click()
  await page.getByLabel('What changed, and why').fill('mine')
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Save / })
    .click()
  await page.getByText('Version 5.0.0 was saved meanwhile').waitFor()
  await page.getByText('websiteurl: direction').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.getByRole('button', { name: 'Take the saved version' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take the saved version' }).click()
  await page.getByText('Version 5.0.0', { exact: true }).last().waitFor()
  assert.equal(await page.getByLabel('Direction of fax').inputValue(), 'both')
})

test('maps are exported as a file; an import is planned map by map and column by column, and then confirmed', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  await studio.dualWrite.whenRunning()
  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/sync/promotion`)
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: /^Download \d+ maps$/ }).click()
  const file = readFileSync(await (await downloading).path(), 'utf8')
  const { version } = await studio.dualWrite.readMap('customers')
  const changed = changedIn(file, version)
  assert.deepEqual(await accessibilityProblems(page), [])
  await page.setInputFiles('input[type=file]', { name: 'no.json', mimeType: 'application/json', buffer: Buffer.from('no') })
  await page.getByText('This file is no JSON').waitFor()
  await page.setInputFiles('input[type=file]', { name: 'm.json', mimeType: 'application/json', buffer: Buffer.from(changed) })
  const plan = page.getByRole('region', { name: 'What the import would change' })
  await plan.getByText('fax: direction = → >').waitFor()
  assert.deepEqual(await accessibilityProblems(page), [])
  await plan.getByRole('button', { name: 'Import 1 map' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Import 1 map' }).click()
  await page.getByText('1 map is imported').waitFor()
  assert.equal((await studio.dualWrite.readMap('customers')).version, '6.0.0')
  assert.deepEqual(opened.complaints, [])
})

test('a shared list is changed with its maps in sight; a trial run tells what it would do and the run follows', async () => {
  await using studio = await createStudio({ erp: createWorldErp() })
  await studio.dualWrite.whenRunning()
  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/sync/values`)
  await page.getByRole('link', { name: 'hold', exact: true }).click()
  await page.getByRole('button', { name: 'Add a value' }).click()
  await page.keyboard.type('all')
  await page.getByText('Stands in the list twice').waitFor()
  assert.ok(await page.getByRole('button', { name: 'Save …' }).isDisabled())
  assert.deepEqual(await accessibilityProblems(page), [])
  // What is typed survives a reload.
  await page.reload()
  await page.getByLabel('The ERP’s value 7').fill('Sometimes')
  await page.getByLabel('Our value 7').fill('806380002')
  await page.getByText('Goes back as All').waitFor()
  await page.getByRole('button', { name: 'Save …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save the list hold' })
  await dialog.getByText('+ Sometimes = 806380002').waitFor()
  await dialog.getByText(/The rows that are there follow/).waitFor()
  await dialog.getByLabel('What changed, and why').fill('A word of the ERP that is new')
  assert.deepEqual(await accessibilityProblems(page), [])
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The list hold holds now').waitFor()
  await page.getByRole('button', { name: /^Take the file’s list again/ }).waitFor()
  const [saved] = (await studio.dualWrite.listValueLists()).filter((one) => one.saved !== null)
  assert.deepEqual(saved?.pairs.at(-1), { erp: 'Sometimes', portal: 806380002 })

  await studio.dualWrite.stopMap('customers', 'kim')
  await page.goto(`${opened.origin}/studio/dual-write/customers`)
  await page.getByRole('button', { name: 'Run Customers' }).click()
  const run = page.getByRole('dialog', { name: 'Run Customers?' })
  await run.getByRole('button', { name: 'Try without writing' }).click()
  await run.getByText('What the initial sync would do').waitFor()
  await run.getByRole('button', { name: 'Run', exact: true }).click()
  await run.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Pause Customers' }).waitFor()
  assert.deepEqual(opened.complaints, [])
})

test('on a small dark screen in French the editor, the versions and the promotion have their place', async () => {
  await using studio = await createStudio()
  await using opened = await openStudio(studio, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    locale: 'fr',
    waitMs: 20_000,
  })
  const { page } = opened
  for (const screen of [
    '/dual-write/customers?tab=columns',
    '/dual-write/customers?tab=columns&mode=text',
    '/dual-write/customers?tab=versions',
    '/sync/promotion',
    '/sync/values',
    '/sync/values?list=hold',
  ]) {
    await page.goto(`${opened.origin}/studio${screen}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('[aria-busy=true]').waitFor({ state: 'detached' })
    assert.deepEqual(await accessibilityProblems(page), [], screen)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0, screen)
  }
  assert.deepEqual(
    opened.complaints.filter((one) => !one.includes('status of 5')),
    [],
  )
})

/** The export as another installation would have it: one map has a higher version with another direction. */
function changedIn(file: string, version: string): string {
  const bundle = JSON.parse(file) as { maps: { name: string; text: string }[] }
  const maps = bundle.maps.map((one) =>
    one.name === 'customers'
      ? {
          ...one,
          text: one.text
            .replace(`version: ${version}`, 'version: 6.0.0')
            .replace("dir: '=', column: fax", "dir: '>', column: fax"),
        }
      : one,
  )
  return JSON.stringify({ ...bundle, maps })
}

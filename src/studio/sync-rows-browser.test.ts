import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { accessibilityProblems } from '../../tests/support/browser.ts'
import { createWorldErp, until } from '../../tests/support/dual-write-world.ts'
import type { MemoryErp } from '../../tests/support/memory-connector.ts'
import { openStudio } from './testing/open-studio.ts'
import { createStudio, type TestStudio } from './testing/test-studio.ts'
import type { GridPage } from './wire-data.ts'

const WINDOW = { viewport: { width: 1280, height: 900 }, locale: 'en', waitMs: 20_000 }
const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

test('every screen about rows stands in a real browser: nothing for axe, nothing wider than the window', async () => {
  await using studio = await running(createWorldErp())
  const screens = [
    '/parked-changes',
    '/sync/queued',
    '/sync/queued?map=customers&direction=toErp',
    '/sync/differences',
    '/sync/conflicts',
    '/sync/explain',
    `/sync/explain?row=${studio.people.accounts.x}`,
    '/sync/explain?find=Fabrikam',
    '/sync/alerts',
    '/sync/alerts?tab=fired',
    '/sync/alerts?tab=health',
    '/sync/adopt',
    '/sync/adopt?map=customers',
    '/sync/connection',
    '/sync/differences?all=yes',
  ]
  for (const window of [
    { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'en' },
    { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr' },
  ] as const) {
    await using opened = await openStudio(studio, window)
    for (const screen of screens) {
      await opened.page.goto(`${opened.origin}/studio${screen}`)
      await opened.page.getByRole('heading', { level: 1 }).waitFor()
      await opened.page.locator('[aria-busy]').waitFor({ state: 'detached' })
      assert.deepEqual(await accessibilityProblems(opened.page), [], `${screen} at ${window.viewport.width}`)
      const overflow = await opened.page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.equal(overflow, 0, `${screen} at ${window.viewport.width}`)
    }
    assert.deepEqual(opened.complaints, [])
  }
})

test('what waits is reached from its count, told change by change, and one of it is given up with a reason', async () => {
  const erp = createWorldErp()
  await using studio = await running(erp)
  await studio.dualWrite.pauseMap('customers', 'tester')
  const { id } = await edit(studio, 'C1', { telephone1: 'never' })
  await edit(studio, 'C1', { fax: 'kept' })
  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/dual-write`)
  await page.getByRole('link', { name: /2 changes wait to go to the ERP/ }).click()
  await page.waitForURL(/sync\/queued\?map=customers&direction=toErp/)
  await page.getByText('The map is paused; what waits for it travels when it is resumed').waitFor()
  await page.getByText(/Waits behind out:\d+, an earlier change of the row/).waitFor()
  assert.deepEqual(await problemsOf(page), [])
  assert.match(
    (await page
      .getByRole('link', { name: /^Why\? Fabrikam/ })
      .first()
      .getAttribute('href')) ?? '',
    new RegExp(id),
  )
  const file = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as CSV' }).click()
  assert.match(await readFile(await (await file).path(), 'utf8'), /out:\d+,customers,toErp,account,.*telephone1/)

  const first = page.getByRole('row').filter({ hasText: 'telephone1' })
  await first.getByRole('checkbox').focus()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Send 1 now' }).click()
  await page
    .getByRole('alert')
    .getByText(/Fabrikam.*The map is paused/)
    .waitFor()
  await first.getByRole('button', { name: /^Discard the change/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Discard this change?' })
  await dialog.getByRole('textbox', { name: 'Why' }).fill('a mistake')
  assert.deepEqual(await problemsOf(page), [])
  await page.keyboard.press('Tab')
  await dialog.getByRole('button', { name: 'Discard' }).click()
  await first.waitFor({ state: 'detached' })
  const [told] = await studio.dualWrite.listActivity({ map: 'customers', rowsMax: 1 })
  assert.deepEqual([told?.action, told?.details.discardedBecause], ['discarded a queued change', 'a mistake'])
  await studio.dualWrite.resumeMap('customers', 'tester')
  await page.getByText('Nothing waits').waitFor()
  assert.equal(erp.get('CustomersV3', C1)?.PrimaryContactFax, 'kept')
  assert.notEqual(erp.get('CustomersV3', C1)?.PrimaryContactPhone, 'never')
  assert.deepEqual(opened.complaints, [])
})

test('the connection is shown without its secret; another one is tried, refused, kept', async () => {
  await using studio = await running(createWorldErp())
  const nobody = await studio.send('GET', '/studio/api/connection', { cookie: await studio.signIn('nora') })
  assert.equal(nobody.status, 403)
  const { cookie } = await studio.administrator()
  assert.equal((await studio.send('POST', '/studio/api/connection/secrets', { cookie, body: { secret: 'x' } })).status, 403)

  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/sync/connection`)
  await page.getByText('Set, kept encrypted').waitFor()
  await page.getByRole('listitem').filter({ hasText: 'usmf' }).waitFor()
  await page.getByText('It has no hashes of ranges').waitFor()
  await page.getByRole('button', { name: 'Test what is set' }).click()
  await page.getByText('The ERP answers', { exact: true }).waitFor()
  const secret = page.getByLabel('New client secret')
  await secret.fill('wrong')
  await page.getByRole('button', { name: 'Test this one' }).click()
  await page.getByRole('alert').getByText('The ERP does not accept the secret').waitFor()
  assert.deepEqual(await problemsOf(page), [])
  await page.keyboard.press('Tab')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The ERP does not accept the secret').last().waitFor()
  await secret.fill('a better one')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The secret is kept and in use').waitFor()
  assert.equal(await secret.inputValue(), '')
  assert.deepEqual(
    opened.complaints.filter((one) => !one.includes('400')),
    [],
  )
})

test('changes refused for one cause are one cluster; the row is corrected there, goes again, and its way is told', async () => {
  const erp = createWorldErp()
  await using studio = await running(erp)
  erp.faults.onWrite = (write) =>
    write.operation === 'update' && write.fields.PrimaryContactPhone === 'wrong' ? 'reject' : undefined
  const { id } = await edit(studio, 'C1', { telephone1: 'wrong' })
  await until('it is parked', async () => (await studio.dualWrite.clusterParked(null)).length === 1)

  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/parked-changes`)
  await page.getByText('Customer is on hold.').waitFor()
  await page.getByRole('button', { name: 'Show 1' }).click()
  await page.waitForURL(/cluster=/)
  await page.getByRole('button', { name: 'Correct: Fabrikam' }).waitFor()
  assert.deepEqual(await problemsOf(page), [])
  await page.getByRole('button', { name: 'Correct: Fabrikam' }).click()
  const dialog = page.getByRole('dialog', { name: 'Correct and try again' })
  const phone = dialog.locator('input[name=telephone1]')
  assert.equal(await phone.inputValue(), 'wrong')
  assert.deepEqual(await problemsOf(page), [])
  await phone.fill('x'.repeat(60))
  await dialog.getByRole('button', { name: 'Correct and try again' }).click()
  await dialog
    .getByRole('alert')
    .getByText(/telephone/i)
    .waitFor()
  await phone.fill('right')
  await dialog.getByRole('button', { name: 'Correct and try again' }).click()
  await page.getByText('Nothing is parked').waitFor()
  await until('the ERP has it', () => erp.get('CustomersV3', C1)?.PrimaryContactPhone === 'right')

  await page.goto(`${opened.origin}/studio/sync/explain`)
  await page.getByRole('textbox', { name: 'Number, name, id or key' }).fill('C1')
  await page.getByRole('button', { name: 'Find' }).click()
  await page.getByRole('link', { name: /Fabrikam.*C1/ }).click()
  await page.waitForURL(new RegExp(`row=${id}`))
  await page.getByText('Captured', { exact: true }).first().waitFor()
  await page.getByText(/All \d+ columns are the same on both sides/).waitFor()
  await page.getByRole('button', { name: 'Show all columns' }).click()
  await page
    .getByRole('row', { name: /telephone1.*right.*right/ })
    .first()
    .waitFor()
  assert.deepEqual(await problemsOf(page), [])
  assert.deepEqual(
    opened.complaints.filter((one) => !one.includes('400')),
    [],
    'what was refused is all that there is to complain about',
  )
})

test('a difference is found, shown side by side and repaired; a value is discarded with a reason; a rule tells of the next', async () => {
  const erp = createWorldErp()
  await using studio = await running(erp)
  // The ERP changes and tells nobody.
  erp.deliverTo(async () => undefined)
  erp.change('CustomersV3', C1, { OrganizationName: 'Renamed' })
  await until('the notice is lost', () => erp.undelivered() === 0)
  erp.deliverTo((body) => studio.dualWrite.receiveEvent(body))

  await using opened = await openStudio(studio, WINDOW)
  const { page } = opened
  await page.goto(`${opened.origin}/studio/sync/differences?map=customers`)
  await page.getByRole('button', { name: 'Compare now' }).click()
  await page.getByRole('button', { name: /Show the differences of .* usmf/ }).click()
  await page.getByRole('row', { name: /name.*Fabrikam.*Renamed/ }).waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as CSV' }).click()
  const file = await readFile(await (await saved).path(), 'utf8')
  assert.match(
    file,
    /customers,usmf,"dataAreaId=usmf,CustomerAccount=C1",[0-9a-f-]+,columns,name,OrganizationName,Fabrikam,Renamed,/,
  )
  assert.deepEqual(await problemsOf(page), [])
  await page.getByRole('checkbox', { name: `Select ${C1}` }).check()
  await page.getByRole('button', { name: 'Make the portal like the ERP (1)' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make equal' }).click()
  await page.getByText('1 repair is on its way').waitFor()
  await until('the portal has it', async () => (await rowOf(studio, 'C1')).values.name === 'Renamed')

  erp.faults.onWrite = () => 'reject'
  await edit(studio, 'C1', { telephone1: 'wrong' })
  await until('it is parked', async () => (await studio.dualWrite.clusterParked(null)).length === 1)
  const [cluster] = await studio.dualWrite.clusterParked(null)
  await page.goto(`${opened.origin}/studio/parked-changes?cluster=${cluster?.id}`)
  await page.getByRole('button', { name: 'Discard the change: Renamed' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Why' }).fill('The customer called')
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
  await page.getByText('Nothing is parked').waitFor()
  const [logged] = await studio.dualWrite.listActivity({ map: 'customers', rowsMax: 1 })
  assert.equal(logged?.details.discardedBecause, 'The customer called')

  await page.goto(`${opened.origin}/studio/sync/alerts`)
  await page.getByRole('button', { name: 'New rule' }).click()
  const dialog = page.getByRole('dialog', { name: 'New rule' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Something is parked')
  assert.deepEqual(await problemsOf(page), [])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText(/would tell nobody/).waitFor()
  await dialog.getByLabel('Mail to').fill('ops@contoso.example')
  await page.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('row', { name: /Something is parked.*At least 1 parked within 10 min.*ops@contoso\.example/ }).waitFor()
  assert.deepEqual(await problemsOf(page), [])
  const [rule] = await studio.dualWrite.listAlertRules()
  assert.deepEqual([rule?.kind, rule?.action.mail, rule?.enabled], ['parked', ['ops@contoso.example'], true])
})

async function running(erp: MemoryErp): Promise<TestStudio> {
  const studio = await createStudio({ erp })
  await studio.dualWrite.whenRunning()
  await until('both queues are empty', async () =>
    (await studio.dualWrite.status()).every((map) => map.queued.toErp === 0 && map.queued.toPortal === 0),
  )
  return studio
}

async function rowOf(studio: TestStudio, number: string) {
  const admin = await studio.administrator()
  const filter = encodeURIComponent(`accountnumber eq '${number}'`)
  const [row] = (await admin.get<GridPage>(`/tables/account/rows?filter=${filter}`)).rows
  assert.ok(row, `an account ${number}`)
  return row
}

async function edit(studio: TestStudio, number: string, values: Record<string, string>): Promise<{ id: string }> {
  const { id, version } = await rowOf(studio, number)
  await (await studio.administrator()).post(`/tables/account/rows/${id}/changes`, { version, values })
  return { id }
}

/** A dialog that is still fading in has pale letters: what is judged is the page at rest. */
async function problemsOf(page: Page): Promise<string[]> {
  const transitions = 'document.getAnimations().filter((one) => one instanceof CSSTransition)'
  await page.evaluate(`Promise.allSettled(${transitions}.map((one) => one.finished)).then(() => undefined)`)
  return accessibilityProblems(page)
}

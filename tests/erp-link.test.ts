import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, startComptoir } from './support/comptoir.ts'
import { MANUAL_MAPS } from './support/running-maps.ts'
import { startTestErp } from './support/scm.ts'
import { createSmallCompany } from './support/small-company.ts'

test('T1: a start whose ERP does not answer stands, says why at /health and in the terminal, and goes on by itself once it does', async () => {
  const port = await freePort()
  const erpUrl = `http://127.0.0.1:${port}`
  await using comptoir = await startComptoir({
    env: { ERP_URL: erpUrl, ERP_TOKEN_URL: `${erpUrl}/oauth2/token`, ERP_CLIENT_ID: 'test', ERP_CLIENT_SECRET: 'test-secret' },
  })
  const { status, progress } = await waitForHealth(comptoir.portalUrl, /waiting: .*cannot be reached/)
  assert.equal(status, 503)
  assert.match(progress, /0 of \d+ table maps/)
  assert.match(comptoir.output(), /waiting: The ERP cannot be reached now/)
  for (const path of ['/', '/signin', '/about']) assert.equal((await fetch(`${comptoir.portalUrl}${path}`)).status, 200, path)
  // Not the demo: nobody has a known password.
  assert.doesNotMatch(comptoir.output(), /comptoir-demo/)

  await using erp = await startTestErp({ port })
  await createSmallCompany(erp.database)
  await comptoir.waitUntilReady()
  const maps = JSON.parse(await comptoir.command('maps', 'list', '--json')) as { name: string; state: string; rows: number }[]
  // Maps that carry rows another way than those that run wait for a person.
  assert.deepEqual(
    maps
      .filter((map) => map.state !== 'running')
      .map((map) => map.name)
      .sort(),
    MANUAL_MAPS,
  )
  assert.ok(maps.some((map) => map.name === 'customers' && map.rows > 0))
})

test('a data folder that is missing is told, not a flood of it; once it is there it is loaded, and each bad row is named', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'comptoir-data-')), 'company')
  await using comptoir = await startComptoir({ env: { SCM_DATA: folder } })
  await waitForHealth(comptoir.portalUrl, /could not start: The data folder .* cannot be read/)
  mkdirSync(folder)
  writeFileSync(join(folder, 'LegalEntities.csv'), 'LegalEntityId,Name,AccountingCurrencyCode\nusmf,Contoso,USD\n')
  writeFileSync(join(folder, 'Currencies.csv'), 'CurrencyCode,Name\nUSD,US Dollar\n')
  writeFileSync(join(folder, 'CustomerGroups.csv'), 'dataAreaId,CustomerGroupId,Description\nusmf,10,Shops\n')
  const columns = 'dataAreaId,CustomerAccount,OrganizationName,CustomerGroupId,SalesCurrencyCode'
  const customers = [columns, 'usmf,C1,One,10,USD', 'usmf,C2,Two,10,XXX']
  writeFileSync(join(folder, 'CustomersV3.csv'), customers.join('\n'))
  await comptoir.waitUntilReady()
  assert.match(comptoir.output(), /not loaded: CustomersV3\.csv, line 3: .*XXX/)
  assert.equal(comptoir.output().match(/cannot be read/g)?.length, 1)
  // Only people that this company has are named.
  assert.match(comptoir.output(), /admin@comptoir\.example/)
  assert.doesNotMatch(comptoir.output(), /nora@fabrikam\.example/)
  const maps = JSON.parse(await comptoir.command('maps', 'list', '--json')) as { name: string; rows: number }[]
  assert.equal(maps.find((map) => map.name === 'customers')?.rows, 1)
  rmSync(folder, { recursive: true })
})

async function waitForHealth(portalUrl: string, wanted: RegExp): Promise<{ status: number; progress: string }> {
  const deadlineMs = Date.now() + 120_000
  let seen = ''
  while (Date.now() < deadlineMs) {
    const response = await fetch(`${portalUrl}/health`).catch(() => undefined)
    seen = (await response?.text()) ?? ''
    if (response !== undefined && wanted.test(seen)) return { status: response.status, progress: seen }
    await delay(200)
  }
  throw new Error(`/health never said so: ${seen}`)
}

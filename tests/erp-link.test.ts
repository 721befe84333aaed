import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, startComptoir } from './support/comptoir.ts'
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
  assert.deepEqual(
    maps.filter((map) => map.state !== 'running'),
    [],
  )
  assert.ok(maps.some((map) => map.name === 'customers' && map.rows > 0))
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

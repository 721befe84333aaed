import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, signIn } from '../support/browser.ts'
import { dayFromNow, placeOrder } from '../support/buyer.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { type ErpClient, openErp } from '../support/erp-client.ts'
import { troubledMaps } from '../support/running-maps.ts'

/** What a buyer lives through when the other side, or we, fail in the middle. The whole program, killed for real. */
let comptoir: RunningComptoir
let browser: Browser
let erp: ErpClient
let page: Page
let orders = 0

before(async () => {
  ;[comptoir, browser] = await Promise.all([startComptoir(), launchBrowser()])
  await comptoir.waitUntilReady()
  erp = await openErp(comptoir)
  page = await (await browser.newContext()).newPage()
  await signIn(page, comptoir.portalUrl, 'jane@fabrikam.example')
})
after(async () => {
  await browser?.close()
  await comptoir?.[Symbol.asyncDispose]()
})

const FABRIKAM = `CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')`

const FAULTS: Readonly<Record<string, object>> = {
  'is down': { outage: true },
  'hides behind a gateway that answers 502': { outage: 'gateway' },
  'throttles most requests': { throttle: { rate: 0.7, retryAfterSeconds: 1 }, seed: 7 },
  'loses its answers after writing': { loseAnswer: { rate: 0.7, methods: ['POST', 'PATCH'] }, seed: 11 },
  'is slow': { latencyMs: [400, 900], seed: 3 },
}

for (const [fault, plan] of Object.entries(FAULTS)) {
  test(`an order placed while the ERP ${fault} is kept, says so, and is in the ERP once`, async () => {
    await erp.setFaults(plan)
    const requisition = await order()
    assert.match(await page.locator('h1').innerText(), /W-\d+|SO-\d+/)
    await delay(2_500)
    if (fault === 'is down') assert.match(await page.locator('main').innerText(), /Sending|Received/)
    await erp.setFaults({})
    await expectOnce(requisition)
  })
}

test('an order that the ERP refuses says why in its own words, leaves nothing behind, and arrives once after the fix', async () => {
  // The portal does not know yet what the seller has just decided: its map of customers is paused.
  await comptoir.command('maps', 'pause', 'customers')
  await erp.change(FABRIKAM, { OnHoldStatus: 'All' })
  const lines = [
    { search: 'SG-0001', quantity: '1' },
    { search: 'SG-0002', quantity: '2' },
  ]
  await placeOrder(page, comptoir.portalUrl, { requisition: 'PO-REFUSED', date: dayFromNow(12), lines })
  // The open page tells by itself.
  await page.locator('main .notice', { hasText: /hold/i }).waitFor()
  assert.equal(
    await erp.count(`CDSSalesOrderHeaders/$count?cross-company=true&$filter=CustomerRequisitionNumber eq 'PO-REFUSED'`),
    0,
  )
  const parked = JSON.parse(await comptoir.command('parked', 'list', '--json')) as { map: string; reason: string }[]
  assert.ok(
    parked.some((one) => one.map === 'sales-order-headers' && /hold/i.test(one.reason)),
    JSON.stringify(parked),
  )
  await erp.change(FABRIKAM, { OnHoldStatus: 'No' })
  await comptoir.command('maps', 'resume', 'customers')
  await comptoir.command('parked', 'retry')
  await expectOnce('PO-REFUSED')
})

test('kill -9 of the portal right after a submission loses and doubles nothing', async () => {
  await erp.setFaults({ latencyMs: [150, 300], seed: 5 })
  const requisition = await order()
  await comptoir.kill()
  await comptoir.start()
  await comptoir.waitUntilReady()
  erp = await openErp(comptoir)
  await erp.setFaults({})
  await expectOnce(requisition)
})

test('kill -9 of the ERP in the middle of an order: it starts again and the order arrives once', async () => {
  await erp.setFaults({ latencyMs: [100, 200], seed: 6 })
  const requisition = await order()
  killErp()
  await expectOnce(requisition)
})

test('kill -9 of the database server: it starts again and nothing is lost', async () => {
  const requisition = await order()
  const pid = Number(readFileSync(join(comptoir.dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(pid, 'SIGKILL')
  await expectOnce(requisition)
  await page.goto(`${comptoir.portalUrl}/orders`)
  assert.equal(await page.locator('h1').innerText(), 'Orders')
})

test('Ctrl-C stops everything, and started again it is ready with everything kept', async () => {
  const before = await erp.count('CDSSalesOrderHeaders/$count?cross-company=true')
  await comptoir.stop()
  assert.throws(() => execFileSync('pgrep', ['-f', comptoir.dataDir]), 'a process of it still runs')
  await comptoir.start()
  await comptoir.waitUntilReady()
  erp = await openErp(comptoir)
  assert.equal(await erp.count('CDSSalesOrderHeaders/$count?cross-company=true'), before)
  const maps = JSON.parse(await comptoir.command('maps', 'list', '--json')) as { name: string; state: string; parked: number }[]
  assert.deepEqual(troubledMaps(maps), [])
})

/** Places an order of two lines and answers its requisition number. */
async function order(): Promise<string> {
  const requisition = `PO-FAULT-${++orders}`
  const lines = [
    { search: 'SG-0001', quantity: '3' },
    { search: 'SG-0005', quantity: '1', unit: 'box' },
  ]
  await placeOrder(page, comptoir.portalUrl, { requisition, date: dayFromNow(12), lines })
  return requisition
}

/** The open page shows the ERP's number in the end, and the ERP has one order with both lines, not on hold. */
async function expectOnce(requisition: string): Promise<void> {
  const deadlineMs = Date.now() + 90_000
  let found: { SalesOrderNumber: string; IsSalesProcessingStopped: string }[] = []
  while (Date.now() < deadlineMs) {
    found = await erp
      .read<(typeof found)[number]>(
        `CDSSalesOrderHeaders?cross-company=true&$filter=CustomerRequisitionNumber eq '${requisition}'&$select=SalesOrderNumber,IsSalesProcessingStopped`,
      )
      .catch(() => [])
    if (
      found[0]?.IsSalesProcessingStopped === 'No' &&
      (
        await page.reload().then(
          () => page.locator('h1').innerText(),
          () => '',
        )
      ).includes(found[0].SalesOrderNumber)
    )
      break
    await delay(300)
  }
  assert.equal(found.length, 1, `${found.length} orders ${requisition} in the ERP`)
  const number = found[0]?.SalesOrderNumber
  assert.match(await page.locator('h1').innerText(), new RegExp(String(number)))
  assert.equal(await erp.count(`CDSSalesOrderLines/$count?cross-company=true&$filter=SalesOrderNumber eq '${number}'`), 2)
}

/** The ERP's process is the child of the portal's. */
function killErp(): void {
  const children = execFileSync('pgrep', ['-P', String(comptoir.pid()), '-f', 'scm/main.ts'])
    .toString()
    .trim()
    .split('\n')
  for (const pid of children) process.kill(Number(pid), 'SIGKILL')
}

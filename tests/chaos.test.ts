import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { withPortalDatabase } from '../bench/portal-database.ts'
import { type RunningComptoir, startComptoir } from './support/comptoir.ts'
import { type ErpClient, openErp } from './support/erp-client.ts'
import { createSubmitter } from './support/submissions.ts'

/** More rounds: CHAOS_ROUNDS=100 npm test -- chaos. The same kills again: CHAOS_SEED=<printed seed>. */
const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 4)
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
const ORDERS_A_ROUND = 6
const QUIET_MS_MAX = 120_000

test(`orders and the seller's edits survive kill -9 of portal, ERP and database under load: nothing lost, doubled or stuck (seed ${SEED})`, async () => {
  const random = createRandom(SEED)
  await using comptoir = await startComptoir()
  await comptoir.waitUntilReady()
  const submitted: string[] = []
  const edited = new Map<string, string>()
  for (let round = 1; round <= ROUNDS; round++) {
    const erp = await openErp(comptoir)
    const open = await erp.read<{ SalesOrderNumber: string }>(
      `CDSSalesOrderHeaders?cross-company=true&$filter=dataAreaId eq 'usmf' and SalesOrderProcessingStatus eq Microsoft.Dynamics.DataEntities.SalesOrderProcessingStatus'Active'&$top=20&$select=SalesOrderNumber`,
    )
    await withPortalDatabase(comptoir, async (database) => {
      const submit = await createSubmitter(database)
      const work = Array.from({ length: ORDERS_A_ROUND }, async (_, i) => {
        await delay(random() * 400)
        const requisition = `CHAOS-${round}-${i}`
        // Only what was answered counts as submitted: a kill may take the connection first.
        await submit(requisition, 1 + Math.floor(random() * 4)).then(
          () => submitted.push(requisition),
          () => undefined,
        )
        const number = open[Math.floor(random() * open.length)]?.SalesOrderNumber ?? ''
        const email = `chaos-${round}-${i}@fabrikam.example`
        await erp.change(`CDSSalesOrderHeaders(dataAreaId='usmf',SalesOrderNumber='${number}')`, { Email: email }).then(
          () => edited.set(number, email),
          // Without an answer it may or may not have been carried out: the two sides must still agree.
          () => edited.delete(number),
        )
      })
      const victim = ['portal', 'erp', 'database'][Math.floor(random() * 3)] ?? 'portal'
      await delay(random() * 600)
      await kill(comptoir, victim)
      await Promise.all(work)
    })
    await comptoir.waitUntilReady()
    await untilErpAnswers(comptoir)
  }
  await untilQuiet(comptoir)
  await compare(comptoir, await openErp(comptoir), submitted, edited)
})

async function kill(comptoir: RunningComptoir, victim: string): Promise<void> {
  if (victim === 'portal') {
    await comptoir.kill()
    await comptoir.start()
  } else if (victim === 'erp') {
    const [pid] = execFileSync('pgrep', ['-P', String(comptoir.pid()), '-f', 'scm/main.ts'])
      .toString()
      .split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await delay(500)
  } else {
    process.kill(
      Number(readFileSync(join(comptoir.dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
      'SIGKILL',
    )
    await delay(500)
  }
}

async function untilErpAnswers(comptoir: RunningComptoir): Promise<void> {
  const deadlineMs = Date.now() + QUIET_MS_MAX
  while (Date.now() < deadlineMs) {
    const count = await openErp(comptoir)
      .then((erp) => erp.count('CDSSalesOrderHeaders/$count?cross-company=true'))
      .catch(() => 0)
    if (count > 0) return
    await delay(200)
  }
  throw new Error('the ERP did not come back')
}

async function untilQuiet(comptoir: RunningComptoir): Promise<void> {
  const deadlineMs = Date.now() + QUIET_MS_MAX
  let maps: { name: string; queued: number; parked: number }[] = []
  let quietTimes = 0
  while (Date.now() < deadlineMs && quietTimes < 5) {
    await delay(500)
    maps = JSON.parse(await comptoir.command('maps', 'list', '--json').catch(() => '[]'))
    quietTimes = maps.length > 0 && maps.every((map) => map.queued === 0) ? quietTimes + 1 : 0
  }
  assert.deepEqual(
    maps.filter((map) => map.queued > 0 || map.parked > 0),
    [],
    'something is stuck',
  )
}

async function compare(
  comptoir: RunningComptoir,
  erp: ErpClient,
  submitted: readonly string[],
  edited: ReadonlyMap<string, string>,
): Promise<void> {
  const theirs = await erp.read<{
    SalesOrderNumber: string
    CustomerRequisitionNumber: string
    Email: string
    IsSalesProcessingStopped: string
  }>(
    `CDSSalesOrderHeaders?cross-company=true&$filter=CustomerRequisitionNumber eq 'CHAOS-*'&$select=SalesOrderNumber,CustomerRequisitionNumber,IsSalesProcessingStopped`,
  )
  assert.deepEqual(
    theirs.map((one) => one.CustomerRequisitionNumber).sort(),
    [...new Set(theirs.map((one) => one.CustomerRequisitionNumber))].sort(),
    'an order is there twice',
  )
  for (const requisition of submitted)
    assert.ok(
      theirs.some((one) => one.CustomerRequisitionNumber === requisition),
      `${requisition} is lost`,
    )
  assert.deepEqual(
    theirs.filter((one) => one.IsSalesProcessingStopped === 'Yes'),
    [],
    'an order is still on hold',
  )
  await withPortalDatabase(comptoir, async (database) => {
    const ours = await database.read(
      (tx) => tx<{ number: string; requisition: string; lines: number }>`
        select o.msdyn_salesordernumber as number, o.msdyn_customerrequisitionnumber as requisition, (select count(*)::int from tables.salesorderdetail l where l.salesorderid = o.salesorderid) as lines
          from tables.salesorder o where o.msdyn_customerrequisitionnumber like 'CHAOS-%'`,
    )
    assert.deepEqual(
      ours.map((one) => `${one.number} ${one.requisition}`).sort(),
      theirs.map((one) => `${one.SalesOrderNumber} ${one.CustomerRequisitionNumber}`).sort(),
    )
    for (const one of ours)
      assert.equal(
        await erp.count(`CDSSalesOrderLines/$count?cross-company=true&$filter=SalesOrderNumber eq '${one.number}'`),
        one.lines,
        `lines of ${one.requisition}`,
      )
    const emails = await database.read(
      (tx) =>
        tx<{
          number: string
          email: string
        }>`select msdyn_salesordernumber as number, emailaddress as email from tables.salesorder where msdyn_salesordernumber = any(${[...edited.keys()]}::text[])`,
    )
    assert.deepEqual(Object.fromEntries(emails.map((one) => [one.number, one.email])), Object.fromEntries(edited))
  })
}

/** Mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

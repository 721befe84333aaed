import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { withPortalDatabase } from '../../bench/portal-database.ts'
import { createDice, createRandom, type Dice } from '../simulation/random.ts'
import { type RunningComptoir, startComptoir } from '../support/comptoir.ts'
import { type ErpClient, openErp } from '../support/erp-client.ts'
import { createSubmitter } from '../support/submissions.ts'
import { compareSides } from './compare-sides.ts'
import { kill, VICTIMS } from './kill.ts'

export type Survival = { kills: Record<string, number>; submitted: number; edited: number; rowsCompared: number; seconds: number }

const KILLS_A_ROUND = 4
const ORDERS_A_ROUND = 6
const EDITS_A_ROUND = 6
const QUIET_MS_MAX = 240_000
const STARTS_MAX = 4
const OPEN_ORDERS =
  "CDSSalesOrderHeaders?cross-company=true&$filter=dataAreaId eq 'usmf' and SalesOrderProcessingStatus eq Microsoft.Dynamics.DataEntities.SalesOrderProcessingStatus'Active'&$top=200&$select=SalesOrderNumber"

/**
 * The whole program on the demo company: kill -9 at random moments of the first copy, then under load while changes flow. Afterwards every
 * order that was answered is in the ERP once, whole and released; the seller's last edits stand; both sides are equal row by row, and the
 * engine's own comparison says the same.
 */
export async function survive(options: {
  kills: number
  copyKills: number
  seed: number
  say?: (line: string) => void
}): Promise<Survival> {
  const startedMs = performance.now()
  const dice = createDice(createRandom(options.seed))
  const say = options.say ?? (() => undefined)
  const kills: Record<string, number> = {}
  const strike = async (comptoir: RunningComptoir) => {
    const victim = dice.pick(VICTIMS)
    kills[victim] = (kills[victim] ?? 0) + 1
    await kill(comptoir, victim, dice)
  }
  await using comptoir = await startComptoir()
  for (let count = 0; count < options.copyKills; count++) {
    await delay(dice.around(2_500))
    await strike(comptoir)
  }
  await untilReady(comptoir)
  say(`${options.copyKills} kills during the start and the first copy; the portal is ready`)
  const done: Done = { submitted: [], edited: new Map() }
  for (let left = options.kills - options.copyKills, round = 1; left > 0; left -= KILLS_A_ROUND, round++) {
    await runRound(comptoir, dice, done, { round, kills: Math.min(left, KILLS_A_ROUND), strike })
    say(
      `round ${round}: ${Object.values(kills).reduce((sum, one) => sum + one, 0)} kills, ${done.submitted.length} orders answered`,
    )
  }
  await untilQuiet(comptoir)
  await judgeOrders(comptoir, done)
  const rowsCompared = await compareSides(comptoir)
  const { equal } = JSON.parse(await comptoir.command('maps', 'compare', '--json')) as { equal: boolean }
  assert.equal(equal, true, 'the engine itself sees differences')
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  return { kills, submitted: done.submitted.length, edited: done.edited.size, rowsCompared, seconds }
}

/** What must stand in the end. */
type Done = { submitted: string[]; edited: Map<string, string> }

/** Orders from the portal and edits in the ERP, and kills among them. */
async function runRound(
  comptoir: RunningComptoir,
  dice: Dice,
  done: Done,
  { round, kills, strike }: { round: number; kills: number; strike: (comptoir: RunningComptoir) => Promise<void> },
): Promise<void> {
  const erp = await openErp(comptoir)
  const open = await erp.read<{ SalesOrderNumber: string }>(OPEN_ORDERS)
  const submitting = submitOrders(comptoir, dice, done, round)
  const editing = editOrders(erp, dice, open, done, round)
  for (let count = 0; count < kills; count++) {
    await delay(dice.around(700))
    await strike(comptoir)
  }
  await untilReady(comptoir)
  await Promise.all([submitting, editing])
  await untilReady(comptoir)
  await untilErpAnswers(comptoir)
}

/**
 * Each order is submitted once: without an answer it may be there or not, and only what was answered must be. A kill before it was sent,
 * when the database could not even be asked, only makes it later.
 */
async function submitOrders(comptoir: RunningComptoir, dice: Dice, done: Done, round: number): Promise<void> {
  const orders = Array.from({ length: ORDERS_A_ROUND }, (_, index) => ({
    requisition: `CHAOS-${round}-${index}`,
    linesCount: 1 + dice.upTo(4),
    afterMs: dice.around(1_500),
  }))
  await Promise.all(
    orders.map(async ({ requisition, linesCount, afterMs }) => {
      await delay(afterMs)
      for (const deadlineMs = Date.now() + QUIET_MS_MAX; Date.now() < deadlineMs; await delay(200)) {
        let sent = false
        try {
          return await withPortalDatabase(comptoir, async (database) => {
            const submit = await createSubmitter(database)
            sent = true
            await submit(requisition, linesCount)
            done.submitted.push(requisition)
          })
        } catch {
          if (sent) return
        }
      }
    }),
  )
}

/** A start that loses its database says so and ends; then it is started again, as a supervisor does. */
async function untilReady(comptoir: RunningComptoir): Promise<void> {
  for (let starts = 1; ; starts++) {
    try {
      return await comptoir.waitUntilReady()
    } catch (error) {
      if (starts === STARTS_MAX) throw error
      await comptoir.kill()
      await comptoir.start()
    }
  }
}

/** One after the other: an edit without an answer may arrive later than one that was answered, and then nobody knows which is the last. */
async function editOrders(
  erp: ErpClient,
  dice: Dice,
  open: readonly { SalesOrderNumber: string }[],
  done: Done,
  round: number,
): Promise<void> {
  for (let index = 0; index < EDITS_A_ROUND && open.length > 0; index++) {
    await delay(dice.around(400))
    const number = dice.pick(open).SalesOrderNumber
    const email = `chaos-${round}-${index}@fabrikam.example`
    await erp.change(`CDSSalesOrderHeaders(dataAreaId='usmf',SalesOrderNumber='${number}')`, { Email: email }).then(
      () => done.edited.set(number, email),
      // Without an answer it may or may not have been carried out: the two sides must still agree.
      () => done.edited.delete(number),
    )
  }
}

async function untilErpAnswers(comptoir: RunningComptoir): Promise<void> {
  for (const deadlineMs = Date.now() + QUIET_MS_MAX; Date.now() < deadlineMs; await delay(200)) {
    const count = await openErp(comptoir)
      .then((erp) => erp.count('CDSSalesOrderHeaders/$count?cross-company=true'))
      .catch(() => 0)
    if (count > 0) return
  }
  throw new Error('the ERP did not come back')
}

async function untilQuiet(comptoir: RunningComptoir): Promise<void> {
  let maps: { name: string; queued: number; parked: number }[] = []
  let quietTimes = 0
  for (const deadlineMs = Date.now() + QUIET_MS_MAX; Date.now() < deadlineMs && quietTimes < 5; await delay(500)) {
    maps = JSON.parse(await comptoir.command('maps', 'list', '--json').catch(() => '[]'))
    quietTimes = maps.length > 0 && maps.every((map) => map.queued === 0) ? quietTimes + 1 : 0
  }
  const stuck = maps.filter((map) => map.queued > 0 || map.parked > 0)
  if (stuck.length > 0) throw new Error(`Something is stuck:\n${await describeStuck(comptoir, stuck)}`)
}

async function describeStuck(comptoir: RunningComptoir, maps: readonly { name: string }[]): Promise<string> {
  const parked = await Promise.all(maps.map(({ name }) => comptoir.command('parked', 'list', '--map', name)))
  return [JSON.stringify(maps), ...parked].join('\n')
}

/** Every order that was answered is in the ERP once and released, and the last edits stand. */
async function judgeOrders(comptoir: RunningComptoir, done: Done): Promise<void> {
  const erp = await openErp(comptoir)
  const orders = await erp.readAll<{
    SalesOrderNumber: string
    CustomerRequisitionNumber: string
    Email: string
    IsSalesProcessingStopped: string
  }>('CDSSalesOrderHeaders?cross-company=true&$select=SalesOrderNumber,CustomerRequisitionNumber,Email,IsSalesProcessingStopped')
  const ours = orders.filter((one) => one.CustomerRequisitionNumber.startsWith('CHAOS-'))
  const names = ours.map((one) => one.CustomerRequisitionNumber)
  assert.equal(new Set(names).size, names.length, 'an order is there twice')
  assert.deepEqual(
    done.submitted.filter((name) => !names.includes(name)),
    [],
    'orders are lost',
  )
  const held = ours.find((one) => one.IsSalesProcessingStopped === 'Yes')
  if (held !== undefined) {
    const key = `dataAreaId=usmf,SalesOrderNumber=${held.SalesOrderNumber}`
    const story = await comptoir.command('maps', 'explain', '--map', 'sales-order-headers', key)
    throw new Error(`Still on hold: ${JSON.stringify(held)}\n${story}`)
  }
  const emails = new Map(orders.map((one) => [one.SalesOrderNumber, one.Email]))
  for (const [number, email] of done.edited) assert.equal(emails.get(number), email, `the last edit of ${number}`)
}

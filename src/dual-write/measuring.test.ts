import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { systemClock } from '#log/system-clock.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { quiet, setUp, until } from '../../tests/support/dual-write-world.ts'
import type { Core } from './core.ts'
import { probe } from './heartbeat.ts'
import { createMeasuring } from './measuring.ts'
import { createMeter } from './meter.ts'
import { percentileMs, spanOf } from './series/spans.ts'
import { condenseSeries, listRates, listSeries } from './series.queries.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

test('a percentile of the spans is within a fifth of the exact one', () => {
  const durations = Array.from({ length: 5_000 }, (_, i) => 3 + ((i * 7_919) % 4_001))
  const spans: number[] = []
  for (const ms of durations) spans[spanOf(ms)] = (spans[spanOf(ms)] ?? 0) + 1
  const filled = Array.from(spans, (count) => count ?? 0)
  const sorted = durations.toSorted((a, b) => a - b)
  for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    const told = percentileMs(filled, share) ?? 0
    assert.ok(Math.abs(told - exact) <= exact * 0.2 + 1, `p${share}: ${told} for ${exact}`)
  }
  assert.equal(percentileMs([], 0.5), null)
  assert.equal(spanOf(0), 0)
  assert.equal(spanOf(10 ** 12), 95, 'whatever took longer than a night is one span')
})

test('what several processes note adds up, by minute, map and direction', async () => {
  await using world = await measured()
  const [a, b] = [world.meter(), world.meter()]
  a.note('customers', 'toErp', world.ago([10, 20, 100]))
  b.note('customers', 'toErp', world.ago([400]))
  b.note('contacts', 'toErp', world.ago([50_000]))
  b.note('customers', 'toPortal', world.ago([7]))
  await a.flush()
  await b.flush()
  await b.flush()
  world.tick(MINUTE_MS)
  a.note('customers', 'toErp', world.ago([30]))
  await a.flush()
  const points = await world.measuring.readSeries({
    map: 'customers',
    since: new Date(world.nowMs() - 5 * MINUTE_MS).toISOString(),
  })
  assert.deepEqual(
    points.map((one) => [one.map, one.direction, one.settled]),
    [
      ['customers', 'toErp', 4],
      ['customers', 'toPortal', 1],
      ['customers', 'toErp', 1],
    ],
  )
  const all = await world.measuring.readSeries({ since: new Date(world.nowMs() - 5 * MINUTE_MS).toISOString() })
  assert.deepEqual(
    all.map((one) => [one.map, one.direction, one.settled]),
    [
      [null, 'toErp', 5],
      [null, 'toPortal', 1],
      [null, 'toErp', 1],
    ],
  )
  const { toErp, toPortal } = await world.measuring.readLatency(10)
  assert.equal(toErp.count, 6)
  assert.ok((toErp.p50Ms ?? 0) > 20 && (toErp.p50Ms ?? 0) < 45, `${toErp.p50Ms}`)
  assert.ok((toErp.p99Ms ?? 0) > 40_000 && (toErp.p99Ms ?? 0) < 62_000, `${toErp.p99Ms}`)
  assert.equal(toPortal.count, 1)
  await assert.rejects(world.measuring.readLatency(0), /minutes must be/)
  await assert.rejects(world.measuring.readSeries({ since: 'yesterday' }), /since must be/)
})

test('the rate of the last minute slides over the minutes', async () => {
  await using world = await measured()
  const meter = world.meter()
  meter.note('customers', 'toErp', world.ago(Array.from({ length: 60 }, () => 1)))
  await meter.flush()
  const rate = async () => (await world.database.read((tx) => listRates(tx, world.nowMs())))[0]?.perMinute ?? 0
  assert.equal(await rate(), 60)
  world.tick(90_000)
  assert.equal(await rate(), 30)
  world.tick(MINUTE_MS)
  assert.equal(await rate(), 0)
})

test('minutes become hours after a month, with the same sums, and hours go after a year', async () => {
  await using world = await measured()
  const meter = world.meter()
  for (let i = 0; i < 3; i++) {
    meter.note('customers', 'toErp', world.ago([10, 1_000]))
    await meter.flush()
    world.tick(10 * MINUTE_MS)
  }
  const until = (days: number) => ({ minutesUntilMs: world.nowMs() + days * DAY_MS, hoursUntilMs: world.nowMs() - 400 * DAY_MS })
  const series = () =>
    world.database.read((tx) => listSeries(tx, { map: 'customers', sinceMs: world.nowMs() - 2 * DAY_MS, rowsMax: 10 }))
  assert.equal((await series()).length, 3)
  for (let i = 0; i < 2; i++) await world.database.transaction((tx) => condenseSeries(tx, until(2)))
  const [hour, ...others] = await series()
  assert.deepEqual(others, [])
  assert.equal(hour?.settled, 6)
  assert.equal(hour?.spans[spanOf(10)], 3)
  assert.equal(hour?.spans[spanOf(1_000)], 3)
  await world.database.transaction((tx) => condenseSeries(tx, { minutesUntilMs: 0, hoursUntilMs: world.nowMs() + DAY_MS }))
  assert.deepEqual(await series(), [])
})

test('changes in both directions are measured from their beginning to their end, and every process knows the rate', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', account.accountid, { telephone1: '+1 555' })
  await quiet(world)
  // Told of, read, and found as it was: nobody waited for that, nor for the echo of our own write.
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C1', {})
  await quiet(world)
  world.erp.change('CustomersV3', 'dataAreaId=usmf,CustomerAccount=C2', { OrganizationName: 'Tailspin Toys' })
  await quiet(world)
  await until('the figures are written', async () => {
    const { toErp, toPortal } = await world.engine.readLatency(5)
    return toErp.count >= 1 && toPortal.count >= 1
  })
  assert.equal((await world.engine.readLatency(5)).toPortal.count, 1)
  const status = (await world.engine.status()).find((map) => map.name === 'customers')
  assert.ok((status?.perMinute.toErp ?? 0) >= 1 && (status?.perMinute.toPortal ?? 0) >= 1)
})

test('the beat says when the way was last open: an ERP that is away leaves the last time as it was', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const core = {
    database: world.database,
    clock: systemClock,
    connector: world.erp.connector,
    maps: world.engine.maps(),
  } as unknown as Core
  const beats = async () => {
    const { toErp, toPortal } = await world.engine.readLatency(1)
    return [toErp.lastBeatAt, toPortal.lastBeatAt]
  }
  assert.deepEqual(await beats(), [null, null])
  await probe(core, new AbortController().signal)
  const first = await beats()
  assert.ok(first.every((at) => at !== null && Date.now() - Date.parse(at) < 60_000))
  world.erp.faults.outage = true
  await assert.rejects(probe(core, new AbortController().signal))
  assert.deepEqual(await beats(), first)
})

/** A clock that stands still at the beginning of an hour until it is told to go on. */
async function measured() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(import.meta.dirname, '..', module, 'migrations') })),
  )
  let nowMs = Date.parse('2026-11-23T10:00:00Z')
  const clock = { nowMs: () => nowMs, sleep: async () => undefined, random: () => 0.5 }
  const core = { database, clock, maps: [{ name: 'customers' }, { name: 'contacts' }] } as unknown as Core
  return {
    database,
    measuring: createMeasuring(core),
    meter: () => createMeter(clock, database),
    nowMs: () => nowMs,
    tick: (ms: number) => {
      nowMs += ms
    },
    ago: (durations: readonly number[]) => durations.map((ms) => new Date(nowMs - ms).toISOString()),
    [Symbol.asyncDispose]: rest[Symbol.asyncDispose],
  }
}

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Clock } from '#lib/clock.ts'
import { type Admission, createPace } from './pace.ts'

const SIGNAL = new AbortController().signal

test('no more requests at once than places; who waits comes in order; an aborted one leaves the queue', async () => {
  const pace = createPace({ concurrencyMax: 2, clock: fakeClock() })
  const [one, two] = [await go(pace.enter(0, SIGNAL)), await go(pace.enter(0, SIGNAL))]
  const order: string[] = []
  const stop = new AbortController()
  const aborted = pace.enter(0, stop.signal)
  const third = pace.enter(0, SIGNAL).then(() => order.push('third'))
  const fourth = pace.enter(0, SIGNAL).then(() => order.push('fourth'))
  stop.abort(new Error('stopped'))
  await assert.rejects(aborted, /stopped/)
  await tick()
  assert.deepEqual(order, [])
  one.leave('good')
  one.leave('good')
  await tick()
  assert.deepEqual(order, ['third'])
  two.leave('good')
  await Promise.all([third, fourth])
  assert.deepEqual(order, ['third', 'fourth'])
})

test('an overloaded ERP halves the places, once for what was under way together; good answers bring them back one by one', async () => {
  const clock = fakeClock()
  const pace = createPace({ concurrencyMax: 8, clock })
  const together = await Promise.all(Array.from({ length: 4 }, () => go(pace.enter(0, SIGNAL))))
  for (const one of together) one.leave('slow')
  assert.equal(pace.limit(), 4)
  const limits: number[] = []
  for (let n = 0; n < 200; n++) {
    const one = await go(pace.enter(0, SIGNAL))
    one.leave('good')
    if (limits.at(-1) !== pace.limit()) limits.push(pace.limit())
  }
  assert.deepEqual(limits, [4, 5, 6, 7, 8])
  for (let n = 0; n < 10; n++) {
    clock.advance(5_000)
    const one = await go(pace.enter(0, SIGNAL))
    one.leave('slow')
  }
  assert.equal(pace.limit(), 1)
})

test('a pause holds for everybody: the patient wait it out, the others learn how long it is', async () => {
  const clock = fakeClock()
  const pace = createPace({ concurrencyMax: 2, clock })
  pace.pause(7_000)
  pace.pause(3_000)
  assert.deepEqual(await pace.enter(6_999, SIGNAL), { kind: 'wait', afterMs: 7_000 })
  const before = clock.nowMs()
  await go(pace.enter(7_000, SIGNAL))
  assert.equal(clock.nowMs() - before, 7_000)
})

test('an ERP that is away is asked by one request at a time, after longer and longer waits; its first answer lets all go', async () => {
  const clock = fakeClock()
  const pace = createPace({ concurrencyMax: 8, clock })
  const together = await Promise.all(Array.from({ length: 8 }, () => go(pace.enter(0, SIGNAL))))
  for (const one of together) one.leave('unreached')
  const waits: number[] = []
  for (let n = 0; n < 6; n++) {
    const refused = await pace.enter(0, SIGNAL)
    assert(refused.kind === 'wait')
    waits.push(refused.afterMs)
    clock.advance(refused.afterMs)
    const probe = await go(pace.enter(0, SIGNAL))
    assert.equal(pace.limit(), 1)
    if (n < 5) probe.leave('unreached')
    else {
      const behind = Array.from({ length: 3 }, () => go(pace.enter(0, SIGNAL)))
      await tick()
      probe.leave('good')
      await Promise.all(behind)
      assert.equal(pace.limit(), 8)
    }
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
})

test('the queue has an end: whoever finds it full is told to come again', async () => {
  const pace = createPace({ concurrencyMax: 1, clock: fakeClock(), queueMax: 2 })
  const first = await go(pace.enter(0, SIGNAL))
  const waiting = [pace.enter(0, SIGNAL), pace.enter(0, SIGNAL)]
  assert.equal((await pace.enter(0, SIGNAL)).kind, 'wait')
  first.leave('good')
  for (const one of waiting) (await go(one)).leave('good')
})

async function go(admission: Promise<Admission>): Promise<Extract<Admission, { kind: 'go' }>> {
  const given = await admission
  assert(given.kind === 'go')
  return given
}

function tick(): Promise<void> {
  return new Promise((done) => setImmediate(done))
}

function fakeClock(): Clock & { advance(ms: number): void } {
  let nowMs = 1_000_000
  const advance = (ms: number) => {
    nowMs += ms
  }
  return { nowMs: () => nowMs, random: () => 0.5, sleep: async (ms) => advance(ms), advance }
}

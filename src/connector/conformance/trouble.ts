import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applied, kinds, plainCreate, SIGNAL, type Subject, write } from '../subject.ts'

const PAUSE_S = 7

/** Promises about an ERP that is away, slow or overloaded, and about being told to stop. */
export function testTrouble(subject: () => Subject): void {
  testOutage(subject)
  testThrottling(subject)
  testAbort(subject)
}

function testOutage(subject: () => Subject): void {
  for (const [title, kind] of [
    ['that cuts every connection', 'cut'],
    ['behind a gateway that answers with its own page', 'page'],
  ] as const) {
    test(`outage: with an ERP ${title}, writes are to be tried again and reads say that it is away`, async () => {
      const one = subject()
      const { faults, plain, company } = one
      const connector = one.connect()
      await connector.describe(SIGNAL)
      const read = () => connector.readPage({ entity: plain.entity, fields: [], company, rowsMax: 1 }, SIGNAL)
      faults.outage(kind)
      const writes = [plainCreate(one, `OUT-${kind}`, 'Later')]
      const [outcome] = await connector.writeGroup({ attempt: 1, writes }, SIGNAL)
      assert.equal(outcome?.kind, 'retry')
      assert.match(outcome.kind === 'retry' ? outcome.reason : '', /\w+/)
      await assert.rejects(read(), { code: 'connector.unavailable' })
      // One that has never been able to reach it, too.
      assert.deepEqual(kinds(await one.connect().writeGroup({ attempt: 1, writes }, SIGNAL)), ['retry'])
      await assert.rejects(one.connect().describe(SIGNAL), { code: 'connector.unavailable' })
      faults.none()
      applied(await connector.writeGroup({ attempt: 2, writes }, SIGNAL))
      assert.equal((await read()).records.length, 1)
    })
  }
}

function testThrottling(subject: () => Subject): void {
  test('throttling: a write is to be tried again no sooner than the ERP wished; then it is taken', async () => {
    const one = subject()
    const connector = one.connect()
    await connector.describe(SIGNAL)
    const writes = [plainCreate(one, 'THR1', 'Patience')]
    if (one.faults.throttle === undefined) return
    one.faults.throttle(1, PAUSE_S)
    const [outcome] = await connector.writeGroup({ attempt: 1, writes }, SIGNAL)
    assert.equal(outcome?.kind === 'retry' ? outcome.afterMs : undefined, PAUSE_S * 1_000)
    one.faults.none()
    applied(await one.connect().writeGroup({ attempt: 2, writes }, SIGNAL))
  })

  test('throttling: a read waits as long as the ERP wished, and so does every other call meanwhile', async () => {
    const one = subject()
    const connector = one.connect()
    const { entity } = one.plain
    await connector.describe(SIGNAL)
    const read = () => connector.readPage({ entity, fields: [], company: one.company, rowsMax: 1 }, SIGNAL)
    if (one.faults.throttle === undefined) return
    one.faults.throttle(1, PAUSE_S)
    await Promise.all([read().then(() => read()), read()])
    const times = one.faults.requestTimesMs?.() ?? []
    assert(times.length >= 4)
    // Two may have been under way together; whatever came after the refusal came after the pause.
    const [first = 0] = times
    assert(times.filter((time) => time - first < PAUSE_S * 1_000).length <= 2, times.map((time) => time - first).join())
    one.faults.none()
  })
}

function testAbort(subject: () => Subject): void {
  test('abort: every call ends with the reason of the signal while the ERP still does not answer', async () => {
    const one = subject()
    const connector = one.connect()
    await connector.describe(SIGNAL)
    const { entity } = one.plain
    const [created] = await write(connector, plainCreate(one, 'ABORT0', 'x'))
    one.faults.stall()
    const calls = [
      (signal: AbortSignal) => connector.readPage({ entity, fields: [], company: one.company, rowsMax: 1 }, signal),
      (signal: AbortSignal) => connector.readRecords({ entity, fields: [], keys: [created?.key ?? ''] }, signal),
      (signal: AbortSignal) => connector.writeGroup({ attempt: 1, writes: [plainCreate(one, 'ABORT1', 'x')] }, signal),
      (signal: AbortSignal) => connector.writeGroup({ attempt: 1, writes: one.group.writes('ABORT', ['good']) }, signal),
      (signal: AbortSignal) => one.connect().describe(signal),
    ]
    for (const call of calls) {
      for (const abortAt of ['before', 'during'] as const) {
        const stop = new AbortController()
        const reason = new Error(`stopped ${abortAt}`)
        if (abortAt === 'before') stop.abort(reason)
        const ended = call(stop.signal)
        ended.catch(() => undefined)
        await new Promise((done) => setTimeout(done, 20))
        stop.abort(reason)
        await assert.rejects(ended, (error) => error === reason)
      }
    }
    one.faults.none()
  })
}

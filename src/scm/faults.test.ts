import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestErp, type TestErp } from '../../tests/support/scm.ts'
import { createFaults, parseFaultPlan } from './faults.ts'

let erp: TestErp

before(async () => {
  erp = await startTestErp()
})
after(() => erp[Symbol.asyncDispose]())

const put = (plan: object) =>
  fetch(`${erp.url}/faults`, { method: 'PUT', body: JSON.stringify(plan), headers: { 'content-type': 'application/json' } })

test('a lost answer: the write is kept, the connection is cut', async () => {
  assert.equal((await put({ loseAnswer: { rate: 1, methods: ['POST'] }, only: '^/data/Currencies' })).status, 200)
  await assert.rejects(erp.call('/data/Currencies', { method: 'POST', body: '{"CurrencyCode":"EUR"}' }))
  assert.equal((await erp.call("/data/Currencies('EUR')")).status, 200)
  await put({})
})

test('throttling answers 429 with Retry-After and the words of the real service; other paths are left alone', async () => {
  await put({ throttle: { rate: 1, retryAfterSeconds: 3 }, only: '^/data/Currencies' })
  const response = await erp.call('/data/Currencies')
  assert.equal(response.status, 429)
  assert.equal(response.headers.get('retry-after'), '3')
  assert.match(await response.text(), /could not be processed at this time due to system experiencing high resource utilization/)
  assert.equal((await erp.call('/data/UnitsOfMeasure')).status, 200)
  await put({})
})

test('an outage cuts connections, or answers with the page of a gateway', async () => {
  await put({ outage: true })
  await assert.rejects(erp.call('/data/Currencies'))
  await put({ outage: 'gateway' })
  const response = await erp.call('/data/Currencies')
  assert.equal(response.status, 502)
  assert.match(response.headers.get('content-type') ?? '', /html/)
  await put({})
  assert.equal((await erp.call('/data/Currencies')).status, 200)
})

test('a plan that is not one is refused and changes nothing', async () => {
  for (const bad of [{ throttle: { rate: 2, retryAfterSeconds: 1 } }, { latencyMs: [5, 1] }, { only: '(' }, { nonsense: 1 }]) {
    assert.equal((await put(bad)).status, 400, JSON.stringify(bad))
  }
  assert.deepEqual(await (await fetch(`${erp.url}/faults`)).json(), {})
})

test('the same seed makes the same faults; another seed makes others; the rate holds', () => {
  const draw = (seed: number) => {
    const faults = createFaults(parseFaultPlan({ seed, throttle: { rate: 0.3, retryAfterSeconds: 1 } }))
    return Array.from({ length: 1_000 }, () => faults.throttle('/data/X') !== undefined)
  }
  assert.deepEqual(draw(7), draw(7))
  assert.notDeepEqual(draw(7), draw(8))
  const share = draw(7).filter(Boolean).length / 1_000
  assert(share > 0.25 && share < 0.35, String(share))
})

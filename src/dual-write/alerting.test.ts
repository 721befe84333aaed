import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { quiet, setUp, until } from '../../tests/support/dual-write-world.ts'
import type { AlertRule } from './facets-watch.ts'

const RULE: Omit<AlertRule, 'id'> = {
  title: 'Something waits for us',
  map: null,
  kind: 'parked',
  count: 1,
  windowMinutes: 15,
  action: { mail: ['ops@comptoir.example'], webhook: 'https://hooks.example/secret-path', pause: false },
  enabled: true,
}

test('a rule tells once when it is met, by mail and webhook, and again only after it had ended', async () => {
  const mails: string[] = []
  const posts: object[] = []
  await using world = await setUp({
    notify: {
      async mail(_tx, { to, text }) {
        mails.push(`${to}: ${text}`)
      },
      async post(_url, body) {
        posts.push(body)
      },
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  const rule = await world.engine.putAlertRule(RULE, 'test')
  await world.engine.evaluateAlerts(new AbortController().signal)
  assert.deepEqual(mails, [], 'nothing is parked')
  world.erp.faults.onWrite = (write) => (write.entity === 'CustomersV3' ? 'reject' : undefined)
  const customer = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', customer.accountid, { telephone1: '1' })
  await until('it is parked', async () => (await world.engine.listParked({ map: null, rowsMax: 1 })).length === 1)
  for (let turn = 0; turn < 3; turn++) await world.engine.evaluateAlerts(new AbortController().signal)
  assert.deepEqual(mails, [
    'ops@comptoir.example: Of all table maps: 1 changes were parked within 15 minutes. The rule "Something waits for us" tells from 1 on.',
  ])
  assert.equal(posts.length, 1)
  const [alert] = await world.engine.listAlerts({ rowsMax: 10 })
  assert.deepEqual(alert?.delivered, ['mail to ops@comptoir.example', 'posted to hooks.example'])
  const ids = (await world.engine.listParked({ map: null, rowsMax: 10 })).map((one) => one.id)
  await world.engine.discardParked({ ids, map: null }, 'test')
  await world.engine.evaluateAlerts(new AbortController().signal)
  await world.edit('account', customer.accountid, { telephone1: '2' })
  await until('it is parked again', async () => (await world.engine.listParked({ map: null, rowsMax: 1 })).length === 1)
  await world.engine.evaluateAlerts(new AbortController().signal)
  assert.equal(mails.length, 2)
  await world.engine.deleteAlertRule(rule.id, 'test')
  assert.deepEqual(await world.engine.listAlertRules(), [])
})

test('a rule can pause its map; a rule that would tell nobody is refused', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const action = { mail: [], webhook: null, pause: true }
  await world.engine.putAlertRule({ ...RULE, map: 'customers', action }, 'test')
  world.erp.faults.onWrite = (write) => (write.entity === 'CustomersV3' ? 'reject' : undefined)
  await world.edit('account', (await world.row('account', 'accountnumber', 'C1')).accountid, { telephone1: '1' })
  await until('it is parked', async () => (await world.engine.listParked({ map: null, rowsMax: 1 })).length === 1)
  await world.engine.evaluateAlerts(new AbortController().signal)
  const states = new Map((await world.engine.status()).map((map) => [map.name, map.state]))
  assert.equal(states.get('customers'), 'paused')
  assert.equal(states.get('contacts'), 'running')
  await assert.rejects(
    () => world.engine.putAlertRule({ ...RULE, action: { mail: [], webhook: null, pause: false } }, 'test'),
    (error) => isAppError(error, 'request.invalid'),
  )
})

test('health says what is wrong and what to do: a stopped map, an ERP that does not answer', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  // The ERP in memory does not describe its fields.
  const codes = async () =>
    (await world.engine.checkHealth())
      .filter((one) => one.code !== 'fields_missing')
      .map((one) => `${one.code} ${one.map ?? ''}`.trim())
  assert.deepEqual(await codes(), [])
  await world.engine.stopMap('contacts', 'test')
  assert.deepEqual(await codes(), ['stopped contacts'])
  world.erp.faults.outage = true
  assert.ok((await codes()).includes('unreachable'))
})

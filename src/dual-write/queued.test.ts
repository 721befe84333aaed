import assert from 'node:assert/strict'
import test from 'node:test'
import type { RowId } from '#tables/rows.queries.ts'
import type { RowChange } from '#tables/waiting-changes.queries.ts'
import { placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { decide } from './discard-queued.ts'
import type { QueuedItem } from './facets-rows.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

async function ready(): Promise<World> {
  const world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

async function listAll(world: World, rowsMax: number): Promise<QueuedItem[]> {
  const all: QueuedItem[] = []
  for (let after: string | undefined; ; ) {
    const { rows, next } = await world.engine.listQueued({ rowsMax, after })
    all.push(...rows)
    if (next === null) return all
    after = next
  }
}

test('what a paused map holds back is listed page by page, each change once and with what it waits for', async () => {
  await using world = await ready()
  await world.engine.pauseMap('customers', 'dana')
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { telephone1: '1' })
  world.erp.change('CustomersV3', C1, { InvoiceAddressCity: 'Oslo' })
  await until('the notice is there', async () => (await listAll(world, 10)).length === 2)
  await world.edit('account', accountid, { fax: '2' })
  const all = await listAll(world, 1)
  const [first, notice, second] = all
  assert.deepEqual(
    all.map(({ map, direction, operation, columns, state, rowId, remoteKey }) => [
      ...[map, direction, operation, columns.join(), state, rowId === accountid, remoteKey],
    ]),
    [
      ['customers', 'toErp', 'update', 'telephone1', 'paused', true, C1],
      ['customers', 'toPortal', 'read', '', 'paused', true, C1],
      ['customers', 'toErp', 'update', 'fax', 'behind', true, C1],
    ],
  )
  assert.equal(second?.waitsFor, `Waits behind ${first?.id}, an earlier change of the row`)
  assert.deepEqual(await listAll(world, 100), all, 'pages of any size say the same')
  const only = await world.engine.listQueued({ map: 'customers', direction: 'toPortal', rowsMax: 10 })
  assert.deepEqual(only, { rows: [notice], next: null })
  assert.deepEqual((await world.engine.listQueued({ map: 'contacts', rowsMax: 10 })).rows, [])
  await assert.rejects(world.engine.listQueued({ map: 'none', rowsMax: 10 }), { code: 'dual_write.not_found' })
  await assert.rejects(world.engine.listQueued({ after: 'x', rowsMax: 10 }), { code: 'request.invalid' })
})

test('a queued edit is given up: the ERP never hears of it, and what else waits of the row goes as it would have', async () => {
  await using world = await ready()
  await world.engine.pauseMap('customers', 'dana')
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  const before = world.erp.get('CustomersV3', C1)
  await world.edit('account', accountid, { telephone1: 'never', fax: 'between' })
  await world.edit('account', accountid, { fax: 'later' })
  world.erp.change('CustomersV3', C1, { InvoiceAddressCity: 'Oslo' })
  await until('the notice is there', async () => (await listAll(world, 10)).length === 3)
  const [first, , notice] = await listAll(world, 10)
  const ids = [first?.id ?? '', notice?.id ?? '', 'out:999999', 'nonsense']
  const done = await world.engine.discardQueued({ ids, reason: 'a mistake' }, 'dana')
  assert.deepEqual(done, {
    discarded: 2,
    refused: ['nonsense', 'out:999999'].map((id) => ({ id, reason: 'It is not queued any more' })),
  })
  const logged = (await world.engine.listActivity({ map: 'customers', rowsMax: 2 })).map(({ actor, action, details }) => ({
    ...{ actor, action, id: details.id, columns: details.columns, why: details.discardedBecause },
  }))
  const same = { actor: 'dana', action: 'discarded a queued change', why: 'a mistake' }
  assert.deepEqual(logged, [
    { ...same, id: notice?.id, columns: undefined },
    { ...same, id: first?.id, columns: ['telephone1', 'fax'].sort() },
  ])
  await world.engine.resumeMap('customers', 'dana')
  await until('the later edit arrives', () => world.erp.get('CustomersV3', C1)?.PrimaryContactFax === 'later')
  await quiet(world)
  assert.equal(world.erp.get('CustomersV3', C1)?.PrimaryContactPhone, before?.PrimaryContactPhone)
  assert.deepEqual(await world.engine.listConflicts({ rowsMax: 10 }), [], 'nobody has edited the fax but here')
})

test('a new order is given up with its lines, also while the ERP is away; the next one goes', async () => {
  await using world = await ready()
  world.erp.faults.onWrite = () => 'retry'
  await placeOrder(world, 'NEVER')
  const queued = async () => (await world.engine.listQueued({ direction: 'toErp', rowsMax: 10 })).rows
  await until('it backs off', async () => (await queued()).every((one) => one.state === 'unreachable'))
  const [header, ...lines] = await queued()
  assert.deepEqual([header?.map, lines.length], ['sales-order-headers', 2])
  assert.match(header?.waitsFor ?? '', /The ERP does not answer/)
  assert.deepEqual(await world.engine.discardQueued({ ids: [header?.id ?? '', lines[0]?.id ?? ''] }, 'dana'), {
    discarded: 3,
    refused: [],
  })
  assert.deepEqual(await queued(), [])
  delete world.erp.faults.onWrite
  await placeOrder(world, 'GOOD')
  const references = () => world.erp.rows('CDSSalesOrderHeaders').flatMap((one) => one.CustomersOrderReference ?? [])
  await until('the next one arrives', () => references().includes('GOOD'))
  await quiet(world)
  assert.deepEqual(references(), ['GOOD'])
})

test('what backs off goes at once when a person says so; what waits for something else is refused with the reason', async () => {
  await using world = await ready()
  let refusing = true
  world.erp.faults.onWrite = () => (refusing ? 'retry' : undefined)
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { telephone1: '7' })
  const find = async () => (await world.engine.listQueued({ direction: 'toErp', rowsMax: 10 })).rows[0]
  await until('it has been tried', async () => (await find())?.state === 'unreachable')
  const id = (await find())?.id ?? ''
  await world.engine.pauseMap('customers', 'dana', { direction: 'toErp' })
  await until('nobody works on it', async () => (await find())?.state === 'paused')
  const { dueAt } = (await find()) ?? {}
  // A day from now: only a person brings it back in time.
  await world.database.pool.query(`update tables.change set due_at = clock_timestamp() + interval '1 day'`)
  refusing = false
  assert.deepEqual(await world.engine.hurryQueued({ ids: [id, 'out:999999'] }, 'dana'), {
    hurried: 1,
    refused: [{ id: 'out:999999', reason: 'It is not queued any more' }],
  })
  assert.ok(dueAt !== null && ((await find())?.dueAt ?? '') < new Date(Date.now() + 3_600_000).toISOString())
  const again = await world.engine.hurryQueued({ ids: [id] }, 'dana')
  assert.deepEqual(again.refused, [{ id, reason: 'Its part of the map is paused; it travels when that is resumed' }])
  const [logged] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.deepEqual([logged?.action, logged?.details], ['sent queued changes at once', { ids: [id] }])
  await world.engine.resumeMap('customers', 'dana', { scope: { direction: 'toErp' } })
  await until('it has arrived', () => world.erp.get('CustomersV3', C1)?.PrimaryContactPhone === '7')
})

test('of a row’s changes one goes only where the others mean the same without it, and none while they are under way', () => {
  const change = (number: number, of: Partial<RowChange>): RowChange => ({
    ...{ number, subscriber: 'm', rowId: 'r' as RowId, operation: 'update', columns: ['a'], before: { a: `${number}` } },
    ...{ attempt: 0, code: null, reason: null, isParked: false, isUnderWay: false, ...of },
  })
  const decided = (changes: RowChange[], number: number) => {
    const found = decide(changes, number)
    return 'refusal' in found ? found.refusal : { gone: found.gone.map((one) => one.number), heirs: found.heirs }
  }
  const creation = change(1, { operation: 'create', before: null })
  assert.deepEqual(decided([creation, change(2, {})], 1), { gone: [1, 2], heirs: [] })
  assert.match(String(decided([creation, change(2, {})], 2)), /with its creation: discard out:1/)
  assert.match(String(decided([change(1, { isUnderWay: true }), change(2, {})], 2)), /under way/)
  assert.match(
    String(decided([change(1, { operation: 'delete' }), change(2, { operation: 'create' })], 1)),
    /discard out:2 first/,
  )
  assert.match(String(decided([change(1, { isParked: true })], 1)), /not queued any more/)
  assert.deepEqual(decided([change(1, { isParked: true }), change(2, {})], 2), { gone: [2], heirs: [] })
  const columns = change(1, { columns: ['a', 'b', 'c'], before: { a: '1', b: null, c: '3' }, attempt: 2 })
  assert.deepEqual(decided([columns, change(2, { columns: ['d'] }), change(3, { columns: ['b', 'a'] }), change(4, {})], 1), {
    gone: [1],
    heirs: [
      { number: 2, before: {}, attempt: 2 },
      { number: 3, before: { b: null, a: '1' }, attempt: 0 },
    ],
  })
})

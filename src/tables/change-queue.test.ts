import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { readCatalog } from './catalog.ts'
import { claimChanges, countQueues, postponeChange, settleChange, subscribe, waitForRow } from './changes.queries.ts'
import { countClusters, discardParkedChanges, listParked, parkChange, releaseParked } from './parked-changes.queries.ts'
import { insertRows, type RowId, updateRows } from './rows.queries.ts'
import { applyDefinitions } from './schema.ts'

const leaseMs = 60_000

/** A table whose changes one subscriber wants. */
async function setUp() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(database, [{ module: 'tables', folder: join(import.meta.dirname, 'migrations') }])
  const catalog = readCatalog()
  await applyDefinitions(database, catalog)
  const table = catalog.get('uomschedule')
  await database.transaction((tx) => subscribe(tx, table.name, 'map', null))
  const insert = (names: readonly string[]) =>
    database.transaction((tx) =>
      insertRows(
        tx,
        table,
        names.map((name) => ({ name })),
      ),
    )
  const edit = (ids: readonly RowId[], description: string) =>
    database.transaction((tx) =>
      updateRows(
        tx,
        table,
        ids.map((uomscheduleid) => ({ uomscheduleid, description })),
      ),
    )
  const claim = (rowsMax: number) => database.transaction((tx) => claimChanges(tx, { subscribers: ['map'], rowsMax, leaseMs }))
  return { database, insert, edit, claim, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

test('rows that are parked hide their later changes from nobody but themselves, and show them when they end', async () => {
  await using t = await setUp()
  const parkedIds = await t.insert(Array.from({ length: 300 }, (_, i) => `parked ${i}`))
  for (const change of await t.claim(300))
    await t.database.transaction((tx) => parkChange(tx, 'map', change, { code: 'x', reason: `Number ${change.number} is "odd"` }))
  await t.edit(parkedIds, 'behind')
  await t.insert(['free'])
  assert.equal((await t.claim(1)).length, 1, 'the free one is found behind three hundred that cannot go')
  assert.deepEqual(await t.claim(10), [])
  assert.deepEqual(await t.database.read((tx) => countQueues(tx, ['map'], 200)), [
    { subscriber: 'map', waiting: 200, parked: 200, oldestCapturedAt: (await oldest(t)) ?? null },
  ])
  const [cluster, ...others] = await t.database.read((tx) =>
    countClusters(tx, { subscribers: ['map'], clustersMax: 10, looksMax: 1_000 }),
  )
  assert.deepEqual([others, cluster?.pattern, cluster?.count, cluster?.waitingBehind], [[], 'Number # is …', 300, 300])

  const [first, second] = await t.database.read((tx) => listParked(tx, { subscribers: ['map'], rowsMax: 2 }))
  const numbers = [first?.number ?? 0]
  await t.database.transaction((tx) => releaseParked(tx, { subscriber: 'map', of: { numbers }, rowsMax: 10 }))
  const [released] = await t.claim(10)
  assert.deepEqual([released?.rowId, released?.operation], [first?.rowId, 'create'], 'with its later change, as one')
  assert.ok(released !== undefined && released.lastNumber > released.number)
  await t.edit([released.rowId], 'while it is under way')
  assert.deepEqual(await t.claim(10), [])
  assert.equal(await t.database.transaction((tx) => settleChange(tx, 'map', released)), true)
  assert.deepEqual(
    (await t.claim(10)).map((one) => [one.rowId, one.operation]),
    [[released.rowId, 'update']],
  )

  const discard = { subscribers: ['map'], numbers: [second?.number ?? 0] }
  await t.database.transaction((tx) => discardParkedChanges(tx, discard))
  await t.edit([second?.rowId ?? ''], 'anew')
  assert.deepEqual(
    (await t.claim(10)).map((one) => one.rowId),
    [second?.rowId],
  )
})

async function oldest(t: Awaited<ReturnType<typeof setUp>>): Promise<string | undefined> {
  return (await t.database.read((tx) => countQueues(tx, ['map'], null)))[0]?.oldestCapturedAt ?? undefined
}

test('a change that waits for another row is due when that row’s changes end, and at once where they have ended', async () => {
  await using t = await setUp()
  const [blocker = '', waiter = ''] = await t.insert(['blocker', 'waiter'])
  const claimed = await t.claim(10)
  const of = (id: RowId) => claimed.find((one) => one.rowId === id) as (typeof claimed)[number]
  const why = { rowId: blocker, code: 'dual_write.parent', reason: 'Waits' }
  assert.equal(await t.database.transaction((tx) => waitForRow(tx, 'map', of(waiter), why)), true)
  assert.deepEqual(await t.claim(10), [])
  await t.database.transaction((tx) => settleChange(tx, 'map', of(blocker)))
  const [woken] = await t.claim(10)
  assert.equal(woken?.rowId, waiter)
  assert.ok(woken !== undefined)
  assert.equal(await t.database.transaction((tx) => waitForRow(tx, 'map', woken, why)), false, 'there is nothing to wait for')
})

test('a change that is parked keeps its reason when its worker, which has not heard of that, puts it back', async () => {
  await using t = await setUp()
  await t.insert(['one'])
  const [change] = await t.claim(1)
  assert.ok(change !== undefined)
  const refused = { code: 'erp.refused', reason: 'That is not allowed.' }
  await t.database.transaction((tx) => parkChange(tx, 'map', change, refused))
  const lost = { afterMs: 0, code: 'postgres.unreachable', reason: 'The connection was lost' }
  await t.database.transaction((tx) => postponeChange(tx, 'map', change, lost))
  const [parked] = await t.database.read((tx) => listParked(tx, { subscribers: ['map'], rowsMax: 2 }))
  assert.deepEqual({ code: parked?.code, reason: parked?.reason }, refused)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, MAPS_FOLDER, placeOrder, setUpStopped, type World } from '../../../tests/support/dual-write-world.ts'
import { silentLog } from '../../log/log.ts'
import { systemClock } from '../../log/system-clock.ts'
import { pinned } from '../core.ts'
import { findLinksByRow } from '../links.queries.ts'
import { openCore } from '../open-core.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import { createInbound } from './inbound.ts'
import { createOutbound } from './outbound.ts'

const ORDER = 'dataAreaId=usmf,SalesOrderNumber=SO-9'
const LINE = 'dataAreaId=usmf,SalesOrderNumber=SO-9,LineCreationSequenceNumber=1'
/** More than any attempts that waiting is limited to. */
const LONG = 40

test('after a long outage a record waits for its parent, whose notice comes last, and nobody is asked', async () => {
  await using world = await setUpStopped()
  putLine(world)
  putHeader(world)
  await notice(world, 'sales-order-lines', LINE)
  const take = await taker(world)
  world.erp.faults.outage = true
  await take(LONG)
  assert.match((await entry(world, LINE))?.reason ?? '', /does not answer/)

  world.erp.faults.outage = false
  await take(1, ['sales-order-lines'])
  assert.deepEqual([await parked(world), (await entry(world, LINE))?.waitsFor], [[], 'salesorder'])
  // The parent was asked for; no notice of it has come.
  await take(2)
  assert.deepEqual([await entry(world, LINE), await parked(world)], [undefined, []])
  assert.equal((await world.row('salesorder', 'msdyn_salesordernumber', 'SO-9')).msdyn_salesordernumber, 'SO-9')
  assert.equal((await world.rows('salesorderdetail')).length, 2)
})

test('while the parent is to be read and its map is paused, nobody is asked however long that lasts', async () => {
  await using world = await setUpStopped()
  putLine(world)
  putHeader(world)
  await notice(world, 'sales-order-lines', LINE)
  const take = await taker(world)
  await take(LONG, ['sales-order-lines'])
  assert.deepEqual([await parked(world), (await entry(world, LINE))?.attempt], [[], LONG])
  assert.ok(((await entry(world, LINE))?.waitMs ?? 0) > 60_000, 'its coming is told, so it is not looked for often')
  await take(2)
  assert.deepEqual([await entry(world, LINE), await parked(world)], [undefined, []])
})

test('a person is asked when the parent is not known to come: it is not there, it waits for a person, its map does not run', async () => {
  await using world = await setUpStopped()
  putLine(world)
  await notice(world, 'sales-order-lines', LINE)
  const take = await taker(world)
  await take(LONG)
  assert.deepEqual(await parked(world), [LINE])

  const cases = [
    `update dual_write.remote_change set parked_at = clock_timestamp() where remote_key = '${ORDER}'`,
    `update dual_write.map set state = 'not_running' where name = 'sales-order-headers'`,
  ]
  for (const statement of cases) {
    await notice(world, 'sales-order-lines', LINE)
    await take(7, ['sales-order-lines'])
    assert.deepEqual(await parked(world), [], 'it waits')
    await world.database.pool.query(statement)
    await take(3, ['sales-order-lines'])
    assert.ok((await parked(world)).includes(LINE), statement)
    await world.database.pool.query(`delete from dual_write.remote_change where remote_key = '${ORDER}'`)
  }
})

test('a line of an order that was deleted here waits until the ERP has heard of that: nobody is asked for what goes with it', async () => {
  await using world = await setUpStopped()
  const { pool } = world.database
  await pool.query(`delete from tables.salesorderdetail`)
  await pool.query(`delete from tables.salesorder`)
  const line = 'dataAreaId=usmf,SalesOrderNumber=SO-1,LineCreationSequenceNumber=9'
  putLine(world, { SalesOrderNumber: 'SO-1', LineCreationSequenceNumber: 9 })
  await notice(world, 'sales-order-lines', line)
  const take = await taker(world)
  await take(LONG)
  assert.deepEqual(await parked(world), [])
  // The deletion was given up: the order is there, and its line is nowhere.
  await pool.query(`delete from tables.change`)
  await take(1)
  assert.deepEqual(await parked(world), [line])
})

test('two records that wait for each other ask a person', async () => {
  await using world = await setUpStopped()
  putLine(world)
  await notice(world, 'sales-order-lines', LINE)
  await notice(world, 'sales-order-headers', ORDER)
  const take = await taker(world)
  const circle = () =>
    world.database.pool.query(
      `update dual_write.remote_change set waits_for = concat('salesorderdetail', chr(31), 'x') where remote_key = '${ORDER}'`,
    )
  for (let times = 0; times < 9; times++) {
    await circle()
    await take(1, ['sales-order-lines'])
  }
  assert.deepEqual(await parked(world), [LINE])
})

test('what could not be read in an outage is not taken for our own create before its answer was waited for', async () => {
  await using world = await setUpStopped()
  const id = await placeOrder(world, 'R-1')
  const core = await openTestCore(world)
  await core.environment.open()
  const outbound = createOutbound(pinned(core), () => ['sales-order-headers', 'sales-order-lines'])
  const signal = AbortSignal.timeout(20_000)
  world.erp.faults.onGroup = () => 'lose_answer'
  for (const load of await outbound.claim(0)) await outbound.run(load, signal)
  const made = world.erp.rows('CDSSalesOrderHeaders').find((one) => one.SalesOrderNumber !== 'SO-1')
  const key = `dataAreaId=usmf,SalesOrderNumber=${made?.SalesOrderNumber}`
  await notice(world, 'sales-order-headers', key)
  const take = await taker(world)
  world.erp.faults.outage = true
  await take(LONG)
  world.erp.faults.outage = false
  const isLinked = async () => (await world.database.read((tx) => findLinksByRow(tx, 'sales-order-headers', [id]))).has(id)
  await take(1)
  assert.deepEqual([await isLinked(), (await entry(world, key))?.reason], [false, 'Our own change of it is on its way'])
  await take(1)
  assert.deepEqual([await isLinked(), await entry(world, key)], [true, undefined])
})

function openTestCore({ database, erp }: World) {
  return openCore({
    database,
    catalog,
    connector: erp.connector,
    mapFolders: [MAPS_FOLDER],
    clock: systemClock,
    log: silentLog,
  })
}

/** Reads what is queued so many times, as if each had become due; of some maps alone, as while the others are paused. */
async function taker(world: World) {
  const core = pinned(await openTestCore(world))
  let live: readonly string[] = []
  const inbound = createInbound(core, () => live)
  return async (times: number, maps: readonly string[] = core.maps.map((map) => map.name)) => {
    live = maps
    for (let n = 0; n < times; n++) {
      await world.database.pool.query('update dual_write.remote_change set due_at = clock_timestamp() where parked_at is null')
      await inbound.run(AbortSignal.timeout(20_000))
    }
  }
}

function putHeader({ erp }: World): void {
  erp.put('CDSSalesOrderHeaders', {
    dataAreaId: 'usmf',
    SalesOrderNumber: 'SO-9',
    OrderingCustomerAccountNumber: 'C1',
    CurrencyCode: 'USD',
  })
}

function putLine({ erp }: World, other: { SalesOrderNumber?: string; LineCreationSequenceNumber?: number } = {}): void {
  erp.put('CDSSalesOrderLines', {
    dataAreaId: 'usmf',
    SalesOrderNumber: 'SO-9',
    LineCreationSequenceNumber: 1,
    ProductNumber: 'A1',
    SalesUnitSymbol: 'ea',
    OrderedSalesQuantity: '1',
    ...other,
  })
}

function notice({ database }: World, map: string, remoteKey: string): Promise<void> {
  return database.transaction((tx) => putRemoteChanges(tx, [{ map, remoteKey, eventId: null }]))
}

type Entry = { attempt: number; reason: string | null; waitsFor: string | null; waitMs: number }

async function entry({ database }: World, remoteKey: string): Promise<Entry | undefined> {
  const { rows } = await database.pool.query<Entry>(
    `select attempt, reason, split_part(waits_for, chr(31), 1) as "waitsFor",
            (extract(epoch from due_at - clock_timestamp()) * 1000)::int as "waitMs"
       from dual_write.remote_change where remote_key = $1`,
    [remoteKey],
  )
  return rows[0]
}

async function parked({ database }: World): Promise<string[]> {
  const { rows } = await database.pool.query<{ key: string }>(
    'select remote_key as key from dual_write.remote_change where parked_at is not null order by 1',
  )
  return rows.map((row) => row.key)
}

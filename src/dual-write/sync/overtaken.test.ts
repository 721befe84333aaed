import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, MAPS_FOLDER, quiet, setUp } from '../../../tests/support/dual-write-world.ts'
import { required } from '../../lib/assert.ts'
import { silentLog } from '../../log/log.ts'
import { systemClock } from '../../log/system-clock.ts'
import { listBackfills, putBackfill, setShape } from '../backfill.queries.ts'
import { pinned } from '../core.ts'
import { openCore } from '../open-core.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import { createStates } from '../states.ts'
import { carryOver } from './backfill.ts'
import { createInbound } from './inbound.ts'
import { createOutbound } from './outbound.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

test('work that was begun with maps that are replaced by now takes nothing: it is left to who works with the new ones', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stop()
  const { database, erp } = world
  const [clock, log] = [systemClock, silentLog]
  const core = await openCore({ database, catalog, connector: erp.connector, mapFolders: [MAPS_FOLDER], clock, log })
  const live = () => ['customers']
  const workers = () => ({ inbound: createInbound(pinned(core), live), outbound: createOutbound(pinned(core), live) })
  const signal = AbortSignal.timeout(20_000)
  const former = workers()
  await core.active.follow()
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours' })
  erp.change('CustomersV3', C1, { SalesMemo: 'theirs' })
  await database.transaction((tx) => putRemoteChanges(tx, [{ map: 'customers', remoteKey: C1, eventId: null }]))

  assert.deepEqual(await former.outbound.claim(0), [])
  assert.equal((await former.inbound.run(signal)).claimed, 0)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).description ?? null, null)

  const now = workers()
  const loads = await now.outbound.claim(0)
  assert.deepEqual(
    loads.flat(2).map((item) => item.change.rowId),
    [accountid],
  )
  assert.equal((await now.inbound.run(signal)).claimed, 1)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).description, 'theirs')
})

test('while another process has activated a version that this one has not read, nothing is sent and nothing carried over', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  await world.engine.stop()
  const { database, erp } = world
  const [clock, log] = [systemClock, silentLog]
  const core = await openCore({ database, catalog, connector: erp.connector, mapFolders: [MAPS_FOLDER], clock, log })
  const states = createStates(core)
  await states.reload()
  const map = required(
    core.maps.find((one) => one.name === 'customers'),
    'customers',
  )
  const shape = core.active.shapeOf(map)
  const activate = (hash: string) =>
    database.transaction((tx) => setShape(tx, { ...map, table: map.table.name }, { ...shape, hash }))
  const carried = { map: map.name, toPortal: true, toErp: [], enteringErp: false, enteringPortal: false }
  const signal = AbortSignal.timeout(20_000)
  const carryAll = async () => {
    while (await carryOver(core, states, signal));
    return (await database.read(listBackfills)).length
  }
  await activate('another')
  await database.transaction((tx) => putBackfill(tx, carried))
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours' })
  const outbound = createOutbound(pinned(core), () => ['customers'])
  assert.deepEqual([await outbound.claim(0), await carryAll()], [[], 1])

  await activate(shape.hash)
  assert.deepEqual([(await outbound.claim(0)).length, await carryAll()], [1, 0])
})

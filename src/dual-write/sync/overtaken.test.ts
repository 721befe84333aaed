import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, MAPS_FOLDER, quiet, setUp } from '../../../tests/support/dual-write-world.ts'
import { silentLog } from '../../log/log.ts'
import { systemClock } from '../../log/system-clock.ts'
import { pinned } from '../core.ts'
import { openCore } from '../open-core.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
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

import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, MAPS_FOLDER, placeOrder, setUpStopped, until, type World } from '../../tests/support/dual-write-world.ts'
import { required } from '../lib/assert.ts'
import { silentLog } from '../log/log.ts'
import { systemClock } from '../log/system-clock.ts'
import type { Database } from '../postgres/database.ts'
import type { Core } from './core.ts'
import { type IsLeading, lead } from './leader.ts'
import { openCore } from './open-core.ts'
import { putRemoteChanges } from './remote-changes.queries.ts'
import { createInbound } from './sync/inbound.ts'
import { createOutbound } from './sync/outbound.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'
const LIVE = () => ['customers']

test('a process that has stood still, and whose place was taken meanwhile, claims nothing when it wakes, and ends its work', async () => {
  await using world = await setUpStopped()
  const { database, erp } = world
  const signal = AbortSignal.timeout(20_000)
  const deaf = hearsNothing(database)
  const former = await begin({ ...(await openTestCore(world, systemClock)), database: deaf.database }, signal)
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours' })
  erp.change('CustomersV3', C1, { SalesMemo: 'theirs' })
  await database.transaction((tx) => putRemoteChanges(tx, [{ map: 'customers', remoteKey: C1, eventId: null }]))

  await deaf.lose()
  const next = await begin(await openTestCore(world, systemClock), signal)
  assert.equal(former.signal.aborted, false, 'it does not know yet')
  assert.deepEqual(await former.outbound.claim(0), [])
  assert.equal((await former.inbound.run(signal)).claimed, 0)
  assert.equal(former.signal.aborted, true)

  assert.equal((await next.outbound.claim(0)).length, 1)
  assert.equal((await next.inbound.run(signal)).claimed, 1)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).description, 'theirs')
  assert.equal(next.signal.aborted, false)
  await Promise.all([former.end(), next.end()])
})

test('what was claimed and then stood still until its lease had nearly ended is not sent: another may be about to', async () => {
  await using world = await setUpStopped()
  const signal = AbortSignal.timeout(20_000)
  let stoodStillMs = 0
  const clock = { ...systemClock, nowMs: () => Date.now() + stoodStillMs }
  const core = await openTestCore(world, clock)
  await core.environment.open()
  await placeOrder(world, 'R-1')
  const outbound = createOutbound(core, () => ['sales-order-headers', 'sales-order-lines'])
  const runAll = async () => {
    for (const load of await outbound.claim(0)) {
      stoodStillMs += stall
      await outbound.run(load, signal)
    }
  }
  let stall = 100_000
  const before = [...world.erp.log]
  await runAll()
  assert.deepEqual(world.erp.log, before)
  stall = 0
  await until('it is sent by the next attempt', async () => {
    await runAll()
    return world.erp.log.length > before.length
  })
})

function openTestCore({ database, erp }: World, clock: Core['clock']): Promise<Core> {
  return openCore({ database, catalog, connector: erp.connector, mapFolders: [MAPS_FOLDER], clock, log: silentLog })
}

/** Becomes the process that works, and answers once it is. */
async function begin(core: Core, signal: AbortSignal) {
  const ending = new AbortController()
  const begun = Promise.withResolvers<{ during: AbortSignal; isLeading: IsLeading }>()
  const leading = lead(core, AbortSignal.any([signal, ending.signal]), async (during, isLeading) => {
    begun.resolve({ during, isLeading })
    if (!during.aborted) await new Promise((done) => during.addEventListener('abort', done, { once: true }))
  })
  const { during, isLeading } = await begun.promise
  return {
    signal: during,
    inbound: createInbound(core, LIVE, isLeading),
    outbound: createOutbound(core, LIVE, isLeading),
    async end() {
      ending.abort()
      await leading
    },
  }
}

/** Its leader's session can be lost without a word, as over a network that is gone. */
function hearsNothing(database: Database): { database: Database; lose(): Promise<void> } {
  let pid: number | undefined
  const connect = async () => {
    const client = await database.pool.connect()
    client.on('error', () => undefined)
    pid ??= (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid
    const release = (error?: Error) => client.release(error)
    return { query: client.query.bind(client), on: () => undefined, off: () => undefined, release }
  }
  return {
    database: { ...database, pool: { connect } as unknown as Database['pool'] },
    async lose() {
      await database.pool.query('select pg_terminate_backend($1, 5000)', [required(pid, 'a session that leads')])
    },
  }
}

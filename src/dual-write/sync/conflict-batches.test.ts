import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connector } from '#connector/contract.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { openDatabase } from '#postgres/database.ts'
import { catalog, MAPS_FOLDER, quiet, setUp, type World } from '../../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../../tests/support/map-variants.ts'
import type { Core } from '../core.ts'
import { openCore } from '../open-core.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import { createInbound } from './inbound.ts'
import { createOutbound } from './outbound.ts'

const FEW = 2
const MANY = 24
const LIVE = ['customers']
const signal = AbortSignal.timeout(60_000)

const rules = { PrimaryContactPhone: { wins: 'portal' }, PrimaryContactFax: { wins: 'erp' } }
const mapFolders = [mapVariants({ customers: { columns: rules } })]

const ways = { 'portal → ERP': send, 'ERP → portal': receive }

for (const [way, work] of Object.entries(ways)) {
  test(`${way}: where both sides have changed each record of a batch, it takes as many statements for ${MANY} of them as for ${FEW}`, async () => {
    await using world = await customers(FEW + MANY)
    const few = await collide(world, work, accounts(0, FEW))
    const many = await collide(world, work, accounts(FEW, FEW + MANY))
    assert.equal(many, few)
    const rows = await world.rows('account')
    const all = accounts(0, FEW + MANY)
    for (const account of all) {
      const row = rows.find((one) => one.accountnumber === account)
      assert.deepEqual([row?.fax, row?.telephone1, row?.description], ['theirs', 'ours', 'theirs'], account)
    }
    const lost = await world.engine.listConflicts({ rowsMax: 1_000 })
    const told = lost.map((one) => `${one.column}: ${one.kept}, not ${one.lost}`)
    const expected = all.flatMap(() => ['fax: theirs, not ours', 'telephone1: ours, not theirs'])
    assert.deepEqual(told.sort(), expected.sort())
    await world.restart()
    await quiet(world)
    for (const account of all) {
      const record = world.erp.get('CustomersV3', keyOf(account))
      const fields = [record?.PrimaryContactFax, record?.PrimaryContactPhone, record?.SalesMemo]
      assert.deepEqual(fields, ['theirs', 'ours', 'theirs'], account)
    }
  })
}

/** A world at rest with so many customers, its engine stopped. */
async function customers(count: number): Promise<World> {
  const fixed = { dataAreaId: 'usmf', PartyType: 'Organization' }
  const world = await setUp({
    mapFolders,
    before(erp) {
      for (const account of accounts(0, count))
        erp.put('CustomersV3', { ...fixed, CustomerAccount: account, OrganizationName: account })
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  world.erp.deliverTo(undefined)
  await world.engine.stop()
  return world
}

function accounts(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `B${from + at}`)
}

function keyOf(account: string): string {
  return `dataAreaId=usmf,CustomerAccount=${account}`
}

/** Both sides change these customers, and one batch meets it. Answers its statements. */
async function collide(world: World, work: (core: Core) => Promise<void>, numbers: readonly string[]): Promise<number> {
  for (const row of await world.rows('account')) {
    if (numbers.includes(String(row.accountnumber)))
      await world.edit('account', row.accountid, { fax: 'ours', telephone1: 'ours' })
  }
  const theirs = { PrimaryContactFax: 'theirs', PrimaryContactPhone: 'theirs', SalesMemo: 'theirs' }
  for (const account of numbers) world.erp.change('CustomersV3', keyOf(account), theirs)
  const changes = numbers.map((account) => ({ map: 'customers', remoteKey: keyOf(account), eventId: null }))
  if (work === receive) await world.database.transaction((tx) => putRemoteChanges(tx, changes))
  const database = openDatabase({ url: world.database.url, log: silentLog })
  try {
    const core = await openCore({
      database,
      catalog,
      connector: together(world.erp.connector),
      mapFolders: [MAPS_FOLDER, ...mapFolders],
      clock: systemClock,
      log: silentLog,
    })
    await core.environment.reload()
    const before = database.statementCount()
    await work(core)
    const statements = database.statementCount() - before
    // What has met a conflict goes once more, and is not of the next batch.
    await work(core)
    return statements
  } finally {
    await database.close()
  }
}

/** One that is given many groups at once. */
function together(connector: Connector): Connector {
  return {
    ...connector,
    writeGroups: (groups, during) => Promise.all(groups.map((group) => connector.writeGroup(group, during))),
  }
}

async function send(core: Core): Promise<void> {
  const outbound = createOutbound(core, () => LIVE)
  const loads = await outbound.claim(0)
  assert.equal(loads.length, 1)
  for (const load of loads) await outbound.run(load, signal)
}

async function receive(core: Core): Promise<void> {
  await createInbound(core, () => LIVE).run(signal)
}

import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { deletePausedPart, holdPausedCompanies } from './scopes.queries.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'
const R1 = 'dataAreaId=usrt,CustomerAccount=R1'

const rowOf = (world: World, number: string) => world.row('account', 'accountnumber', number)
const statusOf = async (world: World, name = 'customers') => {
  const status = (await world.engine.status()).find((map) => map.name === name)
  assert.ok(status)
  return status
}
const rename = async (world: World, number: string, websiteurl: string) =>
  world.edit('account', (await rowOf(world, number)).accountid, { websiteurl })

/** A second legal entity with one customer. */
async function setUpTwo(): Promise<World> {
  const world = await setUp({
    before: (erp) => {
      erp.put('LegalEntities', { LegalEntityId: 'USRT', Name: 'Contoso Retail' })
      erp.put('CustomersV3', {
        dataAreaId: 'usrt',
        CustomerAccount: 'R1',
        OrganizationName: 'Retailer',
        PartyType: 'Organization',
        SalesCurrencyCode: 'USD',
      })
    },
  })
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

test('a legal entity that is paused waits in both directions while the others flow, and resuming releases exactly its changes', async () => {
  await using world = await setUpTwo()
  await world.engine.pauseMap('customers', 'kim', { company: 'USMF' })
  await assert.rejects(world.engine.pauseMap('customers', 'kim', { company: 'usmf' }), { code: 'dual_write.conflict' })
  await assert.rejects(world.engine.pauseMap('customers', 'kim', { company: 'zzzz' }), { code: 'request.invalid' })
  await rename(world, 'C1', 'mine')
  world.erp.change('CustomersV3', C1, { CreditRating: 'theirs' })
  await until('both stand aside', async () => (await statusOf(world)).scopes[0]?.queued === 2)
  await rename(world, 'R1', 'flows')
  world.erp.change('CustomersV3', R1, { CreditRating: 'flows' })
  await until('the other goes out', () => world.erp.get('CustomersV3', R1)?.PrimaryContactURL === 'flows')
  await until('and comes in', async () => (await rowOf(world, 'R1')).msdyn_creditrating === 'flows')
  assert.equal(world.erp.get('CustomersV3', C1)?.PrimaryContactURL ?? null, null)
  assert.equal((await rowOf(world, 'C1')).msdyn_creditrating ?? null, null)
  const { state, scopes } = await statusOf(world)
  assert.deepEqual([state, scopes[0]?.company, scopes[0]?.direction], ['running', 'usmf', null])

  await world.restart()
  await world.engine.resumeMap('customers', 'kim', { scope: { company: 'usmf' } })
  await until('it goes out', () => world.erp.get('CustomersV3', C1)?.PrimaryContactURL === 'mine')
  await until('it comes in', async () => (await rowOf(world, 'C1')).msdyn_creditrating === 'theirs')
  await quiet(world)
  assert.deepEqual((await statusOf(world)).scopes, [])
})

test('nothing stands aside for a legal entity that was resumed, also where the process that works has not heard of it yet', async () => {
  await using world = await setUpTwo()
  await world.engine.pauseMap('customers', 'kim', { company: 'usmf' })
  // Resumed in another process, whose notification is still on its way.
  const part = { map: 'customers', company: 'usmf', direction: '' as const }
  assert.ok(await world.database.transaction((tx) => deletePausedPart(tx, part)))
  await rename(world, 'C1', 'mine')
  world.erp.change('CustomersV3', C1, { CreditRating: 'theirs' })
  await until('it goes out', () => world.erp.get('CustomersV3', C1)?.PrimaryContactURL === 'mine')
  await until('it comes in', async () => (await rowOf(world, 'C1')).msdyn_creditrating === 'theirs')
})

test('a resume waits for who puts aside for the pause at that moment, so that he leaves nothing behind it', async () => {
  await using world = await setUpTwo()
  await world.engine.pauseMap('customers', 'kim', { company: 'usmf' })
  const order: string[] = []
  const resumed = await world.database.transaction(async (tx) => {
    assert.deepEqual(await holdPausedCompanies(tx, ['customers'], 'toErp'), [{ map: 'customers', company: 'usmf' }])
    const resuming = world.engine.resumeMap('customers', 'kim', { scope: { company: 'usmf' } }).then(() => order.push('resumed'))
    await new Promise((done) => setTimeout(done, 150))
    order.push('put aside')
    return { resuming }
  })
  await resumed.resuming
  assert.deepEqual(order, ['put aside', 'resumed'])
})

test('one direction is paused by itself', async () => {
  await using world = await setUpTwo()
  await world.engine.pauseMap('customers', 'kim', { direction: 'toErp' })
  await rename(world, 'C1', 'mine')
  world.erp.change('CustomersV3', C1, { CreditRating: 'theirs' })
  await until('it comes in', async () => (await rowOf(world, 'C1')).msdyn_creditrating === 'theirs')
  assert.equal(world.erp.get('CustomersV3', C1)?.PrimaryContactURL ?? null, null)
  assert.equal((await statusOf(world)).scopes[0]?.queued, 1)
  await world.engine.resumeMap('customers', 'kim', { scope: { direction: 'toErp' } })
  await until('it goes out', () => world.erp.get('CustomersV3', C1)?.PrimaryContactURL === 'mine')
})

test('a queue is given up only by who has seen it, and what was lost is on the record; a map may run at once beside its queue', async () => {
  await using world = await setUpTwo()
  await world.engine.pauseMap('customers', 'kim')
  await rename(world, 'C1', 'lost')
  const seen = await world.engine.lossesOf('customers')
  assert.deepEqual([seen.toErp, seen.toPortal, seen.samples[0]?.operation], [1, 0, 'update'])
  await assert.rejects(world.engine.resumeMap('customers', 'kim', { queue: 'discard' }), { code: 'dual_write.conflict' })
  await rename(world, 'R1', 'lost')
  const late = { queue: 'discard', confirmLoss: seen.token } as const
  await assert.rejects(world.engine.resumeMap('customers', 'kim', late), { code: 'dual_write.conflict' })
  const { token } = await world.engine.lossesOf('customers')
  await world.engine.resumeMap('customers', 'kim', { queue: 'discard', confirmLoss: token })
  assert.equal((await statusOf(world)).state, 'running')
  const [record] = await world.engine.listActivity({ map: 'customers', rowsMax: 1 })
  assert.partialDeepStrictEqual(record?.details, { queue: 'discard', discarded: { toErp: 2, toPortal: 0 } })
  const older = await world.engine.listActivity({ map: 'customers', before: record?.id, rowsMax: 1 })
  assert.deepEqual([older[0]?.action, older[0]?.actor], ['paused', 'kim'])
  await quiet(world)
  assert.deepEqual(world.erp.log, [], 'nothing of it was sent')

  await world.engine.pauseMap('customers', 'kim')
  await rename(world, 'C1', 'kept')
  await world.engine.resumeMap('customers', 'kim', { queue: 'beside' })
  assert.equal((await statusOf(world)).state, 'running')
  await until('it is caught up', () => world.erp.get('CustomersV3', C1)?.PrimaryContactURL === 'kept')
})

test('what a map needs is told in order with the reason, and starts with it; no map starts beside one that it excludes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-maps-'))
  writeFileSync(
    join(folder, 'other.yaml'),
    `
map: other-currencies
title: Currencies in another way
version: 1.0.0
table: transactioncurrency
entity: Currencies
key: code
recordKey: [CurrencyCode]
start: manual
excludes: [currencies]
columns:
  - { field: CurrencyCode, dir: '>', column: isocurrencycode }
  - { field: Name, dir: '>', column: currencyname }
  - { field: Symbol, dir: '>', column: currencysymbol }
`,
  )
  await using world = await setUp({ mapFolders: [folder] })
  await world.engine.whenRunning()
  assert.equal((await statusOf(world, 'other-currencies')).state, 'not_running', 'it waits for a person')
  world.erp.change('Currencies', 'CurrencyCode=USD', { Symbol: 'US$' })
  await quiet(world)
  assert.equal(
    (await statusOf(world, 'other-currencies')).queued.toPortal,
    0,
    'nothing is kept for a map that nobody has started',
  )
  await assert.rejects(world.engine.runMap('other-currencies', 'kim'), /stop currencies before/)
  await world.engine.stopMap('currencies', 'kim')
  await world.engine.stopMap('customers', 'kim')
  const needed = await world.engine.prerequisitesOf('customers')
  const currencies = needed.find((one) => one.map === 'currencies')
  assert.equal(currencies?.state, 'not_running')
  assert.match(currencies?.reason ?? '', /look up Currency \(transactioncurrencyid\)/)
  assert.ok(needed.findIndex((one) => one.map === 'companies') < needed.findIndex((one) => one.map === 'price-groups'))
  assert.ok(!needed.some((one) => one.map === 'other-currencies'))
  await world.engine.runMap('customers', 'kim', { initialSync: false, prerequisites: true })
  assert.equal((await statusOf(world)).state, 'running', 'without a first copy')
  assert.equal((await statusOf(world, 'currencies')).state, 'running')
  await rename(world, 'C1', 'live')
  await until('it flows', () => world.erp.get('CustomersV3', C1)?.PrimaryContactURL === 'live')
})

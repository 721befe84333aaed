import assert from 'node:assert/strict'
import test from 'node:test'
import { required } from '#lib/assert.ts'
import type { PendingEdit } from '#tables/changes.queries.ts'
import { newRowId } from '#tables/rows.queries.ts'
import { catalog, MAPS_FOLDER, placeOrder, quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'
import { mapVariants } from '../../tests/support/map-variants.ts'
import type { MemoryErp } from '../../tests/support/memory-connector.ts'
import { merge } from './apply/merge.ts'
import { readMaps } from './map.ts'
import { findSyncStates } from './sync-state.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

async function ready(
  variants: Parameters<typeof mapVariants>[0],
  before: (erp: MemoryErp) => void = () => undefined,
): Promise<World> {
  const world = await setUp({ mapFolders: [mapVariants(variants)], before })
  await world.engine.whenRunning()
  await quiet(world)
  return world
}

/** Both sides change the same customer while the map is paused. */
async function collide(world: World, ours: Record<string, string>, theirs: Record<string, string>): Promise<void> {
  const account = await world.row('account', 'accountnumber', 'C1')
  await world.engine.pauseMap('customers', 'tester')
  await world.edit('account', account.accountid, ours)
  world.erp.change('CustomersV3', C1, theirs)
  await world.engine.resumeMap('customers', 'tester')
  await until('it runs', async () =>
    (await world.engine.status()).some((one) => one.name === 'customers' && one.state === 'running'),
  )
  await quiet(world)
}

test('each column has its own rule: the ERP’s, the portal’s, the newest, or the portal’s while the ERP has not gone further', async () => {
  await using world = await ready({
    customers: {
      columns: {
        PrimaryContactPhone: { wins: 'erp' },
        PrimaryContactFax: { wins: 'portal' },
        SalesMemo: { wins: 'newest' },
        CreditRating: { wins: { portalWhile: 'msdyn_onholdstatus eq 806380000' } },
      },
    },
  })
  world.erp.change('CustomersV3', C1, { OnHoldStatus: 'No' })
  await quiet(world)
  const edits = { telephone1: 'ours', fax: 'ours', description: 'ours', msdyn_creditrating: 'ours' }
  const theirs = { PrimaryContactPhone: 'theirs', PrimaryContactFax: 'theirs', SalesMemo: 'theirs', CreditRating: 'theirs' }
  await collide(world, edits, theirs)
  const values = async () => {
    const row = await world.row('account', 'accountnumber', 'C1')
    const record = world.erp.get('CustomersV3', C1)
    const ours = [row.telephone1, row.fax, row.description, row.msdyn_creditrating]
    const fields = [record?.PrimaryContactPhone, record?.PrimaryContactFax, record?.SalesMemo, record?.CreditRating]
    assert.deepEqual(ours, fields, 'both sides are equal')
    return ours
  }
  assert.deepEqual(await values(), ['theirs', 'ours', 'theirs', 'ours'])
  const lost = await world.engine.listConflicts({ map: 'customers', rowsMax: 10 })
  assert.deepEqual(lost.map(({ column, rule, winner }) => [column, rule, winner]).sort(), [
    ['description', 'newest', 'erp'],
    ['fax', 'portal', 'portal'],
    ['msdyn_creditrating', 'portal while msdyn_onholdstatus eq 806380000', 'portal'],
    ['telephone1', 'erp', 'erp'],
  ])
  // The document state comes in the same record as the value, and counts at once.
  await collide(world, { msdyn_creditrating: 'ours 2' }, { CreditRating: 'theirs 2', OnHoldStatus: 'All' })
  assert.deepEqual((await values())[3], 'theirs 2')
})

test('a value that lost can be taken all the same, and travels as an edit of whoever takes it', async () => {
  await using world = await ready({})
  await collide(world, { telephone1: 'ours' }, { PrimaryContactPhone: 'theirs' })
  const [lost] = await world.engine.listConflicts({ rowsMax: 10 })
  assert.deepEqual([lost?.kept, lost?.lost], ['theirs', 'ours'])
  await world.engine.takeLostValue(lost?.id ?? 0, 'dana')
  await until('the ERP has it', () => world.erp.get('CustomersV3', C1)?.PrimaryContactPhone === 'ours')
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).telephone1, 'ours')
  assert.ok(
    lost?.takenAt === null && (await world.engine.listConflicts({ rowsMax: 10 })).find((one) => one.id === lost.id)?.takenAt,
  )
  await assert.rejects(world.engine.takeLostValue(999_999, 'dana'), { code: 'dual_write.not_found' })
})

test('a column that comes from the ERP alone keeps the ERP’s value; what was written over it is kept beside', async () => {
  await using world = await ready({})
  const account = await world.row('account', 'accountnumber', 'C1')
  world.erp.change('CustomersV3', C1, { PartyNumber: 'P-1' })
  await until('it is here', async () => (await world.row('account', 'accountnumber', 'C1')).msdyn_partynumber === 'P-1')
  await world.edit('account', account.accountid, { msdyn_partynumber: 'mine' })
  world.erp.change('CustomersV3', C1, { SalesMemo: 'something else' })
  await until(
    'it is the ERP’s again',
    async () => (await world.row('account', 'accountnumber', 'C1')).msdyn_partynumber === 'P-1',
  )
  const [lost] = await world.engine.listConflicts({ rowId: String(account.accountid), rowsMax: 10 })
  assert.deepEqual([lost?.column, lost?.lost, lost?.winner], ['msdyn_partynumber', 'mine', 'erp'])
})

test('what the ERP makes of an order that the portal sent is told on the row, until the portal sends another value', async () => {
  await using world = await ready({})
  const id = await placeOrder(world, 'W-1')
  await until('the ERP has it', async () => (await world.row('salesorder', 'ordernumber', 'W-1')).msdyn_salesordernumber !== null)
  await quiet(world)
  const state = async () => (await world.database.read((tx) => findSyncStates(tx, 'salesorder', [id]))).get(id)
  const accepted = await state()
  assert.ok(accepted?.kind === 'accepted')
  assert.deepEqual(accepted.changes, [])
  world.erp.change('CDSSalesOrderHeaders', accepted.remoteKey, { DeliveryAddressCity: 'Bellevue' })
  await until('it is here', async () => (await world.row('salesorder', 'ordernumber', 'W-1')).shipto_city === 'Bellevue')
  await quiet(world)
  const changed = await state()
  assert.deepEqual(
    changed?.kind === 'accepted' && changed.changes.map(({ column, sent, became }) => ({ column, sent, became })),
    [{ column: 'shipto_city', sent: 'Redmond', became: 'Bellevue' }],
  )
  await world.edit('salesorder', id, { shipto_city: 'Kirkland' })
  await until(
    'the ERP has it',
    () => world.erp.get('CDSSalesOrderHeaders', accepted.remoteKey)?.DeliveryAddressCity === 'Kirkland',
  )
  await quiet(world)
  assert.deepEqual(await state(), { ...accepted, changes: [] })
})

test('a save that is to be confirmed says so, and whoever waits hears yes, no, or nothing yet', async () => {
  await using world = await ready({ 'sales-order-headers': { confirmFirst: true } })
  const signal = AbortSignal.timeout(20_000)
  const ask = (id: string, timeoutMs: number) => world.engine.confirmRow('salesorder', id, { timeoutMs, signal })
  world.erp.faults.outage = true
  const id = await placeOrder(world, 'W-2')
  const state = (await world.database.read((tx) => findSyncStates(tx, 'salesorder', [id]))).get(id)
  assert.ok(state?.kind === 'waiting' && state.confirming)
  assert.deepEqual(await ask(id, 60), { kind: 'timeout' })
  world.erp.faults.outage = false
  assert.equal((await ask(id, 15_000)).kind, 'accepted')
  world.erp.faults.onWrite = () => 'reject'
  assert.deepEqual(await ask(await placeOrder(world, 'W-3'), 15_000), {
    kind: 'refused',
    code: 'erp.refused',
    reason: 'Customer is on hold.',
  })
})

test('what an attempt has left whose answer was lost is our own earlier value, and no conflict with the later edit', async () => {
  await using world = await ready({})
  const account = await world.row('account', 'accountnumber', 'C1')
  let lost = 0
  world.erp.faults.onWrite = () => (lost++ === 0 ? 'lose_answer' : undefined)
  await world.edit('account', account.accountid, { fax: 'one' })
  await until('the first attempt has arrived', () => world.erp.get('CustomersV3', C1)?.PrimaryContactFax === 'one')
  await world.edit('account', account.accountid, { fax: 'two' })
  await until('the edit arrives', () => world.erp.get('CustomersV3', C1)?.PrimaryContactFax === 'two')
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).fax, 'two')
  assert.deepEqual(await world.engine.listConflicts({ rowsMax: 10 }), [])
})

test('edits of both sides between two attempts of a create are merged: what only the portal changed goes out, what both did follows the rule', async () => {
  await using world = await ready({})
  const { accountid, msdyn_company = null } = await world.row('account', 'accountnumber', 'C1')
  let creates = 0
  let isHeld = true
  world.erp.faults.onWrite = ({ operation }) => {
    if (operation !== 'create') return undefined
    return creates++ === 0 ? 'lose_answer' : isHeld ? 'retry' : undefined
  }
  const parent = { parentcustomerid: accountid ?? null, msdyn_company }
  const name = { firstname: 'Kim', lastname: 'New', emailaddress1: 'kim@fabrikam.example' }
  await world.insert('contact', { ...parent, ...name, jobtitle: 'first', description: 'first', department: 'first' })
  const record = () => world.erp.rows('CDSContactsV2').find((one) => one.PrimaryEmailAddress === name.emailaddress1)
  await until('the first attempt has arrived', () => record() !== undefined)
  const key = `dataAreaId=usmf,ContactPersonId=${record()?.ContactPersonId}`
  world.erp.change('CDSContactsV2', key, { EmploymentProfession: 'theirs', EmploymentDepartment: 'theirs' })
  const { contactid } = await world.row('contact', 'emailaddress1', name.emailaddress1)
  await world.edit('contact', contactid, { jobtitle: 'ours', description: 'ours' })
  isHeld = false
  await until('our edit arrives', () => record()?.Notes === 'ours')
  await quiet(world)
  const row = await world.row('contact', 'emailaddress1', name.emailaddress1)
  assert.deepEqual([row.jobtitle, row.description, row.department], ['theirs', 'ours', 'theirs'])
  assert.deepEqual(
    [record()?.EmploymentProfession, record()?.Notes, record()?.EmploymentDepartment],
    ['theirs', 'ours', 'theirs'],
  )
  const lost = await world.engine.listConflicts({ rowId: String(contactid), rowsMax: 10 })
  assert.deepEqual(
    lost.map((one) => [one.column, one.kept, one.lost]),
    [['jobtitle', 'theirs', 'ours']],
  )
})

test('an answer that comes late brings back nothing that the ERP has changed since, and takes nothing from an edit that knew of it', async () => {
  const late = Promise.withResolvers<void>()
  await using world = await ready({}, ({ connector }) => {
    const writeGroup = connector.writeGroup.bind(connector)
    connector.writeGroup = async (group, signal) => {
      const outcome = await writeGroup(group, signal)
      await late.promise
      return outcome
    }
  })
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours', description: 'ours' })
  await until('it has arrived', () => world.erp.get('CustomersV3', C1)?.PrimaryContactFax === 'ours')
  world.erp.change('CustomersV3', C1, { PrimaryContactFax: 'theirs', SalesMemo: 'theirs' })
  await until('theirs is here', async () => (await world.row('account', 'accountnumber', 'C1')).fax === 'theirs')
  await world.edit('account', accountid, { description: 'ours again' })
  late.resolve()
  await quiet(world)
  const [row, record] = [await world.row('account', 'accountnumber', 'C1'), world.erp.get('CustomersV3', C1)]
  assert.deepEqual([row.fax, row.description], ['theirs', 'ours again'])
  assert.deepEqual([record?.PrimaryContactFax, record?.SalesMemo], ['theirs', 'ours again'])
})

test('a record whose notice is faster than the answer to our write is read once', async () => {
  const late = Promise.withResolvers<void>()
  const read: string[] = []
  await using world = await ready({}, ({ connector }) => {
    const { writeGroup, readRecords } = connector
    connector.writeGroup = async (group, signal) => {
      const outcome = await writeGroup(group, signal)
      await late.promise
      return outcome
    }
    connector.readRecords = (request, signal) => {
      read.push(...request.keys)
      return readRecords(request, signal)
    }
  })
  read.length = 0
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours' })
  const waiting = async () => (await world.engine.status()).find((one) => one.name === 'customers')?.queued.toPortal
  await until('its notice is done with', async () => read.length > 0 && (await waiting()) === 0)
  late.resolve()
  await quiet(world)
  assert.deepEqual(read, [C1])
})

test('whatever went wrong before, a record that has changed in the ERP is merged; a person is asked where it changes at every attempt', async () => {
  let answer: 'out' | 'other version' | undefined = 'out'
  let attempts = 0
  await using world = await ready({}, ({ connector }) => {
    const writeGroup = connector.writeGroup.bind(connector)
    connector.writeGroup = async (group, signal) => {
      attempts++
      if (answer === 'out') return group.writes.map(() => ({ kind: 'retry', afterMs: 1, reason: 'out' }))
      return answer === undefined ? writeGroup(group, signal) : group.writes.map(() => ({ kind: 'conflict' }))
    }
  })
  const { accountid } = await world.row('account', 'accountnumber', 'C1')
  await world.edit('account', accountid, { fax: 'ours' })
  await until('it was tried often', () => attempts > 12)
  await world.engine.pauseMap('customers', 'tester', { direction: 'toPortal' })
  world.erp.change('CustomersV3', C1, { SalesMemo: 'theirs' })
  answer = undefined
  await until('it arrives', () => world.erp.get('CustomersV3', C1)?.PrimaryContactFax === 'ours')
  await world.engine.resumeMap('customers', 'tester', { scope: { direction: 'toPortal' } })
  await quiet(world)
  assert.equal((await world.row('account', 'accountnumber', 'C1')).description, 'theirs')
  answer = 'other version'
  await world.edit('account', accountid, { fax: 'ours again' })
  const parked = () => world.engine.listParked({ map: 'customers', rowsMax: 10 })
  await until('a person is asked', async () => (await parked()).length === 1)
  assert.equal((await parked())[0]?.code, 'dual_write.conflict')
})

test('an edit that the ERP overtook while our create was on its way is kept as lost; what the ERP filled in is no loss', () => {
  const map = required(
    readMaps(catalog, MAPS_FOLDER).find((one) => one.name === 'contacts'),
    'contacts',
  )
  const ours = new Map<string, PendingEdit>([
    ['jobtitle', { at: '2026-01-05T09:00:00Z', passed: ['as created'], before: null }],
    ['description', { at: '2026-01-05T09:00:00Z', passed: [], before: null }],
  ])
  const row = { jobtitle: 'edited here', description: 'as created' }
  const record = { jobtitle: 'edited there', description: 'completed there' }
  const { conflicts, changes } = merge(map, row, undefined, record, new Set(ours.keys()), { ours })
  assert.deepEqual(changes, record)
  assert.deepEqual(
    conflicts.map(({ column, kept, lost }) => [column, kept, lost]),
    [['jobtitle', 'edited there', 'edited here']],
  )
})

test('what leads to a row that the ERP does not know stays, though the ERP answers with nothing there', async () => {
  await using world = await ready({})
  const { msdyn_company = null } = await world.row('account', 'accountnumber', 'C1')
  const contactid = newRowId()
  // Outside the filter of its map: it never goes there.
  await world.insert('contact', { contactid, firstname: 'Kim', lastname: 'Alone', msdyn_company })
  const id = await placeOrder(world, 'W-9', { msdyn_contactperson: contactid })
  await quiet(world)
  const key = `dataAreaId=usmf,SalesOrderNumber=${(await world.row('salesorder', 'salesorderid', id)).msdyn_salesordernumber}`
  assert.ok(world.erp.get('CDSSalesOrderHeaders', key))
  world.erp.change('CDSSalesOrderHeaders', key, { DeliveryAddressCity: 'theirs' })
  await quiet(world)
  const row = await world.row('salesorder', 'salesorderid', id)
  assert.deepEqual([row.shipto_city, row.msdyn_contactperson], ['theirs', contactid])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { quiet, setUp, until, type World } from '../../tests/support/dual-write-world.ts'

const C1 = 'dataAreaId=usmf,CustomerAccount=C1'

const listNamed = async (world: World, name: string) => {
  const found = (await world.engine.listValueLists()).find((one) => one.name === name)
  assert.ok(found, `there is a list ${name}`)
  return found
}

test('a shared list that a person changes holds in every map that uses it, for the rows that are there too, and can be given back', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  const before = await listNamed(world, 'hold')
  assert.equal(before.saved, null)
  assert.ok(before.maps.includes('customers'))
  const wasOf = async () => (await world.row('account', 'accountnumber', 'C1')).msdyn_onholdstatus
  world.erp.change('CustomersV3', C1, { OnHoldStatus: 'All' })
  await until('the hold has arrived', async () => (await wasOf()) === 806380002)

  // What the ERP calls All is Payment to us from now on.
  const pairs = before.pairs.map((one) => (one.erp === 'All' ? { ...one, portal: 806380003 } : one))
  const plan = await world.engine.planValueList('hold', pairs)
  assert.ok(plan.changes.includes('All = 806380002 → 806380003'))
  assert.deepEqual(
    plan.maps.filter((one) => one.carried).map((one) => one.map),
    ['customers'],
  )
  assert.equal(await wasOf(), 806380002, 'a plan writes nothing')
  const saved = await world.engine.saveValueList('hold', { pairs, message: 'as agreed', basedOn: before.revision }, 'kim')
  assert.deepEqual(saved, plan)
  await until('the row that was there follows', async () => (await wasOf()) === 806380003)
  const now = await listNamed(world, 'hold')
  assert.deepEqual(now.pairs, pairs, 'in their order')
  assert.deepEqual([now.saved?.by, now.saved?.isNew], ['kim', false])
  assert.ok(now.maps.length > 0)
  for (const map of now.maps) {
    const [entry] = await world.engine.listActivity({ map, rowsMax: 1 })
    assert.deepEqual([entry?.action, entry?.actor, entry?.details.list], ['value list saved', 'kim', 'hold'], map)
    assert.deepEqual(entry?.details.maps, now.maps)
  }

  await assert.rejects(
    world.engine.saveValueList('hold', { pairs: before.pairs, message: 'late', basedOn: before.revision }, 'lee'),
    { code: 'dual_write.conflict' },
  )
  await world.engine.resetValueList('hold', 'kim')
  await until('the row follows back', async () => (await wasOf()) === 806380002)
  assert.deepEqual((await listNamed(world, 'hold')).pairs, before.pairs)
  await assert.rejects(world.engine.resetValueList('hold', 'kim'), { code: 'dual_write.not_found' })
})

test('a list that a map cannot work with is refused with the place, and nothing changes', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  const { pairs, revision } = await listNamed(world, 'hold')
  const wrong = [...pairs, { erp: 'Sometimes', portal: 'sometimes' }]
  const [user] = (await world.engine.planValueList('hold', wrong)).maps
  assert.deepEqual(
    user?.findings.map((one) => one.code),
    ['DIPV1030'],
  )
  await assert.rejects(world.engine.saveValueList('hold', { pairs: wrong, message: 'm', basedOn: revision }, 'kim'), {
    code: 'dual_write.invalid_map',
  })
  const twice = [...pairs, { erp: 'ALL', portal: null }]
  await assert.rejects(world.engine.planValueList('hold', twice), { code: 'request.invalid', message: /“ALL” stands in/ })
  await assert.rejects(world.engine.planValueList('No Name', []), { code: 'request.invalid' })
  assert.deepEqual((await listNamed(world, 'hold')).pairs, pairs)

  // A new one goes again without a trace; a name that is taken is told.
  const fresh = { pairs: [{ erp: '10', portal: 'ten' }], message: 'new', basedOn: '' }
  await world.engine.saveValueList('speed', fresh, 'kim')
  assert.equal((await listNamed(world, 'speed')).saved?.isNew, true)
  await assert.rejects(world.engine.saveValueList('speed', fresh, 'lee'), { code: 'dual_write.conflict' })
  await world.engine.resetValueList('speed', 'kim')
  assert.ok((await world.engine.listValueLists()).every((one) => one.name !== 'speed'))
})

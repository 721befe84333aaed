import assert from 'node:assert/strict'
import test from 'node:test'
import { catalog, placeOrder, quiet, setUp, until } from '../../tests/support/dual-write-world.ts'
import { optionOf } from '../tables/definition.ts'

const CANCELED = optionOf(catalog.get('salesorder'), 'msdyn_processingstatus', 'canceled')

test('new orders that are given up with a queue are cancelled, those that the ERP has are not, and a later copy leaves them here', async () => {
  await using world = await setUp()
  await world.engine.whenRunning()
  await quiet(world)
  for (const map of ['sales-order-headers', 'sales-order-lines']) await world.engine.pauseMap(map, 'kim')
  await placeOrder(world, 'R-1')
  const known = await world.row('salesorder', 'msdyn_salesordernumber', 'SO-1')
  await world.edit('salesorder', known.salesorderid, { shipto_city: 'Lost' })
  for (const map of ['sales-order-headers', 'sales-order-lines']) {
    const { token } = await world.engine.lossesOf(map)
    await world.engine.resumeMap(map, 'kim', { queue: 'discard', confirmLoss: token })
  }
  await quiet(world)
  const statusOf = async (number: string) => (await world.row('salesorder', 'ordernumber', number)).msdyn_processingstatus
  assert.equal(await statusOf('R-1'), CANCELED)
  assert.notEqual((await world.row('salesorder', 'msdyn_salesordernumber', 'SO-1')).msdyn_processingstatus, CANCELED)

  await world.engine.stopMap('sales-order-headers', 'kim')
  await world.engine.runMap('sales-order-headers', 'kim')
  await until('everything is copied', async () => {
    const parts = await world.engine.copyProgress('sales-order-headers')
    return parts.some((part) => part.direction === 'toErp') && parts.every((part) => part.state === 'done')
  })
  await quiet(world)
  assert.equal(world.erp.rows('CDSSalesOrderHeaders').length, 1)
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { AppError } from '#lib/app-error.ts'
import { quiet, setUp, until } from '../../../tests/support/dual-write-world.ts'

const RETAIL = 'dataAreaId=usmf,GroupCode=RETAIL'

test('where the ERP has forgotten the cursor of its changes, the records are read through, and a new cursor tells what comes after', async () => {
  const asked: (string | undefined)[] = []
  let isForgotten = false
  await using world = await setUp({
    before: (erp) => {
      const { readChanges, capabilities } = erp.connector
      Object.assign(erp.connector, { capabilities: { ...capabilities, events: false } })
      erp.connector.readChanges = async (request, signal) => {
        if (request.entity !== 'PriceCustomerGroups') return (await readChanges?.(request, signal)) ?? assert.fail()
        if (isForgotten) asked.push(request.since)
        if (isForgotten && asked.length === 1) throw new AppError('connector.cursor_lost', 'That was too long ago')
        return (await readChanges?.(request, signal)) ?? assert.fail()
      }
    },
  })
  await world.engine.whenRunning()
  const nameIs = (name: string) => async () => (await world.row('pricelevel', 'name', 'RETAIL')).description === name
  world.erp.change('PriceCustomerGroups', RETAIL, { GroupName: 'Told' })
  await until('a change is told', nameIs('Told'))

  // Nobody will tell of this one: the new cursor begins after it.
  isForgotten = true
  world.erp.change('PriceCustomerGroups', RETAIL, { GroupName: 'Forgotten' })
  world.erp.put('PriceCustomerGroups', { dataAreaId: 'usmf', GroupCode: 'NEW', GroupName: 'Forgotten, too' })
  await until('the change is found', nameIs('Forgotten'))
  await quiet(world)
  await world.row('pricelevel', 'name', 'NEW')
  assert.deepEqual([typeof asked[0], asked[1]], ['string', undefined])

  world.erp.change('PriceCustomerGroups', RETAIL, { GroupName: 'Told again' })
  await until('what comes after is told', nameIs('Told again'))
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { isAppError } from '#lib/app-error.ts'
import { createPeople, visitorFor } from '../../tests/support/people.ts'
import { deleteStoredView, listStoredViews } from './views.queries.ts'
import { runView, saveView } from './views.ts'

test('a view belongs to who made it, can be shared, and shows each reader what permissions leave', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const { nora, may } = people.contacts
  const fetch =
    '<fetch><entity name="salesorder"><attribute name="ordernumber"/><order attribute="ordernumber"/></entity></fetch>'
  const asOf = { nowMs: people.place.clock.nowMs(), timeZone: 'UTC', contactId: null, accountId: null }
  const ground = (who: 'nora' | 'admin') => ({ catalog, reach: people.permissions.reach(visitorFor(people, who)), asOf })
  await database.transaction(async (tx) => {
    const input = { name: ' Orders ', fetch, shared: false, widths: { ordernumber: 120, nothing: 5 } }
    const view = await saveView(tx, catalog, nora, input)
    assert.deepEqual([view.name, view.widths], ['Orders', { ordernumber: 120 }])
    const names = async (person: string) => (await listStoredViews(tx, 'salesorder', person)).map((one) => one.name)
    assert.deepEqual([await names(nora), await names(may)], [['Orders'], []])
    await saveView(tx, catalog, nora, { ...input, id: view.id, shared: true })
    assert.deepEqual(await names(may), ['Orders'])

    const rows = async (who: 'nora' | 'admin', page: { number: number; rowsMax: number }) =>
      (await runView(tx, ground(who), may, view.id, page)).rows.map((row) => row.ordernumber)
    assert.deepEqual(await rows('nora', { number: 1, rowsMax: 50 }), ['W-1', 'W-2'])
    assert.deepEqual(await rows('admin', { number: 2, rowsMax: 2 }), ['W-3'])

    const notFound = (error: unknown) => isAppError(error) && error.code === 'view.not_found'
    await assert.rejects(saveView(tx, catalog, may, { ...input, id: view.id }), notFound)
    assert.equal(await deleteStoredView(tx, view.id, may), false)
    assert.equal(await deleteStoredView(tx, view.id, nora), true)
    await assert.rejects(runView(tx, ground('nora'), nora, view.id, { number: 1, rowsMax: 5 }), notFound)
    const bad = { ...input, fetch: fetch.replace('ordernumber', 'nothing') }
    await assert.rejects(saveView(tx, catalog, nora, bad), (error) => isAppError(error) && error.code === 'fetch.invalid')
  })
})

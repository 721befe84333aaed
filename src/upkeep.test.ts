import assert from 'node:assert/strict'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { listRowHistory } from '#tables/history.queries.ts'
import { engineRows } from '#tables/predicate.ts'
import { updateRow } from '#tables/rows.queries.ts'
import { createPeople } from '../tests/support/people.ts'
import { startUpkeep, sweep } from './upkeep.ts'

test('what is older than it is to be kept goes, the rest stays, and the timer lets a program end', async () => {
  await using people = await createPeople()
  const { database, catalog } = people.place
  const rowId = people.contacts.jane
  const contact = catalog.get('contact')
  const rename = (jobtitle: string) =>
    database.transaction((tx) => updateRow(tx, contact, rowId, { jobtitle }, { predicate: engineRows }))
  await rename('Buyer')
  await database.transaction((tx) => tx`update tables.row_history set at = at - interval '40 days'`)
  await rename('Head')
  await sweep({ database, catalog, historyDays: 30, log: silentLog })
  const left = await database.read((tx) => listRowHistory(tx, { table: 'contact', rowId, before: null, rowsMax: 10 }))
  assert.deepEqual(
    left.map((one) => one.after),
    [{ jobtitle: 'Head' }],
  )
  await startUpkeep({ database, catalog, historyDays: 30, log: silentLog }).stop()
})

import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { behindWall } from '#access/wall.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createPeople, type People, visitorFor } from '../../tests/support/people.ts'
import { applyCustomization } from './customizing.ts'
import {
  findDeletion,
  forgetHistory,
  listRowHistory,
  listTransaction,
  type RowHistoryEntry,
  setSurface,
} from './history.queries.ts'
import { openCatalog } from './live-catalog.ts'
import { engineRows } from './predicate.ts'
import { deleteRow, insertRows, type RowValues, setActor, setOrigin, updateRow } from './rows.queries.ts'

let people: People
before(async () => {
  people = await createPeople()
})
after(() => people[Symbol.asyncDispose]())

const table = (name: string) => people.place.catalog.get(name)

async function insert(name: string, values: RowValues): Promise<string> {
  const [id] = await people.place.database.transaction((tx) => insertRows(tx, table(name), [values]))
  assert.ok(id)
  return id
}

function change(name: string, id: string, values: RowValues): Promise<boolean> {
  return people.place.database.transaction((tx) => updateRow(tx, table(name), id, values, { predicate: engineRows }))
}

function remove(name: string, id: string): Promise<boolean> {
  return people.place.database.transaction((tx) => deleteRow(tx, table(name), id, engineRows))
}

function historyOf(name: string, rowId: string, before: number | null = null, rowsMax = 50): Promise<RowHistoryEntry[]> {
  return people.place.database.read((tx) => listRowHistory(tx, { table: name, rowId, before, rowsMax }))
}

const NEW_ACCOUNT = { accountnumber: 'H-1', name: 'One' }

test('every change of a row is told with its columns before and after, newest first, page by page', async () => {
  const id = await insert('account', { ...NEW_ACCOUNT, msdyn_company: people.usmf })
  await change('account', id, { name: 'Two', telephone1: '1' })
  await change('account', id, { name: 'Two', telephone1: '1' })
  await change('account', id, { telephone1: null })
  const all = await historyOf('account', id)
  assert.deepEqual(
    all.map((one) => [one.operation, one.before, one.after]),
    [
      ['update', { telephone1: '1' }, { telephone1: null }],
      ['update', { name: 'One', telephone1: null }, { name: 'Two', telephone1: '1' }],
      ['create', null, { ...NEW_ACCOUNT, accountid: id, msdyn_company: people.usmf, statecode: '0' }],
    ],
  )
  assert.ok(
    all.every((one, i) => i === 0 || one.version < (all[i - 1]?.version ?? 0)),
    'versions rise',
  )
  const first = await historyOf('account', id, null, 2)
  const rest = await historyOf('account', id, first.at(-1)?.number ?? 0, 2)
  assert.deepEqual([...first, ...rest], all)
  assert.deepEqual(await historyOf('contact', id), [], 'of this table alone')
})

test('an entry says who wrote and from where: a visitor behind the wall, Studio, a table map', async () => {
  const { database } = people.place
  const jane = visitorFor(people, 'jane')
  const rename = (values: RowValues) => ({ table: table('contact'), id: people.contacts.jane, values })
  await behindWall(database, jane).transaction(async (tx) => {
    await setActor(tx, jane.contactId)
    const { table: contact, id, values } = rename({ jobtitle: 'Buyer' })
    await updateRow(tx, contact, id, values, { predicate: engineRows })
  })
  await database.transaction(async (tx) => {
    await setActor(tx, people.admin)
    await setSurface(tx, 'studio')
    await updateRow(tx, table('contact'), people.contacts.jane, { jobtitle: 'Head' }, { predicate: engineRows })
  })
  await database.transaction(async (tx) => {
    await setOrigin(tx, 'customers', { quiet: false })
    await updateRow(tx, table('contact'), people.contacts.jane, { jobtitle: 'Chief' }, { predicate: engineRows })
  })
  const told = (await historyOf('contact', people.contacts.jane)).slice(0, 3)
  assert.deepEqual(
    told.map(({ after, actor, origin, surface }) => [after?.jobtitle, actor, origin, surface]),
    [
      ['Chief', null, 'customers', null],
      ['Head', people.admin, null, 'studio'],
      ['Buyer', jane.contactId, null, null],
    ],
  )
  const peek = behindWall(database, jane).read((tx) => tx`select * from tables.row_history`)
  await assert.rejects(peek, /permission denied/, 'nobody behind the wall reads the history')
})

test('a quiet first copy leaves no history, and what is rolled back neither', async () => {
  const { database } = people.place
  const quiet = await database.transaction(async (tx) => {
    await setOrigin(tx, 'customers', { quiet: true })
    return insertRows(tx, table('account'), [{ ...NEW_ACCOUNT, accountnumber: 'H-2', msdyn_company: people.usmf }])
  })
  assert.deepEqual(await historyOf('account', quiet[0] ?? ''), [])
  const id = await insert('account', { ...NEW_ACCOUNT, accountnumber: 'H-3', msdyn_company: people.usmf })
  const failing = database.transaction(async (tx) => {
    await updateRow(tx, table('account'), id, { name: 'Never' }, { predicate: engineRows })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.equal((await historyOf('account', id)).length, 1)
})

test('deletions are remembered for every table, whole, with the lookups that they have emptied', async () => {
  const terms = await insert('msdyn_paymentterm', { msdyn_name: 'Net 30', msdyn_company: people.usmf })
  const lookup = [...table('account').columns.values()].find((one) => one.targets[0] === 'msdyn_paymentterm')
  assert.ok(lookup)
  const id = await insert('account', { accountnumber: 'H-4', msdyn_company: people.usmf, [lookup.name]: terms })
  assert.deepEqual(await historyOf('msdyn_paymentterm', terms), [], 'its changes are not asked for')
  await remove('msdyn_paymentterm', terms)
  const deletion = await people.place.database.read((tx) => findDeletion(tx, 'msdyn_paymentterm', terms))
  assert.equal(deletion?.before?.msdyn_name, 'Net 30')
  const together = await people.place.database.read((tx) => listTransaction(tx, deletion?.transactionId ?? 0, 10))
  assert.deepEqual(together.map((one) => [one.operation, one.table, one.rowId]).sort(), [
    ['delete', 'msdyn_paymentterm', terms],
    ['update', 'account', id],
  ])

  // A lookup of a table whose own changes nobody asked for: still known, because the deletion did it.
  const currency = await insert('transactioncurrency', { isocurrencycode: 'XTS', currencyname: 'Test' })
  const product = await insert('product', {
    msdyn_productnumber: 'H-P',
    msdyn_company: people.usmf,
    transactioncurrencyid: currency,
  })
  await change('product', product, { name: 'Renamed' })
  assert.deepEqual(await historyOf('product', product), [])
  await remove('transactioncurrency', currency)
  const [emptied] = await historyOf('product', product)
  assert.deepEqual([emptied?.before, emptied?.after], [{ transactioncurrencyid: currency }, { transactioncurrencyid: null }])
})

test('a definition switches history on and off while the table is used; old entries stay', async () => {
  const { database } = people.place
  await using catalog = Object.assign(await openCatalog({ database, log: silentLog }), {
    async [Symbol.asyncDispose]() {
      await catalog.close()
    },
  })
  const ground = { database, catalog, clock: systemClock }
  const note = (history?: boolean) => ({
    table: 'contoso_note',
    set: 'contoso_notes',
    id: 'contoso_noteid',
    name: 'contoso_text',
    scope: 'global',
    ...(history === undefined ? {} : { history }),
    columns: { contoso_text: { type: 'string', length: 20 } },
  })
  const apply = (document: object) => applyCustomization(ground, document, { by: 'a test', message: 'to see' })
  const write = async (text: string, id?: string) => {
    const definition = catalog.get('contoso_note')
    return database.transaction(async (tx) => {
      if (id === undefined) return (await insertRows(tx, definition, [{ contoso_text: text }]))[0] ?? ''
      await updateRow(tx, definition, id, { contoso_text: text }, { predicate: engineRows })
      return id
    })
  }
  await apply(note())
  const id = await write('a')
  await write('b', id)
  await apply(note(false))
  await write('c', id)
  await apply(note(true))
  await write('d', id)
  const texts = (await historyOf('contoso_note', id)).map((one) => [one.before?.contoso_text, one.after?.contoso_text])
  assert.deepEqual(texts, [
    ['c', 'd'],
    ['a', 'b'],
    [undefined, 'a'],
  ])
})

test('what is older than its time is forgotten, some at a time', async () => {
  const { database } = people.place
  const id = await insert('account', { ...NEW_ACCOUNT, accountnumber: 'H-5', msdyn_company: people.usmf })
  for (const name of ['b', 'c', 'd']) await change('account', id, { name })
  const forget = (entriesMax: number) => database.transaction((tx) => forgetHistory(tx, { days: 30, entriesMax }))
  assert.equal(await forget(100), 0)
  const aged = await database.transaction(
    (tx) =>
      tx`update tables.row_history set at = at - interval '31 days' where row_id <> ${id}::uuid or operation = 'create' returning 1`,
  )
  assert.ok(aged.length > 1)
  assert.equal(await forget(1), 1)
  assert.equal(await forget(1_000), aged.length - 1)
  assert.deepEqual(
    (await historyOf('account', id)).map((one) => one.after?.name),
    ['d', 'c', 'b'],
  )
})

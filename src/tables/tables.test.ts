import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import { claimChanges, postponeChange, settleChange, subscribe } from './changes.queries.ts'
import { engineRows, noRows } from './predicate.ts'
import { cursorOf } from './query.ts'
import { countRows, findRow, insertRows, listRows, newRowId, setOrigin, updateRow } from './rows.queries.ts'
import { applyDefinitions } from './schema.ts'

async function setUp(): Promise<{ database: Database; catalog: Catalog; company: string } & AsyncDisposable> {
  const { database, ...rest } = await createTestDatabase()
  await migrate(database, [{ module: 'tables', folder: join(import.meta.dirname, 'migrations') }])
  const catalog = readCatalog()
  await applyDefinitions(database, catalog)
  const [company] = await database.transaction((tx) =>
    insertRows(tx, catalog.get('cdm_company'), [{ cdm_companycode: 'usmf', cdm_name: 'Contoso' }]),
  )
  return { database, catalog, company: company ?? '', [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

test('definitions become tables, and applying them again changes nothing', async () => {
  await using t = await setUp()
  assert.deepEqual(await applyDefinitions(t.database, t.catalog), [])
})

test('decimals and dates come back as they were written', async () => {
  await using t = await setUp()
  const product = t.catalog.get('product')
  const row = await t.database.transaction(async (tx) => {
    const [id] = await insertRows(tx, product, [
      { msdyn_productnumber: 'P1', msdyn_company: t.company, price: '2024.9940', name: 'Écrou "M8"' },
    ])
    return findRow(
      tx,
      t.catalog,
      { table: product, columns: ['price', 'name', 'msdyn_company.cdm_companycode'], predicate: engineRows },
      id ?? '',
    )
  })
  assert.equal(row?.price, '2024.9940')
  assert.equal(row?.name, 'Écrou "M8"')
  assert.equal(row?.['msdyn_company.cdm_companycode'], 'usmf')
})

test('a row outside the predicate cannot be found, counted, listed or changed', async () => {
  await using t = await setUp()
  const account = t.catalog.get('account')
  await t.database.transaction(async (tx) => {
    const [id = ''] = await insertRows(tx, account, [{ accountnumber: 'C1', name: 'One', msdyn_company: t.company }])
    const query = { table: account, columns: ['name'], predicate: noRows, rowsMax: 10 }
    assert.equal(await findRow(tx, t.catalog, query, id), undefined)
    assert.equal(await countRows(tx, t.catalog, query), 0)
    assert.deepEqual(await listRows(tx, t.catalog, query), [])
    assert.equal(await updateRow(tx, account, id, { name: 'Two' }, { predicate: noRows }), false)
    assert.equal(await updateRow(tx, account, id, { name: 'Two' }, { predicate: engineRows }), true)
  })
})

test('pages by cursor show every row once, with ties and nulls in the order column, in both directions', async () => {
  await using t = await setUp()
  const order = t.catalog.get('salesorder')
  const dates = [
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z',
    null,
    '2026-02-01T00:00:00Z',
    null,
    '2025-01-01T00:00:00Z',
    '2026-02-01T00:00:00Z',
  ]
  await t.database.transaction(async (tx) => {
    const ids = await insertRows(
      tx,
      order,
      dates.map((submitdate) => ({ submitdate, msdyn_company: t.company })),
    )
    for (const descending of [true, false]) {
      const seen: string[] = []
      const query = {
        table: order,
        columns: ['submitdate'],
        predicate: engineRows,
        orderBy: [{ column: 'submitdate', descending }],
        rowsMax: 2,
      }
      let rows = await listRows(tx, t.catalog, query)
      while (rows.length > 0) {
        seen.push(...rows.map((row) => String(row.salesorderid)))
        const last = rows.at(-1)
        assert.ok(last)
        rows = await listRows(tx, t.catalog, { ...query, after: cursorOf(query, last) })
      }
      assert.deepEqual([...seen].sort(), [...ids].sort())
    }
  })
})

test('changes are queued per row: the later waits for the earlier, travels with it, and settles with it', async () => {
  await using t = await setUp()
  const account = t.catalog.get('account')
  const id = newRowId()
  await t.database.transaction(async (tx) => {
    await subscribe(tx, 'account', 'customers', null)
    await insertRows(tx, account, [{ accountid: id, accountnumber: 'C1', name: 'One', msdyn_company: t.company }])
  })
  await t.database.transaction((tx) => updateRow(tx, account, id, { name: 'Two' }, { predicate: engineRows }))
  const claim = { subscribers: ['customers'], rowsMax: 10, leaseMs: 60_000 }
  const [change] = await t.database.transaction((tx) => claimChanges(tx, claim))
  assert.ok(change)
  assert.equal(change.operation, 'create')
  assert.deepEqual(await t.database.transaction((tx) => claimChanges(tx, claim)), [], 'a leased row is nobody else’s')

  await t.database.transaction((tx) => updateRow(tx, account, id, { name: 'Three' }, { predicate: engineRows }))
  assert.deepEqual(await t.database.transaction((tx) => claimChanges(tx, claim)), [], 'a later change waits for the leased one')
  assert.equal(
    await t.database.transaction((tx) => settleChange(tx, 'customers', { ...change, attempt: change.attempt + 1 })),
    false,
    'a lost lease cannot settle',
  )
  assert.equal(await t.database.transaction((tx) => settleChange(tx, 'customers', change)), true)

  const [later] = await t.database.transaction((tx) => claimChanges(tx, claim))
  assert.ok(later)
  assert.equal(later.operation, 'update')
  assert.deepEqual(later.columns, ['name'])
  assert.deepEqual(later.before, { name: 'Two' })
  await t.database.transaction((tx) => postponeChange(tx, 'customers', later, { afterMs: 0, code: 'x', reason: 'y' }))
  const [again] = await t.database.transaction((tx) => claimChanges(tx, claim))
  assert.equal(again?.attempt, 2)
})

test('a change written by a subscriber is not captured for it, and is for the others', async () => {
  await using t = await setUp()
  const account = t.catalog.get('account')
  await t.database.transaction(async (tx) => {
    await subscribe(tx, 'account', 'customers', null)
    await subscribe(tx, 'account', 'audit', null)
  })
  await t.database.transaction(async (tx) => {
    await setOrigin(tx, 'customers', { quiet: false })
    await insertRows(tx, account, [{ accountnumber: 'C9', msdyn_company: t.company }])
  })
  const claimed = await t.database.transaction((tx) =>
    claimChanges(tx, { subscribers: ['customers', 'audit'], rowsMax: 10, leaseMs: 1000 }),
  )
  assert.deepEqual(
    claimed.map((change) => change.subscriber),
    ['audit'],
  )
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../tests/support/database.ts'
import {
  applyCustomization,
  applyFiles,
  listCustomizations,
  listDefinitionHistory,
  listHidden,
  previewCustomization,
  purgeColumn,
  revertTo,
  type TablesGround,
  withdrawCustomization,
} from './customizing.ts'
import { openCatalog } from './live-catalog.ts'
import { engineRows } from './predicate.ts'
import { insertRows, listRows, type RowValues, updateRow } from './rows.queries.ts'
import { applyDefinitions } from './schema.ts'

const BY = { by: 'a test', message: 'to see' }

type World = TestDatabase & {
  ground: TablesGround
  insert(table: string, rows: readonly RowValues[]): Promise<string[]>
  rows(table: string, columns: readonly string[]): Promise<Record<string, unknown>[]>
}

async function setUp(): Promise<World> {
  const t = await createTestDatabase()
  await migrate(t.database, [{ module: 'tables', folder: join(import.meta.dirname, 'migrations') }])
  const catalog = await openCatalog({ database: t.database, log: silentLog })
  await applyDefinitions(t.database, catalog)
  return {
    ...t,
    ground: { database: t.database, catalog, clock: systemClock },
    insert: (table, rows) => t.database.transaction((tx) => insertRows(tx, catalog.get(table), rows)),
    rows: (table, columns) =>
      t.database.read((tx) =>
        listRows(tx, catalog, {
          table: catalog.get(table),
          columns,
          predicate: engineRows,
          orderBy: [{ column: 'createdon', descending: false }],
          rowsMax: 5_000,
        }),
      ),
    async [Symbol.asyncDispose]() {
      await catalog.close()
      await t[Symbol.asyncDispose]()
    },
  }
}

/** A table of its own with every type there is. */
const RMA = {
  table: 'contoso_rma',
  set: 'contoso_rmas',
  label: { en: 'Return', fr: 'Retour' },
  id: 'contoso_rmaid',
  name: 'number',
  scope: 'global',
  columns: {
    number: { type: 'string', length: 30, autonumber: 'RMA-{SEQNUM:5}-{DATETIMEUTC:yyyy}' },
    reason: { type: 'string', length: 40, required: true },
    story: { type: 'memo' },
    pieces: { type: 'integer', min: 1, max: 1000, default: 1 },
    serial: { type: 'bigint' },
    weight: { type: 'decimal', scale: 3 },
    value: { type: 'money' },
    urgent: { type: 'boolean', default: false },
    bought: { type: 'date' },
    seen: { type: 'datetime', behaviour: 'time_zone_independent' },
    state: { type: 'choice', options: { open: 1, done: { value: 2, label: { en: 'Done', fr: 'Fini' } } }, default: 'open' },
    damages: { type: 'choices', options: { scratched: 1, bent: 2, broken: 3 } },
    accountid: { type: 'lookup', target: 'account', onDelete: 'restrict', collection: 'contoso_returns' },
    sender: { type: 'customer' },
    outside: { type: 'uniqueidentifier' },
    paper: { type: 'file', maxKb: 100, accept: ['application/pdf'] },
    picture: { type: 'image' },
    total: { type: 'money', calculated: 'pieces mul value', scale: 2 },
    title: { type: 'string', length: 60, calculated: "concat(toupper(reason), ' x ', pieces)" },
  },
  keys: { number: ['number'] },
  search: ['reason'],
}

async function insertAccount(world: World, number = 'A1'): Promise<{ account: string; company: string }> {
  const [company = ''] = await world.insert('cdm_company', [{ cdm_companycode: `c${number}`, cdm_name: number }])
  const [account = ''] = await world.insert('account', [{ accountnumber: number, name: number, msdyn_company: company }])
  return { account, company }
}

test('a table of one’s own holds every type, with defaults, numbers and calculated columns', async () => {
  await using world = await setUp()
  await applyCustomization(world.ground, RMA, BY)
  const { account } = await insertAccount(world)
  const guid = '018f0000-0000-7000-8000-000000000001'
  const row = {
    reason: 'too small',
    story: 'été\n"quoted"',
    pieces: 3,
    serial: '9007199254740991',
    weight: '1.250',
    value: '19.9900',
    urgent: true,
    bought: '2026-02-28',
    seen: '2026-11-23T10:00:00.123Z',
    state: 2,
    damages: '1,3',
    accountid: account,
    sender: account,
    sendertype: 'account',
    outside: guid,
    paper: guid,
    picture: guid,
  }
  await world.insert('contoso_rma', [row])
  await world.insert('contoso_rma', [{ reason: 'wrong colour' }])
  const columns = [...Object.keys(row), 'number', 'total', 'title']
  const [{ createdon: _, contoso_rmaid: __, ...first } = {}, second] = await world.rows('contoso_rma', columns)
  const year = new Date().getUTCFullYear()
  assert.deepEqual(first, {
    ...row,
    serial: 9007199254740991,
    number: `RMA-00001-${year}`,
    total: '59.97',
    title: 'TOO SMALL x 3',
  })
  assert.equal(second?.number, `RMA-00002-${year}`)
  assert.deepEqual([second?.pieces, second?.urgent, second?.state, second?.total], [1, false, 1, null])
  assert.equal(second?.title, 'WRONG COLOUR x 1')
})

test('PostgreSQL itself holds bounds, forms of choices, keys, lookups and customers', async () => {
  await using world = await setUp()
  await applyCustomization(world.ground, RMA, BY)
  const { account } = await insertAccount(world)
  const refused = (values: RowValues) =>
    assert.rejects(world.insert('contoso_rma', [{ reason: 'x', ...values }]), /contoso_rma|rule|violates|points/)
  await refused({ pieces: 0 })
  await refused({ pieces: 1001 })
  await refused({ reason: null })
  await refused({ reason: 'x'.repeat(41) })
  await refused({ accountid: '018f0000-0000-7000-8000-000000000001' })
  await refused({ sender: '018f0000-0000-7000-8000-000000000001', sendertype: 'account' })
  await refused({ sender: account, sendertype: 'contact' })
  await world.insert('contoso_rma', [{ reason: 'one', number: 'same', sender: account, sendertype: 'account' }])
  await refused({ number: 'same' })
  // A deleted customer leaves the lookup empty, as onDelete says; a restricted lookup keeps its account.
  const { account: other } = await insertAccount(world, 'A2')
  await world.insert('contoso_rma', [{ reason: 'two', accountid: other }])
  await assert.rejects(world.database.pool.query('delete from tables.account where accountid = $1', [other]), /foreign key/)
  await world.database.pool.query('delete from tables.account where accountid = $1', [account])
  const [first] = await world.rows('contoso_rma', ['sender', 'sendertype'])
  assert.deepEqual([first?.sender, first?.sendertype], [null, null])
})

test('all problems of all files are told at once, by file and place', async () => {
  await using world = await setUp()
  const files = [
    {
      place: 'a.yaml',
      content: { extend: 'account', columns: { code: { type: 'string' }, contoso_n: { type: 'integer', min: 5, max: 1 } } },
    },
    { place: 'b.yaml', content: { extend: 'nothing', columns: {} } },
    {
      place: 'c.yaml',
      content: {
        ...RMA,
        columns: {
          ...RMA.columns,
          bad: { type: 'lookup' },
          worse: { type: 'decimal', calculated: 'pieces mul nothing' },
          number: { type: 'string', autonumber: '{SEQNUM}' },
          createdon: { type: 'date' },
          picky: { type: 'string', pattern: { expression: '(', message: 'x' } },
        },
        keys: { k: ['none'] },
      },
    },
    { place: 'd.yaml', content: { ...RMA, extra: 1 } },
  ]
  await assert.rejects(applyFiles(world.ground, files, BY), (error: Error) => {
    for (const part of [
      'a.yaml: columns.code: a name of yours begins with a prefix',
      'a.yaml: columns.contoso_n.min: 5 is above the max 1',
      'b.yaml: extend: there is no standard table nothing',
      'c.yaml: columns.bad.target: a lookup needs the table',
      'c.yaml: columns.worse.calculated: The expression cannot be used at character 12: the table contoso_rma has no column nothing',
      'c.yaml: columns.number.autonumber: The autonumber cannot be used',
      'c.yaml: columns.createdon: every table has this column',
      'c.yaml: columns.picky.pattern: "(" is not a regular expression',
      'c.yaml: keys.k: the table has no column none',
      'd.yaml: the document',
    ])
      assert.ok(error.message.includes(part), `${part}\nis not in\n${error.message}`)
    return true
  })
  assert.deepEqual(await listCustomizations(world.database), [])
})

test('a column that is defined no more is hidden with its values, comes back with them, and goes only when purged by name', async () => {
  await using world = await setUp()
  const code = {
    extend: 'account',
    columns: { contoso_code: { type: 'string', length: 10, required: false }, contoso_note: { type: 'memo' } },
  }
  await applyCustomization(world.ground, code, BY)
  const { account } = await insertAccount(world)
  const table = () => world.ground.catalog.get('account')
  await world.database.transaction((tx) =>
    updateRow(tx, table(), account, { contoso_code: 'gold', contoso_note: 'n' }, { predicate: engineRows }),
  )
  const plan = await applyCustomization(world.ground, { extend: 'account', columns: { contoso_note: { type: 'memo' } } }, BY)
  assert.ok(plan.steps.some((step) => step.what === 'Hides account.contoso_code; its values are kept'))
  assert.equal(table().columns.has('contoso_code'), false)
  assert.deepEqual(await listHidden(world.ground), [{ table: 'account', column: 'contoso_code', type: 'string', values: 1 }])
  await applyCustomization(world.ground, code, BY)
  assert.equal((await world.rows('account', ['contoso_code']))[0]?.contoso_code, 'gold')

  await assert.rejects(purgeColumn(world.ground, 'account', 'contoso_code', { ...BY, confirm: ['account.contoso_code'] }), {
    code: 'tables.in_use',
  })
  await withdrawCustomization(world.ground, 'account', BY)
  await assert.rejects(purgeColumn(world.ground, 'account', 'contoso_code', BY), (error: Error) =>
    error.message.includes('1 values of account.contoso_code would be gone'),
  )
  // What a hidden column was made as, it stays: another type would misread its values.
  await assert.rejects(applyCustomization(world.ground, { extend: 'account', columns: { contoso_code: { type: 'date' } } }, BY), {
    code: 'tables.cannot_change',
  })
  assert.equal(await purgeColumn(world.ground, 'account', 'contoso_code', { ...BY, confirm: ['account.contoso_code'] }), 1)
  await applyCustomization(world.ground, { extend: 'account', columns: { contoso_code: { type: 'date' } } }, BY)
  assert.equal((await world.rows('account', ['contoso_code']))[0]?.contoso_code, null)
  assert.equal((await listDefinitionHistory(world.database, { rowsMax: 10 })).length, 6)
})

test('what would lose data says what and how much, and asks; what cannot be kept is refused', async () => {
  await using world = await setUp()
  const { reason: _, number: __, title: ___, total: ____, ...rest } = RMA.columns
  const document = (columns: Record<string, object>, keys = {}) => ({
    ...RMA,
    columns: { ...rest, number: { type: 'string' }, reason: { type: 'string', length: 40 }, ...columns },
    keys,
  })
  await applyCustomization(world.ground, document({}), BY)
  await world.insert('contoso_rma', [
    { reason: 'a long reason', pieces: 5 },
    { reason: 'short', pieces: 900 },
    { reason: null, pieces: 5 },
  ])
  const before = await world.rows('contoso_rma', ['reason', 'pieces'])

  const narrow = document({ reason: { type: 'string', length: 6 } })
  assert.deepEqual((await previewCustomization(world.ground, narrow)).losses, [
    {
      confirm: 'contoso_rma.reason',
      says: '1 texts of contoso_rma.reason have more than 6 characters and would be cut',
      rows: 1,
    },
  ])
  await assert.rejects(applyCustomization(world.ground, narrow, BY), { code: 'tables.would_lose_data' })
  const problems = async (columns: Record<string, object>, keys = {}) =>
    (await previewCustomization(world.ground, document(columns, keys))).refusals
  assert.match((await problems({ pieces: { type: 'integer', max: 100 } })).join(), /^1 rows of contoso_rma hold a pieces/)
  assert.match(
    (await problems({ reason: { type: 'string', length: 40, required: true } })).join(),
    /^1 rows of contoso_rma have no reason/,
  )
  assert.match((await problems({}, { pieces: ['pieces'] })).join(), /^2 rows of contoso_rma share their pieces/)
  assert.match((await problems({ pieces: { type: 'date' } })).join(), /cannot become a date/)
  assert.match((await problems({ fresh: { type: 'date', required: true } })).join(), /give it a default/)
  assert.deepEqual(await world.rows('contoso_rma', ['reason', 'pieces']), before)

  await applyCustomization(world.ground, narrow, { ...BY, confirm: ['contoso_rma.reason'] })
  assert.deepEqual(
    (await world.rows('contoso_rma', ['reason'])).map((row) => row.reason),
    ['a long', 'short', null],
  )
  // With a default the empty ones are filled, if somebody agrees.
  const filled = document({ reason: { type: 'string', length: 6, required: true, default: 'none' } })
  await assert.rejects(applyCustomization(world.ground, filled, BY), { code: 'tables.would_lose_data' })
  await applyCustomization(world.ground, filled, { ...BY, confirm: ['contoso_rma.reason'] })
  assert.equal((await world.rows('contoso_rma', ['reason']))[2]?.reason, 'none')
})

test('a filled table gets keys, bounds and required columns beside its users, and a key that rows break leaves it as it was', async () => {
  await using world = await setUp()
  const document = (column: object, keys = {}) => ({
    ...RMA,
    columns: { number: { type: 'string' }, pieces: column },
    keys,
    search: [],
  })
  await applyCustomization(world.ground, document({ type: 'integer' }), BY)
  await world.insert(
    'contoso_rma',
    Array.from({ length: 1_500 }, (_, i) => ({ number: `N${i}`, pieces: i })),
  )
  const plan = await applyCustomization(
    world.ground,
    document({ type: 'integer', min: 0, max: 1500, required: true, default: 1 }, { number: ['number'] }),
    BY,
  )
  assert.ok(
    plan.steps.some(
      (step) => step.phase === 'build' && step.sql.some((one) => one.startsWith('create unique index concurrently')),
    ),
  )
  await assert.rejects(world.insert('contoso_rma', [{ number: 'N1', pieces: 1 }]), /same key/)
  await assert.rejects(world.insert('contoso_rma', [{ number: 'new', pieces: -1 }]))
  assert.match(
    (await previewCustomization(world.ground, document({ type: 'bigint' }, { number: ['number'] }))).steps
      .map((step) => step.what)
      .join(),
    /from integer to bigint/,
  )
})

test('files are the source of their tables, stored documents of theirs, and neither overwrites the other', async () => {
  await using world = await setUp()
  const file = { place: 'account.yaml', content: { extend: 'account', columns: { contoso_code: { type: 'string', length: 5 } } } }
  await applyFiles(world.ground, [file], BY)
  assert.deepEqual((await applyFiles(world.ground, [file], BY)).steps, [], 'unchanged files change nothing')
  await assert.rejects(applyCustomization(world.ground, { extend: 'account', columns: {} }, BY), { code: 'tables.from_file' })
  await applyCustomization(world.ground, RMA, BY)
  await assert.rejects(applyFiles(world.ground, [file, { place: 'rma.yaml', content: RMA }], BY), { code: 'tables.from_file' })
  await applyFiles(world.ground, [], BY)
  assert.equal(world.ground.catalog.get('account').columns.has('contoso_code'), false)
  assert.ok(world.ground.catalog.tables.has('contoso_rma'))
})

test('two processes see a change at once, and what depends on the tables is asked before', async () => {
  await using world = await setUp()
  const other = await openCatalog({ database: world.database, log: silentLog })
  const seen = new Promise<void>((done) =>
    other.addDependent({ changed: () => (other.tables.has('contoso_rma') ? done() : undefined) }),
  )
  try {
    await applyCustomization(world.ground, RMA, BY)
    await seen
    assert.equal(other.findBySet('contoso_rmas')?.name, 'contoso_rma')
    assert.deepEqual(
      other
        .pointingTo('account')
        .filter((one) => one.table.name === 'contoso_rma')
        .map((one) => one.lookup.name),
      ['accountid', 'sender'],
    )
    world.ground.catalog.addDependent({
      problemsWith: (next) => (next.tables.has('contoso_rma') ? [] : ['the list returns shows contoso_rma']),
    })
    await assert.rejects(withdrawCustomization(world.ground, 'contoso_rma', BY), { code: 'tables.in_use' })
  } finally {
    await other.close()
  }
})

test('going back to a version brings its definitions back with all values', async () => {
  await using world = await setUp()
  await applyCustomization(world.ground, RMA, BY)
  await world.insert('contoso_rma', [{ reason: 'kept', damages: null }])
  await revertTo(world.ground, 0, BY)
  assert.equal(world.ground.catalog.tables.has('contoso_rma'), false)
  assert.deepEqual(
    (await listHidden(world.ground)).map((one) => [one.table, one.values]),
    [['contoso_rma', 1]],
  )
  await revertTo(world.ground, 1, BY)
  assert.equal((await world.rows('contoso_rma', ['reason']))[0]?.reason, 'kept')
  await revertTo(world.ground, 0, BY)
  assert.equal(await purgeColumn(world.ground, 'contoso_rma', null, { ...BY, confirm: ['contoso_rma'] }), 1)
  assert.deepEqual(await listHidden(world.ground), [])
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { isAppError } from '#lib/app-error.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { applyCustomization, revertTo, type TablesGround, withdrawCustomization } from './customizing.ts'
import { openCatalog } from './live-catalog.ts'
import { applyDefinitions } from './schema.ts'

const BY = { by: 'a test', message: 'random' }
/** Changes that may be refused for what rows hold, and never lose anything without being asked. */
const EXPECTED = new Set(['tables.would_lose_data', 'tables.cannot_change', 'tables.invalid'])

const FIRST = {
  extend: 'cdm_company',
  columns: {
    acme_text: { type: 'string', length: 20 },
    acme_memo: { type: 'memo' },
    acme_int: { type: 'integer' },
    acme_big: { type: 'bigint' },
    acme_money: { type: 'money' },
    acme_choice: { type: 'choice', options: { one: 1, two: 2 } },
    acme_many: { type: 'choices', options: { one: 1, two: 2 } },
    acme_parent: { type: 'lookup', target: 'cdm_company' },
    acme_who: { type: 'customer' },
    acme_sum: { type: 'decimal', calculated: 'acme_int add acme_money' },
  },
  keys: { acme_text: ['acme_text'] },
}

const options = { one: 1, two: 2, three: 3 }
/** Mostly as it was at first, so that not every change is refused for one of its columns. */
const varied = (name: keyof typeof FIRST.columns | undefined, column: fc.Arbitrary<object>): fc.Arbitrary<object | undefined> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(name === undefined ? undefined : FIRST.columns[name]) },
    { weight: 2, arbitrary: column },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
const flags = { required: fc.boolean() }
const bounds = fc.constantFrom({}, { min: 0 }, { max: 3 }, { min: -5, max: 1_000 })
const number = (...types: string[]) =>
  fc.tuple(fc.constantFrom(...types), bounds, fc.record(flags)).map(([type, bound, flag]) => ({ type, ...bound, ...flag }))

/** Any definition over the same names: other types, lengths, bounds and expressions, or the column left out. */
const document = fc
  .record({
    acme_text: varied(
      'acme_text',
      fc
        .tuple(fc.constantFrom('string', 'memo', 'date'), fc.integer({ min: 1, max: 30 }), fc.record(flags))
        .map(([type, length, flag]) => ({ type, ...flag, ...(type === 'date' ? {} : { length }) })),
    ),
    acme_memo: varied(
      'acme_memo',
      fc.constantFrom({ type: 'memo' }, { type: 'string', length: 3 }, { type: 'string', length: 50, default: 'x' }),
    ),
    acme_int: varied(
      'acme_int',
      number('integer', 'bigint', 'decimal', 'choice').map((one) => (one.type === 'choice' ? { type: 'choice', options } : one)),
    ),
    acme_big: varied('acme_big', number('integer', 'bigint', 'money')),
    acme_money: varied('acme_money', number('money', 'decimal', 'integer')),
    acme_choice: varied(
      'acme_choice',
      fc.constantFrom({ type: 'choice', options, default: 'three' }, { type: 'choices', options }, { type: 'integer', max: 1 }),
    ),
    acme_many: varied('acme_many', fc.constantFrom({ type: 'choices', options }, { type: 'choice', options })),
    acme_parent: varied(
      'acme_parent',
      fc.constantFrom(
        { type: 'lookup', target: 'cdm_company', onDelete: 'restrict' },
        { type: 'lookup', target: 'account' },
        { type: 'file' },
      ),
    ),
    acme_who: varied(
      'acme_who',
      fc.constantFrom({ type: 'customer', onDelete: 'cascade' }, { type: 'lookup', target: 'contact' }),
    ),
    acme_sum: varied(
      'acme_sum',
      fc.constantFrom(
        { type: 'decimal', calculated: 'acme_int mul 2' },
        { type: 'money', calculated: 'acme_money sub acme_big', scale: 1 },
        { type: 'string', calculated: "concat(acme_text, '!')", length: 5 },
      ),
    ),
    acme_new: varied(
      undefined,
      fc.constantFrom({ type: 'boolean', default: true, required: true }, { type: 'string', autonumber: 'C-{SEQNUM:3}' }),
    ),
  })
  .chain((columns) => {
    const kept = Object.entries(columns).filter(([, column]) => column !== undefined)
    const names = kept.map(([name]) => name)
    return fc.record({
      extend: fc.constant('cdm_company'),
      columns: fc.constant(Object.fromEntries(kept)),
      keys:
        names.length === 0
          ? fc.constant({})
          : fc.option(
              fc.constantFrom(...names).map((name) => ({ acme_key: [name] })),
              { nil: {} },
            ),
      indexes:
        names.length === 0
          ? fc.constant([])
          : fc.subarray(names, { minLength: 1, maxLength: Math.min(2, names.length) }).map((some) => [some]),
    })
  })

test('definitions changed at random and then taken back leave every value as it was, and ask before any would go', async () => {
  await using t = await createTestDatabase()
  await migrate(t.database, [{ module: 'tables', folder: join(import.meta.dirname, 'migrations') }])
  const catalog = await openCatalog({ database: t.database, log: silentLog })
  const ground: TablesGround = { database: t.database, catalog, clock: systemClock }
  try {
    await applyDefinitions(t.database, catalog)
    await applyCustomization(ground, FIRST, BY)
    await fill(t.database)
    const before = await dump(t.database)
    let applied = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(document, { nil: null, freq: 6 }), { minLength: 1, maxLength: 4 }), async (changes) => {
        for (const change of changes)
          applied += Number(
            await attempt(() =>
              change === null ? withdrawCustomization(ground, 'cdm_company', BY) : applyCustomization(ground, change, BY),
            ),
          )
        assert.deepEqual(await applyDefinitions(t.database, catalog), [], 'what holds is what is defined')
        await revertTo(ground, 1, BY)
        assert.deepEqual(await dump(t.database), before)
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 25) },
    )
    assert.ok(applied > 10, `only ${applied} changes were possible: this test tries nothing`)
  } finally {
    await catalog.close()
  }
})

async function attempt(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await change()
    return true
  } catch (error) {
    if (isAppError(error) && (EXPECTED.has(error.code) || error.code === 'tables.unknown_table')) return false
    throw error
  }
}

async function fill(database: Database): Promise<void> {
  await database.pool.query(
    `
    insert into tables.cdm_company (cdm_companyid, cdm_companycode, acme_text, acme_memo, acme_int, acme_big, acme_money, acme_choice, acme_many)
    values (gen_random_uuid(), 'a', 'short', 'a long memo', 1, 5000000000, 2.50, 1, '{1,2}'),
           (gen_random_uuid(), 'b', 'a text of some length', null, 2, 7, 3, 2, '{2}'),
           (gen_random_uuid(), 'c', null, 'é', null, null, null, null, null)`.replace(
      'a text of some length',
      'a text of length',
    ),
  )
  await database.pool.query(`
    insert into tables.account (accountid, accountnumber, msdyn_company) select gen_random_uuid(), 'A', cdm_companyid from tables.cdm_company where cdm_companycode = 'a'`)
  await database.pool.query(`
    update tables.cdm_company set acme_parent = cdm_companyid, acme_who = (select accountid from tables.account), acme_whotype = 'account' where cdm_companycode = 'a'`)
}

const KEPT = Object.keys(FIRST.columns).join(', ')

async function dump(database: Database): Promise<object[]> {
  const { rows } = await database.pool.query(`select cdm_companycode, ${KEPT}, acme_whotype from tables.cdm_company order by 1`)
  return rows
}

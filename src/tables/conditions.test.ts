import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { isAppError } from '#lib/app-error.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import type { Tx } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { identifier, sql } from '#postgres/sql.ts'
import { createTestDatabase } from '../../tests/support/database.ts'
import { HOSTILE } from '../../tests/support/hostile.ts'
import { type Catalog, readCatalog } from './catalog.ts'
import type { TableDefinition } from './definition.ts'
import { engineRows } from './predicate.ts'
import { compileDataverseCondition } from './query/conditions.ts'
import { type Columns, maskedColumn } from './query/scope.ts'
import type { AsOf } from './row-query.ts'
import { insertRows } from './rows.queries.ts'
import { applyDefinitions } from './schema.ts'
import { edges, SPANS } from './testing/wall-clock.ts'

/** Every operator against an evaluator that knows nothing of SQL: it looks at one value at a time, and at clocks minute by minute. */

test('every relative operator means the days that a wall clock shows, through changes of the clock too', async () => {
  await using t = await setUp()
  const nows = [
    '2026-03-29T10:20:30.500Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T23:30:00Z',
    '2027-01-01T03:00:00Z',
    '2024-02-29T12:00:00Z',
  ]
  for (const now of nows) {
    for (const timeZone of ['Europe/Paris', 'America/New_York']) {
      const asOf = { nowMs: Date.parse(now), timeZone, contactId: null, accountId: null }
      for (const [operator, holds] of Object.entries(SPANS)) {
        const values = operator.includes('-x-') ? ['3'] : []
        const moments = [...edges(asOf)]
        const found = await t.holds('createdon', 'timestamptz', moments, { operator, values }, asOf)
        const wanted = moments.filter((moment) => holds(Date.parse(moment), asOf.nowMs, timeZone, 3))
        assert.deepEqual(found, wanted, `${operator} at ${now} in ${timeZone}`)
      }
    }
  }
})

test('a column of days takes the days of the span', async () => {
  await using t = await setUp()
  const asOf = { nowMs: Date.parse('2026-11-23T09:00:00Z'), timeZone: 'Pacific/Auckland', contactId: null, accountId: null }
  // It is the evening of the 23rd in Auckland.
  const days = ['2026-11-19', '2026-11-20', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-26', '2026-11-27']
  const find = (operator: string, ...values: string[]) => t.holds('msdyn_invoicedate', 'date', days, { operator, values }, asOf)
  assert.deepEqual(await find('today'), ['2026-11-23'])
  assert.deepEqual(await find('last-x-days', '3'), ['2026-11-20', '2026-11-22', '2026-11-23'])
  assert.deepEqual(await find('next-x-days', '3'), ['2026-11-24', '2026-11-26'])
  assert.deepEqual(await find('olderthan-x-days', '3'), ['2026-11-19'])
  assert.deepEqual(await find('this-week'), ['2026-11-22', '2026-11-23', '2026-11-24', '2026-11-26', '2026-11-27'])
  assert.deepEqual(await find('on', '2026-11-22'), ['2026-11-22'])
  assert.deepEqual(await find('on', '2026-11-22T20:00:00Z'), ['2026-11-23'])
  assert.deepEqual(await find('on-or-before', '2026-11-20'), ['2026-11-19', '2026-11-20'])
  assert.deepEqual(await find('on-or-after', '2026-11-26'), ['2026-11-26', '2026-11-27'])
  assert.deepEqual(await find('in-fiscal-year', '2026'), days)
  assert.deepEqual(await find('in-fiscal-period', '4'), days)
  assert.deepEqual(await find('in-fiscal-period-and-year', '3', '2026'), [])
  assert.deepEqual(await find('in-or-before-fiscal-period-and-year', '3', '2026'), [])
  assert.deepEqual(await find('in-or-after-fiscal-period-and-year', '3', '2026'), days)
  await assert.rejects(find('last-x-hours', '3'), refused('counts hours'))
})

const TEXTS = ['', 'Bolt', 'bolt', 'BOLTS', 'a bolt', '50%', '5_', 'a-c', 'ÉCROU', 'x[y]', 'back\\slash', 'line\nbreak']

test('texts compare without regard to case, and "not" finds rows without a value', async () => {
  await using t = await setUp()
  const lower = (text: string) => text.toLowerCase()
  const oracle: Record<string, (text: string | null, value: string) => boolean> = {
    eq: (text, value) => text !== null && lower(text) === lower(value),
    ne: (text, value) => text === null || lower(text) !== lower(value),
    neq: (text, value) => text === null || lower(text) !== lower(value),
    in: (text, value) => text !== null && lower(text) === lower(value),
    'not-in': (text, value) => text === null || lower(text) !== lower(value),
    like: (text, value) => text !== null && matches(lower(text), lower(value)),
    'not-like': (text, value) => text === null || !matches(lower(text), lower(value)),
    'begins-with': (text, value) => text !== null && matches(lower(text), `${lower(value)}%`),
    'not-begin-with': (text, value) => text === null || !matches(lower(text), `${lower(value)}%`),
    'ends-with': (text, value) => text !== null && matches(lower(text), `%${lower(value)}`),
    'not-end-with': (text, value) => text === null || !matches(lower(text), `%${lower(value)}`),
    null: (text) => text === null,
    'not-null': (text) => text !== null,
  }
  const values = [...TEXTS, '%', '_olt', 'b[aeiou]l%', '[^b]%', 'x[[]y]', '5[_]', '[a-z][-][a-z]', '%\\%', '%e%', '[z-a]']
  const rows = [...TEXTS, null]
  for (const [operator, holds] of Object.entries(oracle)) {
    for (const value of values) {
      const given = operator.endsWith('null') ? [] : [value]
      const found = await t.holds('name', 'text', rows, { operator, values: given }, undefined)
      assert.deepEqual(
        found,
        rows.filter((text) => holds(text, value)),
        `${operator} ${JSON.stringify(value)}`,
      )
    }
  }
})

test('numbers compare as numbers, with bounds included', async () => {
  await using t = await setUp()
  const rows = ['-1', '0', '0.10', '2', '10', null]
  const find = (operator: string, ...values: string[]) => t.holds('creditlimit', 'numeric', rows, { operator, values }, undefined)
  assert.deepEqual(await find('gt', '0.1'), ['2', '10'])
  assert.deepEqual(await find('ge', '0.1'), ['0.10', '2', '10'])
  assert.deepEqual(await find('lt', '0'), ['-1'])
  assert.deepEqual(await find('le', '0'), ['-1', '0'])
  assert.deepEqual(await find('between', '0', '2'), ['0', '0.10', '2'])
  assert.deepEqual(await find('not-between', '0', '2'), ['-1', '10', null])
  assert.deepEqual(await find('ne', '10'), ['-1', '0', '0.10', '2', null])
  assert.deepEqual(await find('in', '2', '10'), ['2', '10'])
  for (const bad of ['ten', '1e9', '', '1;2', 'NaN']) await assert.rejects(find('eq', bad), refused('does not fit'), bad)
  await assert.rejects(find('between', '1'), refused('takes two values'))
  await assert.rejects(find('like', '1%'), refused('works on text'))
})

test('own rows are those of the asker, and nobody’s for somebody without a contact', async () => {
  await using t = await setUp()
  const [mine, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
  const rows = [mine, other, null]
  const asOf = (contactId: string | null) => ({ nowMs: 0, timeZone: 'UTC', contactId, accountId: other, language: 'fr' })
  const find = (operator: string, who: AsOf | undefined) =>
    t.holds('primarycontactid', 'uuid', rows, { operator, values: [] }, who)
  assert.deepEqual(await find('eq-userid', asOf(mine)), [mine])
  assert.deepEqual(await find('ne-userid', asOf(mine)), [other, null])
  assert.deepEqual(await find('eq-businessid', asOf(mine)), [other])
  assert.deepEqual(await find('ne-businessid', asOf(mine)), [mine, null])
  assert.deepEqual(await find('eq-userid', asOf(null)), [])
  assert.deepEqual(await find('ne-userid', asOf(null)), rows)
  await assert.rejects(find('eq-userid', undefined), refused('depends on who asks'))
  await assert.rejects(find('eq-userteams', asOf(mine)), refused('not teams'))
  await assert.rejects(find('sounds-like', asOf(mine)), refused('there is no operator'))
  const languages = await t.holds(
    'name',
    'text',
    ['fr', 'fr-CA', 'FR', 'en', null],
    { operator: 'eq-userlanguage', values: [] },
    asOf(mine),
  )
  assert.deepEqual(languages, ['fr', 'fr-CA', 'FR'])
})

test('a hierarchy is followed at any depth and through circles, as far as the asker sees', async () => {
  await using t = await setUp()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(fc.nat(6), { nil: null }), { minLength: 7, maxLength: 7 }),
      fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
      fc.nat(6),
      async (parents, hidden, start) => {
        assert.deepEqual(await t.related(parents, hidden, start), relativesOf(parents, hidden, start))
      },
    ),
    { numRuns: 25 },
  )
})

test('nothing that stands in a value reaches the text of a statement', async () => {
  await using t = await setUp()
  const operators = [
    ...Object.keys(SPANS),
    'eq',
    'like',
    'in',
    'on',
    'under',
    'contain-values',
    'in-fiscal-year',
    'eq-userid',
    'between',
  ]
  const asOf = { nowMs: 0, timeZone: 'UTC', contactId: null, accountId: null }
  for (const operator of operators) {
    for (const column of ['name', 'createdon', 'creditlimit', 'accountid', 'customertypecode']) {
      for (const value of HOSTILE.filter((text) => text.length > 5)) {
        try {
          const { text } = compileDataverseCondition(
            conditionOf(column, { operator, values: [value] }),
            t.columns,
            asOf,
          ).compile()
          assert.ok(!text.includes(value))
        } catch (error) {
          assert.ok(
            isAppError(error) && error.code === 'request.invalid' && typeof error.details?.position === 'number',
            String(error),
          )
        }
      }
    }
  }
  for (const value of HOSTILE.filter((text) => !text.includes('\0') && text.length < 200))
    await t.holds('name', 'text', TEXTS, { operator: 'like', values: [value] }, undefined)
})

type Asked = { operator: string; values: readonly string[] }

function conditionOf(column: string, { operator, values }: Asked): Extract<FilterExpression, { kind: 'condition' }> {
  return {
    kind: 'condition',
    operator,
    left: { kind: 'path', names: [column], position: 1 },
    values: values.map((value) => ({ kind: 'literal', literal: { type: 'string', value }, position: 2 })),
    position: 1,
  }
}

function refused(reason: string) {
  return (error: unknown) => isAppError(error) && error.code === 'request.invalid' && error.message.includes(reason)
}

/** LIKE, letter by letter. */
function matches(text: string, pattern: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '%') return matches(text, pattern.slice(1)) || (text !== '' && matches(text.slice(1), pattern))
  const set = /^\[(\^?)([^\]]*|\][^\]]*)\]/.exec(pattern)
  if (set !== null) {
    const letters = set[2] ?? ''
    let isIn = false
    for (let i = 0; i < letters.length; i++) {
      if (letters[i + 1] === '-' && i + 2 < letters.length) {
        if (text[0] !== undefined && text[0] >= (letters[i] ?? '') && text[0] <= (letters[i + 2] ?? '')) isIn = true
        i += 2
      } else if (text[0] === letters[i]) isIn = true
    }
    return text !== '' && isIn !== (set[1] === '^') && matches(text.slice(1), pattern.slice(set[0].length))
  }
  return text !== '' && (pattern[0] === '_' || pattern[0] === text[0]) && matches(text.slice(1), pattern.slice(1))
}

/** Numbers of the rows above or below: step by step until nothing new comes. */
function relativesOf(
  parents: readonly (number | null)[],
  hidden: readonly number[],
  start: number,
): { above: number[]; below: number[]; not: number[] } {
  const visible = parents.map((_, i) => i).filter((i) => !hidden.includes(i))
  const walk = (next: (from: number) => number[]) => {
    const found = new Set<number>([start])
    for (let size = 0; size !== found.size; ) {
      size = found.size
      for (const from of [...found]) for (const to of next(from)) found.add(to)
    }
    found.delete(start)
    return visible.filter((i) => found.has(i))
  }
  const above = walk((from) => (visible.includes(from) && parents[from] != null ? [parents[from]] : []))
  const below = walk((from) => visible.filter((i) => parents[i] === from))
  return { above, below, not: visible.filter((i) => !below.includes(i)) }
}

async function setUp() {
  const { database, ...rest } = await createTestDatabase()
  await migrate(database, [{ module: 'tables', folder: join(import.meta.dirname, 'migrations') }])
  const catalog = readCatalog()
  await applyDefinitions(database, catalog)
  const columns = columnsOver(catalog, catalog.get('account'))
  return {
    columns,
    /** The values of a column, in order, for which the condition holds. No table is needed to ask. */
    holds(column: string, type: string, values: readonly (string | null)[], asked: Asked, asOf: AsOf | undefined) {
      return database.read(async (tx) => {
        const table = catalog.get(column.startsWith('msdyn_invoice') ? 'invoice' : 'account')
        const condition = compileDataverseCondition(conditionOf(column, asked), columnsOver(catalog, table), asOf)
        const rows = sql`(select value::${sqlType(type)} as ${identifier(column)}, ordinality as place from unnest(${values}::text[]) with ordinality as given(value, ordinality)) as t`
        const found = await tx.run<{ place: string }>(sql`select place::text from ${rows} where ${condition} order by t.place`)
        return found.map((one) => values[Number(one.place) - 1])
      })
    },
    related: (parents: readonly (number | null)[], hidden: readonly number[], start: number) =>
      database.transaction((tx) => relatedIn(tx, catalog, parents, hidden, start)),
    [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose](),
  }
}

function sqlType(type: string) {
  return identifier('pg_catalog', type)
}

function columnsOver(catalog: Catalog, table: TableDefinition): Columns {
  const stub = {
    catalog,
    column: (path: string | readonly string[]) => maskedColumn(identifier('t'), table, String(path), undefined),
    rowsOf: () => undefined,
  }
  return stub as unknown as Columns
}

async function relatedIn(
  tx: Tx,
  catalog: Catalog,
  parents: readonly (number | null)[],
  hidden: readonly number[],
  start: number,
) {
  const account = catalog.get('account')
  await tx`delete from tables.account`
  await tx`delete from tables.cdm_company`
  const [company = ''] = await insertRows(tx, catalog.get('cdm_company'), [{ cdm_companycode: 'usmf', cdm_name: 'C' }])
  const ids = await insertRows(
    tx,
    account,
    parents.map((_, i) => ({ accountnumber: String(i), msdyn_company: company })),
  )
  for (const [i, parent] of parents.entries())
    if (parent !== null)
      await tx`update tables.account set parentaccountid = ${ids[parent]}::uuid where accountid = ${ids[i]}::uuid`
  const seen = parents.map((_, i) => String(i)).filter((number) => !hidden.includes(Number(number)))
  const visible = { ...engineRows, sql: (alias: ReturnType<typeof sql>) => sql`${alias}.accountnumber = any(${seen}::text[])` }
  const columns: Columns = { ...columnsOver(catalog, account), rowsOf: () => visible }
  const find = async (operator: string) => {
    const condition = compileDataverseCondition(
      conditionOf('accountid', { operator, values: [ids[start] ?? ''] }),
      columns,
      undefined,
    )
    const rows = await tx.run<{ accountnumber: string }>(
      sql`select accountnumber from tables.account as t where ${condition} and ${visible.sql(identifier('t'))} order by accountnumber`,
    )
    return rows.map((row) => Number(row.accountnumber))
  }
  const [above, below, not] = [await find('above'), await find('under'), await find('not-under')]
  assert.deepEqual(
    await find('eq-or-under'),
    seen.map(Number).filter((i) => below.includes(i) || i === start),
  )
  assert.deepEqual(
    await find('eq-or-above'),
    seen.map(Number).filter((i) => above.includes(i) || i === start),
  )
  return { above, below, not }
}

import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import type { Permissions } from '../src/access/permissions.ts'
import { anonymousVisitor } from '../src/access/visitor.ts'
import { ApiRefusal } from '../src/api/protocol/refusals.ts'
import type { Answerable, Dialect } from '../src/api/query/question.ts'
import { makeSkipToken } from '../src/api/query/skip-token.ts'
import { toRowQuery } from '../src/api/query/to-row-query.ts'
import { AppError } from '../src/lib/app-error.ts'
import { parseQueryOptions } from '../src/lib/odata/parse-options.ts'
import { sql } from '../src/postgres/sql.ts'
import { compileQuery, cursorOf } from '../src/tables/query.ts'
import type { RowTree } from '../src/tables/row-query.ts'
import { limitQueryTime, listRowTrees } from '../src/tables/rows.queries.ts'
import { type Asker, createSmallWorld, predicateOf, type SmallWorld } from '../src/tables/testing/small-world.ts'
import { HOSTILE } from './support/hostile.ts'

const SLOW = sql`(select count(*) from generate_series(1, 100000000)) > 0`

let world: SmallWorld
before(async () => {
  world = await createSmallWorld()
})
after(() => world[Symbol.asyncDispose]())

const EVERYONE: Asker = new Map()
const ASKED_AT = { nowMs: Date.parse('2026-01-05T12:00:00Z'), timeZone: 'UTC', contactId: null, accountId: null }

/** A visitor who may read what the asker may; `closed` names columns that no permission and no list of the API has. */
function ask(
  table: string,
  query: Record<string, string>,
  more: { asker?: Asker; closed?: string[]; dialect?: Partial<Dialect> } = {},
): Answerable {
  const { catalog } = world
  const open = (name: string) =>
    new Set([...catalog.get(name).columns.keys()].filter((one) => more.closed?.includes(`${name}.${one}`) !== true))
  const asker = more.asker ?? EVERYONE
  const permissions: Permissions = {
    policy: { roles: [], permissions: [], webApi: new Map() } as unknown as Permissions['policy'],
    predicate: (_visitor, name) => predicateOf(asker, name),
    reach: () => (one) => predicateOf(asker, one.name),
    readableColumns: (_visitor, name) => open(name),
    reachableColumns: (_visitor, name) => open(name),
    may: () => true,
    accessTypes: () => new Set(['global' as const]),
    webApiColumns: open,
    explain: () => [],
  }
  return toRowQuery({
    catalog,
    permissions,
    visitor: anonymousVisitor('en'),
    table: catalog.get(table),
    options: parseQueryOptions(Object.entries(query)),
    dialect: {
      offered: (one) => new Set(one.columns.keys()),
      pageRowsDefault: 50,
      pageRowsMax: 1_000,
      collectionDepthMax: 3,
      ...more.dialect,
    },
    asOf: ASKED_AT,
    named: false,
  })
}

async function rowsOf(table: string, query: Record<string, string>, more: Parameters<typeof ask>[2] = {}): Promise<RowTree[]> {
  const asked = ask(table, query, more)
  return world.database.read((tx) => listRowTrees(tx, world.catalog, asked.query))
}

test('lookups are asked by their own name and by where they lead, and nested expands are lists and rows inside the row', async () => {
  const $filter = "_customerid_value ne null and customerid_account/name eq 'alpha' and deal_lines/$count gt 0"
  const $expand =
    'customerid_account($select=name;$expand=account_contacts($select=fullname;$orderby=fullname desc;$top=2)),deal_lines($filter=quantity ge 1;$count=true)'
  const asked = ask('deal', { $filter, $expand, $select: 'title,_customerid_value', $orderby: 'customerid_account/n desc' })
  assert.equal(asked.shape.kind, 'rows')
  assert.deepEqual(asked.shape.kind === 'rows' && asked.shape.columns.map((one) => one.name), [
    'title',
    '_customerid_value',
    'dealid',
  ])
  const rows = await rowsOf('deal', {
    $filter,
    $expand,
    $select: 'title,_customerid_value',
    $orderby: 'customerid_account/n desc',
  })
  assert.ok(rows.length > 0)
  const accounts = new Map((world.rows.get('account') ?? []).map((one) => [one.accountid, one]))
  for (const row of rows) {
    assert.equal((row.customerid_account as RowTree).name, 'alpha')
    assert.equal(accounts.get(String(row.customerid))?.name, 'alpha')
    const lines = (world.rows.get('dealline') ?? []).filter((one) => one.dealid === row.dealid && Number(one.quantity) >= 1)
    assert.equal(row['deal_lines@count'], lines.length)
    assert.deepEqual((row.deal_lines as RowTree[]).map((one) => one.deallineid).sort(), lines.map((one) => one.deallineid).sort())
  }
})

test('$apply groups, sums, filters groups and sorts them', async () => {
  const $apply =
    'filter(amount ne null)/groupby((customerid_account/name,stage),aggregate(amount with sum as total,$count as deals))/filter(deals gt 1)/orderby(deals desc)/top(3)'
  const rows = await rowsOf('deal', { $apply })
  assert.ok(rows.length > 0 && rows.length <= 3)
  const counts = rows.map((row) => Number(row.deals))
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => b - a),
  )
  assert.ok(counts.every((one) => one > 1))
  const { shape } = ask('deal', { $apply })
  assert.deepEqual(shape.kind === 'groups' && shape.members.map((one) => one.path), [
    ['customerid_account', 'name'],
    ['stage'],
    ['total'],
    ['deals'],
  ])
  const [all] = await rowsOf('deal', { $apply: 'aggregate(amount with sum as total,$count as deals)' })
  assert.equal(all?.deals, world.rows.get('deal')?.length)
})

test('functions of Dataverse and parameter aliases', async () => {
  const recent = await rowsOf('deal', {
    $filter: 'Microsoft.Dynamics.CRM.LastXDays(PropertyName=@p1,PropertyValue=@p2)',
    '@p1': "'closed'",
    '@p2': '5',
  })
  assert.deepEqual(new Set(recent.map((one) => one.closed)), new Set(['2026-01-01', '2026-01-04', '2025-12-31']))
  const red = await rowsOf('deal', {
    $filter: 'Microsoft.Dynamics.CRM.ContainValues(PropertyName="tags",PropertyValues=["3"])'.replaceAll('"tags"', "'tags'"),
  })
  assert.deepEqual(new Set(red.map((one) => one.tags)), new Set(['1,3']))
  const lines = await rowsOf('deal', {
    $filter: "deal_lines/any(l:l/quantity gt 2 and year(l/dealid/closed) eq 2026 and tolower(l/what) eq 'beta')",
    $select: 'title',
  })
  for (const row of lines)
    assert.ok((world.rows.get('dealline') ?? []).some((one) => one.dealid === row.dealid && one.what === 'beta'))
})

test('a skip token goes on where the page ended, and is refused with another order', async () => {
  const query = { $orderby: 'amount desc,title', $select: 'title' }
  const { query: first } = ask('deal', query)
  const all = await world.database.read((tx) => listRowTrees(tx, world.catalog, first))
  const page = all.slice(0, 5)
  const token = makeSkipToken(first, cursorOf(first, page.at(-1) ?? {}))
  assert.deepEqual([...page, ...(await rowsOf('deal', { ...query, $skiptoken: token }))], all)
  assert.throws(() => ask('deal', { $orderby: 'title', $skiptoken: token }), ApiRefusal)
})

test('a column that is closed is refused in the words for one that does not exist, wherever it is named', () => {
  const closed = ['dealline.price', 'account.name']
  const places: ((column: string, far: string) => Record<string, string>)[] = [
    (_own, far) => ({ $filter: `customerid_account/${far} eq 'x'` }),
    (_own, far) => ({ $orderby: `customerid_account/${far}` }),
    (_own, far) => ({ $select: `customerid_account/${far}` }),
    (own) => ({ $filter: `deal_lines/any(l:l/${own} gt 1)` }),
    (own) => ({ $expand: `deal_lines($select=${own})` }),
    (own) => ({ $expand: `deal_lines($orderby=${own})` }),
    (own) => ({ $expand: `deal_lines($filter=${own} gt 1)` }),
    (_own, far) => ({ $apply: `groupby((customerid_account/${far}))` }),
    (_own, far) => ({ $apply: `aggregate(customerid_account/${far} with max as x)` }),
  ]
  for (const place of places) {
    const words = [place('price', 'name'), place('prixx', 'nomm')].map((query) => {
      try {
        ask('deal', query, { closed })
      } catch (error) {
        assert.ok(error instanceof ApiRefusal && error.kind === 'column', String(error))
        return [error.message.replace(/'\w+'/, ''), error.details.position]
      }
      return assert.fail(`${JSON.stringify(query)} was not refused`)
    })
    assert.deepEqual(words[0], words[1])
  }
})

test('limits refuse by name and number before anything runs', () => {
  const deep = (depth: number): string => (depth === 0 ? 'account_children' : `account_children($expand=${deep(depth - 1)})`)
  const costly: Record<string, Record<string, string>> = {
    inListLength: { $filter: `n in (${Array.from({ length: 1_001 }, (_, i) => i).join(',')})` },
    filterNodes: { $filter: Array.from({ length: 400 }, () => 'n eq 1').join(' or ') },
    lambdaDepth: {
      $filter: 'account_children/any(a:a/account_children/any(b:b/account_children/any(c:c/account_children/any(d:d/n gt 1))))',
    },
    lambdas: { $filter: Array.from({ length: 11 }, () => 'account_children/any()').join(' or ') },
    orderColumns: { $orderby: Array.from({ length: 11 }, () => 'n').join(',') },
    textLength: { $filter: `name eq '${'x'.repeat(4_001)}'` },
    expandedRows: { $expand: 'account_contacts($top=5000)', $top: '1000' },
    joins: {
      $select: 'name',
      $filter: Array.from({ length: 21 }, (_, i) => `${'parentaccountid/'.repeat(i + 1)}n eq 1`).join(' or '),
    },
    expandDepth: { $expand: deep(5), $top: '1' },
    groupColumns: {
      $apply: `groupby((${['n', 'name', ...Array.from({ length: 9 }, (_, i) => `${'parentaccountid/'.repeat(i + 1)}n`)].join(',')}))`,
    },
    groupValues: { $apply: `aggregate(${Array.from({ length: 21 }, (_, i) => `n with sum as s${i}`).join(',')})` },
  }
  for (const [limit, query] of Object.entries(costly)) {
    assert.throws(
      () => compileQuery(world.catalog, ask('account', query, { dialect: { collectionDepthMax: 10 } }).query),
      (error) => error instanceof AppError && error.code === 'query.too_costly' && error.details.limit === limit,
      limit,
    )
  }
})

test('a query that takes too long is stopped and says so', async () => {
  const asked = ask('deal', { $filter: 'deal_lines/any()' })
  const slow = { ...asked.query, predicate: { reason: 'slow', sql: () => SLOW } }
  await assert.rejects(
    world.database.read(async (tx) => {
      await limitQueryTime(tx, 20)
      return listRowTrees(tx, world.catalog, slow)
    }),
    (error) => error instanceof AppError && error.code === 'query.took_too_long',
  )
})

const MARK = 'Zq9x'
const PLACES: readonly ((text: string) => Record<string, string>)[] = [
  (text) => ({ $filter: text }),
  (text) => ({ $filter: `title eq '${text}'` }),
  (text) => ({ $filter: `title eq '${text.replaceAll("'", "''")}'` }),
  (text) => ({ $filter: `contains(title,'${text.replaceAll("'", "''")}')` }),
  (text) => ({ $filter: `title in ('a','${text.replaceAll("'", "''")}')` }),
  (text) => ({ $filter: `amount gt ${text}` }),
  (text) => ({ $filter: `signed gt ${text} or closed eq ${text}` }),
  (text) => ({ $filter: `signed gt '${text}'` }),
  (text) => ({ $filter: `dealid eq ${text}` }),
  (text) => ({ $filter: `${text}/title eq 1` }),
  (text) => ({ $filter: `deal_lines/any(${text}:${text}/what eq 'a')` }),
  (text) => ({ $filter: `deal_lines/any(l:l/what eq '${text.replaceAll("'", "''")}' and l/quantity eq ${text})` }),
  (text) => ({ $filter: `${text}(title,'a')` }),
  (text) => ({ $filter: `Microsoft.Dynamics.CRM.In(PropertyName='title',PropertyValues=["${text}"])` }),
  (text) => ({
    $filter: `Microsoft.Dynamics.CRM.LastXDays(PropertyName='closed',PropertyValue='${text.replaceAll("'", "''")}')`,
  }),
  (text) => ({ $filter: `Microsoft.Dynamics.CRM.Under(PropertyName='${text}',PropertyValue=@p)`, '@p': text }),
  (text) => ({ $orderby: text }),
  (text) => ({ $orderby: `title ${text}` }),
  (text) => ({ $select: text }),
  (text) => ({ $expand: text }),
  (text) => ({ $expand: `deal_lines($select=${text})` }),
  (text) => ({ $expand: `deal_lines($filter=what eq '${text.replaceAll("'", "''")}')` }),
  (text) => ({ $apply: text }),
  (text) => ({ $apply: `groupby((${text}),aggregate(amount with sum as ${text}))` }),
  (text) => ({ $apply: `aggregate(amount with sum as ${MARK})/filter(${MARK} gt ${text})` }),
  (text) => ({ $skiptoken: text }),
  (text) => ({ $skiptoken: Buffer.from(JSON.stringify(['deal', text])).toString('base64url') }),
  (text) => ({ $orderby: 'amount', $skiptoken: Buffer.from(JSON.stringify(['deal,amount', text, text])).toString('base64url') }),
  (text) => ({ $top: text, $count: text }),
]

test('hostile texts are values or refusals with their position, and never part of a statement', async () => {
  for (const text of HOSTILE) for (const place of PLACES) await answersOrRefuses(place(text + MARK))
})

test('any text whatever is a value or a refusal, and never part of a statement', async () => {
  const word = fc.constantFrom(
    ..."title amount deal_lines customerid customerid_account / ( ) , ; : eq ne in not and or any all l l: l/ add sub $count null true 1 2.5 ' desc $filter= $select= @p groupby aggregate with sum as Microsoft.Dynamics.CRM.Today(PropertyName=".split(
      ' ',
    ),
    ' ',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 20 }).map((words) => words.join('')),
  )
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom(...PLACES), (text, place) => answersOrRefuses(place(text))),
    { numRuns: 1_500 },
  )
})

async function answersOrRefuses(query: Record<string, string>): Promise<void> {
  try {
    const asked = ask('deal', query)
    const { text } = compileQuery(world.catalog, asked.query).compile()
    assert.ok(!text.includes(MARK), `the statement holds what came from outside: ${JSON.stringify(query)}`)
    await world.database.read((tx) => listRowTrees(tx, world.catalog, asked.query))
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    assert.ok(
      error instanceof AppError || error instanceof ApiRefusal,
      `${JSON.stringify(query).slice(0, 300)}: ${String((error as Error).stack)}`,
    )
    const isSaid = typeof error.details.position === 'number' || (error instanceof AppError && error.code === 'query.too_costly')
    assert.ok(isSaid || query.$skiptoken !== undefined, `no position: ${error.message}`)
  }
}

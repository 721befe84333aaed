import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { cursorOf } from './query.ts'
import type { Expand, Grouping, Link, QueryRow, RowQuery, RowTree } from './row-query.ts'
import { countRows, listRows, listRowTrees } from './rows.queries.ts'
import { anyAsker, anyFilter, anyOrder, pathsFrom } from './testing/random-queries.ts'
import { createOracle, type Oracle, type Value } from './testing/slow-oracle.ts'
import { type Asker, createSmallWorld, predicateOf, type SmallWorld, type WorldRow } from './testing/small-world.ts'

let world: SmallWorld
before(async () => {
  world = await createSmallWorld()
})
after(() => world[Symbol.asyncDispose]())

const RUNS = 150
const TABLES = ['account', 'contact', 'deal', 'dealline']

test('a filter answers the rows and values that a slow reading of the visible rows and columns answers', async () => {
  const questions = fc
    .constantFrom(...TABLES)
    .chain((table) =>
      fc.record({ table: fc.constant(table), asker: anyAsker(world.catalog), filter: anyFilter(world.catalog, table) }),
    )
  await check(questions, async ({ table, asker, filter }) => {
    const oracle = createOracle(world.catalog, world.rows, asker)
    const paths = pathsFrom(world.catalog, table).map((one) => one.names)
    const query = { ...base(table, asker), filter, columns: paths.slice(0, 40).map((one) => one.join('.')) }
    const expected = oracle
      .sorted(table, oracle.visible(table), [])
      .filter((row) => oracle.holds(filter, { table, row, variables: new Map() }))
    const found = await read((tx) => listRows(tx, world.catalog, query))
    assert.deepEqual(
      found,
      expected.map((row) => valuesOf(oracle, table, row, paths.slice(0, 40))),
    )
    assert.equal(await read((tx) => countRows(tx, world.catalog, query)), expected.length)
  })
})

test('pages hold every row once and in order, whatever it is sorted by: nulls, ties, hidden and far columns, both directions', async () => {
  const questions = fc.constantFrom(...TABLES).chain((table) =>
    fc.record({
      table: fc.constant(table),
      asker: anyAsker(world.catalog),
      orderBy: anyOrder(world.catalog, table),
      pageRows: fc.integer({ min: 1, max: 9 }),
    }),
  )
  await check(questions, async ({ table, asker, orderBy, pageRows }) => {
    const oracle = createOracle(world.catalog, world.rows, asker)
    const id = world.catalog.get(table).idColumn
    const expected = oracle.sorted(table, oracle.visible(table), orderBy).map((row) => row[id])
    const rows = await allPages({ ...base(table, asker), orderBy, rowsMax: pageRows })
    assert.deepEqual(
      rows.map((row) => row[id]),
      expected,
    )
  })
})

test('distinct rows are told apart by what is shown alone, and page like others', async () => {
  const questions = fc.constantFrom(...TABLES).chain((table) => {
    const paths = pathsFrom(world.catalog, table)
    return fc.record({
      table: fc.constant(table),
      asker: anyAsker(world.catalog),
      paths: fc.uniqueArray(fc.constantFrom(...paths), { minLength: 1, maxLength: 3, selector: (one) => one.names.join('.') }),
      descending: fc.boolean(),
    })
  })
  await check(questions, async ({ table, asker, paths, descending }) => {
    const oracle = createOracle(world.catalog, world.rows, asker)
    const columns = paths.map((one) => one.names.join('.'))
    const keyOf = (values: readonly Value[]) => JSON.stringify(values.map((value, i) => plain(value, paths[i]?.column.type)))
    const expected = new Set(oracle.visible(table).map((row) => keyOf(paths.map((one) => oracle.value(table, row, one.names)))))
    const orderBy = [{ column: columns[0] ?? '', descending }]
    const rows = await allPages({ ...base(table, asker), columns, distinct: true, orderBy, rowsMax: 4 })
    const found = rows.map((row) => keyOf(columns.map((column) => row[column] ?? null)))
    assert.equal(found.length, new Set(found).size, 'no row comes twice')
    assert.deepEqual([...found].sort(), [...expected].sort())
  })
})

test('expanded rows are what separate queries would answer: visible, filtered, in order, at most so many, and counted', async () => {
  const lineFilter = anyFilter(world.catalog, 'dealline', 1)
  const questions = fc.record({
    asker: anyAsker(world.catalog),
    lines: fc.option(lineFilter, { nil: undefined }),
    rowsMax: fc.integer({ min: 1, max: 4 }),
    orderBy: anyOrder(world.catalog, 'dealline'),
  })
  await check(questions, async ({ asker, lines, rowsMax, orderBy }) => {
    const { catalog } = world
    const oracle = createOracle(catalog, world.rows, asker)
    const expand: Expand[] = [
      {
        as: 'deal_lines',
        via: { kind: 'collection', table: catalog.get('dealline'), lookup: 'dealid' },
        columns: ['what', 'price', 'quantity', 'dealid.signed'],
        ...(lines === undefined ? {} : { filter: lines }),
        orderBy,
        rowsMax,
        count: true,
      },
      {
        as: 'customerid_account',
        via: { kind: 'lookup', column: 'customerid', target: catalog.get('account') },
        columns: ['name', 'versionnumber', 'createdon'],
        rowsMax: 1,
        expand: [
          {
            as: 'account_contacts',
            via: { kind: 'collection', table: catalog.get('contact'), lookup: 'parentcustomerid' },
            columns: ['fullname'],
            rowsMax: 100,
          },
          {
            as: 'customer_deals',
            via: { kind: 'collection', table: catalog.get('deal'), lookup: 'customerid' },
            columns: ['amount', 'closed', 'signed', 'tags', 'urgent', 'serial', 'stage'],
            rowsMax: 100,
          },
        ],
      },
    ]
    const found = await read((tx) =>
      listRowTrees(tx, catalog, { ...base('deal', asker), rowsMax: 100, columns: ['title'], expand }),
    )
    const expected = oracle.sorted('deal', oracle.visible('deal'), []).map((row) => ({
      title: oracle.value('deal', row, ['title']),
      dealid: row.dealid ?? null,
      ...Object.assign({}, ...expand.map((one) => expandedOf(oracle, 'deal', row, one))),
    }))
    assert.deepEqual(found.map(withoutSystem), expected.map(withoutSystem))
  })
})

test('groups and their sums are those of the visible values', async () => {
  const methods = ['sum', 'average', 'min', 'max', 'countdistinct', 'countcolumn'] as const
  const questions = fc.constantFrom('deal', 'dealline').chain((table) => {
    const paths = pathsFrom(world.catalog, table, 1)
    const numeric = paths.filter((one) => ['integer', 'money', 'decimal'].includes(one.column.type))
    return fc.record({
      table: fc.constant(table),
      asker: anyAsker(world.catalog),
      by: fc.uniqueArray(fc.constantFrom(...paths), { maxLength: 2, selector: (one) => one.names.join('.') }),
      value: fc.constantFrom(...numeric),
      method: fc.constantFrom(...methods),
      least: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      filter: fc.option(anyFilter(world.catalog, table, 1), { nil: undefined }),
    })
  })
  await check(questions, async ({ table, asker, by, value, method, least, filter }) => {
    const oracle = createOracle(world.catalog, world.rows, asker)
    const group: Grouping = {
      by: by.map((one, i) => ({ column: one.names.join('.'), as: `by${i}` })),
      values: [
        { as: 'v', method, column: value.names.join('.') },
        { as: 'rows', method: 'count' },
      ],
      ...(least === undefined ? {} : { having: atLeast('rows', least) }),
    }
    const query = { ...base(table, asker), columns: [], group, ...(filter === undefined ? {} : { filter }) }
    const found = await read((tx) => listRows(tx, world.catalog, query))
    const rows = oracle
      .visible(table)
      .filter((row) => filter === undefined || oracle.holds(filter, { table, row, variables: new Map() }))
    const groups = Map.groupBy(rows, (row) =>
      JSON.stringify(by.map((one) => plain(oracle.value(table, row, one.names), one.column.type))),
    )
    if (by.length === 0 && groups.size === 0) groups.set('[]', [])
    const expected = [...groups]
      .filter(([, list]) => least === undefined || list.length >= least)
      .map(([key, list]) => ({
        key,
        rows: list.length,
        v: aggregate(
          method,
          list.map((row) => oracle.value(table, row, value.names)),
        ),
      }))
    const shown = found.map((row) => ({
      key: JSON.stringify(by.map((one, i) => plain(row[`by${i}`] ?? null, one.column.type))),
      rows: row.rows,
      v: row.v === null ? null : rounded(Number(row.v)),
    }))
    const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
    assert.deepEqual(shown.sort(byKey), expected.sort(byKey))
  })
})

test('links join, ask and drop as FetchXML says, over visible rows and columns alone', async () => {
  const types = ['inner', 'outer', 'exists', 'in', 'matchfirstrowusingcrossapply', 'any', 'not any', 'all', 'not all'] as const
  const questions = fc.record({
    asker: anyAsker(world.catalog),
    linkType: fc.constantFrom<Link['linkType']>(...types),
    filter: fc.option(anyFilter(world.catalog, 'dealline', 1), { nil: undefined }),
    pageRows: fc.integer({ min: 1, max: 30 }),
  })
  await check(questions, async ({ asker, linkType, filter, pageRows }) => {
    const oracle = createOracle(world.catalog, world.rows, asker)
    const link: Link = {
      alias: 'line',
      table: world.catalog.get('dealline'),
      from: 'dealid',
      to: 'dealid',
      linkType,
      links: [],
      ...(filter === undefined ? {} : { filter }),
    }
    const joins = linkType === 'inner' || linkType === 'outer' || linkType === 'matchfirstrowusingcrossapply'
    const columns = joins ? ['title', 'line.what'] : ['title']
    const found = await allPages({ ...base('deal', asker), columns, links: [link], rowsMax: pageRows })
    const expected = oracle.visible('deal').flatMap((deal) => {
      const all = oracle.behind('deal', deal, 'deal_lines').rows
      const lines = all.filter(
        (row) => filter === undefined || oracle.holds(filter, { table: 'dealline', row, variables: new Map() }),
      )
      const [first] = oracle.sorted('dealline', lines, [])
      const shown = (line: WorldRow | undefined) =>
        JSON.stringify([deal.dealid, line === undefined ? null : oracle.value('dealline', line, ['what'])])
      if (linkType === 'inner') return lines.map(shown)
      if (linkType === 'outer') return first === undefined ? [shown(undefined)] : lines.map(shown)
      if (linkType === 'matchfirstrowusingcrossapply') return first === undefined ? [] : [shown(first)]
      const holds =
        linkType === 'not any' ? lines.length === 0 : linkType === 'all' ? all.length > 0 && lines.length === 0 : lines.length > 0
      return holds ? [shown(undefined)] : []
    })
    assert.deepEqual(found.map((row) => JSON.stringify([row.dealid, row['line.what'] ?? null])).sort(), expected.sort())
  })
})

test('a link inside an outer link hides its row and not the one around it', async () => {
  const { catalog } = world
  const inside: Link = {
    alias: 'deal',
    table: catalog.get('deal'),
    from: 'customerid',
    to: 'accountid',
    linkType: 'inner',
    links: [],
  }
  const children: Link = {
    alias: 'child',
    table: catalog.get('account'),
    from: 'parentaccountid',
    to: 'accountid',
    linkType: 'outer',
    links: [inside],
  }
  const query = { ...base('account', new Map()), columns: ['name', 'child.accountid', 'deal.dealid'], links: [children] }
  const found = await read((tx) => listRows(tx, catalog, query))
  const oracle = createOracle(catalog, world.rows, new Map())
  const expected = oracle.visible('account').flatMap((account) => {
    const pairs = oracle
      .behind('account', account, 'account_children')
      .rows.flatMap((child) =>
        oracle.behind('account', child, 'customer_deals').rows.map((deal) => [account.accountid, child.accountid, deal.dealid]),
      )
    return pairs.length === 0 ? [[account.accountid, null, null]] : pairs
  })
  const shown = found.map((row) => JSON.stringify([row.accountid, row['child.accountid'], row['deal.dealid']]))
  assert.deepEqual(shown.sort(), expected.map((one) => JSON.stringify(one)).sort())
})

function base(table: string, asker: Asker): RowQuery {
  return {
    table: world.catalog.get(table),
    columns: [],
    predicate: predicateOf(asker, table),
    reach: (one) => predicateOf(asker, one.name),
    rowsMax: 1_000,
  }
}

const read: SmallWorld['database']['read'] = (work) => world.database.read(work)

async function allPages(query: RowQuery): Promise<QueryRow[]> {
  return read(async (tx) => {
    const rows: QueryRow[] = []
    let page = await listRows(tx, world.catalog, query)
    while (page.length > 0) {
      rows.push(...page)
      const last = page.at(-1)
      assert.ok(last !== undefined && rows.length <= 3_000)
      page = page.length < query.rowsMax ? [] : await listRows(tx, world.catalog, { ...query, after: cursorOf(query, last) })
    }
    return rows
  })
}

async function check<T>(questions: fc.Arbitrary<T>, holds: (question: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(questions, holds), { numRuns: RUNS })
}

function valuesOf(oracle: Oracle, table: string, row: WorldRow, paths: readonly (readonly string[])[]): Record<string, Value> {
  const id = world.catalog.get(table).idColumn
  return {
    ...Object.fromEntries(paths.map((names) => [names.join('.'), oracle.value(table, row, names)])),
    [id]: row[id] ?? null,
  }
}

function expandedOf(oracle: Oracle, table: string, row: WorldRow, expand: Expand): RowTree {
  const tree = (of: string, one: WorldRow): RowTree => ({
    ...Object.fromEntries(expand.columns.map((path) => [path, oracle.value(of, one, path.split('.'))])),
    ...Object.assign({}, ...(expand.expand ?? []).map((inner) => expandedOf(oracle, of, one, inner))),
  })
  if (expand.via.kind === 'lookup') {
    const { target, column } = expand.via
    const id = oracle.value(table, row, [`${column}_${target.name}`, target.idColumn])
    const found = oracle.visible(target.name).find((one) => one[target.idColumn] === id)
    return { [expand.as]: found === undefined ? null : tree(target.name, found) }
  }
  const { filter } = expand
  const child = oracle.behind(table, row, expand.as)
  const rows = child.rows.filter(
    (one) => filter === undefined || oracle.holds(filter, { table: child.table, row: one, variables: new Map() }),
  )
  const shown = oracle.sorted(child.table, rows, expand.orderBy ?? []).slice(0, expand.rowsMax)
  return {
    [expand.as]: shown.map((one) => tree(child.table, one)),
    ...(expand.count === true ? { [`${expand.as}@count`]: rows.length } : {}),
  }
}

/** What the database gives each row by itself is not in the world's rows. Its form is what matters. */
function withoutSystem(tree: RowTree): RowTree {
  const account = tree.customerid_account as RowTree | null
  if (account === null) return tree
  const { versionnumber, createdon, ...rest } = account
  if (versionnumber !== null) assert.equal(typeof versionnumber, 'number')
  if (createdon !== null) assert.match(String(createdon), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  return { ...tree, customerid_account: rest }
}

function plain(value: Value, type: string | undefined): Value {
  return value !== null && (type === 'money' || type === 'decimal') ? Number(value) : value
}

function aggregate(method: string, values: readonly Value[]): number | null {
  const numbers = values.filter((one) => one !== null).map(Number)
  if (method === 'countcolumn') return numbers.length
  if (method === 'countdistinct') return new Set(numbers).size
  if (numbers.length === 0) return null
  if (method === 'min') return rounded(Math.min(...numbers))
  if (method === 'max') return rounded(Math.max(...numbers))
  const sum = numbers.reduce((a, b) => a + b, 0)
  return rounded(method === 'sum' ? sum : sum / numbers.length)
}

/** The oracle counts in binary floats: near enough is equal. */
function rounded(value: number): number {
  return Number(value.toPrecision(9))
}

function atLeast(name: string, least: number): FilterExpression {
  return {
    kind: 'compare',
    operator: 'ge',
    left: { kind: 'path', names: [name], position: 0 },
    right: { kind: 'literal', literal: { type: 'number', text: String(least) }, position: 0 },
    position: 0,
  }
}

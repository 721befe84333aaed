import { appendFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPermissions, type Permissions } from '../src/access/permissions.ts'
import { parsePolicy } from '../src/access/policy.ts'
import type { ContactVisitor } from '../src/access/visitor.ts'
import { behindWall, buildWall } from '../src/access/wall.ts'
import { systemClock } from '../src/log/system-clock.ts'
import type { Database } from '../src/postgres/database.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'
import type { Catalog } from '../src/tables/catalog.ts'
import { engineRows } from '../src/tables/predicate.ts'
import { compileCount, compileQuery } from '../src/tables/query.ts'
import type { RowQuery } from '../src/tables/row-query.ts'
import { line, ms, percentiles } from './measure.ts'
import { fillOrders, type World, withScaleDatabase } from './scale-data.ts'

const SIZES = [10_000, 1_000_000, 10_000_000]
const RUNS = 40
const PAGE_ROWS = 26
const COUNT_MAX = 10_001
/** A scan that the page's or count's limit ends early has read what was wanted; one that goes on beyond this has not. */
const SEQUENTIAL_ROWS_MAX = 20 * COUNT_MAX

/**
 * One page of orders and its count, newest first, for each access type, over ever larger tables: what the visitor's predicate adds to the
 * same page without one, what the second wall adds to that, and which plan PostgreSQL takes. Ends with a failure when a large table is read from end to end.
 */
export async function benchScale(serverUrl: string): Promise<void> {
  const run: Run = { faults: [], plansFile: join(tmpdir(), `comptoir-plans-${process.pid}.txt`), heading: '' }
  writeFileSync(run.plansFile, '')
  for (const rows of SIZES) {
    await withScaleDatabase(serverUrl, async (database, catalog) => {
      const startedMs = performance.now()
      const world = await fillOrders(database, rows)
      run.heading = `${rows.toLocaleString('en')} orders, ${world.owned.toLocaleString('en')} of one account`
      console.log(`\n${run.heading} (filled in ${((performance.now() - startedMs) / 1000).toFixed(0)} s)`)
      const plain = await benchOne(database, 'without a predicate', queryOf(catalog, 'salesorder'), run, undefined)
      for (const type of ACCESS_TYPES) {
        const { policy, query } = type.asked(catalog, world)
        const before = await benchOne(database, type.name, query, run, plain)
        await database.transaction((tx) => buildWall(tx, catalog, policy))
        await benchOne(behindWall(database, visitorOf(world)), `  ${type.name}, behind the wall`, query, run, before)
      }
    })
  }
  console.log(`\nAll plans: ${run.plansFile}`)
  if (run.faults.length > 0) throw new Error(`A large table is read from end to end:\n${run.faults.join('\n')}`)
  console.log('No plan reads a large table from end to end.')
}

type Reading = Pick<Database, 'read'>
type Run = { faults: string[]; plansFile: string; heading: string }
type Measured = { pageMs: number; countMs: number }

async function benchOne(
  database: Reading,
  name: string,
  query: RowQuery & { catalog: Catalog },
  run: Run,
  plain: Measured | undefined,
): Promise<Measured> {
  const { catalog, ...asked } = query
  const page = compileQuery(catalog, asked)
  const { columns: _columns, orderBy: _order, ...counted } = asked
  const count = compileCount(catalog, { ...counted, rowsMax: COUNT_MAX })
  const measured = { pageMs: await medianMs(database, page), countMs: await medianMs(database, count) }
  const plans = [await planOf(database, page), await planOf(database, count)]
  for (const [i, { text }] of plans.entries())
    appendFileSync(run.plansFile, `${run.heading}, ${name.trim()}, ${i === 0 ? 'page' : 'count'}\n${text}\n\n`)
  for (const plan of plans)
    for (const scan of plan.sequential.filter((one) => one.rows > SEQUENTIAL_ROWS_MAX))
      run.faults.push(`  ${name}: ${scan.table} (${scan.rows} rows)`)
  const ratio =
    plain === undefined
      ? ''
      : `${(measured.pageMs / plain.pageMs).toFixed(2)} × page, ${(measured.countMs / plain.countMs).toFixed(2)} × count`
  line(
    name,
    `page ${ms(measured.pageMs)} ms`,
    `count ${ms(measured.countMs)} ms`,
    ratio.padEnd(30),
    [
      ...new Set(
        plans.flatMap((plan) => [...plan.indexes, ...plan.sequential.map((one) => `${one.table} in order, ${one.rows} rows`)]),
      ),
    ].join(', '),
  )
  return measured
}

async function medianMs(database: Reading, query: Sql): Promise<number> {
  const tookMs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const beforeMs = performance.now()
    await database.read((tx) => tx.run(query))
    tookMs.push(performance.now() - beforeMs)
  }
  return percentiles(tookMs).p50
}

type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Plan Rows': number
  'Actual Rows'?: number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}
type Plan = { sequential: { table: string; rows: number }[]; indexes: string[]; text: string }

/** What the plan really read. */
async function planOf(database: Reading, query: Sql): Promise<Plan> {
  const [row] = await database.read((tx) =>
    tx.run<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(sql`explain (analyze, format json) ${query}`),
  )
  const lines = await database.read((tx) => tx.run<{ 'QUERY PLAN': string }>(sql`explain (analyze, buffers) ${query}`))
  const found: Plan = { sequential: [], indexes: [], text: lines.map((one) => one['QUERY PLAN']).join('\n') }
  const visit = (node: PlanNode) => {
    const read = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)
    if (node['Node Type'].includes('Seq Scan') && node['Relation Name'] !== undefined)
      found.sequential.push({ table: node['Relation Name'], rows: read })
    if (node['Index Name'] !== undefined) found.indexes.push(node['Index Name'])
    for (const child of node.Plans ?? []) visit(child)
  }
  const root = row?.['QUERY PLAN'][0]?.Plan
  if (root !== undefined) visit(root)
  return { ...found, indexes: [...new Set(found.indexes)] }
}

function queryOf(catalog: Catalog, table: string, permissions?: Permissions, visitor?: ContactVisitor) {
  const guarded = permissions !== undefined && visitor !== undefined
  const ordered = table === 'salesorder' ? [{ column: 'submitdate', descending: true }] : []
  return {
    catalog,
    table: catalog.get(table),
    columns: COLUMNS[table] ?? [catalog.get(table).nameColumn],
    predicate: guarded ? permissions.predicate(visitor, table, 'read') : engineRows,
    ...(guarded && { reach: permissions.reach(visitor) }),
    orderBy: ordered,
    rowsMax: PAGE_ROWS,
  }
}

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  salesorder: ['ordernumber', 'msdyn_salesordernumber', 'submitdate', 'totalamount', 'msdyn_processingstatus', 'customerid.name'],
  salesorderdetail: ['productnumber', 'quantity', 'priceperunit'],
}

/** One rule for each access type, as a site's file would say it. */
const ACCESS_TYPES = [
  accessType('global', 'salesorder', '{ accessType: global }'),
  accessType('company', 'salesorder', '{ accessType: company }'),
  accessType('account', 'salesorder', '{ accessType: account, relationship: customerid }'),
  accessType(
    'account, column rule',
    'salesorder',
    '{ accessType: account, relationship: customerid, columns: [ordernumber, submitdate] }',
  ),
  accessType('account, where', 'salesorder', "{ accessType: account, relationship: customerid, where: 'statecode eq 0' }"),
  accessType('hierarchy', 'salesorder', '{ accessType: hierarchy, relationship: customerid }'),
  accessType('contact', 'salesorder', '{ accessType: contact, relationship: msdyn_contactperson }'),
  accessType('parent', 'salesorderdetail', '{ accessType: parent, parent: { permission: orders, through: salesorderid } }'),
  accessType('self', 'contact', '{ accessType: self }'),
] as const

function accessType(name: string, table: string, rule: string) {
  return {
    name,
    asked(catalog: Catalog, world: World) {
      const own = `table: ${table}\npermissions: [${rule.replace('{ ', '{ name: rule, privileges: [read], roles: [R], ')}]`
      const files: [string, string][] = [
        ['roles.yaml', 'roles: [{ name: R }]'],
        [`permissions/${table}.yaml`, own],
      ]
      const orders = '{ name: orders, accessType: account, relationship: customerid, privileges: [read], roles: [R] }'
      if (table !== 'salesorder') files.push(['permissions/orders.yaml', `table: salesorder\npermissions: [${orders}]`])
      if (table !== 'account')
        files.push([
          'permissions/account.yaml',
          'table: account\npermissions: [{ name: all, accessType: global, privileges: [read], roles: [R] }]',
        ])
      const permissions = createPermissions(catalog, parsePolicy(new Map(files)), systemClock)
      return { policy: permissions.policy, query: queryOf(catalog, table, permissions, visitorOf(world)) }
    },
  }
}

function visitorOf(world: World): ContactVisitor {
  return {
    kind: 'contact',
    contactId: world.contactId,
    accountId: world.accountId,
    accounts: [],
    accountPath: '',
    companyId: world.companyId,
    fullName: 'Bench',
    email: 'bench@example.com',
    roles: ['R'],
    language: 'en',
  }
}

import { join } from 'node:path'
import type { Database } from '#postgres/database.ts'
import { migrate } from '#postgres/migrate.ts'
import { identifier, sql } from '#postgres/sql.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { type Catalog, createCatalog } from '../catalog.ts'
import type { RowPredicate } from '../predicate.ts'
import { insertRows, newRowId } from '../rows.queries.ts'
import { applyDefinitions } from '../schema.ts'
import { parseDefinition } from '../table-file.ts'

/** A handful of tables with every type that queries meet, and few rows full of nulls and ties: for tests that compare every answer. */
export type SmallWorld = AsyncDisposable & { database: Database; catalog: Catalog; rows: WorldRows }
export type WorldRow = Readonly<Record<string, string | number | boolean | null>>
export type WorldRows = ReadonlyMap<string, readonly WorldRow[]>

const TABLES = [
  {
    table: 'account',
    set: 'accounts',
    id: 'accountid',
    name: 'name',
    scope: 'global',
    columns: {
      name: { type: 'string', length: 50 },
      n: { type: 'integer' },
      parentaccountid: { type: 'lookup', target: 'account', collection: 'account_children' },
    },
  },
  {
    table: 'contact',
    set: 'contacts',
    id: 'contactid',
    name: 'fullname',
    scope: 'global',
    columns: {
      fullname: { type: 'string', length: 50 },
      n: { type: 'integer' },
      parentcustomerid: { type: 'lookup', target: 'account', collection: 'account_contacts' },
    },
  },
  {
    table: 'deal',
    set: 'deals',
    id: 'dealid',
    name: 'title',
    scope: 'global',
    columns: {
      title: { type: 'string', length: 50 },
      n: { type: 'integer' },
      customerid: { type: 'customer', collection: 'customer_deals' },
      amount: { type: 'money' },
      closed: { type: 'date' },
      signed: { type: 'datetime' },
      stage: { type: 'choice', options: { open: 1, won: 2, lost: 3 } },
      tags: { type: 'choices', options: { red: 1, green: 2, blue: 3 } },
      urgent: { type: 'boolean' },
      serial: { type: 'bigint' },
    },
  },
  {
    table: 'dealline',
    set: 'deallines',
    id: 'deallineid',
    name: 'what',
    scope: 'global',
    columns: {
      what: { type: 'string', length: 50 },
      n: { type: 'integer' },
      dealid: { type: 'lookup', target: 'deal', collection: 'deal_lines' },
      quantity: { type: 'integer' },
      price: { type: 'decimal' },
    },
  },
] as const

export async function createSmallWorld(): Promise<SmallWorld> {
  const { database, ...rest } = await createTestDatabase()
  await migrate(database, [{ module: 'tables', folder: join(import.meta.dirname, '../migrations') }])
  const catalog = createCatalog(TABLES.map((one) => parseDefinition(one, `${one.table}.yaml`)))
  await applyDefinitions(database, catalog)
  const rows = makeRows()
  await database.transaction(async (tx) => {
    for (const [name, list] of rows) {
      await insertRows(
        tx,
        catalog.get(name),
        list.map(({ tags: _apart, ...row }) => row),
      )
      for (const row of list.filter((one) => typeof one.tags === 'string'))
        await tx`update tables.deal set tags = ${row.tags}::integer[] where dealid = ${row.dealid}::uuid`
    }
  })
  return { database, catalog, rows, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
}

/** The same rows every time: what differs between runs is what is asked of them. */
function makeRows(): WorldRows {
  let seed = 7
  const pick = <T>(values: readonly T[]): T => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return values[Math.floor((seed / 2_147_483_648) * values.length)] as T
  }
  const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
  const words = ['alpha', 'beta', 'gamma', 'delta', 'al%pha', 'b_ta', null]
  const n = () => pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  const accounts = times(10, () => ({ accountid: newRowId(), name: pick(words), n: n() }))
  const accountIds = accounts.map((one) => one.accountid)
  const contacts = times(8, () => ({
    contactid: newRowId(),
    fullname: pick(words),
    n: n(),
    parentcustomerid: pick([...accountIds.slice(0, 4), null]),
  }))
  const deals = times(36, (i) => {
    const kind = pick(['account', 'account', 'contact', null])
    return {
      dealid: newRowId(),
      title: pick(words),
      n: n(),
      customerid: kind === null ? null : kind === 'account' ? pick(accountIds) : pick(contacts.map((one) => one.contactid)),
      customeridtype: kind,
      amount: pick(['10.50', '10.5', '0', '-3.25', '1000000000000.01', null]),
      closed: pick(['2026-01-01', '2026-01-04', '2025-12-31', null]),
      signed: pick(['2026-01-01T00:00:00.000Z', '2026-03-29T00:30:00.000Z', '2025-12-31T23:59:59.999Z', null]),
      stage: pick([1, 2, 3, null]),
      tags: pick(['{1}', '{1,3}', '{2}', null]),
      urgent: pick([true, false, null]),
      serial: pick([i, 9_007_199_254_740_991, null]),
    }
  })
  const lines = times(70, () => ({
    deallineid: newRowId(),
    what: pick(words),
    n: n(),
    dealid: pick([...deals.slice(0, 20).map((one) => one.dealid), null]),
    quantity: pick([0, 1, 2, 5, null]),
    price: pick(['0.1', '0.10', '2', '-7.75', null]),
  }))
  return new Map<string, readonly WorldRow[]>([
    [
      'account',
      accounts.map((one, i) => ({ ...one, parentaccountid: i === 0 ? null : pick([...accountIds.slice(0, i), null]) })),
    ],
    ['contact', contacts],
    ['deal', deals],
    ['dealline', lines],
  ])
}

/** Who asks: rows from a number on, and columns on rows up to a number. Every table has the column `n`. */
export type Asker = ReadonlyMap<string, { from: number; columns: ReadonlyMap<string, number> }>

export function predicateOf(asker: Asker, table: string): RowPredicate {
  const rule = asker.get(table)
  if (rule === undefined) return { reason: 'all', sql: () => sql`true` }
  return {
    reason: 'some',
    sql: (alias) => sql`${alias}.${identifier('n')} >= ${rule.from}::int`,
    column: (name) => {
      const until = rule.columns.get(name)
      return until === undefined
        ? undefined
        : { reason: 'masked', sql: (alias) => sql`${alias}.${identifier('n')} <= ${until}::int` }
    },
  }
}

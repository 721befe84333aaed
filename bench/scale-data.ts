import { join } from 'node:path'
import { silentLog } from '../src/log/log.ts'
import { type Database, openDatabase } from '../src/postgres/database.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { type Catalog, readCatalog } from '../src/tables/catalog.ts'
import { applyDefinitions } from '../src/tables/schema.ts'
import { createTestDatabase } from '../tests/support/database.ts'

const SRC = join(import.meta.dirname, '..', 'src')
const OWNED_MAX = 200_000
const OTHER_ACCOUNTS = 2_000
const SUBSIDIARIES = 8
const LINES_MAX = 1_000_000
const STATEMENT_TIMEOUT_MS = 3_600_000

export type World = { companyId: string; accountId: string; contactId: string; owned: number }

/** An empty database with the tables, dropped afterwards. */
export async function withScaleDatabase(work: (database: Database, catalog: Catalog) => Promise<void>): Promise<void> {
  await using scratch = await createTestDatabase()
  const database = openDatabase({ url: scratch.url, log: silentLog, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  try {
    await migrate(
      database,
      ['tables', 'access'].map((module) => ({ module, folder: join(SRC, module, 'migrations') })),
    )
    const catalog = readCatalog()
    await applyDefinitions(database, catalog)
    await work(database, catalog)
  } finally {
    await database.close()
  }
}

/**
 * Orders over three years: of one account up to 200,000 (of a small table a fifth), a tenth of them by its subsidiaries, the rest of two
 * thousand other accounts in three companies. Written without triggers and with the indexes made afterwards, as a restored copy would be.
 */
export async function fillOrders(database: Database, rows: number): Promise<World> {
  const owned = Math.min(OWNED_MAX, rows / 5)
  const client = await database.pool.connect()
  try {
    const run = (text: string, values: unknown[] = []) => client.query(text, values)
    await run('set session_replication_role = replica')
    await run(
      `create function pg_temp.id(kind text, n bigint) returns uuid language sql immutable as $$ select md5(kind || n)::uuid $$`,
    )
    const indexes = await dropIndexes(run, ['salesorder', 'salesorderdetail'])
    const stamps = 'now(), now(), 1'
    await run(`insert into tables.cdm_company (cdm_companyid, cdm_companycode, createdon, modifiedon, versionnumber)
      select pg_temp.id('company', n), 'c' || n, ${stamps} from generate_series(0, 2) n`)
    await run(
      `insert into tables.account (accountid, accountnumber, name, parentaccountid, msdyn_company, createdon, modifiedon, versionnumber)
      select pg_temp.id('account', n), 'A' || n, 'Account ' || n, case when n between 1 and $1::int then pg_temp.id('account', 0) end,
             pg_temp.id('company', n % 3), ${stamps} from generate_series(0, $2::int) n`,
      [SUBSIDIARIES, OTHER_ACCOUNTS + SUBSIDIARIES],
    )
    await run(`insert into tables.contact (contactid, firstname, lastname, parentcustomerid, msdyn_company, createdon, modifiedon, versionnumber)
      select pg_temp.id('contact', n), 'First ' || n, 'Last ' || n, pg_temp.id('account', n % 2000), pg_temp.id('company', n % 3), ${stamps}
        from generate_series(0, 20000) n`)
    await run(
      `insert into tables.salesorder (salesorderid, ordernumber, msdyn_salesordernumber, customerid, customeridtype, msdyn_contactperson, submitdate,
              totalamount, msdyn_processingstatus, statecode, msdyn_company, createdon, modifiedon, versionnumber)
      select pg_temp.id('order', n), 'W' || n, 'SO' || n,
             case when n % ($1::bigint / $2::bigint) <> 0 then pg_temp.id('account', $3::int + 1 + hashint8(n)::bigint % 1000 + 1000)
                  when n % 10 = 0 then pg_temp.id('account', 1 + n / 10 % $3::int) else pg_temp.id('account', 0) end,
             'account', pg_temp.id('contact', n % 20000), timestamptz '2023-11-01' + (n::float8 / $1 * 1095) * interval '1 day',
             round((random() * 10000)::numeric, 2), 192350000 + (n % 8)::int, (n % 4 = 0)::int, pg_temp.id('company', 0), ${stamps}
        from generate_series(1, $1::bigint) n`,
      [rows, owned, SUBSIDIARIES],
    )
    await run(
      `insert into tables.salesorderdetail (salesorderdetailid, salesorderid, sequencenumber, productnumber, quantity, priceperunit, msdyn_company, createdon, modifiedon, versionnumber)
      select pg_temp.id('line', n), pg_temp.id('order', n), 1, 'P' || n % 500, 1 + n % 9, 10, pg_temp.id('company', 0), ${stamps}
        from generate_series(1, $1::bigint) n`,
      [Math.min(rows, LINES_MAX)],
    )
    for (const index of indexes) await run(index)
    await run('vacuum analyze')
    const id = async (kind: string, n: number) => (await run('select pg_temp.id($1, $2) as id', [kind, n])).rows[0].id as string
    return { companyId: await id('company', 0), accountId: await id('account', 0), contactId: await id('contact', 1), owned }
  } finally {
    client.release(true)
  }
}

type Run = (text: string, values?: unknown[]) => Promise<{ rows: Record<string, string>[] }>

/** Answers how to make them again. Primary keys stay. */
async function dropIndexes(run: Run, tables: readonly string[]): Promise<string[]> {
  const { rows } = await run(
    `select indexname, indexdef from pg_indexes where schemaname = 'tables' and tablename = any($1) and indexname not like '%_pkey'`,
    [tables],
  )
  for (const row of rows) await run(`drop index tables."${row.indexname}"`)
  return rows.map((row) => row.indexdef ?? '')
}

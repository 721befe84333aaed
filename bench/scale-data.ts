import { join } from 'node:path'
import { silentLog } from '../src/log/log.ts'
import { type Database, ensureDatabase, openDatabase } from '../src/postgres/database.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { type Catalog, readCatalog } from '../src/tables/catalog.ts'
import { applyDefinitions } from '../src/tables/schema.ts'

const SRC = join(import.meta.dirname, '..', 'src')
const OWNED_MAX = 200_000
const OTHER_ACCOUNTS = 2_000
const SUBSIDIARIES = 8
const LINES_MAX = 1_000_000
const STATEMENT_TIMEOUT_MS = 3_600_000
/** Connections that write side by side, each its share of the rows. */
const WRITERS = 2
const FILLED = ['salesorder', 'salesorderdetail']

export type World = { companyId: string; accountId: string; contactId: string; owned: number }

/** An empty database with the tables on the server of this URL, dropped afterwards. */
export async function withScaleDatabase(
  serverUrl: string,
  work: (database: Database, catalog: Catalog) => Promise<void>,
): Promise<void> {
  const name = `scale_${process.pid}`
  const url = await ensureDatabase(serverUrl, name)
  const database = openDatabase({ url, log: silentLog, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
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
    const admin = openDatabase({ url: serverUrl, log: silentLog, connectionsMax: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
    await admin.pool.query(`drop database if exists "${name}" with (force)`)
    await admin.close()
  }
}

/**
 * Orders over three years: of one account up to 200,000 (of a small table a fifth), a tenth of them by its subsidiaries, the rest of two
 * thousand other accounts in three companies. Written without triggers, with keys and indexes made afterwards, as a restored copy would
 * be; and without a log to write, which changes nothing about how they are read.
 */
export async function fillOrders(database: Database, rows: number): Promise<World> {
  const owned = Math.min(OWNED_MAX, rows / 5)
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => openWriter(database)))
  const [{ run } = { run: () => Promise.reject(new Error('there is no writer')) }] = writers
  try {
    await run(
      'create function public.id(kind text, n bigint) returns uuid language sql immutable as $$ select md5(kind || n)::uuid $$',
    )
    await run(UNLOGGED)
    const restore = await takeDown(run)
    await fillPeople(run)
    await Promise.all(writers.map((writer, i) => fillShare(writer.run, { rows, owned, share: i })))
    for (const statement of restore) await run(statement)
    await run('vacuum analyze')
    const id = async (kind: string, n: number) => (await run('select public.id($1, $2) as id', [kind, n])).rows[0]?.id ?? ''
    return { companyId: await id('company', 0), accountId: await id('account', 0), contactId: await id('contact', 1), owned }
  } finally {
    for (const writer of writers) writer.close()
  }
}

const STAMPS = 'now(), now(), 1'

async function fillPeople(run: Run): Promise<void> {
  await run(`insert into tables.cdm_company (cdm_companyid, cdm_companycode, createdon, modifiedon, versionnumber)
    select public.id('company', n), 'c' || n, ${STAMPS} from generate_series(0, 2) n`)
  await run(
    `insert into tables.account (accountid, accountnumber, name, parentaccountid, msdyn_company, createdon, modifiedon, versionnumber)
    select public.id('account', n), 'A' || n, 'Account ' || n, case when n between 1 and $1::int then public.id('account', 0) end,
           public.id('company', n % 3), ${STAMPS} from generate_series(0, $2::int) n`,
    [SUBSIDIARIES, OTHER_ACCOUNTS + SUBSIDIARIES],
  )
  await run(`insert into tables.contact (contactid, firstname, lastname, parentcustomerid, msdyn_company, createdon, modifiedon, versionnumber)
    select public.id('contact', n), 'First ' || n, 'Last ' || n, public.id('account', n % 2000), public.id('company', n % 3), ${STAMPS}
      from generate_series(0, 20000) n`)
}

/** One writer's part of the orders and their lines: a run of numbers, so that time goes forward in each. */
async function fillShare(run: Run, part: { rows: number; owned: number; share: number }): Promise<void> {
  const { rows, owned, share } = part
  const span = (of: number) => [Math.floor((of * share) / WRITERS) + 1, Math.floor((of * (share + 1)) / WRITERS)]
  await run(
    `insert into tables.salesorder (salesorderid, ordernumber, msdyn_salesordernumber, customerid, customeridtype, msdyn_contactperson, submitdate,
            totalamount, msdyn_processingstatus, statecode, msdyn_company, createdon, modifiedon, versionnumber)
    select public.id('order', n), 'W' || n, 'SO' || n,
           case when n % ($1::bigint / $2::bigint) <> 0 then public.id('account', $3::int + 1 + hashint8(n)::bigint % 1000 + 1000)
                when n / ($1::bigint / $2::bigint) % 10 = 0 then public.id('account', 1 + n / ($1::bigint / $2::bigint) / 10 % $3::int)
                else public.id('account', 0) end,
           'account', public.id('contact', n % 20000), timestamptz '2023-11-01' + (n::float8 / $1 * 1095) * interval '1 day',
           (hashint8(n) & 1048575)::numeric / 100, 192350000 + (n % 8)::int, (n % 4 = 0)::int, public.id('company', 0), ${STAMPS}
      from generate_series($4::bigint, $5::bigint) n`,
    [rows, owned, SUBSIDIARIES, ...span(rows)],
  )
  await run(
    `insert into tables.salesorderdetail (salesorderdetailid, salesorderid, sequencenumber, productnumber, quantity, priceperunit, msdyn_company, createdon, modifiedon, versionnumber)
    select public.id('line', n), public.id('order', n), 1, 'P' || n % 500, 1 + n % 9, 10, public.id('company', 0), ${STAMPS}
      from generate_series($1::bigint, $2::bigint) n`,
    span(Math.min(rows, LINES_MAX)),
  )
}

type Run = (text: string, values?: unknown[]) => Promise<{ rows: Record<string, string>[] }>

async function openWriter(database: Database): Promise<{ run: Run; close(): void }> {
  const client = await database.pool.connect()
  await client.query(
    "set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '512MB'; set client_min_messages = error",
  )
  return { run: (text, values = []) => client.query(text, values), close: () => client.release(true) }
}

/** Tables refuse while one that is still logged points to them: those that nothing points to come first. */
const UNLOGGED = `do $$
  declare one regclass;
  begin
    loop
      select min(oid) into one from pg_class
       where relnamespace = 'tables'::regnamespace and relkind = 'r' and relpersistence = 'p'
         and not exists (select from pg_constraint f join pg_class c on c.oid = f.conrelid
                          where f.confrelid = pg_class.oid and f.conrelid <> f.confrelid and c.relpersistence = 'p');
      exit when one is null;
      execute format('alter table %s set unlogged', one);
    end loop;
  end $$`

/** Drops keys, references and indexes of the tables to be filled, and answers how to make them again. */
async function takeDown(run: Run): Promise<string[]> {
  const { rows: constraints } = await run(
    `select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as definition, contype::text as kind
       from pg_constraint
      where contype = 'f' and (conrelid::regclass::text = any($1) or confrelid::regclass::text = any($1))
         or contype = 'p' and conrelid::regclass::text = any($1)
      order by contype = 'p'`,
    [FILLED.map((table) => `tables.${table}`)],
  )
  for (const one of constraints) await run(`alter table ${one.table} drop constraint "${one.name}"`)
  const { rows: indexes } = await run(
    `select indexname as name, indexdef as definition from pg_indexes where schemaname = 'tables' and tablename = any($1)`,
    [FILLED],
  )
  for (const one of indexes) await run(`drop index tables."${one.name}"`)
  const add = (one: Record<string, string>) =>
    `alter table ${one.table} add constraint "${one.name}" ${one.definition}${one.kind === 'f' ? ' not valid' : ''}`
  return [
    ...constraints.filter((one) => one.kind === 'p').map(add),
    ...indexes.map((one) => one.definition ?? ''),
    ...constraints.filter((one) => one.kind === 'f').map(add),
  ]
}

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { createPostgresConnector } from '../src/connectors/postgres/connector.ts'
import { type DualWrite, openDualWrite } from '../src/dual-write/engine.ts'
import { silentLog } from '../src/log/log.ts'
import { systemClock } from '../src/log/system-clock.ts'
import { openDatabase } from '../src/postgres/database.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { readCatalog } from '../src/tables/catalog.ts'
import { engineRows } from '../src/tables/predicate.ts'
import { deleteRow, insertRows, listRows, newRowId, updateRow } from '../src/tables/rows.queries.ts'
import { applyDefinitions } from '../src/tables/schema.ts'
import { createTestDatabase } from './support/database.ts'

// The engine between two databases, with the connector postgres and the maps of maps/postgres-example: it does not know its ERP.

const ROOT = join(import.meta.dirname, '..')
const WAIT_MS_MAX = 30_000
const catalog = readCatalog()

const TABLES = `
  create table company (code text primary key, name text);
  create table customer_group (company text, code text, description text, primary key (company, code));
  create table customer (
    company text, number text, name text, phone text, credit_limit numeric(12, 2), customer_group text, private boolean not null,
    changed timestamptz, primary key (company, number), foreign key (company, customer_group) references customer_group);
  create sequence order_number;
  create table sales_order (
    company text, number text default 'SO-' || nextval('order_number'), reference text unique, customer text, city text,
    primary key (company, number), foreign key (company, customer) references customer on delete cascade);
  create table sales_order_line (
    company text, number text, line int, text text, quantity numeric check (quantity > 0), price numeric default 12.5,
    primary key (company, number, line), foreign key (company, number) references sales_order on delete cascade);
  insert into company values ('usmf', 'Contoso');
  insert into customer_group values ('usmf', '10', 'Wholesale');
  insert into customer select 'usmf', 'C' || n, 'Customer ' || n, null, n, '10', n % 5 = 0 from generate_series(1, 50) as n`

for (const changes of ['trigger', 'version'] as const) {
  test(`two databases are kept equal, with changes by ${changes}: first copy, live both ways, a group, a conflict, deletes`, async () => {
    await using world = await setUp(changes)
    const accounts = () => world.rows('account')
    assert.deepEqual((await accounts()).length, 40)

    // The database's edit arrives, and does not come back as another.
    await world.erp(`update customer set name = 'Renamed', credit_limit = 7.50 where number = 'C1'`)
    await until('the edit arrives', async () => (await find(accounts, 'accountnumber', 'C1'))?.name === 'Renamed')
    assert.equal((await find(accounts, 'accountnumber', 'C1'))?.creditlimit, '7.5')

    // Ours goes out.
    const first = await find(accounts, 'accountnumber', 'C2')
    await world.edit('account', first?.accountid, { telephone1: '555' })
    await until(
      'our edit goes out',
      async () => (await world.erp(`select phone from customer where number = 'C2'`))[0]?.phone === '555',
    )

    // An order with its lines is one group, and brings its number back.
    const orderId = newRowId()
    await world.insertOrder(orderId, 'REQ-1', first?.accountid)
    await until('the number comes back', async () => {
      const order = await find(() => world.rows('salesorder'), 'ordernumber', 'REQ-1')
      return String(order?.msdyn_salesordernumber ?? '').startsWith('SO-')
    })
    const lines = await world.erp(
      `select o.reference, l.line from sales_order o join sales_order_line l using (company, number) order by line`,
    )
    assert.deepEqual(
      lines,
      [1, 2].map((line) => ({ reference: 'REQ-1', line })),
    )
    await until('the price of a line comes back', async () =>
      (await world.rows('salesorderdetail')).every((line) => Number(line.priceperunit) === 12.5),
    )

    // Both change a row while the map is paused: other columns merge, the same column follows the rule.
    await world.engine.pauseMap('customers', 'test')
    const third = await find(accounts, 'accountnumber', 'C3')
    await world.edit('account', third?.accountid, { name: 'Ours', telephone1: '777' })
    await world.erp(`update customer set name = 'Theirs', credit_limit = 99 where number = 'C3'`)
    await world.engine.resumeMap('customers', 'test')
    await until('both are equal', async () => {
      const [theirs] = await world.erp(`select name, phone, credit_limit::float8 as limit from customer where number = 'C3'`)
      const ours = await find(accounts, 'accountnumber', 'C3')
      const wanted = JSON.stringify(['Theirs', '777', 99])
      return [
        [ours?.name, ours?.telephone1, Number(ours?.creditlimit)],
        [theirs?.name, theirs?.phone, theirs?.limit],
      ].every((one) => JSON.stringify(one) === wanted)
    })

    // Deletes, both ways. Where they are not told, a refresh finds them.
    const fourth = await find(accounts, 'accountnumber', 'C4')
    await world.remove('account', fourth?.accountid)
    await until('our delete goes out', async () => (await world.erp(`select from customer where number = 'C4'`)).length === 0)
    await world.erp(`delete from customer where number = 'C6'`)
    if (changes === 'version') await world.engine.refreshMap('customers', 'test')
    await until('the delete arrives', async () => (await find(accounts, 'accountnumber', 'C6')) === undefined)
    await until('every map runs, and nothing waits for a person', async () =>
      (await world.engine.status()).every((map) => map.parked === 0 && map.state === 'running'),
    )

    // The other database works out the hashes of its ranges: what has been compared once is not read again.
    await until('both sides are equal', async () => (await world.engine.compareMaps()).equal)
    const { equal, maps } = await world.engine.compareMaps({ exact: false })
    const read = maps.reduce((sum, one) => sum + one.rangesRead, 0)
    assert.deepEqual({ equal, read }, { equal: true, read: 0 })
  })
}

async function setUp(changes: 'trigger' | 'version') {
  const [portal, other] = [await createTestDatabase(), await createTestDatabase()]
  const database = openDatabase({ url: portal.url, log: silentLog, connectionsMax: 20 })
  const folder = (module: string) => join(ROOT, 'src', module, 'migrations')
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: folder(module) })),
  )
  await applyDefinitions(database, catalog)
  const erp = async (text: string) => (await other.database.pool.query<Record<string, unknown>>(text)).rows
  await erp(TABLES)
  if (changes === 'version') await erp(VERSIONS)
  const connector = createPostgresConnector({
    url: other.url,
    clock: systemClock,
    log: silentLog,
    changes,
    companyColumn: 'company',
    ...(changes === 'version' && { versionColumn: 'changed' }),
  })
  const engine: DualWrite = await openDualWrite({
    database,
    catalog,
    connector,
    mapFolders: [join(ROOT, 'maps/postgres-example')],
    clock: systemClock,
    log: silentLog,
    eventUrl: undefined,
    eventSecret: '',
  })
  await engine.start()
  await engine.whenRunning()
  const rows = (table: string) =>
    database.read((tx) => {
      const definition = catalog.get(table)
      const columns = [...definition.columns.keys()]
      return listRows(tx, catalog, { table: definition, columns, predicate: engineRows, rowsMax: 1_000 })
    })
  return {
    engine,
    erp,
    rows,
    edit: (table: string, id: unknown, values: Parameters<typeof updateRow>[3]) =>
      database.transaction((tx) => updateRow(tx, catalog.get(table), String(id), values, { predicate: engineRows })),
    remove: (table: string, id: unknown) =>
      database.transaction((tx) => deleteRow(tx, catalog.get(table), String(id), engineRows)),
    async insertOrder(id: string, reference: string, customerId: unknown) {
      const [company] = await rows('cdm_company')
      const msdyn_company = company?.cdm_companyid ?? null
      await database.transaction(async (tx) => {
        const customerid = String(customerId)
        const header = { salesorderid: id, ordernumber: reference, customerid, customeridtype: 'account', msdyn_company }
        await insertRows(tx, catalog.get('salesorder'), [header])
        const lines = [1, 2].map((sequencenumber) => ({ salesorderid: id, sequencenumber, quantity: '3', msdyn_company }))
        await insertRows(tx, catalog.get('salesorderdetail'), lines)
      })
    },
    async [Symbol.asyncDispose]() {
      await engine.stop()
      await connector.close?.()
      await database.close()
      await portal[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

/** Every table gets the version that the settings name. */
const VERSIONS = `
  create function stamp() returns trigger language plpgsql as $$ begin new.changed = clock_timestamp(); return new; end $$;
  do $$ declare name text; begin
    foreach name in array array['company', 'customer_group', 'customer', 'sales_order', 'sales_order_line'] loop
      execute format('alter table %I add column if not exists changed timestamptz', name);
      execute format('create trigger stamp before insert or update on %I for each row execute function stamp()', name);
      execute format('create index on %I (changed)', name);
    end loop;
  end $$`

async function find<Row extends Record<string, unknown>>(
  rows: () => Promise<Row[]>,
  column: string,
  value: string,
): Promise<Row | undefined> {
  return (await rows()).find((one) => one[column] === value)
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (!(await isSo())) {
    assert.ok(Date.now() < deadlineMs, `in time: ${what}`)
    await new Promise((done) => setTimeout(done, 25))
  }
}

import { runConformance } from '#connector/conformance.ts'
import type { Connector, RecordWrite } from '#connector/contract.ts'
import type { Subject } from '#connector/subject.ts'
import { silentLog } from '#log/log.ts'
import { systemClock } from '#log/system-clock.ts'
import { createTestDatabase } from '../../../tests/support/database.ts'
import { createDatabaseLine } from '../../../tests/support/database-line.ts'
import { createPostgresConnector, type PostgresOptions } from './connector.ts'

// On a real database, by way of a line that can be made to fail.
runConformance('postgres, with changes by trigger', () => startSubject('trigger'))
runConformance('postgres, with changes by a version column', () => startSubject('version'))

const TABLES = `
  create type color as enum ('Red', 'Dark green');
  create sequence version;
  create table customer_group (company text, code text, description text, version bigint, primary key (company, code));
  create table item (company text, number text, primary key (company, number));
  create table every_type (
    code varchar(20) primary key, name text, note text not null default '', amount numeric, price numeric(28, 12), ratio float8,
    small int2, whole int4, big int8, flag boolean, day date, moment timestamptz, plain timestamp, color color, id uuid, tags text[]);
  create table sales_order (
    company text, number text default 'SO-' || nextval('version'), reference text, primary key (company, number));
  create table sales_line (
    company text, number text, line int, item text, quantity numeric,
    primary key (company, number, line), foreign key (company, number) references sales_order, foreign key (company, item) references item);
  insert into item values ('usmf', 'P1');
  create function bump() returns trigger language plpgsql as $$ begin new.version = nextval('version'); return new; end $$;
  create trigger bump before insert or update on customer_group for each row execute function bump()`

async function startSubject(changes: PostgresOptions['changes']): Promise<Subject> {
  const other = await createTestDatabase()
  const { pool } = other.database
  await pool.query(TABLES)
  const line = await createDatabaseLine(other.url)
  const connectors: Connector[] = []
  return {
    connect() {
      const options = { url: line.url, clock: systemClock, log: silentLog, changes, companyColumn: 'company', connectionsMax: 4 }
      const connector = createPostgresConnector(changes === 'version' ? { ...options, versionColumn: 'version' } : options)
      connectors.push(connector)
      return connector
    },
    company: 'usmf',
    otherCompany: 'frrt',
    plain: { entity: 'public.customer_group', keyField: 'code', textField: 'description' },
    roundTrips: ROUND_TRIPS,
    group: {
      writes: orderWrites,
      async find(reference) {
        const { rows } = await pool.query<{ lines: number; ready: boolean }>(
          `select (select count(*)::int from sales_line l where l.company = o.company and l.number = o.number) as lines, true as ready
             from sales_order o where o.reference = $1 order by o.number`,
          [reference],
        )
        return rows
      },
    },
    faults: line.faults,
    async changeLate(key, text) {
      const client = await pool.connect()
      await client.query('begin; savepoint inner_one')
      await client.query(
        `insert into customer_group (company, code, description) values ('usmf', $1, $2)
         on conflict (company, code) do update set description = excluded.description`,
        [key, text],
      )
      return async () => {
        await client.query('commit')
        client.release()
      }
    },
    async [Symbol.asyncDispose]() {
      line.faults.none()
      await Promise.all(connectors.map((one) => one.close?.()))
      await line[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

const ROUND_TRIPS: Subject['roundTrips'] = [
  {
    title: 'text of any script, enums',
    entity: 'public.every_type',
    fields: {
      code: 'RT-1',
      name: 'Ünïcode 漢字 עברית 🚲 "quoted" back\\slash <b>\'s & Co., {a,b} NULL\nnext',
      note: 'NULL',
      color: 'Dark green',
    },
    findBy: { code: 'RT-1' },
  },
  {
    title: 'decimals that no float holds',
    entity: 'public.every_type',
    fields: { code: 'RT-2', amount: '12345678901234567.89', price: '0.000000123457', ratio: '1.5' },
    findBy: { code: 'RT-2' },
  },
  {
    title: 'whole numbers, yes and no',
    entity: 'public.every_type',
    fields: { code: 'RT-3', small: -7, whole: 2147483647, big: '9223372036854775807', flag: false },
    findBy: { code: 'RT-3' },
  },
  {
    title: 'days and moments, ids',
    entity: 'public.every_type',
    fields: {
      code: 'RT-4',
      day: '2024-02-29',
      moment: '2026-03-01T23:30:15.000Z',
      plain: '2026-03-01T23:30:15.250Z',
      id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      amount: null,
    },
    findBy: { code: 'RT-4' },
  },
]

function orderWrites(reference: string, items: readonly ('good' | 'bad')[]): RecordWrite[] {
  const header: RecordWrite = {
    operation: 'create',
    entity: 'public.sales_order',
    company: 'usmf',
    fields: { reference },
    findBy: { reference },
  }
  const lines = items.map(
    (item, index): RecordWrite => ({
      operation: 'create',
      entity: 'public.sales_line',
      company: 'usmf',
      fields: { line: index + 1, item: item === 'good' ? 'P1' : 'NOPE', quantity: '2' },
      findBy: { line: index + 1 },
      parent: { index: 0, fields: { number: 'number' } },
    }),
  )
  return [header, ...lines]
}

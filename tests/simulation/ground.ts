import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { silentLog } from '../../src/log/log.ts'
import { type Database, openDatabase } from '../../src/postgres/database.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type Catalog, readCatalog } from '../../src/tables/catalog.ts'
import { applyDefinitions } from '../../src/tables/schema.ts'
import { createTestDatabase } from '../support/database.ts'
import type { Notes } from './virtual-database.ts'

/** A database whose time is the simulation's: made once for each process, emptied before each history. */
export type Ground = AsyncDisposable & {
  database: Database
  catalog: Catalog
  /** Files of some maps only: what the histories are about. */
  mapFolder: string
  maps: readonly string[]
  /** A map as its file has it. */
  textOf(map: string): string
  notes: Notes
  /** Back to nothing, or to the copy that was kept. */
  clear(to: 'nothing' | 'copy'): Promise<void>
  /** The rows as they stand are what later histories may begin with. */
  keepCopy(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../..')
const MAPS = [
  'companies',
  'currencies',
  'unit-groups',
  'units',
  'released-products',
  'customers',
  'contacts',
  'sales-order-headers',
  'sales-order-lines',
]
/** Tables whose every change is kept, for the oracle. */
const WATCHED = ['account', 'contact', 'salesorder', 'salesorderdetail']

/**
 * What stands before pg_catalog on the search path: the clock reads a setting that each transaction carries, and notifications leave as
 * notices of the connection, for the simulation to deliver. The production SQL stays as it is.
 */
const BEFORE = `
  create schema sim;
  create function sim.clock_timestamp() returns timestamptz language sql volatile as $$ select current_setting('sim.now')::timestamptz $$;
  create function sim.now() returns timestamptz language sql stable as $$ select current_setting('sim.now')::timestamptz $$;
  create function sim.pg_notify(channel text, payload text) returns void language plpgsql as $$
    begin raise notice 'sim:% %', channel, payload; end $$;
  create table sim.history (seq bigint generated always as identity, xid bigint not null, table_name text not null, operation text not null, id text not null, new jsonb, old jsonb);
  create table sim.captured (xid bigint not null, map text not null, id text not null, columns text[] not null);
  create function sim.keep_captured() returns trigger language plpgsql as $$
    begin
      insert into sim.captured values (pg_current_xact_id()::text::bigint, new.subscriber, new.row_id::text, new.columns);
      return null;
    end $$;
  create function sim.keep() returns trigger language plpgsql as $$
    begin
      insert into sim.history (xid, table_name, operation, id, new, old)
      values (pg_current_xact_id()::text::bigint, tg_table_name, tg_op, coalesce(to_jsonb(new), to_jsonb(old)) ->> tg_argv[0],
              case when tg_op <> 'DELETE' then to_jsonb(new) end, case when tg_op <> 'INSERT' then to_jsonb(old) end);
      return null;
    end $$;
`
/**
 * Rows of the ground stay; everything else, and every sequence, goes back to what it was: to nothing, or to the copy that was kept. The
 * statistics must not remember earlier histories either, or the same seed would meet other plans.
 */
const AFTER = `
  create table sim.clearable (name text primary key, copy text);
  create table sim.sequence (name text primary key, empty_value bigint not null, empty_called boolean not null, kept_value bigint, kept_called boolean);
  do $$
  declare one record; has_rows boolean;
  begin
    -- Functions with a path of their own would otherwise see the real clock.
    for one in select p.oid::regprocedure::text as name from pg_proc p where 'search_path=pg_catalog, pg_temp' = any(p.proconfig) loop
      execute format('alter function %s set search_path = sim, pg_catalog, pg_temp', one.name);
    end loop;
    for one in select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind = 'r' and (n.nspname in ('tables', 'dual_write') or c.oid in ('sim.history'::regclass, 'sim.captured'::regclass)) order by 1 loop
      execute format('alter table %s set (autovacuum_enabled = off)', one.name);
      execute format('select exists (select from %s)', one.name) into has_rows;
      if not has_rows then insert into sim.clearable values (one.name); end if;
    end loop;
    for one in select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind = 'S' and n.nspname in ('tables', 'dual_write', 'sim') order by 1 loop
      execute format('insert into sim.sequence select %L, last_value, is_called from %s', one.name, one.name);
    end loop;
  end $$;
  create function sim.clear() returns text[] language plpgsql as $$
  declare one record; filled text[] := '{}'; has_rows boolean;
  begin
    set local session_replication_role = replica;
    for one in select name from sim.clearable order by 1 loop
      execute format('select pg_relation_size(%L) > 0', one.name) into has_rows;
      continue when not has_rows;
      filled := filled || one.name;
      execute 'delete from ' || one.name;
    end loop;
    perform setval(name::regclass, empty_value, empty_called) from sim.sequence;
    return filled;
  end $$;
  create function sim.keep_copy() returns void language plpgsql as $$
  declare one record; has_rows boolean;
  begin
    for one in select name, 'sim.copy_' || row_number() over (order by name) as copy from sim.clearable loop
      execute format('select exists (select from %s)', one.name) into has_rows;
      continue when not has_rows or one.name like 'sim.%';
      execute format('create table %s as select * from %s', one.copy, one.name);
      update sim.clearable set copy = one.copy where name = one.name;
    end loop;
    for one in select name from sim.sequence loop
      execute format('update sim.sequence set (kept_value, kept_called) = (select last_value, is_called from %s) where name = %L', one.name, one.name);
    end loop;
  end $$;
  create function sim.put_copy_back() returns void language plpgsql as $$
  declare one record; names text;
  begin
    set local session_replication_role = replica;
    for one in select name, copy from sim.clearable where copy is not null order by 1 loop
      select string_agg(quote_ident(attname), ', ' order by attnum) into names from pg_attribute
       where attrelid = one.name::regclass and attnum > 0 and not attisdropped and attgenerated = '';
      execute format('insert into %s (%s) overriding system value select %s from %s', one.name, names, names, one.copy);
    end loop;
    insert into sim.history (xid, table_name, operation, id, new)
      select 0, w.name, 'INSERT', w.row ->> (w.name || 'id'), w.row from (
        select 'account' as name, to_jsonb(t) as row from tables.account t union all select 'contact', to_jsonb(t) from tables.contact t
         union all select 'salesorder', to_jsonb(t) from tables.salesorder t union all select 'salesorderdetail', to_jsonb(t) from tables.salesorderdetail t) w;
    perform setval(name::regclass, kept_value, kept_called) from sim.sequence where name <> 'sim.history_seq_seq';
  end $$;
`

export async function createGround(): Promise<Ground> {
  const { url, database: owner, ...rest } = await createTestDatabase()
  const name = new URL(url).pathname.slice(1)
  await owner.pool.query(BEFORE)
  for (const setting of [
    'search_path = sim, pg_catalog, public',
    `sim.now = '2026-01-01T00:00:00Z'`,
    'plan_cache_mode = force_custom_plan',
    'jit = off',
  ])
    await owner.pool.query(`alter database "${name}" set ${setting}`)
  const database = openDatabase({ url, log: silentLog, connectionsMax: 10 })
  const notes: Notes = { now: '2026-01-01T00:00:00Z', taken: [] }
  database.pool.on('connect', (client) =>
    client.on('notice', ({ message = '' }) => {
      const [, channel = '', payload = ''] = /^sim:(\S+) (.*)$/s.exec(message) ?? []
      if (channel !== '') notes.taken.push({ channel, payload })
    }),
  )
  database.pool.on('connect', (client) => beginWithTime(client, notes))
  const catalog = readCatalog()
  await migrate(
    database,
    ['tables', 'dual-write'].map((module) => ({ module, folder: join(ROOT, 'src', module, 'migrations') })),
  )
  await applyDefinitions(database, catalog)
  for (const table of WATCHED)
    await database.pool.query(
      `create trigger zz_simulation after insert or update or delete on tables.${table} for each row execute function sim.keep('${table}id')`,
    )
  await database.pool.query(
    'create trigger zz_simulation after insert on tables.change for each row execute function sim.keep_captured()',
  )
  await database.pool.query(AFTER)
  const vacuum = async (tables: readonly string[]) => {
    if (tables.length > 0) await database.pool.query(`vacuum ${tables.join(', ')}`)
  }
  const clearable = await database.pool.query<{ name: string }>('select name from sim.clearable')
  await vacuum(clearable.rows.map((row) => row.name))
  const mapFolder = mkdtempSync(join(tmpdir(), 'comptoir-simulation-'))
  for (const file of [...MAPS, 'values']) cpSync(join(ROOT, `maps/dynamics365/${file}.yaml`), join(mapFolder, `${file}.yaml`))
  return {
    database,
    catalog,
    mapFolder,
    maps: MAPS,
    textOf: (map) => readFileSync(join(mapFolder, `${map}.yaml`), 'utf8'),
    notes,
    async clear(to) {
      const { rows } = await database.pool.query<{ filled: string[] }>('select sim.clear() as filled')
      await vacuum(rows[0]?.filled ?? [])
      if (to === 'copy') await database.pool.query('select sim.put_copy_back()')
      notes.taken = []
    },
    keepCopy: async () => void (await database.pool.query('select sim.keep_copy()')),
    async [Symbol.asyncDispose]() {
      await database.close()
      rmSync(mapFolder, { recursive: true, force: true })
      await rest[Symbol.asyncDispose]()
    },
  }
}

/** Each transaction is told the time by the message that begins it: half of the round trips of a history would be for that alone. */
function beginWithTime(client: pg.ClientBase, notes: Notes): void {
  const query = client.query.bind(client) as (...words: unknown[]) => unknown
  const withTime = (first: unknown, ...more: unknown[]) =>
    query(
      typeof first === 'string' && first.startsWith('begin') ? `${first}; set local sim.now = '${notes.now}'` : first,
      ...more,
    )
  client.query = withTime as typeof client.query
}

import type { Database } from '../../src/postgres/database.ts'

/** Both sides of the bench: customers C1 … are edited, and all else is there beside them. */
export type Sides = { portal: Database; erp: Database }

/** What there is ever more of. `fill` adds those numbered `from` to `to`. */
export type Filling = { title: string; fill(sides: Sides, from: number, to: number): Promise<void> }

/** The map whose changes are measured, and another that a person has paused. */
export const MAP = 'retail-customers'
export const PAUSED_MAP = 'retail-items'

export const FILLINGS: readonly Filling[] = [
  { title: 'rows stored and linked', fill: addRows },
  {
    title: 'changes waiting for a paused map',
    fill: (sides, from, to) => addWaiting(sides, { map: PAUSED_MAP, due: 'clock_timestamp()', code: null }, from, to),
  },
  {
    title: 'changes of the same map backing off',
    fill: (sides, from, to) =>
      addWaiting(sides, { map: MAP, due: `clock_timestamp() + interval '1 day'`, code: 'dual_write.parent' }, from, to),
  },
  { title: 'changes of the same map parked', fill: addParked },
  { title: 'rows with a parked change and five behind it', fill: addBehind },
]

/** As they stand when all is done: without triggers, which would take an hour for a million. */
export async function fillQuickly(database: Database, statements: readonly string[]): Promise<void> {
  const client = await database.pool.connect()
  await client.query('set session_replication_role = replica; set statement_timeout = 0; set synchronous_commit = off')
  for (const statement of statements) await client.query(statement)
  client.release(true)
}

/** Customers R1 … on both sides, linked. */
export async function addRows({ portal, erp }: Sides, from: number, to: number): Promise<void> {
  const numbers = `generate_series(${from}, ${to}) i`
  await fillQuickly(erp, [`insert into retail.customer select 'ukr', 'R' || i, 'Customer ' || i, 'FR' from ${numbers}`])
  const { rows } = await erp.pool.query(`select xmin::text as version from retail.customer where customer_id = 'R${from}'`)
  await fillQuickly(portal, [
    `with company as (select cdm_companyid as id from tables.cdm_company), made as (
       insert into tables.account (accountid, msdyn_company, accountnumber, name, address1_country, createdon, modifiedon, versionnumber)
       select uuidv7(), id, 'R' || i, 'Customer ' || i, 'FR', clock_timestamp(), clock_timestamp(), nextval('tables.row_version')
         from company, ${numbers} returning accountid, accountnumber, name, msdyn_company)
     insert into dual_write.row_link (map, row_id, remote_key, company, agreed, remote_version)
     select l.map, m.accountid, 'company=ukr,customer_id=' || m.accountnumber, l.company,
            l.agreed || jsonb_build_object('accountnumber', m.accountnumber, 'name', m.name), '${rows[0].version}'
       from made m, (select * from dual_write.row_link where map = '${MAP}' limit 1) l`,
  ])
}

type Waiting = { map: string; due: string; code: string | null }

/** Changes of rows that are not there weigh as much as others. */
async function addWaiting({ portal }: Sides, { map, due, code }: Waiting, from: number, to: number): Promise<void> {
  const [table, reason] = [map === MAP ? 'account' : 'product', code === null ? 'null' : `'${code}'`]
  await fillQuickly(portal, [
    `insert into tables.change (subscriber, table_name, row_id, operation, columns, before, due_at, reason_code, reason)
     select '${map}', '${table}', uuidv7(), 'update', '{name}', '{"name": "Before"}', ${due}, ${reason}, ${reason} from generate_series(${from}, ${to})`,
    `insert into dual_write.remote_change (map, remote_key, due_at, reason_code, reason)
     select '${map}', 'waiting ' || i, ${due}, ${reason}, ${reason} from generate_series(${from}, ${to}) i`,
  ])
}

/** For a hundred reasons. */
async function addParked({ portal }: Sides, from: number, to: number): Promise<void> {
  const parked = `clock_timestamp(), 'erp.refused', 'Refused because of ' || md5((i % 100)::text), 'Cause ' || i % 100`
  await fillQuickly(portal, [
    `insert into tables.change (subscriber, table_name, row_id, operation, columns, before, attempt, parked_at, reason_code, reason, pattern)
     select '${MAP}', 'account', uuidv7(), 'update', '{name}', '{"name": "Before"}', 1, ${parked} from generate_series(${from}, ${to}) i`,
    `insert into dual_write.remote_change (map, remote_key, attempt, parked_at, reason_code, reason, pattern)
     select '${MAP}', 'parked ' || i, 1, ${parked} from generate_series(${from}, ${to}) i`,
  ])
}

/** As many changes in all: a sixth of them parked, the others out of the way behind those. */
async function addBehind({ portal }: Sides, from: number, to: number): Promise<void> {
  await fillQuickly(portal, [
    `insert into tables.change (subscriber, table_name, row_id, operation, columns, before, attempt, due_at, parked_at, reason_code, reason, pattern)
     select '${MAP}', 'account', r.id, 'update', '{name}', '{"name": "Before"}', case when j = 0 then 1 else 0 end, case when j = 0 then clock_timestamp() else 'infinity' end,
            case when j = 0 then clock_timestamp() end, case when j = 0 then 'erp.refused' end, case when j = 0 then 'No' end,
            case when j = 0 then 'No' end
       from (select i, uuidv7() as id from generate_series(${from}, ${to}, 6) i) r, generate_series(0, 5) j`,
  ])
}

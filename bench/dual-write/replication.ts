import type { DualWrite } from '../../src/dual-write/engine.ts'
import type { Database } from '../../src/postgres/database.ts'
import { insertRows } from '../../src/tables/rows.queries.ts'
import { createRetailErp } from '../../tests/online-retail/erp.ts'
import { line } from '../measure.ts'
import { catalog, type Ground, openEngine, openGround, until, untilQuiet } from './ground.ts'
import { burst, type Figures, fillCustomers, groups, latencies, type Side } from './loads.ts'

const ROWS = 50_000
const ROWS_OUT = 10_000
const WAIT_MS_MAX = 600_000
const LOOK_MS = 100

/**
 * The first copy and live changes between two databases: Comptoir with the `postgres` connector in both directions, beside PostgreSQL's own
 * logical replication, which maps, merges and asks nothing. One server, the same settings, one after the other.
 */
export async function benchReplication(): Promise<void> {
  console.log('\nReplication between two databases of one server, beside PostgreSQL’s own')
  await using ground = await openGround()
  const plain = await withPostgres(ground)
  const { toPortal, toErp } = await withComptoir(ground)
  report('PostgreSQL, publication', plain, plain)
  report('ERP → portal', toPortal, plain)
  report('portal → ERP', toErp, plain)
}

function report(who: string, figures: Figures, plain: Figures): void {
  console.log(`  ${who}`)
  const rate = (label: string, value: number, floor: number, unit: string) =>
    line(`  ${label}`, `${value.toFixed(0).padStart(7)} ${unit}`, `${(value / floor).toFixed(2).padStart(6)} ×`)
  rate('first copy', figures.copyPerSecond, plain.copyPerSecond, 'rows/s')
  rate('edits of one row', figures.editsPerSecond, plain.editsPerSecond, 'changes/s')
  rate('header with 10 lines', figures.groupsPerSecond, plain.groupsPerSecond, 'groups/s')
  const { p50, p95, p99 } = figures.latencyMs
  const parts = [`p50 ${p50.toFixed(1)} ms`, `p95 ${p95.toFixed(1)} ms`, `p99 ${p99.toFixed(1)} ms`]
  line('  latency at 20 edits/s', ...parts, `p50 ${(p50 / plain.latencyMs.p50).toFixed(1)} ×`)
}

/** The wholesaler's tables in a side: as the ERP has them, or as the portal does. */
const RETAIL: Omit<Side, 'database'> = {
  edit: (name) => ({ text: `update retail.customer set name = ${name} where customer_id = 'C' || i` }),
  marked: 'select customer_id as key, pg_xact_commit_timestamp(xmin) as at from retail.customer where name = $1',
  lines: `select count(*)::int as count from retail.invoice_line where invoice_no like 'G%'`,
  async insertGroup(database, number) {
    await database.transaction(async (tx) => {
      await tx`insert into retail.invoice values ('ukr', ${number}, 'C1', clock_timestamp(), 'FR')`
      await tx`
        insert into retail.invoice_line
        select 'ukr', ${number}, i, 'S1', 'A line', 1, 2, 2 from generate_series(1, 10) i`
    })
  },
}

const PORTAL: Omit<Side, 'database'> = {
  edit: (name) => ({ text: `update tables.account set name = ${name} where accountnumber = 'C' || i` }),
  marked: 'select accountnumber as key, pg_xact_commit_timestamp(xmin) as at from tables.account where name = $1',
  lines: `select count(*)::int as count from tables.salesorderdetail d join tables.salesorder s using (salesorderid)
           where s.msdyn_salesordernumber like 'G%'`,
  async insertGroup(database, number) {
    await database.transaction(async (tx) => {
      const [at] = await tx<{ company: string; account: string; product: string }>`
        select cdm_companyid as company, (select accountid from tables.account where accountnumber = 'C1') as account,
               (select productid from tables.product limit 1) as product
          from tables.cdm_company`
      if (at === undefined) throw new Error('the portal has a company')
      const msdyn_company = at.company
      const [salesorderid] = await insertRows(tx, catalog.get('salesorder'), [
        {
          msdyn_company,
          msdyn_salesordernumber: number,
          customerid: at.account,
          customeridtype: 'account',
          shipto_country: 'FR',
        },
      ])
      const lines = Array.from({ length: 10 }, (_, index) => ({
        msdyn_company,
        salesorderid: salesorderid ?? null,
        sequencenumber: index + 1,
        productid: at.product,
        description: 'A line',
        quantity: '1',
        priceperunit: '2',
        extendedamount: '2',
      }))
      await insertRows(tx, catalog.get('salesorderdetail'), lines)
    })
  },
}

async function withPostgres(ground: Ground): Promise<Figures> {
  const from = { database: await ground.create('plain_from'), ...RETAIL }
  const to = { database: await ground.create('plain_to'), ...RETAIL }
  for (const side of [from, to]) await createRetailErp(side.database)
  await fillCustomers(from.database, ROWS)
  const beganMs = performance.now()
  await from.database.pool.query('create publication everything for all tables')
  await from.database.pool.query(`select pg_create_logical_replication_slot('bench', 'pgoutput')`)
  await to.database.pool.query(
    `create subscription bench connection '${connectionOf(ground.url('plain_from'))}' publication everything with (create_slot = false, slot_name = 'bench')`,
  )
  await until('PostgreSQL has copied', WAIT_MS_MAX, LOOK_MS, async () => {
    const { rows } = await to.database.pool.query(`select bool_and(srsubstate = 'r') as done from pg_subscription_rel`)
    return rows[0].done === true
  })
  const copyPerSecond = ROWS / ((performance.now() - beganMs) / 1_000)
  const figures = { copyPerSecond, ...(await measureLive(from, to)) }
  await to.database.pool.query('drop subscription bench')
  return figures
}

/** As libpq takes it. */
function connectionOf(url: string): string {
  const { hostname, port, username, password, pathname } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password} dbname=${pathname.slice(1)}`
}

async function withComptoir(ground: Ground): Promise<{ toPortal: Figures; toErp: Figures }> {
  const erp = { database: await ground.create('erp'), ...RETAIL }
  await createRetailErp(erp.database)
  await fillCustomers(erp.database, ROWS)
  const portal = { database: await ground.createPortal('portal'), ...PORTAL }
  const engine = await openEngine(portal.database, { erpUrl: ground.url('erp') })
  const beganMs = performance.now()
  await engine.start()
  await engine.whenRunning()
  const copyPerSecond = ROWS / ((performance.now() - beganMs) / 1_000)
  await untilQuiet(engine, WAIT_MS_MAX)
  await portal.database.pool.query('analyze')
  const toPortal = { copyPerSecond, ...(await measureLive(erp, portal, engine)) }
  const back = await measureLive(portal, erp, engine)
  await engine.stop()
  return { toPortal, toErp: { copyPerSecond: await copyOut(ground), ...back } }
}

async function measureLive(from: Side, to: Side, engine?: DualWrite): Promise<Omit<Figures, 'copyPerSecond'>> {
  const quiet = async () => engine !== undefined && (await untilQuiet(engine, WAIT_MS_MAX))
  const latencyMs = await latencies(from, to)
  await quiet()
  const editsPerSecond = await burst(from, to)
  await quiet()
  const groupsPerSecond = await groups(from, to)
  await quiet()
  return { latencyMs, editsPerSecond, groupsPerSecond }
}

/** The first copy the other way: rows that the portal alone has, into an empty database. */
async function copyOut(ground: Ground): Promise<number> {
  const erp = await ground.create('erp_empty')
  await createRetailErp(erp)
  const portal = await ground.createPortal('portal_full')
  await fillAccounts(portal, ROWS_OUT)
  const engine = await openEngine(portal, { erpUrl: ground.url('erp_empty') })
  const beganMs = performance.now()
  await engine.start()
  await engine.whenRunning()
  await until('the customers have gone out', WAIT_MS_MAX, LOOK_MS, async () => {
    const { rows } = await erp.pool.query('select count(*)::int as count from retail.customer')
    return rows[0].count === ROWS_OUT
  })
  const tookMs = performance.now() - beganMs
  await engine.stop()
  return ROWS_OUT / (tookMs / 1_000)
}

async function fillAccounts(portal: Database, rows: number): Promise<void> {
  await portal.transaction(async (tx) => {
    const [company] = await insertRows(tx, catalog.get('cdm_company'), [{ cdm_companycode: 'ukr', cdm_name: 'A wholesaler' }])
    for (let from = 1; from <= rows; from += 1_000)
      await insertRows(
        tx,
        catalog.get('account'),
        Array.from({ length: 1_000 }, (_, at) => ({
          msdyn_company: company ?? null,
          accountnumber: `C${from + at}`,
          name: `Customer ${from + at}`,
          address1_country: 'FR',
        })),
      )
  })
  await portal.pool.query('analyze')
}

import type { Database } from '../../src/postgres/database.ts'
import { claimChanges, settleChanges, subscribe } from '../../src/tables/changes.queries.ts'
import { line, ms, percentiles } from '../measure.ts'
import { openGround } from './ground.ts'

const SIZES = [10_000, 100_000, 1_000_000]
const RUNS = 200
const LIVE_MAP = 'live'
const PAUSED_MAP = 'paused'

/**
 * What one change costs (captured with its edit, claimed, settled) while ever more rows are stored, changes wait in the queue of a paused
 * map, or are parked: each must cost the same at every size.
 */
export async function benchQueues(): Promise<void> {
  console.log('\nOne change beside ever more rows, waiting changes and parked changes (statement times, ratio to the smallest)')
  for (const [title, fill] of FILLINGS) {
    let first: Cost | undefined
    for (const size of SIZES) {
      await using ground = await openGround()
      const portal = await ground.createPortal('portal')
      await addRows(portal, RUNS, 'E')
      await fill(portal, size)
      await portal.pool.query('vacuum analyze')
      await portal.transaction((tx) => subscribe(tx, 'account', LIVE_MAP, ['name']))
      const cost = await costOf(portal)
      first ??= cost
      const part = (name: keyof Cost) =>
        `${name} p50 ${ms(cost[name].p50)} p95 ${ms(cost[name].p95)} ms ${(cost[name].p50 / (first?.[name].p50 ?? 1)).toFixed(2)} ×`
      line(`${size.toLocaleString('en')} ${title}`, part('edit'), part('claim'), part('settle'))
    }
  }
}

const FILLINGS: readonly [string, (portal: Database, size: number) => Promise<void>][] = [
  ['rows stored', (portal, size) => addRows(portal, size, 'R')],
  ['changes waiting', (portal, size) => addChanges(portal, size, PAUSED_MAP, false)],
  ['changes parked', (portal, size) => addChanges(portal, size, LIVE_MAP, true)],
]

type Cost = Record<'edit' | 'claim' | 'settle', { p50: number; p95: number }>

/** As they stand when all is done: without triggers, which would take an hour for a million. */
async function addRows(portal: Database, count: number, prefix: string): Promise<void> {
  const client = await portal.pool.connect()
  await client.query('set session_replication_role = replica')
  await client.query(
    `with company as (
       insert into tables.cdm_company (cdm_companyid, cdm_companycode, cdm_name, createdon, modifiedon, versionnumber)
       values (gen_random_uuid(), $1, 'A company', clock_timestamp(), clock_timestamp(), nextval('tables.row_version')) returning cdm_companyid)
     insert into tables.account (accountid, msdyn_company, accountnumber, name, createdon, modifiedon, versionnumber)
     select gen_random_uuid(), cdm_companyid, $1 || i, 'A name', clock_timestamp(), clock_timestamp(), nextval('tables.row_version')
       from company, generate_series(1, $2::int) i`,
    [prefix, count],
  )
  client.release(true)
}

/** Changes of rows that are not there weigh as much as others. */
async function addChanges(portal: Database, count: number, map: string, isParked: boolean): Promise<void> {
  await portal.pool.query(
    `insert into tables.change (subscriber, table_name, row_id, operation, columns, before, parked_at, reason_code, reason, pattern)
     select $1, 'account', gen_random_uuid(), 'update', '{name}', '{"name": "Before"}', case when $2 then clock_timestamp() end,
            case when $2 then 'erp.refused' end, case when $2 then 'No' end, case when $2 then 'No' end
       from generate_series(1, $3::int) i`,
    [map, isParked, count],
  )
}

async function costOf(portal: Database): Promise<Cost> {
  const took = { edit: [] as number[], claim: [] as number[], settle: [] as number[] }
  const timed = async <T>(name: keyof Cost, work: () => Promise<T>): Promise<T> => {
    const beganMs = performance.now()
    const result = await work()
    took[name].push(performance.now() - beganMs)
    return result
  }
  const options = { prepared: true }
  for (let run = 1; run <= RUNS; run++) {
    await timed('edit', () =>
      portal.pool.query('update tables.account set name = $1 where accountnumber = $2', [`Run ${run}`, `E${run}`]),
    )
    const claim = { subscribers: [LIVE_MAP], rowsMax: 1, leaseMs: 60_000 }
    const claimed = await timed('claim', () => portal.transaction((tx) => claimChanges(tx, claim), options))
    if (claimed.length !== 1) throw new Error('the edit was captured, and nothing else is due')
    const settled = await timed('settle', () => portal.transaction((tx) => settleChanges(tx, LIVE_MAP, claimed), options))
    if (settled.size !== 1) throw new Error('the change was ours')
  }
  return { edit: percentiles(took.edit), claim: percentiles(took.claim), settle: percentiles(took.settle) }
}

import type { Database } from '../../src/postgres/database.ts'
import { percentiles, repeat } from '../measure.ts'
import { until } from './ground.ts'

/** One of two databases between which rows travel. */
export type Side = {
  database: Database
  /** Edits customer C`i` in plpgsql; `name` is an expression. */
  edit(name: string): { text: string }
  /** Customers by their name: key, and when the row was committed. */
  marked: string
  /** How many lines of `insertGroup` are there. */
  lines: string
  /** A header with ten lines, in one transaction. */
  insertGroup(database: Database, number: string): Promise<void>
}

export type Figures = {
  copyPerSecond: number
  editsPerSecond: number
  groupsPerSecond: number
  latencyMs: { p50: number; p95: number; p99: number }
}

const EDITS = 5_000
const GROUPS = 400
const WRITERS = 4
const SLOW_EDITS = 200
const SLOW_EVERY_MS = 50
const WAIT_MS_MAX = 300_000
/** Seldom enough that looking is no load of its own. */
const LOOK_MS = 250

/** Customers C1, C2 …, and an item. */
export async function fillCustomers(erp: Database, rows: number): Promise<void> {
  await erp.pool.query(`
    insert into retail.company values ('ukr', 'A wholesaler');
    insert into retail.item values ('ukr', 'S1', 'An item');
    insert into retail.customer select 'ukr', 'C' || i, 'Customer ' || i, 'FR' from generate_series(1, ${rows}) i;
    analyze`)
}

let runs = 0

/** Edits of as many rows, each in a transaction of its own, as fast as the server itself makes them: how many a second arrive. */
export async function burst(from: Side, to: Side): Promise<number> {
  const mark = `burst ${++runs}`
  const share = EDITS / WRITERS
  const { text } = from.edit(`'${mark}'`)
  const beganMs = Date.now()
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const client = await from.database.pool.connect()
      // What is measured is how edits travel, not how long each waits for the disk.
      await client.query('set synchronous_commit = off')
      await client.query(
        `do $$ begin for i in ${writer * share + 1}..${(writer + 1) * share} loop ${text}; commit; end loop; end $$`,
      )
      await client.query('reset synchronous_commit')
      client.release()
    }),
  )
  const last = await arrivals(to, mark, EDITS)
  return EDITS / ((Math.max(...last.values()) - beganMs) / 1_000)
}

/** One edit after the other at a pace that leaves time to breathe: from just before the edit to the commit at the other side. */
export async function latencies(from: Side, to: Side): Promise<Figures['latencyMs']> {
  const mark = `slow ${++runs}`
  const editedMs = new Map<string, number>()
  for (let i = 1; i <= SLOW_EDITS; i++) {
    const { text } = from.edit(`'${mark}'`)
    editedMs.set(`C${i}`, performance.timeOrigin + performance.now())
    await from.database.pool.query(text.replace("'C' || i", `'C${i}'`))
    await new Promise((done) => setTimeout(done, SLOW_EVERY_MS))
  }
  const arrived = await arrivals(to, mark, SLOW_EDITS)
  return percentiles([...arrived].map(([key, atMs]) => atMs - (editedMs.get(key) ?? Number.NaN)))
}

/** Headers with ten lines: how many a second arrive whole. */
export async function groups(from: Side, to: Side): Promise<number> {
  const prefix = `G${++runs}-`
  const before = await countLines(to)
  const beganMs = performance.now()
  let number = 0
  await repeat(GROUPS, WRITERS, () => from.insertGroup(from.database, `${prefix}${++number}`))
  await until('all groups have arrived', WAIT_MS_MAX, LOOK_MS, async () => (await countLines(to)) === before + GROUPS * 10)
  return GROUPS / ((performance.now() - beganMs) / 1_000)
}

async function countLines({ database, lines }: Side): Promise<number> {
  return (await database.pool.query(lines)).rows[0].count
}

/** When each of the rows that bear the mark was committed, once so many are there. */
async function arrivals({ database, marked }: Side, mark: string, count: number): Promise<Map<string, number>> {
  let found = new Map<string, number>()
  await until(`${count} edits have arrived`, WAIT_MS_MAX, LOOK_MS, async () => {
    const { rows } = await database.pool.query(marked, [mark])
    found = new Map(rows.map((row) => [row.key, new Date(row.at).getTime()]))
    return found.size === count
  })
  return found
}

import { appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DualWrite } from '../../src/dual-write/engine.ts'
import { createRetailErp } from '../../tests/online-retail/erp.ts'
import { line } from '../measure.ts'
import { addRows, FILLINGS, type Filling, fillQuickly, MAP, PAUSED_MAP, type Sides } from './fillings.ts'
import { type Ground, openEngine, openGround, until, untilQuiet } from './ground.ts'
import { fillCustomers } from './loads.ts'
import { OURS, STATEMENT_SETTINGS, type StatementCost, type Statements, watchStatements } from './statements.ts'

const SIZES = [10_000, 100_000, 1_000_000]
/** Customers that are edited. */
const EDITED = 1_000
const ALONE = 40
/** Edits before anything is measured: by then plans are made. */
const WARM = 16
const REST_MS = 5_000
const WORK_MS = 15_000
const ARRIVED_MS_MAX = 60_000
const LOOK_MS = 10
/** A hundred times as many entries make an index a level deeper or two, and most of what a change looks at is such ways down. */
const FLAT_MAX = 2

type Direction = 'toErp' | 'toPortal'
const DIRECTIONS = ['toErp', 'toPortal'] as const
const WORDS = { toErp: 'portal → ERP', toPortal: 'ERP → portal' } as const

/** `per`: changes, or seconds. What is no change's cost, a second at rest or what a person asks for, is shown and not judged. */
type Cost = StatementCost & { per: number; isBeside?: boolean }

/** What was measured at one size, by name. */
type Costs = Map<string, Cost>

/**
 * What one change costs, from the edit to the settled change, through a running engine and in both directions, while ever more rows are
 * stored, changes wait, or are parked. Counted in statements and in pages that PostgreSQL looked at for them: neither depends on what else the
 * machine does.
 */
export async function benchQueues(): Promise<void> {
  const file = join(tmpdir(), `comptoir-bench-plans-${process.pid}.txt`)
  console.log(
    '\nOne change beside ever more rows, waiting and parked changes: statements, pages of 8 kB, ms in the server, pages to the smallest',
  )
  for (const filling of FILLINGS) await benchBeside(filling, file)
  for (const direction of DIRECTIONS) await benchBacklog(direction, file)
  console.log(`  every plan, with what it read and met: ${file}`)
}

async function benchBeside(filling: Filling, file: string): Promise<void> {
  await using ground = await openGround(STATEMENT_SETTINGS)
  const { sides, statements } = await prepare(ground)
  const sizes: Costs[] = []
  for (const [at, size] of SIZES.entries()) {
    await filling.fill(sides, (SIZES[at - 1] ?? 0) + 1, size)
    await settleDown(sides)
    const { costs, plans } = await measure(ground, sides, statements)
    sizes.push(costs)
    report(`${size.toLocaleString('en')} ${filling.title}`, costs, sizes, file)
    appendFileSync(file, plans)
  }
  judge(sizes)
}

/** A portal and an ERP with the customers that are edited, copied once. */
async function prepare(ground: Ground): Promise<{ sides: Sides; statements: Statements }> {
  const erp = await ground.create('erp')
  await createRetailErp(erp)
  await fillCustomers(erp, EDITED)
  const portal = await ground.createPortal('portal')
  const statements = await watchStatements(await ground.create('watching'), ground.logFile, ['portal', 'erp'])
  const engine = await openEngine(portal, { erpUrl: ground.url('erp') })
  await engine.start()
  await engine.whenRunning()
  await untilQuiet(engine, ARRIVED_MS_MAX)
  await engine.pauseMap(PAUSED_MAP, 'bench')
  await engine.stop()
  return { sides: { portal, erp }, statements }
}

/** As the server’s own housekeeping leaves it. */
async function settleDown({ portal, erp }: Sides): Promise<void> {
  for (const database of [portal, erp]) await fillQuickly(database, ['vacuum analyze', 'checkpoint'])
}

async function measure(ground: Ground, sides: Sides, statements: Statements): Promise<{ costs: Costs; plans: string }> {
  const costs: Costs = new Map()
  let rest: StatementCost | undefined
  const take = async (name: string, changes: number, work: (direction: Direction) => Promise<void>) => {
    for (const direction of DIRECTIONS)
      costs.set(`${WORDS[direction]}, ${name}`, { ...(await costOf(statements, rest, () => work(direction))), per: changes })
  }
  await withEngine(ground, sides, async () => {
    rest = await costOf(statements, undefined, () => new Promise((done) => setTimeout(done, REST_MS)))
    costs.set('a second at rest', { ...rest, per: REST_MS / 1_000, isBeside: true })
    await take('one by one', ALONE, (direction) => oneByOne(sides, direction, ALONE))
  })
  const plans = await withEngine(ground, sides, async (engine) => {
    await take(`${EDITED} at once`, EDITED, (direction) => allAtOnce(sides, direction))
    for (const [name, ask] of questions(engine))
      costs.set(name, { ...(await costOf(statements, undefined, ask)), per: 1, isBeside: true })
    return statements.plansDuring(async () => {
      for (const direction of DIRECTIONS) await oneByOne(sides, direction, 2)
    })
  })
  return { costs, plans }
}

/**
 * An engine that has warmed up, and not for long: the comparison that goes on all the time begins a minute after the start, and is no cost
 * of a change.
 */
async function withEngine<T>(ground: Ground, sides: Sides, work: (engine: DualWrite) => Promise<T>): Promise<T> {
  const engine = await openEngine(sides.portal, { erpUrl: ground.url('erp') })
  await engine.start()
  try {
    for (const direction of DIRECTIONS) await oneByOne(sides, direction, WARM)
    return await work(engine)
  } finally {
    await engine.stop()
  }
}

/** What a person asks of the engine while he looks at it. */
function questions(engine: DualWrite): [string, () => Promise<unknown>][] {
  return [
    ['asked for the status of all maps', () => engine.status()],
    ['asked for it again', () => engine.status()],
    ['asked for the newest 50 parked', () => engine.listParked({ map: null, rowsMax: 50 })],
    ['asked for the causes of parking', () => engine.clusterParked(MAP)],
  ]
}

/** Without what the engine does `atRest` in the same time anyway. */
async function costOf(
  statements: Statements,
  atRest: StatementCost | undefined,
  work: () => Promise<unknown>,
): Promise<StatementCost> {
  await statements.begin()
  const beganMs = performance.now()
  await work()
  const share = (performance.now() - beganMs) / REST_MS
  const cost = await statements.read()
  if (atRest === undefined) return cost
  const without = (name: 'statements' | 'pages' | 'ms') => cost[name] - atRest[name] * share
  return { statements: without('statements'), pages: without('pages'), ms: without('ms'), top: cost.top }
}

let runs = 0

async function oneByOne(sides: Sides, direction: Direction, changes: number): Promise<void> {
  for (let i = 1; i <= changes; i++) {
    const name = `Run ${++runs}`
    await edit(sides, direction, name, `= 'C${i}'`)
    await arrived(sides, direction, name, 1)
  }
}

async function allAtOnce(sides: Sides, direction: Direction): Promise<void> {
  const name = `Run ${++runs}`
  await edit(sides, direction, name, `like 'C%'`)
  await arrived(sides, direction, name, EDITED)
}

const CUSTOMERS = {
  portal: { table: 'tables.account', number: 'accountnumber' },
  erp: { table: 'retail.customer', number: 'customer_id' },
} as const
const FROM = { toErp: 'portal', toPortal: 'erp' } as const
const TO = { toErp: 'erp', toPortal: 'portal' } as const

/** Each in a transaction of its own, as people edit. */
async function edit(sides: Sides, direction: Direction, name: string, which: string): Promise<void> {
  const { table, number } = CUSTOMERS[FROM[direction]]
  await sides[FROM[direction]].pool.query(
    `do $$ declare one record; begin /* ${OURS} */
       for one in select ${number} as number from ${table} where ${number} ${which} loop
         update ${table} set name = '${name}' where ${number} = one.number; commit;
       end loop; end $$`,
  )
}

async function arrived(sides: Sides, direction: Direction, name: string, count: number): Promise<void> {
  const { table } = CUSTOMERS[TO[direction]]
  await until(`${count} edits have arrived`, ARRIVED_MS_MAX, LOOK_MS, async () => {
    const { rows } = await sides[TO[direction]].pool.query(`select count(*)::int as ${OURS} from ${table} where name = $1`, [
      name,
    ])
    return rows[0][OURS] === count
  })
}

/** A queue of a running map that the engine works off for a while: what each change costs, however many are behind it. */
async function benchBacklog(direction: Direction, file: string): Promise<void> {
  await using ground = await openGround(STATEMENT_SETTINGS)
  const { sides, statements } = await prepare(ground)
  const sizes: Costs[] = []
  for (const [at, size] of SIZES.entries()) {
    await addRows(sides, (SIZES[at - 1] ?? 0) + 1, size)
    await queueAll(sides, direction)
    await settleDown(sides)
    const costs: Costs = new Map([['each', await workOff(ground, sides, statements, direction)]])
    sizes.push(costs)
    report(`${size.toLocaleString('en')} changes due, ${WORDS[direction]}`, costs, sizes, file)
  }
  judge(sizes)
}

const QUEUES = { toErp: 'tables.change', toPortal: 'dual_write.remote_change' } as const

/** One change of every row. */
async function queueAll({ portal, erp }: Sides, direction: Direction): Promise<void> {
  const name = `'Run ${++runs} of ' || `
  await fillQuickly(portal, [`truncate ${QUEUES[direction]}`])
  if (direction === 'toErp')
    await fillQuickly(portal, [
      `update tables.account set name = ${name} accountnumber`,
      `insert into tables.change (subscriber, table_name, row_id, operation, columns, before)
       select '${MAP}', 'account', accountid, 'update', '{name}', '{"name": "Before"}' from tables.account`,
    ])
  else {
    await fillQuickly(erp, [`update retail.customer set name = ${name} customer_id`])
    await fillQuickly(portal, [
      `insert into dual_write.remote_change (map, remote_key) select map, remote_key from dual_write.row_link where map = '${MAP}'`,
    ])
  }
}

async function workOff(ground: Ground, { portal }: Sides, statements: Statements, direction: Direction): Promise<Cost> {
  const queued = async () => {
    const { rows } = await portal.pool.query(`select count(*)::int as ${OURS} from ${QUEUES[direction]}`)
    return rows[0][OURS] as number
  }
  const before = await queued()
  const engine = await openEngine(portal, { erpUrl: ground.url('erp') })
  await statements.begin()
  const untilMs = performance.now() + WORK_MS
  await engine.start()
  await until(
    'enough is worked off',
    WORK_MS * 2,
    LOOK_MS * 50,
    async () => performance.now() > untilMs || (await queued()) === 0,
  )
  await engine.stop()
  const cost = await statements.read()
  return { ...cost, per: before - (await queued()) }
}

function report(title: string, costs: Costs, sizes: readonly Costs[], file: string): void {
  console.log(`  ${title}`)
  for (const [name, cost] of costs) {
    const each = (value: number, digits: number) => (value / cost.per).toFixed(digits)
    line(
      `  ${name}`,
      `${each(cost.statements, 1).padStart(7)} statements`,
      `${each(cost.pages, 0).padStart(8)} pages`,
      `${each(cost.ms, 2).padStart(9)} ms`,
      `${ratioTo(sizes[0]?.get(name), cost).toFixed(2).padStart(6)} ×`,
    )
    const top = cost.top.map(
      (one) =>
        `${each(one.pages, 1)} pages, ${each(one.calls, 2)} calls, ${each(one.ms, 2)} ms: ${one.text.replace(/\s+/g, ' ').slice(0, 300)}`,
    )
    appendFileSync(file, `\n==== ${title}: ${name}, of it\n${top.join('\n')}\n`)
  }
}

function ratioTo(first: Cost | undefined, cost: Cost): number {
  return first === undefined ? 1 : cost.pages / cost.per / (first.pages / first.per)
}

function judge(sizes: readonly Costs[]): void {
  const [smallest, ...larger] = sizes
  const ratios = [...(smallest ?? [])]
    .filter(([, cost]) => cost.isBeside !== true)
    .map(([name, first]) => ({
      name,
      ratio: Math.max(
        ...larger.map((costs) => {
          const cost = costs.get(name)
          return cost === undefined ? 1 : ratioTo(first, cost)
        }),
      ),
    }))
  const [worst] = ratios.toSorted((a, b) => b.ratio - a.ratio)
  if (worst === undefined) return
  const isFlat = worst.ratio <= FLAT_MAX
  console.log(
    `  => ${isFlat ? 'flat' : 'GROWS'}: a hundred times as many, at most ${worst.ratio.toFixed(2)} × the pages (${worst.name})`,
  )
}

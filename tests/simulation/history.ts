import { type DualWrite, openDualWrite } from '../../src/dual-write/engine.ts'
import type { MapScope } from '../../src/dual-write/facets-control.ts'
import { silentLog } from '../../src/log/log.ts'
import type { Database } from '../../src/postgres/database.ts'
import type { Ground } from './ground.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { type Length, SHORT } from './length.ts'
import { judge } from './oracle.ts'
import { actInErp, actInPortal, correctRows } from './people.ts'
import { createDice, createRandom, type Dice } from './random.ts'
import { createTimeline, type Life, type Timeline } from './timeline.ts'
import { type Bus, type DatabaseFaults, openVirtualDatabase, SLOW_MS_MAX } from './virtual-database.ts'
import { createVirtualErp, type ErpFaults, fillErp, NO_ERP_FAULTS, type VirtualErp } from './virtual-erp.ts'
import { replaceProcessTime } from './virtual-process.ts'

/** What came of one seed: nothing wrong, or sentences that say what. `hash` is the same for the same seed. */
export type Outcome = { seed: number; wrong: string[]; hash: string; steps: number; virtualMs: number }

const COPIED_MS = Date.parse('2026-01-05T08:00:00Z')
const START_MS = Date.parse('2026-01-05T09:00:00Z')
const QUIET_MS_MAX = 10 * 60_000
/** A process takes that long to start. What the one before it has sent has arrived by then: no look for it would find it earlier. */
const RESTART_MS = 1_000
const NO_DATABASE_FAULTS: DatabaseFaults = { lost: 0, slow: 0, gap: 0 }

/** A whole history of the engine on a real database, in virtual time, made of the seed's numbers alone. */
export async function runHistory(
  ground: Ground,
  seed: number,
  { length = SHORT, onStep }: { length?: Length; onStep?: (line: string) => void } = {},
): Promise<Outcome> {
  const dice = createDice(createRandom(seed))
  await ground.clear(dice.chance(0.2) ? 'nothing' : 'copy')
  return inVirtualTime(ground, { seed, dice, length, startMs: START_MS, onStep }, live)
}

/** What most histories begin with: a first copy that is done. Once for a ground. */
export async function prepareGround(ground: Ground): Promise<void> {
  await ground.clear('nothing')
  const { wrong } = await inVirtualTime(
    ground,
    { seed: 0, dice: createDice(createRandom(0)), length: SHORT, startMs: COPIED_MS, onStep: undefined },
    async (world) => {
      fillErp(world.erp.memory)
      await begin(world)
      await world.engine().whenRunning()
      await untilQuiet(world)
      await world.engine().stop()
      return world.ledger.written() === 0 ? [] : ['a first copy wrote to the ERP']
    },
  )
  if (wrong.length > 0) throw new Error(`The first copy failed:\n${wrong.join('\n')}`)
  await ground.keepCopy()
}

type Run = { seed: number; dice: Dice; length: Length; startMs: number; onStep: ((line: string) => void) | undefined }

async function inVirtualTime(ground: Ground, run: Run, main: (world: World) => Promise<string[]>): Promise<Outcome> {
  const { seed, dice, startMs, onStep } = run
  const timeline = createTimeline({ startMs, drawn: dice.drawn, onStep })
  const people: Life = { name: 'people', isOver: false }
  const giveBack = replaceProcessTime(timeline, people)
  const wrong: string[] = []
  const world = createWorld(ground, timeline, run, people)
  try {
    wrong.push(...(await timeline.run(() => main(world))))
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    await world.release()
    giveBack()
  }
  return {
    seed,
    wrong: [...new Set(wrong)],
    hash: timeline.hash(),
    steps: timeline.steps(),
    virtualMs: timeline.nowMs() - startMs,
  }
}

/** Everything of one history, and what its people and its operator may do with it. */
type World = {
  dice: Dice
  length: Length
  timeline: Timeline
  ledger: Ledger
  erp: VirtualErp
  /** As the portal's pages see it. */
  database: Database
  catalog: Ground['catalog']
  refusals: boolean
  erpFaults: ErpFaults
  databaseFaults: DatabaseFaults
  engine: () => DualWrite
  start(): Promise<void>
  /** Nothing of the process happens any more; what it held is freed. */
  bury(): Promise<void>
  /** The same after the last step. */
  release(): Promise<void>
  sleep(ms: number): Promise<void>
  maps: readonly string[]
  /** The file of the map that is edited, and how many versions were made of it. */
  edited: { text: string; versions: number }
}

function createWorld(ground: Ground, timeline: Timeline, { seed, dice, length }: Run, people: Life): World {
  const ledger = createLedger()
  const bus: Bus = { listeners: [] }
  const { notes } = ground
  const erpFaults = { ...NO_ERP_FAULTS }
  const databaseFaults = { ...NO_DATABASE_FAULTS }
  let running: { engine: DualWrite; life: Life; database: ReturnType<typeof openVirtualDatabase> } | undefined
  let starts = 0
  const erp = createVirtualErp({
    timeline,
    dice,
    faults: erpFaults,
    takesMany: seed % 2 === 0,
    onChange: ledger.onRecord,
    onGroup: (group) => ledger.onGroup(group, timeline.nowMs()),
    receiver: () => {
      const to = running
      return to === undefined ? undefined : (body) => to.engine.receiveEvent(body)
    },
  })
  const database = openVirtualDatabase(ground.database, { timeline, dice, notes, bus, faults: NO_DATABASE_FAULTS }, people)
  return {
    dice,
    length,
    timeline,
    ledger,
    erp,
    database,
    catalog: ground.catalog,
    refusals: dice.chance(0.3),
    edited: { text: ground.textOf('customers'), versions: 0 },
    erpFaults,
    databaseFaults,
    maps: ground.maps,
    engine() {
      if (running === undefined) throw new Error('no engine is running')
      return running.engine
    },
    async start() {
      const life: Life = { name: `engine${++starts}`, isOver: false }
      const own = openVirtualDatabase(ground.database, { timeline, dice, notes, bus, faults: databaseFaults }, life)
      const engine = await openDualWrite({
        database: own,
        catalog: ground.catalog,
        connector: erp.connect(life),
        mapFolders: [ground.mapFolder],
        clock: { nowMs: timeline.nowMs, random: dice.random, sleep: (ms, signal) => timeline.sleep(life, ms, signal) },
        log: silentLog,
        eventUrl: 'http://localhost/erp-events',
        eventSecret: 's',
      })
      running = { engine, life, database: own }
      await engine.start()
    },
    async bury() {
      if (running === undefined) return
      const { life, database: own } = running
      life.isOver = true
      running = undefined
      await timeline.perform(people, `${life.name} is dead`, own.end, { afterMs: 0, answerMs: 0 })
    },
    release: async () => void (await running?.database.end()),
    sleep: (ms) => timeline.sleep(people, ms),
  }
}

async function live(world: World): Promise<string[]> {
  const { dice, ledger, erp } = world
  fillErp(erp.memory)
  // As it has been since the first copy.
  await erp.memory.connector.registerEvents({ url: '', secret: '', entities: [] }, new AbortController().signal)
  await begin(world)
  const running = world
    .engine()
    .whenRunning()
    .then(
      () => ledger.beginLive(),
      () => undefined,
    )
  if (dice.chance(0.8)) await running
  chooseFaults(world)
  await Promise.all([portalPerson(world), portalPerson(world), erpPerson(world), erpPerson(world), operator(world)])
  await calmDown(world)
  const refused = await judgeParked(world, ['erp.refused'])
  await correctRefused(world)
  await untilQuiet(world)
  refused.push(...(await judgeParked(world, [])))
  const wrong = await world.database.read((tx) => judge({ ledger, memory: erp.memory, tx }))
  return [...refused, ...wrong, ...(await judgeIdleness(world))]
}

/** A start that meets a fault is tried again, as a supervisor does. */
async function begin(world: World): Promise<void> {
  for (;;) {
    try {
      return await world.start()
    } catch {
      await world.bury()
      await world.sleep(1_000)
    }
  }
}

/** Each history has some kinds of trouble and is free of others: together they would hide each other. */
function chooseFaults({ dice, erpFaults, databaseFaults }: World): void {
  const some = (probability: number) => (dice.chance(0.5) ? probability : 0)
  Object.assign(erpFaults, {
    throttled: some(0.1),
    lost: some(0.15),
    hung: some(0.03),
    doubled: some(0.2),
    late: some(0.2),
    dropped: dice.chance(0.25) ? 0.1 : 0,
  })
  Object.assign(databaseFaults, { lost: some(0.02), slow: some(0.005), gap: some(0.1) })
}

async function portalPerson(world: World): Promise<void> {
  const { dice, length } = world
  for (let actions = length.actionsMin + dice.upTo(length.actionsMore); actions > 0; actions--) {
    await world.sleep(dice.around(dice.chance(length.atOnce) ? 60 : length.pauseMs))
    await world.database.transaction((tx) => actInPortal(world, tx))
  }
}

async function erpPerson(world: World): Promise<void> {
  const { dice, length } = world
  for (let actions = length.actionsMin + dice.upTo(length.actionsMore); actions > 0; actions--) {
    await world.sleep(dice.around(dice.chance(length.atOnce) ? 60 : length.pauseMs))
    actInErp(world)
  }
}

/** Whoever runs the machines: restarts, kills, pauses, outages. */
async function operator(world: World): Promise<void> {
  const { dice, length, erpFaults, timeline } = world
  for (let actions = dice.upTo(length.operatorActions); actions > 0; actions--) {
    await world.sleep(dice.around(length.operatorPauseMs))
    const choice = dice.random()
    if (choice < 0.4) {
      await world.bury()
      await world.sleep(RESTART_MS + dice.around(1_000))
      await begin(world)
    } else if (choice < 0.55) {
      await world.engine().stop()
      await world.bury()
      await world.sleep(RESTART_MS)
      await begin(world)
    } else if (choice < 0.75) await pauseSome(world)
    else if (choice < 0.88) await editMap(world, dice.chance(0.5))
    else erpFaults.outUntilMs = timeline.nowMs() + dice.around(10_000)
  }
}

/** A whole map, a direction, or a legal entity is paused; or the last pause ends, with one of the two ways of catching up. */
async function pauseSome(world: World): Promise<void> {
  const { dice, ledger, timeline, databaseFaults } = world
  const paused = await pausedParts(world)
  if (paused.length > 0 && dice.chance(0.6)) {
    const { map, ...scope } = dice.pick(paused)
    const queue = dice.pick(['first', 'beside'] as const)
    ledger.pausedAt.delete(map)
    return attempt(() => world.engine().resumeMap(map, 'operator', { scope, queue }))
  }
  const map = dice.pick(['customers', 'contacts', 'sales-order-headers', 'sales-order-lines'])
  const scope = dice.pick<MapScope>([{}, {}, { direction: 'toErp' }, { direction: 'toPortal' }, { company: 'usmf' }])
  return attempt(async () => {
    await world.engine().pauseMap(map, 'operator', scope)
    // A transaction may take minutes then, and what was claimed before goes after it.
    if (scope.direction !== 'toPortal' && databaseFaults.slow === 0) ledger.pausedAt.set(map, timeline.nowMs())
  })
}

async function pausedParts(world: World): Promise<({ map: string } & MapScope)[]> {
  const parts = await world.database.read(
    (tx) => tx<{ map: string; company: string; direction: 'toErp' | 'toPortal' | '' }>`
      select name as map, '' as company, '' as direction from dual_write.map where state = 'paused'
       union all select map, company, direction from dual_write.map_scope order by 1, 2, 3`,
  )
  return parts.map(({ map, company, direction }) => ({
    map,
    ...(company === '' ? {} : { company }),
    ...(direction === '' ? {} : { direction }),
  }))
}

/** A new version of a map, with or without one of its columns. */
async function editMap(world: World, isWhole: boolean): Promise<void> {
  const { edited } = world
  edited.versions++
  const text = edited.text.replace(/^version: .*$/m, `version: 1.1.${edited.versions}`)
  const version = isWhole ? text : text.replace(/^ *- .*websiteurl.*\n/m, '')
  await attempt(() => world.engine().saveMap(version, 'operator', 'a simulated edit'))
}

/** What a person does again when it failed. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined)
}

/** The trouble ends: everything runs, and what no notice told is looked for. */
async function calmDown(world: World): Promise<void> {
  const wasDropping = world.erpFaults.dropped > 0
  const wasSlow = world.databaseFaults.slow > 0
  Object.assign(world.erpFaults, NO_ERP_FAULTS)
  Object.assign(world.databaseFaults, NO_DATABASE_FAULTS)
  world.ledger.pausedAt.clear()
  for (const { map, ...scope } of await pausedParts(world)) await world.engine().resumeMap(map, 'operator', { scope })
  if (world.edited.versions > 0) await editMap(world, true)
  // What began in the trouble is still part of it: who corrects a refusal must have been told of it.
  if (wasSlow) await world.sleep(SLOW_MS_MAX)
  await settleDown(world)
  if (wasDropping) for (const map of world.maps) await world.engine().refreshMap(map, 'operator')
  await settleDown(world)
}

/** What waits behind a refusal does not become quiet before that is corrected. */
function settleDown(world: World): Promise<void> {
  return world.refusals ? world.sleep(world.length.refusedMs) : untilQuiet(world)
}

/** Nothing waits in either direction, parked changes left out, and nothing comes after. */
async function untilQuiet(world: World): Promise<void> {
  const deadlineMs = world.timeline.nowMs() + QUIET_MS_MAX
  for (let times = 0; times < 3; ) {
    if (world.timeline.nowMs() > deadlineMs) throw new Error(`It does not become quiet: ${await describeWork(world)}`)
    await world.sleep(1_000)
    const isQuiet = world.erp.onTheWay() === 0 && (await describeWork(world)) === ''
    times = isQuiet ? times + 1 : 0
  }
}

async function describeWork(world: World): Promise<string> {
  const [left] = await world.database.read(
    (tx) => tx<{ left: string }>`
      select concat_ws('; ', (select string_agg(format('%s is %s: %s', name, state, last_error), ', ') from dual_write.map where state <> 'running'),
                       (select string_agg(format('%s %s %s due %s %s', subscriber, operation, row_id, due_at, reason), ', ') from tables.change c
                                  where not exists (select from tables.change p where p.subscriber = c.subscriber and p.row_id = c.row_id and p.number <= c.number and p.parked_at is not null)),
                       (select string_agg(format('%s %s due %s %s', map, remote_key, due_at, reason), ', ') from dual_write.remote_change where parked_at is null)) as left`,
  )
  return left?.left ?? ''
}

/** Only what the ERP refused waits for a person, and edits of a contact that it has deleted. */
async function judgeParked(world: World, allowed: readonly string[]): Promise<string[]> {
  const parked = await world.engine().listParked({ map: null, rowsMax: 1_000 })
  return parked
    .filter((one) => !allowed.includes(one.code) && !(one.code === 'dual_write.gone' && one.map === 'contacts'))
    .map((one) => `${one.map} ${one.rowId} ${one.remoteKey} is parked: ${one.code} ${one.reason}`)
}

/** A person corrects what the ERP refused, and sends it again. */
async function correctRefused(world: World): Promise<void> {
  if (!world.refusals) return
  await world.database.transaction((tx) => correctRows(world, tx))
  await world.engine().retryParked({ ids: 'all', map: null }, 'operator')
}

/** When nobody does anything, neither does the engine. */
async function judgeIdleness(world: World): Promise<string[]> {
  const count = () => world.database.read((tx) => tx<{ changes: number }>`select count(*)::int as changes from sim.history`)
  const [[before], writes] = [await count(), world.ledger.written()]
  await world.sleep(world.length.idleMs)
  const [after] = await count()
  const wrong: string[] = []
  if (world.ledger.written() > writes)
    wrong.push(`${world.ledger.written() - writes} writes to the ERP after everything was quiet`)
  if (after?.changes !== before?.changes) wrong.push('the portal was changed after everything was quiet')
  return wrong
}

import type pg from 'pg'
import { AppError } from '../../src/lib/app-error.ts'
import type { Database, Tx } from '../../src/postgres/database.ts'
import type { Dice } from './random.ts'
import type { Life, Timeline } from './timeline.ts'

/** What goes wrong between a process and its database, as probabilities of one transaction. */
export type DatabaseFaults = {
  /** It is refused before it began, or its commit is carried out and the answer lost. */
  lost: number
  /** It takes minutes: leases end meanwhile. */
  slow: number
  /** A notification does not arrive; the process is told that it may have missed some, as after a lost connection. */
  gap: number
}

/** What the ground's database and the simulation tell each other. */
export type Notes = {
  /** When the transaction that is under way happens. */
  now: string
  /** Its notifications: the ground's pg_notify speaks through notices of the connection. */
  taken: { channel: string; payload: string }[]
}

/** All processes that listen, in the order in which they began. */
export type Bus = {
  listeners: { life: Life; channel: string; onPayload: (payload: string) => void; onGap: () => void }[]
}

const USUAL_MS = 0.8
const SLOW_MS = 100_000
/** Longer than the longest that is slow. */
export const SLOW_MS_MAX = 2 * SLOW_MS

type World = { timeline: Timeline; dice: Dice; notes: Notes; bus: Bus; faults: DatabaseFaults }

/** The real database, as one simulated process sees it: each transaction is one step, at a moment that the seed chooses. */
export function openVirtualDatabase(real: Database, world: World, life: Life): Database & { end(): Promise<void> } {
  const { timeline, dice, notes, bus, faults } = world
  const sessions = openSessions(real, world, life)

  function step<T>(kind: string, begin: (work: (tx: Tx) => Promise<T>) => Promise<T>, work: (tx: Tx) => Promise<T>): Promise<T> {
    const delay = {
      afterMs: dice.chance(faults.slow) ? dice.upTo(SLOW_MS_MAX) : dice.around(USUAL_MS),
      answerMs: dice.around(USUAL_MS / 4),
    }
    const isLost = dice.chance(faults.lost)
    const isDone = !isLost || dice.chance(0.5)
    return timeline.perform(life, kind, () => carryOut(begin, work, isDone, isLost), delay)
  }

  /** Without a transaction that would tell it the time. */
  function alone<T>(work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<T> {
    return async (tx) => {
      await tx`select set_config('sim.now', ${notes.now}, false)`
      return work(tx)
    }
  }

  async function carryOut<T>(
    begin: (work: (tx: Tx) => Promise<T>) => Promise<T>,
    work: (tx: Tx) => Promise<T>,
    isDone: boolean,
    isLost: boolean,
  ): Promise<T> {
    const lost = () => new AppError('postgres.unreachable', 'The simulated connection was lost')
    if (!isDone) throw lost()
    notes.now = new Date(timeline.nowMs()).toISOString()
    const result = await begin((tx) => work(noted(tx, timeline))).catch((error: unknown) => {
      notes.taken = []
      throw error
    })
    publish(world)
    if (isLost) throw lost()
    return result
  }

  return {
    transaction: (work, options) => step('transaction', (run) => real.transaction(run, options), work),
    read: (work) => step('read', (run) => real.read(run), work),
    statement: (work) => step('statement', (run) => real.statement(run), alone(work)),
    as: (bearer) => real.as(bearer),
    async listen(channel, onPayload, onGap) {
      const listener = { life, channel, onPayload, onGap: onGap ?? (() => undefined) }
      bus.listeners.push(listener)
      return { close: async () => void bus.listeners.splice(bus.listeners.indexOf(listener), 1) }
    },
    statementCount: () => real.statementCount(),
    pool: { connect: sessions.connect } as unknown as pg.Pool,
    url: real.url,
    close: async () => undefined,
    async end() {
      await sessions.end()
      for (const listener of [...bus.listeners])
        if (listener.life === life) bus.listeners.splice(bus.listeners.indexOf(listener), 1)
    },
  }
}

/** What the transaction has notified, each once, to whoever listens. */
function publish({ timeline, dice, notes, bus, faults }: World): void {
  const told = new Set<string>()
  for (const { channel, payload } of notes.taken) {
    if (told.has(`${channel} ${payload}`)) continue
    told.add(`${channel} ${payload}`)
    for (const listener of bus.listeners.filter((one) => one.channel === channel)) {
      const isGap = dice.chance(faults.gap)
      const tell = () => (isGap ? listener.onGap() : listener.onPayload(payload))
      timeline.at(listener.life, isGap ? 'listens again' : `is told ${payload}`, dice.around(isGap ? 500 : USUAL_MS), tell)
    }
  }
  notes.taken = []
}

/** Sessions of their own, held for long: the leader's. Their statements are steps, too. */
function openSessions(real: Database, { timeline, dice }: { timeline: Timeline; dice: Dice }, life: Life) {
  const open = new Set<pg.PoolClient>()

  async function giveBack(client: pg.PoolClient): Promise<void> {
    if (!open.delete(client)) return
    await client.query('select pg_advisory_unlock_all()')
    client.release()
  }

  async function begin(): Promise<pg.PoolClient> {
    const client = await real.pool.connect()
    open.add(client)
    const query = (config: pg.QueryConfig) =>
      timeline.perform(life, 'session', () => client.query(config), { afterMs: dice.around(USUAL_MS), answerMs: 0 })
    const release = () => void timeline.at(life, 'session ends', 0, () => giveBack(client))
    return { query, release, on: () => undefined, off: () => undefined } as unknown as pg.PoolClient
  }

  return {
    connect: () => timeline.perform(life, 'session', begin, { afterMs: USUAL_MS, answerMs: 0 }),
    async end(): Promise<void> {
      for (const client of open) await giveBack(client)
    },
  }
}

function noted(tx: Tx, timeline: Timeline): Tx {
  const note = (text: string) => timeline.note(text.replace(/\s+/g, ' ').trim().slice(0, 48))
  const tagged = <Row extends object>(strings: TemplateStringsArray, ...parts: readonly unknown[]) => {
    note(strings[0] ?? '')
    return tx<Row>(strings, ...parts)
  }
  const run: Tx['run'] = (query) => {
    note(query.compile().text)
    return tx.run(query)
  }
  return Object.assign(tagged, { run })
}

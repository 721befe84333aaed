import type { ChangePage } from '#connector/contract.ts'
import { isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import { type Core, LIVE } from '../core.ts'
import { advancePollCursor, endReadingThrough, listPollCursors, type PollCursor, putPollCursor } from '../poll.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { States } from '../states.ts'
import { sweep } from './sweep.ts'
import { createWaker, type Waker } from './waker.ts'
import { createWatch } from './watch-changes.ts'

const POLL_MS = 1_000
/** After something has come. */
const SOON_MS = 100
const RETRY_MS_MAX = 15_000
const ROWS_MAX = 1_000
const READ_MS_MAX = 60_000
/** Pages of one entity in a row, before the others have their turn. */
const PAGES_MAX = 20
/** Where deletes are not told, the records are read through for them. */
const READ_THROUGH_MS = 5 * 60_000
/** Where nothing is told. */
const READ_ALL_MS = 30_000

export type Poller = {
  /** Remembers where the changes of each entity begin. Before the first copy: then what happens during it is not missed. */
  begin(signal: AbortSignal): Promise<void>
  /** Asks for changes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** How often records must be read through all the same; undefined for never. */
  readThroughMs(entity: string): number | undefined
}

type Options = { states: States; inboundWaker: Waker }

/**
 * Asks a side that does not post its changes for them. The cursor moves in the transaction that queues what it has passed, so that a
 * crash repeats notices and loses none. A side that calls when something has changed is asked at once.
 */
export function createPoller(core: Core, options: Options): Poller {
  const told = new Map<string, 'all' | 'no_deletes' | 'none'>()
  const isPolled = (entity: string) => (told.get(entity) ?? 'none') !== 'none'
  const entities = () => [...new Set(core.maps.map((map) => map.entity))]
  const waker = createWaker(core.clock)
  /** What is asked before its turn. */
  const due = new Set<string>()
  const watch = createWatch(core, (entity) => {
    due.add(entity)
    waker.wake()
  })

  async function begin(signal: AbortSignal): Promise<void> {
    if (entities().some((entity) => !told.has(entity))) {
      const described = new Map((await core.connector.describe(signal)).map((one) => [one.name, one.changes ?? 'none']))
      for (const entity of entities()) told.set(entity, described.get(entity) ?? 'none')
    }
    const known = new Set((await core.database.read(listPollCursors)).map((one) => one.entity))
    for (const entity of entities()) {
      if (known.has(entity) || !isPolled(entity)) continue
      const { next } = await ask(core, entity, undefined, signal)
      await core.database.transaction((tx) => putPollCursor(tx, { entity, cursor: next, readsThrough: false }))
    }
    watch.follow(entities().filter(isPolled))
  }

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0
    let turnMs = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      const isTurn = core.clock.nowMs() - turnMs >= POLL_MS
      if (isTurn) turnMs = core.clock.nowMs()
      const asked = new Set(due)
      due.clear()
      const cursors = await core.database.statement(listPollCursors).catch(() => [])
      const wanted = cursors.filter(({ entity }) => isPolled(entity) && (isTurn || asked.has(entity)))
      const { told: news, hasFailed } = await askAll(core, options, wanted, signal)
      // Where something has happened, more does.
      for (const entity of news) due.add(entity)
      failures = hasFailed ? failures + 1 : 0
      if (hasFailed) await core.clock.sleep(Math.min(retryDelayMs(failures, core.clock.random()), RETRY_MS_MAX), signal)
      else await waker.wait(due.size > 0 ? SOON_MS : Math.max(0, turnMs + POLL_MS - core.clock.nowMs()), signal)
    }
  }

  return {
    begin,
    run: async (signal) => void (await Promise.all([run(signal), watch.run(signal)])),
    readThroughMs(entity) {
      const kind = told.get(entity) ?? 'none'
      return kind === 'all' ? undefined : kind === 'no_deletes' ? READ_THROUGH_MS : READ_ALL_MS
    },
  }
}

/** Answers which have told something, and whether one could not be asked. */
async function askAll(
  core: Core,
  options: Options,
  cursors: readonly PollCursor[],
  signal: AbortSignal,
): Promise<{ told: string[]; hasFailed: boolean }> {
  const told: string[] = []
  let hasFailed = false
  for (const cursor of cursors) {
    if (signal.aborted) break
    const { entity } = cursor
    try {
      if (await askFor(core, options, cursor, signal)) told.push(entity)
    } catch (error) {
      if (signal.aborted) break
      hasFailed = true
      core.log.warn({ entity, reason: messageOf(error) }, 'changes could not be asked for; tried again later')
      // A side that is away is away for all its entities.
      if (isAppError(error, 'connector.unavailable')) break
    }
  }
  return { told, hasFailed }
}

async function askFor(core: Core, options: Options, cursor: PollCursor, signal: AbortSignal): Promise<boolean> {
  try {
    return await poll(core, options, cursor, signal)
  } catch (error) {
    if (!isAppError(error, 'connector.cursor_lost')) throw error
    await beginAnew(core, cursor.entity, signal)
    return true
  }
}

async function ask(core: Core, entity: string, since: string | undefined, signal: AbortSignal): Promise<ChangePage> {
  const request = { entity, since, rowsMax: ROWS_MAX }
  const limited = AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)])
  const page = await core.connector.readChanges?.(request, limited)
  return page ?? { notices: [], next: '', more: false }
}

/** Answers whether it was told of something. */
async function poll(core: Core, { states, inboundWaker }: Options, cursor: PollCursor, signal: AbortSignal): Promise<boolean> {
  const { entity } = cursor
  let isTold = false
  if (cursor.readsThrough) await readThrough(core, states, entity, signal)
  let from = cursor.cursor
  for (let pages = 0; pages < PAGES_MAX && !signal.aborted; pages++) {
    const page = await ask(core, entity, from, signal)
    if (page.next === from && page.notices.length === 0) break
    const maps = core.maps.filter((map) => map.entity === entity)
    // The map that wrote has the answer; another one of the same records has not.
    const news = page.notices.filter((notice) => notice.isOwn !== true || maps.length > 1)
    const changes = news.flatMap((notice) =>
      maps
        .filter((map) => !states.isStopped(map.name))
        .map((map) => ({ map: map.name, remoteKey: notice.key, eventId: notice.eventId })),
    )
    const isOurs = await core.database.transaction(async (tx) => {
      const moved = page.next === from || (await advancePollCursor(tx, { entity, from, to: page.next }))
      if (moved) await putRemoteChanges(tx, changes)
      return moved
    }, LIVE)
    isTold ||= news.length > 0
    if (changes.length > 0) inboundWaker.wake()
    if (!isOurs || !page.more) break
    from = page.next
  }
  return isTold
}

/** The new cursor comes first: what happens while the records are read is told by it. */
async function beginAnew(core: Core, entity: string, signal: AbortSignal): Promise<void> {
  core.log.warn({ entity }, 'changes may have been missed: the records are read through')
  const { next } = await ask(core, entity, undefined, signal)
  await core.database.transaction((tx) => putPollCursor(tx, { entity, cursor: next, readsThrough: true }))
}

async function readThrough(core: Core, states: States, entity: string, signal: AbortSignal): Promise<void> {
  for (const map of core.maps) {
    // Of a paused map, too: what is found waits in its queue.
    if (map.entity === entity && map.rows === 'own' && states.of(map.name) !== 'not_running') await sweep(core, map, signal)
  }
  if (!signal.aborted) await core.database.transaction((tx) => endReadingThrough(tx, entity))
}

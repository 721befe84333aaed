import type { Visitor } from '#access/visitor.ts'
import { behindWall } from '#access/wall.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import type { Log } from '#log/log.ts'
import type { LiveRows, RowNotice } from '#tables/live.ts'
import type { RowId } from '#tables/rows.queries.ts'
import type { Ground } from '../render/context.ts'
import type { Site } from '../site.ts'
import { visibleRows, type Watched } from './stream.ts'

/** An open page. `current` looks its visitor up anew: undefined when the session has ended. */
export type Watcher = {
  watched: Watched
  /** Whom the stream counts for, for the limit. */
  owner: string
  /** Its contact and its account. */
  dependsOn: ReadonlySet<RowId>
  current(): Promise<Visitor | undefined>
  send(event: 'row' | 'session-ended', data: string): void
  beat(): void
  end(): void
}

export type LiveHub = {
  /** Tells the watcher about changes until the answered function is called. Throws AppError `live.too_many`. */
  add(watcher: Watcher): () => void
  /** Rights of somebody have changed: their streams ('contact <id>', 'service <id>'), or all, are looked at again at once. */
  recheck(whose: string): void
  close(): void
}

const STREAMS_PER_OWNER_MAX = 20
const STREAMS_MAX = 5_000
/** Changes within this time are told as one: a submission touches a header and many lines. */
const GATHER_MS = 100
const BEAT_MS = 20_000

type Open = Watcher & { pending: Map<string, Set<RowId> | 'all'>; timer: NodeJS.Timeout | undefined }
type Place = { ground: Ground; site: () => Site; log: Log }

/**
 * Tells open pages which of their rows have changed, and nothing else: no values travel, and before each telling it is asked again
 * whether the session lives and the visitor may read the row. What the page then shows passes the normal way.
 */
export function createLiveHub(options: Place & { rows: LiveRows }): LiveHub {
  const streams = createStreams(options)
  const { open } = streams
  const unsubscribe = options.rows.subscribe((notice) => {
    for (const one of open) streams.note(one, notice)
    // A contact or an account that is switched off takes its people's streams with it.
    if (notice.table === 'contact' || notice.table === 'account')
      for (const one of open)
        if (notice.rowId === undefined || one.dependsOn.has(notice.rowId)) void streams.check(one, () => undefined)
  })
  const heart = setInterval(() => {
    for (const one of open) void streams.check(one, one.beat)
  }, BEAT_MS)
  heart.unref()

  return {
    add(watcher) {
      const mine = [...open].filter((one) => one.owner === watcher.owner).length
      if (mine >= STREAMS_PER_OWNER_MAX || open.size >= STREAMS_MAX)
        throw new AppError('live.too_many', 'Too many pages are open at once; this one does not update itself')
      const one: Open = { ...watcher, pending: new Map(), timer: undefined }
      open.add(one)
      return () => streams.remove(one)
    },
    recheck(whose) {
      const owner = whose.split(' ')[1]
      for (const one of open) if (owner === undefined || one.owner === owner) void streams.check(one, () => streams.renew(one))
    },
    close() {
      clearInterval(heart)
      unsubscribe()
      for (const one of [...open]) {
        one.end()
        streams.remove(one)
      }
    },
  }
}

type Streams = {
  open: ReadonlySet<Open> & { add(one: Open): unknown }
  /** Keeps what concerns the page, to tell it soon. */
  note(one: Open, notice: RowNotice): void
  /** Ends the stream where its visitor has gone; otherwise goes on. */
  check(one: Open, goOn: () => void): Promise<void>
  /** The page fetches itself again, and shows what its reader may see by now. */
  renew(one: Open): void
  remove(one: Open): void
}

/** What is done with one open page. */
function createStreams({ ground, site, log }: Place): Streams {
  const open = new Set<Open>()

  async function tell(one: Open): Promise<void> {
    one.timer = undefined
    const pending = [...one.pending]
    one.pending.clear()
    try {
      const visitor = await one.current()
      if (visitor === undefined) return finish(one)
      const changed = await visibleChanges(ground, site(), visitor, pending)
      if (open.has(one) && Object.keys(changed).length > 0) one.send('row', JSON.stringify(changed))
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'an open page could not be told about a change')
    }
  }

  function finish(one: Open): void {
    one.send('session-ended', '{}')
    one.end()
    remove(one)
  }

  function remove(one: Open): void {
    clearTimeout(one.timer)
    open.delete(one)
  }

  return {
    open,
    note(one, notice) {
      gather(one, notice)
      if (one.pending.size > 0) one.timer ??= setTimeout(() => void tell(one), GATHER_MS)
    },
    async check(one, goOn) {
      try {
        if ((await one.current()) === undefined) finish(one)
        else if (open.has(one)) goOn()
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'the session of an open page could not be checked')
      }
    },
    renew: (one) => one.send('row', JSON.stringify(Object.fromEntries([...one.watched.keys()].map((table) => [table, []])))),
    remove,
  }
}

function gather(one: Open, notice: RowNotice): void {
  const tables = notice.table === '*' ? [...one.watched.keys()] : one.watched.has(notice.table) ? [notice.table] : []
  for (const table of tables) {
    const watch = one.watched.get(table)
    if (watch === undefined) continue
    if (notice.rowId === undefined) one.pending.set(table, watch.all ? 'all' : new Set(watch.ids))
    else if (watch.all || watch.ids.has(notice.rowId)) {
      const before = one.pending.get(table) ?? new Set<RowId>()
      if (before !== 'all') one.pending.set(table, before.add(notice.rowId))
    }
  }
}

/** By table the rows that the visitor may read; an empty list for a table of which any row may have changed. */
function visibleChanges(
  ground: Ground,
  site: Site,
  visitor: Visitor,
  pending: readonly [table: string, ids: Set<RowId> | 'all'][],
): Promise<Record<string, RowId[]>> {
  return behindWall(ground.database, visitor).read(async (tx) => {
    const found: Record<string, RowId[]> = {}
    for (const [table, ids] of pending) {
      const visible = await visibleRows(ground, tx, site, visitor, table, { ids })
      if (visible.length > 0) found[table] = ids === 'all' ? [] : visible
    }
    return found
  })
}

import type { ChangePage, ReadChanges, RemoteNotice } from '#connector/contract.ts'
import { AppError } from '#lib/app-error.ts'
import { isJsonObject } from '#lib/json.ts'
import type { Tx } from '#postgres/database.ts'
import type { OwnWrites } from './own-writes.ts'
import {
  CHANGE_DAYS,
  type LoggedChange,
  listLogged,
  listVersioned,
  readHighest,
  readLogState,
  readSnapshot,
} from './sync.queries.ts'
import type { PgColumn, PgEntity } from './tables.ts'

/** What a cursor says; it travels as JSON. */
type Cursor = {
  /** Snapshot of which everything is told. */
  since: string
  atMs: number
  /** In the middle of what became visible until then: what was told last. */
  until?: string
  after?: { xid: string; id: string }
  /** By version: no change that is still to be told has a lower one. */
  above?: string | null
  /** By version: what `above` becomes when it has settled. */
  next?: { above: string | null; xmax: number; atMs: number }
  place?: { version: string; key: string }
}

const CURSOR_MS_MAX = 600_000
const DAY_MS = 24 * 3_600_000
/**
 * A version may be taken long before its row is written (now() is the begin of the transaction), so this much is looked at again; longer
 * while a transaction that writes goes on.
 */
const SETTLE_MS = 3_600_000

/** Where to begin: from this moment on. */
export async function beginChanges(tx: Tx, entity: PgEntity, nowMs: number): Promise<ChangePage> {
  const { snapshot, xmax } = await readSnapshot(tx)
  const version = entity.changes === 'no_deletes' ? entity.versionColumn : undefined
  if (version === undefined) return page([], { since: snapshot, atMs: nowMs }, false)
  // The highest version that is to be seen is no bound yet: lower ones may be under way.
  const highest = await readHighest(tx, entity, version)
  return page([], { since: snapshot, atMs: nowMs, above: null, next: { above: highest, xmax, atMs: nowMs } }, false)
}

export async function readLogged(
  tx: Tx,
  entity: PgEntity,
  request: ReadChanges,
  nowMs: number,
  own: OwnWrites,
): Promise<ChangePage> {
  const cursor = parseCursor(request.since ?? '')
  const { snapshot, xmax, isLogged } = await readLogState(tx, entity)
  const isOld = nowMs - cursor.atMs > (CHANGE_DAYS - 1) * DAY_MS
  if (isOld || snapshotEnd(cursor.since) > xmax || !isLogged) throw lost(entity)
  const until = cursor.until ?? snapshot
  const changes = await listLogged(tx, {
    entity: entity.name,
    since: cursor.since,
    until,
    after: cursor.after,
    rowsMax: request.rowsMax,
  })
  if (changes.some((one) => one.key === null)) throw lost(entity)
  const last = changes.at(-1)
  const isOwn = ownAmong(changes, entity, own, [cursor.after?.xid, changes.length < request.rowsMax ? undefined : last?.xid])
  const notices = changes.map(
    (one): RemoteNotice => ({
      eventId: `${one.xid}.${one.id}`,
      entity: entity.name,
      key: one.key ?? '',
      operation: one.operation as RemoteNotice['operation'],
      ...(isOwn(one) && { isOwn: true }),
    }),
  )
  // Where nothing happens the cursor stays as it is, and nobody has to write another down.
  if (last === undefined && cursor.until === undefined && nowMs - cursor.atMs < CURSOR_MS_MAX)
    return { notices: [], next: request.since ?? '', more: false }
  if (last === undefined || changes.length < request.rowsMax) return page(latest(notices), { since: until, atMs: nowMs }, false)
  return page(latest(notices), { ...cursor, until, after: { xid: last.xid, id: last.id } }, true)
}

export async function readVersioned(
  tx: Tx,
  entity: PgEntity,
  version: PgColumn,
  request: ReadChanges,
  nowMs: number,
): Promise<ChangePage> {
  const cursor = parseCursor(request.since ?? '')
  const { snapshot, xmax } = await readSnapshot(tx)
  if (snapshotEnd(cursor.since) > xmax) throw lost(entity)
  const { above = null, since, place } = cursor
  const changes = await listVersioned(tx, entity, version, { above, since, after: place, rowsMax: request.rowsMax })
  const notices = changes.map(
    (one): RemoteNotice => ({ eventId: `version ${one.version}`, entity: entity.name, key: one.key, operation: 'update' }),
  )
  const last = changes.at(-1)
  const until = cursor.until ?? snapshot
  if (last !== undefined && changes.length === request.rowsMax)
    return page(notices, { ...cursor, until, place: { version: last.version, key: last.key } }, true)
  const { next } = cursor
  const isSettled = next !== undefined && nowMs - next.atMs >= SETTLE_MS && snapshotBegin(snapshot) >= next.xmax
  const settled = isSettled
    ? { above: next.above, next: { above: await readHighest(tx, entity, version), xmax, atMs: nowMs } }
    : { above, ...(next !== undefined && { next }) }
  return page(notices, { since: until, atMs: nowMs, ...settled }, false)
}

function page(notices: RemoteNotice[], cursor: Cursor, more: boolean): ChangePage {
  return { notices, next: JSON.stringify(cursor), more }
}

/**
 * Tells what this connector has written itself. What our transaction did to a record more than once, by a trigger over there perhaps, is not
 * all in our answer; of transactions at the ends of a page the rest may stand on another.
 */
function ownAmong(
  changes: readonly LoggedChange[],
  entity: PgEntity,
  own: OwnWrites,
  cut: readonly (string | undefined)[],
): (change: LoggedChange) => boolean {
  const nameOf = ({ xid, key }: LoggedChange) => `${xid} ${key}`
  const counts = new Map<string, number>()
  for (const one of changes) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1)
  return (one) => counts.get(nameOf(one)) === 1 && !cut.includes(one.xid) && own.has(one.xid, entity.name, one.key ?? '')
}

/** Of several changes of a record the last says enough. */
function latest(notices: readonly RemoteNotice[]): RemoteNotice[] {
  return [...new Map(notices.map((notice) => [notice.key, notice])).values()]
}

function parseCursor(text: string): Cursor {
  try {
    const cursor: unknown = JSON.parse(text)
    if (isJsonObject(cursor) && /^\d+:\d+:[\d,]*$/.test(String(cursor.since))) return cursor as unknown as Cursor
  } catch {
    // Told below.
  }
  throw new AppError('connector.refused', 'This is not a cursor of the connector postgres')
}

/** A snapshot reads begin:end:running; what is above `end` had not begun. */
function snapshotEnd(snapshot: string): number {
  return Number(snapshot.split(':')[1])
}

function snapshotBegin(snapshot: string): number {
  return Number(snapshot.split(':')[0])
}

function lost(entity: PgEntity): AppError {
  return new AppError('connector.cursor_lost', `Changes of ${entity.name} may have been missed; all of it must be read`, {
    details: { entity: entity.name },
  })
}

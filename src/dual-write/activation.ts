import { AppError, isAppError } from '#lib/app-error.ts'
import type { Json } from '#lib/json.ts'
import { sqlStateOf, type Tx } from '#postgres/database.ts'
import { subscribe, unsubscribe } from '#tables/changes.queries.ts'
import { holdWriters } from '#tables/rows.queries.ts'
import type { ActiveMaps } from './active-maps.ts'
import { listShapes, putBackfill, type ShapeOfMap, setShape } from './backfill.queries.ts'
import type { Core } from './core.ts'
import { type Carrying, carryingBetween, type MapShape } from './map-shape.ts'
import { headOf } from './map-sources.ts'
import { insertActivity, lockMapState } from './maps.queries.ts'
import { sentColumns, type TableMap } from './table-map.ts'
import { findActiveText, noteFiles } from './versions.queries.ts'

/** A transaction that writes to the table for longer than this makes the activation wait for another try; those behind it wait as long. */
const WRITERS_MS_MAX = 3_000
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Makes the database follow a map: which columns are captured, and what a changed map has to carry over, noted in the same transaction, so
 * that no edit falls between two versions. Answers what is carried over. Throws AppError `dual_write.conflict` while somebody writes to
 * the table for long.
 */
export async function activate(
  tx: Tx,
  map: TableMap,
  shape: MapShape,
  before: ShapeOfMap | undefined,
): Promise<Carrying | undefined> {
  const runs = before !== undefined && before.state !== 'not_running'
  // Who writes now was captured for the columns of before: his edits are committed when the rows are looked at.
  if (runs && before.shape?.sent.join() !== shape.sent.join()) await waitForWriters(tx, map)
  await lockMapState(tx, map.name)
  if (runs && shape.sent.length > 0) await subscribe(tx, map.table.name, map.name, sentColumns(map))
  if (runs && shape.sent.length === 0) await unsubscribe(tx, map.name)
  await setShape(tx, { name: map.name, version: map.version, table: map.table.name, entity: map.entity }, shape)
  const carrying = before?.shape ? carryingBetween(before.shape, shape) : undefined
  if (carrying !== undefined) await putBackfill(tx, { map: map.name, ...carrying })
  return carrying
}

/** A map begins: its edits are captured from now on. */
export async function beginCapture(tx: Tx, map: TableMap, shape: MapShape): Promise<void> {
  if (map.writes) await subscribe(tx, map.table.name, map.name, sentColumns(map))
  await setShape(tx, { name: map.name, version: map.version, table: map.table.name, entity: map.entity }, shape)
}

/**
 * Follows files that have changed: since the last start, or while the engine runs. Only for the process that works, so that two that have
 * other files do not take turns.
 */
export async function followFiles(core: Core): Promise<void> {
  const { maps, active } = core
  // Taken together: another process may be followed while this one is at work.
  const { sources, displaced } = active
  await core.database.transaction(async (tx) => {
    await noteFiles(
      tx,
      [...active.files.texts].map(([name, { text }]) => ({ name, text, ...headOf(text) })),
    )
  })
  const stored = await core.database.read(listShapes)
  for (const map of maps) {
    const shape = active.shapeOf(map)
    const before = stored.get(map.name)
    if (before?.shape?.hash === shape.hash && before.version === map.version) continue
    const followed = core.database.transaction(async (tx) => {
      const carrying = await activate(tx, map, shape, before)
      await refuseStale(tx, map.name, { sources, displaced })
      if (before?.shape)
        await insertActivity(tx, {
          map: map.name,
          actor: 'engine',
          action: 'version followed',
          details: detailsOf(map, carrying),
        })
    })
    await followed.catch((error: unknown) => {
      if (!isAppError(error, STALE)) throw error
    })
  }
}

const STALE = 'dual_write.stale'

/**
 * Somebody else has activated another version since this process read the maps: his stands, and word of it is on its way here. Asked
 * while the map is locked, as every activation locks it. What throws undoes the transaction.
 */
async function refuseStale(
  tx: Tx,
  name: string,
  { sources, displaced }: Pick<ActiveMaps, 'sources' | 'displaced'>,
): Promise<void> {
  const source = sources.texts.get(name)
  const known = source?.source === 'stored' ? source.text : undefined
  if (displaced.has(name) || (await findActiveText(tx, name)) === known) return
  throw new AppError(STALE, `Another version of the map ${name} has been activated meanwhile`)
}

/** For the activity log. */
export function detailsOf(map: TableMap, carrying: Carrying | undefined): { [name: string]: Json } {
  return { version: map.version, ...(carrying === undefined ? {} : { carriedOver: { ...carrying } }) }
}

async function waitForWriters(tx: Tx, map: TableMap): Promise<void> {
  try {
    await holdWriters(tx, map.table, WRITERS_MS_MAX)
  } catch (cause) {
    if (sqlStateOf(cause) !== LOCK_NOT_AVAILABLE) throw cause
    throw new AppError(
      'dual_write.conflict',
      `Somebody is writing to ${map.table.name} in one long transaction; the map ${map.name} stays as it is until that has ended: try again`,
      { cause },
    )
  }
}

import { listClaimedRows, queueChanges } from '#tables/queued-changes.queries.ts'
import { lockRowsById, type RowId, readRowPage } from '#tables/rows.queries.ts'
import {
  advanceBackfill,
  type Backfill,
  type BackfillStep,
  endBackfill,
  forgetAgreed,
  isRecordQueueLong,
  listBackfills,
  listLinkPage,
  readClaimedAgain,
} from '../backfill.queries.ts'
import { type Core, isOvertaken, pinned } from '../core.ts'
import { findLinksByRow } from '../links.queries.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { States } from '../states.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { sweep } from './sweep.ts'

const PAGE_ROWS_MAX = 1_000
/** While so many records are due, the next page waits: what happens now goes first. */
const DUE_MAX = 2_000

/** What a step does with one page: where the next one starts; undefined at the end. */
type Page = { next: string | undefined }

/**
 * Carries a new version of a map over to the rows that are there: new columns are sent, or read, and what enters or leaves a filter is
 * found. In pages that remember where they are; a newer version begins it anew. Answers whether something is left to do.
 */
export async function carryOver(live: Core, states: States, signal: AbortSignal): Promise<boolean> {
  const core = pinned(live)
  const backfills = await core.database.read(listBackfills)
  if (isOvertaken(core)) return true
  let isLeft = false
  for (const backfill of backfills) {
    const map = core.maps.find((one) => one.name === backfill.map)
    const state = states.of(backfill.map)
    // A first copy reads everything with one version of the map; what came since is carried over behind it.
    if (map === undefined || state === 'not_running' || state === 'initializing') continue
    // Somebody has activated a version that this process does not know yet: with an older one nothing of it would be carried over.
    if (backfill.shape !== core.active.shapeOf(map).hash) continue
    isLeft ||= await runStep(core, map, backfill, signal)
  }
  return isLeft
}

async function runStep(core: Core, map: TableMap, backfill: Backfill, signal: AbortSignal): Promise<boolean> {
  const { step } = backfill
  if (step === 'sweep') {
    if (backfill.enteringErp) await sweep(core, map, signal)
    if (!signal.aborted) await core.database.transaction((tx) => endBackfill(tx, backfill))
    return false
  }
  if (step === 'records' && (await core.database.read((tx) => isRecordQueueLong(tx, map.name, DUE_MAX)))) return false
  const page = await STEPS[step](core, map, backfill)
  await core.database.transaction((tx) =>
    advanceBackfill(tx, backfill, page.next === undefined ? { step: AFTER[step], after: '' } : { step, after: page.next }),
  )
  return true
}

const AFTER: Record<Exclude<BackfillStep, 'sweep'>, BackfillStep> = {
  begin: 'columns',
  columns: 'rows',
  rows: 'records',
  records: 'sweep',
}

const STEPS: Record<Exclude<BackfillStep, 'sweep'>, (core: Core, map: TableMap, backfill: Backfill) => Promise<Page>> = {
  begin,
  columns,
  rows,
  records,
}

/** Every page is idempotent: an edit that is queued twice is sent once. */
const LAST: Page = { next: undefined }

/** What is in hand with the version before is looked at once more, behind it. */
async function begin(core: Core, map: TableMap, { toErp }: Backfill): Promise<Page> {
  await core.database.transaction(async (tx) => {
    await readClaimedAgain(tx, map.name)
    const rowIds = toErp.length === 0 ? [] : await listClaimedRows(tx, map.name)
    const rows = await lockRowsById(tx, map.table, rowIds)
    await queueChanges(
      tx,
      map.name,
      map.table.name,
      [...rows.keys()].map((rowId) => ({ rowId, columns: toErp })),
    )
  })
  return LAST
}

/** Linked rows tell the ERP their values of the new columns. */
async function columns(core: Core, map: TableMap, { toErp, after }: Backfill): Promise<Page> {
  const names = toErp.filter((name) => sentColumns(map).includes(name))
  if (names.length === 0) return LAST
  return core.database.transaction(async (tx) => {
    const links = await listLinkPage(tx, { map: map.name, after, rowsMax: PAGE_ROWS_MAX })
    const rowIds = links.map((link) => link.rowId)
    const found = await lockRowsById(tx, map.table, rowIds)
    await forgetAgreed(tx, map.name, rowIds, names)
    const told = [...found].flatMap(([rowId, row]) => {
      const filled = names.filter((name) => row[name] !== null && row[name] !== undefined)
      return filled.length === 0 ? [] : [{ rowId, columns: filled }]
    })
    await queueChanges(tx, map.name, map.table.name, told)
    return pageOf(links, (link) => link.remoteKey)
  })
}

/** Rows that the portal's filter now lets in are new to the ERP; those that it lets out follow the map's rule for that. */
async function rows(core: Core, map: TableMap, { enteringPortal, after }: Backfill): Promise<Page> {
  if (!enteringPortal || !map.writes) return LAST
  return core.database.transaction(async (tx) => {
    const page = await readRowPage(tx, map.table, { after: after === '' ? null : after, rowsMax: PAGE_ROWS_MAX })
    const idOf = (row: (typeof page)[number]): RowId => String(row[map.table.idColumn])
    // Locked: a row that somebody edits meanwhile keeps the order of its changes.
    const locked = await lockRowsById(tx, map.table, page.map(idOf))
    const links = await findLinksByRow(tx, map.name, [...locked.keys()])
    const changed = [...locked].flatMap(([rowId, row]) => {
      const belongs = belongsInErp(map, row)
      if (links.has(rowId) === belongs) return []
      return [{ rowId, columns: belongs ? null : sentColumns(map) }]
    })
    await queueChanges(tx, map.name, map.table.name, changed, sentColumns(map))
    return pageOf(page, idOf)
  })
}

/** Linked records are read again. */
async function records(core: Core, map: TableMap, { toPortal, enteringErp, after }: Backfill): Promise<Page> {
  if (!toPortal && !enteringErp) return LAST
  return core.database.transaction(async (tx) => {
    const links = await listLinkPage(tx, { map: map.name, after, rowsMax: PAGE_ROWS_MAX })
    await putRemoteChanges(
      tx,
      links.map(({ remoteKey }) => ({ map: map.name, remoteKey, eventId: null })),
    )
    return pageOf(links, (link) => link.remoteKey)
  })
}

function pageOf<T>(page: readonly T[], keyOf: (one: T) => string): Page {
  const last = page.at(-1)
  return page.length < PAGE_ROWS_MAX || last === undefined ? LAST : { next: keyOf(last) }
}

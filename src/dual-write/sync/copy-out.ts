import type { Tx } from '#postgres/database.ts'
import { listPendingRows } from '#tables/changes.queries.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { findQueued, queueChanges } from '#tables/queued-changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findCompanyId, listRows, lockRowsById, type RowId } from '#tables/rows.queries.ts'
import { countQueued, keepQueued, type PageOutcome, putFailures, putOutcomes, takeQueued } from '../copy-outcomes.queries.ts'
import { type Core, childrenOf } from '../core.ts'
import { isGivenUp } from '../given-up.ts'
import { advanceRange, type CopyRange, countArrived, holdMapState, listCopyRanges, setOutTotal } from '../initial-sync.queries.ts'
import { findLinksByRow } from '../links.queries.ts'
import { isLive } from '../map-state.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import type { TableMap } from '../table-map.ts'
import { findTombstonesOfRows } from '../tombstones.queries.ts'

/** Rows that are looked at in one step. */
export const OUT_ROWS_MAX = 500
/** Rows of one map on their way at once: people's edits do not wait behind a million others. */
const QUEUED_ROWS_MAX = 1_000
/** A parent's children are queued with it, so that they travel together. */
const CHILDREN_MAX = 20_000
/** Pages of which nothing goes out that are passed in one step. */
const PAGES_MAX = 20
/** Entries of queued rows that are looked at in one step. */
const ENTRIES_MAX = 4

/**
 * One step of the way out: rows that the portal alone has become creates in the ordinary queue, a page at a time, and those that have
 * arrived are counted. Answers how many rows it has got on with.
 */
export async function copyOutStep(core: Core, map: TableMap): Promise<number> {
  let rows = 0
  for (let i = 0; i < ENTRIES_MAX; i++) rows += await core.database.transaction((tx) => settleQueued(tx, map))
  for (let page = 0; page < PAGES_MAX; page++) {
    const queued = await core.database.transaction((tx) => queueNext(core, tx, map))
    if (queued === undefined) return rows
    rows += OUT_ROWS_MAX
    if (queued > 0) return rows
  }
  return rows
}

/** Looks at one page. Answers how many rows were queued; undefined when there is no page, or no room for another. */
async function queueNext(core: Core, tx: Tx, map: TableMap): Promise<number | undefined> {
  if (!isLive((await holdMapState(tx, map.name)) ?? 'not_running')) return undefined
  const range = (await listCopyRanges(tx, map.name)).find((one) => one.direction === 'toErp' && !one.done)
  if (range === undefined || (await countQueued(tx, map.name)) >= QUEUED_ROWS_MAX) return undefined
  return queuePage(core, tx, map, range)
}

/** The rows of a legal entity behind the cursor: those without a link that the ERP shall have are queued. */
async function queuePage(core: Core, tx: Tx, map: TableMap, range: CopyRange): Promise<number> {
  const ids = await listIds(core, tx, map, range)
  const { rows, excluded } = await unlinkedRows(tx, map, ids)
  const queued = rows.map((row) => String(row[map.table.idColumn]))
  await queueRows(tx, map, queued)
  await queueChildren(core, tx, map, queued)
  const at = { map: map.name, company: range.company, direction: 'toErp' as const }
  await putOutcomes(tx, at, [
    { kind: 'queued', keys: queued },
    { kind: 'excluded', keys: excluded },
  ])
  const next = ids.length < OUT_ROWS_MAX ? null : (ids.at(-1) ?? null)
  const counts = { rows: excluded.length, created: 0, updated: 0, unchanged: excluded.length, failed: 0 }
  await advanceRange(tx, { ...at, range: range.range, next }, counts)
  if (next === null) await setOutTotal(tx, at)
  return queued.length
}

/** Ids behind the cursor, in order. New rows come at the end, and are captured besides. */
export async function listIds(core: Core, tx: Tx, map: TableMap, range: Pick<CopyRange, 'company' | 'cursor'>): Promise<RowId[]> {
  const companyId = range.company === '' ? undefined : await findCompanyId(tx, range.company)
  if (range.company !== '' && companyId === undefined) return []
  const rows = await listRows(tx, core.catalog, {
    table: map.table,
    columns: [],
    predicate: engineRows,
    rowsMax: OUT_ROWS_MAX,
    ...(range.cursor === null ? {} : { after: [range.cursor] }),
    ...(companyId === undefined || !map.table.columns.has(COMPANY_COLUMN) ? {} : { filter: equals(COMPANY_COLUMN, [companyId]) }),
  })
  return rows.map((row) => String(row[map.table.idColumn]))
}

/** Rows without a link, locked: those that the ERP shall have, and the others. */
async function unlinkedRows(tx: Tx, map: TableMap, ids: readonly RowId[]): Promise<{ rows: QueryRow[]; excluded: RowId[] }> {
  const links = await findLinksByRow(tx, map.name, ids)
  const unlinked = ids.filter((id) => !links.has(id))
  const locked = await lockRowsById(tx, map.table, unlinked)
  // Somebody may have linked them before the lock was ours.
  const since = await findLinksByRow(tx, map.name, [...locked.keys()])
  for (const id of since.keys()) locked.delete(id)
  return splitWanted(tx, map, locked)
}

/** Rows without a link that the ERP shall have, and the ids of the others. One that has lost its record does not bring it back. */
export async function splitWanted(
  tx: Tx,
  map: TableMap,
  rows: ReadonlyMap<RowId, QueryRow>,
): Promise<{ rows: QueryRow[]; excluded: RowId[] }> {
  const ended = await findTombstonesOfRows(tx, map.name, [...rows.keys()])
  const isWanted = ([id, row]: [RowId, QueryRow]) => belongsInErp(map, row) && !ended.has(id) && !isGivenUp(map, row)
  const [wanted, excluded] = [[...rows].filter(isWanted), [...rows].filter((one) => !isWanted(one))]
  return { rows: wanted.map(([, row]) => row), excluded: excluded.map(([id]) => id) }
}

async function queueRows(tx: Tx, map: TableMap, rowIds: readonly RowId[]): Promise<void> {
  const rows = rowIds.map((rowId) => ({ rowId, columns: null }))
  await queueChanges(tx, map.name, map.table.name, rows, [...map.table.columns.keys()])
}

async function queueChildren(core: Core, tx: Tx, map: TableMap, parents: readonly RowId[]): Promise<void> {
  if (parents.length === 0) return
  for (const child of childrenOf(core, map)) {
    if (!child.writes || child.group === undefined) continue
    const rows = await listRows(tx, core.catalog, {
      table: child.table,
      columns: [],
      predicate: engineRows,
      filter: equals(child.group.through, parents),
      rowsMax: CHILDREN_MAX,
    })
    const ids = rows.map((row) => String(row[child.table.idColumn]))
    const unlinked = (await unlinkedRows(tx, child, ids)).rows.map((row) => String(row[child.table.idColumn]))
    await queueRows(tx, child, unlinked)
    await queueChildren(core, tx, child, unlinked)
  }
}

/** Looks once whether the rows that wait longest have arrived. Answers how many have, or never will. */
async function settleQueued(tx: Tx, map: TableMap): Promise<number> {
  const entry = await takeQueued(tx, map.name)
  if (entry === undefined) return 0
  const { rowIds } = entry
  // In this order: whatever ends a change makes its link in the same transaction, so a row that is not pending by now has one by then.
  const pending = await listPendingRows(tx, map.name, rowIds)
  const links = await findLinksByRow(tx, map.name, rowIds)
  const open = rowIds.filter((id) => !links.has(id))
  const parked = new Map((await findQueued(tx, map.name, open)).filter((one) => one.isParked).map((one) => [one.rowId, one]))
  const outcomes: (PageOutcome & { keys: RowId[] })[] = [
    { kind: 'created', keys: rowIds.filter((id) => links.has(id)) },
    { kind: 'failed', keys: open.filter((id) => parked.has(id)) },
    // The engine found nothing to tell the ERP: a line whose order stays here.
    { kind: 'ignored', keys: open.filter((id) => !pending.has(id) && !parked.has(id)) },
  ]
  const [created, failed, ignored] = outcomes.map((one) => one.keys.length) as [number, number, number]
  await keepQueued(
    tx,
    entry.id,
    open.filter((id) => pending.has(id) && !parked.has(id)),
  )
  const at = { map: map.name, company: entry.company, direction: 'toErp' as const }
  await putOutcomes(tx, at, outcomes)
  await putFailures(
    tx,
    at,
    [...parked].map(([key, { code, reason }]) => ({ key, code, reason })),
  )
  const rows = created + failed + ignored
  if (rows > 0) await countArrived(tx, at, { rows, created, updated: 0, unchanged: ignored, failed })
  return rows
}

function equals(column: string, ids: readonly RowId[]) {
  return {
    kind: 'in' as const,
    left: { kind: 'path' as const, names: [column], position: 0 },
    values: ids.map((value) => ({ kind: 'literal' as const, literal: { type: 'guid' as const, value }, position: 0 })),
    position: 0,
  }
}

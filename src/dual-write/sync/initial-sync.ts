import type { KeyRange } from '#connector/contract.ts'
import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows } from '#tables/rows.queries.ts'
import { resolveLeftOpen } from '../apply/deferred.ts'
import { withWinner } from '../apply/merge-first.ts'
import { releaseWaiting } from '../copy-outcomes.queries.ts'
import { type Core, PARENT, pinned } from '../core.ts'
import { beginCopy, type CopyRange, type CopyRun, listCopyRanges, putCopyRanges, queueUnseen } from '../initial-sync.queries.ts'
import type { TableMap } from '../table-map.ts'
import { copyRange, patiently, selectionOf } from './copy-pages.ts'

/** Ranges of one map that are copied side by side: while the database writes a page of one, a page of another is mapped. */
const RANGES_AT_ONCE = 3
/** Ranges of one legal entity: more than go side by side, so that a long one is not left alone at the end. */
const RANGES_MAX = 8
export const COMPANIES_MAX = 1_000

/**
 * Copies the records of a map for the first time: legal entity by legal entity, in ranges of the key side by side, page by page. Each page
 * is one transaction with its checkpoint, so the copy resumes after any interruption. With `companies` only these are copied, while the
 * map runs on. Answers false when the map was stopped meanwhile or the signal aborted. What the portal alone has goes out afterwards
 * (copy-out.ts).
 */
export async function runInitialSync(
  live: Core,
  map: TableMap,
  signal: AbortSignal,
  companies?: readonly string[],
): Promise<boolean> {
  const core = pinned(live)
  const run = await core.database.transaction((tx) => beginCopy(tx, map.name))
  const wanted = companies ?? (await core.database.read((tx) => companiesOf(core, tx, map)))
  if (!(await prepareRanges(core, map, wanted, signal))) return false
  core.copying.set(map.name, 'toPortal')
  try {
    const ranges = await core.database.read((tx) => listCopyRanges(tx, map.name))
    const open = ranges.filter((one) => !one.done && one.direction === 'toPortal' && wanted.includes(one.company))
    if (!(await copyRanges(core, withWinner(map, winnerOf(map, run)), run, open, signal))) return false
    await finish(core, map, companies === undefined ? run.revision : null)
    return !signal.aborted
  } finally {
    core.copying.delete(map.name)
  }
}

/** The side that wins in this run where both have the row. */
function winnerOf(map: TableMap, run: CopyRun): 'erp' | 'portal' {
  return run.winner ?? map.initialWinner
}

/** Legal entities as the ERP writes them; '' for a map that has none. */
export async function companiesOf(core: Core, tx: Tx, map: TableMap): Promise<string[]> {
  if (map.companyField === undefined) return ['']
  const table = core.catalog.get('cdm_company')
  const rows = await listRows(tx, core.catalog, {
    table,
    columns: ['cdm_companycode'],
    predicate: engineRows,
    rowsMax: COMPANIES_MAX,
  })
  return rows.map((row) => String(row.cdm_companycode))
}

/** Whether rows that the portal alone has are the ERP's to know. */
export function goesOut(map: TableMap): boolean {
  return map.writes && map.rows === 'own'
}

/** The ranges of legal entities that have none yet. Answers false when the signal aborted. */
async function prepareRanges(core: Core, map: TableMap, companies: readonly string[], signal: AbortSignal): Promise<boolean> {
  const known = new Set((await core.database.read((tx) => listCopyRanges(tx, map.name))).map((one) => one.company))
  for (const company of companies) {
    if (known.has(company)) continue
    const bounds = await splitRanges(core, map, company, signal)
    if (bounds === undefined) return false
    const incoming = bounds.map((one, range) => ({ company, direction: 'toPortal' as const, range, bounds: one }))
    const outgoing = goesOut(map) ? [{ company, direction: 'toErp' as const, range: 0, bounds: null }] : []
    await core.database.transaction((tx) => putCopyRanges(tx, map.name, [...incoming, ...outgoing]))
  }
  return true
}

async function splitRanges(
  core: Core,
  map: TableMap,
  company: string,
  signal: AbortSignal,
): Promise<(KeyRange | null)[] | undefined> {
  const { connector } = core
  // Records that share a row would make it in several ranges at once.
  if (map.rows === 'shared' || !connector.capabilities.ranges || connector.splitRanges === undefined) return [null]
  const ranges = await patiently(
    core,
    map,
    (during) =>
      required(connector.splitRanges, 'splitRanges')({ ...selectionOf(core, map, company), rangesMax: RANGES_MAX }, during),
    signal,
  )
  return ranges === undefined || ranges.length > 0 ? ranges : [null]
}

/** A few at once, in order; the first that fails ends the others after their page. */
async function copyRanges(
  core: Core,
  map: TableMap,
  run: CopyRun,
  ranges: readonly CopyRange[],
  signal: AbortSignal,
): Promise<boolean> {
  const waiting = [...ranges]
  const ending = new AbortController()
  const during = AbortSignal.any([signal, ending.signal])
  const failures: unknown[] = []
  let isWhole = true
  const work = async () => {
    for (let range = waiting.shift(); range !== undefined && isWhole; range = waiting.shift()) {
      try {
        isWhole &&= await copyRange(core, map, run, range, during)
      } catch (error) {
        failures.push(error)
        isWhole = false
      }
      if (!isWhole) ending.abort()
    }
  }
  await Promise.all(Array.from({ length: RANGES_AT_ONCE }, work))
  if (failures.length > 0) throw failures[0]
  return isWhole
}

/** What pages could not settle by themselves: lookups into pages beside them, and records that no page has brought. */
async function finish(core: Core, map: TableMap, revision: number | null): Promise<void> {
  await resolveLeftOpen(core, map)
  await core.database.transaction(async (tx) => {
    if (revision !== null && map.rows === 'own') await queueUnseen(tx, map.name, revision)
    await releaseWaiting(tx, [map.name], PARENT)
  })
}

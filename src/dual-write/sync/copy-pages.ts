import type { ReadPage, RecordPage, RemoteRecord, Selection } from '#connector/contract.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { announceTable } from '#tables/rows.queries.ts'
import type { Applied } from '../apply/applied.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { type CopyFailure, type PageOutcome, putFailures, putOutcomes } from '../copy-outcomes.queries.ts'
import type { Core } from '../core.ts'
import type { CopyOutcomeKind } from '../facets-control.ts'
import { advanceRange, type CopyRange, type CopyRun, holdMapState, type RangeAt, setCopyTotal } from '../initial-sync.queries.ts'
import { lastRevision } from '../links.queries.ts'
import type { TableMapState } from '../map-state.ts'
import { pushableOf } from '../mapping/filter.ts'
import { waitsFor } from '../mapping/to-portal.ts'
import { releaseSavepoint, returnToSavepoint, setMapError, setSavepoint } from '../maps.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'

/** Two pages of each range that is under way are in memory: one that is written, one that is read. */
const PAGE_ROWS_MAX = 1_000
export const PAGE_MS_MAX = 120_000
const RETRY_MS_MAX = 15_000

/** A page and what was known of the other side before it was read. */
type Read = RecordPage & { revision: number }

/** Copies one range of records. Answers false when the map was stopped or paused, or the signal aborted. */
export async function copyRange(
  core: Core,
  map: TableMap,
  run: CopyRun,
  range: CopyRange,
  signal: AbortSignal,
): Promise<boolean> {
  const at: RangeAt = { map: map.name, company: range.company, direction: 'toPortal', range: range.range }
  let page = await readPage(core, map, range, range.cursor ?? undefined, signal)
  while (page !== undefined) {
    const current = page
    if (current.total !== undefined) {
      const { total } = current
      await core.database.transaction((tx) => setCopyTotal(tx, at, total))
    }
    // The next page is read while this one is written.
    const next = current.next === undefined ? undefined : readPage(core, map, range, current.next, signal)
    const goesOn = await storePage(core, map, run, at, current).catch((error: unknown) => error)
    if (goesOn instanceof Error) {
      await next?.catch(() => undefined)
      throw goesOn
    }
    page = await next
    if (goesOn === false) return false
    if (current.next === undefined) return true
  }
  return false
}

/** The records of a map in one legal entity, as far as the ERP can tell them from others. */
export function selectionOf({ connector }: Core, map: TableMap, company: string): Selection {
  const { erp } = map.filter
  const where = erp === undefined ? [] : pushableOf(erp, connector.capabilities.filters)
  return { entity: map.entity, company: company === '' ? undefined : company, ...(where.length === 0 ? {} : { where }) }
}

/** The question for one page of a range, with the size that suits both sides. */
export function pageOf(
  core: Core,
  map: TableMap,
  range: Pick<CopyRange, 'company' | 'bounds'>,
  after: string | undefined,
): ReadPage {
  return {
    ...selectionOf(core, map, range.company),
    fields: map.fields,
    rowsMax: Math.min(PAGE_ROWS_MAX, core.connector.capabilities.pageRowsMax),
    ...(range.bounds === null ? {} : { range: range.bounds }),
    ...(after === undefined ? { count: true } : { after }),
  }
}

async function readPage(
  core: Core,
  map: TableMap,
  range: CopyRange,
  after: string | undefined,
  signal: AbortSignal,
): Promise<Read | undefined> {
  const revision = await core.database.statement((tx) => lastRevision(tx))
  const page = await patiently(core, map, (during) => core.connector.readPage(pageOf(core, map, range, after), during), signal)
  return page === undefined ? undefined : { ...page, revision }
}

/** Asks until the ERP answers. Undefined when the signal aborts. */
export async function patiently<T>(
  core: Core,
  map: TableMap,
  ask: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await ask(AbortSignal.any([signal, AbortSignal.timeout(PAGE_MS_MAX)]))
    } catch (error) {
      if (signal.aborted) return undefined
      core.log.warn({ map: map.name, attempt, reason: messageOf(error) }, 'a page could not be read and will be tried again')
      await core.database.transaction((tx) => setMapError(tx, map.name, messageOf(error)))
      await core.clock.sleep(Math.min(retryDelayMs(attempt, core.clock.random()), RETRY_MS_MAX), signal)
    }
  }
  return undefined
}

/** States in which pages are stored: of a legal entity that is added later, the map runs. */
const COPIED_IN: ReadonlySet<TableMapState | undefined> = new Set<TableMapState>(['initializing', 'running', 'resuming'])

/** Answers false when the map is no longer copied. */
async function storePage(core: Core, map: TableMap, run: CopyRun, at: RangeAt, page: Read): Promise<boolean> {
  try {
    return await core.database.transaction(async (tx) => {
      if (!COPIED_IN.has(await holdMapState(tx, map.name))) return false
      const failures: CopyFailure[] = []
      const results = await applyDivided(core, tx, map, page, page.records, failures)
      const outcomes = outcomesOf(results, failures)
      await putFailures(tx, at, failures)
      await putOutcomes(tx, at, outcomes)
      const count = (...kinds: PageOutcome['kind'][]) =>
        outcomes.filter((one) => kinds.includes(one.kind)).reduce((sum, one) => sum + one.keys.length, 0)
      await advanceRange(
        tx,
        { ...at, next: page.next ?? null },
        {
          rows: page.records.length,
          created: count('created'),
          updated: count('updated'),
          unchanged: count('unchanged', 'excluded', 'ignored'),
          failed: failures.length,
        },
      )
      await readAgain(tx, map, run, results)
      await announceTable(tx, map.table)
      return true
    })
  } catch (error) {
    core.index.forget()
    throw new AppError('dual_write.page_failed', `A page of ${map.name} could not be stored`, { cause: error })
  }
}

/** What became of the records, as people are told; those that failed are put to `failures` with the reason. */
function outcomesOf(results: readonly Applied[], failures: CopyFailure[]): PageOutcome[] {
  for (const { record, result } of results) {
    if (result.kind === 'waits') failures.push({ key: record.key, ...waitsFor(result.missing) })
    if (result.kind === 'held') failures.push({ key: record.key, code: 'dual_write.held', reason: result.reason })
  }
  const byKind = Map.groupBy(results, (one) => kindOf(one.result.kind))
  byKind.delete('failed')
  const outcomes = [...byKind].map(([kind, of]) => ({ kind, keys: of.map((one) => one.record.key) }))
  return [...outcomes, { kind: 'failed', keys: failures.map((one) => one.key) }]
}

export function kindOf(kind: Applied['result']['kind']): CopyOutcomeKind {
  switch (kind) {
    case 'waits':
    case 'held':
      return 'failed'
    // What somebody else has written since stands as he wrote it.
    case 'stale':
    case 'in_flight':
      return 'unchanged'
    default:
      return kind
  }
}

/** Records that somebody else has written since the page was read, and those that a link was kept of, though they are outside the filter. */
async function readAgain(tx: Tx, map: TableMap, run: CopyRun, results: readonly Applied[]): Promise<void> {
  const again = results.filter(
    ({ result }) =>
      result.kind === 'stale' || result.kind === 'in_flight' || (result.kind === 'excluded' && run.revision !== null),
  )
  await putRemoteChanges(
    tx,
    again.map(({ record }) => ({ map: map.name, remoteKey: record.key, eventId: null })),
  )
}

/** Records that spoil their page are found by halving it, and recorded; the others arrive. */
async function applyDivided(
  core: Core,
  tx: Tx,
  map: TableMap,
  page: Read,
  records: readonly RemoteRecord[],
  failures: CopyFailure[],
  isLast = false,
): Promise<Applied[]> {
  try {
    return await inSavepoint(tx, () =>
      applyRecords(core, tx, map, records, { quiet: true, adopt: true, first: { revision: page.revision } }),
    )
  } catch (error) {
    if (!isAppError(error, 'tables.refused')) throw error
    core.index.forget()
    const [first] = records
    if (records.length === 1 && first !== undefined) {
      // Another page, or a notice, may have brought the same row a moment ago: by now it is seen.
      if (!isLast) return applyDivided(core, tx, map, page, records, failures, true)
      failures.push({ key: first.key, code: 'tables.refused', reason: messageOf(error) })
      return []
    }
    const middle = Math.ceil(records.length / 2)
    const left = await applyDivided(core, tx, map, page, records.slice(0, middle), failures)
    return [...left, ...(await applyDivided(core, tx, map, page, records.slice(middle), failures))]
  }
}

/** Runs `work` so that its failure undoes only itself. */
async function inSavepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await setSavepoint(tx)
  try {
    const result = await work()
    await releaseSavepoint(tx)
    return result
  } catch (error) {
    await returnToSavepoint(tx)
    throw error
  }
}

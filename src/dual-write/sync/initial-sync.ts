import type { RecordPage, RemoteRecord } from '#connector/contract.ts'
import { AppError, isAppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { announceTable, listRows } from '#tables/rows.queries.ts'
import type { Applied } from '../apply/applied.ts'
import { applyRecords } from '../apply/apply-records.ts'
import type { Core } from '../core.ts'
import {
  advanceInitialSync,
  listInitialSync,
  putInitialSync,
  putSyncErrors,
  type SyncError,
  setInitialSyncTotal,
} from '../initial-sync.queries.ts'
import { waitsFor } from '../mapping/to-portal.ts'
import { lockMapState, releaseSavepoint, returnToSavepoint, setMapError, setSavepoint } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'

const PAGE_ROWS_MAX = 2_000
const PAGE_MS_MAX = 120_000
const RETRY_MS_MAX = 15_000
const COMPANIES_MAX = 1_000

/**
 * Copies a map's records for the first time, company by company and page by page. Each page is one transaction with its checkpoint, so
 * the copy resumes after any interruption. Answers false when the map was stopped meanwhile or the signal aborted.
 */
export async function runInitialSync(core: Core, map: TableMap, signal: AbortSignal): Promise<boolean> {
  await core.database.transaction(async (tx) => putInitialSync(tx, map.name, await companiesOf(core, tx, map)))
  const parts = await core.database.read((tx) => listInitialSync(tx, map.name))
  for (const part of parts) {
    if (!part.done && !(await copyCompany(core, map, part, signal))) return false
  }
  return !signal.aborted
}

async function companiesOf(core: Core, tx: Tx, map: TableMap): Promise<string[]> {
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

async function copyCompany(
  core: Core,
  map: TableMap,
  part: { company: string; cursor: string | null },
  signal: AbortSignal,
): Promise<boolean> {
  let page = await readPage(core, map, part.company, part.cursor ?? undefined, signal)
  while (page !== undefined) {
    const current = page
    if (current.total !== undefined) {
      const { total } = current
      await core.database.transaction((tx) => setInitialSyncTotal(tx, map.name, part.company, total))
    }
    // The next page is read while this one is written.
    const next = current.next === undefined ? undefined : readPage(core, map, part.company, current.next, signal)
    const goesOn = await storePage(core, map, part.company, current).catch((error: unknown) => error)
    if (goesOn instanceof Error) {
      await next?.catch(() => undefined)
      throw goesOn
    }
    page = await next
    if (current.next === undefined) return true
    if (goesOn === false) return false
  }
  return false
}

/** Tries until the ERP answers. Undefined when the signal aborts. */
async function readPage(
  core: Core,
  map: TableMap,
  company: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<RecordPage | undefined> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await core.connector.readPage(
        {
          entity: map.entity,
          fields: map.fields,
          company: company === '' ? undefined : company,
          rowsMax: Math.min(PAGE_ROWS_MAX, core.connector.capabilities.pageRowsMax),
          ...(Object.keys(map.filter.where).length === 0 ? {} : { where: map.filter.where }),
          ...(after === undefined ? { count: true } : { after }),
        },
        AbortSignal.any([signal, AbortSignal.timeout(PAGE_MS_MAX)]),
      )
    } catch (error) {
      if (signal.aborted) return undefined
      core.log.warn({ map: map.name, attempt, reason: messageOf(error) }, 'a page could not be read and will be tried again')
      await core.database.transaction((tx) => setMapError(tx, map.name, messageOf(error)))
      await core.clock.sleep(Math.min(retryDelayMs(attempt, core.clock.random()), RETRY_MS_MAX), signal)
    }
  }
  return undefined
}

/** Answers false when the map is no longer initializing. */
async function storePage(core: Core, map: TableMap, company: string, page: RecordPage): Promise<boolean> {
  try {
    return await core.database.transaction(async (tx) => {
      if ((await lockMapState(tx, map.name)) !== 'initializing') return false
      const errors: SyncError[] = []
      const results = await applyDivided(core, tx, map, company, page.records, errors)
      for (const { record, result } of results) {
        if (result.kind === 'waits') errors.push({ company, remoteKey: record.key, ...waitsFor(result.missing) })
        if (result.kind === 'held')
          errors.push({ company, remoteKey: record.key, code: 'dual_write.held', reason: result.reason })
      }
      await putSyncErrors(tx, map.name, errors)
      const count = (kind: Applied['result']['kind']) => results.filter((one) => one.result.kind === kind).length
      await advanceInitialSync(
        tx,
        { map: map.name, company, next: page.next ?? null },
        {
          rows: page.records.length,
          created: count('created'),
          updated: count('updated'),
          unchanged: count('unchanged') + count('excluded') + count('ignored'),
        },
      )
      await announceTable(tx, map.table)
      return true
    })
  } catch (error) {
    core.index.forget()
    throw new AppError('dual_write.page_failed', `A page of ${map.name} could not be stored`, { cause: error })
  }
}

/** Records that spoil their page are found by halving it, and recorded; the others arrive. */
async function applyDivided(
  core: Core,
  tx: Tx,
  map: TableMap,
  company: string,
  records: readonly RemoteRecord[],
  errors: SyncError[],
): Promise<Applied[]> {
  try {
    return await inSavepoint(tx, () => applyRecords(core, tx, map, records, { quiet: true, adopt: true }))
  } catch (error) {
    if (!isAppError(error, 'tables.refused')) throw error
    core.index.forget()
    const [first] = records
    if (records.length === 1 && first !== undefined) {
      errors.push({ company, remoteKey: first.key, code: 'tables.refused', reason: messageOf(error) })
      return []
    }
    const middle = Math.ceil(records.length / 2)
    const left = await applyDivided(core, tx, map, company, records.slice(0, middle), errors)
    return [...left, ...(await applyDivided(core, tx, map, company, records.slice(middle), errors))]
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

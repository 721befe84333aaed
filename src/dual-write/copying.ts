import { AppError } from '#lib/app-error.ts'
import { releaseParkedOfRows } from '#tables/parked-changes.queries.ts'
import { queueChanges } from '#tables/queued-changes.queries.ts'
import { lockRowsById } from '#tables/rows.queries.ts'
import { deleteFailures, groupFailures, listFailures, listOutcomeEntries, putOutcomes } from './copy-outcomes.queries.ts'
import { readCopyParts } from './copy-progress.ts'
import type { Core } from './core.ts'
import { dryRun } from './dry-run/dry-run.ts'
import type { Copying, CopyOutcome, Direction, OutcomePage } from './facets-control.ts'
import { uncountFailed } from './initial-sync.queries.ts'
import { findMap } from './lifecycle.ts'
import { insertActivity, notifyWorkers } from './maps.queries.ts'
import { retryFailures } from './sync/first-copies.ts'
import type { TableMap } from './table-map.ts'

/** Entries of outcomes that are read at once: each holds the rows of a page. */
const ENTRIES_MAX = 4
const RETRIED_AT_ONCE = 1_000

/** What can be asked of first copies: how far they are, what became of each row, what would become of it. `signal` ends a dry run. */
export function createCopying(core: Core, signal: AbortSignal): Copying {
  const { database } = core
  return {
    copyProgress: async (name) => {
      findMap(core, name)
      return database.read((tx) => readCopyParts(tx, name))
    },
    groupCopyErrors: async (name) => {
      findMap(core, name)
      const groups = await database.read((tx) => groupFailures(tx, name))
      return groups.map(({ cause, ...group }) => ({
        ...group,
        reason: group.count === 1 ? group.reason : cause,
        remedy: remedyOf(group.code),
      }))
    },
    listCopyOutcomes: (page) => listCopyOutcomes(core, page),
    async retryFailedRows(name, actor, which = {}) {
      const map = findMap(core, name)
      const code = which.code ?? null
      const count = (await retryFailures(core, map, code)) + (await retryOutgoing(core, map, code))
      await database.transaction(async (tx) => {
        await insertActivity(tx, { map: name, actor, action: 'retried failed rows', details: { count, code } })
        await notifyWorkers(tx)
      })
      return count
    },
    dryRun: (name, options = {}, watch = {}) =>
      dryRun(core, name, options, { ...watch, signal: AbortSignal.any([signal, ...(watch.signal ? [watch.signal] : [])]) }),
  }
}

/** Rows that did not arrive go out once more, with their children. */
async function retryOutgoing(core: Core, map: TableMap, code: string | null): Promise<number> {
  let count = 0
  for (;;) {
    const page = { map: map.name, direction: 'toErp' as const, code, after: null, rowsMax: RETRIED_AT_ONCE }
    const found = await core.database.transaction(async (tx) => {
      const failures = await listFailures(tx, page)
      const rowIds = failures.map((one) => one.key)
      await lockRowsById(tx, map.table, rowIds)
      await releaseParkedOfRows(tx, { subscriber: map.name, rowIds })
      const rows = rowIds.map((rowId) => ({ rowId, columns: null }))
      await queueChanges(tx, map.name, map.table.name, rows, [...map.table.columns.keys()])
      await deleteFailures(tx, map.name, 'toErp', rowIds)
      for (const [company, of] of Map.groupBy(failures, (one) => one.company)) {
        const at = { map: map.name, company, direction: 'toErp' as const }
        await putOutcomes(tx, at, [{ kind: 'queued', keys: of.map((one) => one.key) }])
        await uncountFailed(tx, at, of.length)
      }
      return failures.length
    })
    count += found
    if (found < RETRIED_AT_ONCE) return count
  }
}

/** First what went well, then what failed; a cursor says in which of the two it stands, and where. */
async function listCopyOutcomes(core: Core, page: OutcomePage): Promise<{ rows: CopyOutcome[]; next: string | null }> {
  findMap(core, page.map)
  const at = parseCursor(page.after)
  const onlyFailed = page.kind === 'failed' || page.code !== undefined
  const settled = onlyFailed || at.kind === 'failed' ? { rows: [], next: null } : await listSettled(core, page, at)
  if (settled.next !== null || (page.kind !== undefined && page.kind !== 'failed')) return settled
  const room = page.rowsMax - settled.rows.length
  if (room === 0) return { rows: settled.rows, next: 'failed' }
  const after = at.kind === 'failed' ? at.after : null
  const found = await core.database.read((tx) =>
    listFailures(tx, { map: page.map, direction: null, code: page.code ?? null, after, rowsMax: room }),
  )
  const failed = found.map((one): CopyOutcome => ({ map: page.map, kind: 'failed', ...one }))
  const last = failed.at(-1)
  return {
    rows: [...settled.rows, ...failed],
    next: failed.length < room || last === undefined ? null : `failed ${last.direction} ${last.key}`,
  }
}

async function listSettled(
  core: Core,
  page: OutcomePage,
  at: { from: number; offset: number },
): Promise<{ rows: CopyOutcome[]; next: string | null }> {
  const rows: CopyOutcome[] = []
  let { from, offset } = at
  for (;;) {
    const entries = await core.database.read((tx) =>
      listOutcomeEntries(tx, { map: page.map, kind: page.kind ?? null, from, entriesMax: ENTRIES_MAX }),
    )
    for (const { id, keys, ...entry } of entries) {
      const start = id === from ? offset : 0
      for (const [index, key] of keys.entries()) {
        if (index < start) continue
        if (rows.length === page.rowsMax) return { rows, next: `${id} ${index}` }
        rows.push({ map: page.map, ...entry, key, code: null, reason: null })
      }
      from = id + 1
      offset = 0
    }
    if (entries.length < ENTRIES_MAX) return { rows, next: null }
  }
}

type Cursor =
  | { kind: 'settled'; from: number; offset: number }
  | { kind: 'failed'; after: { direction: Direction; key: string } | null; from: number; offset: number }

function parseCursor(text: string | undefined): Cursor {
  const start = { from: 0, offset: 0 }
  if (text === undefined) return { kind: 'settled', ...start }
  const [first = '', second = '', ...rest] = text.split(' ')
  if (first === 'failed' && text === first) return { kind: 'failed', after: null, ...start }
  if (first === 'failed' && (second === 'toErp' || second === 'toPortal'))
    return { kind: 'failed', after: { direction: second, key: rest.join(' ') }, ...start }
  if (/^\d{1,15} \d{1,9}$/.test(text)) return { kind: 'settled', from: Number(first), offset: Number(second) }
  throw new AppError(
    'request.invalid',
    `"${text}" is no place in the list of outcomes: give what \`next\` of the page before said`,
  )
}

const REMEDIES: Readonly<Record<string, string>> = {
  'dual_write.parent': 'Copy the rows it names first, or correct the record in the ERP; then retry the failed rows.',
  'dual_write.held': 'Add the value to the map’s list of values or correct it in the ERP; then retry the failed rows.',
  'tables.refused':
    'Correct the record in the ERP so that it fits the table, or change the table’s column; then retry the failed rows.',
}

/** What a person can do about failures of one cause. */
function remedyOf(code: string): string {
  return REMEDIES[code] ?? 'Correct the row where it comes from as the reason says; then retry the failed rows.'
}

import type { RecordPage, RemoteRecord } from '#connector/contract.ts'
import { AppError, messageOf } from '#lib/app-error.ts'
import { retryDelayMs } from '#lib/backoff.ts'
import type { Tx } from '#postgres/database.ts'
import type { RowId, RowValues } from '#tables/rows.queries.ts'
import type { Applied } from '../apply/applied.ts'
import { screenRecords } from '../apply/apply-records.ts'
import { type OtherPlan, planExisting, planShared } from '../apply/other-rows.ts'
import { type Plan, planOwn } from '../apply/own-rows.ts'
import type { Core } from '../core.ts'
import { countLinksOf, findVersions, listLinkedKeys } from '../links.queries.ts'
import { type MappedRecord, waitsFor } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import { kindOf, PAGE_MS_MAX, pageOf } from '../sync/copy-pages.ts'
import type { TableMap } from '../table-map.ts'
import { type PageWatch, ruleText, type SampleColumn, type Tally, type Tried } from './tally.ts'

/** Of one page. */
const ATTEMPTS_MAX = 3
/** Nothing counts as written since. */
const REVISION = Number.MAX_SAFE_INTEGER
const LINKS_AT_ONCE = 200
/** Links that are looked at for a sample of what would be deleted. */
const LINKS_MAX = 20_000

type Tallies = { incoming: Tally; outgoing: Tally | undefined; samplesMax: number }

/** ERP → portal, page by page. Answers the rows that would be linked to a record they have no link to yet. */
export async function tryIncoming(
  core: Core,
  map: TableMap,
  company: string,
  tallies: Tallies,
  { signal, pageDone }: PageWatch,
): Promise<ReadonlySet<RowId>> {
  const adopted = new Set<RowId>()
  /** Rows that several records share and an earlier page would have made. */
  const made = new Set<string>()
  let linked = 0
  let rowsDone = 0
  let rowsTotal: number | null = null
  let after: string | undefined
  do {
    const page = await readPage(core, map, company, after, signal)
    if (page === undefined) break
    linked += await core.database.read((tx) => tryPage(core, tx, map, page.records, { ...tallies, adopted, made }))
    rowsDone += page.records.length
    rowsTotal = page.total ?? rowsTotal
    pageDone(rowsDone, rowsTotal)
    after = page.next
  } while (after !== undefined)
  if (map.rows === 'own') await tryGone(core, map, company, linked, tallies, signal)
  return adopted
}

/** Undefined when nobody waits for the answer any more. A side that stays silent is told to whoever asks: nothing is copied that could wait. */
async function readPage(
  core: Core,
  map: TableMap,
  company: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<RecordPage | undefined> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const during = AbortSignal.any([signal, AbortSignal.timeout(PAGE_MS_MAX)])
      return await core.connector.readPage(pageOf(core, map, { company, bounds: null }, after), during)
    } catch (error) {
      if (signal.aborted) return undefined
      if (attempt === ATTEMPTS_MAX || !isUnavailable(error)) throw failure(error)
      await core.clock.sleep(retryDelayMs(attempt, core.clock.random()), signal)
    }
  }
  return undefined
}

function isUnavailable(error: unknown): boolean {
  return !(error instanceof AppError) || error.code === 'connector.unavailable'
}

function failure(cause: unknown): AppError {
  const message = `The ERP could not be read: ${messageOf(cause)}. Nothing was written; try again when it answers`
  return new AppError('connector.unavailable', message, { cause })
}

/** Answers how many of the records have a link. */
async function tryPage(
  core: Core,
  tx: Tx,
  map: TableMap,
  records: readonly RemoteRecord[],
  to: Tallies & { adopted: Set<RowId>; made: Set<string> },
): Promise<number> {
  const { ready, results } = await screenRecords(core, tx, map, records)
  const plan = await planPage(core, tx, map, ready)
  const links = await findVersions(
    tx,
    map.name,
    records.map((record) => record.key),
  )
  to.incoming.add(results.map((one) => refusedOrExcluded(one)))
  const rows = rowsByRecord(map, plan, ready)
  to.incoming.add(plan.results.map((one) => triedOf(map, one, plan, rows, to.made)))
  if ('sends' in plan) {
    to.outgoing?.add(plan.sends.map((send) => sendOf(map, plan, send)))
    for (const { rowId, remoteKey } of plan.links) if (plan.rows.has(rowId) && !links.has(remoteKey)) to.adopted.add(rowId)
  }
  // A record outside the filter is treated as gone where it has a link.
  const outside = results.filter((one) => one.result.kind === 'excluded' && links.has(one.record.key)).length
  return links.size - outside
}

function planPage(core: Core, tx: Tx, map: TableMap, ready: readonly MappedRecord[]): Promise<Plan | OtherPlan> {
  if (map.rows === 'existing') return planExisting(core, tx, map, ready, false)
  if (map.rows === 'shared') return planShared(tx, map, ready)
  return planOwn(core, tx, map, ready, { quiet: true, adopt: true, first: { revision: REVISION } }, false)
}

function refusedOrExcluded({ record, result }: Applied): Tried {
  const tried = { key: record.key, columns: [] }
  if (result.kind === 'waits') return { ...tried, kind: 'refused', reason: waitsFor(result.missing).reason }
  if (result.kind === 'held') return { ...tried, kind: 'refused', reason: result.reason }
  return { ...tried, kind: 'excluded', reason: null }
}

/** The values that would be written, by record. */
function rowsByRecord(map: TableMap, plan: Plan | OtherPlan, ready: readonly MappedRecord[]): Map<string, RowValues> {
  const byId = new Map([...plan.inserts, ...plan.updates].map((row) => [String(row[map.table.idColumn]), row]))
  const shared = map.rows === 'shared' ? new Map(ready.map((one) => [one.record.key, one.values])) : undefined
  return new Map(
    plan.results.flatMap(({ record, result }) => {
      const values = shared?.get(record.key) ?? ('rowId' in result ? byId.get(result.rowId ?? '') : undefined)
      return values === undefined ? [] : [[record.key, values] as const]
    }),
  )
}

function triedOf(
  map: TableMap,
  { record, result }: Applied,
  plan: Plan | OtherPlan,
  rows: ReadonlyMap<string, RowValues>,
  made: Set<string>,
): Tried {
  const kind = kindOf(result.kind)
  const values = rows.get(record.key) ?? {}
  if (kind === 'created') {
    const lack = lackOf(map, values)
    if (lack !== undefined) return { kind: 'refused', key: record.key, reason: lack, columns: [] }
    if (map.rows === 'shared' && !isFirst(made, map, values))
      return { kind: 'unchanged', key: record.key, reason: null, columns: [] }
  }
  if (kind !== 'created' && kind !== 'updated')
    return { kind: kind === 'excluded' ? 'excluded' : 'unchanged', key: record.key, reason: null, columns: [] }
  const before = 'rowId' in result ? plan.rows.get(result.rowId ?? '') : undefined
  const columns = Object.entries(values).flatMap(([name, value]): SampleColumn[] => {
    const column = map.table.columns.get(name)
    if (column === undefined || name === map.table.idColumn) return []
    const [old, after] = [textOf(column, before?.[name]), textOf(column, value)]
    const decidedBy = kind === 'created' ? 'only the ERP has the row' : ruleText(map, name)
    return old === after ? [] : [{ column: name, before: old, after, decidedBy }]
  })
  return { kind: kind === 'created' ? 'created' : 'changed', key: record.key, reason: null, columns }
}

/** PostgreSQL would refuse the row. */
function lackOf(map: TableMap, values: RowValues): string | undefined {
  for (const column of map.table.columns.values()) {
    const isGiven =
      column.system || column.default !== undefined || column.autonumber !== undefined || column.calculated !== undefined
    if (column.required && !isGiven && column.name !== map.table.idColumn && (values[column.name] ?? null) === null)
      return `${map.table.name}: the required column ${column.name} is empty`
  }
  return undefined
}

function isFirst(made: Set<string>, map: TableMap, values: RowValues): boolean {
  const key = map.key.map((name) => String(values[name] ?? '')).join('\u001f')
  const isNew = !made.has(key)
  made.add(key)
  return isNew
}

/** The portal's value wins: the ERP is told. */
function sendOf(map: TableMap, plan: Plan, send: Plan['sends'][number]): Tried {
  const row = plan.rows.get(send.rowId)
  const agreed = plan.links.find((link) => link.rowId === send.rowId)?.agreed ?? {}
  const columns = send.columns.map((name): SampleColumn => {
    const column = map.table.columns.get(name)
    const after = column === undefined ? null : textOf(column, row?.[name])
    return { column: name, before: agreed[name] ?? null, after, decidedBy: ruleText(map, name) }
  })
  return { kind: 'changed', key: send.rowId, reason: null, columns }
}

/** Rows whose record no page has brought. */
async function tryGone(
  core: Core,
  map: TableMap,
  company: string,
  linked: number,
  { incoming, samplesMax }: Tallies,
  signal: AbortSignal,
): Promise<void> {
  const of = company === '' ? null : company
  const policy = map.deletes.toPortal
  const count = (await core.database.read((tx) => countLinksOf(tx, map.name, of))) - linked
  if (count <= 0 || signal.aborted || policy === 'ignore') return
  if (policy === 'refuse') incoming.part.refused += count
  else incoming.part.deleted += count
  const keys = await findGone(core, map, of, Math.min(count, samplesMax), signal)
  const reason = policy === 'refuse' ? (map.deletes.reason ?? 'the map refuses to delete') : `deletes.toPortal: ${policy}`
  const kind = policy === 'refuse' ? 'refused' : 'deleted'
  incoming.samples.push(
    ...keys.map((key) => ({
      company,
      direction: 'toPortal' as const,
      kind: kind as 'refused' | 'deleted',
      key,
      reason,
      columns: [],
    })),
  )
}

async function findGone(
  core: Core,
  map: TableMap,
  company: string | null,
  keysMax: number,
  signal: AbortSignal,
): Promise<string[]> {
  const gone: string[] = []
  let after = ''
  for (let seen = 0; seen < LINKS_MAX && gone.length < keysMax; seen += LINKS_AT_ONCE) {
    const page = { map: map.name, company, after, rowsMax: LINKS_AT_ONCE }
    const keys = await core.database.read((tx) => listLinkedKeys(tx, page))
    const found = await core.connector.readRecords({ entity: map.entity, fields: map.recordKey, keys }, signal)
    gone.push(...keys.filter((key) => !found.has(key)))
    after = keys.at(-1) ?? ''
    if (keys.length < LINKS_AT_ONCE) break
  }
  return gone.slice(0, keysMax)
}

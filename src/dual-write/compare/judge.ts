import type { Tx } from '#postgres/database.ts'
import { findQueued, type QueuedChange } from '#tables/queued-changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { findWaitingRecords, type WaitingRecord } from '../comparison.queries.ts'
import { type Core, pinned } from '../core.ts'
import type { Difference } from '../facets-rows.ts'
import { findLinksByKey, type RowLink } from '../links.queries.ts'
import { belongsInErp, readTargets, type Targets } from '../mapping/to-erp.ts'
import { type MappedRecord, mapToPortal, waitsFor } from '../mapping/to-portal.ts'
import type { TableMap } from '../table-map.ts'
import { comparedFields, differingColumns, differingSentColumns, onlySent } from './columns.ts'
import { findRowsOfKeys } from './rows-of-keys.ts'

/** A difference, and whether it is known why: its change is on its way, or waits for a person. */
export type Found = { difference: Difference; isExplained: boolean }

/** Looks that a difference must outlast, and how long lies between them: a notice or an edit may be under way between the two sides. */
const LOOKS = 3
const BETWEEN_LOOKS_MS = 600
const KEYS_A_LOOK = 200

const ON_ITS_WAY = 'Its change is on its way'

/**
 * What of the suspected records really differs: each is read again on both sides, whole, and counts only if it differs at every look. Our
 * side is read before and after the other one, so that an edit in between is seen.
 */
export async function judge(
  core: Core,
  map: TableMap,
  company: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<Found[]> {
  let open: Found[] = []
  let left = keys
  for (let look = 1; look <= LOOKS && left.length > 0 && !signal.aborted; look++) {
    await core.clock.sleep(BETWEEN_LOOKS_MS, signal)
    open = []
    for (let from = 0; from < left.length; from += KEYS_A_LOOK)
      open.push(...(await lookAt(pinned(core), map, company, left.slice(from, from + KEYS_A_LOOK), signal)))
    left = open.map((one) => one.difference.key)
  }
  return signal.aborted ? [] : open
}

type Seen = {
  links: ReadonlyMap<string, RowLink>
  rows: ReadonlyMap<RowId, QueryRow>
  queued: ReadonlyMap<RowId, QueuedChange>
  waiting: ReadonlyMap<string, WaitingRecord>
}

async function lookAt(
  core: Core,
  map: TableMap,
  company: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<Found[]> {
  const before = await core.database.read((tx) => see(tx, map, keys))
  const records = await core.connector.readRecords({ entity: map.entity, fields: comparedFields(map), keys }, signal)
  return core.database.read(async (tx) => {
    const after = await see(tx, map, keys)
    const mapped = await mapToPortal(core, tx, map, [...records.values()])
    const byKey = new Map(mapped.map((one) => [one.record.key, one]))
    if (map.rows !== 'own') return judgeForeign(core, tx, { map, company, waiting: after.waiting }, mapped)
    const rows = [...after.rows.values()]
    const targets =
      onlySent(map).length === 0
        ? () => undefined
        : await readTargets(
            core,
            tx,
            rows.map((row) => ({ map, row })),
          )
    return keys.flatMap((key) => judgeOne({ map, company, before, after, targets }, key, byKey.get(key)) ?? [])
  })
}

async function see(tx: Tx, map: TableMap, keys: readonly string[]): Promise<Seen> {
  const links = map.rows === 'own' ? await findLinksByKey(tx, map.name, keys) : new Map<string, RowLink>()
  const ids = [...links.values()].map((link) => link.rowId)
  const queued = map.writes ? await findQueued(tx, map.name, ids) : []
  return {
    links,
    rows: await readRowsById(tx, map.table, ids),
    queued: new Map(queued.map((one) => [one.rowId, one])),
    waiting: await findWaitingRecords(tx, map.name, keys),
  }
}

type Look = { map: TableMap; company: string; before: Seen; after: Seen; targets: Targets }

function judgeOne(look: Look, key: string, mapped: MappedRecord | undefined): Found | undefined {
  const { map, after } = look
  const link = after.links.get(key)
  const row = link === undefined ? undefined : after.rows.get(link.rowId)
  const found = differenceOf(look, key, { mapped, link, row })
  if (found === undefined) return undefined
  const difference: Difference = { map: map.name, company: look.company, key, rowId: link?.rowId ?? null, ...found }
  const why = explanationOf(look, key, link)
  return why === undefined
    ? { difference, isExplained: false }
    : { difference: { ...difference, explanation: why }, isExplained: true }
}

type Pair = { mapped: MappedRecord | undefined; link: RowLink | undefined; row: QueryRow | undefined }

function differenceOf(
  look: Look,
  key: string,
  { mapped, link, row }: Pair,
): Pick<Difference, 'kind' | 'columns' | 'explanation'> | undefined {
  const { map } = look
  if (mapped === undefined || mapped.excluded) {
    // The map leaves rows of records that have left its filter, or are gone.
    const isKept = mapped === undefined ? map.deletes.toPortal === 'ignore' : map.leaves.toPortal === 'keep'
    return row === undefined || isKept ? undefined : { kind: 'only_portal', columns: [], explanation: null }
  }
  if (row === undefined) {
    // Deleted here, and the map leaves the record as it is: the link is the memory of it.
    if (link !== undefined && (map.deletes.toErp === 'ignore' || map.deletes.toErp === 'mark')) return undefined
    return { kind: 'only_erp', columns: [], explanation: obstacleOf(mapped) }
  }
  if (mapped.misfits.length > 0) return { kind: 'columns', columns: [], explanation: mapped.misfits.join('; ') }
  // Edits of a row that has left the map's filter stay here.
  if (map.writes && !belongsInErp(map, row) && map.leaves.toErp === 'keep') return undefined
  const agreed = look.after.links.get(key)?.agreed
  const columns = [
    ...differingColumns(map, mapped, row, agreed),
    ...differingSentColumns(map, mapped.record, row, look.targets, agreed ?? {}),
  ]
  return columns.length === 0 ? undefined : { kind: 'columns', columns, explanation: null }
}

function obstacleOf(mapped: MappedRecord): string | null {
  if (mapped.misfits.length > 0) return mapped.misfits.join('; ')
  const missing = mapped.missing.filter((one) => one.required)
  return missing.length > 0 ? waitsFor(missing).reason : null
}

/** Undefined: nothing is on its way, and nothing has moved during the look. */
function explanationOf({ before, after }: Look, key: string, link: RowLink | undefined): string | undefined {
  const waits = after.waiting.get(key) ?? (link === undefined ? undefined : after.queued.get(link.rowId))
  if (waits !== undefined) return reasonOf(waits)
  return stateOf(before, key) === stateOf(after, key) ? undefined : ON_ITS_WAY
}

function stateOf(seen: Seen, key: string): string {
  const link = seen.links.get(key)
  if (link === undefined) return ''
  const row = seen.rows.get(link.rowId)
  return `${link.revision} ${row?.versionnumber ?? 'none'} ${seen.queued.has(link.rowId)}`
}

/** Why a row is not equal yet, of what waits for it. */
export function reasonOf(waits: { isParked: boolean; reason: string | null }): string {
  return waits.isParked ? `Parked: ${waits.reason ?? ''}` : ON_ITS_WAY
}

/** Records that fill columns of other maps' rows, or stand behind a row that many share: there are no links, the key finds the row. */
async function judgeForeign(
  core: Core,
  tx: Tx,
  part: { map: TableMap; company: string; waiting: Seen['waiting'] },
  mapped: readonly MappedRecord[],
): Promise<Found[]> {
  const { map, company, waiting } = part
  const whole = mapped.filter((one) => !one.excluded)
  const rowsOf = await findRowsOfKeys(core, tx, map, whole)
  return whole.flatMap((one): Found[] => {
    const rows = rowsOf.get(one) ?? []
    const notice = waiting.get(one.record.key)
    const why = notice === undefined ? undefined : reasonOf(notice)
    const as = (rest: Pick<Difference, 'rowId' | 'kind' | 'columns' | 'explanation'>): Found[] => [
      {
        difference: { map: map.name, company, key: one.record.key, ...rest, explanation: why ?? rest.explanation },
        isExplained: why !== undefined,
      },
    ]
    if (map.rows === 'shared')
      return rows.length > 0 ? [] : as({ rowId: null, kind: 'only_erp', columns: [], explanation: obstacleOf(one) })
    for (const row of rows) {
      const columns = differingColumns(map, one, row, undefined)
      if (columns.length > 0) return as({ rowId: String(row[map.table.idColumn]), kind: 'columns', columns, explanation: null })
    }
    return []
  })
}

import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { findQueued } from '#tables/queued-changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import { digestLinkedKeys, findKeptRows, listKeysInBuckets } from '../comparison.queries.ts'
import { type Core, getMap } from '../core.ts'
import { isGivenUp } from '../given-up.ts'
import { findLinksByRow } from '../links.queries.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import type { TableMap } from '../table-map.ts'
import { type Buckets, differingBuckets } from './buckets.ts'
import { type Found, judge, reasonOf } from './judge.ts'
import type { Pass } from './ranges.ts'
import { listCompanies } from './rows-of-keys.ts'
import { listUnlinkedRows } from './unlinked.queries.ts'

const KEYS_MAX = 1_000
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const BETWEEN_LOOKS_MS = 600

/** Rows whose record the pass has not met: only of buckets whose keys differ are the records asked for. */
export async function* findVanished(core: Core, of: Pass, buckets: Buckets, signal: AbortSignal): AsyncGenerator<Found[]> {
  const part = { map: of.map.name, company: of.company, startedAt: of.startedAt }
  const differing = differingBuckets(buckets, await core.database.read((tx) => digestLinkedKeys(tx, part)))
  let after = ''
  while (differing.length > 0 && !signal.aborted) {
    const page = { ...part, buckets: differing, after, rowsMax: KEYS_MAX }
    const keys = await core.database.read((tx) => listKeysInBuckets(tx, page))
    // What differs in its columns was found where its page was read.
    const found = await judge(core, of.map, of.company, keys, signal)
    yield found.filter((one) => one.difference.kind === 'only_portal')
    after = keys.at(-1) ?? ''
    if (keys.length < KEYS_MAX) return
  }
}

/** Rows that the ERP should have and that are linked to nothing there. */
export async function* findNeverSent(core: Core, of: Pass, signal: AbortSignal): AsyncGenerator<Found[]> {
  const { map, company } = of
  if (!map.writes || map.rows !== 'own') return
  const companies = await core.database.read((tx) => listCompanies(core, tx))
  const companyId = map.table.columns.has(COMPANY_COLUMN)
    ? companies.find((one) => one.code.toLowerCase() === company.toLowerCase())?.id
    : undefined
  let after = FIRST_ID
  while (!signal.aborted) {
    const page = { map: map.name, table: map.table, companyId, after, rowsMax: KEYS_MAX }
    const ids = await core.database.read((tx) => listUnlinkedRows(tx, page))
    let found = await core.database.read((tx) => judgeUnlinked(core, tx, of, ids))
    if (found.length > 0) {
      await core.clock.sleep(BETWEEN_LOOKS_MS, signal)
      const again = found.flatMap((one) => one.difference.rowId ?? [])
      found = await core.database.read((tx) => judgeUnlinked(core, tx, of, again))
      yield found
    }
    after = ids.at(-1) ?? after
    if (ids.length < KEYS_MAX) return
  }
}

async function judgeUnlinked(core: Core, tx: Tx, of: Pass, ids: readonly RowId[]): Promise<Found[]> {
  const { map, company } = of
  const links = await findLinksByRow(tx, map.name, ids)
  const kept = await findKeptRows(tx, map.name, ids)
  const rows = await readRowsById(tx, map.table, ids)
  const left = [...rows].filter(([id, row]) => !links.has(id) && !kept.has(id) && shouldBeSent(map, row))
  const orphans = await findOrphans(core, tx, map, left)
  const queued = new Map((await findQueued(tx, map.name, ids)).map((one) => [one.rowId, one]))
  return left.flatMap(([rowId]) => {
    if (orphans.has(rowId)) return []
    const waits = queued.get(rowId)
    const explanation = waits === undefined ? null : reasonOf(waits)
    const difference = { map: map.name, company, key: rowId, rowId, kind: 'only_portal' as const, columns: [], explanation }
    return [{ difference, isExplained: waits !== undefined }]
  })
}

/** A row that was marked because its record is gone stays here without one, and so does one that a person has given up. */
function shouldBeSent(map: TableMap, row: QueryRow): boolean {
  const isMarked = map.deletes.toPortal === 'mark' && row.statecode !== undefined && row.statecode !== 0
  return !isMarked && !isGivenUp(map, row) && belongsInErp(map, row)
}

/** Lines whose order the ERP does not have either: the order is the difference. */
async function findOrphans(
  core: Core,
  tx: Tx,
  map: TableMap,
  rows: readonly (readonly [RowId, QueryRow])[],
): Promise<Set<RowId>> {
  const { group } = map
  if (group === undefined) return new Set()
  const parentOf = (row: QueryRow) => String(row[group.through] ?? '')
  const parentIds = [...new Set(rows.map(([, row]) => parentOf(row)).filter((id) => id !== ''))]
  const parents = await findLinksByRow(tx, getMap(core, group.parent).name, parentIds)
  return new Set(rows.flatMap(([id, row]) => (parents.has(parentOf(row)) ? [] : [id])))
}

import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { findQueued, queueChanges } from '#tables/queued-changes.queries.ts'
import { deleteRow, lockRowsById, setActor, setOrigin, updateRow } from '#tables/rows.queries.ts'
import { explainDifferences, listDifferences, setAgreed } from '../comparison.queries.ts'
import { type Core, pinned } from '../core.ts'
import type { Side } from '../facets-control.ts'
import type { Difference } from '../facets-rows.ts'
import { findMap } from '../lifecycle.ts'
import { deleteLinks, findLinksByKey, type RowLink } from '../links.queries.ts'
import { insertActivity } from '../maps.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import { sentColumns, type TableMap } from '../table-map.ts'
import { comparedFields } from './columns.ts'

export type Repaired = { repaired: number; refused: { key: string; reason: string }[] }

const ROWS_MAX = 10_000
const ROWS_A_STEP = 200
const KEYS_RECORDED_MAX = 100
const INACTIVE = { statecode: 1, statuscode: 2 }
const REPAIRING = 'A repair is on its way'

/**
 * Makes rows equal by changing one side: to the portal by reading the record again, to the ERP by sending the columns that differ. Both take
 * the ordinary way through the queues, with its order, its retries and its record of who did it.
 */
export async function repair(
  live: Core,
  which: { map: string; keys: readonly string[] | 'all'; to: Side },
  actor: string,
  signal: AbortSignal,
): Promise<Repaired> {
  const core = pinned(live)
  const map = findMap(core, which.map)
  const keys = which.keys === 'all' ? null : which.keys
  const page = { map: map.name, company: null, after: '', keys, rowsMax: ROWS_MAX }
  const differences = await core.database.read((tx) => listDifferences(tx, page))
  const known = new Set(differences.map((one) => one.key))
  const result: Repaired = { repaired: 0, refused: [] }
  for (const key of keys ?? [])
    if (!known.has(key)) result.refused.push({ key, reason: 'The last comparison found no difference under this key' })
  for (let from = 0; from < differences.length; from += ROWS_A_STEP) {
    const step = differences.slice(from, from + ROWS_A_STEP)
    const records = which.to === 'erp' ? await readRecords(core, map, step, signal) : new Map<string, RemoteRecord>()
    const refused = await core.database.transaction(async (tx) => {
      await setActor(tx, actor)
      const refusals = await (which.to === 'erp' ? repairErp(tx, map, step, records) : repairPortal(core, tx, map, step))
      const done = step.map((one) => one.key).filter((key) => !refusals.some((one) => one.key === key))
      await explainDifferences(tx, map.name, done, REPAIRING)
      const details = { to: which.to, keys: done.slice(0, KEYS_RECORDED_MAX), repaired: done.length, refused: refusals.length }
      await insertActivity(tx, { map: map.name, actor, action: 'repaired differences', details })
      return refusals
    })
    result.repaired += step.length - refused.length
    result.refused.push(...refused)
  }
  return result
}

type Refusal = { key: string; reason: string }

const PENDING = 'A change of this row is on its way to the ERP; wait for it, or decide on it where it is parked'

/** Rows are locked, and those of which something is on its way are left to it. */
async function holdRows(
  tx: Tx,
  map: TableMap,
  step: readonly Difference[],
): Promise<{ links: Map<string, RowLink>; busy: Set<string> }> {
  const links = await findLinksByKey(
    tx,
    map.name,
    step.map((one) => one.key),
    true,
  )
  const ids = [...new Set(step.flatMap((one) => links.get(one.key)?.rowId ?? one.rowId ?? []))]
  await lockRowsById(tx, map.table, ids)
  return { links, busy: new Set((await findQueued(tx, map.name, ids)).map((one) => one.rowId)) }
}

async function repairPortal(core: Core, tx: Tx, map: TableMap, step: readonly Difference[]): Promise<Refusal[]> {
  const { links, busy } = await holdRows(tx, map, step)
  const refused: Refusal[] = []
  const read: string[] = []
  for (const one of step) {
    const link = links.get(one.key)
    const reason = busy.has(link?.rowId ?? one.rowId ?? '') ? PENDING : portalRefusal(map, one)
    if (reason !== undefined) refused.push({ key: one.key, reason })
    else if (one.kind === 'only_portal' && link === undefined) await removeRow(core, tx, map, one)
    else {
      // The row was deleted here: without the memory of that it comes anew.
      if (one.kind === 'only_erp' && link !== undefined) await deleteLinks(tx, map.name, [link.rowId])
      read.push(one.key)
    }
  }
  await putRemoteChanges(
    tx,
    read.map((remoteKey) => ({ map: map.name, remoteKey, eventId: null })),
  )
  return refused
}

function portalRefusal(map: TableMap, one: Difference): string | undefined {
  if (one.kind === 'only_portal' && map.deletes.toPortal !== 'propagate' && map.deletes.toPortal !== 'mark')
    return 'The map keeps rows whose record the ERP does not have (deletes.toPortal); repair it to the ERP, or delete the row'
  const [first] = one.columns
  const isSentOnly =
    one.columns.length > 0 &&
    one.columns.every(
      ({ column }) =>
        !map.columns.some((own) => own.toPortal && own.column?.name === column) &&
        !map.lookups.some((own) => own.toPortal && isOf(own.column.name, column)),
    )
  return isSentOnly ? `The column ${first?.column} only goes to the ERP, so the ERP's value cannot come here` : undefined
}

/** As the map treats rows whose record is gone. */
async function removeRow(core: Core, tx: Tx, map: TableMap, one: Difference): Promise<void> {
  if (one.rowId === null) return
  await setOrigin(tx, map.name, { quiet: false })
  if (map.deletes.toPortal === 'mark') await updateRow(tx, map.table, one.rowId, INACTIVE, { predicate: engineRows })
  else await deleteRow(tx, map.table, one.rowId, engineRows)
  core.index.forget()
}

async function readRecords(
  core: Core,
  map: TableMap,
  step: readonly Difference[],
  signal: AbortSignal,
): Promise<Map<string, RemoteRecord>> {
  const keys = step.filter((one) => one.kind === 'columns').map((one) => one.key)
  if (keys.length === 0) return new Map()
  return core.connector.readRecords({ entity: map.entity, fields: comparedFields(map), keys }, signal)
}

async function repairErp(
  tx: Tx,
  map: TableMap,
  step: readonly Difference[],
  records: ReadonlyMap<string, RemoteRecord>,
): Promise<Refusal[]> {
  const { links, busy } = await holdRows(tx, map, step)
  const refused: Refusal[] = []
  const sends: { rowId: string; columns: readonly string[] }[] = []
  const agreed: Parameters<typeof setAgreed>[2][number][] = []
  for (const one of step) {
    const link = links.get(one.key)
    const rowId = link?.rowId ?? one.rowId ?? ''
    const sent = one.columns.filter(({ column }) => goesToErp(map, column))
    const reason = busy.has(rowId) ? PENDING : erpRefusal(map, one, link, sent.length, records.has(one.key))
    if (reason !== undefined) {
      refused.push({ key: one.key, reason })
      continue
    }
    if (one.kind === 'columns') {
      // The ERP's value is what the row is told from: so the difference counts as the portal's edit, made after the ERP's.
      const values = Object.fromEntries(sent.map(({ column, erp }) => [column, erp]))
      agreed.push({ rowId, agreed: values, remoteVersion: records.get(one.key)?.version || null })
      sends.push({ rowId, columns: sent.map(({ column }) => column) })
      continue
    }
    // The record is gone: without the link the row goes out as a new one.
    if (one.kind === 'only_portal' && link !== undefined) await deleteLinks(tx, map.name, [rowId])
    sends.push({ rowId, columns: sentColumns(map) })
  }
  if (agreed.length > 0) await setAgreed(tx, map.name, agreed)
  await queueChanges(tx, map.name, map.table.name, sends)
  return refused
}

function erpRefusal(
  map: TableMap,
  one: Difference,
  link: RowLink | undefined,
  sent: number,
  isThere: boolean,
): string | undefined {
  if (!map.writes || map.rows !== 'own') return 'This map carries nothing to the ERP; repair it to the portal'
  switch (one.kind) {
    case 'columns':
      if (!isThere || link === undefined) return 'The record is gone from the ERP since the comparison; compare again'
      return sent > 0
        ? undefined
        : `The ERP is the only source of ${one.columns.map((own) => own.column).join(', ')}; repair it to the portal`
    case 'only_portal':
      return undefined
    case 'only_erp':
      if (link === undefined) return 'The portal never had this record, so it is not its to delete; repair it to the portal'
      return map.deletes.toErp === 'propagate' || map.deletes.toErp === 'mark'
        ? undefined
        : 'The map does not delete in the ERP (deletes.toErp); delete the record there, or repair it to the portal'
    default:
      return one.kind satisfies never
  }
}

function goesToErp(map: TableMap, column: string): boolean {
  return (
    map.columns.some((one) => one.toErp && one.column?.name === column && !map.recordKey.includes(one.field ?? '')) ||
    map.lookups.some((one) => one.toErp && isOf(one.column.name, column))
  )
}

/** A customer column and the one that says which table it points to are one. */
function isOf(lookup: string, column: string): boolean {
  return column === lookup || column === `${lookup}type`
}

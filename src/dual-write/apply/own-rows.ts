import type { RemoteFields } from '#connector/contract.ts'
import { recordKey } from '#connector/record-key.ts'
import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { listPendingEdits, type PendingEdit } from '#tables/changes.queries.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { queueChanges } from '#tables/queued-changes.queries.ts'
import type { QueryRow } from '#tables/row-query.ts'
import {
  type ColumnValue,
  insertRows,
  lockRowsById,
  newRowId,
  type RowId,
  type RowValues,
  readRowsById,
  setOrigin,
  updateRows,
} from '#tables/rows.queries.ts'
import { insertConflicts, type NewConflict, putErpChanges } from '../conflicts.queries.ts'
import type { Core } from '../core.ts'
import { deleteDeferred, putDeferred } from '../deferred.queries.ts'
import { findLinksByKey, type LinkWrite, putLinks, type RowLink } from '../links.queries.ts'
import { belongsInErp } from '../mapping/to-erp.ts'
import { type MappedRecord, type MissingTarget, setLookup } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { listGoneSince } from '../tombstones.queries.ts'
import type { Applied, ApplyOptions } from './applied.ts'
import { keyText, resolveDeferred } from './deferred.ts'
import { findByKeys, findDeletedRows } from './find-rows.ts'
import { goesToErp, isEdited, type Merge, merge } from './merge.ts'
import { mergeFirst } from './merge-first.ts'

/** The rows that a batch of records makes or changes, before they are written. */
export type Plan = {
  inserts: RowValues[]
  updates: RowValues[]
  links: LinkWrite[]
  conflicts: NewConflict[]
  altered: (Merge['altered'][number] & { rowId: RowId })[]
  /** Columns that the ERP must be told, though nobody has edited them: the portal's value has won in a first copy. */
  sends: { rowId: RowId; columns: string[] }[]
  /** Rows whose lookups were mapped anew, with those that stay open. */
  lookups: Map<RowId, readonly MissingTarget[]>
  results: Applied[]
  /** The rows as they were. */
  rows: ReadonlyMap<RowId, QueryRow>
}

/** One row for each record: found by its link, else by the integration key, else made. */
export async function applyOwn(
  core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
  options: ApplyOptions,
): Promise<Applied[]> {
  const plan = await planOwn(core, tx, map, mapped, options, true)
  await write(core, tx, map, plan, options)
  return plan.results
}

/** What `applyOwn` would do. With `locks` the rows and links stay as they are until the transaction ends. */
export async function planOwn(
  core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
  options: ApplyOptions,
  locks: boolean,
): Promise<Plan> {
  const keys = mapped.map((one) => one.record.key)
  const links = await findLinksByKey(tx, map.name, keys, locks)
  const results: Applied[] = []
  const gone = options.first === undefined ? undefined : await listGoneSince(tx, map.name, keys, options.first.revision)
  const fresh = mapped.filter((one) => {
    const isStale = gone?.has(one.record.key) === true || isOutdated(options, one.record.key, links.get(one.record.key)?.revision)
    if (isStale) results.push({ record: one.record, result: { kind: 'stale' } })
    return !isStale
  })
  const found = await findByKeys(
    tx,
    map,
    fresh.filter((one) => !links.has(one.record.key)),
  )
  const strangers = fresh.filter((one) => !links.has(one.record.key) && !found.has(one))
  if (options.first !== undefined) for (const [one, id] of await findDeletedRows(tx, map, strangers)) found.set(one, id)
  const ids = [...[...links.values()].map((link) => link.rowId), ...found.values()]
  const rows = await (locks ? lockRowsById : readRowsById)(tx, map.table, ids)
  const pending = map.writes ? await listPendingEdits(tx, map.name, ids) : new Map<RowId, Map<string, PendingEdit>>()
  const plan = planRows(map, fresh, { links, found, rows, pending }, options)
  resolveWithin(map, plan)
  await fillFromParents(core, tx, map, plan)
  return { ...plan, results: [...results, ...plan.results] }
}

/** Somebody else has written the link since the record was read. */
function isOutdated(options: ApplyOptions, key: string, revision: number | undefined): boolean {
  if (options.first !== undefined) return revision !== undefined && revision > options.first.revision
  return options.fence !== undefined && options.fence.get(key) !== revision
}

type Known = {
  links: ReadonlyMap<string, RowLink>
  found: ReadonlyMap<MappedRecord, RowId>
  rows: ReadonlyMap<RowId, QueryRow>
  /** Edits that have not been sent. */
  pending: ReadonlyMap<RowId, ReadonlyMap<string, PendingEdit>>
}

function planRows(map: TableMap, mapped: readonly MappedRecord[], known: Known, options: ApplyOptions): Plan {
  const plan: Plan = {
    inserts: [],
    updates: [],
    links: [],
    conflicts: [],
    altered: [],
    sends: [],
    lookups: new Map(),
    results: [],
    rows: known.rows,
  }
  for (const one of mapped) {
    const { record } = one
    const link = known.links.get(record.key)
    const rowId = link?.rowId ?? known.found.get(one)
    const row = rowId === undefined ? undefined : known.rows.get(rowId)
    if (rowId === undefined) {
      plan.results.push({ record, result: { kind: 'created', rowId: planInsert(map, one, plan, options) } })
    } else if (row === undefined) {
      // Deleted here before its record was known: with the link the deletion, which waits, goes the way the map says.
      if (link === undefined) plan.links.push(linkOf(map, one, rowId))
      plan.results.push({ record, result: { kind: 'ignored' } })
    } else if (link === undefined && known.pending.has(rowId) && options.adopt !== true) {
      plan.results.push({ record, result: { kind: 'in_flight' } })
    } else {
      const kind = planUpdate(map, one, { link, row, rowId, pending: known.pending.get(rowId) ?? NOTHING }, plan, options)
      plan.results.push({ record, result: { kind, rowId } })
    }
  }
  return plan
}

const NOTHING: ReadonlyMap<string, PendingEdit> = new Map()

function planInsert(map: TableMap, one: MappedRecord, plan: Plan, options: ApplyOptions): RowId {
  const rowId = newRowId()
  plan.inserts.push({ ...one.values, [map.table.idColumn]: rowId })
  plan.lookups.set(rowId, one.missing)
  const link = linkOf(map, one, rowId)
  plan.links.push(link)
  sendOverrides(map, one, link, plan, options)
  return rowId
}

function linkOf(map: TableMap, one: MappedRecord, rowId: RowId): LinkWrite {
  return {
    rowId,
    remoteKey: one.record.key,
    company: one.company,
    agreed: agreedOf(map.table, one.values),
    remoteVersion: versionOf(one),
  }
}

/** A person's values instead of the record's are an edit that the ERP is told. */
function sendOverrides(map: TableMap, one: MappedRecord, link: LinkWrite, plan: Plan, options: ApplyOptions): void {
  const given = Object.keys(options.overrides?.get(one.record.key) ?? {})
  const columns = given.filter((name) => goesToErp(map, name) && name in one.values)
  for (const name of columns) delete (link.agreed as Record<string, string | null>)[name]
  if (columns.length > 0) plan.sends.push({ rowId: link.rowId, columns })
}

function planUpdate(
  map: TableMap,
  one: MappedRecord,
  at: { link: RowLink | undefined; row: QueryRow; rowId: RowId; pending: ReadonlyMap<string, PendingEdit> },
  plan: Plan,
  options: ApplyOptions,
): 'updated' | 'unchanged' {
  const pending = new Set([...at.pending.keys(), ...editsOutside(map, one, at)])
  const known = {
    ours: at.pending,
    theirsAt: one.record.modifiedAt ?? options.noticedAt?.get(one.record.key),
    sent: at.link?.sent,
  }
  const { changes, agreed, conflicts, altered, sends } =
    options.first === undefined
      ? { ...merge(map, at.row, at.link?.agreed, one.values, pending, known), sends: [] }
      : mergeFirst(map, at.row, at.link?.agreed, one.values, pending, known)
  if (sends.length > 0) plan.sends.push({ rowId: at.rowId, columns: sends })
  // A row that was marked as gone has come back.
  const values: RowValues =
    at.link === undefined && map.deletes.toPortal === 'mark' && at.row.statecode !== 0
      ? { ...changes, statecode: 0, statuscode: 1 }
      : changes
  plan.conflicts.push(...conflicts.map((conflict) => ({ ...conflict, rowId: at.rowId })))
  plan.altered.push(...altered.map((value) => ({ ...value, rowId: at.rowId })))
  const hasChanges = Object.keys(values).length > 0
  if (hasChanges) plan.updates.push({ ...values, [map.table.idColumn]: at.rowId })
  if (at.link === undefined || hasChanges || one.missing.length > 0) plan.lookups.set(at.rowId, one.missing)
  if (at.link?.remoteVersion !== versionOf(one) || !isSameAgreed(at.link.agreed, agreed)) {
    const link = { ...linkOf(map, one, at.rowId), agreed }
    plan.links.push(link)
    sendOverrides(map, one, link, plan, options)
  }
  return hasChanges ? 'updated' : 'unchanged'
}

/** What was edited while the row was outside the portal's filter has not been told, and is no less an edit for that. */
function editsOutside(map: TableMap, one: MappedRecord, { row, link }: { row: QueryRow; link: RowLink | undefined }): string[] {
  if (link === undefined || belongsInErp(map, row)) return []
  return Object.keys(one.values).filter((name) => isEdited(map, name, row, link.agreed))
}

/** An ERP that answers without a version leaves it to the next read. */
function versionOf(one: MappedRecord): string | null {
  return one.record.version === '' ? null : one.record.version
}

function isSameAgreed(a: RowLink['agreed'], b: RowLink['agreed']): boolean {
  const names = Object.keys(b)
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name])
}

function agreedOf(table: TableDefinition, values: RowValues): Record<string, string | null> {
  const agreed: Record<string, string | null> = {}
  for (const name in values) agreed[name] = textOf(required(table.columns.get(name), name), values[name])
  return agreed
}

/** Lookups within the table whose target is among the new rows: a customer that is its own invoice account. */
function resolveWithin(map: TableMap, plan: Plan): void {
  const rows = new Map([...plan.inserts, ...plan.updates].map((row) => [String(row[map.table.idColumn]), row]))
  const links = new Map(plan.links.map((link) => [link.rowId, link]))
  const indexes = new Map<string, Map<string, RowId>>()
  const findNew = (missing: MissingTarget) => {
    const name = missing.keyColumns.join(' ')
    const index =
      indexes.get(name) ??
      new Map(plan.inserts.map((row) => [keyText(map.table, missing.keyColumns, row), String(row[map.table.idColumn])]))
    indexes.set(name, index)
    return index.get(missing.key)
  }
  for (const [rowId, missing] of plan.lookups) {
    const open = missing.filter((one) => {
      const id = one.table === map.table ? findNew(one) : undefined
      const lookup = map.lookups.find((other) => other.column.name === one.column)
      const row = rows.get(rowId)
      if (id === undefined || lookup === undefined || row === undefined) return true
      setLookup(lookup, { values: row as Record<string, ColumnValue> }, id, { table: map.table })
      const link = links.get(rowId)
      if (link !== undefined) (link.agreed as Record<string, string | null>)[one.column] = id
      return false
    })
    plan.lookups.set(rowId, open)
  }
}

/** Columns that a row takes from its parent while they are empty. */
async function fillFromParents(core: Core, tx: Tx, map: TableMap, plan: Plan): Promise<void> {
  if (map.fillFrom === undefined) return
  const { rows } = plan
  const { through, columns } = map.fillFrom
  const target = core.catalog.get(required(map.table.columns.get(through)?.targets[0], `the target of ${through}`))
  const open = [...plan.inserts, ...plan.updates].filter((row) => {
    const whole = { ...rows.get(String(row[map.table.idColumn])), ...row }
    return [...columns.keys()].some((name) => (whole[name] ?? null) === null) && (whole[through] ?? null) !== null
  })
  const parentOf = (row: RowValues) => String(row[through] ?? rows.get(String(row[map.table.idColumn]))?.[through] ?? '')
  const parents = await readRowsById(tx, target, [...new Set(open.map(parentOf))])
  for (const row of open) {
    const whole = { ...rows.get(String(row[map.table.idColumn])), ...row }
    for (const [name, source] of columns) {
      const value = parents.get(parentOf(row))?.[source]
      if ((whole[name] ?? null) === null && value !== undefined) (row as Record<string, ColumnValue>)[name] = value
    }
  }
}

async function write(core: Core, tx: Tx, map: TableMap, plan: Plan, options: ApplyOptions): Promise<void> {
  await setOrigin(tx, map.name, options)
  await insertRows(tx, map.table, plan.inserts)
  await updateRows(tx, map.table, fillUnion(map.table, plan.updates, plan.rows))
  await putLinks(tx, map.name, plan.links)
  await deleteDeferred(
    tx,
    map.name,
    plan.updates.map((row) => String(row[map.table.idColumn])),
  )
  const deferred = [...plan.lookups].flatMap(([rowId, missing]) =>
    missing.map((one) => ({ map: map.name, rowId, column: one.column, targetTable: one.table.name, key: one.key })),
  )
  await putDeferred(tx, deferred)
  await insertConflicts(tx, plan.conflicts)
  await putErpChanges(tx, map.name, plan.altered)
  await queueChanges(tx, map.name, map.table.name, plan.sends)
  if (plan.inserts.length > 0) {
    await resolveDeferred(core, tx, map.table, plan.inserts, options)
    if (!options.quiet) await putRemoteChanges(tx, extensionsOf(core, map, plan.inserts))
  }
  // A renamed key must not be found under its old name.
  if (plan.updates.some((row) => map.key.some((name) => row[name] !== undefined))) core.index.forget()
}

/** Records of other maps that fill columns of the new rows: they came before the row was there. */
function extensionsOf(core: Core, map: TableMap, rows: readonly RowValues[]) {
  return core.maps
    .filter((other) => other.rows === 'existing' && other.table === map.table)
    .flatMap((other) =>
      rows.flatMap((row) => {
        const fields: Record<string, RemoteFields[string]> = { ...other.filter.where }
        for (const one of other.columns) {
          if (one.field !== undefined && one.column !== undefined && other.recordKey.includes(one.field))
            fields[one.field] = row[one.column.name] ?? null
        }
        const isWhole = other.recordKey.every((name) => fields[name] !== undefined && fields[name] !== null)
        return isWhole
          ? [{ map: other.name, remoteKey: recordKey(other.recordKey, other.companyField, fields), eventId: null }]
          : []
      }),
    )
}

/** Rows for one statement all carry the same columns: those they do not change keep the value they have (the rows are locked). */
export function fillUnion(
  table: TableDefinition,
  updates: readonly RowValues[],
  rows: ReadonlyMap<RowId, QueryRow>,
): RowValues[] {
  const names = [...new Set(updates.flatMap((row) => Object.keys(row)))]
  return updates.map((row) => {
    const before = rows.get(String(row[table.idColumn]))
    return Object.fromEntries(names.map((name) => [name, row[name] === undefined ? (before?.[name] ?? null) : row[name]]))
  })
}

import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import {
  findIdsByKey,
  insertRows,
  listRows,
  lockRowsById,
  type RowId,
  type RowValues,
  readRowsById,
  setOrigin,
  updateRows,
} from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import type { MappedRecord } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import type { TableMap } from '../table-map.ts'
import type { Applied, ApplyOptions } from './applied.ts'
import { keyText } from './deferred.ts'
import { fillUnion } from './own-rows.ts'

const COMPANIES_MAX = 1_000

/** Fills columns of rows that another map makes, in every legal entity that has the row. A record without a row changes nothing. */
export async function applyToExisting(
  core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
  options: ApplyOptions,
): Promise<Applied[]> {
  const plan = await planExisting(core, tx, map, mapped, true)
  await setOrigin(tx, map.name, options)
  await updateRows(tx, map.table, fillUnion(map.table, plan.updates, plan.rows))
  return plan.results
}

export type OtherPlan = {
  inserts: RowValues[]
  updates: RowValues[]
  results: Applied[]
  /** The rows as they were. */
  rows: ReadonlyMap<RowId, QueryRow>
}

/** What `applyToExisting` would do. */
export async function planExisting(
  core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
  locks: boolean,
): Promise<OtherPlan> {
  const companies = map.key.includes(COMPANY_COLUMN) ? await companyIds(core, tx) : [undefined]
  const keys = new Map<string, MappedRecord>()
  for (const one of mapped) {
    for (const company of companies) {
      const values = company === undefined ? one.values : { ...one.values, [COMPANY_COLUMN]: company }
      keys.set(keyText(map.table, map.key, values), one)
    }
  }
  const ids = await findIdsByKey(
    tx,
    map.table,
    map.key,
    [...keys.keys()].map((key) => key.split(KEY_SEPARATOR)),
  )
  const rows = await (locks ? lockRowsById : readRowsById)(tx, map.table, [...ids.values()])
  const updates: RowValues[] = []
  const touched = new Map<MappedRecord, RowId>()
  for (const [key, id] of ids) {
    const one = keys.get(key)
    const row = rows.get(id)
    if (one === undefined || row === undefined) continue
    const changes = Object.entries(one.values).filter(([name, value]) => {
      const column = map.table.columns.get(name)
      return column !== undefined && !map.key.includes(name) && textOf(column, value) !== textOf(column, row[name])
    })
    if (changes.length === 0) continue
    updates.push({ [map.table.idColumn]: id, ...Object.fromEntries(changes) })
    touched.set(one, id)
  }
  const results = mapped.map(
    (one): Applied => ({
      record: one.record,
      result: touched.has(one) ? { kind: 'updated', rowId: touched.get(one) } : { kind: 'unchanged', rowId: undefined },
    }),
  )
  return { inserts: [], updates, results, rows }
}

/** Makes the rows that are missing, one for many records, and leaves those that exist alone. */
export async function applyToShared(
  _core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
  options: ApplyOptions,
): Promise<Applied[]> {
  const plan = await planShared(tx, map, mapped)
  await setOrigin(tx, map.name, options)
  await insertRows(tx, map.table, plan.inserts)
  return plan.results
}

/** What `applyToShared` would do. */
export async function planShared(tx: Tx, map: TableMap, mapped: readonly MappedRecord[]): Promise<OtherPlan> {
  const byKey = new Map(mapped.toReversed().map((one) => [keyText(map.table, map.key, one.values), one]))
  const existing = await findIdsByKey(
    tx,
    map.table,
    map.key,
    [...byKey.keys()].map((key) => key.split(KEY_SEPARATOR)),
  )
  const makers = new Set([...byKey].filter(([key]) => !existing.has(key)).map(([, one]) => one))
  const results = mapped.map(
    (one): Applied => ({
      record: one.record,
      result: { kind: makers.has(one) ? 'created' : 'unchanged', rowId: undefined },
    }),
  )
  return { inserts: [...makers].map((one) => one.values), updates: [], results, rows: new Map() }
}

async function companyIds(core: Core, tx: Tx): Promise<RowId[]> {
  const table = core.catalog.get('cdm_company')
  const rows = await listRows(tx, core.catalog, { table, columns: [], predicate: engineRows, rowsMax: COMPANIES_MAX })
  return rows.map((row) => String(row[table.idColumn]))
}

import type { Tx } from '#postgres/database.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findIdsByKey, listRows, type RowId, readRowsById } from '#tables/rows.queries.ts'
import { keyText } from '../apply/deferred.ts'
import type { Core } from '../core.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import type { MappedRecord } from '../mapping/to-portal.ts'
import type { TableMap } from '../table-map.ts'

const COMPANIES_MAX = 1_000

export type Company = { id: RowId; code: string }

export async function listCompanies(core: Core, tx: Tx): Promise<Company[]> {
  const table = core.catalog.get('cdm_company')
  const rows = await listRows(tx, core.catalog, {
    table,
    columns: ['cdm_companycode'],
    predicate: engineRows,
    rowsMax: COMPANIES_MAX,
  })
  return rows.map((row) => ({ id: String(row[table.idColumn]), code: String(row.cdm_companycode) }))
}

/** The rows that the records' key columns name: in every legal entity, where the record itself belongs to none. */
export async function findRowsOfKeys(
  core: Core,
  tx: Tx,
  map: TableMap,
  mapped: readonly MappedRecord[],
): Promise<Map<MappedRecord, QueryRow[]>> {
  const inEach = map.key.includes(COMPANY_COLUMN) && map.companyField === undefined
  const companies = inEach ? (await listCompanies(core, tx)).map((one) => one.id) : [undefined]
  const wanted = new Map<string, MappedRecord[]>()
  for (const one of mapped) {
    for (const company of companies) {
      const values = company === undefined ? one.values : { ...one.values, [COMPANY_COLUMN]: company }
      if (map.key.some((name) => (values[name] ?? null) === null)) continue
      const key = keyText(map.table, map.key, values)
      wanted.set(key, [...(wanted.get(key) ?? []), one])
    }
  }
  const tuples = [...wanted.keys()].map((key) => key.split(KEY_SEPARATOR))
  const ids = await findIdsByKey(tx, map.table, map.key, tuples)
  const rows = await readRowsById(tx, map.table, [...ids.values()])
  const found = new Map<MappedRecord, QueryRow[]>()
  for (const [key, id] of ids) {
    const row = rows.get(id)
    if (row !== undefined) for (const one of wanted.get(key) ?? []) found.set(one, [...(found.get(one) ?? []), row])
  }
  return found
}

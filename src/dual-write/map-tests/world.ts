import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { MapGround } from '../mapping/ground.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import type { Targets } from '../mapping/to-erp.ts'
import { keyColumnsOf } from '../mapping/to-portal.ts'
import { type LookupTarget, type TableMap, targetsWithin } from '../table-map.ts'

/**
 * The other rows as a map test imagines them, without a database: a row's id is its key, its parts joined by '|' and without the legal
 * entity ('C1', 'INV-1|2026-01-31'). So a lookup reads in a fixture as what it points to.
 */
export type ImaginedRows = {
  /** False for rows that are not there. */
  has(table: string, id: string): boolean
  /** Columns beyond the key, for expressions that look them up. */
  columnsOf?(table: string, id: string): QueryRow | undefined
}

export const ID_SEPARATOR = '|'

export function imagineGround(catalog: Catalog, maps: readonly TableMap[], rows: ImaginedRows): MapGround {
  return {
    catalog,
    maps,
    async find(table, columns, keys) {
      const found = new Map<string, string>()
      for (const key of keys) {
        const id = idOf(columns, key)
        if (rows.has(table.name, id)) found.set(key, id)
      }
      return found
    },
    read: async (table, ids) => new Map(ids.map((id) => [id, { [table.idColumn]: id, ...rows.columnsOf?.(table.name, id) }])),
  }
}

/** What the rows behind a map's lookups say of their keys. */
export function imagineTargets(map: TableMap, rows: ImaginedRows): Targets {
  const targets = map.lookups.flatMap((lookup) => lookup.targets.flatMap(targetsWithin))
  return (table, id) => {
    if (!rows.has(table, id)) return undefined
    if (table === 'cdm_company') return { cdm_companyid: id, cdm_companycode: id }
    const keys = targets.filter((target) => target.table.name === table).map((target) => keyOf(target, id))
    return keys.length === 0 ? undefined : Object.assign({}, ...keys)
  }
}

/** The columns of a target's key, without the legal entity. */
export function ownKey(target: LookupTarget): string[] {
  return keyColumnsOf(target).filter((name) => name !== COMPANY_COLUMN || target.table.name === 'cdm_company')
}

function keyOf(target: LookupTarget, id: string): QueryRow {
  const columns = ownKey(target)
  // The last column takes what is left: a hop's id may have parts of its own.
  const parts = columns.length === 1 ? [id] : id.split(ID_SEPARATOR)
  return Object.fromEntries(columns.map((name, index) => [name, parts[index] ?? null]))
}

function idOf(columns: readonly string[], key: string): string {
  const parts = key.split(KEY_SEPARATOR)
  return parts.filter((_, index) => columns[index] !== COMPANY_COLUMN).join(ID_SEPARATOR)
}

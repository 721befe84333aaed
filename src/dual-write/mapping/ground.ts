import type { Tx } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, readRowsById } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { TableMap } from '../table-map.ts'

/** What mapping records needs to know of other rows: the database, or what a test says there is. */
export type MapGround = {
  readonly catalog: Catalog
  readonly maps: readonly TableMap[]
  /** Ids by key; the values of a key are joined as in lookup-index.ts. */
  find(table: TableDefinition, columns: readonly string[], keys: readonly string[]): Promise<ReadonlyMap<string, RowId>>
  read(table: TableDefinition, ids: readonly RowId[]): Promise<ReadonlyMap<RowId, QueryRow>>
}

export function rowsOfDatabase(core: Core, tx: Tx): MapGround {
  return {
    catalog: core.catalog,
    maps: core.maps,
    find: (table, columns, keys) => core.index.find(tx, table, columns, keys),
    read: (table, ids) => readRowsById(tx, table, ids),
  }
}

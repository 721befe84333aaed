import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows, type RowId } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { TableMap } from '../table-map.ts'

const CHILDREN_MAX = 10_000

/** Ids of the rows of a child map that belong to the row. */
export async function listChildren(core: Core, tx: Tx, child: TableMap, parentId: RowId): Promise<RowId[]> {
  const rows = await listRows(tx, core.catalog, {
    table: child.table,
    columns: [],
    predicate: engineRows,
    filter: {
      kind: 'compare',
      operator: 'eq',
      left: { kind: 'path', names: [child.group?.through ?? ''], position: 0 },
      right: { kind: 'literal', literal: { type: 'guid', value: parentId }, position: 0 },
      position: 0,
    },
    rowsMax: CHILDREN_MAX,
  })
  return rows.map((row) => String(row[child.table.idColumn]))
}

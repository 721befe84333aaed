import type { Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'
import type { RowPredicate } from '#tables/predicate.ts'
import { listRows, type RowId } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { TableMap } from '../table-map.ts'

const CHILDREN_MAX = 10_000

/** Ids of the rows of a child map that belong to the row. */
export async function listChildren(core: Core, tx: Tx, child: TableMap, parentId: RowId): Promise<RowId[]> {
  const through = child.group?.through ?? ''
  const ofParent: RowPredicate = {
    reason: 'children',
    sql: (alias) => sql`${alias}.${identifier(through)} = ${parentId}::uuid`,
  }
  const rows = await listRows(tx, core.catalog, { table: child.table, columns: [], predicate: ofParent, rowsMax: CHILDREN_MAX })
  return rows.map((row) => String(row[child.table.idColumn]))
}

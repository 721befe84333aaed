import type { FilterExpression } from '#lib/odata/ast.ts'
import type { Tx } from '#postgres/database.ts'
import { engineRows } from '#tables/predicate.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { listRows, type RowId, readRowsById } from '#tables/rows.queries.ts'
import { type Core, childrenOf, getMap } from '../core.ts'
import type { TableMap } from '../table-map.ts'

const CHILDREN_MAX = 10_000
const PARENTS_AT_ONCE_MAX = 50

/** Ids of the rows of a child map that belong to the row. */
export function listChildren(core: Core, tx: Tx, child: TableMap, parentId: RowId): Promise<RowId[]> {
  return listChildrenOf(core, tx, child, [parentId])
}

/** Rows of groups, by map: with the given rows of one map all rows above and below them, as far as groups reach. */
export async function listFamilies(
  core: Core,
  tx: Tx,
  map: TableMap,
  rowIds: readonly RowId[],
): Promise<Map<TableMap, readonly RowId[]>> {
  let [top, ids] = [map, rowIds]
  while (top.group !== undefined && ids.length > 0) {
    const { parent, through } = top.group
    const rows = await readRowsById(tx, top.table, ids)
    ids = [...new Set([...rows.values()].flatMap((row) => (row[through] ? [String(row[through])] : [])))]
    top = getMap(core, parent)
  }
  const found = new Map<TableMap, readonly RowId[]>([[map, rowIds]])
  const descend = async (parent: TableMap, parentIds: readonly RowId[]) => {
    found.set(parent, [...new Set([...(found.get(parent) ?? []), ...parentIds])])
    for (const child of childrenOf(core, parent)) {
      const children = await listChildrenOf(core, tx, child, parentIds)
      if (children.length > 0) await descend(child, children)
    }
  }
  await descend(top, ids)
  return found
}

async function listChildrenOf(core: Core, tx: Tx, child: TableMap, parentIds: readonly RowId[]): Promise<RowId[]> {
  return [...(await listChildrenByParent(core, tx, child, parentIds)).values()].flat()
}

/** The same by the row that they belong to. */
export async function listChildrenByParent(
  core: Core,
  tx: Tx,
  child: TableMap,
  parentIds: readonly RowId[],
): Promise<Map<RowId, RowId[]>> {
  const found = new Map<RowId, RowId[]>()
  for (let at = 0; at < parentIds.length; at += PARENTS_AT_ONCE_MAX) {
    const rows = await readChildren(core, tx, child, parentIds.slice(at, at + PARENTS_AT_ONCE_MAX))
    for (const row of rows) {
      const parentId = String(row[child.group?.through ?? ''])
      found.set(parentId, [...(found.get(parentId) ?? []), String(row[child.table.idColumn])])
    }
  }
  return found
}

async function readChildren(core: Core, tx: Tx, child: TableMap, parentIds: readonly RowId[]): Promise<QueryRow[]> {
  const through = child.group?.through ?? ''
  const rows = await listRows(tx, core.catalog, {
    table: child.table,
    columns: [through],
    predicate: engineRows,
    filter: pointsToOne(through, parentIds),
    rowsMax: CHILDREN_MAX,
  })
  if (rows.length < CHILDREN_MAX || parentIds.length === 1) return rows
  // None of them may lose children to the limit because of the others.
  const middle = Math.ceil(parentIds.length / 2)
  const first = await readChildren(core, tx, child, parentIds.slice(0, middle))
  return [...first, ...(await readChildren(core, tx, child, parentIds.slice(middle)))]
}

function pointsToOne(column: string, ids: readonly RowId[]): FilterExpression {
  return {
    kind: 'in',
    left: { kind: 'path', names: [column], position: 0 },
    values: ids.map((value) => ({ kind: 'literal', literal: { type: 'guid', value }, position: 0 })),
    position: 0,
  }
}

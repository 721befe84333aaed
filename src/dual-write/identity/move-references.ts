import type { Tx } from '#postgres/database.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { engineRows } from '#tables/predicate.ts'
import { listRows, type RowId, setOrigin, updateRow, updateRows } from '#tables/rows.queries.ts'
import type { Core } from '../core.ts'
import type { TableMap } from '../table-map.ts'

const PAGE_ROWS_MAX = 1_000
const INACTIVE = { statecode: 1, statuscode: 2 }

/**
 * Points every lookup that leads to one row to another of the same table, and marks the first as inactive. The ERP has done the same with
 * its records, so nothing of it travels. Answers how many rows were moved.
 */
export async function moveReferences(core: Core, tx: Tx, map: TableMap, rows: { from: RowId; to: RowId }): Promise<number> {
  let moved = 0
  for (const table of core.catalog.tables.values()) {
    for (const column of table.columns.values()) {
      if (!isLookup(column) || !column.targets.includes(map.table.name)) continue
      await setOriginOf(core, tx, table)
      moved += await movePages(core, tx, table, column.name, rows)
    }
  }
  if (map.table.columns.has('statecode')) {
    await setOrigin(tx, map.name, { quiet: false })
    await updateRow(tx, map.table, rows.from, INACTIVE, { predicate: engineRows })
  }
  return moved
}

async function movePages(
  core: Core,
  tx: Tx,
  table: TableDefinition,
  column: string,
  { from, to }: { from: RowId; to: RowId },
): Promise<number> {
  for (let moved = 0; ; ) {
    const found = await listRows(tx, core.catalog, {
      table,
      columns: [],
      predicate: engineRows,
      filter: {
        kind: 'compare',
        operator: 'eq',
        left: { kind: 'path', names: [column], position: 0 },
        right: { kind: 'literal', literal: { type: 'guid', value: from }, position: 0 },
        position: 0,
      },
      rowsMax: PAGE_ROWS_MAX,
    })
    await updateRows(
      tx,
      table,
      found.map((row) => ({ [table.idColumn]: row[table.idColumn] ?? null, [column]: to })),
    )
    moved += found.length
    if (found.length < PAGE_ROWS_MAX) return moved
  }
}

/** As the map that carries the table would write it; a table without a map travels nowhere. */
async function setOriginOf(core: Core, tx: Tx, table: TableDefinition): Promise<void> {
  const carrier = core.maps.find((one) => one.table.name === table.name && one.writes)
  await setOrigin(tx, carrier?.name ?? 'dual-write', { quiet: false })
}

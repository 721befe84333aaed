import { required } from '#lib/assert.ts'
import type { QueryRow } from '#tables/row-query.ts'
import type { ColumnValue, RowValues } from '#tables/rows.queries.ts'
import type { Agreed } from '../links.queries.ts'
import { textOf } from '../mapping/values.ts'
import type { NewConflict } from '../maps.queries.ts'
import type { TableMap } from '../table-map.ts'

export type Merge = {
  /** What the row must change to follow the record. */
  changes: RowValues
  /** What both sides agree on afterwards. */
  agreed: Agreed
  conflicts: Omit<NewConflict, 'rowId'>[]
}

/**
 * Three ways, column by column: what we last agreed on, our row, the record. A column that only one side changed follows that side. One
 * that both changed follows the map's winner, and the value that lost is kept. `pending` are our edits that have not been sent.
 */
export function merge(
  map: TableMap,
  local: QueryRow,
  agreed: Agreed | undefined,
  incoming: RowValues,
  pending: ReadonlySet<string>,
): Merge {
  const changes: Record<string, ColumnValue> = {}
  const after: Record<string, string | null> = { ...agreed }
  const conflicts: Merge['conflicts'] = []
  for (const [name, value] of Object.entries(incoming)) {
    const column = required(map.table.columns.get(name), `${map.table.name}.${name}`)
    const ours = textOf(column, local[name])
    const theirs = textOf(column, value)
    const before = agreed?.[name]
    if (isFilledElsewhere(map, name) && theirs === null) continue
    after[name] = theirs
    if (ours === theirs) continue
    if (!pending.has(name) || !goesToErp(map, name)) {
      changes[name] = value
      continue
    }
    // Agreed on before and unchanged there since, or never agreed on: our edit goes out.
    if (agreed !== undefined && (before === undefined || theirs === before)) continue
    // Without a link there is nothing to compare with: our own create is on its way, and the ERP's answer completes it.
    if (agreed !== undefined) conflicts.push({ map: map.name, column: name, winner: map.winner, ...outcome(map, ours, theirs) })
    if (map.winner === 'erp') changes[name] = value
  }
  return { changes, agreed: after, conflicts }
}

function outcome(map: TableMap, ours: string | null, theirs: string | null): { kept: string | null; lost: string | null } {
  return map.winner === 'erp' ? { kept: theirs, lost: ours } : { kept: ours, lost: theirs }
}

/** The portal fills the column itself while the ERP has nothing for it. */
function isFilledElsewhere(map: TableMap, column: string): boolean {
  return map.fillFrom?.columns.has(column) ?? false
}

function goesToErp(map: TableMap, column: string): boolean {
  return (
    map.columns.some((one) => one.toErp && (one.column?.name === column || one.elseColumn === column)) ||
    map.lookups.some((one) => one.toErp && (one.column.name === column || `${one.column.name}type` === column))
  )
}

import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { lockRowsById, type RowId, type RowValues, setOrigin, updateRows } from '#tables/rows.queries.ts'
import { type Core, getMap } from '../core.ts'
import { type DeferredLookup, deleteDeferredColumns, findDeferred } from '../deferred.queries.ts'
import { agreeOn } from '../links.queries.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import { keyColumnsOf, setLookup } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'

/** Fills in the lookups that have waited for these new rows. Answers how many. */
export async function resolveDeferred(
  core: Core,
  tx: Tx,
  table: TableDefinition,
  rows: readonly RowValues[],
  options: { quiet: boolean },
): Promise<number> {
  const ids = new Map<string, RowId>()
  for (const columns of keySets(core, table)) {
    for (const row of rows) ids.set(keyText(table, columns, row), String(row[table.idColumn]))
  }
  if (ids.size === 0) return 0
  const waiting = await findDeferred(tx, table.name, [...ids.keys()])
  const groups = Map.groupBy(waiting, (one) => `${one.map} ${one.column}`)
  for (const group of groups.values()) await fillColumn(core, tx, table, group, ids, options)
  return waiting.length
}

export function keyText(table: TableDefinition, columns: readonly string[], row: RowValues): string {
  return columns
    .map((name) => {
      const column = table.columns.get(name)
      return column === undefined ? '' : (textOf(column, row[name]) ?? '')
    })
    .join(KEY_SEPARATOR)
}

/** The sets of columns by which some map looks up rows of the table. */
function keySets(core: Core, table: TableDefinition): string[][] {
  const sets = core.maps.flatMap((map) =>
    map.lookups.flatMap((lookup) => lookup.targets.filter((target) => target.table === table).map(keyColumnsOf)),
  )
  return [...new Map(sets.map((columns) => [columns.join(' '), columns])).values()]
}

async function fillColumn(
  core: Core,
  tx: Tx,
  target: TableDefinition,
  group: readonly DeferredLookup[],
  ids: ReadonlyMap<string, RowId>,
  options: { quiet: boolean },
): Promise<void> {
  const [first] = group
  if (first === undefined) return
  const map = getMap(core, first.map)
  const lookup = map.lookups.find((one) => one.column.name === first.column)
  if (lookup === undefined) return
  const rows = await lockRowsById(
    tx,
    map.table,
    group.map((one) => one.rowId),
  )
  const updates: RowValues[] = []
  const agreed: { rowId: RowId; text: string }[] = []
  for (const one of group) {
    const id = ids.get(one.key)
    // Filled in by a person meanwhile: his edit stands.
    if (id === undefined || (rows.get(one.rowId)?.[first.column] ?? null) !== null) continue
    const values: Record<string, string | null> = { [map.table.idColumn]: one.rowId }
    setLookup(lookup, { values }, id, { table: target })
    updates.push(values)
    agreed.push({ rowId: one.rowId, text: id })
  }
  await setOrigin(tx, map.name, options)
  await updateRows(tx, map.table, updates)
  await agreeOn(tx, map.name, first.column, agreed)
  await deleteDeferredColumns(tx, group)
}

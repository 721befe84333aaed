import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { announceTable, lockRowsById, type RowId, type RowValues, setOrigin, updateRows } from '#tables/rows.queries.ts'
import { type Core, getMap } from '../core.ts'
import { type DeferredLookup, deleteDeferredColumns, findDeferred, listDeferred } from '../deferred.queries.ts'
import { agreeOn, findLinksByRow } from '../links.queries.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import { keyColumnsOf, setLookup } from '../mapping/to-portal.ts'
import { textOf } from '../mapping/values.ts'
import { putRemoteChanges, wakeWaitingRecords } from '../remote-changes.queries.ts'
import { type TableMap, targetsWithin } from '../table-map.ts'

const LEFT_OPEN_ROWS_MAX = 2_000

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
  await wakeWaitingRecords(tx, table.name, [...ids.keys()])
  const waiting = await findDeferred(tx, table.name, [...ids.keys()])
  const groups = Map.groupBy(waiting, (one) => `${one.map} ${one.column}`)
  for (const group of groups.values()) await fillColumn(core, tx, table, group, ids, options)
  return waiting.length
}

/**
 * Looks once more for what the lookups of a map's rows, and of others into its table, wait for. Pages that are stored side by side do not
 * see each other's rows: at the end of a copy all of them are there.
 */
export async function resolveLeftOpen(core: Core, map: TableMap): Promise<void> {
  let after: DeferredLookup | null = null
  for (;;) {
    const page = { map: map.name, table: map.table.name, after, rowsMax: LEFT_OPEN_ROWS_MAX }
    const open: DeferredLookup[] = await core.database.transaction(async (tx) => {
      const found = await listDeferred(tx, page)
      for (const group of Map.groupBy(found, (one) => `${one.map} ${one.column} ${one.targetTable}`).values())
        await resolveGroup(core, tx, group)
      if (found.length > 0) await announceTable(tx, map.table)
      return found
    })
    after = open.at(-1) ?? null
    if (open.length < LEFT_OPEN_ROWS_MAX) return
  }
}

async function resolveGroup(core: Core, tx: Tx, group: readonly DeferredLookup[]): Promise<void> {
  const [first] = group
  const of = core.maps.find((one) => one.name === first?.map)
  const lookup = of?.lookups.find((one) => one.column.name === first?.column)
  const target = lookup?.targets.flatMap(targetsWithin).find((one) => one.table.name === first?.targetTable)
  if (target === undefined) return
  const keys = group.map((one) => one.key)
  const ids = await core.index.find(tx, target.table, keyColumnsOf(target), keys)
  const found = group.filter((one) => ids.has(one.key))
  await fillColumn(core, tx, target.table, found, ids, { quiet: true })
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
    map.lookups.flatMap((lookup) =>
      lookup.targets
        .flatMap(targetsWithin)
        .filter((target) => target.table === table)
        .map(keyColumnsOf),
    ),
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
  if (!lookup.targets.some((one) => one.table === target)) {
    await readAgain(tx, map, group)
    return
  }
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
  // A lookup that is part of a key others look up by: only now can they find these rows.
  if (keySets(core, map.table).some((columns) => columns.includes(first.column))) {
    const filled = updates.map((values) => ({ ...rows.get(String(values[map.table.idColumn])), ...values }))
    await resolveDeferred(core, tx, map.table, filled, options)
  }
}

/** What has come is a step on the way to the lookup's row, not the row itself: the record is mapped once more. */
async function readAgain(tx: Tx, map: TableMap, group: readonly DeferredLookup[]): Promise<void> {
  const ids = group.map((one) => one.rowId)
  const links = [...(await findLinksByRow(tx, map.name, ids)).values()]
  await putRemoteChanges(
    tx,
    links.map((link) => ({ map: map.name, remoteKey: link.remoteKey, eventId: null })),
  )
  await deleteDeferredColumns(tx, group)
}

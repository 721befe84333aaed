import type { Tx } from '#postgres/database.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { type RowId, setActor, setOrigin, updateRows } from '#tables/rows.queries.ts'
import { findLinksByRow } from './links.queries.ts'
import { textOf } from './mapping/values.ts'
import type { TableMap } from './table-map.ts'

/**
 * New rows whose sending a person has given up, where the map says what they take then (`givenUp`). They are no difference and are not sent
 * with a first copy, since somebody may have been told that nothing comes of them. An edit that takes those values back sends them anew.
 */
export function isGivenUp(map: TableMap, row: QueryRow): boolean {
  const given = Object.entries(map.givenUp)
  return given.length > 0 && given.every(([name, value]) => asText(map, name, row[name]) === asText(map, name, value))
}

/** Of these rows those that the ERP does not have take the values; the map does not send what it has set itself. */
export async function markGivenUp(tx: Tx, map: TableMap, rowIds: readonly RowId[], actor: string): Promise<void> {
  if (rowIds.length === 0 || Object.keys(map.givenUp).length === 0) return
  const links = await findLinksByRow(tx, map.name, rowIds)
  const unlinked = rowIds.filter((id) => !links.has(id))
  await setActor(tx, actor)
  await setOrigin(tx, map.name, { quiet: false })
  await updateRows(
    tx,
    map.table,
    unlinked.map((id) => ({ ...map.givenUp, [map.table.idColumn]: id })),
  )
}

function asText(map: TableMap, name: string, value: QueryRow[string] | undefined): string | null {
  const column = map.table.columns.get(name)
  return column === undefined ? null : textOf(column, value)
}

import type { FetchEntity } from '#lib/fetchxml/ast.ts'
import { refuseAt } from '#lib/fetchxml/xml.ts'
import type { Catalog } from '../catalog.ts'
import type { ColumnDefinition, TableDefinition } from '../definition.ts'

/** A table of the query: the root, or a link under a name of ours, so that an alias can never be taken for a lookup column. */
export type Place = { table: TableDefinition; name: string | undefined; alias: string | undefined }

export type Planning = {
  readonly text: string
  readonly catalog: Catalog
  isOpen(table: TableDefinition, column: string): boolean
  readonly places: Map<FetchEntity, Place>
  readonly aliases: Map<string, Place>
}

/** A column of a place by its path in the compiled query. Unknown and closed columns are refused alike. */
export function pathOf(
  planning: Planning,
  place: Place,
  name: string,
  position: number,
): { path: string[]; column: ColumnDefinition } {
  const column = place.table.columns.get(name)
  if (column === undefined || !planning.isOpen(place.table, name))
    throw refuseAt(planning.text, position, `the table ${place.table.name} has no column ${name.slice(0, 100)}`)
  return { path: place.name === undefined ? [name] : [place.name, name], column }
}

export function placeNamed(planning: Planning, alias: string, position: number): Place {
  const place = planning.aliases.get(alias)
  if (place === undefined) throw refuseAt(planning.text, position, `no link-entity has the alias ${alias.slice(0, 100)}`)
  return place
}

import { AppError } from '#lib/app-error.ts'
import { and, type Sql } from '#postgres/sql.ts'
import type { ColumnDefinition, TableDefinition } from '../definition.ts'
import { findCollection } from '../navigation.ts'
import { refuse } from './refuse.ts'
import { type Columns, columnEquals, maskedColumn, pointsToTable, type Subquery } from './scope.ts'

/** The rows of a collection of the row that `columns` speak of (or of one that lookups lead to), as a subquery and its condition. */
export function rowsBehind(path: readonly string[], columns: Columns, position: number): { child: Subquery; where: Sql } {
  const through = path.slice(0, -1)
  const parent = tableAt(columns, through, position)
  const name = path.at(-1) ?? ''
  const found = findCollection(columns.catalog, parent, name)
  if (found === undefined) throw refuse(position, `${parent.name} has no collection ${name}`)
  const child = columns.subquery(found.table)
  const source = columns.column([...through, parent.idColumn]).sql
  return { child, where: and(pointingBack(child, found.lookup, parent, source)) }
}

/** That the row of the subquery points to the row with this id, and that the asker may see both the row and that it does. */
export function pointingBack(child: Subquery, lookup: ColumnDefinition, parent: TableDefinition, id: Sql): Sql[] {
  const where = [columnEquals(child, lookup.name, id), ...pointsToTable(child.alias, lookup, parent)]
  if (child.predicate !== undefined) where.push(child.predicate.sql(child.alias))
  return where
}

/** Names that begin with the variable are of the inner row; all others are of what stands outside. */
export function withVariable(variable: string, child: Subquery, outer: Columns): Columns {
  const inner = (names: readonly string[]) => names[0] === variable
  return {
    catalog: outer.catalog,
    asOf: outer.asOf,
    rowsOf: (table) => outer.rowsOf(table),
    column(path) {
      const names = typeof path === 'string' ? path.split('.') : path
      if (!inner(names)) return outer.column(names)
      if (names.length === 1)
        throw new AppError('tables.unknown_column', `name a column of ${variable}: ${variable}/${child.table.nameColumn}`)
      return child.column(names.slice(1))
    },
    tableAt: (names) => (inner(names) ? child.tableAt(names.slice(1)) : outer.tableAt(names)),
    subquery: (table) => child.subquery(table),
  }
}

function tableAt(columns: Columns, path: readonly string[], position: number): TableDefinition {
  try {
    return columns.tableAt(path)
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code === 'query.too_costly') throw cause
    throw refuse(position, cause.message, cause)
  }
}

/** The id of the row behind an alias: nothing hides it from whoever sees the row. */
export function idOf(place: { alias: Sql; table: TableDefinition }): Sql {
  return maskedColumn(place.alias, place.table, place.table.idColumn, undefined).sql
}

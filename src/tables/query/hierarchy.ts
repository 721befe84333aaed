import { and, identifier, type Sql, sql } from '#postgres/sql.ts'
import type { ColumnDefinition, TableDefinition } from '../definition.ts'
import { type Columns, maskedColumn, type ScopedColumn } from './scope.ts'

/** The table whose tree a condition on this column speaks of, and the lookup that leads up in it; undefined where there is no tree. */
export function hierarchyOf(scope: Columns, column: ScopedColumn): { table: TableDefinition; up: ColumnDefinition } | undefined {
  const isId = column.definition.name === column.table.idColumn
  const target = isId ? column.table : scope.catalog.tables.get(column.definition.targets[0] ?? '')
  if (target === undefined) return undefined
  const own = [...target.columns.values()].filter((one) => one.targets.includes(target.name))
  // Dataverse lets one relation of a table be its hierarchy: the one to the parent, where there are several.
  const up = own.find((one) => one.name === `parent${target.idColumn}`) ?? (own.length === 1 ? own[0] : undefined)
  return up === undefined ? undefined : { table: target, up }
}

/**
 * Ids of the rows above or below a row, at any depth; circles end where they close. Rows that the asker may not see, and those whose
 * parent is hidden from the asker, are no steps of the way: what lies behind them cannot be told.
 */
export function relatives(
  scope: Columns,
  tree: { table: TableDefinition; up: ColumnDefinition },
  id: string,
  way: 'above' | 'below',
): Sql {
  const row = identifier('h')
  const rows = scope.rowsOf(tree.table)
  const parent = maskedColumn(row, tree.table, tree.up.name, rows).sql
  const own = sql`${row}.${identifier(tree.table.idColumn)}`
  const [from, to] = way === 'above' ? [own, parent] : [parent, own]
  const on = [sql`${from} = way.id`, ...(rows === undefined ? [] : [rows.sql(row)])]
  return sql`(with recursive way(id) as (select ${id}::uuid union select ${to} from ${identifier('tables', tree.table.name)} as ${row} join way on ${and(on)} where ${to} is not null) select way.id from way where way.id <> ${id}::uuid)`
}

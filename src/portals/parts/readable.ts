import { targetOf } from '#tables/catalog.ts'
import type { PageContext } from '../component.ts'
import type { ListColumn } from '../site/list-views.ts'

/** Whether every column along a path such as 'customerid.name' may be read of some row; of which, the query itself decides. */
export function mayReadPath(context: PageContext, tableName: string, path: string): boolean {
  let table = context.catalog.get(tableName)
  const names = path.split('.')
  return names.every((name, i) => {
    const readable = context.permissions.reachableColumns(context.visitor, table.name).has(name)
    if (readable && i < names.length - 1) table = targetOf(context.catalog, table, name)
    return readable
  })
}

/** The same of a column of a list: one that comes from a view knows its way, which may lead over links. */
export function mayReadColumn(context: PageContext, tableName: string, { column, shown }: ListColumn): boolean {
  if (shown === undefined) return mayReadPath(context, tableName, column)
  return shown.steps.every((step) => context.permissions.reachableColumns(context.visitor, step.table.name).has(step.column.name))
}

import { targetOf } from '#tables/catalog.ts'
import type { PageContext } from '../component.ts'

/** Whether every column along a path such as 'customerid.name' may be read; which rows it reaches is the query's own question. */
export function mayReadPath(context: PageContext, tableName: string, path: string): boolean {
  let table = context.catalog.get(tableName)
  const names = path.split('.')
  return names.every((name, i) => {
    const readable = context.permissions.readableColumns(context.visitor, table.name).has(name)
    if (readable && i < names.length - 1) table = targetOf(context.catalog, table, name)
    return readable
  })
}

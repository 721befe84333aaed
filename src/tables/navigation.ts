import type { Catalog } from './catalog.ts'
import { type ColumnDefinition, isLookup, navigationName, type TableDefinition } from './definition.ts'

/**
 * The lookup that a name in a path follows, and the table it leads to: 'primarycontactid', 'customerid_contact', or a customer's column by
 * itself, which then means the account.
 */
export function findLookup(
  catalog: Catalog,
  table: TableDefinition,
  name: string,
): { lookup: ColumnDefinition; target: TableDefinition } | undefined {
  const own = table.columns.get(name)
  if (own !== undefined) return isLookup(own) ? { lookup: own, target: catalog.get(own.targets[0] ?? '') } : undefined
  for (const lookup of table.columns.values()) {
    if (lookup.targets.length < 2 || !name.startsWith(lookup.name)) continue
    const target = lookup.targets.find((one) => navigationName(lookup, one) === name)
    if (target !== undefined) return { lookup, target: catalog.get(target) }
  }
  return undefined
}

/** The rows that point to a row of this table, by the name they have from there: 'order_details'. */
export function findCollection(
  catalog: Catalog,
  table: TableDefinition,
  name: string,
): { table: TableDefinition; lookup: ColumnDefinition } | undefined {
  return catalog.pointingTo(table.name).find((one) => one.lookup.collectionName === name)
}

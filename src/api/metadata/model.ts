import type { Permissions } from '#access/permissions.ts'
import type { Privilege } from '#access/policy.ts'
import type { Visitor } from '#access/visitor.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isLookup, navigationName, type TableDefinition } from '#tables/definition.ts'
import type { Dialect } from '../protocol/refusals.ts'

/** A table as one caller may know it: what is closed to them has no name here. */
export type ApiTable = {
  table: TableDefinition
  privileges: ReadonlySet<Privilege>
  /** In the order of the definition. */
  columns: readonly ColumnDefinition[]
  readable: ReadonlySet<string>
  creatable: ReadonlySet<string>
  writable: ReadonlySet<string>
}

export type ApiTables = ReadonlyMap<string, ApiTable>

export type Navigation =
  | { kind: 'lookup'; name: string; column: ColumnDefinition; target: TableDefinition; partner: string | undefined }
  | { kind: 'collection'; name: string; table: TableDefinition; lookup: ColumnDefinition; partner: string }

type Seen = { catalog: Catalog; permissions: Permissions; visitor: Visitor; dialect: Dialect }

const PRIVILEGES: readonly Privilege[] = ['read', 'create', 'write', 'delete', 'append', 'appendTo']

/** The tables on which the caller may do anything at all. */
export function apiTables(seen: Seen): ApiTables {
  const found = new Map<string, ApiTable>()
  for (const table of seen.catalog.tables.values()) {
    const one = apiTable(seen, table)
    if (one !== undefined) found.set(table.name, one)
  }
  return found
}

function apiTable({ permissions, visitor, dialect }: Seen, table: TableDefinition): ApiTable | undefined {
  const open = dialect === 'portal' ? permissions.webApiColumns(table.name) : new Set(table.columns.keys())
  if (open === undefined) return undefined
  const privileges = new Set(PRIVILEGES.filter((privilege) => permissions.may(visitor, table.name, privilege)))
  if (!['read', 'create', 'write', 'delete'].some((privilege) => privileges.has(privilege as Privilege))) return undefined
  const reachable = (privilege: 'read' | 'create' | 'write') =>
    privileges.has(privilege)
      ? new Set([...permissions.reachableColumns(visitor, table.name, privilege)].filter((name) => open.has(name)))
      : new Set<string>()
  const [readable, creatable, writable] = [reachable('read'), reachable('create'), reachable('write')]
  const columns = [...table.columns.values()].filter(
    (column) => !isTypeColumn(table, column) && [readable, creatable, writable].some((names) => names.has(column.name)),
  )
  return { table, privileges, columns, readable, creatable, writable }
}

/** `customeridtype` says which table a customer column points to: it is told by annotations and written by `@odata.bind`. */
export function isTypeColumn(table: TableDefinition, column: ColumnDefinition): boolean {
  return column.name.endsWith('type') && table.columns.get(column.name.slice(0, -'type'.length))?.type === 'customer'
}

/** What stands for a column in JSON and in queries. */
export function propertyName(column: ColumnDefinition): string {
  return isLookup(column) ? `_${column.name}_value` : column.name
}

/** The rows that stand behind a row of this table, both ways, as far as the caller may see both ends. */
export function navigations(catalog: Catalog, tables: ApiTables, from: ApiTable): Navigation[] {
  const lookups = from.columns.filter(isLookup).flatMap((column) =>
    column.targets.flatMap((target): Navigation[] => {
      const seen = tables.get(target)
      if (seen === undefined) return []
      const partner = from.readable.has(column.name) ? column.collectionName : undefined
      return [{ kind: 'lookup', name: navigationName(column, target), column, target: seen.table, partner }]
    }),
  )
  const collections = catalog.pointingTo(from.table.name).flatMap(({ table, lookup }): Navigation[] => {
    if (tables.get(table.name)?.readable.has(lookup.name) !== true) return []
    const partner = navigationName(lookup, from.table.name)
    return [{ kind: 'collection', name: lookup.collectionName, table, lookup, partner }]
  })
  return [...lookups, ...collections]
}

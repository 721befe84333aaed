import type { Database } from '#postgres/database.ts'
import { trueSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { noRows, type RowPredicate } from '#tables/predicate.ts'
import type { Permissions } from './permissions.ts'
import { isAdministrator, type Visitor } from './visitor.ts'

/**
 * The one place where administrators get more than the permissions of the site give them: in Studio's data workspace they see and write
 * every row and column. Everybody else gets nothing from it. For Studio alone.
 */
export function everythingFor(catalog: Catalog): Permissions {
  const predicate = (visitor: Visitor): RowPredicate => (isAdministrator(visitor) ? everyRow : noRows)
  const columns = (visitor: Visitor, table: string): ReadonlySet<string> =>
    new Set(isAdministrator(visitor) ? catalog.get(table).columns.keys() : [])
  return {
    policy: { roles: [], permissions: [], webApi: new Map() },
    predicate,
    readableColumns: columns,
    reachableColumns: columns,
    may: (visitor) => isAdministrator(visitor),
    accessTypes: (visitor) => new Set(isAdministrator(visitor) ? ['global' as const] : []),
    reach: (visitor) => () => predicate(visitor),
    webApiColumns: () => undefined,
    explain: () => [],
  }
}

const everyRow: RowPredicate = { reason: 'Studio', sql: () => trueSql }

/**
 * The database for Studio's data workspace: what elsewhere runs behind the second wall runs with the owner's rights here, since the wall
 * is made from the permissions of the site.
 */
export function withoutWall(database: Database): Database {
  return { ...database, as: () => database }
}

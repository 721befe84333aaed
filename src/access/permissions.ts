import { and, identifier, type Sql, sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import { anyOf, noRows, type RowPredicate } from '#tables/predicate.ts'
import { checkPolicy } from './permissions/check.ts'
import { compileScope } from './permissions/compile.ts'
import type { Policy, Privilege, TablePermission } from './policy.ts'
import { AUTHENTICATED_USERS, type Visitor } from './visitor.ts'

/**
 * What visitors may do, the same on every surface: nothing unless a permission grants it, and what several grant adds up.
 * Immutable, compiled once per policy; a release with other files makes a new one.
 */
export type Permissions = {
  readonly policy: Policy
  /**
   * Rows on which the visitor has the privilege. With `columns`, only rows of which all these may be read: pass what a query
   * selects, filters and sorts by wherever permissions with column lists meet. For `create`: insert, then look whether the new row
   * is inside; if not, roll back.
   */
  predicate(visitor: Visitor, table: string, privilege: Privilege, columns?: Iterable<string>): RowPredicate
  /** Columns that may be read of every row inside the `read` predicate. Empty when there is none. */
  readableColumns(visitor: Visitor, table: string): ReadonlySet<string>
  /** Columns that may be read of some row; which rows, `predicate` with columns tells. */
  reachableColumns(visitor: Visitor, table: string): ReadonlySet<string>
  /** False when no permission grants it on any row. */
  may(visitor: Visitor, table: string, privilege: Privilege): boolean
  /** For the `reach` of a query: names behind lookups come only from rows that the visitor may read. */
  reach(visitor: Visitor): (table: TableDefinition) => RowPredicate
  /** Columns the web API offers of this table; undefined when the table is not open. */
  webApiColumns(table: string): ReadonlySet<string> | undefined
  /** Every permission of the table and privilege, and why it applies to this visitor or not. */
  explain(visitor: Visitor, table: string, privilege: Privilege): readonly Explanation[]
}

export type Explanation = {
  permission: string
  file: string
  accessType: string
  /** The visitor's roles through which it applies. */
  roles: readonly string[]
  applies: boolean
  /** One sentence for a person. */
  because: string
  columns: readonly string[] | undefined
}

/** Throws AppError `policy.invalid` when the policy names tables or columns that do not exist or cannot carry it. */
export function createPermissions(catalog: Catalog, policy: Policy): Permissions {
  checkPolicy(catalog, policy)
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  const byTable = Map.groupBy(policy.permissions, (one) => one.table)
  const webApi = new Map([...policy.webApi].map(([table, open]) => [table, columnsOpen(catalog.get(table), open.columns)]))

  const applying = (visitor: Visitor, table: string, privilege: Privilege) =>
    (byTable.get(table) ?? []).filter(
      (one) => one.privileges.has(privilege) && rolesOf(one, visitor).length > 0 && inactiveIn(one, byName) === undefined,
    )
  const columnsOf = (one: TablePermission): ReadonlySet<string> =>
    one.columns === undefined
      ? new Set(catalog.get(one.table).columns.keys())
      : new Set([catalog.get(one.table).idColumn, ...one.columns])

  const predicate: Permissions['predicate'] = (visitor, table, privilege, columns) => {
    const asked = columns === undefined ? [] : [...columns]
    const granting = applying(visitor, table, privilege).filter((one) => {
      const granted = columnsOf(one)
      return asked.every((column) => granted.has(column))
    })
    return anyOf(granting.map((one) => compileScope(catalog, byName, one, visitor)))
  }

  return {
    policy,
    predicate,
    may: (visitor, table, privilege) =>
      applying(visitor, table, privilege).some((one) => compileScope(catalog, byName, one, visitor) !== noRows),
    readableColumns: (visitor, table) => {
      const [first, ...others] = applying(visitor, table, 'read').map(columnsOf)
      return new Set([...(first ?? [])].filter((column) => others.every((one) => one.has(column))))
    },
    reachableColumns: (visitor, table) => new Set(applying(visitor, table, 'read').flatMap((one) => [...columnsOf(one)])),
    reach: (visitor) => (table) => predicate(visitor, table.name, 'read'),
    webApiColumns: (table) => webApi.get(table),
    explain: (visitor, table, privilege) =>
      (byTable.get(table) ?? [])
        .filter((one) => one.privileges.has(privilege))
        .map((one) => explanationOf(catalog, byName, one, visitor)),
  }
}

/** The same predicate for one row. */
export function rowOf(table: TableDefinition, predicate: RowPredicate, id: string): RowPredicate {
  return {
    reason: predicate.reason,
    sql: (alias: Sql) => and([predicate.sql(alias), sql`${alias}.${identifier(table.idColumn)} = ${id}::uuid`]),
  }
}

function rolesOf(permission: TablePermission, visitor: Visitor): string[] {
  return visitor.roles.filter((role) => permission.roles.has(role))
}

/** The first permission of the chain upwards that is switched off. */
function inactiveIn(permission: TablePermission, byName: ReadonlyMap<string, TablePermission>): TablePermission | undefined {
  if (!permission.active) return permission
  if (permission.scope.accessType !== 'parent') return undefined
  const parent = byName.get(permission.scope.permission)
  return parent === undefined ? permission : inactiveIn(parent, byName)
}

function explanationOf(
  catalog: Catalog,
  byName: ReadonlyMap<string, TablePermission>,
  one: TablePermission,
  visitor: Visitor,
): Explanation {
  const roles = rolesOf(one, visitor)
  const inactive = inactiveIn(one, byName)
  const lacks = compileScope(catalog, byName, one, visitor) === noRows
  const because =
    roles.length === 0
      ? `It is for ${[...one.roles].join(', ')}, which this visitor does not have.`
      : inactive !== undefined
        ? `${inactive.name} is switched off.`
        : lacks
          ? `It depends on the visitor’s ${neededBy(one)}, and there is none.`
          : `Through ${roles.join(', ')}: ${describeScope(one)}.`
  return {
    permission: one.name,
    file: one.file,
    accessType: one.scope.accessType,
    roles,
    applies: roles.length > 0 && inactive === undefined && !lacks,
    because,
    columns: one.columns,
  }
}

function neededBy(one: TablePermission): string {
  switch (one.scope.accessType) {
    case 'account':
      return 'account'
    case 'company':
      return 'legal entity'
    case 'parent':
      return `right to the parent (${one.scope.permission})`
    default:
      return `sign-in (${AUTHENTICATED_USERS})`
  }
}

function describeScope(one: TablePermission): string {
  switch (one.scope.accessType) {
    case 'global':
      return 'all rows'
    case 'company':
      return `rows of the visitor’s legal entity (${COMPANY_COLUMN})`
    case 'account':
      return one.scope.relationship === undefined
        ? 'the visitor’s account'
        : `rows of the visitor’s account (${one.scope.relationship})`
    case 'contact':
      return `rows of the visitor’s contact (${one.scope.relationship})`
    case 'self':
      return 'the visitor’s own contact'
    case 'parent':
      return `rows that belong (${one.scope.through}) to what ${one.scope.permission} grants`
    default:
      return one.scope satisfies never
  }
}

function columnsOpen(table: TableDefinition, columns: readonly string[]): ReadonlySet<string> {
  return new Set([table.idColumn, ...columns])
}

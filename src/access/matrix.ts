import type { Catalog } from '#tables/catalog.ts'
import { type Policy, PRIVILEGES, type Privilege, type TablePermission } from './policy.ts'

/** What every role may do with every table, as the permissions say it: plain data for the docs, for Studio and for tests. */
export type IsolationMatrix = { roles: readonly MatrixRole[]; privileges: readonly Privilege[] }
export type MatrixRole = { role: string; description: string; tables: readonly MatrixRow[] }
export type MatrixRow = {
  table: string
  /** By privilege; an empty list is never. */
  cells: Readonly<Record<Privilege, readonly MatrixGrant[]>>
  /** Whether programs in pages reach the table for this role, and with which columns. */
  webApi: readonly string[] | null
}
export type MatrixGrant = {
  permission: string
  effect: 'allow' | 'deny'
  /** 'account (customerid)', 'parent: Own orders (salesorderid)' */
  scope: string
  where: string | null
  /** Null: all of the table's. */
  columns: readonly string[] | null
  /** Until when and from when, as written: ISO moments. */
  validFrom: string | null
  validUntil: string | null
}

/** Every role with every table of the catalog: a table that no permission names is there, with nothing in its cells. */
export function isolationMatrix(catalog: Catalog, policy: Policy): IsolationMatrix {
  const tables = [...catalog.tables.keys()].sort()
  return {
    privileges: PRIVILEGES,
    roles: policy.roles.map(({ name, description }) => ({
      role: name,
      description,
      tables: tables.map((table) => rowOf(policy, name, table)),
    })),
  }
}

function rowOf(policy: Policy, role: string, table: string): MatrixRow {
  const own = policy.permissions.filter((one) => one.table === table && one.roles.has(role) && one.active)
  const cells = Object.fromEntries(
    PRIVILEGES.map((privilege) => [privilege, own.filter((one) => one.privileges.has(privilege)).map(grantOf)]),
  ) as Record<Privilege, MatrixGrant[]>
  const isReadable = cells.read.some((one) => one.effect === 'allow')
  return { table, cells, webApi: isReadable ? (policy.webApi.get(table)?.columns ?? null) : null }
}

function grantOf(one: TablePermission): MatrixGrant {
  const moment = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    permission: one.name,
    effect: one.effect,
    scope: scopeOf(one),
    where: one.whereText ?? null,
    columns: one.columns ?? null,
    validFrom: moment(one.validFromMs),
    validUntil: moment(one.validUntilMs),
  }
}

function scopeOf({ scope }: TablePermission): string {
  switch (scope.accessType) {
    case 'account':
    case 'hierarchy':
      return scope.relationship === undefined ? scope.accessType : `${scope.accessType} (${scope.relationship})`
    case 'contact': {
      const both = [scope.relationship, ...(scope.accountRelationship === undefined ? [] : [scope.accountRelationship])]
      return `contact (${both.join(', ')})`
    }
    case 'parent':
      return `parent: ${scope.permission} (${scope.through})`
    default:
      return scope.accessType
  }
}

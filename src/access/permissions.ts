import type { Clock } from '#lib/clock.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import { noRows, type RowPredicate } from '#tables/predicate.ts'
import { checkPolicy } from './permissions/check.ts'
import { bearingsOf, compilePermission, type Rules } from './permissions/compile.ts'
import {
  type Grants,
  grantsOf,
  inScope,
  maskOf,
  predicateOf,
  rolesOf,
  type SwitchedOff,
  switchedOff,
} from './permissions/grants.ts'
import type { Policy, Privilege, TablePermission } from './policy.ts'
import { AUTHENTICATED_USERS, type Visitor } from './visitor.ts'

/**
 * What visitors may do, the same on every surface: nothing unless a permission grants it; what several grant adds up; what one denies is
 * gone. Immutable, made once per policy and catalog; a release with other files makes a new one.
 */
export type Permissions = {
  readonly policy: Policy
  /**
   * Rows on which the visitor has the privilege, and of their columns those it goes for. Reading: a column outside is null. Writing and
   * creating: a column outside must not be given. For `create`: insert, then look whether the new row is inside; if not, roll back.
   */
  predicate(visitor: Visitor, table: string, privilege: Privilege): RowPredicate
  /** Columns that may be read of every row inside the `read` predicate. Empty when there is none. */
  readableColumns(visitor: Visitor, table: string): ReadonlySet<string>
  /** Columns with the privilege on some row: what may be named in a request at all. */
  reachableColumns(visitor: Visitor, table: string, privilege?: 'read' | 'create' | 'write'): ReadonlySet<string>
  /** False when no permission grants it on any row. */
  may(visitor: Visitor, table: string, privilege: Privilege): boolean
  /** By what the rows are measured that the visitor may touch: each access type of which some permission grants it. */
  accessTypes(visitor: Visitor, table: string, privilege: Privilege): ReadonlySet<TablePermission['scope']['accessType']>
  /** For the `reach` of a query: what stands behind lookups comes only from rows that the visitor may read. */
  reach(visitor: Visitor): (table: TableDefinition) => RowPredicate
  /** Columns the web API offers of this table; undefined when the table is not open. */
  webApiColumns(table: string): ReadonlySet<string> | undefined
  /** Every permission of the table and privilege, and why it applies to this visitor or not. */
  explain(visitor: Visitor, table: string, privilege: Privilege): readonly Explanation[]
}

export type Explanation = {
  permission: string
  file: string
  effect: 'allow' | 'deny'
  accessType: string
  /** The visitor's roles through which it applies. */
  roles: readonly string[]
  applies: boolean
  /** One sentence for a person. */
  because: string
  where: string | undefined
  columns: readonly string[] | undefined
}

/** Throws AppError `policy.invalid` when the policy names tables or columns that do not exist or cannot carry it. */
export function createPermissions(catalog: Catalog, policy: Policy, clock: Pick<Clock, 'nowMs'>): Permissions {
  checkPolicy(catalog, policy)
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  const byTable = Map.groupBy(policy.permissions, (one) => one.table)
  const webApi = new Map([...policy.webApi].map(([table, open]) => [table, columnsOpen(catalog.get(table), open.columns)]))

  const standingFor = (visitor: Visitor, table: string, privilege: Privilege) => {
    const nowMs = clock.nowMs()
    return (byTable.get(table) ?? []).filter(
      (one) => one.privileges.has(privilege) && rolesOf(one, visitor).length > 0 && switchedOff(one, byName, nowMs) === undefined,
    )
  }
  // Whatever a token is limited to, its denials hold: less scope never means more rows.
  const rulesFor = (visitor: Visitor): Rules => ({
    catalog,
    byName,
    readDenials: (table) =>
      standingFor(visitor, table, 'read').filter((one) => one.effect === 'deny' && one.columns === undefined),
  })
  const grants = (visitor: Visitor, table: string, privilege: Privilege): Grants => {
    const rules = rulesFor(visitor)
    const bearings = bearingsOf(visitor)
    const standing = inScope(visitor, table, privilege) ? standingFor(visitor, table, privilege) : []
    const compiled = standing.map((permission) => ({
      permission,
      rows: compilePermission(rules, permission, bearings),
      everything: permission.scope.accessType === 'global' && permission.where === undefined,
    }))
    return grantsOf(catalog, table, compiled)
  }
  const columnsWith = (
    visitor: Visitor,
    table: string,
    privilege: Privilege,
    wanted: (mask: RowPredicate | undefined) => boolean,
  ) => {
    const given = grants(visitor, table, privilege)
    if (given.allowed.length === 0) return new Set<string>()
    return new Set([...given.table.columns.keys()].filter((name) => wanted(maskOf(given, name))))
  }
  const predicate: Permissions['predicate'] = (visitor, table, privilege) => predicateOf(grants(visitor, table, privilege))

  return {
    policy,
    predicate,
    may: (visitor, table, privilege) => grants(visitor, table, privilege).allowed.length > 0,
    accessTypes: (visitor, table, privilege) =>
      new Set(grants(visitor, table, privilege).allowed.map((one) => one.permission.scope.accessType)),
    readableColumns: (visitor, table) => columnsWith(visitor, table, 'read', (mask) => mask === undefined),
    reachableColumns: (visitor, table, privilege = 'read') => columnsWith(visitor, table, privilege, (mask) => mask !== noRows),
    reach: (visitor) => (table) => predicate(visitor, table.name, 'read'),
    webApiColumns: (table) => webApi.get(table),
    explain: (visitor, table, privilege) =>
      (byTable.get(table) ?? [])
        .filter((one) => one.privileges.has(privilege))
        .map((one) => explanationOf(rulesFor(visitor), one, visitor, clock.nowMs())),
  }
}

function sentenceOf(off: SwitchedOff): string {
  const moment = off.atMs === undefined ? '' : new Date(off.atMs).toISOString()
  const texts = {
    inactive: 'is switched off',
    not_yet: `begins on ${moment}`,
    ended: `ended on ${moment}`,
    no_parent: 'has no parent',
  }
  return `${off.name} ${texts[off.because]}.`
}

function explanationOf(rules: Rules, one: TablePermission, visitor: Visitor, nowMs: number): Explanation {
  const roles = rolesOf(one, visitor)
  const off = switchedOff(one, rules.byName, nowMs)
  const lacks = compilePermission(rules, one, bearingsOf(visitor)) === noRows
  const because =
    roles.length === 0
      ? `It is for ${[...one.roles].join(', ')}, which this visitor does not have.`
      : off !== undefined
        ? sentenceOf(off)
        : lacks
          ? `It depends on the visitor’s ${neededBy(one)}, and there is none.`
          : `Through ${roles.join(', ')}: ${describeScope(one)}.`
  return {
    permission: one.name,
    file: one.file,
    effect: one.effect,
    accessType: one.scope.accessType,
    roles,
    applies: roles.length > 0 && off === undefined && !lacks,
    because,
    where: one.whereText,
    columns: one.columns,
  }
}

function neededBy(one: TablePermission): string {
  switch (one.scope.accessType) {
    case 'account':
    case 'hierarchy':
      return 'account'
    case 'company':
      return 'legal entity'
    case 'parent':
      return `right to the parent (${one.scope.permission})`
    case 'contact':
      return one.scope.accountRelationship === undefined ? `sign-in (${AUTHENTICATED_USERS})` : 'account'
    default:
      return `sign-in (${AUTHENTICATED_USERS})`
  }
}

function describeScope({ scope }: TablePermission): string {
  switch (scope.accessType) {
    case 'global':
      return 'all rows'
    case 'company':
      return `rows of the visitor’s legal entity (${COMPANY_COLUMN})`
    case 'account':
      return scope.relationship === undefined ? 'the visitor’s account' : `rows of the visitor’s account (${scope.relationship})`
    case 'hierarchy':
      return scope.relationship === undefined
        ? 'the visitor’s account and all below it'
        : `rows of the visitor’s account and of all below it (${scope.relationship})`
    case 'contact':
      return scope.accountRelationship === undefined
        ? `rows of the visitor’s contact (${scope.relationship})`
        : `rows of the visitor’s contact (${scope.relationship}) for the account in use (${scope.accountRelationship})`
    case 'self':
      return 'the visitor’s own contact'
    case 'parent':
      return `rows that belong (${scope.through}) to what ${scope.permission} grants`
    default:
      return scope satisfies never
  }
}

function columnsOpen(table: TableDefinition, columns: readonly string[]): ReadonlySet<string> {
  return new Set([table.idColumn, ...columns])
}

import { and, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { allOf, type RowPredicate } from '#tables/predicate.ts'
import { compilePermission, type Rules } from '../permissions/compile.ts'
import { type Granted, grantsOf, predicateOf, standingPermissions } from '../permissions/grants.ts'
import type { Policy, Privilege, TablePermission } from '../policy.ts'

/** Permissions compiled for many visitors in one statement: who it is, is a row of `everybody` behind `alias`. */
export type Crowd = {
  catalog: Catalog
  policy: Policy
  nowMs: number
  alias: Sql
  /**
   * The column with the visitor's roles (a statement may ask for those before and those after a change); or the roles themselves, where the
   * crowd are visitors of the same ones: then only their rules are in the statement, and it can use the indexes.
   */
  roles: Sql | readonly string[]
}

/** The rows that the visitor behind the crowd's alias may touch, and of their columns which. */
export function crowdPredicate(crowd: Crowd, table: string, privilege: Privilege): RowPredicate {
  return predicateOf(grantsOf(crowd.catalog, table, crowdGrants(crowd, table, privilege)))
}

/** The same permission by permission. */
export function crowdGrants(crowd: Crowd, table: string, privilege: Privilege): Granted[] {
  const { catalog, policy, nowMs, alias, roles } = crowd
  const mayBeFor = (one: TablePermission) => !isList(roles) || roles.some((role) => one.roles.has(role))
  const isFor = (one: TablePermission): RowPredicate => ({
    reason: 'by role',
    sql: () => (isList(roles) ? trueSql : sql`(${roles} && ${[...one.roles]}::text[])`),
  })
  const inScope: RowPredicate = {
    reason: 'within the token',
    sql: () =>
      and([
        sql`(${alias}.privileges is null or ${privilege}::text = any(${alias}.privileges))`,
        sql`(${alias}.tables is null or ${table}::text = any(${alias}.tables))`,
      ]),
  }
  const rules: Rules = {
    catalog,
    byName: new Map(policy.permissions.map((one) => [one.name, one])),
    readDenials: (name) =>
      standingPermissions(policy, name, 'read', nowMs).filter(
        (one) => one.effect === 'deny' && one.columns === undefined && mayBeFor(one),
      ),
    forWhom: (one, rows) => allOf([isFor(one), rows]),
  }
  const bearings = {
    contactId: sql`${alias}.contact_id`,
    accountId: sql`${alias}.account_id`,
    companyId: sql`${alias}.company_id`,
  }
  return standingPermissions(policy, table, privilege, nowMs)
    .filter(mayBeFor)
    .map((permission) => ({
      permission,
      rows: allOf([isFor(permission), inScope, compilePermission(rules, permission, bearings)]),
      everything: false,
    }))
}

function isList(roles: Crowd['roles']): roles is readonly string[] {
  return Array.isArray(roles)
}

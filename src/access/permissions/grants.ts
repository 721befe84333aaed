import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { anyOf, exceptFor, noRows, type RowPredicate } from '#tables/predicate.ts'
import type { Policy, Privilege, TablePermission } from '../policy.ts'
import type { Visitor } from '../visitor.ts'

/** A permission with its rows, compiled for somebody. `everything`: every row of the table, whoever asks. */
export type Granted = { permission: TablePermission; rows: RowPredicate; everything: boolean }
/** What is granted and denied of one table for one privilege. */
export type Grants = { table: TableDefinition; allowed: readonly Granted[]; denied: readonly Granted[] }

/** Columns that say which row it is and which version of it: whoever may read a row may read them. */
const ALWAYS_READABLE = 'versionnumber'

export function grantsOf(catalog: Catalog, table: string, compiled: readonly Granted[]): Grants {
  const some = compiled.filter((one) => one.rows !== noRows)
  return {
    table: catalog.get(table),
    allowed: some.filter((one) => one.permission.effect === 'allow'),
    denied: some.filter((one) => one.permission.effect === 'deny'),
  }
}

/** What several grant adds up; what one denies is gone. */
export function predicateOf(given: Grants): RowPredicate {
  if (given.allowed.length === 0) return noRows
  const rows = exceptFor(
    union(given.allowed),
    given.denied.filter((one) => one.permission.columns === undefined).map((one) => one.rows),
  )
  return { reason: rows.reason, sql: rows.sql, column: (name) => maskOf(given, name) }
}

/** The rows on which the column is granted: undefined where that is all of them, `noRows` where none. */
export function maskOf({ table, allowed, denied }: Grants, column: string): RowPredicate | undefined {
  if (isAlwaysReadable(table, column)) return undefined
  const granting = allowed.filter((one) => one.permission.columns?.includes(column) !== false)
  if (granting.length === 0) return noRows
  const denying = denied.filter((one) => one.permission.columns?.includes(column) === true)
  if (denying.length === 0 && granting.length === allowed.length) return undefined
  return exceptFor(
    union(granting),
    denying.map((one) => one.rows),
  )
}

export function isAlwaysReadable(table: TableDefinition, column: string): boolean {
  return column === table.idColumn || column === ALWAYS_READABLE
}

/** The permissions of a table and privilege that stand at this moment, whomever they are for. */
export function standingPermissions(policy: Policy, table: string, privilege: Privilege, nowMs: number): TablePermission[] {
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  return policy.permissions.filter(
    (one) => one.table === table && one.privileges.has(privilege) && switchedOff(one, byName, nowMs) === undefined,
  )
}

/** Why a permission does not stand: the first of the chain upwards that is switched off, not yet valid or not any more. */
export type SwitchedOff = { name: string; because: 'inactive' | 'not_yet' | 'ended' | 'no_parent'; atMs: number | undefined }

export function switchedOff(
  permission: TablePermission,
  byName: ReadonlyMap<string, TablePermission>,
  nowMs: number,
): SwitchedOff | undefined {
  const { name, validFromMs, validUntilMs, scope } = permission
  if (!permission.active) return { name, because: 'inactive', atMs: undefined }
  if (validFromMs !== undefined && nowMs < validFromMs) return { name, because: 'not_yet', atMs: validFromMs }
  if (validUntilMs !== undefined && nowMs >= validUntilMs) return { name, because: 'ended', atMs: validUntilMs }
  if (scope.accessType !== 'parent') return undefined
  const parent = byName.get(scope.permission)
  return parent === undefined ? { name, because: 'no_parent', atMs: undefined } : switchedOff(parent, byName, nowMs)
}

/** A token may be limited to less than its role. */
export function inScope(visitor: Visitor, table: string, privilege: Privilege): boolean {
  if (visitor.kind !== 'service') return true
  const { privileges, tables } = visitor.scope
  return privileges.has(privilege) && (tables === null || tables.has(table))
}

/** The visitor's roles through which a permission is for him. */
export function rolesOf(permission: TablePermission, visitor: Visitor): string[] {
  return visitor.roles.filter((role) => permission.roles.has(role))
}

/** One that grants every row makes the others superfluous: the statement stays what it would be without rules. */
function union(granted: readonly Granted[]): RowPredicate {
  return granted.find((one) => one.everything)?.rows ?? anyOf(granted.map((one) => one.rows))
}

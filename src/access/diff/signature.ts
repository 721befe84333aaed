import { standingPermissions } from '../permissions/grants.ts'
import type { Policy, Privilege, TablePermission } from '../policy.ts'

/**
 * What the rules say of a table and privilege to somebody with these roles, as texts that are equal exactly where the rules are: names
 * and files do not matter. Each begins with allow or deny.
 */
export function signatureOf(
  policy: Policy,
  roles: readonly string[],
  table: string,
  privilege: Privilege,
  nowMs: number,
): string[] {
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  const isHis = (one: TablePermission) => roles.some((role) => one.roles.has(role))
  const textOf = (one: TablePermission): string => {
    const own = [one.whereText ?? null, one.columns === undefined ? null : [...one.columns].sort()]
    const { scope } = one
    const parent = scope.accessType === 'parent' ? byName.get(scope.permission) : undefined
    if (scope.accessType !== 'parent' || parent === undefined) return JSON.stringify([one.table, scope, own])
    const denials = standingPermissions(policy, parent.table, 'read', nowMs)
      .filter((other) => other.effect === 'deny' && other.columns === undefined && isHis(other))
      .map(textOf)
      .sort()
    return JSON.stringify([one.table, scope.through, own, textOf(parent), denials])
  }
  const texts = standingPermissions(policy, table, privilege, nowMs)
    .filter(isHis)
    .map((one) => `${one.effect} ${textOf(one)}`)
  return [...new Set(texts)].sort()
}

import { AppError } from '#lib/app-error.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { Policy, TablePermission } from './policy.ts'
import { anonymousVisitor } from './visitor.ts'

/** Something that anybody at all would get. */
export type AnonymousGain = {
  /** What a person types to agree: 'anonymous:invoice'. */
  confirm: string
  table: string
  privilege: string
  kind: 'rows' | 'columns' | 'denial_lifted' | 'web_api'
  /** Which columns more, where it is about columns. */
  columns: readonly string[]
  permission: string | null
  file: string
}

type Rules = { catalog: Catalog; policy: Policy }

/**
 * What anonymous visitors would get by a change, judged by the rules and not by the rows that happen to be there: what nobody can see
 * today because the table is empty, everybody could see tomorrow. A permission that has begun to say anything else counts as a gain,
 * unless it says less; so does one whose time is still to come. Without rules before, everything is a gain.
 */
export function findAnonymousGains(before: Rules | undefined, after: Rules): AnonymousGain[] {
  const had = before === undefined ? [] : reachOf(before)
  const has = reachOf(after)
  const gains: AnonymousGain[] = []
  for (const one of has) {
    if (one.denies) continue
    const same = had.find((other) => !other.denies && other.key === one.key && isWithin(other.denials, one.denials))
    const more = one.columns.filter((column) => same?.columns.includes(column) !== true)
    if (more.length === 0 && same !== undefined) continue
    gains.push(gainOf(one, same === undefined ? 'rows' : 'columns', more))
  }
  for (const one of had) {
    // A lifted denial opens what a permission that stands grants.
    const open = has.some((other) => !other.denies && other.table === one.table && other.privilege === one.privilege)
    if (!one.denies || !open) continue
    const same = has.find((other) => other.denies && other.key === one.key)
    const lifted = one.columns.filter((column) => same?.columns.includes(column) !== true)
    if (same === undefined || lifted.length > 0) gains.push(gainOf(one, 'denial_lifted', lifted))
  }
  return [...gains, ...webApiGains(before, after)]
}

/**
 * Throws AppError `access.needs_confirmation` unless every gain of anonymous visitors is named by a person; `details.gains` has them,
 * `details.confirm` the names to type. Answers the names that were needed.
 */
export function requireConfirmed(gains: readonly AnonymousGain[], confirmed: readonly string[]): string[] {
  const needed = [...new Set(gains.map((one) => one.confirm))].sort()
  const missing = needed.filter((name) => !confirmed.includes(name))
  if (missing.length === 0) return needed
  const told = gains.filter((one) => missing.includes(one.confirm)).map((one) => `  ${describe(one)}`)
  throw new AppError(
    'access.needs_confirmation',
    `Everybody, without signing in, would get more than before:\n${told.join('\n')}\nIf that is meant, confirm it by name: ${missing.map((name) => `--confirm ${name}`).join(' ')}`,
    { details: { confirm: missing, gains } },
  )
}

/**
 * What anybody may do names its columns: a permission for all of a table's columns would be one for those that are added later, too.
 * Throws AppError `access.unnamed_columns`.
 */
export function requireNamedColumns(policy: Policy, gains: readonly AnonymousGain[]): void {
  // A denial that is lifted may be gone, and its name be that of a permission for somebody else.
  const given = new Set(gains.filter((one) => one.kind !== 'denial_lifted').map((one) => one.permission))
  const unnamed = policy.permissions.filter((one) => given.has(one.name) && one.effect === 'allow' && one.columns === undefined)
  if (unnamed.length === 0) return
  const places = unnamed.map((one) => `${one.file}: ${one.name}`)
  throw new AppError(
    'access.unnamed_columns',
    `A permission for Anonymous Users must list its columns, so that one that is added later is not open by itself:\n  ${places.join('\n  ')}`,
    { details: { permissions: unnamed.map((one) => one.name) } },
  )
}

function describe(gain: AnonymousGain): string {
  const where = `${gain.file}${gain.permission === null ? '' : `: ${gain.permission}`}`
  const columns = gain.columns.length === 0 ? '' : ` (${gain.columns.join(', ')})`
  switch (gain.kind) {
    case 'rows':
      return `${gain.privilege} ${gain.table}${columns} [${where}]`
    case 'columns':
      return `${gain.privilege} more columns of ${gain.table}${columns} [${where}]`
    case 'denial_lifted':
      return `${gain.privilege} what was denied of ${gain.table}${columns} [${where}]`
    case 'web_api':
      return `${gain.table} through /_api${columns} [${where}]`
    default:
      return gain.kind satisfies never
  }
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((one) => all.includes(one))
}

/** One privilege of one permission for anonymous visitors. Two with the same key are of the same rows. */
type Reach = {
  key: string
  table: string
  privilege: string
  denies: boolean
  /** What takes rows away from the parents on which it hangs. */
  denials: readonly string[]
  /** By name, also where the permission names none: a column that is added later is a gain of its own. */
  columns: readonly string[]
  permission: string
  file: string
}

function reachOf({ catalog, policy }: Rules): Reach[] {
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  return policy.permissions
    .filter((one) => isForAnybody(one) && chainOf(one, byName).every((link) => link.active && canBeHad(link)))
    .flatMap((one) =>
      [...one.privileges].map((privilege) => ({
        key: JSON.stringify([
          one.table,
          privilege,
          one.effect,
          rowsKey(one, byName),
          one.effect === 'deny' && one.columns === undefined,
        ]),
        table: one.table,
        privilege,
        denies: one.effect === 'deny',
        denials: chainOf(one, byName)
          .slice(1)
          .flatMap((link) => denialsOf(link.table, policy, byName)),
        columns: one.columns ?? [...(catalog.tables.get(one.table)?.columns.keys() ?? [])],
        permission: one.name,
        file: one.file,
      })),
    )
}

function isForAnybody(permission: TablePermission): boolean {
  return anonymousVisitor('en').roles.some((role) => permission.roles.has(role))
}

/** Nobody who is not known has an account, a contact or a legal entity. */
function canBeHad({ scope }: TablePermission): boolean {
  return scope.accessType === 'global' || scope.accessType === 'parent'
}

function chainOf(permission: TablePermission, byName: ReadonlyMap<string, TablePermission>): TablePermission[] {
  const { scope } = permission
  const parent = scope.accessType === 'parent' ? byName.get(scope.permission) : undefined
  return parent === undefined ? [permission] : [permission, ...chainOf(parent, byName)]
}

/** All that says which rows a permission is about: scope, condition, time, and the same of what is above. */
function rowsKey(one: TablePermission, byName: ReadonlyMap<string, TablePermission>): unknown {
  const own = [one.whereText ?? null, one.validFromMs ?? null, one.validUntilMs ?? null]
  if (one.scope.accessType !== 'parent') return [one.scope.accessType, ...own]
  const parent = byName.get(one.scope.permission)
  return ['parent', one.scope.through, parent === undefined ? null : rowsKey(parent, byName), ...own]
}

function denialsOf(table: string, policy: Policy, byName: ReadonlyMap<string, TablePermission>): string[] {
  return policy.permissions
    .filter((one) => one.table === table && one.effect === 'deny' && one.columns === undefined && one.privileges.has('read'))
    .filter((one) => isForAnybody(one) && chainOf(one, byName).every((link) => link.active && canBeHad(link)))
    .map((one) => JSON.stringify([table, rowsKey(one, byName)]))
}

/** A table that anybody may read is another thing once programs can read it through and through. */
function webApiGains(before: Rules | undefined, after: Rules): AnonymousGain[] {
  const had = before === undefined ? new Map<string, string[]>() : openToPrograms(before)
  return [...openToPrograms(after)].flatMap(([table, open]) => {
    const columns = open.filter((column) => had.get(table)?.includes(column) !== true)
    const file = after.policy.webApi.get(table)?.file ?? ''
    return columns.length === 0
      ? []
      : [{ confirm: confirmName(table), table, privilege: 'read', kind: 'web_api' as const, columns, permission: null, file }]
  })
}

/** By table the columns that anybody can read through the web API. */
function openToPrograms(rules: Rules): Map<string, string[]> {
  const readable = Map.groupBy(
    reachOf(rules).filter((one) => !one.denies && one.privilege === 'read'),
    (one) => one.table,
  )
  return new Map(
    [...rules.policy.webApi.values()].map((open) => {
      const reachable = new Set((readable.get(open.table) ?? []).flatMap((one) => one.columns))
      return [open.table, open.columns.filter((column) => reachable.has(column))]
    }),
  )
}

function gainOf(one: Reach, kind: AnonymousGain['kind'], columns: readonly string[]): AnonymousGain {
  const { table, privilege, permission, file } = one
  return { confirm: confirmName(table), table, privilege, kind, columns, permission, file }
}

function confirmName(table: string): string {
  return `anonymous:${table}`
}

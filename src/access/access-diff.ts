import { AppError } from '#lib/app-error.ts'
import type { Database } from '#postgres/database.ts'
import type { Catalog } from '#tables/catalog.ts'
import { findAnonymousGains } from './anonymous.ts'
import { columnGroups, countChange, listClasses, type RoleClass } from './diff/count.ts'
import { describeLine } from './diff/sentences.ts'
import { signatureOf } from './diff/signature.ts'
import type { AccessDiff, DiffLine, Figure, RoleChange } from './difference.ts'
import type { Permissions } from './permissions.ts'
import { PRIVILEGES, type Privilege } from './policy.ts'

type DiffPlace = {
  database: Database
  catalog: Catalog
  clock: { nowMs(): number }
  /** Once it is aborted, no further count is begun. */
  signal?: AbortSignal
}

/** After this long no further count is begun. */
const SPENT_MS_MAX = 30_000

/**
 * Compares what people may do under two sets of permissions, or before and after a change of somebody's roles. Only what differs is
 * counted: one statement for each table and privilege for whose visitors the applying rules are not the same.
 */
export async function diffAccess(
  place: DiffPlace,
  before: Permissions,
  after: Permissions,
  change?: RoleChange,
): Promise<AccessDiff> {
  const { catalog } = place
  const startedMs = place.clock.nowMs()
  const ground = { ...place, before: before.policy, after: after.policy, change }
  const classes = await listClasses(ground)
  const lines: DiffLine[] = []
  const tables = [...new Set([...before.policy.permissions, ...after.policy.permissions].map((one) => one.table))].sort()
  for (const table of tables) {
    for (const privilege of PRIVILEGES) {
      const changed = classes.filter((one) => isChanged(one, table, privilege))
      if (changed.length === 0) continue
      const question = { table: catalog.get(table), privilege, classes: changed, roles: rolesChanged(table, privilege, changed) }
      if (privilege === 'create') {
        const changes = changed.map((one) => {
          const [was, is] = signatures(one, table, privilege)
          return { ...one, was, is }
        })
        lines.push(...creatorLines(table, changes, question.roles))
        continue
      }
      for (const columns of [null, ...columnGroups(ground, question)]) {
        if (place.signal?.aborted === true) throw new AppError('access.given_up', 'Nobody waits for this comparison any more')
        const isLate = place.clock.nowMs() - startedMs > SPENT_MS_MAX
        const counted = isLate ? undefined : await countChange(ground, question, columns)
        if (counted === undefined)
          lines.push(
            withWords({ who: { kind: 'everybody' }, table, privilege, columns, gained: null, lost: null, counted: false }),
          )
        else for (const one of counted) lines.push(withWords({ ...one, table, privilege, columns, counted: true }))
      }
    }
  }
  return { lines, anonymous: findAnonymousGains({ catalog, policy: before.policy }, { catalog, policy: after.policy }) }

  function isChanged(one: RoleClass, table: string, privilege: Privilege): boolean {
    const [was, is] = signatures(one, table, privilege)
    return was.join('\n') !== is.join('\n')
  }

  function signatures(one: RoleClass, table: string, privilege: Privilege): [string[], string[]] {
    return [
      signatureOf(before.policy, one.rolesBefore, table, privilege, startedMs),
      signatureOf(after.policy, one.rolesAfter, table, privilege, startedMs),
    ]
  }

  /** Roles whose own rules differ, and those that somebody gets or loses: the others only happen to be had by the same people. */
  function rolesChanged(table: string, privilege: Privilege, changed: readonly RoleClass[]): string[] {
    const roles = new Set(changed.flatMap((one) => [...one.rolesBefore, ...one.rolesAfter]))
    return [...roles].filter((role) => {
      const [was, is] = signatures({ rolesBefore: [role], rolesAfter: [role], kind: '', ids: [] }, table, privilege)
      const moves = changed.some((one) => one.rolesBefore.includes(role) !== one.rolesAfter.includes(role))
      return moves || was.join('\n') !== is.join('\n')
    })
  }
}

/** Rows that are not there yet cannot be counted; who may make some can. */
function creatorLines(
  table: string,
  changes: readonly (RoleClass & { was: string[]; is: string[] })[],
  roles: readonly string[],
): DiffLine[] {
  const line = (who: DiffLine['who'], isOf: (one: RoleClass) => boolean): DiffLine[] => {
    const figure = (some: readonly RoleClass[]): Figure | null => {
      const of = some.filter(isOf)
      const people = new Set(of.flatMap((one) => one.ids)).size
      return of.length === 0 ? null : { people, rows: null, atLeast: false }
    }
    const gained = figure(changes.filter((one) => hasMore(one.was, one.is)))
    const lost = figure(changes.filter((one) => hasMore(one.is, one.was)))
    if (gained === null && lost === null) return []
    return [withWords({ who, table, privilege: 'create', columns: null, gained, lost, counted: true })]
  }
  const known = (one: RoleClass) => one.kind !== 'anonymous'
  const has = (one: RoleClass, role: string) => one.rolesBefore.includes(role) || one.rolesAfter.includes(role)
  return [
    ...line({ kind: 'everybody' }, known),
    ...roles.flatMap((role) => line({ kind: 'role', role }, (one) => known(one) && has(one, role))),
    ...line({ kind: 'anonymous' }, (one) => !known(one)),
  ]
}

function hasMore(was: readonly string[], is: readonly string[]): boolean {
  const grants = (one: string) => one.startsWith('allow')
  return is.some((one) => grants(one) && !was.includes(one)) || was.some((one) => !grants(one) && !is.includes(one))
}

function withWords(line: Omit<DiffLine, 'says'>): DiffLine {
  return { ...line, says: describeLine(line) }
}

import { type Database, sqlStateOf } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { allOf, type RowPredicate } from '#tables/predicate.ts'
import { limitQueryTime } from '#tables/rows.queries.ts'
import type { DiffLine, RoleChange } from '../difference.ts'
import type { Policy, Privilege, TablePermission } from '../policy.ts'
import { type Crowd, crowdPredicate } from '../reach/crowd.ts'
import { everybody } from '../reach/everybody.queries.ts'
import { AUTHENTICATED_USERS } from '../visitor.ts'

export type DiffGround = {
  database: Database
  catalog: Catalog
  clock: { nowMs(): number }
  before: Policy
  after: Policy
  change: RoleChange | undefined
}
/** Visitors who have the same roles before, and the same after. */
export type RoleClass = { kind: string; rolesBefore: string[]; rolesAfter: string[]; ids: string[] }
export type DiffQuestion = {
  table: TableDefinition
  privilege: Privilege
  classes: readonly RoleClass[]
  roles: readonly string[]
}

/** Rows are counted for each group of visitors that no rule tells apart, up to a limit; beyond it a figure is "at least". */
const GROUPS_MAX = 20_000
/** Of all groups together, shared evenly: what each of many people gains is known exactly, what everybody gains is "at least". */
const ROWS_MAX = 1_000_000
/** Where that takes too long: a figure that is "at least" is better than none. */
const ROWS_MAX_OF_SECOND_TRY = 50_000
/** With so many ways to combine roles the rules are asked row by row, without indexes. */
const ROLE_SETS_MAX = 40
const TIMEOUT_MS = 10_000
const QUERY_CANCELED = '57014'
const EVERYBODY = '*'

export function listClasses(ground: DiffGround): Promise<RoleClass[]> {
  return ground.database.read((tx) =>
    tx.run<RoleClass>(sql`
      select kind, roles_before as "rolesBefore", roles_after as "rolesAfter", array_remove(array_agg(distinct id), null) as ids
        from (${people(ground)}) w group by kind, roles_before, roles_after`),
  )
}

/** Columns that change alike, where some do: those of a group are gained and lost on the same rows by the same people. */
export function columnGroups(ground: DiffGround, question: DiffQuestion): string[][] {
  if (question.privilege !== 'read' && question.privilege !== 'write') return []
  const [before, after] = sidesOf(ground, question, { before: sql`w.roles_before`, after: sql`w.roles_after` })
  const groups = Map.groupBy(question.table.columns.keys(), (name) => {
    const [was, is] = [textOf(before.column?.(name)), textOf(after.column?.(name))]
    return was === is ? '' : JSON.stringify([was, is])
  })
  groups.delete('')
  return [...groups.values()]
}

/** Undefined where it takes too long. */
export async function countChange(
  ground: DiffGround,
  question: DiffQuestion,
  columns: readonly string[] | null,
): Promise<Pick<DiffLine, 'who' | 'gained' | 'lost'>[] | undefined> {
  const count = (rowsMax: number) => countWithin({ ...ground, rowsMax }, question, columns?.[0] ?? null)
  return (await count(ROWS_MAX)) ?? (await count(ROWS_MAX_OF_SECOND_TRY))
}

type Bounded = DiffGround & { rowsMax: number }

async function countWithin(
  ground: Bounded,
  question: DiffQuestion,
  column: string | null,
): Promise<Pick<DiffLine, 'who' | 'gained' | 'lost'>[] | undefined> {
  const statement = countStatement(ground, question, column)
  try {
    const rows = await ground.database.read(async (tx) => {
      await limitQueryTime(tx, TIMEOUT_MS)
      return tx.run<Counted>(statement)
    })
    return linesOf(rows)
  } catch (error) {
    if (sqlStateOf(error) === QUERY_CANCELED) return undefined
    throw error
  }
}

type Counted = { role: string; gained: boolean; people: number; rows: number; atLeast: boolean }

function linesOf(rows: readonly Counted[]): Pick<DiffLine, 'who' | 'gained' | 'lost'>[] {
  return [...Map.groupBy(rows, (one) => one.role)].map(([role, both]) => {
    const figure = (gained: boolean) => {
      const found = both.find((one) => one.gained === gained)
      return found === undefined ? null : { people: found.people, rows: found.rows, atLeast: found.atLeast }
    }
    const who: DiffLine['who'] =
      role === EVERYBODY ? { kind: 'everybody' } : role === '' ? { kind: 'anonymous' } : { kind: 'role', role }
    return { who, gained: figure(true), lost: figure(false) }
  })
}

function countStatement(ground: Bounded, question: DiffQuestion, column: string | null): Sql {
  const sets = new Map(question.classes.map((one) => [keyOf(one.rolesBefore, one.rolesAfter), one]))
  const apart = [...sets].filter(([, one]) => dependsOnContact(ground, question, one)).map(([key]) => key)
  const someone = sql`
    select p.*, ${keySql} as role_set, case when ${keySql} = any(${apart}::text[]) then p.contact_id end as contact_apart
      from (${people(ground)}) p`
  const hits =
    sets.size > ROLE_SETS_MAX
      ? [hitsOf(ground, question, { column, before: sql`w.roles_before`, after: sql`w.roles_after`, where: trueSql })]
      : [...sets].map(([key, { rolesBefore, rolesAfter }]) =>
          hitsOf(ground, question, { column, before: rolesBefore, after: rolesAfter, where: sql`w.role_set = ${key}` }),
        )
  return sql`
    with w as materialized (
      select row_number() over () as no, g.* from (
        select kind, roles_before, roles_after, role_set, account_id, company_id, contact_apart as contact_id, privileges, tables,
               array_remove(array_agg(distinct id), null) as ids
          from (${someone}) someone
         where role_set = any(${[...sets.keys()]}::text[])
         group by kind, roles_before, roles_after, role_set, account_id, company_id, contact_apart, privileges, tables
         limit ${GROUPS_MAX}) g
    ), hit as materialized (
      ${join(hits, ' union all ')}
    ), of_group as materialized (
      select no, gained, count(*) as rows from hit group by no, gained
    ), mark as (
      select no, role from w cross join lateral unnest(
        case when kind = 'anonymous' then array['']
             else array[${EVERYBODY}::text] || array(select r from unnest(roles_before || roles_after) r intersect select unnest(${[...question.roles]}::text[])) end) role
    ), rows as (
      select role, gained, count(distinct hit.id)::int as rows from hit join mark using (no) group by role, gained
    ), people as (
      select role, gained, count(distinct person)::int as people,
             bool_or(of_group.rows >= ${rowsOfGroupMax(ground)}) or (select count(*) from w) >= ${GROUPS_MAX} as "atLeast"
        from of_group join mark using (no) join w using (no) left join lateral unnest(w.ids) person on true
       group by role, gained
    )
    select role, gained, people, rows, "atLeast" from rows join people using (role, gained) order by role, gained`
}

const rowsOfGroupMax = ({ rowsMax }: Bounded) => sql`(select greatest(${rowsMax}::bigint / greatest(count(*), 100), 5) from w)`

/** What the groups of `where` gain and lose: the rows of `is` that are not of `was`, and the other way round. */
function hitsOf(
  ground: Bounded,
  question: DiffQuestion,
  asked: { column: string | null; before: Crowd['roles']; after: Crowd['roles']; where: Sql },
): Sql {
  const { table } = question
  const { column } = asked
  const row = identifier('t')
  const [before, after] = sidesOf(ground, question, asked)
  const [was, is] = [conditionOf(before, column, row), conditionOf(after, column, row)]
  const [had, has] = [before.sql(row), after.sql(row)]
  // Of a column only rows count that are there before and after: the others are told as rows.
  const gained = column === null ? sql`${is} and (${was}) is not true` : and([is, had, sql`(${was}) is not true`])
  const lost = column === null ? sql`${was} and (${is}) is not true` : and([was, has, sql`(${is}) is not true`])
  const id = identifier('t', table.idColumn)
  const from = identifier('tables', table.name)
  return sql`
    select w.no, x.id, x.gained from w cross join lateral (
      (select ${id} as id, true as gained from ${from} as t where ${gained} limit ${rowsOfGroupMax(ground)})
      union all
      (select ${id}, false from ${from} as t where ${lost} limit ${rowsOfGroupMax(ground)})) x
     where ${asked.where}`
}

const keySql = sql`array_to_string(roles_before, chr(31)) || chr(30) || array_to_string(roles_after, chr(31))`
const keyOf = (before: readonly string[], after: readonly string[]) => `${before.join('\x1f')}\x1e${after.join('\x1f')}`

/** Everybody with the roles before and after the change. */
function people({ catalog, clock, change }: DiffGround): Sql {
  const all = everybody(catalog, new Date(clock.nowMs()))
  if (change === undefined) return sql`select e.*, e.roles as roles_before, e.roles as roles_after from (${all}) e`
  const roles = [...new Set([...change.roles, AUTHENTICATED_USERS])].sort()
  return sql`
    select e.*, e.roles as roles_before,
           case when e.kind = 'contact' and e.id = ${change.contactId}::uuid and e.account_id is not distinct from ${change.accountId}::uuid
                then ${roles}::text[] else e.roles end as roles_after
      from (${all}) e`
}

function sidesOf(
  { catalog, clock, before, after }: DiffGround,
  { table, privilege }: DiffQuestion,
  roles: { before: Crowd['roles']; after: Crowd['roles'] },
): [RowPredicate, RowPredicate] {
  const crowd = { catalog, nowMs: clock.nowMs(), alias: identifier('w') }
  return [
    crowdPredicate({ ...crowd, policy: before, roles: roles.before }, table.name, privilege),
    crowdPredicate({ ...crowd, policy: after, roles: roles.after }, table.name, privilege),
  ]
}

function conditionOf(rows: RowPredicate, column: string | null, alias: Sql): Sql {
  const mask = column === null ? undefined : rows.column?.(column)
  return (mask === undefined ? rows : allOf([rows, mask])).sql(alias)
}

/** The same text for the same rows, whether before or after. */
function textOf(mask: RowPredicate | undefined): string {
  if (mask === undefined) return ''
  const { text, values } = mask.sql(identifier('t')).compile()
  return JSON.stringify([text.replaceAll('w.roles_after', 'w.roles_before'), values])
}

/** Whether two people of one account with these roles may see different rows. */
function dependsOnContact({ before, after }: DiffGround, { table }: DiffQuestion, set: RoleClass): boolean {
  const sides = [
    [before, set.rolesBefore],
    [after, set.rolesAfter],
  ] as const
  return sides.some(([policy, roles]) => {
    const isFor = (one: TablePermission) => roles.some((role) => one.roles.has(role))
    const byName = new Map(policy.permissions.map((one) => [one.name, one]))
    const goesByContact = (one: TablePermission): boolean => {
      const { scope } = one
      if (scope.accessType === 'contact' || scope.accessType === 'self') return true
      if (scope.accessType !== 'parent') return false
      const parent = byName.get(scope.permission)
      if (parent === undefined) return false
      return policy.permissions.some(
        (other) =>
          (other === parent || (other.table === parent.table && other.effect === 'deny' && isFor(other))) && goesByContact(other),
      )
    }
    return policy.permissions.some((one) => one.table === table.name && isFor(one) && goesByContact(one))
  })
}

import { createHash } from 'node:crypto'
import { and, identifier, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { allRowsForRules, type RowPredicate, RULE_SCHEMA } from '#tables/predicate.ts'
import { type Bearings, compilePermission, idsBelow, type Rules } from '../permissions/compile.ts'
import type { Policy, Privilege, TablePermission } from '../policy.ts'
import { arrayText, literalText } from './literals.ts'

/** The wall of one policy of the site: what PostgreSQL is to hold, as text. The same policy and catalog always make the same text. */
export type Wall = { policies: readonly WallPolicy[]; functions: readonly WallFunction[] }

/** `condition` speaks of the row by the table's own name. */
export type WallPolicy = { table: string; command: WallCommand; condition: string }
export type WallCommand = 'select' | 'insert' | 'update' | 'delete'

/**
 * A question that a policy asks of other tables, whose policies do not cut into it. Named by its content. One that answers for a row, or
 * the accounts below, runs with the owner's rights. One that answers for an id is a name for its text: PostgreSQL puts the text in its place
 * and plans it with the statement, so that a row costs no call. The row is fetched by its id before the rule is asked (`offset 0`): whose
 * rows they are is unknown to the planner, and it would take a large customer for an average one and go through all of his.
 */
export type WallFunction = { name: string; argument: WallArgument; returns: WallAnswer; body: string }
export type WallArgument = { table: string } | 'uuid' | undefined
export type WallAnswer = 'boolean' | 'uuid[]' | 'setof uuid'

export const WALL_SCHEMA = 'access_wall'

const PRIVILEGE_OF: Readonly<Record<WallCommand, Privilege>> = {
  select: 'read',
  insert: 'create',
  update: 'write',
  delete: 'delete',
}
const COMMANDS = Object.keys(PRIVILEGE_OF) as WallCommand[]

/** Compiles every permission for everybody at once: who the visitor is stands in settings of the transaction. */
export function compileWall(catalog: Catalog, policy: Policy): Wall {
  const compiler = createCompiler(catalog, policy)
  const tables = [...new Set(policy.permissions.map((one) => one.table))].sort()
  const policies = tables.flatMap((table) =>
    COMMANDS.flatMap((command): WallPolicy[] => {
      const condition = compiler.conditionOf(table, PRIVILEGE_OF[command])
      return condition === undefined ? [] : [{ table, command, condition: literalText(condition) }]
    }),
  )
  return { policies, functions: functionsAsked(policies, [...compiler.functions.values()]) }
}

const KIND_OF: Readonly<Record<WallAnswer, string>> = { boolean: 'rule', 'uuid[]': 'accounts', 'setof uuid': 'ids' }

/** Of a function that takes an id. */
const ARGUMENT = trustedSql('$1')

type Compiler = {
  conditionOf(table: string, privilege: Privilege): Sql | undefined
  functions: ReadonlyMap<string, WallFunction>
}

function createCompiler(catalog: Catalog, policy: Policy): Compiler {
  const functions = new Map<string, WallFunction>()
  const byName = new Map(policy.permissions.map((one) => [one.name, one]))
  const live = policy.permissions.filter((one) => chainOf(one, byName).every((link) => link.active))

  const call = (argument: WallFunction['argument'], returns: WallAnswer, body: string, given = sql``): Sql => {
    const hash = createHash('sha256')
      .update(JSON.stringify([argument, returns, body]))
      .digest('hex')
      .slice(0, 16)
    const name = `${KIND_OF[returns]}_${hash}`
    functions.set(name, { name, argument, returns, body })
    const row = typeof argument === 'object' ? sql`${identifier(argument.table)}.*` : given
    return sql`${identifier(WALL_SCHEMA, name)}(${row})`
  }
  const guardOf = (one: TablePermission): Sql => and([holdsOneOf('roles', [...one.roles]), ...validity(chainOf(one, byName))])
  const rules: Rules = {
    catalog,
    byName,
    readDenials: (table) =>
      live.filter(
        (one) => one.table === table && one.privileges.has('read') && one.effect === 'deny' && one.columns === undefined,
      ),
    forWhom: (one, rows) => ({
      reason: rows.reason,
      sql: (alias) => and([guardOf(one), rows.sql(alias)]),
    }),
    among(table, rows, id) {
      const row = identifier('t')
      const one = sql`select * from ${allRowsForRules(table)} as r where r.${identifier(table.idColumn)} = ${ARGUMENT} offset 0`
      const held = sql`${row}.${identifier(table.idColumn)} from (${one}) as ${row} where ${rows.sql(row)}`
      return call('uuid', 'setof uuid', literalText(held), id)
    },
  }

  /** The rows of one permission, as a question about the row of the policy: answered on the spot, or by a function where it needs other tables. */
  function rowsOf(one: TablePermission): Sql {
    const own = compilePermission(rules, one, bearingsOnce(call(undefined, 'uuid[]', literalText(idsBelow(catalog, ACCOUNT)))))
    const inline = literalText(own.sql(identifier(one.table)))
    if (!inline.includes(`"${RULE_SCHEMA}".`)) return own.sql(identifier(one.table))
    const rows: RowPredicate = compilePermission(rules, one, { ...BEARINGS, accountsBelow: idsBelow(catalog, ACCOUNT) })
    return call({ table: one.table }, 'boolean', literalText(rows.sql(identifier('t'))))
  }

  function conditionOf(table: string, privilege: Privilege): Sql | undefined {
    const mine = live.filter((one) => one.table === table && one.privileges.has(privilege))
    const allowed = mine.filter((one) => one.effect === 'allow')
    if (allowed.length === 0) return undefined
    const denied = mine.filter((one) => one.effect === 'deny' && one.columns === undefined)
    return unseenByPlanner([
      once(inScope(table, privilege)),
      or(cheapestFirst(merge(allowed).map((group) => and([once(or(group.guards)), group.rows])))),
      ...denied.map((one) => sql`(${and([once(guardOf(one)), rowsOf(one)])}) is not true`),
    ])
  }

  /** Permissions that grant the same rows to different roles are one question. */
  function merge(permissions: readonly TablePermission[]): { guards: Sql[]; rows: Sql }[] {
    const groups = new Map<string, { guards: Sql[]; rows: Sql }>()
    for (const one of permissions) {
      const rows = rowsOf(one)
      const group = groups.get(literalText(rows)) ?? { guards: [], rows }
      group.guards.push(guardOf(one))
      groups.set(literalText(rows), group)
    }
    return [...groups.values()]
  }

  return { conditionOf, functions }
}

/** Those that a policy names, and those that these name, in the order in which they were made: inner ones first. */
function functionsAsked(policies: readonly WallPolicy[], functions: readonly WallFunction[]): WallFunction[] {
  const asked = new Set<WallFunction>()
  for (const one of functions.toReversed()) {
    const texts = [...policies.map(({ condition }) => condition), ...[...asked].map(({ body }) => body)]
    if (texts.some((text) => text.includes(one.name))) asked.add(one)
  }
  return functions.filter((one) => asked.has(one))
}

/** A permission and those it hangs on: each must be switched on and valid. Circles are refused when a policy is read. */
function chainOf(permission: TablePermission, byName: ReadonlyMap<string, TablePermission>): TablePermission[] {
  const chain = [permission]
  let { scope } = permission
  while (scope.accessType === 'parent') {
    const parent = byName.get(scope.permission)
    if (parent === undefined) break
    chain.push(parent)
    scope = parent.scope
  }
  return chain
}

function validity(chain: readonly TablePermission[]): Sql[] {
  const moment = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`
  return chain.flatMap(({ validFromMs, validUntilMs }) => [
    ...(validFromMs === undefined ? [] : [sql`now() >= ${moment(validFromMs)}`]),
    ...(validUntilMs === undefined ? [] : [sql`now() < ${moment(validUntilMs)}`]),
  ])
}

/** Settings that an earlier transaction has had are '' afterwards: no roles, and no error. */
function holdsOneOf(setting: 'roles' | 'privileges' | 'tables', values: readonly string[]): Sql {
  return sql`nullif(current_setting(${`comptoir.${setting}`}, true), '')::text[] && ${arrayText(values)}::text[]`
}

/** A token may be limited to less than its role; '*' says that it is not. */
function inScope(table: string, privilege: Privilege): Sql {
  return and([holdsOneOf('privileges', ['*', privilege]), holdsOneOf('tables', ['*', table])])
}

/** As a subquery it is computed once for the statement, not for every row. */
function once(condition: Sql): Sql {
  return sql`(select ${condition})`
}

/**
 * True where all are true. Written so that the planner takes it for true of nearly every row: the statement's own predicate says the same
 * once more, and counting both would make it expect far too few rows, and sort two hundred thousand where an index has their order.
 */
function unseenByPlanner(conditions: readonly Sql[]): Sql {
  return sql`nullif(${and(conditions)}, false) is not null`
}

function setting(name: 'contact_id' | 'account_id' | 'company_id'): Sql {
  return sql`nullif(current_setting(${`comptoir.${name}`}, true), '')::uuid`
}

const ACCOUNT = setting('account_id')
const BEARINGS: Bearings = { contactId: setting('contact_id'), accountId: ACCOUNT, companyId: setting('company_id') }

function bearingsOnce(accountsBelow: Sql): Bearings {
  return {
    contactId: once(setting('contact_id')),
    accountId: once(ACCOUNT),
    companyId: once(setting('company_id')),
    accountsBelow: sql`(select ${accountsBelow})::uuid[]`,
  }
}

/** PostgreSQL asks alternatives in their order: what needs no other table comes first. */
function cheapestFirst(alternatives: readonly Sql[]): Sql[] {
  const asks = (one: Sql) => (literalText(one).includes(`"${WALL_SCHEMA}"."rule_`) ? 1 : 0)
  return [...alternatives].sort((a, b) => asks(a) - asks(b))
}

import { assert, required } from '#lib/assert.ts'
import { and, identifier, or, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import { allOf, allRowsForRules, exceptFor, isEverything, noRows, type RowPredicate, rowsBelow } from '#tables/predicate.ts'
import { compileCondition } from '#tables/query.ts'
import type { TablePermission } from '../policy.ts'
import type { Visitor } from '../visitor.ts'

/** What scopes are measured by, as SQL; null where the visitor has none, and then the scope has no rows. */
export type Bearings = {
  contactId: Sql | null
  accountId: Sql | null
  companyId: Sql | null
  /**
   * The ids of the account and of all below it, as an array; without it they are looked up where they are asked for. Given where rows are
   * asked about that are not stored yet: a new account is below where its parent is.
   */
  accountsBelow?: Sql
}

export function bearingsOf(visitor: Visitor): Bearings {
  const id = (value: string | null): Sql | null => (value === null ? null : sql`${value}::uuid`)
  switch (visitor.kind) {
    case 'contact':
      return { contactId: id(visitor.contactId), accountId: id(visitor.accountId), companyId: id(visitor.companyId) }
    case 'service':
      return { contactId: null, accountId: id(visitor.accountId), companyId: id(visitor.companyId) }
    case 'anonymous':
      return { contactId: null, accountId: null, companyId: null }
    default:
      return visitor satisfies never
  }
}

const PARENT_ACCOUNT = 'parentaccountid'

/** Parts of one policy that compiling needs at hand. */
export type Rules = {
  catalog: Catalog
  byName: ReadonlyMap<string, TablePermission>
  /** Those that take rows (not columns of them) of the table away from reading, for whom the caller compiles. */
  readDenials(table: string): readonly TablePermission[]
  /** For a compilation that serves many visitors: those rows only for those to whom the permission applies. */
  forWhom?(permission: TablePermission, rows: RowPredicate): RowPredicate
  /** For conditions that cannot ask other tables by themselves: the row with this id, if it is one of these, as something to select from. */
  among?(table: TableDefinition, rows: RowPredicate, id: Sql): Sql
}

/** The rows of one permission. `noRows` (the very object) when what its scope is measured by is missing. */
export function compilePermission(rules: Rules, permission: TablePermission, bearings: Bearings): RowPredicate {
  const scope = compileScope(rules, permission, bearings)
  const { where } = permission
  if (scope === noRows) return noRows
  if (where === undefined) return scope
  const table = rules.catalog.get(permission.table)
  return allOf([
    scope,
    {
      reason: `where ${permission.whereText}`,
      sql: (alias) => compileCondition(rules.catalog, table, where, alias),
    },
  ])
}

function compileScope(rules: Rules, permission: TablePermission, bearings: Bearings): RowPredicate {
  const { scope } = permission
  const table = rules.catalog.get(permission.table)
  const { contactId, accountId, companyId } = bearings
  const grant = (condition: (alias: Sql) => Sql): RowPredicate => ({ reason: permission.name, sql: condition })
  switch (scope.accessType) {
    case 'global':
      return grant(() => trueSql)
    case 'company':
      return companyId === null ? noRows : grant((alias) => sql`${alias}.${identifier(COMPANY_COLUMN)} = ${companyId}`)
    case 'account':
      return accountId === null
        ? noRows
        : grant((alias) => pointsTo(alias, table, scope.relationship, 'account', sql`= ${accountId}`))
    case 'hierarchy': {
      if (accountId === null) return noRows
      const below = sql`= any(${bearings.accountsBelow ?? idsBelow(rules.catalog, accountId)})`
      const orNew = scope.relationship === undefined && bearings.accountsBelow !== undefined
      return grant((alias) => {
        const known = pointsTo(alias, table, scope.relationship, 'account', below)
        return orNew ? or([known, sql`${alias}.${identifier(PARENT_ACCOUNT)} ${below}`]) : known
      })
    }
    case 'contact': {
      const { relationship, accountRelationship } = scope
      if (contactId === null) return noRows
      const own = (alias: Sql) => pointsTo(alias, table, relationship, 'contact', sql`= ${contactId}`)
      if (accountRelationship === undefined) return grant(own)
      if (accountId === null) return noRows
      return grant((alias) => and([own(alias), pointsTo(alias, table, accountRelationship, 'account', sql`= ${accountId}`)]))
    }
    case 'self':
      return contactId === null ? noRows : grant((alias) => sql`${alias}.${identifier(table.idColumn)} = ${contactId}`)
    case 'parent': {
      const parent = required(rules.byName.get(scope.permission), 'the parent permission')
      assert(parent.effect === 'allow', 'a parent permission grants')
      const granted = compilePermission(rules, parent, bearings)
      if (granted === noRows) return noRows
      // What hangs on a row that is denied is denied with it.
      const denied = rules.readDenials(parent.table).map((one) => {
        const rows = compilePermission(rules, one, bearings)
        return rows === noRows ? noRows : (rules.forWhom?.(one, rows) ?? rows)
      })
      const rows = exceptFor(
        granted,
        denied.filter((one) => one !== noRows),
      )
      return below(rules, permission.name, { table, through: scope.through, parent: rules.catalog.get(parent.table) }, rows)
    }
    default:
      return scope satisfies never
  }
}

type Below = { table: TableDefinition; through: string; parent: TableDefinition }

function below(rules: Rules, reason: string, { table, through, parent }: Below, rows: RowPredicate): RowPredicate {
  // A foreign key holds: whoever points to something points to one of all rows.
  if (table.columns.get(through)?.type === 'lookup' && isEverything(rows))
    return { reason, sql: (alias) => sql`${alias}.${identifier(through)} is not null` }
  const { among } = rules
  if (among === undefined) return rowsBelow(reason, table, through, parent, rows, allRowsForRules)
  return {
    reason,
    sql: (alias) => {
      const held = sql`exists (select 1 from ${among(parent, rows, sql`${alias}.${identifier(through)}`)})`
      if (table.columns.get(through)?.type !== 'customer') return held
      return and([sql`${alias}.${identifier(`${through}type`)} = ${parent.name}`, held])
    },
  }
}

/** The account and all below it. An array made once for the statement, so that an index on the lookup is used; `union` ends circles. */
export function idsBelow(catalog: Catalog, accountId: Sql): Sql {
  const account = catalog.get('account')
  const [table, id, parent] = [allRowsForRules(account), identifier(account.idColumn), identifier(PARENT_ACCOUNT)]
  return sql`array(with recursive below(id) as (
    select ${accountId} union select child.${id} from ${table} as child join below on child.${parent} = below.id) select id from below)`
}

function pointsTo(alias: Sql, table: TableDefinition, relationship: string | undefined, target: string, test: Sql): Sql {
  if (relationship === undefined) return sql`${alias}.${identifier(table.idColumn)} ${test}`
  const column = sql`${alias}.${identifier(relationship)} ${test}`
  if (table.columns.get(relationship)?.type !== 'customer') return column
  return sql`(${column} and ${alias}.${identifier(`${relationship}type`)} = ${target})`
}

import { required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { noRows, type RowPredicate, rowsBelow } from '#tables/predicate.ts'
import { compileCondition } from '#tables/query.ts'
import { type Bearings, compilePermission, type Rules } from '../permissions/compile.ts'
import type { TablePermission } from '../policy.ts'

/**
 * A permission taken apart into questions about one row, each answered with yes or no by the database: the scope, the condition, and the
 * same of every permission above it.
 */
export type Parts = {
  permission: TablePermission
  /** What the scope is measured by (an account, a contact, a legal entity) is missing, so no row is inside. */
  lacksBearing: boolean
  scope: Question
  where: Question | undefined
  /** Of the row above, for the access type parent, with the denials of reading that row. */
  parent: { parts: Parts; denials: readonly Parts[] } | undefined
}

/** The answer stands under this name once the questions have been put. */
type Question = { name: string }
export type Answers = ReadonlyMap<string, boolean>

/** Collects questions, and puts them all in one statement. */
export type Inquiry = {
  take(permission: TablePermission): Parts
  /** Answers nothing when there is no such row. */
  put(tx: Tx, rowId: string): Promise<Answers | undefined>
}

export function beginInquiry(rules: Rules, table: TableDefinition, bearings: Bearings): Inquiry {
  const alias = identifier('t')
  const asked: Sql[] = []

  /** `above` leads from a predicate on the permission's table to one on the table of the row in question. */
  function partsOf(permission: TablePermission, above: (rows: RowPredicate) => RowPredicate): Parts {
    const { scope, where } = permission
    const own = rules.catalog.get(permission.table)
    const ask = (rows: RowPredicate): Question => {
      const name = `q${asked.length}`
      asked.push(sql`coalesce(${above(rows).sql(alias)}, false) as ${identifier(name)}`)
      return { name }
    }
    const condition = where === undefined ? undefined : ask(onlyIf((inner) => compileCondition(rules.catalog, own, where, inner)))
    if (scope.accessType !== 'parent') {
      const rows = compilePermission(rules, { ...permission, where: undefined }, bearings)
      return { permission, lacksBearing: rows === noRows, scope: ask(rows), where: condition, parent: undefined }
    }
    const parent = required(rules.byName.get(scope.permission), 'the parent permission')
    const parentTable = rules.catalog.get(parent.table)
    const below = (rows: RowPredicate) => rowsBelow(permission.name, own, scope.through, parentTable, rows)
    const parts = partsOf(parent, (rows) => above(below(rows)))
    const denials = rules.readDenials(parent.table).map((one) => partsOf(one, (rows) => above(below(rows))))
    const belongs = ask(below(onlyIf(() => trueSql)))
    return {
      permission,
      lacksBearing: parts.lacksBearing,
      scope: belongs,
      where: condition,
      parent: { parts, denials },
    }
  }

  return {
    take: (permission) => partsOf(permission, (rows) => rows),
    async put(tx, rowId) {
      const columns = [sql`true as "exists"`, ...asked]
      const [row] = await tx.run<Record<string, boolean>>(
        sql`select ${join(columns)} from ${identifier('tables', table.name)} as t where ${and([sql`t.${identifier(table.idColumn)} = ${rowId}::uuid`])}`,
      )
      return row === undefined ? undefined : new Map(Object.entries(row))
    },
  }
}

/** Whether the permission, as far as it goes by the row, covers it. */
export function covers(parts: Parts, answers: Answers): boolean {
  if (answers.get(parts.scope.name) !== true) return false
  if (parts.where !== undefined && answers.get(parts.where.name) !== true) return false
  if (parts.parent === undefined) return true
  return covers(parts.parent.parts, answers) && !parts.parent.denials.some((one) => covers(one, answers))
}

function onlyIf(condition: (alias: Sql) => Sql): RowPredicate {
  return { reason: 'a question', sql: condition }
}

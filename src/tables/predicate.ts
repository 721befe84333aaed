import { and, falseSql, identifier, or, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'

/**
 * Which rows of one table somebody may touch, as SQL over the table's alias. Every read and write takes one; it becomes part of the
 * statement, so a row outside it does not exist for the caller. Made by access/ for visitors, and by `engineRows` for our own work.
 */
export type RowPredicate = {
  /** For logs and explanations: 'engine', 'Customer representative: account'. */
  readonly reason: string
  /** `alias` names the table in the statement, already quoted. */
  sql(alias: Sql): Sql
}

/** All rows, for work that acts for nobody: the sync engine, jobs, migrations of data. Never for a visitor's request. */
export const engineRows: RowPredicate = { reason: 'engine', sql: () => trueSql }

export const noRows: RowPredicate = { reason: 'nothing grants it', sql: () => falseSql }

/** Rows that any of the predicates allows; none for an empty list. */
export function anyOf(predicates: readonly RowPredicate[]): RowPredicate {
  if (predicates.length === 0) return noRows
  return { reason: predicates.map((one) => one.reason).join(' or '), sql: (alias) => or(predicates.map((one) => one.sql(alias))) }
}

/** Rows whose lookup `through` points to a row that the predicate of the parent table allows. */
export function rowsBelow(
  reason: string,
  table: TableDefinition,
  through: string,
  parent: TableDefinition,
  rows: RowPredicate,
): RowPredicate {
  return {
    reason,
    sql: (alias) => {
      // Nested chains need a name of their own at every step: an inner `p` would hide the outer one.
      const above = identifier(`p${aliasCount(alias) + 1}`)
      const on = [sql`${above}.${identifier(parent.idColumn)} = ${alias}.${identifier(through)}`]
      if (table.columns.get(through)?.type === 'customer') on.push(sql`${alias}.${identifier(`${through}type`)} = ${parent.name}`)
      return sql`exists (select 1 from ${identifier('tables', parent.name)} as ${above} where ${and([...on, rows.sql(above)])})`
    },
  }
}

function aliasCount(alias: Sql): number {
  return Number(/^"p(\d+)"$/.exec(alias.chunks[0] ?? '')?.[1] ?? 0)
}

/** Rows that all of the predicates allow. */
export function allOf(predicates: readonly RowPredicate[]): RowPredicate {
  return {
    reason: predicates.map((one) => one.reason).join(' and '),
    sql: (alias) => and(predicates.map((one) => one.sql(alias))),
  }
}

/** Rows of `parent` to which some row of `child`, itself inside `which`, points through the lookup. */
export function havingChild(parent: TableDefinition, child: TableDefinition, lookup: string, which: RowPredicate): RowPredicate {
  const inner = identifier(`${child.name} below`)
  return {
    reason: `has a ${child.name} that is ${which.reason}`,
    sql: (alias) => sql`exists (select 1 from ${identifier('tables', child.name)} as ${inner}
      where ${inner}.${identifier(lookup)} = ${alias}.${identifier(parent.idColumn)} and ${which.sql(inner)})`,
  }
}

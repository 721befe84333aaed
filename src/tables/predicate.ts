import { falseSql, or, type Sql, trueSql } from '#postgres/sql.ts'

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

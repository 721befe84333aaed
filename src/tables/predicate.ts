import { and, falseSql, identifier, or, type Sql, sql, trueSql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'

/**
 * Which rows of one table somebody may touch, as SQL over the table's alias, and which of their columns. Every read and write takes
 * one; it becomes part of the statement, so a row outside it does not exist for the caller and a column outside it is null to him:
 * shown, filtered, sorted or summed. Made by access/ for visitors, and by `engineRows` for our own work.
 */
export type RowPredicate = {
  /** For logs and explanations: 'engine', 'Customer representative: account'. */
  readonly reason: string
  /** `alias` names the table in the statement, already quoted. */
  sql(alias: Sql): Sql
  /** The rows of which this column may be touched, where they are fewer than all of the predicate's; without it, all columns. */
  column?(name: string): RowPredicate | undefined
}

/** All rows, for work that acts for nobody: the sync engine, jobs, migrations of data. Never for a visitor's request. */
export const engineRows: RowPredicate = { reason: 'engine', sql: () => trueSql }

export const noRows: RowPredicate = { reason: 'nothing grants it', sql: () => falseSql }

/** Rows that any of the predicates allows; none for an empty list. */
export function anyOf(predicates: readonly RowPredicate[]): RowPredicate {
  if (predicates.length === 0) return noRows
  return { reason: predicates.map((one) => one.reason).join(' or '), sql: (alias) => or(predicates.map((one) => one.sql(alias))) }
}

/** Rows that all of the predicates allow; a column of them where every one allows it. */
export function allOf(predicates: readonly RowPredicate[]): RowPredicate {
  return {
    reason: predicates.map((one) => one.reason).join(' and '),
    sql: (alias) => and(predicates.map((one) => one.sql(alias))),
    column(name) {
      const masks = predicates.flatMap((one) => one.column?.(name) ?? [])
      return masks.length === 0 ? undefined : allOf(masks)
    },
  }
}

/** Rows of the first that the others do not take away. */
export function exceptFor(allowed: RowPredicate, denied: readonly RowPredicate[]): RowPredicate {
  if (denied.length === 0) return allowed
  return {
    reason: `${allowed.reason} except ${denied.map((one) => one.reason).join(', ')}`,
    // A condition that is null denies nothing, as it grants nothing.
    sql: (alias) => and([allowed.sql(alias), ...denied.map((one) => sql`(${one.sql(alias)}) is not true`)]),
  }
}

/** The same predicate for one row. */
export function rowOf(table: TableDefinition, predicate: RowPredicate, id: string): RowPredicate {
  return allOf([predicate, { reason: 'one row', sql: (alias: Sql) => sql`${alias}.${identifier(table.idColumn)} = ${id}::uuid` }])
}

/** The same predicate for some rows. */
export function rowsOf(table: TableDefinition, predicate: RowPredicate, ids: readonly string[]): RowPredicate {
  const among = { reason: 'some rows', sql: (alias: Sql) => sql`${alias}.${identifier(table.idColumn)} = any(${ids}::uuid[])` }
  return allOf([predicate, among])
}

/** Whether the predicate holds for every row there is and will be. */
export function isEverything(predicate: RowPredicate): boolean {
  return predicate.sql(identifier('t')).compile().text === trueSql.compile().text
}

/** Where a statement reads the rows of a table. */
export type Source = (table: TableDefinition) => Sql

/** The table itself: behind the second wall its rows that the visitor may see. */
export const visibleRows: Source = (table) => identifier('tables', table.name)

export const RULE_SCHEMA = 'rule_tables'

/**
 * The table as rules read it: every row, whoever asks. What a rule says must not depend on what its reader may see: a denial over a
 * lookup would fail open where the row behind it is hidden from him. For rules alone: it is the way past the second wall.
 */
export const allRowsForRules: Source = (table) => identifier(RULE_SCHEMA, table.name)

/** Rows whose lookup `through` points to a row that the predicate of the parent table allows. */
export function rowsBelow(
  reason: string,
  table: TableDefinition,
  through: string,
  parent: TableDefinition,
  rows: RowPredicate,
  source: Source = visibleRows,
): RowPredicate {
  return {
    reason,
    sql: (alias) => {
      const above = innerAlias(alias)
      const on = [sql`${above}.${identifier(parent.idColumn)} = ${alias}.${identifier(through)}`]
      if (table.columns.get(through)?.type === 'customer') on.push(sql`${alias}.${identifier(`${through}type`)} = ${parent.name}`)
      return sql`exists (select 1 from ${source(parent)} as ${above} where ${and([...on, rows.sql(above)])})`
    },
  }
}

/** Rows of `parent` to which some row of `child`, itself inside `which`, points through the lookup. */
export function havingChild(parent: TableDefinition, child: TableDefinition, lookup: string, which: RowPredicate): RowPredicate {
  return {
    reason: `has a ${child.name} that is ${which.reason}`,
    sql: (alias) => {
      const inner = innerAlias(alias)
      return sql`exists (select 1 from ${identifier('tables', child.name)} as ${inner}
      where ${inner}.${identifier(lookup)} = ${alias}.${identifier(parent.idColumn)} and ${which.sql(inner)})`
    },
  }
}

/**
 * A name for the table of a subquery that speaks of the row behind `alias`. Every step inward has a name of its own: an inner table of
 * the same name would hide the outer one. The names depend on the depth alone, so that equal questions are equal texts.
 */
export function innerAlias(alias: Sql): Sql {
  const name = /^"([a-z0-9_]+)"$/.exec(alias.chunks[0] ?? '')?.[1]
  return identifier(name === undefined ? 'p' : `${name}p`)
}

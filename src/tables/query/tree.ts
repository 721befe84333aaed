import { AppError } from '#lib/app-error.ts'
import { and, identifier, join, type Sql, sql } from '#postgres/sql.ts'
import { getColumn, isLookup } from '../definition.ts'
import type { Expand, QueryRow, RowTree } from '../row-query.ts'
import { idOf, pointingBack } from './collections.ts'
import { compileFilter } from './filter.ts'
import { orderedBy, orderOf, shownColumn } from './order.ts'
import { pointsToTable, type Scope, type ScopedColumn } from './scope.ts'

/** Columns and expanded rows of one scope, as items of a select and as what makes the row of them. */
export type Tree = { selects: Sql[]; read(row: Readonly<Record<string, unknown>>): RowTree }

type Leaf = QueryRow[string]
/** Names of the items are ours alone: what the asker calls them never enters the statement. */
type Item = { name: string; key: string; read(value: unknown): RowTree[string] }

/** `encoded`: the row travels inside JSON and not as columns that the driver reads. */
export function compileTree(scope: Scope, paths: readonly string[], expands: readonly Expand[], encoded: boolean): Tree {
  const items: Item[] = []
  const selects: Sql[] = []
  const add = (name: string, key: string, value: Sql, read: Item['read']) => {
    items.push({ name, key, read })
    selects.push(sql`${value} as ${identifier(name)}`)
  }
  for (const path of new Set(paths)) {
    const column = scope.column(path)
    const item = encoded ? encodedColumn(column) : { sql: shownColumn(column).sql, read: leaf }
    add(`c${items.length}`, path, item.sql, item.read)
  }
  for (const expand of expands) {
    const one = compileExpand(scope, expand)
    add(`e${items.length}`, expand.as, one.rows, one.read)
    if (one.count !== undefined) add(`n${items.length}`, `${expand.as}@count`, one.count, leaf)
  }
  return {
    selects,
    read: (row) => Object.fromEntries(items.map((item) => [item.key, item.read(row[item.name] ?? null)])),
  }
}

function compileExpand(scope: Scope, expand: Expand): { rows: Sql; count?: Sql; read: Item['read'] } {
  if (expand.via.kind === 'lookup') return compileBehindLookup(scope, expand, expand.via)
  const { table, lookup } = expand.via
  const column = getColumn(table, lookup)
  const parts = () => {
    const child = scope.subquery(table)
    const where = pointingBack(child, column, scope.table, idOf(scope))
    if (expand.filter !== undefined) where.push(compileFilter(expand.filter, child))
    return { child, where: and(where) }
  }
  const { child, where } = parts()
  const tree = compileTree(child, expand.columns, expand.expand ?? [], true)
  const order = orderOf({ table, orderBy: expand.orderBy ?? [] }).map((one) => orderedBy(one, child.column(one.column)))
  const sorted = join(order.map((one) => (one.descending ? sql`${one.sql} desc` : one.sql)))
  const rows = sql`select ${join(tree.selects)} from ${child.from()} where ${where} order by ${sorted} limit ${expand.rowsMax}`
  const list = {
    rows: sql`(select coalesce(json_agg(r), '[]') from (${rows}) as r)`,
    read: (value: unknown) => (value as Record<string, unknown>[]).map(tree.read),
  }
  if (expand.count !== true) return list
  const counted = parts()
  return { ...list, count: sql`(select count(*)::int from ${counted.child.from()} where ${counted.where})` }
}

function compileBehindLookup(
  scope: Scope,
  expand: Expand,
  via: Extract<Expand['via'], { kind: 'lookup' }>,
): { rows: Sql; read: Item['read'] } {
  const lookup = scope.column(via.column).definition
  if (!isLookup(lookup) || !lookup.targets.includes(via.target.name))
    throw new AppError('request.invalid', `${scope.table.name}.${lookup.name} does not lead to ${via.target.name}`)
  const child = scope.subquery(via.target)
  const where = [sql`${idOf(child)} = ${scope.column(lookup.name).sql}`, ...pointsToTable(scope.alias, lookup, via.target)]
  if (child.predicate !== undefined) where.push(child.predicate.sql(child.alias))
  if (expand.filter !== undefined) where.push(compileFilter(expand.filter, child))
  const tree = compileTree(child, expand.columns, expand.expand ?? [], true)
  return {
    rows: sql`(select row_to_json(r) from (select ${join(tree.selects)} from ${child.from()} where ${and(where)}) as r)`,
    read: (value) => (value === null ? null : tree.read(value as Record<string, unknown>)),
  }
}

function leaf(value: unknown): Leaf {
  return value as Leaf
}

/** A column inside JSON so that it comes out as it would from the driver: JSON's numbers would lose digits, its moments their form. */
function encodedColumn(column: ScopedColumn): { sql: Sql; read: Item['read'] } {
  const shown = shownColumn(column)
  switch (shown.postgresType) {
    case 'numeric':
      return { sql: sql`(${shown.sql})::text`, read: leaf }
    case 'timestamptz':
      return { sql: sql`(${shown.sql})::text`, read: (value) => (value === null ? null : new Date(String(value)).toISOString()) }
    case 'bigint':
      return { sql: sql`(${shown.sql})::text`, read: (value) => (value === null ? null : safeInteger(String(value))) }
    default:
      return { sql: shown.sql, read: leaf }
  }
}

function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new AppError('postgres.unsafe_integer', `An integer beyond 2^53 came from the database: ${text}`)
  return value
}

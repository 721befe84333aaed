import { AppError } from '#lib/app-error.ts'
import { and, identifier, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { type Catalog, targetOf } from '../catalog.ts'
import { type ColumnDefinition, getColumn, isLookup, type TableDefinition } from '../definition.ts'
import { innerAlias, type RowPredicate } from '../predicate.ts'

/** A column as an expression of the statement: null where the asker may not read it. */
export type ScopedColumn = { sql: Sql; table: TableDefinition; definition: ColumnDefinition; postgresType: string }

/** Where a filter finds its columns. */
export type Columns = {
  readonly catalog: Catalog
  column(path: string | readonly string[]): ScopedColumn
  /** The rows of a table that a condition may reach beyond its columns (a hierarchy); undefined is all of them. */
  rowsOf(table: TableDefinition): RowPredicate | undefined
}

type Reach = (table: TableDefinition) => RowPredicate

const JOINS_MAX = 12

/** The tables of one statement: the root and those that paths over lookups have reached so far, each joined once. */
export class Scope implements Columns {
  readonly catalog: Catalog
  readonly table: TableDefinition
  readonly root: Sql = identifier('t0')
  readonly #predicate: RowPredicate
  readonly #reach: Reach | undefined
  readonly #joins = new Map<string, { alias: Sql; table: TableDefinition; on: Sql; predicate: RowPredicate | undefined }>()

  constructor(catalog: Catalog, table: TableDefinition, predicate: RowPredicate, reach?: Reach) {
    this.catalog = catalog
    this.table = table
    this.#predicate = predicate
    this.#reach = reach
  }

  /** The column at the end of a path such as 'customerid.name' (or with slashes, as OData writes it). */
  column(path: string | readonly string[]): ScopedColumn {
    const names = typeof path === 'string' ? path.split('.') : path
    let at = { alias: this.root, table: this.table, predicate: this.#predicate as RowPredicate | undefined }
    for (let i = 0; i < names.length - 1; i++) at = this.#join(names.slice(0, i + 1), at)
    return maskedColumn(at.alias, at.table, names.at(-1) ?? '', at.predicate)
  }

  rowsOf(table: TableDefinition): RowPredicate | undefined {
    return this.#reach?.(table)
  }

  from(): Sql {
    let from = sql`${identifier('tables', this.table.name)} as ${this.root}`
    for (const one of this.#joins.values())
      from = sql`${from} left join ${identifier('tables', one.table.name)} as ${one.alias} on ${one.on}`
    return from
  }

  #join(names: readonly string[], from: { alias: Sql; table: TableDefinition; predicate: RowPredicate | undefined }) {
    const key = names.join('.')
    const before = this.#joins.get(key)
    if (before !== undefined) return before
    if (this.#joins.size >= JOINS_MAX)
      throw new AppError('tables.query_too_wide', `A query reaches at most ${JOINS_MAX} other tables`)
    const lookup = lookupColumn(from.table, names.at(-1) ?? '')
    const target = targetOf(this.catalog, from.table, lookup.name)
    const joined = identifier(`t${this.#joins.size + 1}`)
    const source = maskedColumn(from.alias, from.table, lookup.name, from.predicate).sql
    const on = [sql`${joined}.${identifier(target.idColumn)} = ${source}`]
    if (lookup.type === 'customer') on.push(sql`${from.alias}.${identifier(`${lookup.name}type`)} = ${target.name}`)
    const predicate = this.#reach?.(target)
    if (predicate !== undefined) on.push(predicate.sql(joined))
    const entry = { alias: joined, table: target, on: and(on), predicate }
    this.#joins.set(key, entry)
    return entry
  }
}

/**
 * The columns of one row behind an alias, and over lookups those of the rows it points to, as correlated subqueries: for conditions inside
 * predicates, which stand in statements they know nothing of. Nothing is hidden here: a rule may ask for what its reader may not see.
 */
export function columnsOfRow(catalog: Catalog, table: TableDefinition, alias: Sql): Columns {
  return {
    catalog,
    rowsOf: () => undefined,
    column(path) {
      const [name = '', ...rest] = typeof path === 'string' ? path.split('.') : path
      if (rest.length === 0) return maskedColumn(alias, table, name, undefined)
      const lookup = lookupColumn(table, name)
      const target = targetOf(catalog, table, name)
      const inner = innerAlias(alias)
      const behind = columnsOfRow(catalog, target, inner).column(rest)
      const on = [sql`${inner}.${identifier(target.idColumn)} = ${alias}.${identifier(name)}`]
      if (lookup.type === 'customer') on.push(sql`${alias}.${identifier(`${name}type`)} = ${target.name}`)
      return {
        ...behind,
        sql: sql`(select ${behind.sql} from ${identifier('tables', target.name)} as ${inner} where ${and(on)})`,
      }
    },
  }
}

/** The column, or null on rows of which the predicate does not let it be read. */
export function maskedColumn(
  alias: Sql,
  table: TableDefinition,
  name: string,
  predicate: RowPredicate | undefined,
): ScopedColumn {
  const definition = getColumn(table, name)
  const plain = sql`${alias}.${identifier(name)}`
  const mask = predicate?.column?.(name)
  return {
    sql: mask === undefined ? plain : sql`(case when ${mask.sql(alias)} then ${plain} end)`,
    table,
    definition,
    postgresType: postgresTypeOf(definition),
  }
}

function lookupColumn(table: TableDefinition, name: string): ColumnDefinition {
  const column = getColumn(table, name)
  if (!isLookup(column))
    throw new AppError('tables.unknown_column', `${table.name}.${column.name} is not a lookup, so nothing can follow it`)
  return column
}

/** The cast that gives a bound value the column's type. */
export function postgresTypeOf(column: ColumnDefinition): string {
  switch (column.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'file':
    case 'image':
      return 'uuid'
    case 'integer':
    case 'choice':
      return 'integer'
    case 'choices':
      return 'integer[]'
    case 'decimal':
    case 'money':
      return 'numeric'
    case 'string':
    case 'memo':
      return 'text'
    case 'datetime':
      return 'timestamptz'
    case 'bigint':
    case 'boolean':
    case 'date':
      return column.type
    default:
      return column.type satisfies never
  }
}

export function cast(value: unknown, column: ScopedColumn): Sql {
  return sql`${value}::${trustedSql(column.postgresType)}`
}

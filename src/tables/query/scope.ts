import { AppError } from '#lib/app-error.ts'
import { and, identifier, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { type Catalog, targetOf } from '../catalog.ts'
import { type ColumnDefinition, getColumn, isLookup, type TableDefinition } from '../definition.ts'
import type { RowPredicate } from '../predicate.ts'

export type ScopedColumn = { sql: Sql; definition: ColumnDefinition; postgresType: string }

const JOINS_MAX = 12

/** The tables of one statement: the root and those that paths over lookups have reached so far, each joined once. */
export class Scope {
  readonly catalog: Catalog
  readonly table: TableDefinition
  readonly root: Sql = identifier('t0')
  readonly #reach: ((table: TableDefinition) => RowPredicate) | undefined
  readonly #joins = new Map<string, { alias: Sql; table: TableDefinition; on: Sql }>()

  constructor(catalog: Catalog, table: TableDefinition, reach?: (table: TableDefinition) => RowPredicate) {
    this.catalog = catalog
    this.table = table
    this.#reach = reach
  }

  /** The column at the end of a path such as 'customerid.name' (or with slashes, as OData writes it). */
  column(path: string | readonly string[]): ScopedColumn {
    const names = typeof path === 'string' ? path.split('.') : path
    let alias = this.root
    let table = this.table
    for (let i = 0; i < names.length - 1; i++) {
      const joined = this.#join(names.slice(0, i + 1), alias, table)
      alias = joined.alias
      table = joined.table
    }
    const definition = getColumn(table, names.at(-1) ?? '')
    return { sql: sql`${alias}.${identifier(definition.name)}`, definition, postgresType: postgresTypeOf(definition) }
  }

  from(): Sql {
    let from = sql`${identifier('tables', this.table.name)} as ${this.root}`
    for (const one of this.#joins.values())
      from = sql`${from} left join ${identifier('tables', one.table.name)} as ${one.alias} on ${one.on}`
    return from
  }

  #join(names: readonly string[], alias: Sql, table: TableDefinition): { alias: Sql; table: TableDefinition } {
    const key = names.join('.')
    const before = this.#joins.get(key)
    if (before !== undefined) return before
    if (this.#joins.size >= JOINS_MAX)
      throw new AppError('tables.query_too_wide', `A query reaches at most ${JOINS_MAX} other tables`)
    const column = getColumn(table, names.at(-1) ?? '')
    if (!isLookup(column))
      throw new AppError('tables.unknown_column', `${table.name}.${column.name} is not a lookup, so nothing can follow it`)
    const target = targetOf(this.catalog, table, column.name)
    const joined = identifier(`t${this.#joins.size + 1}`)
    const on = [sql`${joined}.${identifier(target.idColumn)} = ${alias}.${identifier(column.name)}`]
    if (column.type === 'customer') on.push(sql`${alias}.${identifier(`${column.name}type`)} = ${target.name}`)
    if (this.#reach !== undefined) on.push(this.#reach(target).sql(joined))
    const entry = { alias: joined, table: target, on: and(on) }
    this.#joins.set(key, entry)
    return entry
  }
}

/** The cast that gives a bound value the column's type. */
export function postgresTypeOf(column: ColumnDefinition): string {
  switch (column.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
      return 'uuid'
    case 'integer':
    case 'choice':
      return 'integer'
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

import { AppError } from '#lib/app-error.ts'
import { and, identifier, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from '../catalog.ts'
import { type ColumnDefinition, getColumn, type TableDefinition } from '../definition.ts'
import { findLookup } from '../navigation.ts'
import { innerAlias, type RowPredicate, type Source, visibleRows } from '../predicate.ts'
import { checkLimit } from '../query-limits.ts'
import type { AsOf } from '../row-query.ts'

/** A column as an expression of the statement: null where the asker may not read it. */
export type ScopedColumn = {
  sql: Sql
  table: TableDefinition
  definition: ColumnDefinition
  postgresType: string
  /** True where it cannot be null in the statement: the id of a row that must be there. */
  neverNull?: boolean
}

/** Where a filter finds its columns. */
export type Columns = {
  readonly catalog: Catalog
  /** What relative conditions are measured by; undefined where nobody said. */
  readonly asOf: AsOf | undefined
  /** The column at the end of a path over lookups. Throws AppError `tables.unknown_column`. */
  column(path: string | readonly string[]): ScopedColumn
  /** The rows of a table that a condition may reach beyond its columns (a hierarchy); undefined is all of them. */
  rowsOf(table: TableDefinition): RowPredicate | undefined
  /** The table at the end of a path of lookups; the row's own for an empty one. */
  tableAt(names: readonly string[]): TableDefinition
  /** Rows of a table in a subquery about this row, those that the asker may see. */
  subquery(table: TableDefinition): Subquery
}

export type Subquery = Columns & {
  readonly alias: Sql
  readonly table: TableDefinition
  readonly predicate: RowPredicate | undefined
  /** Call it last: every path must have been asked for before the joins are known. */
  from(): Sql
}

/** What all parts of one statement share. */
export type Statement = {
  readonly catalog: Catalog
  readonly reach: ((table: TableDefinition) => RowPredicate) | undefined
  readonly asOf: AsOf | undefined
  /** A name for one more table of the statement. */
  alias(): Sql
  countJoin(): void
}

export function createStatement(catalog: Catalog, options: Pick<Statement, 'reach' | 'asOf'>): Statement {
  let aliases = 0
  let joins = 0
  return {
    catalog,
    reach: options.reach,
    asOf: options.asOf,
    alias: () => identifier(`t${aliases++}`),
    countJoin: () => checkLimit('joins', ++joins),
  }
}

/** One table in the statement, behind its alias. Without a predicate every row and column of it is open. */
export type Place = { alias: Sql; table: TableDefinition; predicate: RowPredicate | undefined }

/** The tables of one `from`: the root, the links joined to it, and those that paths over lookups have reached so far, each joined once. */
export class Scope implements Subquery {
  readonly statement: Statement
  readonly catalog: Catalog
  readonly asOf: AsOf | undefined
  readonly table: TableDefinition
  readonly alias: Sql
  readonly predicate: RowPredicate | undefined
  readonly #joins = new Map<string, Place & { on: Sql }>()
  /** Joined tables that have a name of their own, with the SQL that joins them to what stands before. */
  readonly #linked = new Map<string, Place>()
  readonly #linkJoins: Sql[] = []

  constructor(statement: Statement, table: TableDefinition, predicate: RowPredicate | undefined) {
    this.statement = statement
    this.catalog = statement.catalog
    this.asOf = statement.asOf
    this.table = table
    this.predicate = predicate
    this.alias = statement.alias()
  }

  /** The column at the end of a path such as 'customerid.name' or 'alias.name' (or with slashes, as OData writes it). */
  column(path: string | readonly string[]): ScopedColumn {
    const names = namesOf(path)
    const name = names.at(-1) ?? ''
    const place = this.#placeAt(names.slice(0, -1))
    const column = maskedColumn(place.alias, place.table, name, place.predicate)
    return place === this && name === this.table.idColumn ? { ...column, neverNull: true } : column
  }

  rowsOf(table: TableDefinition): RowPredicate | undefined {
    return this.statement.reach?.(table)
  }

  tableAt(names: readonly string[]): TableDefinition {
    return this.#placeAt(names).table
  }

  subquery(table: TableDefinition): Scope {
    return new Scope(this.statement, table, this.rowsOf(table))
  }

  linked(alias: string): Place | undefined {
    return this.#linked.get(alias)
  }

  /** Makes a linked table known by its name; `addJoin` brings it into the statement. */
  addLinked(alias: string, place: Place): void {
    if (this.#linked.has(alias) || this.table.columns.has(alias))
      throw new AppError('request.invalid', `The alias ${alias} is used twice, or is the name of a column`)
    this.#linked.set(alias, place)
  }

  addJoin(join: Sql): void {
    this.#linkJoins.push(join)
  }

  from(): Sql {
    let from = sql`${identifier('tables', this.table.name)} as ${this.alias}`
    for (const join of this.#linkJoins) from = sql`${from} ${join}`
    for (const one of this.#joins.values())
      from = sql`${from} left join ${identifier('tables', one.table.name)} as ${one.alias} on ${one.on}`
    return from
  }

  #placeAt(names: readonly string[]): Place {
    const linked = this.#linked.get(names[0] ?? '')
    let place: Place = linked ?? this
    for (let i = linked === undefined ? 0 : 1; i < names.length; i++) place = this.#join(names.slice(0, i + 1), place)
    return place
  }

  #join(names: readonly string[], from: Place): Place {
    const key = names.join('.')
    const before = this.#joins.get(key)
    if (before !== undefined) return before
    this.statement.countJoin()
    const { target, source, condition } = follow(this.catalog, from, names.at(-1) ?? '')
    const place: Place = { alias: this.statement.alias(), table: target, predicate: this.rowsOf(target) }
    const on = [sql`${place.alias}.${identifier(target.idColumn)} = ${source}`, ...condition]
    if (place.predicate !== undefined) on.push(place.predicate.sql(place.alias))
    const entry = { ...place, on: and(on) }
    this.#joins.set(key, entry)
    return entry
  }
}

/** `source`: where the rows behind lookups are read; without it, as visitors do. */
type RowContext = Pick<Statement, 'catalog' | 'reach' | 'asOf'> & { source?: Source }

/**
 * The columns of one row behind an alias, and over lookups those of the rows it points to, as correlated subqueries: for conditions in
 * places that know nothing of the statement around them. Without `reach` nothing is hidden: a rule may ask for what its reader may not see.
 */
export function columnsOfRow(context: RowContext, place: Place): Subquery {
  const { catalog, reach, asOf, source = visibleRows } = context
  const { alias, table, predicate } = place
  const behind = (name: string) => {
    const { target, source, condition } = follow(catalog, place, name)
    const inner: Place = { alias: innerAlias(alias), table: target, predicate: reach?.(target) }
    const where = [sql`${inner.alias}.${identifier(target.idColumn)} = ${source}`, ...condition]
    if (inner.predicate !== undefined) where.push(inner.predicate.sql(inner.alias))
    return { inner, where: and(where) }
  }
  return {
    catalog,
    asOf,
    alias,
    table,
    predicate,
    rowsOf: (of) => reach?.(of),
    column(path) {
      const [name = '', ...rest] = namesOf(path)
      if (rest.length === 0) return maskedColumn(alias, table, name, predicate)
      const { inner, where } = behind(name)
      const column = columnsOfRow(context, inner).column(rest)
      const from = sql`${source(inner.table)} as ${inner.alias}`
      return { ...column, sql: sql`(select ${column.sql} from ${from} where ${where})` }
    },
    tableAt: ([name, ...rest]) => (name === undefined ? table : columnsOfRow(context, behind(name).inner).tableAt(rest)),
    subquery: (of) => columnsOfRow(context, { alias: innerAlias(alias), table: of, predicate: reach?.(of) }),
    from: () => sql`${source(table)} as ${alias}`,
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

/** What a lookup's value is found in, and on which rows it points to the table. */
function follow(catalog: Catalog, from: Place, name: string): { target: TableDefinition; source: Sql; condition: Sql[] } {
  const found = findLookup(catalog, from.table, name)
  if (found === undefined) {
    // An unknown name and one that is no lookup: the one is said as everywhere, the other by its own words.
    getColumn(from.table, name)
    throw new AppError('tables.unknown_column', `${from.table.name}.${name} is not a lookup, so nothing can follow it`)
  }
  const { lookup, target } = found
  return {
    target,
    source: maskedColumn(from.alias, from.table, lookup.name, from.predicate).sql,
    condition: pointsToTable(from.alias, lookup, target),
  }
}

/** For lookups that may point to several tables: that this one is meant. */
export function pointsToTable(alias: Sql, lookup: ColumnDefinition, target: TableDefinition): Sql[] {
  return lookup.type === 'customer' ? [sql`${alias}.${identifier(`${lookup.name}type`)} = ${target.name}`] : []
}

/**
 * That the column of this row has a value: the bare column, so that an index answers, and on rows where it may be read. (A masked
 * column by itself would say the same, and no index could.)
 */
export function columnEquals(place: Place, name: string, value: Sql): Sql {
  const { table, alias, predicate } = place
  const equal = sql`${alias}.${identifier(getColumn(table, name).name)} = ${value}`
  const mask = predicate?.column?.(name)
  return mask === undefined ? equal : and([equal, mask.sql(alias)])
}

function namesOf(path: string | readonly string[]): readonly string[] {
  return typeof path === 'string' ? path.split('.') : path
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

export function cast(value: unknown, column: Pick<ScopedColumn, 'postgresType'>): Sql {
  return sql`${value}::${trustedSql(column.postgresType)}`
}

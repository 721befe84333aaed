import { AppError } from '#lib/app-error.ts'
import { identifier, join, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { ColumnDefinition } from '../definition.ts'
import type { DatePart, Grouping, GroupValue } from '../row-query.ts'
import { kindOf } from './operands.ts'
import { shownColumn } from './order.ts'
import type { Columns, Scope, ScopedColumn } from './scope.ts'

/** Groups as a select with names of ours, and their columns for those who filter and sort the groups by the names they gave. */
export type Grouped = { select: Sql; columns: Columns; names: readonly { name: string; key: string }[] }

/** `where` was made over the same scope before: links are known to it by then. */
export function compileGroups(scope: Scope, group: Grouping, where: Sql): Grouped {
  const names: { name: string; key: string }[] = []
  const found = new Map<string, ScopedColumn>()
  const selects: Sql[] = []
  const add = (key: string, item: ScopedColumn) => {
    if (found.has(key)) throw new AppError('request.invalid', `Two values of the groups are called ${key.slice(0, 100)}`)
    const name = `c${names.length}`
    names.push({ name, key })
    selects.push(sql`${item.sql} as ${identifier(name)}`)
    found.set(key, { ...item, sql: sql`g.${identifier(name)}` })
  }
  for (const one of group.by) add(one.as, groupColumn(scope, one))
  for (const one of group.values) add(one.as, valueColumn(scope, one))
  if (selects.length === 0) throw new AppError('request.invalid', 'A group needs a column or a value')
  // By position: the same expression with other parameters would be another one to PostgreSQL.
  const by = group.by.map((_, i) => trustedSql(String(i + 1)))
  const grouped = by.length === 0 ? sql`` : sql` group by ${join(by)}`
  return {
    select: sql`select ${join(selects)} from ${scope.from()} where ${where}${grouped}`,
    columns: namedColumns(scope, found),
    names,
  }
}

/** Columns by the names that the groups (or distinct rows) answer under. */
export function namedColumns(scope: Scope, found: ReadonlyMap<string, ScopedColumn>): Columns {
  const nothingBehind = () => {
    throw new AppError('request.invalid', 'Groups are filtered by their own names alone')
  }
  return {
    catalog: scope.catalog,
    asOf: scope.asOf,
    rowsOf: (table) => scope.rowsOf(table),
    column(path) {
      const key = typeof path === 'string' ? path : path.join('.')
      const column = found.get(key)
      if (column === undefined)
        throw new AppError('tables.unknown_column', `The groups have no value called ${key.slice(0, 100)}`)
      return column
    },
    tableAt: nothingBehind,
    subquery: nothingBehind,
  }
}

function groupColumn(scope: Scope, by: Grouping['by'][number]): ScopedColumn {
  const column = scope.column(by.column)
  if (by.part !== undefined) return computed(column, datePart(column, by.part, scope), 'integer', 'integer')
  const shown = shownColumn(column)
  return { ...column, sql: shown.sql, postgresType: shown.postgresType }
}

function valueColumn(scope: Scope, value: GroupValue): ScopedColumn {
  if (value.method === 'count') return counted(scope, sql`count(*)`)
  const column = scope.column(value.column)
  const kind = kindOf(column)
  const isChoice = column.definition.type === 'choice'
  const cannot = (what: string) =>
    new AppError(
      'request.invalid',
      `${value.method} takes ${what}, and ${column.table.name}.${column.definition.name} is ${column.definition.type}`,
    )
  switch (value.method) {
    case 'countcolumn':
      return counted(scope, sql`count(${column.sql})`)
    case 'countdistinct':
      return counted(scope, sql`count(distinct ${column.sql})`)
    case 'sum':
      if (kind !== 'number' || isChoice) throw cannot('a number')
      return computed(column, sql`sum((${column.sql})::numeric)`, 'numeric', 'decimal')
    case 'average':
      if (kind !== 'number' || isChoice) throw cannot('a number')
      return computed(column, sql`trim_scale(round(avg((${column.sql})::numeric), ${AVERAGE_DIGITS}::int))`, 'numeric', 'decimal')
    case 'min':
    case 'max':
      if (kind === 'boolean' || kind === 'uuid' || kind === 'choices') throw cannot('a number, date or text')
      return { ...column, sql: sql`${trustedSql(value.method)}(${column.sql})` }
    default:
      return value satisfies never
  }
}

const AVERAGE_DIGITS = 10

function counted(scope: Scope, count: Sql): ScopedColumn {
  return computed(scope.column(scope.table.idColumn), sql`${count}::int`, 'integer', 'integer')
}

function computed(of: ScopedColumn, value: Sql, postgresType: string, type: ColumnDefinition['type']): ScopedColumn {
  return { sql: value, table: of.table, definition: { ...of.definition, type }, postgresType }
}

/** Days begin in the asker's zone; dates and figures that mean the same everywhere stay as they are. Weeks begin on Sunday. */
function datePart(column: ScopedColumn, part: DatePart, scope: Scope): Sql {
  const { type, behaviour, name } = column.definition
  if (type !== 'date' && type !== 'datetime')
    throw new AppError('request.invalid', `${column.table.name}.${name} is ${type}, and only dates have a ${part}`)
  const zone = behaviour === 'user_local' ? (scope.asOf?.timeZone ?? 'UTC') : 'UTC'
  const local = type === 'date' ? sql`(${column.sql})::timestamp` : sql`(${column.sql} at time zone ${zone}::text)`
  switch (part) {
    case 'week': {
      const beforeFirstSunday = sql`extract(dow from date_trunc('year', ${local}))`
      return sql`(floor((extract(doy from ${local}) - 1 + ${beforeFirstSunday}) / 7) + 1)::int`
    }
    // The fiscal year is the calendar's, its periods are quarters: what Dataverse begins with.
    case 'fiscal-year':
      return sql`extract(year from ${local})::int`
    case 'fiscal-period':
      return sql`extract(quarter from ${local})::int`
    case 'day':
    case 'month':
    case 'quarter':
    case 'year':
      return sql`extract(${trustedSql(part)} from ${local})::int`
    default:
      return part satisfies never
  }
}

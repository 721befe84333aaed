import type { ExpandItem, OrderBy, QueryOptions, SelectItem } from '#lib/odata/ast.ts'
import { isLookup, navigationName, type TableDefinition } from '#tables/definition.ts'
import { checkFilter, queryLimits } from '#tables/query-limits.ts'
import type { Expand, RowOrder, RowQuery } from '#tables/row-query.ts'
import { printable } from '../protocol/refusals.ts'
import { toGroups } from './groups.ts'
import { type Names, namesFor, refuse } from './names.ts'
import type { Answerable, Question, Shape, ShapeColumn, ShapeExpand } from './question.ts'
import { parseSkipToken } from './skip-token.ts'

/** With collections inside them, rows are answered in smaller pages where nobody says. */
const PARENT_ROWS_DEFAULT = 500
const COLLECTION_ROWS_MAX = 5_000
/** Of the joins of a query some are left for filters and orders. */
const NAMES_MAX = 12

/**
 * An OData request as the query to run and the shape to show its rows in: under the visitor's permissions, and only what the dialect
 * offers. Throws ApiRefusal with the position of what cannot be asked; the query's cost is checked when it is compiled.
 */
export function toRowQuery(question: Question): Answerable {
  const { permissions, visitor, table, options, dialect, asOf } = question
  if (options.filter !== undefined) checkFilter(options.filter)
  const names = namesFor(question)
  const base = {
    table,
    predicate: permissions.predicate(visitor, table.name, 'read'),
    reach: permissions.reach(visitor),
    asOf,
  }
  if (options.apply !== undefined) return toGroups(question, names, base)
  if (options.skip !== undefined) throw refuse(0, '$skip is not supported: follow @odata.nextLink instead')
  if (options.top !== undefined && options.top > dialect.pageRowsMax)
    throw refuse(0, `$top is at most ${dialect.pageRowsMax}; leave it out and follow @odata.nextLink to read everything`)

  const expands = expandsOf(names, table, options)
  const pageRows = pageRowsOf(question, expands)
  const context: Context = { question, names, named: { left: NAMES_MAX }, collectionRows: collectionRowsOf(expands, pageRows) }
  const rows = rowsOf(context, table, options.select, expands, 0)
  const sorted = { table, orderBy: orderOf(names, table, options.orderBy) }
  const query: RowQuery = {
    ...base,
    ...sorted,
    ...(options.filter === undefined ? {} : { filter: names.filter(table, options.filter) }),
    columns: rows.columns,
    rowsMax: Math.max(pageRows, 1),
    ...(rows.expand.length === 0 ? {} : { expand: rows.expand }),
    ...(options.skipToken === undefined ? {} : { after: parseSkipToken(options.skipToken, sorted) }),
  }
  return { query, shape: rows.shape, pageRows, pages: options.top === undefined, count: options.count === true }
}

type Context = {
  question: Question
  names: Names
  /** How many more lookups may be named. */
  named: { left: number }
  /** Rows of each expanded collection, where the request does not say. */
  collectionRows: number
}

/** An item of $expand, with what it leads to. */
type Expanding = {
  name: string
  step: ReturnType<Names['navigation']>
  options: QueryOptions
  inside: Expanding[]
  position: number
}

function expandsOf(names: Names, table: TableDefinition, options: QueryOptions): Expanding[] {
  const found = new Map<string, Expanding>()
  for (const { path, options: nested, position } of [...(options.expand ?? []), ...selectedBehind(options.select)]) {
    const [name = '', ...rest] = path
    if (name === '*') throw refuse(position, 'name what to expand instead of *')
    if (rest.length > 0)
      throw refuse(position, `$expand takes one name here; expand further inside it: ${printable(name)}($expand=…)`)
    if (found.has(name)) throw refuse(position, `${printable(name)} is expanded twice`)
    const step = names.navigation(table, name, position)
    checkNested(nested, step.kind, name, position)
    const target = step.kind === 'lookup' ? step.target : step.table
    found.set(name, { name, step, options: nested, inside: expandsOf(names, target, nested), position })
  }
  return [...found.values()]
}

/** `$select=customerid_account/name` expands the lookup for the columns that are named. */
function selectedBehind(select: readonly SelectItem[] | undefined): ExpandItem[] {
  const behind = (select ?? []).filter((one) => one.path.length > 1)
  return [...Map.groupBy(behind, (one) => one.path[0] ?? '')].map(([name, items]) => ({
    path: [name],
    options: { select: items.map((one) => ({ path: one.path.slice(1), position: one.position })) },
    position: items[0]?.position ?? 0,
  }))
}

function checkNested(nested: QueryOptions, kind: 'lookup' | 'collection', name: string, position: number): void {
  if (nested.filter !== undefined) checkFilter(nested.filter)
  if (nested.skip !== undefined) throw refuse(position, '$skip is not supported inside $expand')
  const many = nested.filter ?? nested.orderBy ?? nested.top ?? nested.count
  if (kind === 'lookup' && many !== undefined)
    throw refuse(position, `${printable(name)} leads to one row: only $select and $expand have a meaning inside it`)
}

/** Columns and expanded rows of one table, to ask and to show. */
function rowsOf(
  context: Context,
  table: TableDefinition,
  select: readonly SelectItem[] | undefined,
  expands: readonly Expanding[],
  depth: number,
): { columns: string[]; expand: Expand[]; shape: Shape & { kind: 'rows' } } {
  const shown = selectedColumns(context.names, table, select).map((name) => shapeColumn(context, table, name))
  const columns = shown.flatMap((one) => [
    one.key,
    ...one.names.map((name) => name.key),
    ...(one.targetKey === undefined ? [] : [one.targetKey]),
  ])
  const inside = expands.map((one) => expandOf(context, one, depth))
  return {
    columns: [...new Set(columns)],
    expand: inside.map((one) => one.expand),
    shape: { kind: 'rows', table, columns: shown, expands: inside.map((one) => one.shape) },
  }
}

/** The id comes along unasked, as Dataverse has it. */
function selectedColumns(names: Names, table: TableDefinition, select: readonly SelectItem[] | undefined): string[] {
  if (select === undefined) return names.all(table)
  const own = select.filter((one) => one.path.length === 1)
  const asked = own.flatMap(({ path, position }) => {
    const [name = ''] = path
    if (name === '*') return names.all(table)
    const isColumn = table.columns.has(name) || name.startsWith('_')
    // A navigation property stands for its link alone, which rows do not carry; $expand brings what is behind it.
    if (!isColumn && names.navigation(table, name, position) !== undefined) return []
    return [names.column(table, path, position).column.name]
  })
  return [...new Set([...asked, table.idColumn])]
}

function shapeColumn(context: Context, table: TableDefinition, name: string): ShapeColumn {
  const { column } = context.names.column(table, [name], 0)
  if (!isLookup(column)) return { key: name, name, column, names: [] }
  const shown: ShapeColumn = { key: name, name: `_${name}_value`, column, names: [] }
  if (!context.question.named) return shown
  const targets = column.targets.map((one) => context.question.catalog.get(one))
  const readable = targets.filter((one) => context.names.readable(one, one.nameColumn))
  const named = readable.slice(0, context.named.left)
  context.named.left -= named.length
  return {
    ...shown,
    names: named.map((target) => ({ target, key: `${navigationName(column, target.name)}.${target.nameColumn}` })),
    ...(targets.length > 1 ? { targetKey: `${name}type` } : {}),
  }
}

function expandOf(context: Context, one: Expanding, depth: number): { expand: Expand; shape: ShapeExpand } {
  const { name, step, options, position } = one
  if (step.kind === 'lookup') {
    const rows = rowsOf(context, step.target, options.select, one.inside, depth)
    const via = { kind: 'lookup', column: step.lookup.name, target: step.target } as const
    return {
      expand: { as: name, via, columns: rows.columns, rowsMax: 1, expand: rows.expand },
      shape: { key: name, name, single: true, rowsMax: 1, pages: false, lookup: step.lookup.name, shape: rows.shape },
    }
  }
  const { collectionDepthMax } = context.question.dialect
  if (depth + 1 > collectionDepthMax)
    throw refuse(position, `collections are expanded at most ${collectionDepthMax} deep inside each other here`)
  const rows = rowsOf(context, step.table, options.select, one.inside, depth + 1)
  const rowsMax = options.top ?? context.collectionRows
  const pages = options.top === undefined
  const counted = options.count === true
  return {
    expand: {
      as: name,
      via: { kind: 'collection', table: step.table, lookup: step.lookup.name },
      columns: rows.columns,
      orderBy: orderOf(context.names, step.table, options.orderBy),
      // One more than is shown tells whether there are more.
      rowsMax: pages ? rowsMax + 1 : rowsMax,
      expand: rows.expand,
      count: counted,
      ...(options.filter === undefined ? {} : { filter: context.names.filter(step.table, options.filter) }),
    },
    shape: {
      key: name,
      name,
      single: false,
      rowsMax,
      pages,
      ...(counted ? { countKey: `${name}@count` } : {}),
      lookup: step.lookup.name,
      shape: rows.shape,
    },
  }
}

function orderOf(names: Names, table: TableDefinition, orderBy: readonly OrderBy[] | undefined): RowOrder[] {
  return (orderBy ?? []).map((one) => ({
    column: names.column(table, one.path, one.position).path.join('.'),
    descending: one.descending,
  }))
}

function pageRowsOf({ options, dialect, pageRows }: Question, expands: readonly Expanding[]): number {
  const preferred = pageRows === undefined ? undefined : Math.min(Math.max(pageRows, 1), dialect.pageRowsMax)
  const otherwise = countCollections(expands).count > 0 ? PARENT_ROWS_DEFAULT : dialect.pageRowsDefault
  return options.top ?? preferred ?? Math.min(otherwise, dialect.pageRowsDefault)
}

/** So many rows of each collection that all together stay within the limit: half of it, as every list is asked for one more. */
function collectionRowsOf(expands: readonly Expanding[], parents: number): number {
  const { count, depth } = countCollections(expands)
  if (count === 0) return 1
  const rows = (queryLimits.expandedRows / 2 / count / (parents + 1)) ** (1 / depth)
  return Math.min(Math.max(Math.floor(rows) - 1, 1), COLLECTION_ROWS_MAX)
}

function countCollections(expands: readonly Expanding[]): { count: number; depth: number } {
  let count = 0
  let depth = 0
  for (const one of expands) {
    const own = one.step.kind === 'collection' ? 1 : 0
    const inside = countCollections(one.inside)
    count += own + inside.count
    depth = Math.max(depth, own + inside.depth)
  }
  return { count, depth }
}

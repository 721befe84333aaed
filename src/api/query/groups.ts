import type { Aggregate, ApplyStep, FilterExpression, OrderBy } from '#lib/odata/ast.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { checkFilter } from '#tables/query-limits.ts'
import type { GroupValue, RowOrder, RowQuery } from '#tables/row-query.ts'
import { printable } from '../protocol/refusals.ts'
import { type Names, refuse } from './names.ts'
import type { Answerable, GroupMember, Question } from './question.ts'

type GroupStep = Extract<ApplyStep, { kind: 'group' }>

/**
 * `$apply` as one grouped query: filters before the grouping choose rows, after it (and `$filter`, which OData applies last) groups; then
 * the order and how many. Throws ApiRefusal with the position of what has no meaning here.
 */
export function toGroups(question: Question, names: Names, base: Omit<RowQuery, 'columns' | 'rowsMax' | 'filter'>): Answerable {
  const { table, options, dialect } = question
  for (const name of ['select', 'expand', 'skip', 'skipToken'] as const)
    if (options[name] !== undefined) throw refuse(0, `$${name.toLowerCase()} has no meaning with $apply`)
  if (options.count === true) throw refuse(0, '$count has no meaning with $apply; aggregate $count')
  const parts = partsOf(options.apply ?? [])
  const { step } = parts
  const by = step.by.map((one) => memberOf(names, table, one.path, one.position))
  const values = step.values.map((one) => ({ value: aggregated(names, table, one), one }))
  const members = new Map(
    [...by, ...values.map(({ value, one }) => valueMember(names, table, value, one))].map((one) => [one.key, one]),
  )
  if (members.size < by.length + values.length) throw refuse(step.position, 'two values of the groups have the same name')

  const filter = all(parts.before)
  const having = all([...parts.after, ...(options.filter === undefined ? [] : [options.filter])])
  const order = [...(parts.orderBy ?? options.orderBy ?? [])].map((one) => groupOrder(members, one))
  const top = parts.top ?? options.top
  const pageRows = Math.min(top ?? dialect.pageRowsMax, dialect.pageRowsMax)
  const query: RowQuery = {
    ...base,
    columns: [],
    ...(filter === undefined ? {} : { filter: names.filter(table, filter) }),
    group: {
      by: by.map((one) => ({ column: one.column.path, as: one.key })),
      values: values.map((one) => one.value),
      ...(having === undefined ? {} : { having }),
    },
    orderBy: order,
    rowsMax: Math.max(pageRows, 1),
  }
  const shown = [...members.values()].map(
    ({ key, path, definition, method }): GroupMember => ({
      key,
      path,
      ...(definition === undefined ? {} : { column: definition }),
      ...(method === undefined ? {} : { method }),
    }),
  )
  return { query, shape: { kind: 'groups', table, members: shown }, pageRows, pages: false, count: false }
}

type Parts = {
  before: FilterExpression[]
  step: GroupStep
  after: FilterExpression[]
  orderBy: readonly OrderBy[] | undefined
  top: number | undefined
}

/** filter* (groupby | aggregate) filter* orderby? top? */
function partsOf(steps: readonly ApplyStep[]): Parts {
  const at = steps.findIndex((one) => one.kind === 'group')
  const step = steps[at]
  if (step?.kind !== 'group') throw refuse(0, '$apply needs groupby(…) or aggregate(…)')
  const parts: Parts = { before: [], step, after: [], orderBy: undefined, top: undefined }
  steps.forEach((one, i) => {
    if (one.kind === 'filter') checkFilter(one.filter)
    if (one.kind === 'filter' && i < at) parts.before.push(one.filter)
    else if (one.kind === 'filter' && parts.orderBy === undefined && parts.top === undefined) parts.after.push(one.filter)
    else if (one.kind === 'orderby' && i > at && parts.orderBy === undefined && parts.top === undefined)
      parts.orderBy = one.orderBy
    else if (one.kind === 'top' && i > at && parts.top === undefined) parts.top = one.rows
    else if (one !== step)
      throw refuse(one.position, `${one.kind === 'group' ? 'a second grouping' : one.kind} cannot stand here in $apply`)
  })
  return parts
}

type Member = { key: string; path: readonly string[]; definition?: GroupMember['column']; method?: Aggregate['method'] }

function memberOf(
  names: Names,
  table: TableDefinition,
  path: readonly string[],
  position: number,
): Member & { column: { path: string } } {
  const { path: columnPath, column } = names.column(table, path, position)
  const key = columnPath.join('.')
  const shown = isLookup(column) ? `_${column.name}_value` : column.name
  return { key, path: [...path.slice(0, -1), shown], definition: column, column: { path: key } }
}

function aggregated(names: Names, table: TableDefinition, one: Aggregate): GroupValue {
  if (one.method === 'count') return { as: one.as, method: 'count' }
  return { as: one.as, method: one.method, column: names.column(table, one.path, one.position).path.join('.') }
}

function valueMember(names: Names, table: TableDefinition, value: GroupValue, one: Aggregate): Member {
  const member: Member = { key: value.as, path: [value.as], method: one.method }
  if (one.method !== 'min' && one.method !== 'max') return member
  return { ...member, definition: names.column(table, one.path, one.position).column }
}

/** Groups are sorted by the names they answer under; a lookup by either of its names. */
function groupOrder(members: ReadonlyMap<string, Member>, order: OrderBy): RowOrder {
  const key = keyOf(order.path)
  if (!members.has(key)) throw refuse(order.position, `the groups have no value called ${printable(order.path.join('/'))}`)
  return { column: key, descending: order.descending }
}

function keyOf(path: readonly string[]): string {
  const last = path.at(-1) ?? ''
  return [...path.slice(0, -1), /^_(.+)_value$/.exec(last)?.[1] ?? last].join('.')
}

function all(filters: readonly FilterExpression[]): FilterExpression | undefined {
  return filters.reduce<FilterExpression | undefined>(
    (left, right) => (left === undefined ? right : { kind: 'and', left, right }),
    undefined,
  )
}

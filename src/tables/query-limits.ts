import { AppError } from '#lib/app-error.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import type { Expand, Link, RowQuery } from './row-query.ts'

/**
 * What one query may cost at most. A query beyond is refused before anything runs: AppError `query.too_costly` with the limit's name, its
 * number and what was given. docs/api.md explains each.
 */
export const queryLimits = {
  /** Other tables that paths over lookups reach. */
  joins: 20,
  links: 15,
  expands: 15,
  expandDepth: 4,
  /** Rows that all expanded collections together could answer with. */
  expandedRows: 100_000,
  columns: 400,
  orderColumns: 10,
  groupColumns: 10,
  groupValues: 20,
  /** Conditions, values and operators of one filter. */
  filterNodes: 1_000,
  /** any and all inside each other. */
  lambdaDepth: 3,
  lambdas: 10,
  inListLength: 1_000,
  /** Characters of one value in a filter. */
  textLength: 4_000,
} as const

export type QueryLimit = keyof typeof queryLimits

const SAYS: Readonly<Record<QueryLimit, string>> = {
  joins: 'reaches too many other tables through lookups',
  links: 'has too many link-entities',
  expands: 'expands too many relations',
  expandDepth: 'expands relations too deep inside each other',
  expandedRows: 'could answer with too many expanded rows; ask for smaller pages or give $top',
  columns: 'asks for too many columns',
  orderColumns: 'is sorted by too many columns',
  groupColumns: 'groups by too many columns',
  groupValues: 'computes too many values for each group',
  filterNodes: 'has a filter with too many parts',
  lambdaDepth: 'has any and all too deep inside each other',
  lambdas: 'asks for the rows of too many collections',
  inListLength: 'has too long a list of values',
  textLength: 'has too long a text in its filter',
}

/** Throws AppError `query.too_costly` when more is given than the limit. */
export function checkLimit(limit: QueryLimit, given: number): void {
  const max = queryLimits[limit]
  if (given <= max) return
  throw new AppError('query.too_costly', `The query ${SAYS[limit]}: ${given}, and the limit is ${max}`, {
    details: { limit, max, given },
  })
}

/** Throws AppError `query.too_costly` for the first limit that the query exceeds. Joins are counted while the query is compiled. */
export function checkQuery(query: Omit<RowQuery, 'columns'> & { columns?: readonly string[] }): void {
  checkLimit('columns', query.columns?.length ?? 0)
  checkLimit('orderColumns', query.orderBy?.length ?? 0)
  checkLimit('links', countLinks(query.links ?? []))
  checkExpands(query.expand ?? [], query.rowsMax)
  if (query.group !== undefined) {
    checkLimit('groupColumns', query.group.by.length)
    checkLimit('groupValues', query.group.values.length)
    if (query.group.having !== undefined) checkFilter(query.group.having)
  }
  if (query.filter !== undefined) checkFilter(query.filter)
}

/** The limits of one filter. It does not recurse: it comes before everything that does. */
export function checkFilter(filter: FilterExpression): void {
  let nodes = 0
  let lambdas = 0
  const rest: { part: FilterExpression | Operand; depth: number }[] = [{ part: filter, depth: 0 }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { part, depth } = next
    checkLimit('filterNodes', ++nodes)
    if (part.kind === 'lambda') checkLimit('lambdas', ++lambdas)
    if (part.kind === 'in' || (part.kind === 'condition' && 'values' in part)) checkLimit('inListLength', part.values.length)
    if (part.kind === 'literal' && 'value' in part.literal) checkLimit('textLength', String(part.literal.value).length)
    const inside = part.kind === 'lambda' ? depth + 1 : depth
    checkLimit('lambdaDepth', inside)
    for (const one of partsOf(part)) rest.push({ part: one, depth: inside })
    // Values of a list are one parameter: they count by the limit of their own.
    if (part.kind === 'in') nodes -= part.values.length
  }
}

function partsOf(part: FilterExpression | Operand): readonly (FilterExpression | Operand)[] {
  switch (part.kind) {
    case 'and':
    case 'or':
    case 'compare':
    case 'has':
    case 'arithmetic':
      return [part.left, part.right]
    case 'not':
      return [part.operand]
    case 'in':
      return [part.left, ...part.values]
    case 'condition':
      return 'values' in part ? [part.left, ...part.values] : [part.condition]
    case 'call':
    case 'function':
      return part.arguments
    case 'lambda':
      return part.predicate === undefined ? [] : [part.predicate]
    case 'path':
    case 'literal':
      return []
    default:
      return part satisfies never
  }
}

function checkExpands(expands: readonly Expand[], parentsMax: number): void {
  let count = 0
  let rows = 0
  const walk = (list: readonly Expand[], parents: number, depth: number) => {
    if (list.length > 0) checkLimit('expandDepth', depth)
    for (const one of list) {
      checkLimit('expands', ++count)
      checkLimit('columns', one.columns.length)
      checkLimit('orderColumns', one.orderBy?.length ?? 0)
      if (one.filter !== undefined) checkFilter(one.filter)
      const inside = one.via.kind === 'lookup' ? parents : parents * one.rowsMax
      if (one.via.kind === 'collection') rows += inside
      checkLimit('expandedRows', rows)
      walk(one.expand ?? [], inside, depth + 1)
    }
  }
  walk(expands, parentsMax, 1)
}

function countLinks(links: readonly Link[]): number {
  let count = links.length
  for (const one of links) {
    if (one.filter !== undefined) checkFilter(one.filter)
    count += countLinks(one.links)
  }
  return count
}

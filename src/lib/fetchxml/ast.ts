/** A parsed FetchXML query, as plain data. Who runs it decides which tables, columns and operators exist. */
export type FetchExpression = {
  /** The text it was parsed from: positions count its characters. */
  text: string
  entity: FetchEntity
  top: number | undefined
  count: number | undefined
  page: number
  pagingCookie: { value: string; position: number } | undefined
  returnTotal: boolean
  distinct: boolean
  aggregate: boolean
  aggregateLimit: number | undefined
  position: number
}

export type FetchEntity = {
  name: string
  allAttributes: boolean
  attributes: readonly FetchAttribute[]
  orders: readonly FetchOrder[]
  filters: readonly FetchFilter[]
  links: readonly FetchLink[]
  position: number
}

export type FetchLink = FetchEntity & {
  kind: 'link'
  /** Column of the linked table. */
  from: string
  /** Column of the table around it. */
  to: string
  alias: string | undefined
  linkType: LinkType
}

export const LINK_TYPES = [
  'inner',
  'outer',
  'exists',
  'in',
  'matchfirstrowusingcrossapply',
  'any',
  'not any',
  'all',
  'not all',
] as const
export type LinkType = (typeof LINK_TYPES)[number]

export type FetchAttribute = {
  name: string
  alias: string | undefined
  aggregate: FetchAggregate | undefined
  groupBy: boolean
  dateGrouping: DateGrouping | undefined
  distinct: boolean
  position: number
}
export const AGGREGATES = ['sum', 'avg', 'min', 'max', 'count', 'countcolumn'] as const
export type FetchAggregate = (typeof AGGREGATES)[number]
export const DATE_GROUPINGS = ['day', 'week', 'month', 'quarter', 'year', 'fiscal-period', 'fiscal-year'] as const
export type DateGrouping = (typeof DATE_GROUPINGS)[number]

export type FetchOrder = {
  by: { kind: 'attribute'; name: string; entityName: string | undefined } | { kind: 'alias'; name: string }
  descending: boolean
  position: number
}

export type FetchFilter = {
  kind: 'filter'
  type: 'and' | 'or'
  /** Its conditions' values are looked for in the table's search columns. */
  isQuickFind: boolean
  items: readonly (FetchFilter | FetchCondition | FetchLink)[]
  position: number
}

export type FetchCondition = {
  kind: 'condition'
  /** Alias of the link whose column it is, where that is not the element around it. */
  entityName: string | undefined
  attribute: string
  operator: string
  values: readonly { value: string; position: number }[]
  /** The column to compare with, of the same element or 'alias.column'. */
  valueOf: { value: string; position: number } | undefined
  position: number
}

import type { ExpandItem, FilterExpression, OrderBy, QueryOptions, SelectItem } from '#lib/odata/ast.ts'
import { parseQueryOptions } from '#lib/odata/parse-options.ts'
import { type Catalog, type Entity, type Field, getField, type Navigation } from '../entities/catalog.ts'
import { failQuery } from './failures.ts'
import { unknownField } from './filter.queries.ts'
import { type PageToken, parsePageToken } from './page-token.ts'

/** A read of an entity set, understood: what to find, in which order, what to show, and where to go on. */
export type ReadPlan = {
  entity: Entity
  /** Rows of this company only; undefined is all of them. */
  company: string | undefined
  filter: FilterExpression | undefined
  /** Values that a navigation property fixes. */
  linked: readonly { field: Field; value: string }[]
  order: readonly Order[]
  shape: Shape
  /** All that may be served over all pages, and what to leave out first. */
  top: number | undefined
  skip: number
  count: boolean
  after: PageToken | undefined
}

export type Order = { field: Field; descending: boolean }

/** What is shown of a row. */
export type Shape = {
  entity: Entity
  fields: readonly Field[]
  /** Given by $select, for the context. */
  selected: readonly string[] | undefined
  expands: readonly Expand[]
}

export type Expand = {
  navigation: Navigation
  shape: Shape
  filter: FilterExpression | undefined
  order: readonly Order[]
  top: number | undefined
}

const KNOWN = new Set(['$filter', '$orderby', '$select', '$expand', '$top', '$skip', '$count', '$skiptoken', '$format'])

/** Understands the query parameters of a read of `entity`, refusing what Finance & Operations refuses. */
export function planRead(catalog: Catalog, entity: Entity, query: URLSearchParams, company: string): ReadPlan {
  for (const name of query.keys()) {
    if (name.startsWith('$') && !KNOWN.has(name)) failQuery(`The query parameter '${name}' is not supported.`)
  }
  const options = parseQueryOptions(query)
  const order = orderOf(entity, options.orderBy ?? [])
  const token = query.get('$skiptoken')
  return {
    entity,
    company: companyOf(entity, query, company),
    filter: options.filter,
    linked: [],
    order,
    shape: shapeOf(catalog, entity, options),
    top: options.top,
    skip: options.skip ?? 0,
    count: options.count ?? false,
    after: token === null ? undefined : parsePageToken(token, order.length),
  }
}

/** The user's own company, unless the client asks across companies. */
export function companyOf(entity: Entity, query: URLSearchParams, company: string): string | undefined {
  return entity.perCompany && query.get('cross-company')?.toLowerCase() !== 'true' ? company : undefined
}

export function shapeOf(catalog: Catalog, entity: Entity, options: QueryOptions): Shape {
  const expands = (options.expand ?? []).map((item) => expandOf(catalog, entity, item))
  const select = options.select
  if (select === undefined || select.some((item) => item.path[0] === '*')) {
    return { entity, fields: [...entity.fields.values()], selected: undefined, expands }
  }
  const fields = new Set<Field>()
  for (const item of select) {
    const field = selectedField(entity, item)
    if (field !== undefined) fields.add(field)
  }
  return { entity, fields: [...fields], selected: select.map((item) => item.path.join('/')), expands }
}

function selectedField(entity: Entity, item: SelectItem): Field | undefined {
  const name = item.path.join('/')
  const field = entity.fields.get(name)
  if (field === undefined && !entity.navigation.has(name)) failQuery(unknownField(entity, name))
  return field
}

function expandOf(catalog: Catalog, entity: Entity, item: ExpandItem): Expand {
  const name = item.path.join('/')
  if (item.path.length > 1 || item.options.expand !== undefined) failQuery('$expand is supported one level deep.')
  const navigation = entity.navigation.get(name) ?? failQuery(unknownField(entity, name))
  const there = catalog.bySet.get(navigation.set) ?? failQuery(unknownField(entity, name))
  const { options } = item
  if (options.skip !== undefined || options.count !== undefined) failQuery('$skip and $count are not supported inside $expand.')
  return {
    navigation,
    shape: shapeOf(catalog, there, options),
    filter: options.filter,
    order: orderOf(there, options.orderBy ?? []),
    top: options.top,
  }
}

/** The wished order, made total by the key, so that every page goes on where the one before ended. */
function orderOf(entity: Entity, wished: readonly OrderBy[]): Order[] {
  const order: Order[] = []
  const add = (field: Field, descending: boolean) => {
    if (!order.some((one) => one.field === field)) order.push({ field, descending })
  }
  for (const { path, descending } of wished) {
    const name = path.join('/')
    add(entity.fields.get(name) ?? failQuery(unknownField(entity, name)), descending)
  }
  for (const key of entity.keys) add(getField(entity, key.name), false)
  return order
}

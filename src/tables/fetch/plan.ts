import { isAppError } from '#lib/app-error.ts'
import type { FetchAttribute, FetchEntity, FetchExpression, FetchLink, FetchOrder } from '#lib/fetchxml/ast.ts'
import { refuseAt } from '#lib/fetchxml/xml.ts'
import type { Catalog } from '../catalog.ts'
import { type ColumnDefinition, getColumn, isLookup, type TableDefinition } from '../definition.ts'
import { postgresTypeOf } from '../query/scope.ts'
import type { Grouping, GroupValue, Link, RowOrder } from '../row-query.ts'
import { filterOf } from './filters.ts'
import { type Place, type Planning, pathOf, placeNamed } from './places.ts'

/** What a query answers under one name. */
export type FetchColumn = {
  /** The key in each row: 'name', 'alias.name', or the attribute's own alias. */
  as: string
  table: TableDefinition
  column: ColumnDefinition
  /** Alias of the link that it comes from. */
  link: string | undefined
  kind: 'value' | 'group' | 'aggregate'
  /** Where the compiled statement answers it. */
  path: string
}

export type FetchPlan = {
  table: TableDefinition
  columns: readonly FetchColumn[]
  filter: ReturnType<typeof filterOf>
  links: readonly Link[]
  orderBy: readonly RowOrder[]
  group: Grouping | undefined
}

const NUMERIC = ['integer', 'bigint', 'decimal', 'money']
const JOINING = ['inner', 'outer', 'matchfirstrowusingcrossapply']

/** Resolves every name of a query. Throws AppError `fetch.invalid` with the place of what does not exist or is closed. */
export function planOf(
  fetch: FetchExpression,
  catalog: Catalog,
  isOpen: (table: TableDefinition, column: string) => boolean,
): FetchPlan {
  const planning: Planning = { text: fetch.text, catalog, isOpen, places: new Map(), aliases: new Map() }
  const { entity } = fetch
  const root: Place = { table: tableAt(planning, entity), name: undefined, alias: undefined }
  planning.places.set(entity, root)
  const inside = linksIn(entity)
  for (const link of inside) namePlace(planning, link)
  const joined = inside.filter((link) => isJoined(entity, link))
  const all: FetchEntity[] = [entity, ...inside]
  for (const link of inside)
    if (!joined.includes(link) && (link.attributes.length > 0 || link.allAttributes || link.orders.length > 0))
      throw refuseAt(fetch.text, link.position, `a link of type ${link.linkType}, and what is in it, answers no columns`)

  const base = {
    table: root.table,
    filter: filterOf(planning, entity, root),
    links: linksOf(planning, entity),
  }
  if (fetch.aggregate) {
    const { group, columns } = groupingOf(planning, all)
    return {
      ...base,
      columns,
      group,
      orderBy: all.flatMap((one) => one.orders.map((order) => groupOrder(planning, columns, order))),
    }
  }
  const columns = all.flatMap((one) => columnsOf(planning, one))
  const hasId = columns.some((one) => one.path === root.table.idColumn)
  if (!hasId && !fetch.distinct) columns.push(valueColumn(root, getColumn(root.table, root.table.idColumn), undefined))
  const unique = new Set(columns.map((one) => one.as))
  if (unique.size < columns.length)
    throw refuseAt(fetch.text, entity.position, 'two columns answer under one name; give them aliases')
  if (fetch.distinct && columns.length === 0)
    throw refuseAt(fetch.text, entity.position, 'a distinct query names the attributes to tell rows apart')
  const orderBy = all.flatMap((one) => one.orders.map((order) => rowOrder(planning, one, columns, order)))
  return { ...base, columns, group: undefined, orderBy }
}

/** A link, for the compiler; its columns are asked for by the name of its place. */
function linkOf(planning: Planning, link: FetchLink, around: Place): Link {
  const place = placeFor(planning, link)
  const from = pathOf(planning, place, link.from, link.position).column
  const to = pathOf(planning, around, link.to, link.position).column
  if (postgresTypeOf(from) !== postgresTypeOf(to))
    throw refuseAt(
      planning.text,
      link.position,
      `from and to hold different things: ${from.name} is ${from.type}, ${to.name} is ${to.type}`,
    )
  const filter = filterOf(planning, link, place)
  return {
    alias: place.name ?? '',
    table: place.table,
    from: link.from,
    to: link.to,
    linkType: link.linkType,
    ...(filter === undefined ? {} : { filter }),
    links: linksOf(planning, link),
  }
}

/** Links directly inside an element, and those of its filters that hold for every row: all of them stand in filters of type `and`. */
function linksOf(planning: Planning, entity: FetchEntity): Link[] {
  const place = placeFor(planning, entity)
  return [...entity.links, ...filterLinks(entity)].map((link) => linkOf(planning, link, place))
}

function filterLinks(entity: FetchEntity): FetchLink[] {
  const inside = (items: FetchEntity['filters'][number]['items']): FetchLink[] =>
    items.flatMap((item) => (item.kind === 'link' ? [item] : item.kind === 'filter' ? inside(item.items) : []))
  return entity.filters.flatMap((filter) => inside(filter.items))
}

/** All links of the query in the order of the text. */
function linksIn(entity: FetchEntity): FetchLink[] {
  return [...entity.links, ...filterLinks(entity)].flatMap((link) => [link, ...linksIn(link)])
}

function isJoined(entity: FetchEntity, link: FetchLink): boolean {
  if (entity.links.includes(link)) return JOINING.includes(link.linkType)
  return entity.links.some((one) => JOINING.includes(one.linkType) && isJoined(one, link))
}

function namePlace(planning: Planning, link: FetchLink): void {
  const number = planning.places.size
  const alias = link.alias ?? `${link.name}${number}`
  if (planning.aliases.has(alias)) throw refuseAt(planning.text, link.position, `the alias ${alias} is used twice`)
  // No column's name begins with _.
  const place: Place = { table: tableAt(planning, link), name: `_${number}`, alias }
  planning.places.set(link, place)
  planning.aliases.set(alias, place)
}

function placeFor(planning: Planning, entity: FetchEntity): Place {
  return planning.places.get(entity) as Place
}

function tableAt(planning: Planning, entity: FetchEntity): TableDefinition {
  try {
    return planning.catalog.get(entity.name)
  } catch (error) {
    if (!isAppError(error)) throw error
    throw refuseAt(planning.text, entity.position, `there is no table ${entity.name.slice(0, 100)}`)
  }
}

function columnsOf(planning: Planning, entity: FetchEntity): FetchColumn[] {
  const place = placeFor(planning, entity)
  const named = entity.attributes.map((attribute) => {
    if (attribute.aggregate !== undefined || attribute.groupBy || attribute.dateGrouping !== undefined)
      throw refuseAt(planning.text, attribute.position, 'sums and groups need <fetch aggregate="true">')
    const { column } = pathOf(planning, place, attribute.name, attribute.position)
    return valueColumn(place, column, attribute.alias)
  })
  if (!entity.allAttributes) return named
  const taken = new Set(named.map((one) => one.column.name))
  const rest = [...place.table.columns.values()].filter((one) => !taken.has(one.name) && planning.isOpen(place.table, one.name))
  return [...named, ...rest.map((column) => valueColumn(place, column, undefined))]
}

function valueColumn(place: Place, column: ColumnDefinition, alias: string | undefined): FetchColumn {
  const as = alias ?? (place.alias === undefined ? column.name : `${place.alias}.${column.name}`)
  const path = place.name === undefined ? column.name : `${place.name}.${column.name}`
  return { as, table: place.table, column, link: place.alias, kind: 'value', path }
}

function rowOrder(planning: Planning, entity: FetchEntity, columns: readonly FetchColumn[], order: FetchOrder): RowOrder {
  const { by, descending, position } = order
  if (by.kind === 'alias') {
    const found = columns.find((one) => one.as === by.name)
    if (found === undefined) throw refuseAt(planning.text, position, `no attribute has the alias ${by.name.slice(0, 100)}`)
    return { column: found.path, descending }
  }
  const place = by.entityName === undefined ? placeFor(planning, entity) : placeNamed(planning, by.entityName, position)
  const { path, column } = pathOf(planning, place, by.name, position)
  // A lookup is sorted by what people see of it, the name of the row it points to.
  const target = isLookup(column) ? planning.catalog.get(column.targets[0] ?? '') : undefined
  return { column: [...path, ...(target === undefined ? [] : [target.nameColumn])].join('.'), descending }
}

function groupOrder(planning: Planning, columns: readonly FetchColumn[], { by, descending, position }: FetchOrder): RowOrder {
  const found = by.kind === 'alias' ? columns.find((one) => one.as === by.name) : undefined
  if (found === undefined)
    throw refuseAt(planning.text, position, 'an aggregate query is sorted by the alias of one of its attributes')
  return { column: found.path, descending }
}

function groupingOf(planning: Planning, entities: readonly FetchEntity[]): { group: Grouping; columns: FetchColumn[] } {
  const columns: FetchColumn[] = []
  const by: { column: string; as: string; part?: NonNullable<FetchAttribute['dateGrouping']> }[] = []
  const values: GroupValue[] = []
  for (const entity of entities) {
    const place = placeFor(planning, entity)
    for (const attribute of entity.attributes) {
      const as = attribute.alias ?? attribute.name
      const { path, column } = pathOf(planning, place, attribute.name, attribute.position)
      if (columns.some((one) => one.as === as)) throw refuseAt(planning.text, attribute.position, `the alias ${as} is used twice`)
      const kind = attribute.groupBy ? 'group' : 'aggregate'
      columns.push({ as, table: place.table, column, link: place.alias, kind, path: as })
      if (attribute.groupBy) by.push({ column: path.join('.'), as, ...datePart(planning, attribute, column) })
      else values.push(groupValue(planning, attribute, column, path.join('.'), as))
    }
  }
  if (columns.length === 0)
    throw refuseAt(planning.text, entities[0]?.position ?? 0, 'an aggregate query names at least one attribute')
  return { group: { by, values }, columns }
}

function datePart(planning: Planning, attribute: FetchAttribute, column: ColumnDefinition) {
  if (attribute.dateGrouping === undefined) return {}
  if (column.type !== 'date' && column.type !== 'datetime')
    throw refuseAt(planning.text, attribute.position, `dategrouping works on dates, and ${column.name} is ${column.type}`)
  return { part: attribute.dateGrouping }
}

function groupValue(
  planning: Planning,
  attribute: FetchAttribute,
  column: ColumnDefinition,
  path: string,
  as: string,
): GroupValue {
  const { aggregate } = attribute
  const mustBe = (types: readonly string[], what: string) => {
    if (!types.includes(column.type))
      throw refuseAt(planning.text, attribute.position, `${aggregate} works on ${what}, and ${column.name} is ${column.type}`)
  }
  switch (aggregate) {
    case 'sum':
    case 'avg':
      mustBe(NUMERIC, 'numbers')
      return { as, method: aggregate === 'avg' ? 'average' : 'sum', column: path }
    case 'min':
    case 'max':
      mustBe([...NUMERIC, 'date', 'datetime', 'string', 'choice'], 'numbers, texts and dates')
      return { as, method: aggregate, column: path }
    case 'countcolumn':
      return { as, method: attribute.distinct ? 'countdistinct' : 'countcolumn', column: path }
    default:
      return { as, method: 'count' }
  }
}

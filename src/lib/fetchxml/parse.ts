import {
  AGGREGATES,
  DATE_GROUPINGS,
  type FetchAttribute,
  type FetchCondition,
  type FetchEntity,
  type FetchExpression,
  type FetchFilter,
  type FetchLink,
  type FetchOrder,
  LINK_TYPES,
} from './ast.ts'
import { parseXml, refuseAt, type XmlElement } from './xml.ts'

export const CONDITIONS_MAX = 500
export const LINKS_MAX = 15
const FILTER_DEPTH_MAX = 10
const VALUES_MAX = 2_000
const ROWS_MAX = 5_000
const PAGE_MAX = 1_000_000

/**
 * Parses a FetchXML query. What Dataverse documents and we do not have is refused by name, what only tunes Dataverse's own database is
 * ignored (no-lock, latematerialize, hint, uiname …), and what nobody knows is refused, so that nothing is silently left out of a query.
 * Throws AppError `fetch.invalid` with line, column and position.
 */
export function parseFetch(text: string): FetchExpression {
  const root = parseXml(text)
  const work: Work = { text, conditions: 0, links: 0, values: 0 }
  if (root.name !== 'fetch') throw refuse(work, root, `a query begins with <fetch>, and this is <${root.name}>`)
  known(work, root, FETCH_ATTRIBUTES, FETCH_IGNORED)
  const [entity, ...more] = root.children
  if (entity?.name !== 'entity' || more.length > 0) throw refuse(work, more[0] ?? entity ?? root, '<fetch> holds one <entity>')
  const fetch: FetchExpression = {
    text,
    entity: readEntity(work, entity, 0),
    top: whole(work, root, 'top', 1, ROWS_MAX),
    count: whole(work, root, 'count', 1, ROWS_MAX),
    page: whole(work, root, 'page', 1, PAGE_MAX) ?? 1,
    pagingCookie: root.attributes.get('paging-cookie'),
    returnTotal: flag(work, root, 'returntotalrecordcount'),
    distinct: flag(work, root, 'distinct'),
    aggregate: flag(work, root, 'aggregate'),
    aggregateLimit: whole(work, root, 'aggregatelimit', 1, 1_000_000_000),
    position: root.position,
  }
  if (fetch.top !== undefined && (root.attributes.has('page') || root.attributes.has('paging-cookie')))
    throw refuse(work, root, 'top and page do not go together: use count with page')
  if (fetch.top !== undefined && fetch.returnTotal) throw refuse(work, root, 'top and returntotalrecordcount do not go together')
  if (fetch.aggregate) checkAggregate(work, fetch)
  return fetch
}

type Work = { readonly text: string; conditions: number; links: number; values: number }

const FETCH_ATTRIBUTES = [
  ...['top', 'count', 'page', 'paging-cookie', 'returntotalrecordcount', 'distinct', 'aggregate', 'aggregatelimit'],
]
const FETCH_IGNORED = [
  ...['no-lock', 'latematerialize', 'version', 'output-format', 'mapping', 'options', 'useraworderby', 'savedqueryid'],
]
const ENTITY_CHILDREN = ['attribute', 'all-attributes', 'order', 'filter', 'link-entity']

function readEntity(work: Work, element: XmlElement, depth: number): FetchEntity {
  if (element.name === 'entity') known(work, element, ['name'], ['enableprefiltering', 'prefilterparametername'])
  noText(work, element)
  const of = (name: string) => element.children.filter((child) => child.name === name)
  for (const child of element.children)
    if (!ENTITY_CHILDREN.includes(child.name)) throw refuse(work, child, `<${child.name}> is not known in <${element.name}>`)
  return {
    name: required(work, element, 'name'),
    allAttributes: of('all-attributes').length > 0,
    attributes: of('attribute').map((child) => readAttribute(work, child)),
    orders: of('order').map((child) => readOrder(work, child)),
    filters: of('filter').map((child) => readFilter(work, child, depth + 1)),
    links: of('link-entity').map((child) => readLink(work, child, depth + 1)),
    position: element.position,
  }
}

function readLink(work: Work, element: XmlElement, depth: number): FetchLink {
  known(work, element, ['name', 'from', 'to', 'alias', 'link-type'], ['intersect', 'visible', 'enableprefiltering'])
  work.links++
  if (work.links > LINKS_MAX) throw refuse(work, element, `a query has at most ${LINKS_MAX} link-entity elements`)
  const linkType = element.attributes.get('link-type')?.value ?? 'inner'
  const alias = element.attributes.get('alias')
  if (alias !== undefined && !/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(alias.value))
    throw refuseAt(work.text, alias.position, 'an alias has letters, digits and _, and begins with a letter')
  return {
    kind: 'link',
    ...readEntity(work, element, depth),
    from: required(work, element, 'from'),
    to: required(work, element, 'to'),
    alias: alias?.value,
    linkType: oneOf(work, element, 'link-type', linkType, LINK_TYPES),
  }
}

function readAttribute(work: Work, element: XmlElement): FetchAttribute {
  leaf(work, element)
  if (element.attributes.has('rowaggregate'))
    throw refuse(work, element, 'rowaggregate is not supported; link the children and count them')
  known(
    work,
    element,
    ['name', 'alias', 'aggregate', 'groupby', 'dategrouping', 'distinct'],
    ['build', 'addedby', 'usertimezone'],
  )
  const aggregate = element.attributes.get('aggregate')?.value
  const dateGrouping = element.attributes.get('dategrouping')?.value
  const alias = element.attributes.get('alias')
  if (alias !== undefined && !/^[A-Za-z_][A-Za-z0-9_.]{0,62}$/.test(alias.value))
    throw refuseAt(work.text, alias.position, 'an alias has letters, digits, _ and ., and begins with a letter')
  return {
    name: required(work, element, 'name'),
    alias: alias?.value,
    aggregate: aggregate === undefined ? undefined : oneOf(work, element, 'aggregate', aggregate, AGGREGATES),
    groupBy: flag(work, element, 'groupby'),
    dateGrouping: dateGrouping === undefined ? undefined : oneOf(work, element, 'dategrouping', dateGrouping, DATE_GROUPINGS),
    distinct: flag(work, element, 'distinct'),
    position: element.position,
  }
}

function readOrder(work: Work, element: XmlElement): FetchOrder {
  leaf(work, element)
  known(work, element, ['attribute', 'alias', 'entityname', 'descending'], [])
  const attribute = element.attributes.get('attribute')?.value
  const alias = element.attributes.get('alias')?.value
  if ((attribute === undefined) === (alias === undefined)) throw refuse(work, element, 'an order names an attribute or an alias')
  return {
    by:
      attribute === undefined
        ? { kind: 'alias', name: alias ?? '' }
        : { kind: 'attribute', name: attribute, entityName: element.attributes.get('entityname')?.value },
    descending: flag(work, element, 'descending'),
    position: element.position,
  }
}

function readFilter(work: Work, element: XmlElement, depth: number): FetchFilter {
  known(
    work,
    element,
    ['type', 'isquickfindfields'],
    ['hint', 'overridequickfindrecordlimitenabled', 'overridequickfindrecordlimitdisabled', 'bypassquickfind'],
  )
  noText(work, element)
  if (depth > FILTER_DEPTH_MAX) throw refuse(work, element, `filters stand in each other more than ${FILTER_DEPTH_MAX} deep`)
  const type = element.attributes.get('type')?.value ?? 'and'
  return {
    kind: 'filter',
    type: oneOf(work, element, 'type', type, ['and', 'or'] as const),
    isQuickFind: flag(work, element, 'isquickfindfields'),
    items: element.children.map((child) => {
      if (child.name === 'condition') return readCondition(work, child)
      if (child.name === 'filter') return readFilter(work, child, depth + 1)
      if (child.name === 'link-entity') return readLink(work, child, depth + 1)
      throw refuse(work, child, `<${child.name}> is not known in <filter>`)
    }),
    position: element.position,
  }
}

const CONDITION_IGNORED = ['uiname', 'uitype', 'uihidden']

function readCondition(work: Work, element: XmlElement): FetchCondition {
  known(work, element, ['attribute', 'operator', 'value', 'valueof', 'entityname'], CONDITION_IGNORED)
  work.conditions++
  if (work.conditions > CONDITIONS_MAX) throw refuse(work, element, `a query has at most ${CONDITIONS_MAX} conditions`)
  const inline = element.attributes.get('value')
  const listed = element.children.map((child) => {
    if (child.name !== 'value' || child.children.length > 0) throw refuse(work, child, '<condition> holds <value> elements only')
    known(work, child, [], ['uiname', 'uitype'])
    return child.text
  })
  if (listed.length === 0) noText(work, element)
  if (inline !== undefined && listed.length > 0)
    throw refuse(work, element, 'a condition has a value attribute or <value> elements, not both')
  const values = inline === undefined ? listed : [inline]
  work.values += values.length
  if (work.values > VALUES_MAX) throw refuse(work, element, `a query has at most ${VALUES_MAX} values`)
  const compared = element.attributes.get('valueof')
  if (compared !== undefined && values.length > 0) throw refuse(work, element, 'a condition has a value or valueof, not both')
  return {
    kind: 'condition',
    entityName: element.attributes.get('entityname')?.value,
    attribute: required(work, element, 'attribute'),
    operator: required(work, element, 'operator'),
    values,
    valueOf: compared,
    position: element.position,
  }
}

/** What an aggregate query must say of every column. */
function checkAggregate(work: Work, fetch: FetchExpression): void {
  const check = (entity: FetchEntity) => {
    if (entity.allAttributes) throw refuseAt(work.text, entity.position, 'all-attributes and aggregate do not go together')
    for (const attribute of entity.attributes) {
      if (attribute.alias === undefined)
        throw refuseAt(work.text, attribute.position, `${attribute.name} needs an alias in an aggregate query`)
      if ((attribute.aggregate === undefined) !== attribute.groupBy)
        throw refuseAt(
          work.text,
          attribute.position,
          `${attribute.name} needs either aggregate or groupby="true" in an aggregate query`,
        )
    }
    entity.links.forEach(check)
  }
  check(fetch.entity)
}

function known(work: Work, element: XmlElement, names: readonly string[], ignored: readonly string[]): void {
  for (const [name, { position }] of element.attributes)
    if (!names.includes(name) && !ignored.includes(name))
      throw refuseAt(work.text, position, `${name} is not known in <${element.name}>`)
}

function required(work: Work, element: XmlElement, name: string): string {
  const value = element.attributes.get(name)?.value.trim() ?? ''
  if (value === '') throw refuse(work, element, `<${element.name}> needs ${name}="…"`)
  return value
}

function flag(work: Work, element: XmlElement, name: string): boolean {
  const value = element.attributes.get(name)
  if (value === undefined || /^(false|0)$/i.test(value.value)) return false
  if (!/^(true|1)$/i.test(value.value)) throw refuseAt(work.text, value.position, `${name} is true or false`)
  return true
}

function whole(work: Work, element: XmlElement, name: string, min: number, max: number): number | undefined {
  const value = element.attributes.get(name)
  if (value === undefined) return undefined
  const number = /^\d{1,10}$/.test(value.value.trim()) ? Number(value.value) : Number.NaN
  if (!(number >= min && number <= max))
    throw refuseAt(work.text, value.position, `${name} is a whole number from ${min} to ${max}`)
  return number
}

function oneOf<T extends string>(work: Work, element: XmlElement, name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw refuseAt(work.text, element.attributes.get(name)?.position ?? element.position, `${name} is one of ${choices.join(', ')}`)
}

function leaf(work: Work, element: XmlElement): void {
  noText(work, element)
  if (element.children.length > 0) throw refuse(work, element, `<${element.name}> holds nothing`)
}

function noText(work: Work, element: XmlElement): void {
  if (element.text.value.trim() !== '') throw refuseAt(work.text, element.text.position, `<${element.name}> holds no text`)
}

function refuse(work: Work, element: XmlElement, reason: string) {
  return refuseAt(work.text, element.position, reason)
}

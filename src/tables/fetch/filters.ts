import type { FetchCondition, FetchEntity, FetchFilter } from '#lib/fetchxml/ast.ts'
import { refuseAt } from '#lib/fetchxml/xml.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import { type Place, type Planning, pathOf, placeNamed } from './places.ts'

const IN_FILTERS = ['any', 'not any', 'all', 'not all']

/** The filters of an element as one expression; links inside them are left to `linksOf`. Undefined where nothing is asked. */
export function filterOf(planning: Planning, entity: FetchEntity, place: Place): FilterExpression | undefined {
  return combined(
    'and',
    entity.filters.map((filter) => expressionOf(planning, filter, place, true)),
  )
}

function expressionOf(planning: Planning, filter: FetchFilter, place: Place, isAlways: boolean): FilterExpression | undefined {
  // One item alone means the same under `and` and `or`.
  const isStillAlways = isAlways && (filter.type === 'and' || filter.items.length === 1)
  const parts = filter.items.map((item): FilterExpression | undefined => {
    switch (item.kind) {
      case 'filter':
        return expressionOf(planning, item, place, isStillAlways)
      case 'condition':
        return filter.isQuickFind ? searched(planning, item, place) : conditionOf(planning, item, place)
      case 'link':
        if (!IN_FILTERS.includes(item.linkType))
          throw refuseAt(planning.text, item.position, `a link inside a filter has one of the types ${IN_FILTERS.join(', ')}`)
        if (!isStillAlways)
          throw refuseAt(planning.text, item.position, 'a link inside a filter of type or is not supported; ask in two queries')
        return undefined
      default:
        return item satisfies never
    }
  })
  return combined(filter.type, parts)
}

function conditionOf(planning: Planning, condition: FetchCondition, place: Place): FilterExpression {
  const { operator, position } = condition
  const at = condition.entityName === undefined ? place : placeNamed(planning, condition.entityName, position)
  const left = operandOf(planning, at, condition.attribute, position, at === place)
  const values: Operand[] = condition.values.map((one) => ({
    kind: 'literal',
    literal: { type: 'string', value: one.value },
    position: one.position,
  }))
  if (condition.valueOf !== undefined) {
    const { value, position: valueAt } = condition.valueOf
    const [alias, name] = value.includes('.') ? value.split('.', 2) : [undefined, value]
    const other = alias === undefined ? at : placeNamed(planning, alias, valueAt)
    values.push(operandOf(planning, other, name ?? '', valueAt, other === place))
  }
  return { kind: 'condition', operator, left, values, position }
}

/** A column of the element that the filter stands in is named without an alias, whatever the element. */
function operandOf(planning: Planning, place: Place, name: string, position: number, isOwn: boolean): Operand {
  const { path } = pathOf(planning, place, name, position)
  return { kind: 'path', names: isOwn ? path.slice(-1) : path, position }
}

/** What a search box has been asked: the text anywhere in one of the table's search columns. */
function searched(planning: Planning, condition: FetchCondition, place: Place): FilterExpression {
  const { position } = condition
  const text = condition.values[0]?.value.replace(/^%|%$/g, '') ?? ''
  const literal: Operand = {
    kind: 'literal',
    literal: { type: 'string', value: text },
    position: condition.values[0]?.position ?? position,
  }
  const columns = place.table.search.filter((name) => planning.isOpen(place.table, name))
  const found = combined(
    'or',
    columns.map((name) => ({
      kind: 'call',
      name: 'contains',
      arguments: [{ kind: 'path', names: name.split('.'), position }, literal],
      position,
    })),
  )
  if (found === undefined) throw refuseAt(planning.text, position, `the table ${place.table.name} has no columns to search in`)
  return found
}

function combined(kind: 'and' | 'or', parts: readonly (FilterExpression | undefined)[]): FilterExpression | undefined {
  const there = parts.filter((part) => part !== undefined)
  return there.length === 0 ? undefined : there.reduce((left, right) => ({ kind, left, right }))
}

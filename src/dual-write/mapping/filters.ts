import { messageOf } from '#lib/app-error.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import { parseFilter } from '#lib/odata/parse-filter.ts'
import type { Sql } from '#postgres/sql.ts'
import type { Catalog } from '#tables/catalog.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { RowPredicate } from '#tables/predicate.ts'
import { compileCondition } from '#tables/query.ts'
import type { TableMap } from '../table-map.ts'
import { equalitiesOf, fieldsIn, refusalOf } from './filter.ts'
import type { Report } from './findings.ts'
import type { MapFile } from './map-file.ts'

/** The filters of both sides, in one syntax. */
export function readFilters(source: MapFile, table: TableDefinition, report: Report): TableMap['filter'] {
  const erp = readFilter(source.filter?.erp, 'erp', report)
  const portal = readFilter(source.filter?.portal, 'portal', report)
  for (const name of portal === undefined ? [] : fieldsIn(portal)) {
    if (!table.columns.has(name))
      report('DIPV1012', 'filter.portal', {
        column: name,
        message: `${table.name} has no column ${name}`,
        remedy: 'Correct the filter',
      })
  }
  return { erp, portal, where: erp === undefined ? {} : equalitiesOf(erp) }
}

/** The rows of the map's table that the ERP shall have, for statements over many rows: what `belongsInErp` says of one. */
export function portalRows(catalog: Catalog, map: TableMap): RowPredicate | undefined {
  const { portal } = map.filter
  if (portal === undefined) return undefined
  const folded = withoutCase(portal, map.table)
  return { reason: `the filter of ${map.name}`, sql: (alias: Sql) => compileCondition(catalog, map.table, folded, alias) }
}

/** Text compares without regard to case in a map's filter; PostgreSQL has regard to it. */
function withoutCase(filter: FilterExpression, table: TableDefinition): FilterExpression {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, left: withoutCase(filter.left, table), right: withoutCase(filter.right, table) }
    case 'not':
      return { ...filter, operand: withoutCase(filter.operand, table) }
    case 'compare':
      return isText(filter.left, table) && isTextLiteral(filter.right)
        ? { ...filter, left: folded(filter.left), right: folded(filter.right) }
        : filter
    case 'in':
      return filter.values
        .map((right): FilterExpression => {
          const { left, position } = filter
          return withoutCase({ kind: 'compare', operator: 'eq', left, right, position }, table)
        })
        .reduce((left, right) => ({ kind: 'or', left, right }))
    default:
      return filter
  }
}

function isText(operand: Operand, table: TableDefinition): boolean {
  if (operand.kind === 'function') return true
  const type = operand.kind === 'path' ? table.columns.get(operand.names.join('.'))?.type : undefined
  return type === 'string' || type === 'memo'
}

function isTextLiteral(operand: Operand): boolean {
  return operand.kind === 'literal' && operand.literal.type === 'string'
}

function folded(operand: Operand): Operand {
  if (operand.kind === 'literal' && operand.literal.type === 'string')
    return { ...operand, literal: { type: 'string', value: operand.literal.value.toLowerCase() } }
  return { kind: 'function', name: 'tolower', arguments: [operand], position: operand.position }
}

function readFilter(text: string | undefined, side: 'erp' | 'portal', report: Report): FilterExpression | undefined {
  if (text === undefined) return undefined
  const say = (why: string) =>
    report('DIPV1012', `filter.${side}`, {
      message: `the filter "${text}" cannot be read: ${why}`,
      remedy: 'Write it in OData’s filter language',
    })
  try {
    const filter = parseFilter(text)
    const why = refusalOf(filter)
    if (why === undefined) return filter
    say(why)
  } catch (error) {
    say(messageOf(error))
  }
  return undefined
}

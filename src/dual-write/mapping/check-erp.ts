import type { EntityDescription, FieldDescription } from '#connector/contract.ts'
import type { FilterExpression } from '#lib/odata/ast.ts'
import { COMPANY_COLUMN, type ColumnDefinition, isComputed } from '#tables/definition.ts'
import { type ColumnMap, fieldsOfTarget, type TableMap } from '../table-map.ts'
import { fieldsIn } from './filter.ts'
import type { Report } from './findings.ts'
import type { MapFile } from './map-file.ts'
import { whyUnlike } from './types.ts'

export type ErpSide = {
  entities: readonly EntityDescription[] | { unreachable: string } | undefined
  /** The map's, where it is among them. */
  entity: EntityDescription | undefined
  companies: readonly string[] | undefined
}

/** What must hold between a map and what the ERP says of its data entity, and what the table needs from it. */
export function checkAgainstErp(source: MapFile, map: TableMap, { entities, entity, companies }: ErpSide, report: Report): void {
  checkRequiredColumns(map, entity, report)
  if (companies !== undefined && map.filter.erp !== undefined) checkCompanies(map, map.filter.erp, companies, report)
  if (entities === undefined) return
  if ('unreachable' in entities) {
    report('DIPV1000', '', {
      message: `the ERP could not be asked what ${map.entity} is like: ${entities.unreachable}`,
      remedy: 'Check again when it answers',
    })
    return
  }
  if (entity === undefined) {
    report('DIPV1018', 'entity', {
      message: `the ERP has no data entity ${map.entity}`,
      remedy: 'Correct the name; refresh the entity list in the ERP if it is new there',
    })
    return
  }
  if (map.rows !== 'existing' && map.companyField === undefined && entity.companyField !== undefined)
    report('DIPV1002', 'companyField', {
      message: `${map.entity} belongs to legal entities by ${entity.companyField}, and the map does not say so`,
      remedy: `Write companyField: ${entity.companyField}, over a table of scope company`,
    })
  if (entity.fields.size === 0) return
  checkFields(source, map, entity, report)
  checkTypes(source, map, entity, report)
  checkRequiredFields(map, entity, report)
}

/** Columns that a new row cannot do without. */
function checkRequiredColumns(map: TableMap, entity: EntityDescription | undefined, report: Report): void {
  if (map.rows === 'existing') return
  for (const column of map.table.columns.values()) {
    if (!column.required || isComputed(column) || isGiven(map, column)) continue
    const own = map.columns.find((one) => one.toPortal && one.column === column)
    const lookup = map.lookups.find((one) => one.toPortal && one.column === column)
    if (own === undefined && lookup === undefined)
      report('DIPV1010', 'columns', {
        column: column.name,
        message: `${column.name} must have a value and gets none`,
        remedy: 'Map it, or give it a constant',
      })
    else if (own !== undefined && mayBeEmpty(map, own, entity))
      report('DIPV1031', 'columns', {
        column: column.name,
        message: `${column.name} must have a value, and ${own.field} may be empty in the ERP`,
        remedy: 'Give the entry a default',
      })
  }
}

function isGiven(map: TableMap, column: ColumnDefinition): boolean {
  return (
    column.name === map.table.idColumn ||
    (column.name === COMPANY_COLUMN && map.companyField !== undefined) ||
    column.default !== undefined ||
    column.autonumber !== undefined ||
    map.fillFrom?.columns.has(column.name) === true
  )
}

function mayBeEmpty(map: TableMap, own: ColumnMap, entity: EntityDescription | undefined): boolean {
  if (own.constant !== undefined || own.default.toPortal !== undefined || own.portalExpression !== undefined) return false
  const field = own.field === undefined ? undefined : entity?.fields.get(own.field)
  return field?.nullable === true && !map.recordKey.includes(own.field ?? '') && field.type !== 'enum'
}

function checkCompanies(map: TableMap, filter: FilterExpression, companies: readonly string[], report: Report): void {
  for (const [field, value] of literalsIn(filter)) {
    if (field !== map.companyField || companies.some((one) => one.toLowerCase() === value.toLowerCase())) continue
    report('DIPV1008', 'filter.erp', {
      message: `there is no legal entity ${value}`,
      remedy: 'Correct the filter, or bring the legal entity',
    })
  }
}

function literalsIn(filter: FilterExpression): [string, string][] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return [...literalsIn(filter.left), ...literalsIn(filter.right)]
    case 'not':
      return literalsIn(filter.operand)
    case 'compare':
    case 'in': {
      const name = filter.left.kind === 'path' ? filter.left.names.join('/') : ''
      const values = filter.kind === 'in' ? filter.values : [filter.right]
      return values.flatMap((one): [string, string][] =>
        one.kind === 'literal' && one.literal.type === 'string' ? [[name, one.literal.value]] : [],
      )
    }
    default:
      return []
  }
}

function checkFields(source: MapFile, map: TableMap, entity: EntityDescription, report: Report): void {
  const missing = (code: Parameters<Report>[0], at: string, field: string | undefined, column?: string) => {
    if (field !== undefined && !entity.fields.has(field))
      report(code, at, { column, message: `${entity.name} has no field ${field}`, remedy: 'Correct the name' })
  }
  for (const [index, one] of source.columns.entries()) {
    const isSource = !one.dir.startsWith('<')
    missing(isSource ? 'DIPV1022' : 'DIPV1025', `columns[${index}].field`, one.field, one.column)
    if (typeof one.toErp === 'object')
      for (const field of Object.keys(one.toErp)) missing('DIPV1025', `columns[${index}].toErp.${field}`, field, one.column)
  }
  for (const [index, field] of map.recordKey.entries()) missing('DIPV1022', `recordKey[${index}]`, field)
  missing('DIPV1022', 'companyField', map.companyField)
  for (const field of Object.keys(map.deletes.markErp)) missing('DIPV1025', `deletes.markErp.${field}`, field)
  for (const field of map.filter.erp === undefined ? [] : fieldsIn(map.filter.erp)) missing('DIPV1012', 'filter.erp', field)
}

function checkTypes(source: MapFile, map: TableMap, entity: EntityDescription, report: Report): void {
  for (const [index, one] of source.columns.entries()) {
    const field = one.field === undefined ? undefined : entity.fields.get(one.field)
    if (field === undefined || one.toPortal !== undefined || one.toErp !== undefined) continue
    const column = columnOf(map, one.column)
    const way = { toPortal: !one.dir.startsWith('<'), toErp: !/^>{1,2}$/.test(one.dir) }
    const at = `columns[${index}]`
    if (typeof one.values === 'string' || typeof one.values === 'object') checkMembers(map, index, one.field ?? '', field, report)
    else if (column !== undefined && one.constant === undefined) {
      const why = whyUnlike(field, column, way)
      if (why !== undefined)
        report('DIPV1030', at, {
          column: one.column,
          message: `${one.field} and ${one.column}: ${why}`,
          remedy: 'Map another column, or transform the value with values or an expression',
        })
      const isCut = field.type === 'decimal' && way.toPortal && (column.type === 'integer' || column.type === 'bigint')
      if (isCut)
        report('CMP2005', at, {
          column: one.column,
          message: `${one.field} has decimals and ${one.column} has none: such a value is kept back`,
          remedy: 'Map a decimal column, or round in an expression',
        })
    }
  }
}

/** Where a path ends: its last column. */
function columnOf(map: TableMap, path: string | undefined): ColumnDefinition | undefined {
  if (path === undefined) return undefined
  if (!path.includes('.')) return map.table.columns.get(path)
  const name = path.split('.', 1)[0]
  const targets = map.lookups.find((one) => one.column.name === name)?.targets ?? []
  const leaf = path.split('.').at(-1)
  return targets.flatMap((target) => target.parts).find((part) => part.column.name === leaf)?.column
}

function checkMembers(map: TableMap, index: number, name: string, field: FieldDescription, report: Report): void {
  const values = map.columns.find((one) => one.field === name && one.values !== undefined)?.values
  if (values === undefined || field.type !== 'enum' || field.enumMembers.length === 0) return
  const members = new Set(field.enumMembers.map((one) => one.toLowerCase()))
  const unknown = [...values.toPortal.keys()].filter((one) => one !== '' && !members.has(one))
  if (unknown.length > 0)
    report('DIPV1030', `columns[${index}].values`, {
      column: map.columns.find((one) => one.values === values)?.column?.name,
      message: `${name} has no value ${unknown.join(', ')}; it has ${field.enumMembers.join(', ')}`,
      remedy: 'Correct the list',
    })
}

/** Fields that a new record cannot do without; those of its key the ERP may number itself. */
function checkRequiredFields(map: TableMap, entity: EntityDescription, report: Report): void {
  if (!map.writes) return
  const sent = new Set([
    ...map.columns.flatMap((one) => (one.toErp ? [one.field, ...one.erpExpressions.map((each) => each.field)] : [])),
    ...map.lookups.flatMap((one) => (one.toErp ? one.targets.flatMap(fieldsOfTarget) : [])),
    ...map.recordKey,
    map.companyField,
  ])
  for (const [name, field] of entity.fields) {
    if (field.nullable || field.hasDefault || sent.has(name) || field.type === 'enum' || field.type === 'boolean') continue
    report('DIPV1031', 'columns', {
      message: `${name} must have a value in the ERP, and the map sends none`,
      remedy: 'Map it, give it a constant, or leave it to the ERP’s own default',
    })
  }
}

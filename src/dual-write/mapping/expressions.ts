import { isAppError, messageOf } from '#lib/app-error.ts'
import type { Expression, Type } from '#lib/expression/ast.ts'
import { compileExpression } from '#lib/expression/check.ts'
import { invertExpression } from '#lib/expression/invert.ts'
import type { Catalog } from '#tables/catalog.ts'
import { COMPANY_COLUMN, type ColumnDefinition, type TableDefinition } from '#tables/definition.ts'
import type { ColumnMap } from '../table-map.ts'
import type { Report } from './findings.ts'
import type { ColumnFile } from './map-file.ts'

export type ExpressionsOf = Pick<ColumnMap, 'portalExpression' | 'erpExpressions'>

/** What the expressions may name. */
export type ExpressionNames = {
  catalog: Catalog
  table: TableDefinition
  /** `unknown` while the ERP has not described itself. */
  fieldType(field: string): Type | undefined
}

/** The expressions of an entry, with the way back worked out where an entry that goes both ways gives one way only. */
export function buildExpressions(
  one: ColumnFile,
  column: ColumnDefinition | undefined,
  at: string,
  names: ExpressionNames,
  report: Report,
): ExpressionsOf {
  const compile = (text: string, place: string, typeOf: (name: string) => Type | undefined, wanted: Type) => {
    try {
      return compileExpression(text, typeOf, wanted)
    } catch (error) {
      if (!isAppError(error, 'expression.invalid')) throw error
      report('CMP2002', `${at}.${place}`, {
        column: one.column,
        message: messageOf(error),
        remedy: 'Correct the expression; docs/maps.md lists the functions',
      })
      return undefined
    }
  }
  const columnTypes = (name: string) => typeOfColumn(names.table.columns.get(name))
  const wanted = typeOfColumn(column) ?? 'unknown'
  const portalExpression = one.toPortal === undefined ? undefined : compile(one.toPortal, 'toPortal', names.fieldType, wanted)
  if (portalExpression !== undefined) checkLookups(portalExpression, `${at}.toPortal`, names.catalog, report)
  const erpExpressions = Object.entries(erpTexts(one, at, report)).flatMap(([field, text]) => {
    const expression = compile(text, 'toErp', columnTypes, names.fieldType(field) ?? 'unknown')
    if (expression !== undefined && expression.lookups.length > 0)
      report('CMP2002', `${at}.toErp`, {
        column: one.column,
        message: 'lookup works to the portal only',
        remedy: 'Use a lookup path in column',
      })
    return expression === undefined ? [] : [{ field, expression }]
  })
  const isTwoWay = one.dir === '=' || one.dir === '><'
  if (!isTwoWay || (portalExpression !== undefined && erpExpressions.length > 0)) return { portalExpression, erpExpressions }
  if (portalExpression !== undefined && column !== undefined) {
    const back = invertExpression(portalExpression, column.name)
    if ('text' in back && (one.field === undefined || one.field === back.name)) {
      const expression = compile(back.text, 'toPortal', columnTypes, names.fieldType(back.name) ?? 'unknown')
      return { portalExpression, erpExpressions: expression === undefined ? [] : [{ field: back.name, expression }] }
    }
    noWayBack(one, at, 'toErp', 'why' in back ? back.why : `it reads ${back.name}, not ${one.field}`, report)
  }
  const [only] = erpExpressions
  if (portalExpression === undefined && only !== undefined && column !== undefined) {
    const back = invertExpression(only.expression, only.field)
    if ('text' in back && back.name === column.name && erpExpressions.length === 1)
      return { portalExpression: compile(back.text, 'toErp', names.fieldType, wanted), erpExpressions }
    noWayBack(one, at, 'toPortal', 'why' in back ? back.why : `it reads ${back.name}, not ${column.name}`, report)
  }
  return { portalExpression, erpExpressions }
}

/** What a column's values are to an expression. */
export function typeOfColumn(column: ColumnDefinition | undefined): Type | undefined {
  switch (column?.type) {
    case undefined:
      return undefined
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
    case 'choice':
      return 'number'
    case 'boolean':
    case 'date':
    case 'datetime':
      return column.type
    default:
      return 'text'
  }
}

/** The columns by which `lookup` with so many keys finds a row: the first key of the table that has as many. */
export function lookupColumns(table: TableDefinition, keyCount: number): string[] | undefined {
  for (const key of table.keys.values()) {
    const columns = key.filter((name) => name !== COMPANY_COLUMN)
    if (columns.length === keyCount) return key.includes(COMPANY_COLUMN) ? [...columns, COMPANY_COLUMN] : columns
  }
  return undefined
}

function erpTexts(one: ColumnFile, at: string, report: Report): Record<string, string> {
  if (one.toErp === undefined) return {}
  if (typeof one.toErp !== 'string') return one.toErp
  if (one.field !== undefined) return { [one.field]: one.toErp }
  report('DIPV1024', `${at}.field`, {
    column: one.column,
    message: 'toErp does not say which field it fills',
    remedy: 'Name the field, or write toErp as a list of field: expression',
  })
  return {}
}

function noWayBack(one: ColumnFile, at: string, missing: 'toErp' | 'toPortal', why: string, report: Report): void {
  report('CMP2003', at, {
    column: one.column,
    message: `the entry goes both ways and there is no way back: ${why}`,
    remedy: `Give ${missing} too, or let it go one way`,
  })
}

function checkLookups(expression: Expression, at: string, catalog: Catalog, report: Report): void {
  for (const call of expression.lookups) {
    const table = catalog.tables.get(call.table)
    const problem =
      table === undefined
        ? `there is no table ${call.table}`
        : !table.columns.has(call.column)
          ? `${call.table} has no column ${call.column}`
          : lookupColumns(table, call.keys.length) === undefined
            ? `${call.table} has no key of ${call.keys.length} columns`
            : undefined
    if (problem !== undefined)
      report('CMP2002', at, { message: `lookup: ${problem}`, remedy: 'Correct the table, its key values or the column' })
  }
}

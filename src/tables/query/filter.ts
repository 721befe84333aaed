import { AppError } from '#lib/app-error.ts'
import { type CompareOperator, type FilterExpression, type Literal, MIRRORED, type Operand } from '#lib/odata/ast.ts'
import { and, falseSql, join, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { ColumnDefinition } from '../definition.ts'
import { type Columns, cast, type ScopedColumn } from './scope.ts'

const OPERATORS: Readonly<Record<CompareOperator, string>> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' }
/** Dataverse compares text without regard to case. */
const TEXT_FUNCTIONS: Readonly<Record<string, (text: string) => string>> = {
  contains: (text) => `%${text}%`,
  startswith: (text) => `${text}%`,
  endswith: (text) => `%${text}`,
}

/**
 * An OData filter as SQL over the scope's tables, in Dataverse's dialect. Values are bound and checked against the column's type:
 * a refusal is AppError `request.invalid` with the position in the filter and the reason.
 */
export function compileFilter(filter: FilterExpression, scope: Columns): Sql {
  switch (filter.kind) {
    case 'and':
      return and([compileFilter(filter.left, scope), compileFilter(filter.right, scope)])
    case 'or':
      return or([compileFilter(filter.left, scope), compileFilter(filter.right, scope)])
    case 'not':
      return sql`not coalesce(${compileFilter(filter.operand, scope)}, false)`
    case 'compare':
      return compileComparison(filter.operator, filter.left, filter.right, scope)
    case 'in': {
      const column = columnOf(filter.left, scope)
      if (filter.values.length === 0) return falseSql
      return sql`${column.sql} in (${join(filter.values.map((value) => bind(value, column)))})`
    }
    case 'call':
      return compileTextFunction(filter, scope)
    case 'has':
    case 'lambda':
    case 'condition':
      throw refuse(filter.position, `${filter.kind === 'has' ? 'has' : filter.operator} is not supported`)
    default:
      return filter satisfies never
  }
}

function compileComparison(operator: CompareOperator, left: Operand, right: Operand, scope: Columns): Sql {
  if (left.kind === 'literal' && right.kind === 'path') return compileComparison(MIRRORED[operator], right, left, scope)
  const column = columnOf(left, scope)
  if (right.kind === 'path') {
    const other = columnOf(right, scope)
    return sql`${column.sql} ${trustedSql(OPERATORS[operator])} ${other.sql}`
  }
  if (right.kind !== 'literal') throw refuse('position' in right ? right.position : 0, 'a plain value is expected here')
  if (right.literal.type === 'null') {
    if (operator === 'eq') return sql`${column.sql} is null`
    if (operator === 'ne') return sql`${column.sql} is not null`
    throw refuse(right.position, `null can only be compared with eq and ne`)
  }
  const value = bind(right, column)
  // In OData `x ne 5` is true where x is null; in SQL it is unknown.
  if (operator === 'ne') return sql`${column.sql} is distinct from ${value}`
  return sql`${column.sql} ${trustedSql(OPERATORS[operator])} ${value}`
}

function compileTextFunction(call: Extract<FilterExpression, { kind: 'call' }>, scope: Columns): Sql {
  const pattern = TEXT_FUNCTIONS[call.name]
  const [subject, text] = call.arguments
  if (pattern === undefined) throw refuse(call.position, `the function ${call.name} is not supported`)
  if (call.arguments.length !== 2 || subject === undefined || text?.kind !== 'literal' || text.literal.type !== 'string') {
    throw refuse(call.position, `${call.name} takes a column and a text, as in ${call.name}(name,'bolt')`)
  }
  const column = columnOf(subject, scope)
  if (column.postgresType !== 'text')
    throw refuse(call.position, `${call.name} works on text, and ${column.definition.name} is ${column.definition.type}`)
  return sql`${column.sql} ilike ${pattern(text.literal.value.replace(/[\\%_]/g, (char) => `\\${char}`))}`
}

function columnOf(operand: Operand, scope: Columns): ScopedColumn {
  if (operand.kind !== 'path') throw refuse('position' in operand ? operand.position : 0, 'a column is expected here')
  try {
    return scope.column(operand.names)
  } catch (cause) {
    throw refuse(operand.position, cause instanceof Error ? cause.message : 'unknown column', cause)
  }
}

function bind(operand: Operand, column: ScopedColumn): Sql {
  if (operand.kind !== 'literal') throw refuse('position' in operand ? operand.position : 0, 'a plain value is expected here')
  const value = valueFor(operand.literal, column.definition)
  if (value === undefined)
    throw refuse(operand.position, `this value does not fit ${column.definition.name}, which is ${column.definition.type}`)
  return cast(value, column)
}

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const DATE = /^\d{4}-\d{2}-\d{2}$/

/** The literal as the column's type wants it, or undefined where it does not fit. */
function valueFor(literal: Literal, column: ColumnDefinition): string | number | boolean | null | undefined {
  switch (column.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'file':
    case 'image':
      return literal.type === 'guid' || (literal.type === 'string' && GUID.test(literal.value)) ? literal.value : undefined
    case 'string':
    case 'memo':
      return literal.type === 'string' && !literal.value.includes('\0') ? literal.value : undefined
    case 'integer':
    case 'choice':
      return literal.type === 'number' && /^-?\d{1,10}$/.test(literal.text) && Math.abs(Number(literal.text)) < 2 ** 31
        ? Number(literal.text)
        : undefined
    case 'bigint':
      return literal.type === 'number' && /^-?\d{1,18}$/.test(literal.text) ? literal.text : undefined
    case 'decimal':
    case 'money':
      return literal.type === 'number' && /^-?\d{1,60}(\.\d{1,60})?$/.test(literal.text) ? literal.text : undefined
    case 'boolean':
      return literal.type === 'boolean' ? literal.value : undefined
    // Asked with contain-values and the like, never as one value.
    case 'choices':
      return undefined
    case 'date':
    case 'datetime':
      return dateFor(literal)
    default:
      return column.type satisfies never
  }
}

function dateFor(literal: Literal): string | undefined {
  const text = literal.type === 'date' || literal.type === 'dateTime' || literal.type === 'string' ? literal.value : undefined
  if (text === undefined || Number.isNaN(Date.parse(text))) return undefined
  return DATE.test(text) || text.includes('T') ? text : undefined
}

function refuse(position: number, reason: string, cause?: unknown): AppError {
  return new AppError('request.invalid', `The filter cannot be used at position ${position}: ${reason}`, {
    details: { position },
    ...(cause === undefined ? {} : { cause }),
  })
}

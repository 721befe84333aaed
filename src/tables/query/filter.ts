import { type CompareOperator, type FilterExpression, MIRRORED, type Operand } from '#lib/odata/ast.ts'
import { and, falseSql, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { rowsBehind, withVariable } from './collections.ts'
import { compileDataverseCondition } from './conditions.ts'
import { bind, bindList, patternText } from './literals.ts'
import { columnOf, compileOperand, type Value } from './operands.ts'
import { refuse } from './refuse.ts'
import type { Columns } from './scope.ts'

const OPERATORS: Readonly<Record<CompareOperator, string>> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' }

/**
 * An OData filter as SQL over the given columns, in Dataverse's dialect. Values are bound and checked against the column's type:
 * a refusal is AppError `request.invalid` with the position in the filter and the reason.
 */
export function compileFilter(filter: FilterExpression, columns: Columns): Sql {
  switch (filter.kind) {
    case 'and':
      return and([compileFilter(filter.left, columns), compileFilter(filter.right, columns)])
    case 'or':
      return or([compileFilter(filter.left, columns), compileFilter(filter.right, columns)])
    case 'not':
      return sql`not coalesce(${compileFilter(filter.operand, columns)}, false)`
    case 'compare':
      return compileComparison(filter.operator, filter.left, filter.right, columns)
    case 'in':
      return compileIn(filter, columns)
    case 'call':
      return compileTextSearch(filter, columns)
    case 'lambda':
      return compileLambda(filter, columns)
    case 'condition':
      return compileDataverseCondition(filter, columns, columns.asOf)
    case 'has':
      throw refuse(filter.position, 'has is not supported; ask for choices with Microsoft.Dynamics.CRM.ContainValues')
    default:
      return filter satisfies never
  }
}

function compileComparison(operator: CompareOperator, left: Operand, right: Operand, columns: Columns): Sql {
  if (left.kind === 'literal' && right.kind !== 'literal') return compileComparison(MIRRORED[operator], right, left, columns)
  if (right.kind === 'literal' && right.literal.type === 'null') return compareWithNull(operator, left, right, columns)
  if (right.kind === 'literal' && left.kind === 'path' && left.names.at(-1) !== '$count') {
    const column = columnOf(left, columns)
    return compare(operator, column.sql, bind(right, column))
  }
  if (left.kind === 'literal') throw refuse(left.position, 'a column is expected on one side of the comparison')
  const [one, other] = alike(worthOf(left, columns), worthOf(right, columns))
  return operator === 'eq' ? sql`${one} is not distinct from ${other}` : compare(operator, one, other)
}

/** In OData `x ne 5` is true where x is null; in SQL it is unknown. */
function compare(operator: CompareOperator, left: Sql, right: Sql): Sql {
  if (operator === 'ne') return sql`${left} is distinct from ${right}`
  return sql`${left} ${trustedSql(OPERATORS[operator])} ${right}`
}

function compareWithNull(operator: CompareOperator, left: Operand, right: Operand, columns: Columns): Sql {
  if (operator !== 'eq' && operator !== 'ne') throw refuse(right.position, 'null can only be compared with eq and ne')
  if (left.kind === 'literal') throw refuse(left.position, 'a column is expected on one side of the comparison')
  const { sql: value } = worthOf(left, columns)
  return operator === 'eq' ? sql`${value} is null` : sql`${value} is not null`
}

/** An operand, which here may also be a condition: `(a eq 1) eq false`. */
function worthOf(operand: Operand, columns: Columns): Value {
  if (operand.kind !== 'condition') return compileOperand(operand, columns)
  return { sql: sql`coalesce(${compileFilter(operand.condition, columns)}, false)`, kind: 'boolean', position: operand.position }
}

/** Two values that PostgreSQL can compare: a day with a moment is the day's beginning in UTC. */
function alike(left: Value, right: Value): [Sql, Sql] {
  if (left.kind === 'choices' || right.kind === 'choices')
    throw refuse(left.position, 'columns of several choices are asked with Microsoft.Dynamics.CRM.ContainValues')
  if (left.kind === right.kind) return [left.sql, right.sql]
  const moment = (value: Value) => (value.kind === 'date' ? sql`(${value.sql}::timestamp at time zone 'UTC')` : value.sql)
  const kinds = [left.kind, right.kind]
  if (kinds.includes('date') && kinds.includes('datetime')) return [moment(left), moment(right)]
  throw refuse(right.position, `a ${left.kind} cannot be compared with a ${right.kind}`)
}

function compileIn(filter: Extract<FilterExpression, { kind: 'in' }>, columns: Columns): Sql {
  const column = columnOf(filter.left, columns)
  const isNull = (one: Operand) => one.kind === 'literal' && one.literal.type === 'null'
  const given = filter.values.filter((one) => !isNull(one))
  const among = given.length === 0 ? falseSql : sql`${column.sql} = any(${bindList(given, column)})`
  return given.length === filter.values.length ? among : or([among, sql`${column.sql} is null`])
}

/** Dataverse compares text without regard to case. */
const PATTERNS: ReadonlyMap<string, (text: string) => string> = new Map([
  ['contains', (text: string) => `%${text}%`],
  ['startswith', (text: string) => `${text}%`],
  ['endswith', (text: string) => `%${text}`],
])

function compileTextSearch(call: Extract<FilterExpression, { kind: 'call' }>, columns: Columns): Sql {
  const pattern = PATTERNS.get(call.name)
  const [subject, text] = call.arguments
  if (pattern === undefined) throw refuse(call.position, `the function ${call.name} is not supported as a condition`)
  if (call.arguments.length !== 2 || subject === undefined || text === undefined)
    throw refuse(call.position, `${call.name} takes a column and a text, as in ${call.name}(name,'bolt')`)
  const where = compileOperand(subject, columns)
  if (where.kind !== 'text') throw refuse(subject.position, `${call.name} works on text, and this is a ${where.kind}`)
  if (text.kind === 'literal' && text.literal.type === 'string')
    return sql`${where.sql} ilike ${pattern(patternText(text.literal.value, text.position))}`
  const what = compileOperand(text, columns)
  if (what.kind !== 'text') throw refuse(text.position, `${call.name} looks for a text, and this is a ${what.kind}`)
  const [a, b] = [sql`lower(${where.sql})`, sql`lower(${what.sql})`]
  if (call.name === 'contains') return sql`strpos(${a}, ${b}) > 0`
  return call.name === 'startswith' ? sql`starts_with(${a}, ${b})` : sql`right(${a}, char_length(${b})) = ${b}`
}

/** `order_details/any(d:d/quantity gt 5)`: whether there are such rows among those the asker may see; all of none is true. */
function compileLambda(filter: Extract<FilterExpression, { kind: 'lambda' }>, columns: Columns): Sql {
  const { child, where } = rowsBehind(filter.path, columns, filter.position)
  const { predicate, variable } = filter
  if (predicate === undefined) return sql`exists (select 1 from ${child.from()} where ${where})`
  const inside = compileFilter(predicate, variable === undefined ? child : withVariable(variable, child, columns))
  if (filter.operator === 'any') return sql`exists (select 1 from ${child.from()} where ${where} and ${inside})`
  return sql`not exists (select 1 from ${child.from()} where ${where} and (${inside}) is not true)`
}

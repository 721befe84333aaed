import { type CompareOperator, type FilterExpression, MIRRORED, type Operand } from '#lib/odata/ast.ts'
import { emptySql, falseSql, identifier, type Sql, sql, trueSql, trustedSql } from '#postgres/sql.ts'
import { COMPANY_FIELD, type EdmType, type Entity, emptyValue, type Field, NAMESPACE } from '../entities/catalog.ts'
import { failQuery } from './failures.ts'

/**
 * Compiles a `$filter` to a predicate over alias `t`, exactly as far as Finance & Operations goes: eq ne gt ge lt le, and or not,
 * arithmetic, `eq '*text*'` with wildcards, enums with eq and ne only. Everything else of OData is refused by name.
 */
export function compileFilter(entity: Entity, filter: FilterExpression): Sql {
  switch (filter.kind) {
    case 'and':
      return sql`(${compileFilter(entity, filter.left)} and ${compileFilter(entity, filter.right)})`
    case 'or':
      return sql`(${compileFilter(entity, filter.left)} or ${compileFilter(entity, filter.right)})`
    case 'not':
      return sql`(not ${compileFilter(entity, filter.operand)})`
    case 'compare':
      return compare(filter.operator, termOf(entity, filter.left), termOf(entity, filter.right))
    case 'call':
      return failQuery(
        `The function '${filter.name}' is not supported: the field is not Queryable that way. Use a wildcard instead: Field eq '*text*'.`,
      )
    case 'in':
    case 'has':
    case 'condition':
      return failQuery(`The operator '${filter.kind}' is not supported.`)
    case 'lambda':
      return failQuery(`The operator '${filter.operator}' on a navigation property is not supported.`)
  }
}

/** A field's value in SQL, over alias `t`. */
export function fieldSql(field: Field): Sql {
  if (field.column !== undefined) return sql`t.${identifier(field.column)}`
  const text = sql`t.extra->>${field.name}::text`
  const empty = String(emptyValue(field))
  return field.type === 'String' || field.type === 'Enum' || field.type === 'Guid'
    ? sql`coalesce(${text}, ${empty}::text)`
    : sql`coalesce((${text})::${castOf(field.type)}, ${empty}::${castOf(field.type)})`
}

export function castOf(type: EdmType): Sql {
  return trustedSql(CASTS[type])
}

const CASTS: Readonly<Record<EdmType, string>> = {
  String: 'text',
  Enum: 'text',
  Guid: 'text',
  Decimal: 'numeric',
  Int32: 'bigint',
  Int64: 'bigint',
  DateTimeOffset: 'timestamptz',
}

type Value =
  | { kind: 'field'; sql: Sql; type: EdmType; field: Field }
  | { kind: 'number'; sql: Sql; type: 'Decimal' }
  | { kind: 'literal'; type: EdmType; text: string; enumType: string }
  | { kind: 'null' }

function termOf(entity: Entity, operand: Operand): Value {
  switch (operand.kind) {
    case 'path':
      return fieldOf(entity, operand.names)
    case 'literal':
      return literalOf(operand.literal)
    case 'arithmetic': {
      const operator = ARITHMETIC[operand.operator]
      if (operator === undefined) failQuery(`The operator '${operand.operator}' is not supported.`)
      const left = numberOf(termOf(entity, operand.left), operand.operator)
      const right = numberOf(termOf(entity, operand.right), operand.operator)
      return { kind: 'number', sql: sql`(${left} ${trustedSql(operator)} ${right})`, type: 'Decimal' }
    }
    case 'function':
      return failQuery(`The function '${operand.name}' is not supported.`)
    case 'condition':
      return failQuery('A condition cannot be compared with a value.')
  }
}

const ARITHMETIC: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/', mod: '%' }

function fieldOf(entity: Entity, names: readonly string[]): Value {
  const [name = ''] = names
  if (names.length > 1) failQuery(`A path over the navigation property '${name}' is not supported in $filter.`)
  const field = entity.fields.get(name) ?? failQuery(unknownField(entity, name))
  return { kind: 'field', sql: fieldSql(field), type: field.type, field }
}

export function unknownField(entity: Entity, name: string): string {
  return `Could not find a property named '${name}' on type '${NAMESPACE}.${entity.type}'.`
}

function literalOf(literal: Extract<Operand, { kind: 'literal' }>['literal']): Value {
  switch (literal.type) {
    case 'null':
      return { kind: 'null' }
    case 'string':
      return { kind: 'literal', type: 'String', text: literal.value, enumType: '' }
    case 'number':
      return {
        kind: 'literal',
        type: /^[+-]?\d{1,18}$/.test(literal.text) ? 'Int64' : 'Decimal',
        text: literal.text,
        enumType: '',
      }
    case 'guid':
      return { kind: 'literal', type: 'Guid', text: literal.value, enumType: '' }
    case 'date':
      return { kind: 'literal', type: 'DateTimeOffset', text: `${literal.value}T00:00:00Z`, enumType: '' }
    case 'dateTime':
      return { kind: 'literal', type: 'DateTimeOffset', text: literal.value, enumType: '' }
    case 'enum':
      return { kind: 'literal', type: 'Enum', text: literal.member, enumType: literal.enumType }
    case 'boolean':
      return failQuery(`There are no boolean properties here; a yes or no is written ${NAMESPACE}.NoYes'Yes'.`)
    default:
      return failQuery(`A literal of type ${literal.type} is not supported.`)
  }
}

function numberOf(value: Value, operator: string): Sql {
  if (value.kind === 'null' || !NUMBERS.has(value.type)) failQuery(`The operator '${operator}' needs numbers on both sides.`)
  return value.kind === 'literal' ? sql`${value.text}::numeric` : sql`(${value.sql})::numeric`
}

const NUMBERS: ReadonlySet<EdmType> = new Set<EdmType>(['Decimal', 'Int32', 'Int64'])
const OPERATORS: Readonly<Record<CompareOperator, string>> = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' }
const OPERATOR_KINDS: Readonly<Record<CompareOperator, string>> = {
  eq: 'Equal',
  ne: 'NotEqual',
  gt: 'GreaterThan',
  ge: 'GreaterThanOrEqual',
  lt: 'LessThan',
  le: 'LessThanOrEqual',
}

function compare(operator: CompareOperator, left: Value, right: Value): Sql {
  if (left.kind === 'literal' && right.kind !== 'literal') return compare(MIRRORED[operator], right, left)
  if (left.kind === 'null' || right.kind === 'null') return compareWithNull(operator, left.kind === 'null' ? right : left)
  if (left.type === 'Enum' || right.type === 'Enum') return compareEnum(operator, left, right)
  if (left.type !== right.type && !(NUMBERS.has(left.type) && NUMBERS.has(right.type))) incompatible(operator, left, right)
  if (left.kind === 'field' && left.type === 'String' && right.kind === 'literal') return compareText(operator, left, right.text)
  return sql`${sqlOf(left)} ${trustedSql(OPERATORS[operator])} ${sqlOf(right)}`
}

function sqlOf(value: Exclude<Value, { kind: 'null' }>): Sql {
  return value.kind === 'literal' ? sql`${value.text}::${castOf(value.type)}` : value.sql
}

/** `*` stands for any text, and then case does not matter; without it text is compared as it is. */
function compareText(operator: CompareOperator, left: Extract<Value, { kind: 'field' }>, text: string): Sql {
  const value = left.field.name === COMPANY_FIELD ? text.toLowerCase() : text
  if (!value.includes('*')) return sql`${left.sql} ${trustedSql(OPERATORS[operator])} ${value}::text`
  if (operator !== 'eq' && operator !== 'ne') failQuery(`A wildcard works with 'eq' and 'ne' only.`)
  const pattern = value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%')
  const not = operator === 'ne' ? trustedSql('not ') : emptySql
  return sql`${left.sql} ${not}ilike ${pattern}::text`
}

/** No value is ever null: text that is null is the empty text, and no enum is null. */
function compareWithNull(operator: CompareOperator, other: Value): Sql {
  if (operator !== 'eq' && operator !== 'ne') failQuery(`'null' can be compared with 'eq' and 'ne' only.`)
  if (other.kind === 'field' && other.type === 'String') return sql`${other.sql} ${trustedSql(OPERATORS[operator])} ''`
  if (other.kind === 'field' && other.type === 'Enum') return operator === 'eq' ? falseSql : trueSql
  return failQuery('The property is not nullable and cannot be compared with null.')
}

function compareEnum(operator: CompareOperator, left: Value, right: Value): Sql {
  if (left.kind === 'null' || right.kind === 'null') return falseSql
  if (left.kind !== 'field' || left.type !== 'Enum' || right.type !== 'Enum') incompatible(operator, left, right)
  if (operator !== 'eq' && operator !== 'ne') failQuery(`Enumerations can be compared with 'eq' and 'ne' only.`)
  if (right.kind !== 'literal') return sql`${left.sql} ${trustedSql(OPERATORS[operator])} ${sqlOf(right)}`
  if (right.enumType !== `${NAMESPACE}.${left.field.enumType}`) incompatible(operator, left, right)
  if (!left.field.members.includes(right.text)) failQuery(`The string '${right.text}' is not a valid enumeration type constant.`)
  return sql`${left.sql} ${trustedSql(OPERATORS[operator])} ${right.text}::text`
}

function incompatible(operator: CompareOperator, left: Value, right: Value): never {
  return failQuery(
    `A binary operator with incompatible types was detected. Found operand types '${typeName(left)}' and '${typeName(right)}' for operator kind '${OPERATOR_KINDS[operator]}'.`,
  )
}

function typeName(value: Value): string {
  if (value.kind === 'null') return 'null'
  if (value.type !== 'Enum') return `Edm.${value.type}`
  return value.kind === 'field' ? `${NAMESPACE}.${value.field.enumType}` : value.kind === 'literal' ? value.enumType : 'Enum'
}

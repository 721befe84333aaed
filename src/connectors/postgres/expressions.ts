import type { Condition, RemoteValue, Selection } from '#connector/contract.ts'
import { conditionsOf } from '#connector/where.ts'
import { AppError } from '#lib/app-error.ts'
import { parseDecimal } from '#lib/decimal.ts'
import { and, identifier, join, or, quoteLiteral, type Sql, sql, trueSql, trustedSql } from '#postgres/sql.ts'
import type { PgColumn, PgEntity } from './tables.ts'

/** A column's value as the contract writes it, as text; null for no value. `of` is the row's name. */
export function valueText(column: PgColumn, of = 'r'): Sql {
  const value = identifier(of, column.name)
  switch (column.type) {
    case 'string':
      // char(n) is filled up with spaces, which are no part of the value.
      return sql`nullif(${value}::text, '')`
    case 'decimal':
      return sql`trim_scale(${value}::numeric)::text`
    case 'date':
      return sql`to_char(${value}, 'YYYY-MM-DD')`
    case 'datetime':
      // A timestamp without time zone is taken as UTC.
      return column.sqlType[1] === 'timestamp'
        ? sql`to_char(${value}, ${MOMENT})`
        : sql`to_char(${value} at time zone 'UTC', ${MOMENT})`
    default:
      return sql`${value}::text`
  }
}

const MOMENT = trustedSql(`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`)

/** The record's key as recordKey() writes it. */
export function keyText(entity: PgEntity, of = 'r'): Sql {
  const parts = entity.keyFields.map((name) => {
    const value = valueText(fieldOf(entity, name), of)
    const text = name === entity.companyField ? sql`lower(${value})` : value
    const encoded = sql`replace(replace(replace(coalesce(${text}, ''), '%', '%25'), '=', '%3D'), ',', '%2C')`
    return sql`${literal(`${name}=`)} || ${encoded}`
  })
  return sql`(${join(parts, ` || ',' || `)})`
}

/** The records of a selection. */
export function selected(entity: PgEntity, { company, where, range }: Selection): Sql {
  const parts = conditionsOf(where).map((one) => condition(entity, one))
  if (company !== undefined && entity.companyField !== undefined)
    parts.push(sql`${identifier('r', entity.companyField)}::text = any(${bothCases(company)}::text[])`)
  if (range?.from !== undefined) parts.push(sql`${keyTuple(entity)} >= ${placeTuple(entity, range.from)}`)
  if (range?.before !== undefined) parts.push(sql`${keyTuple(entity)} < ${placeTuple(entity, range.before)}`)
  return parts.length === 0 ? trueSql : and(parts)
}

/** Codes of legal entities are told in lower case; a database keeps them in lower or in upper case, and an index finds both. */
export function bothCases(company: string): string[] {
  return [...new Set([company.toLowerCase(), company.toUpperCase()])]
}

export function keyTuple(entity: PgEntity): Sql {
  return sql`(${join(entity.keyFields.map((name) => identifier('r', name)))})`
}

/** The place behind a record, as a cursor and a range name it: the key's values as PostgreSQL writes them. */
export function placeText(entity: PgEntity): Sql {
  return sql`jsonb_build_array(${join(entity.keyFields.map((name) => sql`${identifier('r', name)}::text`))})::text`
}

export function placeTuple(entity: PgEntity, place: string): Sql {
  const values = parsePlace(place)
  if (values?.length !== entity.keyFields.length)
    throw new AppError('connector.refused', `The cursor does not belong to ${entity.name}`, { details: { entity: entity.name } })
  return sql`(${join(entity.keyFields.map((name, at) => cast(fieldOf(entity, name), values[at] ?? '')))})`
}

/** A parameter in the type of the column. */
export function cast(column: PgColumn, value: string | null): Sql {
  return sql`${value}::${identifier(...column.sqlType)}`
}

export function fieldOf(entity: PgEntity, name: string): PgColumn {
  const column = entity.fields.get(name)
  if (column !== undefined) return column
  throw new AppError('connector.refused', `The table ${entity.name} has no column ${name}; refresh or change the table map`, {
    details: { entity: entity.name, field: name },
  })
}

function condition(entity: PgEntity, one: Condition): Sql {
  const column = fieldOf(entity, one.field)
  // An index finds them.
  if (one.isExact === true && (one.operator === 'eq' || one.operator === 'in')) {
    const values = [one.value].flat().filter((value) => value !== null && value !== '')
    return sql`${identifier('r', column.name)} = any(${values.map(String)}::text[]::${identifier(...column.sqlType)}[])`
  }
  if (one.operator === 'in') return or(one.value.map((value) => compare(column, 'eq', value)))
  return compare(column, one.operator, one.value)
}

const OPERATORS = { eq: '=', ne: '<>', gt: '>', ge: '>=', lt: '<', le: '<=' } as const

/** As meets() of #connector/where.ts says it, so that both bring the same records. */
function compare(column: PgColumn, operator: keyof typeof OPERATORS, value: RemoteValue): Sql {
  const text = valueText(column)
  if (value === null || value === '') {
    if (operator === 'eq') return sql`${text} is null`
    return operator === 'ne' ? sql`${text} is not null` : sql`false`
  }
  const sign = trustedSql(OPERATORS[operator])
  const test = compareValue(column, sign, String(value))
  return operator === 'ne' ? sql`(${text} is null or ${test})` : sql`coalesce(${test}, false)`
}

function compareValue(column: PgColumn, sign: Sql, value: string): Sql {
  const text = valueText(column)
  const asText = sql`lower(${text}) collate "C" ${sign} lower(${value}::text) collate "C"`
  const decimal = parseDecimal(value)
  if (decimal !== undefined) {
    if (column.type === 'integer' || column.type === 'decimal')
      return sql`${identifier('r', column.name)}::numeric ${sign} ${decimal}::numeric`
    if (column.type === 'string')
      return sql`case when ${text} ~ ${NUMBER} then trim(${text})::numeric ${sign} ${decimal}::numeric else ${asText} end`
  }
  if (column.type === 'datetime' && IS_MOMENT.test(value))
    return sql`${text}::timestamptz ${sign} date_trunc('milliseconds', ${value}::timestamptz)`
  return asText
}

const NUMBER = trustedSql(`'^\\s*[+-]?(\\d+(\\.\\d*)?|\\.\\d+)\\s*$'`)
const IS_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}[\d:.]*(?:Z|[+-]\d{2}:\d{2})$/

/** A name of the database as a literal: statements that make functions take no parameters. */
export function literal(text: string): Sql {
  return trustedSql(quoteLiteral(text))
}

function parsePlace(place: string): string[] | undefined {
  try {
    const values: unknown = JSON.parse(place)
    return Array.isArray(values) && values.every((one) => typeof one === 'string') ? values : undefined
  } catch {
    return undefined
  }
}

import { AppError } from '#lib/app-error.ts'
import { parseDecimal } from '#lib/decimal.ts'
import type { Operand } from '#lib/odata/ast.ts'
import { parseOperand } from '#lib/odata/parse-filter.ts'
import { identifier, join, quoteLiteral, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { type ColumnDefinition, isComputed, type TableDefinition } from '../definition.ts'

/** What a part of an expression is worth. */
type Kind = 'text' | 'number' | 'date' | 'datetime'
type Part = { sql: Sql; kind: Kind }
type Scope = { table: TableDefinition; column: ColumnDefinition }

/**
 * A calculated column's expression as SQL for `generated always as (…) stored`: over the row's own columns, immutable, without an outcome
 * that would refuse a row (nothing is divided by zero, texts are cut to the column). Throws AppError `odata.invalid` or `tables.invalid`
 * with the position in the expression and the reason.
 */
export function compileCalculated(table: TableDefinition, column: ColumnDefinition): Sql {
  const part = compile(parseOperand(column.calculated ?? '', 'The expression'), { table, column })
  const wanted: Kind = column.type === 'string' || column.type === 'memo' ? 'text' : 'number'
  if (part.kind !== wanted) throw refuse(0, `${column.name} is a ${column.type}, and this gives a ${part.kind}`)
  if (column.type === 'string' && column.length !== undefined)
    return sql`left(${part.sql}, ${trustedSql(String(column.length))})::varchar(${trustedSql(String(column.length))})`
  if (column.scale !== undefined) return sql`round(${part.sql}, ${trustedSql(String(column.scale))})`
  if (column.type === 'integer' || column.type === 'bigint') return sql`round(${part.sql})::${trustedSql(column.type)}`
  return part.sql
}

function compile(operand: Operand, scope: Scope): Part {
  switch (operand.kind) {
    case 'path':
      return ownColumn(operand, scope)
    case 'literal':
      return literal(operand)
    case 'arithmetic': {
      const [left, right] = [operand.left, operand.right].map((one) => need(one, 'number', scope)) as [Sql, Sql]
      return { kind: 'number', sql: ARITHMETIC[operand.operator](left, right) }
    }
    case 'function':
      return call(operand, scope)
    case 'condition':
      throw refuse(operand.position, 'a condition has no place here')
    default:
      return operand satisfies never
  }
}

const ARITHMETIC: Record<Extract<Operand, { kind: 'arithmetic' }>['operator'], (left: Sql, right: Sql) => Sql> = {
  add: (left, right) => sql`(${left} + ${right})`,
  sub: (left, right) => sql`(${left} - ${right})`,
  mul: (left, right) => sql`(${left} * ${right})`,
  div: (left, right) => sql`(${left} / nullif(${right}, 0))`,
  divby: (left, right) => sql`(${left} / nullif(${right}, 0))`,
  mod: (left, right) => sql`mod(${left}, nullif(${right}, 0))`,
}

const KINDS: Readonly<Partial<Record<ColumnDefinition['type'], Kind>>> = {
  string: 'text',
  memo: 'text',
  integer: 'number',
  bigint: 'number',
  decimal: 'number',
  money: 'number',
  choice: 'number',
  date: 'date',
  datetime: 'datetime',
}

function ownColumn({ names, position }: Extract<Operand, { kind: 'path' }>, { table, column }: Scope): Part {
  const [name = ''] = names
  const found = table.columns.get(name)
  if (names.length > 1) throw refuse(position, 'only columns of the row itself can be used')
  if (found === undefined) throw refuse(position, `the table ${table.name} has no column ${name}`)
  if (name === column.name || isComputed(found)) throw refuse(position, `${name} is computed itself`)
  const kind = KINDS[found.type]
  if (kind === undefined) throw refuse(position, `a ${found.type} cannot be calculated with`)
  // Everything is calculated as numeric: exact, and without the range of an integer in between.
  return { kind, sql: kind === 'number' ? sql`${identifier(name)}::numeric` : identifier(name) }
}

function literal({ literal: value, position }: Extract<Operand, { kind: 'literal' }>): Part {
  if (value.type === 'string') {
    if (value.value.includes('\0')) throw refuse(position, 'a text has no NUL')
    return { kind: 'text', sql: sql`${trustedSql(quoteLiteral(value.value))}::text` }
  }
  const number = value.type === 'number' ? parseDecimal(value.text) : undefined
  if (number === undefined) throw refuse(position, 'only texts and decimal numbers can stand here')
  return { kind: 'number', sql: sql`${trustedSql(`(${number})`)}::numeric` }
}

type Call = Extract<Operand, { kind: 'function' }>
type Signature = { takes: readonly (Kind | Kind[])[]; gives: Kind; sql(parts: readonly Sql[]): Sql }

const WITH_A_DAY: Kind[] = ['date', 'datetime']
const datePart = (part: string): Signature => ({
  takes: [WITH_A_DAY],
  gives: 'number',
  sql: ([day = sql`null`]) => sql`extract(${trustedSql(part)} from ${day})::numeric`,
})
const ofText = (name: string): Signature => ({
  takes: ['text'],
  gives: 'text',
  sql: (parts) => sql`${trustedSql(name)}(${join(parts)})`,
})
const ofNumber = (name: string): Signature => ({ ...ofText(name), takes: ['number'], gives: 'number' })

const FUNCTIONS: Readonly<Record<string, Signature>> = {
  trim: ofText('btrim'),
  tolower: ofText('lower'),
  toupper: ofText('upper'),
  length: { ...ofText('length'), gives: 'number', sql: (parts) => sql`length(${join(parts)})::numeric` },
  round: ofNumber('round'),
  floor: ofNumber('floor'),
  ceiling: ofNumber('ceil'),
  year: datePart('year'),
  month: datePart('month'),
  day: datePart('day'),
}

function call(operand: Call, scope: Scope): Part {
  if (operand.name === 'concat') return concat(operand, scope)
  if (operand.name === 'coalesce') return coalesce(operand, scope)
  const signature = Object.hasOwn(FUNCTIONS, operand.name) ? FUNCTIONS[operand.name] : undefined
  if (signature === undefined)
    throw refuse(
      operand.position,
      `there is no function ${operand.name}; there are concat, coalesce, ${Object.keys(FUNCTIONS).join(', ')}`,
    )
  if (operand.arguments.length !== signature.takes.length)
    throw refuse(operand.position, `${operand.name} takes ${signature.takes.length} value`)
  const parts = operand.arguments.map((one, i) => need(one, signature.takes[i] ?? 'text', scope))
  return { kind: signature.gives, sql: signature.sql(parts) }
}

/** Nothing adds nothing: a person without a first name has a full name all the same. */
function concat(operand: Call, scope: Scope): Part {
  if (operand.arguments.length < 2) throw refuse(operand.position, 'concat takes two values or more')
  const parts = operand.arguments.map((one) => sql`coalesce(${need(one, ['text', 'number'], scope)}::text, '')`)
  return { kind: 'text', sql: sql`(${join(parts, ' || ')})` }
}

function coalesce(operand: Call, scope: Scope): Part {
  const parts = operand.arguments.map((one) => compile(one, scope))
  const kind = parts[0]?.kind
  if (kind === undefined || parts.length < 2) throw refuse(operand.position, 'coalesce takes two values or more')
  if (parts.some((part) => part.kind !== kind)) throw refuse(operand.position, 'the values of coalesce are of one kind')
  return { kind, sql: sql`coalesce(${join(parts.map((part) => part.sql))})` }
}

function need(operand: Operand, kinds: Kind | readonly Kind[], scope: Scope): Sql {
  const part = compile(operand, scope)
  if (![kinds].flat().includes(part.kind))
    throw refuse(positionOf(operand), `needs a ${[kinds].flat().join(' or ')}, not a ${part.kind}`)
  // A moment has a day only somewhere; in UTC it is the same one for everybody, as a kept value must be.
  return part.kind === 'datetime' ? sql`(${part.sql} at time zone 'UTC')` : part.sql
}

function positionOf(operand: Operand): number {
  return operand.kind === 'arithmetic' ? positionOf(operand.left) : operand.position
}

function refuse(position: number, reason: string): AppError {
  return new AppError('tables.invalid', `The expression cannot be used at character ${position + 1}: ${reason}`, {
    details: { position },
  })
}

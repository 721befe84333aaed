import { AppError } from '#lib/app-error.ts'
import type { ArithmeticOperator, Operand } from '#lib/odata/ast.ts'
import { type Sql, sql } from '#postgres/sql.ts'
import { rowsBehind } from './collections.ts'
import { bindAs } from './literals.ts'
import { refuse } from './refuse.ts'
import type { Columns, ScopedColumn } from './scope.ts'

export type Kind = 'number' | 'text' | 'boolean' | 'uuid' | 'date' | 'datetime' | 'choices'
export type Value = { sql: Sql; kind: Kind; position: number }

/** Anything that has a value in a filter, as SQL. Refusals are AppError `request.invalid` with the position. */
export function compileOperand(operand: Operand, columns: Columns): Value {
  const { position } = operand
  switch (operand.kind) {
    case 'path': {
      if (operand.names.at(-1) === '$count') return countOf(operand, columns)
      const column = columnOf(operand, columns)
      return { sql: column.sql, kind: kindOf(column), position }
    }
    case 'literal':
      return { ...bindAs(operand.literal, position), position }
    case 'arithmetic': {
      const left = need('number', operand.left, columns)
      const right = need('number', operand.right, columns)
      return { sql: ARITHMETIC[operand.operator](left, right), kind: 'number', position }
    }
    case 'function':
      return compileFunction(operand, columns)
    case 'condition':
      throw refuse(position, 'a condition cannot stand inside a computation')
    default:
      return operand satisfies never
  }
}

/** The column that an operand names. */
export function columnOf(operand: Operand, columns: Columns): ScopedColumn {
  if (operand.kind !== 'path') throw refuse(operand.position, 'a column is expected here')
  try {
    return columns.column(operand.names)
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code === 'query.too_costly') throw cause
    throw refuse(operand.position, cause.message, cause)
  }
}

export function kindOf(column: ScopedColumn): Kind {
  const kind = KINDS[column.postgresType]
  if (kind === undefined) throw new Error(`Broken invariant: ${column.postgresType} has a kind`)
  return kind
}

const KINDS: Readonly<Record<string, Kind>> = {
  uuid: 'uuid',
  integer: 'number',
  bigint: 'number',
  numeric: 'number',
  text: 'text',
  timestamptz: 'datetime',
  date: 'date',
  boolean: 'boolean',
  'integer[]': 'choices',
}

// Everything is computed as a decimal: whole numbers of PostgreSQL would overflow, and 7 div 2 would be 3. What is divided by 0 is unknown.
const ARITHMETIC: Readonly<Record<ArithmeticOperator, (left: Sql, right: Sql) => Sql>> = {
  add: (left, right) => sql`(${left}::numeric + ${right}::numeric)`,
  sub: (left, right) => sql`(${left}::numeric - ${right}::numeric)`,
  mul: (left, right) => sql`(${left}::numeric * ${right}::numeric)`,
  div: (left, right) => sql`(${left}::numeric / nullif(${right}::numeric, 0))`,
  divby: (left, right) => sql`(${left}::numeric / nullif(${right}::numeric, 0))`,
  mod: (left, right) => sql`mod(${left}::numeric, nullif(${right}::numeric, 0))`,
}

type Call = { takes: readonly (readonly Kind[])[]; needs?: number; gives: Kind; sql: (a: Sql, b: Sql, c?: Sql) => Sql }
const MOMENT: readonly Kind[] = ['date', 'datetime']
const part = (name: Sql): Call => ({ takes: [MOMENT], gives: 'number', sql: (at) => sql`floor(extract(${name} from ${at}))` })
/** More than any text has; keeps a number from the request inside an integer. */
const CHARACTERS_MAX = 1_000_000
const place = (number: Sql) => sql`least(greatest(${number}, 0), ${CHARACTERS_MAX}::numeric)::int`

const FUNCTIONS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['length', { takes: [['text']], gives: 'number', sql: (text) => sql`char_length(${text})` }],
  ['tolower', { takes: [['text']], gives: 'text', sql: (text) => sql`lower(${text})` }],
  ['toupper', { takes: [['text']], gives: 'text', sql: (text) => sql`upper(${text})` }],
  ['trim', { takes: [['text']], gives: 'text', sql: (text) => sql`btrim(${text})` }],
  ['concat', { takes: [['text'], ['text']], gives: 'text', sql: (a, b) => sql`(${a} || ${b})` }],
  ['indexof', { takes: [['text'], ['text']], gives: 'number', sql: (a, b) => sql`(strpos(lower(${a}), lower(${b})) - 1)` }],
  [
    'substring',
    {
      takes: [['text'], ['number'], ['number']],
      needs: 2,
      gives: 'text',
      sql: (text, from, length) =>
        length === undefined
          ? sql`substr(${text}, ${place(from)} + 1)`
          : sql`substr(${text}, ${place(from)} + 1, ${place(length)})`,
    },
  ],
  ['year', part(sql`year`)],
  ['month', part(sql`month`)],
  ['day', part(sql`day`)],
  ['hour', part(sql`hour`)],
  ['minute', part(sql`minute`)],
  ['second', part(sql`second`)],
  ['date', { takes: [MOMENT], gives: 'date', sql: (at) => sql`(${at})::date` }],
  ['round', { takes: [['number']], gives: 'number', sql: (number) => sql`round(${number}::numeric)` }],
  ['floor', { takes: [['number']], gives: 'number', sql: (number) => sql`floor(${number}::numeric)` }],
  ['ceiling', { takes: [['number']], gives: 'number', sql: (number) => sql`ceiling(${number}::numeric)` }],
])

function compileFunction(call: Extract<Operand, { kind: 'function' }>, columns: Columns): Value {
  const { position, name } = call
  if (name === 'now' && call.arguments.length === 0) return nowOf(columns, position)
  const known = FUNCTIONS.get(name)
  if (known === undefined) throw refuse(position, `the function ${name} is not supported`)
  const { takes, needs = takes.length } = known
  if (call.arguments.length < needs || call.arguments.length > takes.length)
    throw refuse(position, `${name} takes ${takes.length === needs ? needs : `${needs} or ${takes.length}`} values`)
  const [a, b, c] = call.arguments.map((argument, i) => {
    const value = compileOperand(argument, columns)
    if (takes[i]?.includes(value.kind) !== true)
      throw refuse(argument.position, `${name} wants a ${takes[i]?.join(' or ')} here, and this is a ${value.kind}`)
    // Parts of a moment are those in UTC, as OData writes moments.
    return value.kind === 'datetime' ? sql`(${value.sql} at time zone 'UTC')` : value.sql
  })
  if (a === undefined) throw refuse(position, `${name} takes a value`)
  return { sql: known.sql(a, b ?? a, c), kind: known.gives, position }
}

function nowOf(columns: Columns, position: number): Value {
  const at = columns.asOf === undefined ? sql`now()` : sql`${new Date(columns.asOf.nowMs).toISOString()}::timestamptz`
  return { sql: at, kind: 'datetime', position }
}

function countOf(operand: Extract<Operand, { kind: 'path' }>, columns: Columns): Value {
  const { child, where } = rowsBehind(operand.names.slice(0, -1), columns, operand.position)
  return { sql: sql`(select count(*) from ${child.from()} where ${where})`, kind: 'number', position: operand.position }
}

function need(kind: Kind, operand: Operand, columns: Columns): Sql {
  const value = compileOperand(operand, columns)
  if (value.kind !== kind) throw refuse(operand.position, `a ${kind} is expected here, and this is a ${value.kind}`)
  return value.sql
}

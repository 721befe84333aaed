import type { Literal, Operand } from '#lib/odata/ast.ts'
import { type Sql, sql } from '#postgres/sql.ts'
import type { ColumnDefinition } from '../definition.ts'
import { refuse } from './refuse.ts'
import { cast, type ScopedColumn } from './scope.ts'

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const DATE = /^\d{4}-\d{2}-\d{2}$/
const DAY = /^(\d{4})-(\d{2})-(\d{2})(?=$|T)/i
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/i
const NUMBER = /^-?\d{1,60}(\.\d{1,60})?$/

type Bindable = string | number | boolean | null

/** A literal bound as a value of the column. Throws AppError `request.invalid` with the position where it does not fit the column. */
export function bind(operand: Operand, column: ScopedColumn): Sql {
  return cast(boundValue(operand, column), column)
}

/** All of them as one array parameter: the statement's text does not depend on how many there are. */
export function bindList(operands: readonly Operand[], column: ScopedColumn): Sql {
  const values = operands.map((one) => boundValue(one, column))
  return cast(values, { postgresType: `${column.postgresType}[]` })
}

/** A literal by itself, for comparison with something computed. */
export function bindAs(
  literal: Literal,
  position: number,
): { sql: Sql; kind: 'number' | 'text' | 'boolean' | 'uuid' | 'date' | 'datetime' } {
  switch (literal.type) {
    case 'number':
      return {
        sql: sql`${numberText(literal.text) ?? fails(position, 'this number has too many digits')}::numeric`,
        kind: 'number',
      }
    case 'string':
      return { sql: sql`${plainText(literal.value) ?? fails(position, NUL)}::text`, kind: 'text' }
    case 'boolean':
      return { sql: sql`${literal.value}::boolean`, kind: 'boolean' }
    case 'guid':
      return { sql: sql`${literal.value}::uuid`, kind: 'uuid' }
    case 'date':
      return { sql: sql`${dateFor(literal) ?? fails(position, NO_DAY)}::date`, kind: 'date' }
    case 'dateTime':
      return { sql: sql`${momentFor(literal) ?? fails(position, NO_DAY)}::timestamptz`, kind: 'datetime' }
    case 'null':
    case 'time':
    case 'duration':
    case 'enum':
      throw refuse(position, `a value of this kind (${literal.type}) cannot be used here`)
    default:
      return literal satisfies never
  }
}

/** The text as a pattern of `ilike` that stands for itself. Throws for a NUL, which no text in the database can hold. */
export function patternText(text: string, position: number): string {
  return (plainText(text) ?? fails(position, NUL)).replace(/[\\%_]/g, (char) => `\\${char}`)
}

const NO_DAY = 'there is no such day or time'
const NUL = 'a text cannot hold the character U+0000'

function boundValue(operand: Operand, column: ScopedColumn): Bindable {
  if (operand.kind !== 'literal') throw refuse(operand.position, 'a plain value is expected here')
  const value = valueFor(operand.literal, column.definition)
  if (value === undefined)
    throw refuse(operand.position, `this value does not fit ${column.definition.name}, which is ${column.definition.type}`)
  return value
}

/** The literal as the column's type wants it, or undefined where it does not fit. */
function valueFor(literal: Literal, column: ColumnDefinition): Bindable | undefined {
  switch (column.type) {
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
    case 'file':
    case 'image':
      return literal.type === 'guid' || (literal.type === 'string' && GUID.test(literal.value)) ? literal.value : undefined
    case 'string':
    case 'memo':
      return literal.type === 'string' ? plainText(literal.value) : undefined
    case 'integer':
    case 'choice':
      return literal.type === 'number' && /^-?\d{1,10}$/.test(literal.text) && Math.abs(Number(literal.text)) < 2 ** 31
        ? Number(literal.text)
        : undefined
    case 'bigint':
      return literal.type === 'number' && /^-?\d{1,18}$/.test(literal.text) ? literal.text : undefined
    case 'decimal':
    case 'money':
      return literal.type === 'number' ? numberText(literal.text) : undefined
    case 'boolean':
      return literal.type === 'boolean' ? literal.value : undefined
    // Asked with contain-values and the like, never as one value.
    case 'choices':
      return undefined
    case 'date':
      return dateFor(literal)
    case 'datetime':
      return momentFor(literal)
    default:
      return column.type satisfies never
  }
}

function dateFor(literal: Literal): string | undefined {
  const text = literal.type === 'date' || literal.type === 'dateTime' || literal.type === 'string' ? literal.value : undefined
  if (text === undefined || !(DATE.test(text) || DATE_TIME.test(text)) || Number.isNaN(Date.parse(text))) return undefined
  const [year, month, day] = (DAY.exec(text)?.slice(1) ?? []).map(Number)
  // JavaScript makes the second of March of the thirtieth of February, and knows a year 0; PostgreSQL does neither.
  const exists = year !== undefined && month !== undefined && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  return exists && year > 0 ? text : undefined
}

/** Without a zone it is UTC, whatever zone the session of the database is in. */
function momentFor(literal: Literal): string | undefined {
  const text = dateFor(literal)
  if (text === undefined) return undefined
  if (DATE.test(text)) return `${text}T00:00:00Z`
  return /(Z|[+-]\d{2}:\d{2})$/i.test(text) ? text : `${text}Z`
}

function numberText(text: string): string | undefined {
  return NUMBER.test(text) ? text : undefined
}

function plainText(text: string): string | undefined {
  return text.includes('\0') ? undefined : text
}

function fails(position: number, reason: string): never {
  throw refuse(position, reason)
}

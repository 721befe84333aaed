import { compare, type DecimalText, decimalPlaces, parseDecimal } from '#lib/decimal.ts'
import { type ColumnDefinition, isComputed, labelOf, type TableDefinition } from './definition.ts'
import type { ColumnValue } from './rows.queries.ts'

/**
 * Values from outside, checked against the definition of their table: what is right comes out as row values, and everything that is
 * wrong at once, by column.
 */
export type ValueProblem = {
  column: string
  code: ProblemCode
  /** English, for machines and logs. Buyers read the text `problem.<code>` of their language, with `values`. */
  message: string
  values: Readonly<Record<string, string | number>>
}

export type ProblemCode =
  | 'unknown_column'
  | 'computed'
  | 'required'
  | 'type'
  | 'characters'
  | 'too_long'
  | 'too_small'
  | 'too_large'
  | 'scale'
  | 'pattern'
  | 'option'
  | 'file'
  | 'file_size'
  | 'file_type'
  | 'file_empty'
  /** Another row has the same key. */
  | 'duplicate'
  /** The row pointed to is not there for this visitor. */
  | 'reference'
  /** Other rows still need this one. */
  | 'in_use'
  /** Rows behind a lookup or pointing here can be made with a new row only. */
  | 'nested'
  /** More nested rows, or deeper ones, than one request may hold. */
  | 'too_many'

export type Validated = { values: Readonly<Record<string, ColumnValue>>; problems: readonly ValueProblem[] }

const MEMO_CHARACTERS_MAX = 1_048_576
const DIGITS_MAX = 38
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const PLAIN_DECIMAL = /^-?\d+(\.\d+)?$/
const DATE = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/i

/**
 * `create` also fills defaults in and asks for required columns (those that the database numbers by itself excepted). An empty text is
 * nothing, as Dataverse has it. Lookups are ids here; whether their rows exist, the caller asks.
 */
export function validateValues(
  table: TableDefinition,
  input: Readonly<Record<string, unknown>>,
  options: { mode: 'create' | 'update' },
): Validated {
  const values: Record<string, ColumnValue> = {}
  const problems: ValueProblem[] = []
  for (const [name, given] of Object.entries(input)) {
    if (given === undefined) continue
    const column = table.columns.get(name)
    if (column === undefined) problems.push(unknownColumn(table, name))
    else if (isComputed(column)) problems.push(problemOf(column, 'computed'))
    else if (options.mode === 'update' && name === table.idColumn) problems.push(problemOf(column, 'computed'))
    else {
      const parsed = parseValue(column, given)
      if (parsed.kind === 'problem') problems.push(parsed.problem)
      else values[name] = parsed.value
    }
  }
  if (options.mode === 'create') fillDefaults(table, values, problems)
  for (const column of table.columns.values()) {
    const isMissing = options.mode === 'create' ? (values[column.name] ?? null) === null : values[column.name] === null
    if (!isMissing || !column.required || column.name === table.idColumn || isComputed(column)) continue
    const isNumbered = options.mode === 'create' && column.autonumber !== undefined
    const isToldAlready = problems.some((one) => one.column === column.name)
    if (!isNumbered && !isToldAlready) problems.push(problemOf(column, 'required'))
  }
  return { values, problems }
}

/** A problem that is found elsewhere (by PostgreSQL, by permissions), told as the others are. */
export function problemOf(
  column: ColumnDefinition,
  code: ProblemCode,
  values: Readonly<Record<string, string | number>> = {},
): ValueProblem {
  const label = labelOf(column, 'en')
  return { column: column.name, code, message: sentenceOf(code, column, label, values), values }
}

function unknownColumn(table: TableDefinition, name: string): ValueProblem {
  const shown = name.slice(0, 100)
  return { column: shown, code: 'unknown_column', message: `The table ${table.name} has no column ${shown}`, values: {} }
}

function fillDefaults(table: TableDefinition, values: Record<string, ColumnValue>, problems: readonly ValueProblem[]): void {
  for (const column of table.columns.values()) {
    if (column.default === undefined || values[column.name] !== undefined) continue
    if (!problems.some((one) => one.column === column.name)) values[column.name] = column.default
  }
}

type Parsed = { kind: 'value'; value: ColumnValue } | { kind: 'problem'; problem: ValueProblem }

function parseValue(column: ColumnDefinition, given: unknown): Parsed {
  if (given === null || given === '') return { kind: 'value', value: null }
  const refuse = (code: ProblemCode, values: Readonly<Record<string, string | number>> = {}): Parsed => ({
    kind: 'problem',
    problem: problemOf(column, code, values),
  })
  switch (column.type) {
    case 'string':
    case 'memo':
      return parseText(column, given, refuse)
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
      return parseNumber(column, given, refuse)
    case 'boolean':
      if (typeof given === 'boolean') return { kind: 'value', value: given }
      return given === 'true' || given === 'false' ? { kind: 'value', value: given === 'true' } : refuse('type')
    case 'date':
      return typeof given === 'string' && DATE.test(given) && isDay(given) ? { kind: 'value', value: given } : refuse('type')
    case 'datetime': {
      const moment = parseMoment(given, column.behaviour)
      return moment === undefined ? refuse('type') : { kind: 'value', value: moment }
    }
    case 'choice': {
      const option = wholeNumber(given)
      if (option === undefined) return refuse('type')
      return isOption(column, option) ? { kind: 'value', value: option } : refuse('option')
    }
    case 'choices':
      return parseChoices(column, given, refuse)
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
      return typeof given === 'string' && GUID.test(given) ? { kind: 'value', value: given.toLowerCase() } : refuse('type')
    case 'file':
    case 'image':
      // A file is stored first and then bound to its row; an id from outside could be anybody's file.
      return refuse('file')
    default:
      return column.type satisfies never
  }
}

type Refuse = (code: ProblemCode, values?: Readonly<Record<string, string | number>>) => Parsed

function parseText(column: ColumnDefinition, given: unknown, refuse: Refuse): Parsed {
  if (typeof given !== 'string') return refuse('type')
  if (given.includes('\0') || !given.isWellFormed()) return refuse('characters')
  const max = column.length ?? MEMO_CHARACTERS_MAX
  // PostgreSQL counts code points, JavaScript their halves: counted exactly only where it can matter.
  if (given.length > max && (given.length > 2 * max || [...given].length > max)) return refuse('too_long', { max })
  const { pattern } = column
  if (pattern !== undefined && !new RegExp(`^(?:${pattern.expression})$`, 'u').test(given)) return refuse('pattern')
  return { kind: 'value', value: given }
}

const WHOLE_BOUNDS: Readonly<Record<'integer' | 'bigint', { min: string; max: string }>> = {
  integer: { min: '-2147483648', max: '2147483647' },
  // What leaves the driver as a number must be one exactly.
  bigint: { min: String(Number.MIN_SAFE_INTEGER), max: String(Number.MAX_SAFE_INTEGER) },
}

function parseNumber(column: ColumnDefinition, given: unknown, refuse: Refuse): Parsed {
  const value = decimalOf(given)
  if (value === undefined) return refuse('type')
  const isWhole = column.type === 'integer' || column.type === 'bigint'
  const places = decimalPlaces(value)
  if (isWhole && places > 0) return refuse('type')
  if (column.scale !== undefined && places > column.scale) return refuse('scale', { max: column.scale })
  const bounds = column.type === 'integer' || column.type === 'bigint' ? WHOLE_BOUNDS[column.type] : undefined
  const min = column.min ?? bounds?.min
  const max = column.max ?? bounds?.max
  if (min !== undefined && compare(value, min) < 0) return refuse('too_small', { min })
  if (max !== undefined && compare(value, max) > 0) return refuse('too_large', { max })
  // Decimals are kept as they were written: '14.00' stays so.
  const text = typeof given === 'string' && PLAIN_DECIMAL.test(given) ? given : value
  return { kind: 'value', value: isWhole ? Number(value) : text }
}

function decimalOf(given: unknown): DecimalText | undefined {
  // A number of JSON is what its shortest text says: 0.1 is '0.1'.
  const text = typeof given === 'number' && Number.isFinite(given) ? plainText(given) : given
  if (typeof text !== 'string' || text.replace(/\D/g, '').length > DIGITS_MAX) return undefined
  return parseDecimal(text.trim())
}

function plainText(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 }) : text
}

function wholeNumber(given: unknown): number | undefined {
  const value = typeof given === 'string' && /^-?\d{1,10}$/.test(given) ? Number(given) : given
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

function isOption(column: ColumnDefinition, option: number): boolean {
  return [...column.options.values()].includes(option)
}

function parseChoices(column: ColumnDefinition, given: unknown, refuse: Refuse): Parsed {
  const parts = Array.isArray(given) ? given : typeof given === 'string' ? given.split(',').map((one) => one.trim()) : [given]
  const options = new Set<number>()
  for (const part of parts) {
    const option = wholeNumber(part)
    if (option === undefined) return refuse('type')
    if (!isOption(column, option)) return refuse('option')
    options.add(option)
  }
  if (options.size === 0) return { kind: 'value', value: null }
  return { kind: 'value', value: [...options].sort((a, b) => a - b).join(',') }
}

/**
 * A moment as UTC to the millisecond. Where the figures mean the same everywhere, they are kept as they stand and a zone is passed over;
 * otherwise a moment without a zone is UTC.
 */
function parseMoment(given: unknown, behaviour: ColumnDefinition['behaviour']): string | undefined {
  if (typeof given !== 'string') return undefined
  const [, day, hour, minute, second = '00', fraction = '', zone = 'Z'] =
    MOMENT.exec(DATE.test(given) ? `${given}T00:00:00Z` : given) ?? []
  if (day === undefined || !isDay(day)) return undefined
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0')
  const figures = `${day}T${hour}:${minute}:${second}.${milliseconds}`
  const at = new Date(`${figures}${behaviour === 'time_zone_independent' ? 'Z' : zone.toUpperCase()}`)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1 || at.getUTCFullYear() > 9999) return undefined
  return at.toISOString()
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`)
  // '2026-02-30' is read as March by some and refused by others; year 0 is none of PostgreSQL's.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text) && !text.startsWith('0000')
}

const EXPECTED: Readonly<Record<ColumnDefinition['type'], string>> = {
  uniqueidentifier: 'an id (GUID)',
  string: 'a text',
  memo: 'a text',
  integer: 'a whole number',
  bigint: 'a whole number',
  decimal: 'a number such as 12.5',
  money: 'an amount such as 12.50',
  boolean: 'true or false',
  date: 'a date such as 2026-11-23',
  datetime: 'a date and time such as 2026-11-23T10:00:00Z',
  choice: 'a number of the choice',
  choices: "numbers of the choice between commas, such as '1,3'",
  lookup: 'the id (GUID) of a row',
  customer: 'the id (GUID) of an account or contact',
  file: 'a file',
  image: 'an image',
}

function sentenceOf(
  code: ProblemCode,
  column: ColumnDefinition,
  label: string,
  values: Readonly<Record<string, string | number>>,
): string {
  switch (code) {
    case 'unknown_column':
      return `There is no column ${column.name}`
    case 'computed':
      return `${label} is kept by the database; leave it out`
    case 'required':
      return `${label} is required`
    case 'type':
      return `${label} must be ${EXPECTED[column.type]}`
    case 'characters':
      return `${label} holds characters that are no text (NUL or half a character)`
    case 'too_long':
      return `${label} can have at most ${values.max} characters`
    case 'too_small':
      return `${label} must be at least ${values.min}`
    case 'too_large':
      return `${label} must be at most ${values.max}`
    case 'scale':
      return `${label} can have at most ${values.max} decimals`
    case 'pattern':
      return column.pattern?.message ?? `${label} does not have the expected form`
    case 'option':
      return `${label} must be one of ${[...column.options].map(([name, value]) => `${value} (${name})`).join(', ')}`
    case 'file':
      return `${label} is a file: send its content to the address of the column; here it can only be emptied (null)`
    case 'file_size':
      return `${label} can have at most ${values.max} kB`
    case 'file_type':
      return column.accept.length === 0
        ? `${label} is not a file that can be kept here, or not what its name says`
        : `${label} must be one of ${column.accept.join(', ')}`
    case 'file_empty':
      return `${label} is an empty file`
    case 'duplicate':
      return `Another row has the same ${label}`
    case 'reference':
      return `${label} points to a row that does not exist`
    case 'in_use':
      return `Other rows still need this row (${label})`
    case 'nested':
      return `${label}: other rows can be made together with a new row only; write them by themselves`
    case 'too_many':
      return `${label} holds more rows, or deeper ones, than one request may (${values.max})`
    default:
      return code satisfies never
  }
}

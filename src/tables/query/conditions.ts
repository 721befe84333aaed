import { AppError } from '#lib/app-error.ts'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import { and, falseSql, join, or, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { AsOf } from '../row-query.ts'
import { boundFor, textOf, valueFor } from './condition-values.ts'
import { hierarchyOf, relatives } from './hierarchy.ts'
import { type Bound, needsTimeOfDay, type Period, periodOf, startOfQuarter, unitsMax } from './periods.ts'
import { type Columns, cast, type ScopedColumn } from './scope.ts'

export type DataverseCondition = Extract<FilterExpression, { kind: 'condition' }>

/**
 * A condition with one of Dataverse's operators, by its FetchXML name, as SQL. Text compares without regard to case; what says "not" is
 * true of rows without a value, as Dataverse has it; values are bound. docs/fetchxml.md has the table of operators.
 * Throws AppError `request.invalid` with the position for what does not fit, and for operators that have no meaning here.
 */
export function compileDataverseCondition(condition: DataverseCondition, scope: Columns, asOf: AsOf | undefined): Sql {
  const { operator, position } = condition
  const refused = Object.hasOwn(REFUSED, operator) ? REFUSED[operator] : undefined
  if (refused !== undefined) throw refuse(position, `${operator} is not supported: ${refused}`)
  const compile = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (compile === undefined) throw refuse(position, `there is no operator ${operator.slice(0, 60)}`)
  const { left } = condition
  if (left.kind !== 'path') throw refuse(position, 'a column is expected here')
  const column = columnAt(scope, left.names, position)
  return compile({ condition, scope, asOf, column })
}

/** Operators that Dataverse documents and that mean nothing here. */
const TEAMS = 'a portal has contacts and accounts, not teams and managers; use eq-userid, eq-businessid or a table permission'
const REFUSED: Readonly<Record<string, string>> = {
  'eq-userteams': TEAMS,
  'eq-useroruserteams': TEAMS,
  'eq-useroruserhierarchy': TEAMS,
  'eq-useroruserhierarchyandteams': TEAMS,
}

type Work = { condition: DataverseCondition; scope: Columns; asOf: AsOf | undefined; column: ScopedColumn }
type Compile = (work: Work) => Sql

const COMPARED: Readonly<Record<string, string>> = { eq: '=', gt: '>', ge: '>=', lt: '<', le: '<=' }
const SPANS =
  'yesterday today tomorrow last-seven-days next-seven-days last-week this-week next-week last-month this-month next-month last-year this-year next-year last-x-hours next-x-hours last-x-days next-x-days last-x-weeks next-x-weeks last-x-months next-x-months last-x-years next-x-years olderthan-x-minutes olderthan-x-hours olderthan-x-days olderthan-x-weeks olderthan-x-months olderthan-x-years last-fiscal-year this-fiscal-year next-fiscal-year last-fiscal-period this-fiscal-period next-fiscal-period last-x-fiscal-years next-x-fiscal-years last-x-fiscal-periods next-x-fiscal-periods'.split(
    ' ',
  )

const OPERATORS: Readonly<Record<string, Compile>> = {
  eq: compare,
  gt: compare,
  ge: compare,
  lt: compare,
  le: compare,
  ne: different,
  neq: different,
  in: (work) => oneOf(work),
  'not-in': (work) => notSo(oneOf(work)),
  between: (work) => within(work),
  'not-between': (work) => notSo(within(work)),
  null: ({ column }) => sql`${column.sql} is null`,
  'not-null': ({ column }) => sql`${column.sql} is not null`,
  like: (work) => like(work, (text) => text),
  'not-like': (work) => notSo(like(work, (text) => text)),
  'begins-with': (work) => like(work, (text) => `${text}%`),
  'not-begin-with': (work) => notSo(like(work, (text) => `${text}%`)),
  'ends-with': (work) => like(work, (text) => `%${text}`),
  'not-end-with': (work) => notSo(like(work, (text) => `%${text}`)),
  ...Object.fromEntries(SPANS.map((operator) => [operator, relative])),
  on: (work) => inDays(work, 0, 1),
  'on-or-after': (work) => inDays(work, 0, undefined),
  'on-or-before': (work) => inDays(work, undefined, 1),
  'in-fiscal-year': (work) => {
    const [year] = numbers(work, ['a year'])
    return inPeriod(work, spanOf(startOfQuarter(year ?? 0, 1), startOfQuarter(year ?? 0, 5)))
  },
  'in-fiscal-period': inQuarterOfAnyYear,
  'in-fiscal-period-and-year': (work) => inPeriod(work, quarterOf(work)),
  'in-or-before-fiscal-period-and-year': (work) => inPeriod(work, { until: quarterOf(work).until }),
  'in-or-after-fiscal-period-and-year': (work) => inPeriod(work, { from: quarterOf(work).from }),
  'eq-userid': (work) => isOwn(work, work.asOf?.contactId ?? null),
  'ne-userid': (work) => notSo(isOwn(work, work.asOf?.contactId ?? null)),
  'eq-businessid': (work) => isOwn(work, work.asOf?.accountId ?? null),
  'ne-businessid': (work) => notSo(isOwn(work, work.asOf?.accountId ?? null)),
  'eq-userlanguage': inOwnLanguage,
  above: (work) => related(work, 'above', false),
  'eq-or-above': (work) => related(work, 'above', true),
  under: (work) => related(work, 'below', false),
  'eq-or-under': (work) => related(work, 'below', true),
  'not-under': (work) => notSo(related(work, 'below', false)),
  'contain-values': (work) => containsAny(work),
  'not-contain-values': (work) => notSo(containsAny(work)),
}

/** True where the condition is false or cannot be told: of rows without a value too. */
function notSo(condition: Sql): Sql {
  return sql`(${condition}) is not true`
}

function compare(work: Work): Sql {
  const { condition, column } = work
  const operator = trustedSql(COMPARED[condition.operator] ?? '=')
  mustBeComparable(work, condition.operator !== 'eq')
  const other = otherColumn(work)
  if (other !== undefined) return sql`${folded(column)} ${operator} ${folded(other)}`
  return sql`${folded(column)} ${operator} ${foldedValue(work, single(work))}`
}

/** `ne` finds rows without a value as well: they differ from every value. */
function different(work: Work): Sql {
  mustBeComparable(work, false)
  const other = otherColumn(work)
  if (other !== undefined) return sql`${folded(work.column)} is distinct from ${folded(other)}`
  return sql`${folded(work.column)} is distinct from ${foldedValue(work, single(work))}`
}

function oneOf(work: Work): Sql {
  mustBeComparable(work, false)
  const values = work.condition.values
  if (values.length === 0) throw refuse(work.condition.position, `${work.condition.operator} needs at least one value`)
  return sql`${folded(work.column)} in (${join(values.map((value) => foldedValue(work, value)))})`
}

function within(work: Work): Sql {
  mustBeComparable(work, true)
  const { values, position, operator } = work.condition
  const [low, high] = values
  if (low === undefined || high === undefined || values.length !== 2) throw refuse(position, `${operator} takes two values`)
  return sql`${folded(work.column)} between ${foldedValue(work, low)} and ${foldedValue(work, high)}`
}

const PATTERN_CHARACTERS_MAX = 200

/** SQL Server's patterns: % is any text, _ one character, [a-z] one of a set, [^a-z] one outside it; nothing escapes but a set. */
function like(work: Work, patternOf: (text: string) => string): Sql {
  const { column, condition } = work
  if (column.postgresType !== 'text') throw mismatch(work, 'works on text')
  const pattern = patternOf(requiredText(work, single(work)))
  if (pattern.length > PATTERN_CHARACTERS_MAX)
    throw refuse(condition.position, `the pattern is longer than ${PATTERN_CHARACTERS_MAX} characters`)
  if (!pattern.includes('[')) return sql`${column.sql} ilike ${pattern.replaceAll('\\', '\\\\')}`
  const parts = pattern.match(/\[\^?\]?[^\]]*\]|[\s\S]/gu) ?? []
  const expression = parts.map((part) =>
    part === '%' ? '.*' : part === '_' ? '.' : part.length > 1 && part.startsWith('[') ? setOf(part) : escaped(part),
  )
  return sql`${column.sql} ~* ${`^(?:${expression.join('')})$`}`
}

/** A set's own characters are literal, save the dash between two of them. A range that runs backwards holds nothing. */
function setOf(text: string): string {
  const negated = text.startsWith('[^')
  const members = [...text.slice(negated ? 2 : 1, -1).matchAll(/([\s\S])-([\s\S])|([\s\S])/gu)].flatMap(([, from, to, one]) => {
    if (from === undefined || to === undefined) return [escaped(one ?? '')]
    return from <= to ? [`${escaped(from)}-${escaped(to)}`] : []
  })
  if (members.length === 0) return negated ? '.' : '(?!.).'
  return `[${negated ? '^' : ''}${members.join('')}]`
}

function escaped(character: string): string {
  return /[\p{L}\p{N}\s]/u.test(character) ? character : `\\${character}`
}

function relative(work: Work): Sql {
  const { condition, column } = work
  const { operator, position } = condition
  mustBeDate(work)
  const max = unitsMax(operator)
  let value = 0
  if (max !== undefined) {
    value = Number(requiredText(work, single(work)).trim())
    if (!Number.isInteger(value) || value < 1 || value > max)
      throw refuse(position, `${operator} takes a whole number from 1 to ${max}`)
  } else noValues(work)
  if (column.definition.type === 'date' && needsTimeOfDay(operator))
    throw refuse(position, `${operator} counts hours, and ${column.definition.name} holds days`)
  const period = periodOf(operator, known(work), value)
  if (period === undefined) throw refuse(position, `there is no operator ${operator}`)
  return inPeriod(work, period)
}

/** From the day that the value names (its first moment), so many days on. */
function inDays(work: Work, from: number | undefined, until: number | undefined): Sql {
  mustBeDate(work)
  const text = requiredText(work, single(work))
  const day = valueFor(text, { ...work.column, definition: { ...work.column.definition, type: 'date' } }, work.asOf)
  if (typeof day !== 'string') throw misfit(work)
  const start = Date.parse(`${day}T00:00:00Z`)
  const bound = (days: number): Bound => ({ kind: 'local', ms: start + days * 86_400_000 })
  return inPeriod(work, {
    ...(from === undefined ? {} : { from: bound(from) }),
    ...(until === undefined ? {} : { until: bound(until) }),
  })
}

function inPeriod(work: Work, period: Period): Sql {
  mustBeDate(work)
  const { column, asOf } = work
  const bounds: Sql[] = []
  if (period.from !== undefined) bounds.push(sql`${column.sql} >= ${cast(boundFor(period.from, column, asOf), column)}`)
  if (period.until !== undefined) bounds.push(sql`${column.sql} < ${cast(boundFor(period.until, column, asOf), column)}`)
  return and(bounds)
}

function spanOf(from: number, until: number): { from: Bound; until: Bound } {
  return { from: { kind: 'local', ms: from }, until: { kind: 'local', ms: until } }
}

function quarterOf(work: Work): { from: Bound; until: Bound } {
  const [quarter = 1, year = 0] = numbers(work, ['a period from 1 to 4', 'a year'])
  return spanOf(startOfQuarter(year, quarter), startOfQuarter(year, quarter, 1))
}

function inQuarterOfAnyYear(work: Work): Sql {
  mustBeDate(work)
  const [quarter] = numbers(work, ['a period from 1 to 4'])
  const { column } = work
  const zone = column.definition.behaviour === 'user_local' ? known(work).timeZone : 'UTC'
  const figures = column.definition.type === 'date' ? column.sql : sql`(${column.sql} at time zone ${zone})`
  return sql`extract(quarter from ${figures}) = ${quarter}::integer`
}

/** Whole numbers in the order of the operator's parameters: what each is, for the refusal. */
function numbers(work: Work, parameters: readonly string[]): number[] {
  const { values, operator, position } = work.condition
  const found = values.map((value) => Number(requiredText(work, value).trim()))
  const fits = found.every((value, i) =>
    parameters[i] === 'a year' ? Number.isInteger(value) && value >= 1900 && value <= 9998 : [1, 2, 3, 4].includes(value),
  )
  if (found.length !== parameters.length || !fits)
    throw refuse(position, `${operator} takes ${parameters.join(' and ')}, in whole numbers`)
  return found
}

/** Nobody's rows are those of somebody who has no contact or no account. */
function isOwn(work: Work, id: string | null): Sql {
  noValues(work)
  known(work)
  if (work.column.postgresType !== 'uuid') throw mismatch(work, 'works on ids and lookups')
  return id === null ? falseSql : sql`${work.column.sql} = ${id}::uuid`
}

function inOwnLanguage(work: Work): Sql {
  noValues(work)
  if (work.column.postgresType !== 'text') throw mismatch(work, 'works on text columns that hold a language such as fr or fr-FR')
  const language = known(work).language
  return language === undefined ? falseSql : sql`split_part(lower(${work.column.sql}), '-', 1) = ${language.toLowerCase()}`
}

function related(work: Work, way: 'above' | 'below', andItself: boolean): Sql {
  const { column, condition, scope } = work
  const tree = hierarchyOf(scope, column)
  if (tree === undefined)
    throw refuse(
      condition.position,
      `${column.table.name}.${column.definition.name} has no hierarchy: ${condition.operator} works on the id of a table whose rows point to parents of their own kind, and on lookups to one`,
    )
  const id = valueFor(requiredText(work, single(work)), column, work.asOf)
  if (typeof id !== 'string') throw misfit(work)
  const found = sql`${column.sql} in ${relatives(scope, tree, id, way)}`
  return andItself ? or([sql`${column.sql} = ${id}::uuid`, found]) : found
}

function containsAny(work: Work): Sql {
  const { column, condition } = work
  const { type } = column.definition
  if (type !== 'choices' && type !== 'choice') throw mismatch(work, 'works on choices')
  const values = condition.values.map((value) => valueFor(requiredText(work, value), column, undefined))
  if (values.length === 0 || values.some((value) => value === undefined)) throw misfit(work)
  return type === 'choices' ? sql`${column.sql} && ${values}::integer[]` : sql`${column.sql} = any(${values}::integer[])`
}

function folded(column: ScopedColumn): Sql {
  return column.postgresType === 'text' ? sql`lower(${column.sql})` : column.sql
}

function foldedValue(work: Work, operand: Operand): Sql {
  const value = valueFor(requiredText(work, operand), work.column, work.asOf)
  if (value === undefined) throw misfit(work, operand)
  return work.column.postgresType === 'text' ? sql`lower(${value}::text)` : cast(value, work.column)
}

/** The column that FetchXML's `valueof` names. */
function otherColumn({ condition, scope, column }: Work): ScopedColumn | undefined {
  const [value] = condition.values
  if (value?.kind !== 'path' || condition.values.length !== 1) return undefined
  const other = columnAt(scope, value.names, value.position)
  if (kindOf(other) !== kindOf(column))
    throw refuse(
      value.position,
      `${column.definition.name} and ${other.definition.name} are of different types (${column.definition.type}, ${other.definition.type})`,
    )
  return other
}

function kindOf(column: ScopedColumn): string {
  return ['integer', 'bigint', 'numeric'].includes(column.postgresType) ? 'number' : column.postgresType
}

function columnAt(scope: Columns, names: readonly string[], position: number): ScopedColumn {
  try {
    return scope.column(names)
  } catch (cause) {
    throw refuse(position, cause instanceof Error ? cause.message : 'unknown column', cause)
  }
}

function mustBeComparable(work: Work, byOrder: boolean): void {
  const { type } = work.column.definition
  if (type === 'choices') throw mismatch(work, 'does not work on several choices; use contain-values')
  const unordered = work.column.postgresType === 'uuid' || type === 'boolean'
  if (byOrder && unordered) throw mismatch(work, 'works on numbers, texts and dates')
}

function mustBeDate(work: Work): void {
  const { type } = work.column.definition
  if (type !== 'date' && type !== 'datetime') throw mismatch(work, 'works on dates')
}

function known(work: Work): AsOf {
  if (work.asOf === undefined)
    throw refuse(work.condition.position, `${work.condition.operator} depends on who asks and when, and that is not known here`)
  return work.asOf
}

function single(work: Work): Operand {
  const { values, operator, position } = work.condition
  const [value] = values
  if (value === undefined || values.length !== 1) throw refuse(position, `${operator} takes one value`)
  return value
}

function noValues({ condition }: Work): void {
  // Dataverse's own clients send value="" along.
  if (condition.values.some((value) => textOf(value)?.trim() !== ''))
    throw refuse(condition.position, `${condition.operator} takes no value`)
}

function requiredText(work: Work, operand: Operand): string {
  const text = textOf(operand)
  if (text === undefined) throw misfit(work, operand)
  return text
}

function misfit({ column, condition }: Work, operand?: Operand): AppError {
  const position = operand !== undefined && 'position' in operand ? operand.position : condition.position
  return refuse(position, `this value does not fit ${column.definition.name}, which is ${column.definition.type}`)
}

function mismatch({ column, condition }: Work, needs: string): AppError {
  return refuse(condition.position, `${condition.operator} ${needs}, and ${column.definition.name} is ${column.definition.type}`)
}

function refuse(position: number, reason: string, cause?: unknown): AppError {
  return new AppError('request.invalid', `The filter cannot be used at position ${position}: ${reason}`, {
    details: { position, reason },
    ...(cause === undefined ? {} : { cause }),
  })
}

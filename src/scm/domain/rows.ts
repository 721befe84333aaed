import { type DecimalText, parseDecimal } from '#lib/decimal.ts'
import { refuse } from './infolog.ts'

/** A row as the database answers it: every column by its field name, decimals as text, dates as ISO 8601 in UTC. */
export type Row = Readonly<Record<string, unknown>> & { readonly recid: number }

/** Given fields: text, enum members and dates as strings, decimals as decimal text, Int32 as numbers. Null stands for the empty value. */
export type FieldValue = string | number | null
export type Fields = Readonly<Record<string, FieldValue>>

/** What the writers know beside the fields. */
export type WriteContext = { nowMs: number }

/** "No date", as Finance & Operations writes it. */
export const NO_DATE = '1900-01-01T12:00:00Z'

const NO_DATE_MS = Date.parse(NO_DATE)

type Readable = Readonly<Record<string, unknown>>

export function text(row: Readable, field: string): string {
  const value = row[field]
  return value === null || value === undefined ? '' : String(value)
}

export function decimal(row: Readable, field: string): DecimalText {
  const value = text(row, field)
  return parseDecimal(value === '' ? '0' : value) ?? refuse(`The value '${value}' of '${field}' is not a number.`)
}

export function whole(row: Readable, field: string): number {
  const value = Number(text(row, field))
  return Number.isSafeInteger(value) ? value : refuse(`The value '${text(row, field)}' of '${field}' is not a whole number.`)
}

export function isYes(row: Readable, field: string): boolean {
  return row[field] === 'Yes'
}

/** The moment in milliseconds, or undefined for "no date" (and anything before). */
export function momentMs(row: Readable, field: string): number | undefined {
  const ms = Date.parse(text(row, field))
  return Number.isNaN(ms) || ms <= NO_DATE_MS ? undefined : ms
}

/** A date-only value as it travels: noon UTC of that day. */
export function dayOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 10)}T12:00:00Z`
}

export const DAY_MS = 24 * 60 * 60_000

/** The first that is not empty; '' when all are. */
export function firstText(...values: readonly string[]): string {
  return values.find((value) => value !== '') ?? ''
}

export function has(fields: Readable, field: string): boolean {
  return fields[field] !== undefined && fields[field] !== null && fields[field] !== ''
}

/** The given fields without those that only the ERP sets. */
export function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}

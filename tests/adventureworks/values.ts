import { add } from '../../src/lib/decimal.ts'
import type { SourceRow } from './source.ts'

/** '.5000' → '0.5' */
export function decimal(text: string | undefined): string {
  return add(text === undefined || text === '' ? '0' : text, '0')
}

/** '2011-05-31 00:00:00' → the form in which F&O writes a date. */
export function date(text: string | undefined): string {
  return `${(text ?? '').slice(0, 10)}T12:00:00Z`
}

export function byKey(rows: readonly SourceRow[], key: string): Map<string, SourceRow> {
  return new Map(rows.map((row) => [row[key] ?? '', row]))
}

export function groupBy(rows: readonly SourceRow[], key: string): Map<string, SourceRow[]> {
  return Map.groupBy(rows, (row) => row[key] ?? '')
}

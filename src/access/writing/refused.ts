import type { AppError } from '#lib/app-error.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { type ProblemCode, problemOf } from '#tables/validate.ts'
import type { WriteProblem } from '../write-model.ts'
import type { RowPlan } from './plan.ts'

const CODES: Readonly<Record<string, ProblemCode>> = {
  '22001': 'too_long',
  '22003': 'too_large',
  '23502': 'required',
  '23503': 'reference',
  '23505': 'duplicate',
  '23514': 'option',
}

/** What PostgreSQL has refused (AppError `tables.refused`), as problems of the columns that it names. */
export function problemsOfRefusal(table: TableDefinition, error: AppError, rows: readonly RowPlan[]): WriteProblem[] {
  const { sqlState, constraint, columns } = error.details as { sqlState: string; constraint?: string; columns: readonly string[] }
  const key = [...table.keys].find(([name]) => `${table.name}_key_${name}`.slice(0, 63) === constraint)?.[1]
  const named = (key ?? columns).flatMap((name) => table.columns.get(name) ?? [])
  const fallback = table.columns.get(table.idColumn)
  const code = CODES[sqlState] ?? 'type'
  const at = rows.length === 1 ? (rows[0]?.at ?? '') : rowNamed(error, rows, columns)
  return (named.length > 0 ? named : fallback === undefined ? [] : [fallback]).map((column) => ({
    ...problemOf(
      column,
      code,
      code === 'too_long' ? { max: column.length ?? 0 } : code === 'too_large' ? { max: column.max ?? '' } : {},
    ),
    at,
  }))
}

/** Which of several rows it was, by the values that PostgreSQL quotes: 'Key (ordernumber)=(W-1) already exists.' */
function rowNamed(error: AppError, rows: readonly RowPlan[], columns: readonly string[]): string {
  const detail = (error.cause as { detail?: string } | undefined)?.detail ?? ''
  const [, quoted] = /=\((.*)\) /.exec(detail) ?? []
  const found = rows.findLast((one) => columns.map((name) => String(one.values[name])).join(', ') === quoted)
  return found?.at ?? ''
}

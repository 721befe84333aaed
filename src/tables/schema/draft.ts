import type { Sql } from '#postgres/sql.ts'
import type { Catalog } from '../catalog.ts'
import type { TableDefinition } from '../definition.ts'
import type { ActualTable } from '../schema.queries.ts'

/** One table as it is held, as it was defined, and as it is to be. */
export type TableChange = {
  catalog: Catalog
  current: TableDefinition | undefined
  next: TableDefinition
  actual: ActualTable
}

/**
 * Expand: in one transaction, what nobody notices yet. Build: beside the users of a large table, without locks that stop them.
 * Switch: in one transaction with the new definition itself.
 */
export type Phase = 'expand' | 'build' | 'switch'

export type PlannedStep = {
  phase: Phase
  /** Order within the expansion: what is in the way, tables and types, columns, ties, indexes. */
  rank: number
  what: string
  sql: readonly Sql[]
  /** The table whose policies are in the way of this step. */
  withdraws?: string
}

/** A question to the rows, and what it means if some are found. `confirm` names what a person may agree to; without it nothing helps. */
export type Question = {
  table: string
  condition: Sql | { duplicatesOf: readonly string[] }
  says: (rows: number) => string
  confirm?: string
}

/** A plan while it is made: steps, questions to be asked of the rows, and what cannot be done whatever they hold. */
export type Draft = {
  readonly steps: PlannedStep[]
  readonly questions: Question[]
  readonly refusals: string[]
  expand(rank: number, what: string, ddl: readonly Sql[], withdraws?: string): void
  /** In the expansion where the table is small: it is locked for a moment only. */
  build(what: string, ddl: readonly Sql[], isLarge: boolean): void
  finish(what: string, ddl: readonly Sql[], withdraws?: string): void
  refuse(reason: string): void
  block(table: string, condition: Sql, says: (rows: number) => string): void
  blockDuplicates(table: string, columns: readonly string[]): void
  /** Asks a person where rows lose something. */
  ask(table: string, confirm: string, condition: Sql, says: (rows: number) => string): void
}

export function createDraft(): Draft {
  const steps: PlannedStep[] = []
  const questions: Question[] = []
  const refusals: string[] = []
  const add = (phase: Phase, rank: number, what: string, ddl: readonly Sql[], withdraws?: string) =>
    void steps.push({ phase, rank, what, sql: ddl, ...(withdraws === undefined ? {} : { withdraws }) })
  return {
    steps,
    questions,
    refusals,
    expand: (rank, what, ddl, withdraws) => add('expand', rank, what, ddl, withdraws),
    build: (what, ddl, isLarge) => (isLarge ? add('build', 0, what, ddl) : add('expand', 3, what, ddl)),
    finish: (what, ddl, withdraws) => add('switch', 0, what, ddl, withdraws),
    refuse: (reason) => void refusals.push(reason),
    block: (table, condition, says) => void questions.push({ table, condition, says }),
    blockDuplicates: (table, columns) =>
      void questions.push({
        table,
        condition: { duplicatesOf: columns },
        says: (rows) =>
          `${rows} rows of ${table} share their ${columns.join(', ')} with another, so it cannot be a key; change them first`,
      }),
    ask: (table, confirm, condition, says) => void questions.push({ table, condition, says, confirm }),
  }
}

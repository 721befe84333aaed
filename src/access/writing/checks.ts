import type { TableDefinition } from '#tables/definition.ts'
import { noRows, type RowPredicate } from '#tables/predicate.ts'
import { type TestedRow, testRows } from '#tables/row-tests.queries.ts'
import type { RowId } from '#tables/rows.queries.ts'
import { problemOf } from '#tables/validate.ts'
import type { WriteOutcome, WritePrivilege, WriteProblem, WritingPlace } from '../write-model.ts'
import type { RowPlan } from './plan.ts'

/** The rules of permission for writes, as tests of rows by predicates: the same predicates as for reading. */
export type Forbidden = Extract<WriteOutcome, { kind: 'forbidden' }>

/** What a row must be inside of for this write: rows of the privilege, those of each column named, those of append. */
export type RowTests = Readonly<Record<string, RowPredicate>>

const COLUMN = 'column '

export function testsOf(
  place: WritingPlace,
  table: TableDefinition,
  asked: { privilege: 'create' | 'write'; columns: readonly string[]; append: boolean },
): RowTests {
  const { permissions, visitor } = place
  const rows = permissions.predicate(visitor, table.name, asked.privilege)
  const tests: Record<string, RowPredicate> = { [asked.privilege]: rows }
  for (const name of asked.columns) {
    const mask = rows.column?.(name)
    if (mask !== undefined) tests[`${COLUMN}${name}`] = mask
  }
  if (asked.append) tests.append = permissions.predicate(visitor, table.name, 'append')
  return tests
}

/** Why the row does not stand the tests, or undefined when it does. */
export function refusalOf(table: TableDefinition, tests: RowTests, row: TestedRow): Forbidden | undefined {
  const failed = Object.keys(tests).filter((name) => !row.inside.has(name))
  const rows = failed.find((name) => name === 'create' || name === 'write')
  if (rows !== undefined) return forbidden(table, rows as WritePrivilege)
  const columns = failed.filter((name) => name.startsWith(COLUMN)).map((name) => name.slice(COLUMN.length))
  if (columns.length > 0) return forbidden(table, 'create' in tests ? 'create' : 'write', columns)
  return failed.includes('append') ? forbidden(table, 'append') : undefined
}

const DEEDS: Readonly<Record<WritePrivilege, string>> = {
  create: 'make such a row',
  write: 'change this row, or not in this way',
  delete: 'delete this row',
  append: 'attach this row to others',
  appendTo: 'attach anything to this row',
}

export function forbidden(table: TableDefinition, privilege: WritePrivilege, columns: readonly string[] = []): Forbidden {
  const message =
    columns.length === 0
      ? `No permission allows you to ${DEEDS[privilege]} of the table ${table.name}`
      : `No permission allows you to write ${columns.join(', ')} of this row of the table ${table.name}`
  return { kind: 'forbidden', table: table.name, privilege, columns, message }
}

/** Columns that the visitor may write on no row at all: refused before anything is written. */
export function closedColumns(tests: RowTests): string[] {
  return Object.entries(tests)
    .filter(([name, rows]) => name.startsWith(COLUMN) && rows === noRows)
    .map(([name]) => name.slice(COLUMN.length))
}

export type ReferenceCheck = { problems: WriteProblem[]; forbidden: Forbidden | undefined }

/**
 * The rows pointed to must be there for the visitor, and allow that something is attached to them. One that he cannot see is told as one
 * that does not exist. `wanted` chooses among the references.
 */
export async function checkReferences(
  place: WritingPlace,
  plans: readonly RowPlan[],
  wanted: (id: RowId) => boolean,
): Promise<ReferenceCheck> {
  const { tx, permissions, visitor } = place
  const all = plans.flatMap((plan) => plan.references.filter((one) => wanted(one.id)).map((one) => ({ ...one, at: plan.at })))
  const answer: ReferenceCheck = { problems: [], forbidden: undefined }
  for (const references of Map.groupBy(all, (one) => one.table.name).values()) {
    const [first] = references
    if (first === undefined) continue
    const { table } = first
    const tests = {
      read: permissions.predicate(visitor, table.name, 'read'),
      appendTo: permissions.predicate(visitor, table.name, 'appendTo'),
    }
    const rows = await testRows(tx, table, [...new Set(references.map((one) => one.id))], { tests })
    for (const { column, id, at } of references) {
      const row = rows.get(id)
      if (row?.inside.has('read') !== true) answer.problems.push({ ...problemOf(column, 'reference'), at })
      else if (!row.inside.has('appendTo')) answer.forbidden ??= forbidden(table, 'appendTo')
    }
  }
  return answer
}

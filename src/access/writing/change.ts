import { type AppError, isAppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import { isLookup, type TableDefinition } from '#tables/definition.ts'
import { ofVersion, type TestedRow, testRows } from '#tables/row-tests.queries.ts'
import { deleteRow, type RowId, updateRow } from '#tables/rows.queries.ts'
import { problemOf } from '#tables/validate.ts'
import type { Precondition, RowInput, WriteOutcome, WritingPlace } from '../write-model.ts'
import { checkReferences, forbidden, type RowTests, refusalOf, testsOf } from './checks.ts'
import { type Planning, planUpdate, type RowPlan } from './plan.ts'
import { problemsOfRefusal } from './refused.ts'

/** A row that others change while we look at it is looked at again so often. */
const LOOKS_MAX = 5

/**
 * Changes one row, which must be one that the visitor may change before and after: nobody writes a row out of his own reach. Nothing is
 * locked meanwhile; a row that has moved on between looking and writing is looked at again.
 */
export async function changeRow(
  planning: Planning,
  table: TableDefinition,
  id: RowId,
  change: { values: RowInput; precondition?: Precondition; file?: { column: string; fileId: RowId } },
): Promise<WriteOutcome> {
  const { place } = planning
  const plan = withFile(await planUpdate(planning, table, id, change.values), change.file)
  const lookups = Object.keys(plan.values).filter((name) => {
    const column = table.columns.get(name)
    return column !== undefined && isLookup(column)
  })
  const tests = testsOf(place, table, { privilege: 'write', columns: plan.chosen, append: lookups.length > 0 })
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const before = await lookAt(place, table, id, tests, lookups)
    if (before === undefined) return notFound(table)
    const changed = new Set(lookups.filter((name) => (before.values[name] ?? null) !== plan.values[name]))
    const needed = changed.size > 0 ? tests : withoutAppend(tests)
    const refused = await refusalBefore(planning, plan, { before, needed, changed, precondition: change.precondition })
    if (refused !== undefined) return refused
    if (Object.keys(plan.values).length === 0) return { kind: 'updated', table: table.name, id, version: before.version }
    const stored = await tryWrite(table, [plan], () =>
      updateRow(place.tx, table, id, plan.values, { predicate: ofVersion(table, id, before.version) }),
    )
    if (typeof stored !== 'boolean') return stored
    if (!stored) continue
    const after = await lookAt(place, table, id, needed, [])
    if (after === undefined) return forbidden(table, 'write')
    return refusalOf(table, needed, after) ?? { kind: 'updated', table: table.name, id, version: after.version }
  }
  return { kind: 'stale', table: table.name, version: 0 }
}

/** Why the visitor could not write these columns now, before anything large is taken in; undefined when he could. */
export async function refusalToChange(
  planning: Planning,
  table: TableDefinition,
  id: RowId,
  change: { columns: readonly string[]; precondition: Precondition | undefined },
): Promise<WriteOutcome | undefined> {
  const plan = { ...(await planUpdate(planning, table, id, {})), chosen: change.columns }
  const needed = testsOf(planning.place, table, { privilege: 'write', columns: change.columns, append: false })
  const before = await lookAt(planning.place, table, id, needed, [])
  if (before === undefined) return notFound(table)
  return refusalBefore(planning, plan, { before, needed, changed: new Set(), precondition: change.precondition })
}

/** A stored file comes from our own storage and never from a request's values: an id from outside could be anybody's file. */
function withFile(plan: RowPlan, file: { column: string; fileId: RowId } | undefined): RowPlan {
  if (file === undefined) return plan
  return { ...plan, values: { ...plan.values, [file.column]: file.fileId }, chosen: [...plan.chosen, file.column] }
}

type Look = { before: TestedRow; needed: RowTests; changed: ReadonlySet<string>; precondition: Precondition | undefined }

/** In the order in which one is told: may the row be changed, is it the expected one, may these columns, are the values right. */
async function refusalBefore(planning: Planning, plan: RowPlan, look: Look): Promise<WriteOutcome | undefined> {
  const { place } = planning
  const { table } = plan
  if (!look.before.inside.has('write')) return forbidden(table, 'write')
  if (isStale(look.precondition, look.before.version)) return stale(table, look.before.version)
  const refusal = refusalOf(table, look.needed, look.before)
  if (refusal !== undefined) return refusal
  const changing = { ...plan, references: plan.references.filter((one) => look.changed.has(one.column.name)) }
  const references = await checkReferences(place, [changing], () => true)
  const problems = [...planning.problems, ...references.problems]
  if (references.forbidden !== undefined) return references.forbidden
  return problems.length > 0 ? { kind: 'invalid', table: table.name, problems } : undefined
}

/** Deletes one row; what hangs on it goes with it or stays, as the lookups' `onDelete` says. */
export async function removeRow(
  place: WritingPlace,
  table: TableDefinition,
  id: RowId,
  precondition: Precondition | undefined,
): Promise<WriteOutcome> {
  const tests = { delete: place.permissions.predicate(place.visitor, table.name, 'delete') }
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const row = await lookAt(place, table, id, tests, [])
    if (row === undefined) return notFound(table)
    if (!row.inside.has('delete')) return forbidden(table, 'delete')
    if (isStale(precondition, row.version)) return stale(table, row.version)
    const gone = await tryWrite(table, [], () => deleteRow(place.tx, table, id, ofVersion(table, id, row.version)))
    if (typeof gone !== 'boolean') return gone
    if (gone) return { kind: 'deleted', table: table.name, id }
  }
  return { kind: 'stale', table: table.name, version: 0 }
}

/** The row if the visitor may see it, with what it is inside of. */
async function lookAt(
  place: WritingPlace,
  table: TableDefinition,
  id: RowId,
  tests: RowTests,
  columns: readonly string[],
): Promise<TestedRow | undefined> {
  const read = place.permissions.predicate(place.visitor, table.name, 'read')
  const row = (await testRows(place.tx, table, [id], { tests: { ...tests, read }, columns })).get(id)
  return row?.inside.has('read') === true ? row : undefined
}

async function tryWrite(
  table: TableDefinition,
  plans: readonly RowPlan[],
  run: () => Promise<boolean>,
): Promise<boolean | WriteOutcome> {
  try {
    return await run()
  } catch (error) {
    if (isAppError(error, 'tables.forbidden')) return forbidden(table, plans.length === 0 ? 'delete' : 'write')
    if (!isAppError(error, 'tables.refused')) throw error
    const problems = plans.length === 0 ? inUse(table, error) : problemsOfRefusal(table, error, plans)
    return { kind: 'invalid', table: table.name, problems }
  }
}

/** Of a delete PostgreSQL refuses only what other rows still need, and what a rule keeps, which says why. */
function inUse(table: TableDefinition, error: AppError) {
  const id = table.columns.get(table.idColumn)
  assert(id !== undefined, `a table has an id: ${error.message}`)
  const message = error.details.constraint === 'delete_rule' ? { message: error.message } : {}
  return [{ ...problemOf(id, 'in_use'), ...message, at: '' }]
}

function isStale(precondition: Precondition | undefined, version: number): boolean {
  return typeof precondition?.ifMatch === 'number' && precondition.ifMatch !== version
}

function stale(table: TableDefinition, version: number): WriteOutcome {
  return { kind: 'stale', table: table.name, version }
}

export function notFound(table: TableDefinition): Extract<WriteOutcome, { kind: 'not_found' }> {
  return { kind: 'not_found', table: table.name, message: `There is no such row of the table ${table.name}` }
}

function withoutAppend(tests: RowTests): RowTests {
  return Object.fromEntries(Object.entries(tests).filter(([name]) => name !== 'append'))
}

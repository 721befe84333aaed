import { AppError } from '#lib/app-error.ts'
import { assert, required } from '#lib/assert.ts'
import { inStep } from '#postgres/savepoint.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { findCollection, findLookup } from '#tables/navigation.ts'
import { testRows } from '#tables/row-tests.queries.ts'
import { type RowId, setActor } from '#tables/rows.queries.ts'
import type { ChangeSetOutcome, Operation, Precondition, Reference, RowInput, WriteOutcome, WritingPlace } from './write-model.ts'
import { changeRow, notFound, removeRow } from './writing/change.ts'
import { type Created, createPlanned, type Refused } from './writing/create.ts'
import { findTarget, isBind, keyValues, type Planning, planCreate, startPlanning } from './writing/plan.ts'

/**
 * The one way in which anybody but the sync engine writes rows. Every write asks the same predicates as reading does: a row that the
 * visitor cannot see is not found, one that he may not change is forbidden; he names no column that is closed to him; a lookup is set
 * where he may append this row and append to the one it points to; and the row must be one he may write before and after. What is refused
 * has left nothing behind, and the caller's transaction goes on. Changes are captured for dual-write with the visitor as their actor.
 */
export async function write(place: WritingPlace, operation: Operation): Promise<WriteOutcome> {
  await sayWho(place)
  return runStep(place, operation, new Map())
}

/** More is no change set but an import. */
const OPERATIONS_MAX = 1_000
/** Lists and rows in turn; deeper ones are refused as too many. */
const BINDS_LEVELS_MAX = 12

/**
 * Several writes, all or nothing, in order; later ones may refer to what earlier ones wrote (`{ result: name }`). After a refusal the rest
 * is tried too, so that all problems are told at once; then everything is taken back.
 * Throws AppError `request.too_many_operations`.
 */
export async function changeSet(place: WritingPlace, operations: readonly Operation[]): Promise<ChangeSetOutcome> {
  if (operations.length > OPERATIONS_MAX)
    throw new AppError('request.too_many_operations', `A change set has at most ${OPERATIONS_MAX} operations`, {
      details: { max: OPERATIONS_MAX, given: operations.length },
    })
  await sayWho(place)
  return inStep(place.tx, async () => {
    const results = new Map<string, { table: string; id: RowId }>()
    const outcomes: WriteOutcome[] = []
    for (const operation of operations) {
      const missing = resultsNamed(operation).find((name) => !results.has(name))
      const outcome = missing === undefined ? await runStep(place, operation, results) : depends(operation, missing)
      outcomes.push(outcome)
      if (operation.as !== undefined && (outcome.kind === 'created' || outcome.kind === 'updated'))
        results.set(operation.as, { table: outcome.table, id: outcome.id })
    }
    const keep = outcomes.every(isDone)
    return { keep, value: { kind: keep ? 'done' : 'refused', outcomes } }
  })
}

export type CreateRowsOutcome = { kind: 'done'; created: readonly Created[] } | { kind: 'refused'; refused: Refused }

/**
 * Makes rows of one table, all or none, each with what is nested in it; problems say which (`at`: '3', '3/order_details/0').
 * `chosenBy: 'program'` is for values that our own code has chosen for the visitor: he needs no right to the columns and to the rows they
 * point to, but the rows must be ones that he may make.
 */
export async function createRows(
  place: WritingPlace,
  table: TableDefinition,
  rows: readonly RowInput[],
  options: { chosenBy: 'visitor' | 'program' },
): Promise<CreateRowsOutcome> {
  if (rows.length === 0) return { kind: 'done', created: [] }
  await sayWho(place)
  return inStep<CreateRowsOutcome>(place.tx, async () => {
    const planning = startPlanning(place, new Map(), Number.MAX_SAFE_INTEGER)
    const plans = []
    for (const [index, row] of rows.entries()) plans.push(await planCreate(planning, table, row, String(index)))
    const made = await createPlanned(planning, plans, options.chosenBy)
    return Array.isArray(made)
      ? { keep: true, value: { kind: 'done', created: made } }
      : { keep: false, value: { kind: 'refused', refused: made } }
  })
}

/** Whether an outcome has written something, or had nothing to write. */
export function isDone(outcome: WriteOutcome): boolean {
  return outcome.kind === 'created' || outcome.kind === 'updated' || outcome.kind === 'deleted'
}

function runStep(place: WritingPlace, operation: Operation, results: Planning['results']): Promise<WriteOutcome> {
  return inStep(place.tx, async () => {
    const outcome = await run(startPlanning(place, results), operation)
    return { keep: isDone(outcome), value: outcome }
  })
}

async function run(planning: Planning, operation: Operation): Promise<WriteOutcome> {
  const { place } = planning
  const table = place.catalog.get(operation.table)
  if (operation.kind === 'create') return createOne(planning, table, operation.values)
  if (operation.kind === 'upsert') return upsertOne(planning, table, operation)
  const id = await findTarget(planning, table, operation.target)
  if (id === undefined) return notFound(table)
  switch (operation.kind) {
    case 'update':
      return changeRow(planning, table, id, operation)
    case 'delete':
      return removeRow(place, table, id, operation.precondition)
    case 'associate':
      return associate(planning, table, id, operation)
    case 'disassociate':
      return disassociate(planning, table, id, operation)
    default:
      return operation satisfies never
  }
}

async function createOne(planning: Planning, table: TableDefinition, values: RowInput): Promise<WriteOutcome> {
  const plan = await planCreate(planning, table, values)
  const made = await createPlanned(planning, [plan], 'visitor')
  return Array.isArray(made) ? required(made[0], 'the row that was made') : made
}

/**
 * Two at once for the same key make one row: the second is refused by the key, takes its step back, and finds the row that the first has
 * made.
 */
async function upsertOne(
  planning: Planning,
  table: TableDefinition,
  operation: { target: Reference; values: RowInput; precondition?: Precondition },
): Promise<WriteOutcome> {
  const { place, results } = planning
  const { target, values, precondition } = operation
  assert(!('result' in target), 'an upsert names its row by id or key')
  const named = 'key' in target ? await keyValues(planning, table, target.key) : { [table.idColumn]: target.id }
  if (named === undefined) return notFound(table)
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !(name in named)))
  for (const isLast of [false, true]) {
    const id = await findTarget(planning, table, target)
    const isThere = id !== undefined && (await isSeen(place, table, id))
    if (isThere && precondition?.ifNoneMatch === '*') return { kind: 'exists', table: table.name, id }
    if (isThere) return changeRow(planning, table, id, { values: rest, ...(precondition === undefined ? {} : { precondition }) })
    if (precondition?.ifMatch !== undefined) return notFound(table)
    const outcome = await inStep(place.tx, async () => {
      const made = await createOne(startPlanning(place, results), table, { ...rest, ...named })
      return { keep: isDone(made), value: made }
    })
    if (isLast || !isDuplicate(outcome)) return outcome
  }
  return notFound(table)
}

async function isSeen(place: WritingPlace, table: TableDefinition, id: RowId): Promise<boolean> {
  const read = place.permissions.predicate(place.visitor, table.name, 'read')
  return (await testRows(place.tx, table, [id], { tests: { read } })).get(id)?.inside.has('read') === true
}

function isDuplicate(outcome: WriteOutcome): boolean {
  return outcome.kind === 'invalid' && outcome.problems.some((one) => one.code === 'duplicate')
}

async function associate(
  planning: Planning,
  table: TableDefinition,
  id: RowId,
  { navigation, to }: { navigation: string; to: Reference },
): Promise<WriteOutcome> {
  const way = wayOf(planning, table, navigation)
  const other = await findTarget(planning, way.other, to)
  if (other === undefined) return notFound(way.other)
  return way.kind === 'lookup'
    ? changeRow(planning, table, id, { values: { [way.lookup]: { bind: { table: way.other.name, id: other } } } })
    : changeRow(planning, way.other, other, { values: { [way.lookup]: { bind: { table: table.name, id } } } })
}

async function disassociate(
  planning: Planning,
  table: TableDefinition,
  id: RowId,
  { navigation, from }: { navigation: string; from?: Reference },
): Promise<WriteOutcome> {
  const way = wayOf(planning, table, navigation)
  const other = from === undefined ? undefined : await findTarget(planning, way.other, from)
  if (other === undefined && (from !== undefined || way.kind === 'collection')) return notFound(way.other)
  const [holder, row, pointsTo] = way.kind === 'lookup' ? [table, id, other] : [way.other, other ?? '', id]
  if (pointsTo !== undefined) {
    const read = planning.place.permissions.predicate(planning.place.visitor, holder.name, 'read')
    const found = await testRows(planning.place.tx, holder, [row], { tests: { read }, columns: [way.lookup] })
    const seen = found.get(row)
    if (seen?.inside.has('read') !== true || seen.values[way.lookup] !== pointsTo) return notFound(way.other)
  }
  return changeRow(planning, holder, row, { values: { [way.lookup]: null } })
}

/** Along a lookup of this table, or against one of another. Throws AppError `tables.unknown_column`. */
function wayOf(planning: Planning, table: TableDefinition, navigation: string) {
  const { catalog } = planning.place
  const lookup = findLookup(catalog, table, navigation)
  if (lookup !== undefined) return { kind: 'lookup' as const, lookup: lookup.lookup.name, other: lookup.target }
  const collection = findCollection(catalog, table, navigation)
  if (collection !== undefined) return { kind: 'collection' as const, lookup: collection.lookup.name, other: collection.table }
  throw new AppError('tables.unknown_column', `The table ${table.name} has no relation ${navigation}`, {
    details: { table: table.name, column: navigation },
  })
}

/** Earlier operations that this one refers to: as its row, or in place of a value. */
function resultsNamed(operation: Operation): string[] {
  const references: unknown[] = []
  if ('target' in operation) references.push(operation.target)
  if (operation.kind === 'associate') references.push(operation.to)
  if (operation.kind === 'disassociate') references.push(operation.from)
  if ('values' in operation) references.push(...bindsIn(operation.values, 0))
  return references.flatMap((one) =>
    typeof one === 'object' && one !== null && 'result' in one && typeof one.result === 'string' ? [one.result] : [],
  )
}

function bindsIn(value: unknown, level: number): unknown[] {
  if (typeof value !== 'object' || value === null || level > BINDS_LEVELS_MAX) return []
  return isBind(value) ? [value.bind] : Object.values(value).flatMap((one) => bindsIn(one, level + 1))
}

function depends(operation: Operation, missing: string): WriteOutcome {
  return {
    kind: 'depends',
    table: operation.table,
    message: `It refers to ${missing}, which was refused or does not come before it`,
  }
}

/** Says in the transaction who writes, for captured changes and history. */
export async function sayWho({ tx, visitor }: WritingPlace): Promise<void> {
  await setActor(tx, actorOf(visitor))
}

function actorOf(visitor: WritingPlace['visitor']): string {
  switch (visitor.kind) {
    case 'contact':
      return visitor.contactId
    case 'service':
      return visitor.serviceAccountId
    case 'anonymous':
      return 'anonymous'
    default:
      return visitor satisfies never
  }
}

import { isAppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import { testRows } from '#tables/row-tests.queries.ts'
import { insertRows, type RowValues } from '#tables/rows.queries.ts'
import { problemOf } from '#tables/validate.ts'
import type { WriteOutcome, WritingPlace } from '../write-model.ts'
import { changeRow } from './change.ts'
import { checkReferences, closedColumns, type Forbidden, forbidden, refusalOf, testsOf } from './checks.ts'
import { type Planning, type RowPlan, startPlanning } from './plan.ts'
import { problemsOfRefusal } from './refused.ts'

export type Created = Extract<WriteOutcome, { kind: 'created' }>
export type Refused = Exclude<WriteOutcome, { kind: 'created' | 'updated' | 'deleted' }>

/**
 * Makes the planned rows with everything inside them, and answers one outcome for each plan, or why none is made: the caller then takes
 * the step back, since part of them may have been written. `chosenBy: 'program'`: our own code chose the values for the visitor, who is
 * asked for no right to their columns and to what they point to; the rows must still be ones he may make.
 */
export async function createPlanned(
  planning: Planning,
  plans: readonly RowPlan[],
  chosenBy: 'visitor' | 'program',
): Promise<Created[] | Refused> {
  const { place } = planning
  const table = required(plans[0], 'a plan').table
  const flat = flatten(plans)
  const isFree = chosenBy === 'program'
  const closed = isFree ? undefined : closedTo(place, flat)
  if (closed !== undefined) return closed
  const made = new Set(flat.map((one) => one.id))
  if (!isFree) {
    const { problems, forbidden } = await checkReferences(place, flat, (id) => !made.has(id))
    planning.problems.push(...problems)
    if (forbidden !== undefined) return forbidden
  }
  if (planning.problems.length > 0) return { kind: 'invalid', table: table.name, problems: planning.problems }
  for (const group of groupAlike(flat)) {
    const refused = await insertGroup(place, group)
    if (refused !== undefined) return refused
  }
  const versions = await checkMade(place, flat, isFree)
  if (!(versions instanceof Map)) return versions
  if (!isFree) {
    const { problems, forbidden } = await checkReferences(place, flat, (id) => made.has(id))
    if (forbidden !== undefined) return forbidden
    if (problems.length > 0) return { kind: 'invalid', table: table.name, problems }
  }
  for (const plan of flat) {
    const refused = await attachTo(planning, plan)
    if (refused !== undefined) return refused
  }
  return plans.map((one) => ({ kind: 'created', table: table.name, id: one.id, version: versions.get(one.id) ?? 0 }))
}

/** Existing rows that shall point to a new one are changed as any row is. */
async function attachTo(planning: Planning, plan: RowPlan): Promise<Refused | undefined> {
  for (const { table, lookup, id, at } of plan.attached) {
    const values = { [lookup.name]: { bind: { table: plan.table.name, id: plan.id } } }
    const outcome = await changeRow(startPlanning(planning.place, planning.results), table, id, { values })
    if (outcome.kind === 'not_found')
      return { kind: 'invalid', table: plan.table.name, problems: [{ ...problemOf(lookup, 'reference'), at }] }
    if (outcome.kind === 'created' || outcome.kind === 'deleted' || outcome.kind === 'updated') continue
    return outcome
  }
  return undefined
}

/** Rows behind lookups come before those that point to them; rows of one depth stand together, to be inserted in one statement. */
function flatten(plans: readonly RowPlan[]): RowPlan[] {
  const levels = new Map<number, RowPlan[]>()
  const visit = (plan: RowPlan, level: number) => {
    levels.set(level, [...(levels.get(level) ?? []), plan])
    for (const one of plan.before) visit(one, level - 1)
    for (const one of plan.after) visit(one, level + 1)
  }
  for (const plan of plans) visit(plan, 0)
  return [...levels].sort(([a], [b]) => a - b).flatMap(([, level]) => level)
}

function closedTo(place: WritingPlace, plans: readonly RowPlan[]): Forbidden | undefined {
  for (const plan of plans) {
    if (!place.permissions.may(place.visitor, plan.table.name, 'create')) return forbidden(plan.table, 'create')
    const closed = closedColumns(testsOf(place, plan.table, { privilege: 'create', columns: plan.chosen, append: false }))
    if (closed.length > 0) return forbidden(plan.table, 'create', closed)
  }
  return undefined
}

/** Rows of one table with the same columns: what one row leaves out must not become null because another has it. */
function groupAlike(plans: readonly RowPlan[]): RowPlan[][] {
  const groups: { key: string; plans: RowPlan[] }[] = []
  for (const plan of plans) {
    const key = `${plan.table.name}(${Object.keys(plan.values).sort().join()})`
    const last = groups.at(-1)
    if (last?.key === key) last.plans.push(plan)
    else groups.push({ key, plans: [plan] })
  }
  return groups.map((one) => one.plans)
}

async function insertGroup(place: WritingPlace, group: readonly RowPlan[]): Promise<Refused | undefined> {
  const { table } = required(group[0], 'a row')
  try {
    await insertRows(
      place.tx,
      table,
      group.map((one): RowValues => one.values),
    )
    return undefined
  } catch (error) {
    if (isAppError(error, 'tables.forbidden')) return forbidden(table, 'create')
    if (!isAppError(error, 'tables.refused')) throw error
    return { kind: 'invalid', table: table.name, problems: problemsOfRefusal(table, error, group) }
  }
}

/** Every new row must be one that the visitor may make, now that all of them are there. Answers their versions. */
async function checkMade(
  place: WritingPlace,
  plans: readonly RowPlan[],
  isFree: boolean,
): Promise<Map<string, number> | Forbidden> {
  const versions = new Map<string, number>()
  for (const alike of Map.groupBy(plans, (one) => one.table.name).values()) {
    const { table } = required(alike[0], 'a row')
    const columns = isFree ? [] : [...new Set(alike.flatMap((one) => one.chosen))]
    const append = !isFree && alike.some((one) => one.references.length > 0)
    const tests = testsOf(place, table, { privilege: 'create', columns, append })
    const rows = await testRows(
      place.tx,
      table,
      alike.map((one) => one.id),
      { tests },
    )
    for (const plan of alike) {
      const row = rows.get(plan.id)
      const needed = Object.fromEntries(Object.entries(tests).filter(([name]) => isNeeded(name, plan)))
      // Behind the wall a row that may be made but not read cannot be looked at again: PostgreSQL has checked that it may be made.
      const refusal = row === undefined ? unseen(plan, needed) : refusalOf(table, needed, row)
      if (refusal !== undefined) return refusal
      if (row !== undefined) versions.set(plan.id, row.version)
    }
  }
  return versions
}

function isNeeded(test: string, plan: RowPlan): boolean {
  if (test === 'append') return plan.references.length > 0
  return !test.startsWith('column ') || plan.chosen.includes(test.slice('column '.length))
}

function unseen(plan: RowPlan, tests: Readonly<Record<string, unknown>>): Forbidden | undefined {
  return Object.keys(tests).length > 1 ? forbidden(plan.table, 'create') : undefined
}

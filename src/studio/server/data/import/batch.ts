import { createHash } from 'node:crypto'
import type { Visitor } from '#access/visitor.ts'
import type { WriteOutcome, WritingPlace } from '#access/write-model.ts'
import { createRows, write } from '#access/writing.ts'
import { compare, parseDecimal } from '#lib/decimal.ts'
import type { Tx } from '#postgres/database.ts'
import type { ColumnDefinition, TableDefinition } from '#tables/definition.ts'
import type { QueryRow } from '#tables/row-query.ts'
import { findIdsByKey, readRowsById } from '#tables/rows.queries.ts'
import { validateValues } from '#tables/validate.ts'
import type { FieldProblem } from '../../../wire-data.ts'
import type { StudioServices } from '../../services.ts'
import { writeFor } from '../place.ts'
import { valueOfCell, type Writing } from './cells.ts'
import { type Lookups, targetsOf, type Wanted } from './lookups.ts'
import type { Mapping } from './mapping.ts'
import type { Line } from './source.ts'

export type Plan = { table: TableDefinition; mapping: Mapping; matchBy: string; writing: Writing; fileHash: string }
export type Ground = { services: StudioServices; visitor: Visitor; lookups: Lookups; seen: Map<string, number> }

/** What becomes of one line. */
export type LineOutcome = { line: Line } & (
  | { kind: 'created' | 'updated' | 'unchanged' }
  | { kind: 'refused'; problems: FieldProblem[] }
)

type Value = string | number | boolean | null
type Read = { line: Line; values: Record<string, Value>; problems: FieldProblem[]; id?: string | undefined }

/** Carries a dry run's end out of its transaction, so that nothing of it is kept. */
const DRY = Symbol('dry')

/**
 * Some lines of a file in one transaction: read, matched with the rows that are there, judged, and (unless it is a dry run, which takes it
 * all back) written the way everybody writes. A line that is refused keeps no other from being written.
 */
export async function runBatch(ground: Ground, plan: Plan, lines: readonly Line[], keep: boolean): Promise<LineOutcome[]> {
  let outcomes: LineOutcome[] = []
  try {
    await writeFor(
      ground.services,
      ground.visitor,
      async (place) => {
        outcomes = await runLines(place, ground, plan, lines)
        if (!keep) throw DRY
      },
      'import',
    )
  } catch (error) {
    if (error !== DRY) throw error
  }
  return outcomes
}

async function runLines(place: WritingPlace, ground: Ground, plan: Plan, lines: readonly Line[]): Promise<LineOutcome[]> {
  const read = await readBatch(place.tx, ground, plan, lines)
  await matchIds(place.tx, ground, plan, read)
  const ids = read.flatMap((one) => (one.id === undefined ? [] : [one.id]))
  const existing = await readRowsById(place.tx, plan.table, ids)
  const outcomes = new Map<Line, LineOutcome>()
  const toCreate: Read[] = []
  for (const one of read) {
    const before = one.id === undefined ? undefined : existing.get(one.id)
    if (one.problems.length > 0) outcomes.set(one.line, refused(one.line, one.problems))
    else if (before === undefined) toCreate.push(one)
    else outcomes.set(one.line, await changeOne(place, plan.table, one, before))
  }
  for (const outcome of await createAll(place, plan.table, toCreate)) outcomes.set(outcome.line, outcome)
  return lines.flatMap((line) => outcomes.get(line) ?? [])
}

async function readBatch(tx: Tx, ground: Ground, plan: Plan, lines: readonly Line[]): Promise<Read[]> {
  const columns = plan.mapping.map((name) => (name === null ? undefined : plan.table.columns.get(name)))
  const wanted: Wanted[] = []
  for (const { cells } of lines)
    columns.forEach((column, i) => {
      const text = cells[i]?.trim() ?? ''
      if (column !== undefined && text !== '') for (const target of targetsOf(column)) wanted.push({ target, text })
    })
  await ground.lookups.read(tx, wanted)
  return lines.map((line) => readLine(ground, plan, columns, line))
}

function readLine(ground: Ground, plan: Plan, columns: readonly (ColumnDefinition | undefined)[], line: Line): Read {
  const values: Record<string, Value> = {}
  const problems: FieldProblem[] = []
  if (line.cells.length > columns.length) problems.push(problem('', 'cells', { count: line.cells.length, max: columns.length }))
  columns.forEach((column, i) => {
    if (column === undefined) return
    const text = line.cells[i] ?? ''
    const targets = targetsOf(column)
    if (targets.length === 0) values[column.name] = valueOfCell(column, text, plan.writing)
    else readLookup(ground.lookups, column, text.trim(), { values, problems, said: besideOf(columns, line, column) })
  })
  return { line, values, problems }
}

/** What the file itself says of the table a customer is a row of. */
function besideOf(columns: readonly (ColumnDefinition | undefined)[], line: Line, column: ColumnDefinition): string | undefined {
  const at = columns.findIndex((one) => one?.name === `${column.name}type`)
  return column.type === 'customer' && at >= 0 ? line.cells[at]?.trim().toLowerCase() : undefined
}

function readLookup(
  lookups: Lookups,
  column: ColumnDefinition,
  text: string,
  into: { values: Record<string, Value>; problems: FieldProblem[]; said: string | undefined },
): void {
  const targets = into.said !== undefined && column.targets.includes(into.said) ? [into.said] : column.targets
  if (text === '') {
    into.values[column.name] = null
    if (column.type === 'customer') into.values[`${column.name}type`] = null
    return
  }
  const found = targets.map((target) => ({ target, ...lookups.find(target, text) }))
  const one = found.find((each) => each.kind === 'one')
  if (one?.kind === 'one') {
    into.values[column.name] = one.id
    if (column.type === 'customer') into.values[`${column.name}type`] = one.target
  } else {
    const code = found.some((each) => each.kind === 'many') ? 'lookup_many' : 'lookup_none'
    into.problems.push(problem(column.name, code, { value: text.slice(0, 100) }))
  }
}

/** Gives each line the id of its row: what the file says, what its key finds, or one of its own that is the same each time. */
async function matchIds(tx: Tx, ground: Ground, plan: Plan, read: readonly Read[]): Promise<void> {
  const { table, matchBy } = plan
  const key = table.keys.get(matchBy)
  if (matchBy === 'none') {
    for (const one of read) one.id = idOf(`${table.name} ${plan.fileHash} ${one.line.number}`)
    return
  }
  const names = key ?? [table.idColumn]
  for (const one of read) {
    const parts = names.map((name) => one.values[name] ?? null)
    const isWhole = parts.every((part) => part !== null && part !== '')
    if (isWhole) checkOnce(ground, one, names, parts.join('\u001f'))
    else if (key !== undefined && one.problems.length === 0)
      one.problems.push(problem(names[0] ?? '', 'key_missing', { columns: names.join(', ') }))
    if (key === undefined && isWhole) one.id = String(parts[0]).toLowerCase()
    if (key === undefined && one.id !== undefined && !UUID.test(one.id)) {
      one.problems.push(problem(table.idColumn, 'type', {}))
      one.id = undefined
    }
  }
  if (key === undefined) return
  const whole = read.filter((one) => one.problems.length === 0)
  const tuples = whole.map((one) => key.map((name) => String(one.values[name])))
  const found = await findIdsByKey(tx, table, key, tuples)
  whole.forEach((one, i) => {
    one.id = found.get((tuples[i] ?? []).join('\u001f'))
  })
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Two lines for one row: the second would quietly undo the first. */
function checkOnce(ground: Ground, one: Read, names: readonly string[], key: string): void {
  const before = ground.seen.get(key)
  if (before !== undefined && before !== one.line.number)
    one.problems.push(problem(names[0] ?? '', 'line_twice', { line: before }))
  else ground.seen.set(key, one.line.number)
}

async function changeOne(place: WritingPlace, table: TableDefinition, one: Read, before: QueryRow): Promise<LineOutcome> {
  const changed = Object.fromEntries(
    Object.entries(one.values).filter(([name, value]) => {
      const column = table.columns.get(name)
      return name !== table.idColumn && column !== undefined && !isSame(column, before[name] ?? null, value)
    }),
  )
  if (Object.keys(changed).length === 0) return { line: one.line, kind: 'unchanged' }
  const { problems } = validateValues(table, changed, { mode: 'update' })
  if (problems.length > 0) return refused(one.line, problems)
  const id = one.id ?? ''
  return outcomeOf(one.line, await write(place, { kind: 'update', table: table.name, target: { id }, values: changed }))
}

/** All in one statement where nothing is wrong with any; else one by one, so that each is told its own. */
async function createAll(place: WritingPlace, table: TableDefinition, rows: readonly Read[]): Promise<LineOutcome[]> {
  const outcomes: LineOutcome[] = []
  const good: { line: Line; values: Record<string, Value> }[] = []
  for (const one of rows) {
    // Nothing in a cell leaves a new row its default and its number.
    const filled = Object.fromEntries(Object.entries(one.values).filter(([, value]) => value !== null))
    const values = one.id === undefined ? filled : { ...filled, [table.idColumn]: one.id }
    const { problems } = validateValues(table, values, { mode: 'create' })
    if (problems.length > 0) outcomes.push(refused(one.line, problems))
    else good.push({ line: one.line, values })
  }
  if (good.length === 0) return outcomes
  // Rows of like columns go together into one statement.
  const sorted = good.toSorted((a, b) => shapeOf(a.values).localeCompare(shapeOf(b.values)))
  const made = await createRows(
    place,
    table,
    sorted.map((one) => one.values),
    { chosenBy: 'visitor' },
  )
  if (made.kind === 'done') return [...outcomes, ...good.map((one): LineOutcome => ({ line: one.line, kind: 'created' }))]
  for (const one of good)
    outcomes.push(outcomeOf(one.line, await write(place, { kind: 'create', table: table.name, values: one.values })))
  return outcomes
}

function shapeOf(values: Record<string, Value>): string {
  return Object.keys(values).sort().join()
}

function outcomeOf(line: Line, outcome: WriteOutcome): LineOutcome {
  switch (outcome.kind) {
    case 'created':
    case 'updated':
      return { line, kind: outcome.kind }
    case 'invalid':
      return refused(line, outcome.problems)
    default:
      return refused(line, [
        { column: '', code: 'refused', message: 'message' in outcome ? outcome.message : outcome.kind, values: {} },
      ])
  }
}

function refused(
  line: Line,
  problems: readonly FieldProblem[] | readonly { column: string; code: string; message: string }[],
): LineOutcome {
  return {
    line,
    kind: 'refused',
    problems: problems.map((one) => ({
      column: one.column,
      code: one.code,
      message: one.message,
      values: 'values' in one ? { ...one.values } : {},
    })),
  }
}

function isSame(column: ColumnDefinition, before: QueryRow[string], now: Value): boolean {
  if (before === null || now === null || now === '') return (before ?? '') === (now ?? '')
  switch (column.type) {
    case 'decimal':
    case 'money': {
      const [a, b] = [parseDecimal(String(before)), parseDecimal(String(now))]
      return a !== undefined && b !== undefined && compare(a, b) === 0
    }
    case 'datetime':
      return Date.parse(String(before)) === Date.parse(String(now))
    case 'choices':
      return [...String(before).split(',')].sort().join() === [...String(now).split(',')].sort().join()
    default:
      return (
        String(before).toLowerCase() === String(now).toLowerCase() &&
        (column.type !== 'string' || before === now) &&
        (column.type !== 'memo' || before === now)
      )
  }
}

/** The same for the same line of the same file: importing it again finds the row it has made. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function problem(column: string, code: string, values: FieldProblem['values']): FieldProblem {
  return { column, code, message: code, values }
}

import { AppError } from '#lib/app-error.ts'
import { required } from '#lib/assert.ts'
import type { Catalog } from '#tables/catalog.ts'
import { type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import { findCollection, findLookup } from '#tables/navigation.ts'
import { findIdByValues } from '#tables/row-tests.queries.ts'
import { newRowId, type RowId, type RowValues } from '#tables/rows.queries.ts'
import { type ProblemCode, problemOf, validateValues } from '#tables/validate.ts'
import type { Bind, Reference, RowInput, WriteProblem, WritingPlace } from '../write-model.ts'

/** A row to be made or changed: checked values, and what is made or pointed here together with it. */
export type RowPlan = {
  table: TableDefinition
  at: string
  id: RowId
  values: RowValues
  /** Columns that the visitor has named (a customer's type goes with its lookup): those he must have a right to. */
  chosen: readonly string[]
  references: readonly PlannedReference[]
  /** Rows behind its lookups, and rows that point to it, made with it. */
  before: readonly RowPlan[]
  after: readonly RowPlan[]
  /** Existing rows that shall point to it. */
  attached: readonly { table: TableDefinition; lookup: ColumnDefinition; id: RowId; at: string }[]
}
export type PlannedReference = { column: ColumnDefinition; table: TableDefinition; id: RowId }

/** What all plans of one request share. */
export type Planning = {
  place: WritingPlace
  /** What earlier operations of the change set wrote, by name. */
  results: ReadonlyMap<string, { table: string; id: RowId }>
  problems: WriteProblem[]
  rowsLeft: number
}

/** As deep as a header with its lines and what hangs on them. */
const LEVELS_MAX = 5
const ROWS_MAX = 1_000
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

export function startPlanning(place: WritingPlace, results: Planning['results'], rowsMax = ROWS_MAX): Planning {
  return { place, results, problems: [], rowsLeft: rowsMax }
}

/** What is wrong goes to `planning.problems`; the plan then holds what was right. */
export function planCreate(planning: Planning, table: TableDefinition, input: RowInput, at = ''): Promise<RowPlan> {
  return planRow(planning, table, input, { mode: 'create', at, level: 1 })
}

export function planUpdate(planning: Planning, table: TableDefinition, id: RowId, input: RowInput): Promise<RowPlan> {
  return planRow(planning, table, input, { mode: 'update', at: '', level: 1, id })
}

type Where = { mode: 'create' | 'update'; at: string; level: number; id?: RowId }

async function planRow(planning: Planning, table: TableDefinition, input: RowInput, where: Where): Promise<RowPlan> {
  const { catalog } = planning.place
  const sorted = sortInput(catalog, table, input)
  const say = (column: ColumnDefinition, code: ProblemCode, values = {}) =>
    void planning.problems.push({ ...problemOf(column, code, values), at: where.at })
  const plain: Record<string, unknown> = { ...sorted.plain }
  const before: RowPlan[] = []
  for (const { lookup, target, given } of sorted.lookups) {
    const inside = { ...where, at: pathOf(where.at, lookup.name), level: where.level + 1 }
    const behind = isBind(given)
      ? await resolveBind(planning, lookup, given)
      : await planInside(planning, target, given, inside, () =>
          say(lookup, where.mode === 'update' ? 'nested' : 'too_many', LIMIT),
        )
    if (behind === undefined) {
      if (isBind(given)) say(lookup, 'reference')
      continue
    }
    if (behind.plan !== undefined) before.push(behind.plan)
    plain[lookup.name] = behind.id
    if (lookup.targets.length > 1) plain[`${lookup.name}type`] = behind.table
  }
  completeCustomers(table, plain, say)
  const checked = validateValues(table, plain, { mode: where.mode })
  planning.problems.push(...checked.problems.map((one) => ({ ...one, at: where.at })))
  const id = where.id ?? String(checked.values[table.idColumn] ?? newRowId())
  const values = where.mode === 'create' ? { ...checked.values, [table.idColumn]: id } : checked.values
  const inside = await planCollections(planning, table, id, sorted.collections, where, say)
  const chosen = new Set(Object.keys(plain).map((name) => lookupOfType(table, name) ?? name))
  chosen.delete(table.idColumn)
  return {
    table,
    at: where.at,
    id,
    values,
    chosen: [...chosen].filter((name) => table.columns.has(name)),
    references: referencesOf(catalog, table, values, (column) => say(column, 'reference')),
    before,
    ...inside,
  }
}

const LIMIT = { max: ROWS_MAX }

type Sorted = {
  plain: Record<string, unknown>
  lookups: { lookup: ColumnDefinition; target: TableDefinition; given: object }[]
  collections: { table: TableDefinition; lookup: ColumnDefinition; name: string; given: readonly unknown[] }[]
}

function sortInput(catalog: Catalog, table: TableDefinition, input: RowInput): Sorted {
  const sorted: Sorted = { plain: {}, lookups: [], collections: [] }
  for (const [name, given] of Object.entries(input)) {
    if (given === undefined) continue
    const found = findLookup(catalog, table, name)
    const collection = table.columns.has(name) ? undefined : findCollection(catalog, table, name)
    if (collection !== undefined && Array.isArray(given)) sorted.collections.push({ ...collection, name, given })
    else if (found !== undefined && typeof given === 'object' && given !== null && !Array.isArray(given))
      sorted.lookups.push({ ...found, given })
    // A customer's navigation name may also be emptied: { customerid_account: null }.
    else if (found !== undefined && given === null) sorted.plain[found.lookup.name] = null
    else sorted.plain[name] = given
  }
  return sorted
}

/** A row that is made inside another; undefined (and told) beyond the limits. */
async function planInside(planning: Planning, table: TableDefinition, given: unknown, where: Where, refuse: () => void) {
  planning.rowsLeft--
  if (where.mode === 'update' || where.level > LEVELS_MAX || planning.rowsLeft < 0 || !isObject(given)) {
    refuse()
    return undefined
  }
  const plan = await planRow(planning, table, given, where)
  return { plan, id: plan.id, table: table.name }
}

async function planCollections(
  planning: Planning,
  table: TableDefinition,
  id: RowId,
  collections: Sorted['collections'],
  where: Where,
  say: (column: ColumnDefinition, code: ProblemCode, values?: Readonly<Record<string, number>>) => void,
): Promise<Pick<RowPlan, 'after' | 'attached'>> {
  const after: RowPlan[] = []
  const attached: { table: TableDefinition; lookup: ColumnDefinition; id: RowId; at: string }[] = []
  for (const { table: child, lookup, name, given } of collections) {
    for (const [index, one] of given.entries()) {
      const at = pathOf(where.at, `${name}/${index}`)
      if (planning.rowsLeft < 0) break
      if (isBind(one)) {
        planning.rowsLeft--
        const found = one.bind.table === child.name ? await findTarget(planning, child, one.bind) : undefined
        if (found === undefined) say(lookup, 'reference')
        else attached.push({ table: child, lookup, id: found, at })
        continue
      }
      const pointing = isObject(one) ? { ...one, [lookup.name]: { bind: { table: table.name, id } } } : one
      const made = await planInside(planning, child, pointing, { mode: where.mode, at, level: where.level + 1 }, () =>
        say(lookup, where.mode === 'update' ? 'nested' : 'too_many', LIMIT),
      )
      if (made !== undefined) after.push(made.plan)
    }
  }
  return { after, attached }
}

/** Of a customer lookup the type goes with the id: neither is written without the other. */
function completeCustomers(
  table: TableDefinition,
  plain: Record<string, unknown>,
  say: (column: ColumnDefinition, code: ProblemCode) => void,
): void {
  for (const lookup of table.columns.values()) {
    const type = `${lookup.name}type`
    const typeColumn = table.columns.get(type)
    if (lookup.type !== 'customer' || typeColumn === undefined) continue
    if (plain[lookup.name] === null) plain[type] = null
    else if (plain[lookup.name] !== undefined && plain[type] === undefined) say(typeColumn, 'required')
    else if (plain[lookup.name] === undefined && plain[type] !== undefined) say(lookup, 'required')
  }
}

function lookupOfType(table: TableDefinition, name: string): string | undefined {
  const lookup = name.endsWith('type') ? table.columns.get(name.slice(0, -'type'.length)) : undefined
  return lookup?.type === 'customer' ? lookup.name : undefined
}

function referencesOf(
  catalog: Catalog,
  table: TableDefinition,
  values: RowValues,
  refuse: (column: ColumnDefinition) => void,
): PlannedReference[] {
  const references: PlannedReference[] = []
  for (const [name, value] of Object.entries(values)) {
    const column = required(table.columns.get(name), 'a checked column')
    if (!isLookup(column) || value === null) continue
    const target = column.targets.length > 1 ? String(values[`${name}type`] ?? '') : (column.targets[0] ?? '')
    if (column.targets.includes(target)) references.push({ column, table: catalog.get(target), id: String(value) })
    // Without a type it has been told already that the type is missing.
    else if (target !== '') refuse(column)
  }
  return references
}

async function resolveBind(planning: Planning, lookup: ColumnDefinition, { bind }: Bind) {
  if (!lookup.targets.includes(bind.table)) return undefined
  const id = await findTarget(planning, planning.place.catalog.get(bind.table), bind)
  return id === undefined ? undefined : { plan: undefined, id, table: bind.table }
}

/**
 * The id that a reference means; undefined when a key finds no row that the visitor may read. Whether the row of an id exists is asked
 * where it is used. Throws AppError `tables.unknown_key` for columns that are no alternate key of the table.
 */
export async function findTarget(
  planning: Pick<Planning, 'place' | 'results'>,
  table: TableDefinition,
  reference: Reference,
): Promise<RowId | undefined> {
  if ('id' in reference) return GUID.test(reference.id) ? reference.id.toLowerCase() : undefined
  if ('result' in reference) {
    const written = planning.results.get(reference.result)
    return written?.table === table.name ? written.id : undefined
  }
  const { tx, permissions, visitor } = planning.place
  const values = await keyValues(planning, table, reference.key)
  return values === undefined
    ? undefined
    : await findIdByValues(tx, table, values, permissions.predicate(visitor, table.name, 'read'))
}

/** The values of an alternate key, checked; undefined when no row can have them. Throws AppError `tables.unknown_key`. */
export async function keyValues(
  planning: Pick<Planning, 'place' | 'results'>,
  table: TableDefinition,
  key: Readonly<Record<string, unknown>>,
): Promise<RowValues | undefined> {
  const names = Object.keys(key)
  const isKey = [...table.keys.values()].some((key) => key.length === names.length && key.every((name) => names.includes(name)))
  if (!isKey)
    throw new AppError('tables.unknown_key', `The table ${table.name} has no alternate key of ${names.join(', ') || 'nothing'}`, {
      details: { table: table.name, keys: [...table.keys.values()] },
    })
  const plain: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(key)) {
    const target = isBind(given) ? planning.place.catalog.tables.get(given.bind.table) : undefined
    plain[name] = isBind(given) && target !== undefined ? await findTarget(planning, target, given.bind) : given
    if (plain[name] === undefined) return undefined
  }
  const { values, problems } = validateValues(table, plain, { mode: 'update' })
  const isWhole = problems.length === 0 && names.every((name) => (values[name] ?? null) !== null)
  return isWhole ? values : undefined
}

export function isBind(given: unknown): given is Bind {
  return isObject(given) && Object.keys(given).length === 1 && isObject(given.bind) && typeof given.bind.table === 'string'
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

function pathOf(at: string, step: string): string {
  return at === '' ? step : `${at}/${step}`
}

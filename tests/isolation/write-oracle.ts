import {
  mayTouch,
  mayTouchColumn,
  type PlainRow,
  type PlainVisitor,
  type PlainWorld,
  type TableName,
  type Value,
} from './oracle.ts'
import { columnsOf, LINKS } from './worlds.ts'

/** What writing means, said as plainly as reading is in oracle.ts: which deeds are allowed, and what the rows are afterwards. */
export type Deed =
  | { kind: 'create'; table: TableName; id: string; values: Readonly<Record<string, Value>> }
  | { kind: 'update'; table: TableName; id: string; values: Readonly<Record<string, Value>> }
  | { kind: 'delete'; table: TableName; id: string }
export type Refusal = 'not_found' | 'forbidden' | 'invalid'
/** Several things may be wrong at once: one of them is told. `unseen`: it is a new row that its maker may not see. */
export type Verdict = { refusals: ReadonlySet<Refusal>; unseen: boolean; after: PlainWorld }

export function judge(world: PlainWorld, visitor: PlainVisitor, deed: Deed): Verdict {
  const row = world.rows[deed.table].find((one) => one.id === deed.id)
  if (deed.kind === 'create') return judgeCreate(world, visitor, deed)
  if (row === undefined || !mayTouch(world, visitor, deed.table, 'read', row)) return refused(world, 'not_found')
  if (deed.kind === 'delete')
    return mayTouch(world, visitor, deed.table, 'delete', row)
      ? done(without(world, deed.table, deed.id))
      : refused(world, 'forbidden')
  return judgeUpdate(world, visitor, deed, row)
}

function judgeCreate(world: PlainWorld, visitor: PlainVisitor, deed: Deed & { kind: 'create' }): Verdict {
  const { table, id, values } = deed
  const empty = Object.fromEntries(columnsOf(table).map((column) => [column, null]))
  const names = table === 'contact' ? { fullname: values.lastname ?? null } : {}
  const row: PlainRow = { ...empty, statecode: 0, ...names, ...values, id, company: String(values.msdyn_company) }
  const after = { ...world, rows: { ...world.rows, [table]: [...world.rows[table], row] } }
  const reasons = pointedTo(world, visitor, table, Object.keys(values), row)
  if (!mayTouch(after, visitor, table, 'create', row)) reasons.add('forbidden')
  if (Object.keys(values).some((column) => !mayTouchColumn(after, visitor, table, 'create', row, column)))
    reasons.add('forbidden')
  if (!mayTouch(after, visitor, table, 'append', row)) reasons.add('forbidden')
  const unseen = !mayTouch(after, visitor, table, 'read', row)
  return reasons.size > 0 ? { refusals: reasons, unseen, after: world } : { ...done(after), unseen }
}

function judgeUpdate(world: PlainWorld, visitor: PlainVisitor, deed: Deed & { kind: 'update' }, row: PlainRow): Verdict {
  const { table, values } = deed
  const changed: PlainRow = { ...row, ...values }
  const after = {
    ...world,
    rows: { ...world.rows, [table]: world.rows[table].map((one) => (one.id === row.id ? changed : one)) },
  }
  const columns = Object.keys(values)
  const moved = columns.filter((column) => isLookup(table, column) && values[column] !== row[column])
  const reasons = pointedTo(world, visitor, table, moved, changed)
  // Before and after: nobody writes a row into his reach or out of it.
  for (const [now, one] of [
    [world, row],
    [after, changed],
  ] as const) {
    if (!mayTouch(now, visitor, table, 'read', one)) reasons.add('forbidden')
    if (!mayTouch(now, visitor, table, 'write', one)) reasons.add('forbidden')
    if (columns.some((column) => !mayTouchColumn(now, visitor, table, 'write', one, column))) reasons.add('forbidden')
    if (moved.length > 0 && !mayTouch(now, visitor, table, 'append', one)) reasons.add('forbidden')
  }
  return reasons.size > 0 ? { refusals: reasons, unseen: false, after: world } : done(after)
}

/** What a row points to must be there for the visitor, and something may be attached to it. */
function pointedTo(
  world: PlainWorld,
  visitor: PlainVisitor,
  table: TableName,
  columns: readonly string[],
  row: PlainRow,
): Set<Refusal> {
  const reasons = new Set<Refusal>()
  for (const column of columns) {
    const value = row[column] ?? null
    if (value === null) continue
    if (column === 'msdyn_company') {
      if (!mayUseCompanies(visitor, 'read')) reasons.add('invalid')
      else if (!mayUseCompanies(visitor, 'appendTo')) reasons.add('forbidden')
    }
    const link = LINKS.find((one) => one.table === table && one.through === column)
    if (link === undefined) continue
    const target = world.rows[link.parent].find((one) => one.id === value)
    if (target === undefined || !mayTouch(world, visitor, link.parent, 'read', target)) reasons.add('invalid')
    else if (!mayTouch(world, visitor, link.parent, 'appendTo', target)) reasons.add('forbidden')
  }
  return reasons
}

/** Legal entities are for everybody, except for a token that is limited to something else. */
function mayUseCompanies({ token }: PlainVisitor, privilege: string): boolean {
  return token === undefined || (token.privileges.includes(privilege) && token.tables === null)
}

function isLookup(table: TableName, column: string): boolean {
  return LINKS.some((one) => one.table === table && one.through === column)
}

/** Lines go with their order; whatever else points to the row points to nothing. */
function without(world: PlainWorld, table: TableName, id: string): PlainWorld {
  const rows: Record<string, readonly PlainRow[]> = { ...world.rows }
  for (const [name, all] of Object.entries(rows)) {
    const lookups = LINKS.filter((one) => one.table === name && one.parent === table).map((one) => one.through)
    rows[name] = all
      .filter((row) => !(name === table && row.id === id))
      .filter((row) => !(name === 'salesorderdetail' && table === 'salesorder' && row.salesorderid === id))
      .map((row) => ({ ...row, ...Object.fromEntries(lookups.filter((one) => row[one] === id).map((one) => [one, null])) }))
  }
  return { ...world, rows: rows as PlainWorld['rows'] }
}

const done = (after: PlainWorld): Verdict => ({ refusals: new Set(), unseen: false, after })
const refused = (world: PlainWorld, reason: Refusal): Verdict => ({ refusals: new Set([reason]), unseen: false, after: world })

import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import { type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import { findCollection, findLookup } from '#tables/navigation.ts'
import { ApiRefusal, printable } from '../protocol/refusals.ts'
import type { Question } from './question.ts'

/**
 * The names of a request, held against what this visitor may name through this API. Whatever is closed is refused in the very words of
 * what does not exist, with its position.
 */
export type Names = {
  /** Columns that stand for `*`: all that may be named. */
  all(table: TableDefinition): string[]
  /** A path over lookups to a column, as the compiler takes it. */
  column(table: TableDefinition, names: readonly string[], position: number): NamedColumn
  /** What a navigation property leads to. */
  navigation(table: TableDefinition, name: string, position: number): Navigation
  /** The filter with its names as the compiler takes them. */
  filter(table: TableDefinition, filter: FilterExpression): FilterExpression
  /** Whether the column of the table may be read on some row, whatever this API offers: for annotations. */
  readable(table: TableDefinition, column: string): boolean
}

export type NamedColumn = { path: readonly string[]; table: TableDefinition; column: ColumnDefinition }
export type Navigation =
  | { kind: 'lookup'; lookup: ColumnDefinition; target: TableDefinition }
  | { kind: 'collection'; table: TableDefinition; lookup: ColumnDefinition }

type Variables = ReadonlyMap<string, TableDefinition>

export function namesFor(question: Question): Names {
  const reaches = reachableTo(question)
  const open = (table: TableDefinition, column: string) =>
    question.dialect.offered(table)?.has(column) === true && reaches(table, column)
  const steps = stepsFor(question, open)
  return {
    all: (table) => [...table.columns.keys()].filter((name) => open(table, name)),
    column: steps.column,
    navigation: steps.navigation,
    filter: (table, filter) => renameFilter(steps, table, filter, new Map()),
    readable: reaches,
  }
}

type Allows = (table: TableDefinition, column: string) => boolean

function reachableTo({ permissions, visitor, table: root }: Question): Allows {
  const known = new Map<string, ReadonlySet<string>>()
  return (table, column) => {
    const columns = known.get(table.name) ?? permissions.reachableColumns(visitor, table.name)
    known.set(table.name, columns)
    // Who may read no row at all gets no row: there is no need to tell that by the names of columns.
    return columns.has(column) || (columns.size === 0 && table.name === root.name)
  }
}

type Steps = Pick<Names, 'column' | 'navigation'> & {
  /** The table of a collection at the end of a path of lookups. */
  collection(table: TableDefinition, names: readonly string[], position: number): TableDefinition
}

function stepsFor({ catalog, dialect }: Question, open: Allows): Steps {
  const navigation: Names['navigation'] = (table, name, position) => {
    const found = findLookup(catalog, table, name)
    if (found !== undefined && open(table, found.lookup.name) && dialect.offered(found.target) !== undefined)
      return { kind: 'lookup', ...found }
    const rows = findCollection(catalog, table, name)
    if (rows !== undefined && open(rows.table, rows.lookup.name)) return { kind: 'collection', ...rows }
    throw closed(table, name, position)
  }
  const walk = (table: TableDefinition, names: readonly string[], position: number): TableDefinition => {
    let current = table
    for (const name of names) {
      const step = navigation(current, name, position)
      if (step.kind === 'collection')
        throw refuse(position, `${printable(name)} leads to many rows; ask about them with any, all or $count`)
      current = step.target
    }
    return current
  }
  return {
    navigation,
    column(table, names, position) {
      const through = names.slice(0, -1)
      const target = walk(table, through, position)
      const asked = names.at(-1) ?? ''
      const found = columnNamed(target, asked)
      if (found === undefined || !open(target, found.name)) throw closed(target, asked, position)
      return { path: [...through, found.name], table: target, column: found }
    },
    collection(table, names, position) {
      const step = navigation(walk(table, names.slice(0, -1), position), names.at(-1) ?? '', position)
      if (step.kind === 'lookup') throw refuse(position, `${printable(names.join('/'))} leads to one row, not to many`)
      return step.table
    },
  }
}

/** `variables` are those of the lambdas around this part of the filter, each with the table of its rows. */
function renameFilter(steps: Steps, table: TableDefinition, one: FilterExpression, variables: Variables): FilterExpression {
  const inner = (part: FilterExpression) => renameFilter(steps, table, part, variables)
  const rename: Rename = (names, position) => renamePath(steps, inScope(table, variables, names), names, position)
  if (one.kind !== 'lambda') return renamedFilter(one, (part) => renamedOperand(part, rename, inner), inner)
  const at = inScope(table, variables, one.path)
  const rows = steps.collection(at.table, at.rest, one.position)
  if (one.predicate === undefined || one.variable === undefined) return one
  if (variables.has(one.variable)) throw refuse(one.position, `the variable ${printable(one.variable)} is used twice`)
  return { ...one, predicate: renameFilter(steps, table, one.predicate, new Map([...variables, [one.variable, rows]])) }
}

type Scoped = { table: TableDefinition; prefix: readonly string[]; rest: readonly string[] }

function inScope(table: TableDefinition, variables: Variables, names: readonly string[]): Scoped {
  const inner = variables.get(names[0] ?? '')
  return inner === undefined
    ? { table, prefix: [], rest: names }
    : { table: inner, prefix: names.slice(0, 1), rest: names.slice(1) }
}

function renamePath(steps: Steps, at: Scoped, names: readonly string[], position: number): readonly string[] {
  if (at.rest.at(-1) === '$count') {
    steps.collection(at.table, at.rest.slice(0, -1), position)
    return names
  }
  if (at.rest.length === 0) throw refuse(position, `name a column of ${printable(names[0] ?? '')}`)
  return [...at.prefix, ...steps.column(at.table, at.rest, position).path]
}

/** `_customerid_value` is the lookup's id. */
function columnNamed(table: TableDefinition, name: string): ColumnDefinition | undefined {
  const lookup = table.columns.get(/^_(.+)_value$/.exec(name)?.[1] ?? '')
  return lookup !== undefined && isLookup(lookup) ? lookup : table.columns.get(name)
}

type Rename = (names: readonly string[], position: number) => readonly string[]

function renamedOperand(one: Operand, rename: Rename, condition: (part: FilterExpression) => FilterExpression): Operand {
  const again = (part: Operand) => renamedOperand(part, rename, condition)
  switch (one.kind) {
    case 'path':
      return { ...one, names: rename(one.names, one.position) }
    case 'literal':
      return one
    case 'arithmetic':
      return { ...one, left: again(one.left), right: again(one.right) }
    case 'function':
      return { ...one, arguments: one.arguments.map(again) }
    case 'condition':
      return { ...one, condition: condition(one.condition) }
    default:
      return one satisfies never
  }
}

function renamedFilter(
  one: Exclude<FilterExpression, { kind: 'lambda' }>,
  operand: (part: Operand) => Operand,
  inner: (part: FilterExpression) => FilterExpression,
): FilterExpression {
  switch (one.kind) {
    case 'and':
    case 'or':
      return { ...one, left: inner(one.left), right: inner(one.right) }
    case 'not':
      return { ...one, operand: inner(one.operand) }
    case 'compare':
    case 'has':
      return { ...one, left: operand(one.left), right: operand(one.right) }
    case 'in':
    case 'condition':
      return { ...one, left: operand(one.left), values: one.values.map(operand) }
    case 'call':
      return { ...one, arguments: one.arguments.map(operand) }
    default:
      return one satisfies never
  }
}

function closed(table: TableDefinition, name: string, position: number): ApiRefusal {
  return new ApiRefusal(
    'column',
    `Could not find a property named '${printable(name)}' on ${table.name} that is open to you here`,
    {
      details: { position, table: table.name },
    },
  )
}

export function refuse(position: number, reason: string): ApiRefusal {
  return new ApiRefusal('invalid', `${reason} (at character ${position + 1})`, { details: { position } })
}

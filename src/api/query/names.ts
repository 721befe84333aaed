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

export function namesFor({ catalog, permissions, visitor, table: root, dialect }: Question): Names {
  const reachable = new Map<string, ReadonlySet<string>>()
  const reaches = (table: TableDefinition, column: string) => {
    const known = reachable.get(table.name) ?? permissions.reachableColumns(visitor, table.name)
    reachable.set(table.name, known)
    // Who may read no row at all gets no row: there is no need to tell that by the names of columns.
    return known.has(column) || (known.size === 0 && table.name === root.name)
  }
  const open = (table: TableDefinition, column: string) => dialect.offered(table)?.has(column) === true && reaches(table, column)

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
  const column: Names['column'] = (table, names, position) => {
    const through = names.slice(0, -1)
    const target = walk(table, through, position)
    const asked = names.at(-1) ?? ''
    const found = columnNamed(target, asked)
    if (found === undefined || !open(target, found.name)) throw closed(target, asked, position)
    return { path: [...through, found.name], table: target, column: found }
  }
  /** A collection at the end of a path of lookups. */
  const collection = (table: TableDefinition, names: readonly string[], position: number): TableDefinition => {
    const from = walk(table, names.slice(0, -1), position)
    const step = navigation(from, names.at(-1) ?? '', position)
    if (step.kind === 'lookup') throw refuse(position, `${printable(names.join('/'))} leads to one row, not to many`)
    return step.table
  }
  const inScope = (table: TableDefinition, variables: Variables, names: readonly string[]) => {
    const inner = variables.get(names[0] ?? '')
    return inner === undefined
      ? { table, prefix: [] as string[], rest: names }
      : { table: inner, prefix: [names[0] ?? ''], rest: names.slice(1) }
  }

  const pathOf = (
    table: TableDefinition,
    variables: Variables,
    names: readonly string[],
    position: number,
  ): readonly string[] => {
    const at = inScope(table, variables, names)
    if (at.rest.at(-1) === '$count') {
      collection(at.table, at.rest.slice(0, -1), position)
      return names
    }
    if (at.rest.length === 0) throw refuse(position, `name a column of ${printable(names[0] ?? '')}`)
    return [...at.prefix, ...column(at.table, at.rest, position).path]
  }
  const filter = (table: TableDefinition, one: FilterExpression, variables: Variables): FilterExpression => {
    const operand = (part: Operand): Operand =>
      renamedOperand(part, (names, position) => pathOf(table, variables, names, position), inner)
    const inner = (part: FilterExpression) => filter(table, part, variables)
    if (one.kind !== 'lambda') return renamedFilter(one, operand, inner)
    const at = inScope(table, variables, one.path)
    const rows = collection(at.table, at.rest, one.position)
    if (one.predicate === undefined || one.variable === undefined) return one
    if (variables.has(one.variable)) throw refuse(one.position, `the variable ${printable(one.variable)} is used twice`)
    return { ...one, predicate: filter(table, one.predicate, new Map([...variables, [one.variable, rows]])) }
  }

  return {
    all: (table) => [...table.columns.keys()].filter((name) => open(table, name)),
    column,
    navigation,
    filter: (table, one) => filter(table, one, new Map()),
    readable: reaches,
  }
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

import fc from 'fast-check'
import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import type { Catalog } from '../catalog.ts'
import type { ColumnDefinition } from '../definition.ts'
import type { RowOrder } from '../row-query.ts'
import type { Asker } from './small-world.ts'

/** Random questions to the small world, as fast-check makes (and shrinks) them. */
export type Path = { names: readonly string[]; column: ColumnDefinition }

const DEPTH_MAX = 2
const TABLES = ['account', 'contact', 'deal', 'dealline'] as const
const COLLECTIONS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  account: [
    ['account_children', 'account'],
    ['account_contacts', 'contact'],
    ['customer_deals', 'deal'],
  ],
  contact: [['customer_deals', 'deal']],
  deal: [['deal_lines', 'dealline']],
  dealline: [],
}

export function anyAsker(catalog: Catalog): fc.Arbitrary<Asker> {
  const rule = (table: string) => {
    const names = [...catalog.get(table).columns.values()]
      .filter((one) => !one.system && one.type !== 'uniqueidentifier')
      .map((one) => one.name)
    const masks = fc.array(fc.tuple(fc.constantFrom(...names), fc.integer({ min: -1, max: 9 })), { maxLength: 4 })
    return fc.option(fc.record({ from: fc.integer({ min: 0, max: 6 }), columns: masks.map((one) => new Map(one)) }), {
      nil: undefined,
    })
  }
  return fc
    .tuple(...TABLES.map(rule))
    .map((rules) => new Map(TABLES.flatMap((table, i) => (rules[i] === undefined ? [] : [[table, rules[i]] as const]))))
}

/** Every path from a table over at most so many lookups. */
export function pathsFrom(catalog: Catalog, table: string, depth = DEPTH_MAX): Path[] {
  const definition = catalog.get(table)
  return [...definition.columns.values()]
    .filter((column) => !column.system && column.name !== 'statecode' && column.name !== 'statuscode')
    .flatMap((column) => {
      const own = [{ names: [column.name], column }]
      if (depth === 0) return own
      const steps = column.targets.map(
        (target) => [column.targets.length > 1 ? `${column.name}_${target}` : column.name, target] as const,
      )
      // A customer's own name means its account.
      const short = column.targets.length > 1 ? [[column.name, 'account'] as const] : []
      const behind = [...steps, ...short].flatMap(([name, target]) =>
        pathsFrom(catalog, target, depth - 1).map((one) => ({ ...one, names: [name, ...one.names] })),
      )
      return [...own, ...behind]
    })
}

export function anyOrder(catalog: Catalog, table: string): fc.Arbitrary<RowOrder[]> {
  const column = fc.constantFrom(...pathsFrom(catalog, table).map((one) => one.names.join('.')))
  return fc.uniqueArray(fc.record({ column, descending: fc.boolean() }), { maxLength: 3, selector: (one) => one.column })
}

export function anyFilter(catalog: Catalog, table: string, depth = DEPTH_MAX, variable = ''): fc.Arbitrary<FilterExpression> {
  const prefix = variable === '' ? [] : [variable]
  const paths = pathsFrom(catalog, table, 1).map((one) => ({ ...one, names: [...prefix, ...one.names] }))
  const leaves = [comparisons(paths), lists(paths), texts(paths), pairs(paths), sums(paths)]
  const collections = COLLECTIONS[table] ?? []
  const counts = collections.map(([name]) =>
    compare({ kind: 'path', names: [...prefix, name, '$count'], position: 0 }, numbers('integer'), ORDERED),
  )
  const leaf = fc.oneof(...leaves, ...counts)
  if (depth === 0) return leaf
  const inner = anyFilter(catalog, table, depth - 1, variable)
  const lambdas = collections.map(([name, child]) => {
    const inside = `x${depth}`
    const predicate = fc.oneof(anyFilter(catalog, child, depth - 1, inside), mixed(anyFilter(catalog, child, 0, inside), leaf))
    return fc.tuple(fc.constantFrom('any' as const, 'all' as const), predicate).map(
      ([operator, one]): FilterExpression => ({
        kind: 'lambda',
        operator,
        path: [...prefix, name],
        variable: inside,
        predicate: one,
        position: 0,
      }),
    )
  })
  return fc.oneof(
    leaf,
    mixed(inner, inner),
    inner.map((operand): FilterExpression => ({ kind: 'not', operand })),
    ...lambdas,
  )
}

const ORDERED = ['gt', 'ge', 'lt', 'le', 'eq', 'ne'] as const
const EQUAL = ['eq', 'ne'] as const

function mixed(left: fc.Arbitrary<FilterExpression>, right: fc.Arbitrary<FilterExpression>): fc.Arbitrary<FilterExpression> {
  return fc
    .tuple(fc.constantFrom('and' as const, 'or' as const), left, right)
    .map(([kind, a, b]) => ({ kind, left: a, right: b }))
}

function comparisons(paths: readonly Path[]): fc.Arbitrary<FilterExpression> {
  return fc.constantFrom(...paths).chain(({ names, column }) => {
    const path: Operand = { kind: 'path', names, position: 0 }
    const nothing = compare(path, fc.constant<Operand>({ kind: 'literal', literal: { type: 'null' }, position: 0 }), EQUAL)
    const values = literals(column)
    if (values === undefined) return nothing
    const isOrdered = ['integer', 'bigint', 'money', 'decimal', 'date', 'datetime'].includes(column.type)
    return fc.oneof(
      { weight: 4, arbitrary: compare(path, values, isOrdered ? ORDERED : EQUAL) },
      { weight: 1, arbitrary: nothing },
    )
  })
}

/** Either way round. */
function compare(
  left: Operand,
  right: fc.Arbitrary<Operand>,
  operators: readonly (typeof ORDERED)[number][],
): fc.Arbitrary<FilterExpression> {
  return fc
    .tuple(fc.constantFrom(...operators), right, fc.boolean())
    .map(([operator, value, swapped]): FilterExpression => {
      if (!swapped) return { kind: 'compare', operator, left, right: value, position: 0 }
      const mirrored = ({ gt: 'lt', lt: 'gt', ge: 'le', le: 'ge', eq: 'eq', ne: 'ne' } as const)[operator]
      return { kind: 'compare', operator: mirrored, left: value, right: left, position: 0 }
    })
    .map((one) => one)
}

function lists(paths: readonly Path[]): fc.Arbitrary<FilterExpression> {
  return fc.constantFrom(...paths.filter((one) => literals(one.column) !== undefined)).chain(({ names, column }) =>
    fc
      .array(literals(column) ?? fc.constant<Operand>({ kind: 'literal', literal: { type: 'null' }, position: 0 }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((values): FilterExpression => ({ kind: 'in', left: { kind: 'path', names, position: 0 }, values, position: 0 })),
  )
}

function texts(paths: readonly Path[]): fc.Arbitrary<FilterExpression> {
  const text = fc.constantFrom('a', 'AL', '%', '_', 'ta', 'alpha', '')
  return fc
    .tuple(
      fc.constantFrom(...paths.filter((one) => one.column.type === 'string')),
      fc.constantFrom('contains', 'startswith', 'endswith'),
      text,
    )
    .map(
      ([{ names }, name, value]): FilterExpression => ({
        kind: 'call',
        name,
        arguments: [
          { kind: 'path', names, position: 0 },
          { kind: 'literal', literal: { type: 'string', value }, position: 0 },
        ],
        position: 0,
      }),
    )
}

/** Two columns of one kind. */
function pairs(paths: readonly Path[]): fc.Arbitrary<FilterExpression> {
  const alike = paths.filter((one) => one.column.type !== 'choices')
  return fc.tuple(fc.constantFrom(...alike), fc.constantFrom(...alike)).map(([left, right]): FilterExpression => {
    const other = kindOf(left.column) === kindOf(right.column) ? right : left
    return {
      kind: 'compare',
      operator: 'eq',
      left: { kind: 'path', names: left.names, position: 0 },
      right: { kind: 'path', names: other.names, position: 0 },
      position: 0,
    }
  })
}

function sums(paths: readonly Path[]): fc.Arbitrary<FilterExpression> {
  const number = fc.constantFrom(...paths.filter((one) => kindOf(one.column) === 'number'))
  return fc
    .tuple(
      fc.constantFrom('add' as const, 'sub' as const, 'mul' as const),
      number,
      number,
      fc.constantFrom('gt' as const, 'le' as const),
    )
    .map(([operator, left, right, relation]): FilterExpression => {
      const path = (one: Path): Operand => ({ kind: 'path', names: one.names, position: 0 })
      const value: Operand = { kind: 'arithmetic', operator, left: path(left), right: path(right), position: 0 }
      const limit: Operand = { kind: 'literal', literal: { type: 'number', text: '5.5' }, position: 0 }
      return { kind: 'compare', operator: relation, left: value, right: limit, position: 0 }
    })
}

function kindOf(column: ColumnDefinition): string {
  if (['integer', 'bigint', 'money', 'decimal', 'choice'].includes(column.type)) return 'number'
  return ['lookup', 'customer', 'uniqueidentifier'].includes(column.type) ? 'id' : column.type
}

function numbers(type: string): fc.Arbitrary<Operand> {
  const texts =
    type === 'money' || type === 'decimal' ? ['10.5', '0.1', '-3.25', '0', '2', '1000000000000.01'] : ['0', '1', '2', '3', '5']
  return fc.constantFrom(...texts).map((text): Operand => ({ kind: 'literal', literal: { type: 'number', text }, position: 0 }))
}

function literals(column: ColumnDefinition): fc.Arbitrary<Operand> | undefined {
  const of = (literal: Extract<Operand, { kind: 'literal' }>['literal']): Operand => ({ kind: 'literal', literal, position: 0 })
  switch (column.type) {
    case 'integer':
    case 'bigint':
    case 'choice':
    case 'money':
    case 'decimal':
      return numbers(column.type)
    case 'string':
      return fc.constantFrom('alpha', 'beta', 'Alpha', 'account', '').map((value) => of({ type: 'string', value }))
    case 'boolean':
      return fc.boolean().map((value) => of({ type: 'boolean', value }))
    case 'date':
      return fc.constantFrom('2026-01-01', '2025-12-31', '2026-01-03').map((value) => of({ type: 'date', value }))
    case 'datetime':
      return fc.constantFrom('2026-01-01T00:00:00Z', '2026-03-29T02:30:00+02:00').map((value) => of({ type: 'dateTime', value }))
    default:
      return undefined
  }
}

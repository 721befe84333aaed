import type { FilterExpression, Operand } from '#lib/odata/ast.ts'
import type { Catalog } from '../catalog.ts'
import type { TableDefinition } from '../definition.ts'
import type { RowOrder } from '../row-query.ts'
import type { Asker, WorldRow, WorldRows } from './small-world.ts'

/**
 * What a query means, said slowly: one row after the other, one value after the other, over what the asker may see. Shares nothing with
 * the compiler but the definitions.
 */
export type Oracle = {
  /** Rows of the table that the asker may see. */
  visible(table: string): WorldRow[]
  /** The value at the end of a path of names, as the asker sees it. */
  value(table: string, row: WorldRow, names: readonly string[]): Value
  holds(filter: FilterExpression, scope: OracleScope): boolean
  /** Rows of a collection of the row, that the asker may see. */
  behind(table: string, row: WorldRow, collection: string): { table: string; rows: WorldRow[] }
  sorted(table: string, rows: readonly WorldRow[], order: readonly RowOrder[]): WorldRow[]
}
export type Value = string | number | boolean | null
export type OracleScope = { table: string; row: WorldRow; variables: ReadonlyMap<string, { table: string; row: WorldRow }> }

export function createOracle(catalog: Catalog, world: WorldRows, asker: Asker): Oracle {
  const seer = { catalog, world, asker }
  return {
    visible: (table) => visible(seer, table),
    value: (table, row, names) => value(seer, table, row, names),
    holds: (filter, scope) => holds(seer, filter, scope),
    behind: (table, row, collection) => behind(seer, table, row, collection),
    sorted: (table, rows, order) => sorted(seer, table, rows, order),
  }
}

/** Who sees what of which world. */
type Seer = { catalog: Catalog; world: WorldRows; asker: Asker }

function visible(seer: Seer, table: string): WorldRow[] {
  const from = seer.asker.get(table)?.from ?? 0
  return (seer.world.get(table) ?? []).filter((row) => Number(row.n) >= from)
}

function own(seer: Seer, table: string, row: WorldRow, name: string): Value {
  const until = seer.asker.get(table)?.columns.get(name)
  if (until !== undefined && Number(row.n) > until) return null
  const value = row[name] ?? null
  return value !== null && seer.catalog.get(table).columns.get(name)?.type === 'choices' ? String(value).slice(1, -1) : value
}

/** The row that a lookup leads to, where the asker sees both the lookup and the row. */
function follow(seer: Seer, table: string, row: WorldRow, name: string): { table: string; row: WorldRow | undefined } {
  const [column = '', wanted] = /^(customerid)_(account|contact)$/.exec(name)?.slice(1) ?? [name]
  const definition = seer.catalog.get(table).columns.get(column)
  const target = wanted ?? definition?.targets[0] ?? ''
  const id = own(seer, table, row, column)
  if (definition?.type === 'customer' && row[`${column}type`] !== target) return { table: target, row: undefined }
  return { table: target, row: visible(seer, target).find((one) => one[seer.catalog.get(target).idColumn] === id) }
}

function value(seer: Seer, table: string, row: WorldRow, names: readonly string[]): Value {
  const [name = '', ...rest] = names
  if (rest.length === 0) return own(seer, table, row, name)
  const next = follow(seer, table, row, name)
  return next.row === undefined ? null : value(seer, next.table, next.row, rest)
}

function behind(seer: Seer, table: string, row: WorldRow, collection: string): { table: string; rows: WorldRow[] } {
  const found = seer.catalog.pointingTo(table).find((one) => one.lookup.collectionName === collection)
  if (found === undefined) throw new Error(`no collection ${collection} of ${table}`)
  const { table: child, lookup } = found
  const id = row[seer.catalog.get(table).idColumn]
  const rows = visible(seer, child.name).filter(
    (one) =>
      own(seer, child.name, one, lookup.name) === id && (lookup.type !== 'customer' || one[`${lookup.name}type`] === table),
  )
  return { table: child.name, rows }
}

function operand(
  seer: Seer,
  one: Operand,
  scope: OracleScope,
): { value: Value; definition?: ReturnType<TableDefinition['columns']['get']> } {
  switch (one.kind) {
    case 'literal':
      return { value: literalValue(one) }
    case 'path': {
      const variable = scope.variables.get(one.names[0] ?? '')
      const at = variable ?? scope
      const names = variable === undefined ? one.names : one.names.slice(1)
      if (names.at(-1) === '$count') return { value: collectionAt(seer, at, names.slice(0, -1)).rows.length }
      const definition = definitionAt(seer, at.table, names)
      return { value: value(seer, at.table, at.row, names), ...(definition === undefined ? {} : { definition }) }
    }
    case 'arithmetic': {
      const [left, right] = [operand(seer, one.left, scope).value, operand(seer, one.right, scope).value]
      if (left === null || right === null) return { value: null }
      const [a, b] = [Number(left), Number(right)]
      return { value: one.operator === 'add' ? a + b : one.operator === 'sub' ? a - b : a * b }
    }
    default:
      throw new Error(`the oracle does not know ${one.kind}`)
  }
}

function definitionAt(seer: Seer, table: string, names: readonly string[]): ReturnType<TableDefinition['columns']['get']> {
  let current = table
  for (const name of names.slice(0, -1)) current = follow(seer, current, {}, name).table
  return seer.catalog.get(current).columns.get(names.at(-1) ?? '')
}

function collectionAt(
  seer: Seer,
  at: { table: string; row: WorldRow },
  names: readonly string[],
): { table: string; rows: WorldRow[] } {
  let { table, row }: { table: string; row: WorldRow | undefined } = at
  for (const name of names.slice(0, -1)) {
    const next: { table: string; row: WorldRow | undefined } =
      row === undefined ? follow(seer, table, {}, name) : follow(seer, table, row, name)
    table = next.table
    row = next.row
  }
  if (row !== undefined) return behind(seer, table, row, names.at(-1) ?? '')
  const child = seer.catalog.pointingTo(table).find((one) => one.lookup.collectionName === names.at(-1))
  return { table: child?.table.name ?? '', rows: [] }
}

function holds(seer: Seer, filter: FilterExpression, scope: OracleScope): boolean {
  switch (filter.kind) {
    case 'and':
      return holds(seer, filter.left, scope) && holds(seer, filter.right, scope)
    case 'or':
      return holds(seer, filter.left, scope) || holds(seer, filter.right, scope)
    case 'not':
      return !holds(seer, filter.operand, scope)
    case 'compare': {
      const [left, right] = [operand(seer, filter.left, scope), operand(seer, filter.right, scope)]
      const order = compared(left.value, right.value, left.definition?.type ?? right.definition?.type)
      if (filter.operator === 'eq') return order === 0
      if (filter.operator === 'ne') return order !== 0
      if (left.value === null || right.value === null || order === undefined) return false
      return filter.operator === 'gt'
        ? order > 0
        : filter.operator === 'ge'
          ? order >= 0
          : filter.operator === 'lt'
            ? order < 0
            : order <= 0
    }
    case 'in':
      return filter.values.some((one) => {
        const left = operand(seer, filter.left, scope)
        return compared(left.value, operand(seer, one, scope).value, left.definition?.type) === 0
      })
    case 'call': {
      const [where, what] = filter.arguments.map((one) => operand(seer, one, scope).value)
      if (typeof where !== 'string' || typeof what !== 'string') return false
      const [a, b] = [where.toLowerCase(), what.toLowerCase()]
      return filter.name === 'contains' ? a.includes(b) : filter.name === 'startswith' ? a.startsWith(b) : a.endsWith(b)
    }
    case 'lambda': {
      const variable = scope.variables.get(filter.path[0] ?? '')
      const { table, rows } = collectionAt(seer, variable ?? scope, variable === undefined ? filter.path : filter.path.slice(1))
      const one = (row: WorldRow) =>
        filter.predicate === undefined ||
        holds(seer, filter.predicate, {
          ...scope,
          variables: new Map([...scope.variables, [filter.variable ?? '', { table, row }]]),
        })
      return filter.operator === 'any' ? rows.some(one) : rows.every(one)
    }
    default:
      throw new Error(`the oracle does not know ${filter.kind}`)
  }
}

function sorted(seer: Seer, table: string, rows: readonly WorldRow[], order: readonly RowOrder[]): WorldRow[] {
  const id = { column: seer.catalog.get(table).idColumn, descending: order.at(-1)?.descending ?? false }
  return [...rows].sort((a, b) => {
    for (const { column, descending } of [...order, id]) {
      const names = column.split('.')
      const [left, right] = [value(seer, table, a, names), value(seer, table, b, names)]
      const type = definitionAt(seer, table, names)?.type
      const result = nullsLast(left, right) ?? compared(left, right, type) ?? 0
      if (result !== 0) return descending ? -result : result
    }
    return 0
  })
}

function nullsLast(left: Value, right: Value): number | undefined {
  if (left === null) return right === null ? 0 : 1
  return right === null ? -1 : undefined
}

/** Undefined where one of them is null and the other is not. */
export function compared(left: Value, right: Value, type: string | undefined): number | undefined {
  if (left === null || right === null) return left === right ? 0 : undefined
  const plain = (value: Exclude<Value, null>) => {
    if (type === 'money' || type === 'decimal' || typeof value === 'number') return Number(value)
    return type === 'datetime' ? Date.parse(String(value)) : typeof value === 'boolean' ? Number(value) : value
  }
  const [a, b] = [plain(left), plain(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

function literalValue(operand: Extract<Operand, { kind: 'literal' }>): Value {
  const { literal } = operand
  switch (literal.type) {
    case 'null':
      return null
    case 'number':
      return Number(literal.text)
    case 'enum':
      return literal.member
    default:
      return literal.value
  }
}

import type { KeyPredicate, Literal } from '#lib/odata/ast.ts'
import type { Tx } from '#postgres/database.ts'
import { type ColumnDefinition, isLookup, type TableDefinition } from '#tables/definition.ts'
import { allOf, havingChild, noRows, type RowPredicate, rowOf, rowsBelow } from '#tables/predicate.ts'
import { findIdsByKey, listRows, type RowId } from '#tables/rows.queries.ts'
import { propertyName } from '../metadata/model.ts'
import { type RowsAddress, unknownResource } from '../protocol/address.ts'
import { ApiRefusal } from '../protocol/refusals.ts'
import { type Caller, offered, requireRight } from './caller.ts'

/** The rows that an address names, within what the caller may read: its predicate is all that is needed to read them. */
export type Located = {
  table: TableDefinition
  predicate: RowPredicate
  /** One row or none; otherwise a set. */
  single: boolean
  /** What the first part of the address names, where more follows: absent, the whole address is not found. */
  root: { table: TableDefinition; predicate: RowPredicate } | undefined
}

export async function locate(tx: Tx, caller: Caller, address: RowsAddress): Promise<Located> {
  requireRight(caller, address.table, 'read')
  const readable = (table: TableDefinition) => caller.rules.predicate(caller.visitor, table.name, 'read')
  let current = { table: address.table, predicate: readable(address.table), single: false }
  if (address.key !== undefined)
    current = { ...current, predicate: await keyedRow(tx, current.table, current.predicate, address.key), single: true }
  const root = address.steps.length === 0 ? undefined : current
  for (const step of address.steps) {
    const { table, predicate } = current
    const [holder, lookup] = step.kind === 'lookup' ? [table, step.column] : [step.table, step.lookup]
    // A relation that is closed is told in the words of one that does not exist.
    if (!isOpen(caller, holder, lookup.name)) throw unknownResource(step.name)
    if (step.kind === 'lookup') {
      requireRight(caller, step.target, 'read')
      const pointing = allOf([predicate, ...masks(predicate, [step.column.name])])
      const behind = allOf([readable(step.target), havingChild(step.target, table, step.column.name, pointing)])
      current = { table: step.target, predicate: behind, single: true }
    } else {
      requireRight(caller, step.table, 'read')
      const own = readable(step.table)
      const below = rowsBelow('belongs to it', step.table, step.lookup.name, table, predicate)
      const rows = allOf([own, ...masks(own, [step.lookup.name]), below])
      const keyed = step.key === undefined ? rows : await keyedRow(tx, step.table, rows, step.key)
      current = { table: step.table, predicate: keyed, single: step.key !== undefined }
    }
  }
  return { ...current, root }
}

function isOpen(caller: Caller, table: TableDefinition, column: string): boolean {
  return (
    offered(caller, table)?.has(column) === true && caller.rules.reachableColumns(caller.visitor, table.name, 'read').has(column)
  )
}

/** The id of the one row of a predicate that holds for one row at most. */
export async function findFirst(
  tx: Tx,
  caller: Caller,
  { table, predicate }: { table: TableDefinition; predicate: RowPredicate },
): Promise<RowId | undefined> {
  const query = { table, columns: [table.idColumn], predicate, rowsMax: 1 }
  const [row] = await listRows(tx, caller.catalog, query)
  return row === undefined ? undefined : String(row[table.idColumn])
}

async function keyedRow(tx: Tx, table: TableDefinition, rows: RowPredicate, key: KeyPredicate): Promise<RowPredicate> {
  const sought = keyOf(table, key)
  if (sought.kind === 'id') return rowOf(table, rows, sought.id)
  const id = await findIdByKey(tx, table, sought.values)
  // A key is an answer to a question: who may not read its columns may not ask.
  return id === undefined ? noRows : allOf([rowOf(table, rows, id), ...masks(rows, [...sought.values.keys()])])
}

function masks(rows: RowPredicate, columns: readonly string[]): RowPredicate[] {
  return columns.flatMap((name) => rows.column?.(name) ?? [])
}

/** The row's id, or the values of an alternate key as text, by column. */
export type RowKey = { kind: 'id'; id: RowId } | { kind: 'key'; values: ReadonlyMap<string, string> }

/** Throws ApiRefusal `invalid` for a key that the table does not have. */
export function keyOf(table: TableDefinition, key: KeyPredicate): RowKey {
  if (key.kind === 'value') {
    const { literal } = key
    if (literal.type === 'guid') return { kind: 'id', id: literal.value }
    throw badKey(table)
  }
  const values = new Map<string, string>()
  for (const { name, literal } of key.parts) {
    const column = [...table.columns.values()].find((one) => propertyName(one) === name || (isLookup(one) && one.name === name))
    const text = column === undefined ? undefined : keyText(column, literal)
    if (column === undefined || text === undefined) throw badKey(table)
    values.set(column.name, text)
  }
  const id = values.get(table.idColumn)
  if (id !== undefined && values.size === 1) return { kind: 'id', id }
  const isKey = [...table.keys.values()].some((names) => names.length === values.size && names.every((name) => values.has(name)))
  if (!isKey) throw badKey(table)
  return { kind: 'key', values }
}

function badKey(table: TableDefinition): ApiRefusal {
  const type = `Microsoft.Dynamics.CRM.${table.name}`
  return new ApiRefusal(
    'invalid',
    `The key in the request URI is not valid for resource '${type}'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource '${type}'.`,
  )
}

function keyText(column: ColumnDefinition, literal: Literal): string | undefined {
  switch (column.type) {
    case 'string':
    case 'memo':
      return literal.type === 'string' && !literal.value.includes('\0') ? literal.value : undefined
    case 'uniqueidentifier':
    case 'lookup':
    case 'customer':
      return literal.type === 'guid' ? literal.value : undefined
    case 'integer':
    case 'choice':
      return literal.type === 'number' && /^-?\d{1,9}$/.test(literal.text) ? literal.text : undefined
    case 'bigint':
      return literal.type === 'number' && /^-?\d{1,18}$/.test(literal.text) ? literal.text : undefined
    case 'decimal':
    case 'money':
      return literal.type === 'number' && /^-?\d{1,30}(\.\d{1,30})?$/.test(literal.text) ? literal.text : undefined
    case 'date':
      return literal.type === 'date' ? literal.value : undefined
    case 'datetime':
      return literal.type === 'dateTime' ? literal.value : undefined
    case 'boolean':
      return literal.type === 'boolean' ? String(literal.value) : undefined
    default:
      return undefined
  }
}

async function findIdByKey(tx: Tx, table: TableDefinition, values: ReadonlyMap<string, string>): Promise<RowId | undefined> {
  const found = await findIdsByKey(tx, table, [...values.keys()], [[...values.values()]])
  return [...found.values()][0]
}

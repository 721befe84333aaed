import { uuidv7 } from 'uuidv7'
import { AppError } from '#lib/app-error.ts'
import { assert } from '#lib/assert.ts'
import { sqlStateOf, type Tx } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import type { Catalog } from './catalog.ts'
import { type ColumnDefinition, getColumn, isComputed, type TableDefinition } from './definition.ts'
import { type RowPredicate, rowOf } from './predicate.ts'
import { postgresTypeOf } from './query/scope.ts'
import { compileCount, compileReading } from './query.ts'
import type { QueryRow, RowQuery, RowTree } from './row-query.ts'

/** Column values by logical name. Decimals and dates are text; ids are UUID text; choices are numbers. */
export type RowValues = Readonly<Record<string, ColumnValue>>
export type ColumnValue = string | number | boolean | null
export type RowId = string

/** Flat rows, or the groups of a grouped query. Throws what compiling throws, and what `runRead` makes of the database's refusals. */
export async function listRows(tx: Tx, catalog: Catalog, query: Omit<RowQuery, 'expand'>): Promise<QueryRow[]> {
  const { sql: statement, read } = compileReading(catalog, query)
  const rows = await runRead<QueryRow>(tx, statement)
  return read === undefined ? rows : (rows.map(read) as QueryRow[])
}

/** Rows with related rows inside them, in one statement. */
export async function listRowTrees(tx: Tx, catalog: Catalog, query: RowQuery): Promise<RowTree[]> {
  const { sql: statement, read } = compileReading(catalog, query)
  const rows = await runRead<QueryRow>(tx, statement)
  return read === undefined ? rows : rows.map(read)
}

/**
 * From here to the end of the transaction a statement that takes longer is stopped: reading then throws AppError `query.took_too_long`.
 * For queries that outsiders write.
 */
export async function limitQueryTime(tx: Tx, timeMsMax: number): Promise<void> {
  await tx`select set_config('statement_timeout', ${String(timeMsMax)}, true)`
}

/** At most `rowsMax` are counted. */
export async function countRows(
  tx: Tx,
  catalog: Catalog,
  query: Omit<RowQuery, 'columns' | 'orderBy' | 'after'> & { columns?: readonly string[] },
): Promise<number> {
  const [row] = await runRead<{ count: number }>(tx, compileCount(catalog, query))
  return row?.count ?? 0
}

/** Several counts in one statement, by name. */
export async function countEach(
  tx: Tx,
  catalog: Catalog,
  queries: Readonly<Record<string, Omit<RowQuery, 'columns' | 'orderBy' | 'after'>>>,
): Promise<Record<string, number>> {
  const counts = Object.entries(queries).map(([name, query]) => sql`(${compileCount(catalog, query)}) as ${identifier(name)}`)
  const [row] = await tx.run<Record<string, number>>(sql`select ${join(counts)}`)
  return row ?? {}
}

/** The row with this id, if it exists within the predicate. */
export async function findRow(
  tx: Tx,
  catalog: Catalog,
  query: Pick<RowQuery, 'table' | 'columns' | 'predicate' | 'reach'>,
  id: RowId,
): Promise<QueryRow | undefined> {
  const [row] = await listRows(tx, catalog, { ...query, predicate: rowOf(query.table, query.predicate, id), rowsMax: 1 })
  return row
}

/** All columns of the given rows, by id, as the engine sees them (no predicate: never for visitors). */
export async function readRowsById(tx: Tx, table: TableDefinition, ids: readonly RowId[]): Promise<Map<RowId, QueryRow>> {
  if (ids.length === 0) return new Map()
  const columns = [...table.columns.keys()].map((name) => identifier(name))
  const rows = await tx.run<QueryRow>(
    sql`select ${join(columns)} from ${identifier('tables', table.name)} where ${identifier(table.idColumn)} = any(${ids}::uuid[])`,
  )
  return new Map(rows.map((row) => [String(row[table.idColumn]), row]))
}

/** The same, locked until the transaction ends: nobody edits them between reading and writing. Locks are taken in id order. */
export async function lockRowsById(tx: Tx, table: TableDefinition, ids: readonly RowId[]): Promise<Map<RowId, QueryRow>> {
  if (ids.length === 0) return new Map()
  const columns = [...table.columns.keys()].map((name) => identifier(name))
  const id = identifier(table.idColumn)
  const rows = await tx.run<QueryRow>(
    sql`select ${join(columns)} from ${identifier('tables', table.name)} where ${id} = any(${ids}::uuid[]) order by ${id} for update`,
  )
  return new Map(rows.map((row) => [String(row[table.idColumn]), row]))
}

/** All columns of the table's rows in id order, as the engine sees them: for going through all of them. */
export function readRowPage(tx: Tx, table: TableDefinition, page: { after: RowId | null; rowsMax: number }): Promise<QueryRow[]> {
  const columns = [...table.columns.keys()].map((name) => identifier(name))
  const id = identifier(table.idColumn)
  return tx.run<QueryRow>(sql`
    select ${join(columns)} from ${identifier('tables', table.name)}
     where ${page.after}::uuid is null or ${id} > ${page.after}::uuid order by ${id} limit ${page.rowsMax}`)
}

/**
 * Waits until nobody writes to the table, and lets nobody begin until the transaction ends; readers go on. Whoever is behind waits too,
 * therefore the limit, at which PostgreSQL refuses (55P03).
 */
export async function holdWriters(tx: Tx, table: TableDefinition, waitMsMax: number): Promise<void> {
  await tx`select set_config('lock_timeout', ${`${waitMsMax}ms`}, true)`
  await tx.run(sql`lock table ${identifier('tables', table.name)} in share row exclusive mode`)
  await tx`select set_config('lock_timeout', '0', true)`
}

/** What the rows that point to one row amount to. */
export type RowSum = { count: number; sums: Readonly<Record<string, string>> }

/**
 * Counts the rows of a table by the row that `lookup` points to, and sums columns of them (nulls count as nothing): one statement for a
 * whole page of parents. `counts` are conditions over the alias; each answers under its name in `sums`, as a number of rows.
 */
export async function sumRows(
  tx: Tx,
  table: TableDefinition,
  sum: {
    lookup: string
    ids: readonly RowId[]
    predicate: RowPredicate
    columns: readonly string[]
    counts: Readonly<Record<string, RowPredicate>>
  },
): Promise<Map<RowId, RowSum>> {
  if (sum.ids.length === 0) return new Map()
  const alias = identifier('t')
  const lookup = sql`t.${identifier(getColumn(table, sum.lookup).name)}`
  const columns = sum.columns.map(
    (name) => sql`coalesce(sum(t.${identifier(getColumn(table, name).name)}), 0)::text as ${identifier(name)}`,
  )
  const counts = Object.entries(sum.counts).map(
    ([name, one]) => sql`(count(*) filter (where ${one.sql(alias)}))::text as ${identifier(name)}`,
  )
  const rows = await tx.run<Record<string, string> & { id: string; rows: string }>(sql`
    select ${join([sql`${lookup}::text as id, count(*)::text as rows`, ...columns, ...counts])}
      from ${identifier('tables', table.name)} as t
     where ${lookup} = any(${sum.ids}::uuid[]) and ${sum.predicate.sql(alias)}
     group by ${lookup}`)
  return new Map(rows.map(({ id, rows: count, ...sums }) => [id, { count: Number(count), sums }]))
}

export function newRowId(): RowId {
  return uuidv7()
}

/**
 * Inserts rows in one statement and answers their ids in order. Rows may leave columns out; those are null. The id may be given
 * (`newRowId`), so that children can be built before their parents are stored.
 */
export async function insertRows(tx: Tx, table: TableDefinition, rows: readonly RowValues[]): Promise<RowId[]> {
  if (rows.length === 0) return []
  const withIds = rows.map((row) => ({ [table.idColumn]: newRowId(), ...row }))
  const names = columnNames(table, withIds)
  const query = sql`insert into ${identifier('tables', table.name)} (${join(names.map((name) => identifier(name)))}) select * from ${unnest(table, names, withIds)} as g`
  await runWrite(tx, table, query)
  return withIds.map((row) => String(row[table.idColumn]))
}

/**
 * Changes the given columns of one row within the predicate. Answers whether a row was there to change.
 * Throws AppError `tables.version_conflict` when `ifVersion` is given and the row has moved on.
 */
export async function updateRow(
  tx: Tx,
  table: TableDefinition,
  id: RowId,
  values: RowValues,
  options: { predicate: RowPredicate; ifVersion?: number },
): Promise<boolean> {
  const alias = identifier('t')
  const where = [sql`t.${identifier(table.idColumn)} = ${id}::uuid`, options.predicate.sql(alias)]
  const names = columnNames(table, [values])
  assert(names.length > 0, 'an update changes something')
  const set = names.map((name) => sql`${identifier(name)} = ${typedValue(getColumn(table, name), values[name] ?? null)}`)
  const query = sql`update ${identifier('tables', table.name)} as t set ${join(set)} where ${and(where)} returning t.versionnumber as version`
  if (options.ifVersion === undefined) return (await runWrite(tx, table, query)).length === 1
  const [before] = await tx.run<{ version: number }>(
    sql`select t.versionnumber as version from ${identifier('tables', table.name)} as t where ${and(where)} for update`,
  )
  if (before !== undefined && before.version !== options.ifVersion) {
    throw new AppError('tables.version_conflict', 'Somebody else has changed this row meanwhile; read it again', {
      details: { table: table.name, id },
    })
  }
  return (await runWrite(tx, table, query)).length === 1
}

/** Updates many rows at once, each with values for the same columns. For the engine: no predicate. */
export async function updateRows(tx: Tx, table: TableDefinition, rows: readonly RowValues[]): Promise<void> {
  if (rows.length === 0) return
  const names = columnNames(table, rows)
  const set = names.filter((name) => name !== table.idColumn).map((name) => sql`${identifier(name)} = v.${identifier(name)}`)
  if (set.length === 0) return
  const values = sql`${unnest(table, names, rows)} as v(${join(names.map((name) => identifier(name)))})`
  await runWrite(
    tx,
    table,
    sql`update ${identifier('tables', table.name)} as t set ${join(set)} from ${values} where t.${identifier(table.idColumn)} = v.${identifier(table.idColumn)}`,
  )
}

/** Answers whether a row was there to delete. */
export async function deleteRow(tx: Tx, table: TableDefinition, id: RowId, predicate: RowPredicate): Promise<boolean> {
  const where = and([sql`t.${identifier(table.idColumn)} = ${id}::uuid`, predicate.sql(identifier('t'))])
  const rows = await runWrite(
    tx,
    table,
    sql`delete from ${identifier('tables', table.name)} as t where ${where} returning 1 as one`,
  )
  return rows.length === 1
}

/**
 * Ids of rows by an alternate key. `keys` holds one tuple of text values for each row sought, in the order of `columns`
 * (lookup columns by id). Answers a map from the tuple, joined by the unit separator U+001F, to the id.
 */
export async function findIdsByKey(
  tx: Tx,
  table: TableDefinition,
  columns: readonly string[],
  keys: readonly (readonly string[])[],
): Promise<Map<string, RowId>> {
  if (keys.length === 0) return new Map()
  const rows = keys.map((key) => Object.fromEntries(columns.map((name, i) => [name, key[i] ?? null])))
  const on = columns.map((name) => sql`t.${identifier(name)} = k.${identifier(name)}`)
  const text = columns.map((name) => sql`t.${identifier(name)}::text`)
  const found = await tx.run<{ id: RowId; key: string }>(sql`
    select t.${identifier(table.idColumn)}::text as id, concat_ws(E'\\x1f', ${join(text)}) as key
      from ${identifier('tables', table.name)} as t
      join ${unnest(table, columns, rows)} as k(${join(columns.map((name) => identifier(name)))}) on ${and(on)}`)
  return new Map(found.map((row) => [row.key, row.id]))
}

/** Says who writes, for the changes captured in this transaction. */
export async function setActor(tx: Tx, actor: string): Promise<void> {
  await tx`select tables.set_actor(${actor})`
}

/** Says which subscriber writes: its own changes are not captured for it again, which is what stops echo. */
export async function setOrigin(tx: Tx, subscriber: string, options: { quiet: boolean }): Promise<void> {
  await tx`select set_config('comptoir.origin', ${subscriber}, true), set_config('comptoir.quiet', ${options.quiet ? 'on' : 'off'}, true)`
}

/** For bulk writers that were quiet: everything of this table may have changed. */
export async function announceTable(tx: Tx, table: TableDefinition): Promise<void> {
  await tx`select pg_notify('comptoir_rows', ${`${table.name} *`})`
}

/** Next number of a named series, for request numbers. Gaps are allowed, repetition is not. */
export async function nextNumber(tx: Tx, series: string): Promise<number> {
  const [row] = await tx<{ value: number }>`select tables.next_number(${series}) as value`
  assert(row !== undefined, 'a series answers')
  return row.value
}

/** The id of a legal entity by its code; companies are few and never renamed. */
export async function findCompanyId(tx: Tx, code: string): Promise<RowId | undefined> {
  const [row] = await tx<{
    id: RowId
  }>`select cdm_companyid as id from tables.cdm_company where lower(cdm_companycode) = lower(${code})`
  return row?.id
}

function columnNames(table: TableDefinition, rows: readonly RowValues[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  for (const name of names) {
    const column = getColumn(table, name)
    assert(!isComputed(column), `${table.name}.${name} is written by the database alone`)
  }
  return names
}

/** One array parameter for each column: the statement's text does not depend on the number of rows. */
function unnest(table: TableDefinition, names: readonly string[], rows: readonly RowValues[]): Sql {
  const columns = names.map((name) => getColumn(table, name))
  const arrays = columns.map((column) => {
    const type = column.type === 'choices' ? 'text' : postgresTypeOf(column)
    return sql`${rows.map((row) => row[column.name] ?? null)}::${trustedSql(type)}[]`
  })
  if (!columns.some((column) => column.type === 'choices')) return sql`unnest(${join(arrays)})`
  // Lists of lists would be flattened: several choices come as text and become lists one by one.
  const given = names.map((name) => identifier(name))
  const values = columns.map((column) => {
    const value = sql`g.${identifier(column.name)}`
    return column.type === 'choices' ? sql`string_to_array(${value}, ',')::integer[]` : value
  })
  return sql`(select ${join(values)} from unnest(${join(arrays)}) as g(${join(given)}))`
}

/** Several choices are text outside ('1,3') and a list inside. */
function typedValue(column: ColumnDefinition, value: ColumnValue): Sql {
  return column.type === 'choices'
    ? sql`string_to_array(${value}::text, ',')::integer[]`
    : sql`${value}::${trustedSql(postgresTypeOf(column))}`
}

/**
 * Runs a query whose values come from outside. Throws AppError `request.invalid` for a value that its column's type cannot take after
 * all, and `query.took_too_long` when the time is up.
 */
async function runRead<Row extends object>(tx: Tx, query: Sql): Promise<Row[]> {
  try {
    return await tx.run<Row>(query)
  } catch (cause) {
    const state = sqlStateOf(cause)
    if (state === '57014')
      throw new AppError('query.took_too_long', 'The query took too long and was stopped; ask for less at once', { cause })
    if (state?.startsWith('22') === true)
      throw new AppError('request.invalid', 'A value in the query does not fit what it is compared with', { cause })
    throw cause
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  '22001': 'a text is longer than its column allows',
  '22003': 'a number is out of range',
  // PostgreSQL 18 says of `on delete restrict` what earlier ones say of any foreign key.
  '23001': 'the row is still used by others',
  '23502': 'a required column is empty',
  '23503': 'a lookup points to a row that does not exist, or the row is still used by others',
  '23505': 'another row has the same key',
  '23514': 'a value is outside what its column allows',
}

async function runWrite(tx: Tx, table: TableDefinition, query: Sql): Promise<object[]> {
  try {
    return await tx.run(query)
  } catch (cause) {
    const state = sqlStateOf(cause)
    // Row-level security: the row would not be one that the visitor may write.
    if (state === '42501')
      throw new AppError('tables.forbidden', `${table.name}: this row may not be written`, {
        cause,
        details: { table: table.name },
      })
    const reason = REFUSALS[state ?? '']
    if (reason === undefined) throw cause
    const told = cause as { column?: string; constraint?: string; detail?: string }
    // A rule of deletion says in its own words why.
    const own = told.constraint === 'delete_rule' ? (cause as Error).message : undefined
    const where = told.column ?? told.constraint
    // 'Key (ordernumber)=(W-1) already exists.'
    const [, columns] = /\(([^)]*)\)=\(/.exec(told.detail ?? '') ?? []
    throw new AppError('tables.refused', own ?? `${table.name}: ${reason}${where === undefined ? '' : ` (${where})`}`, {
      cause,
      details: {
        table: table.name,
        sqlState: sqlStateOf(cause),
        constraint: told.constraint,
        columns: (columns ?? told.column)?.split(', ').map((name) => name.replaceAll('"', '')) ?? [],
      },
    })
  }
}

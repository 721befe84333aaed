import { assert, required } from '#lib/assert.ts'
import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { type Fields, type FieldValue, NO_DATE, type Row } from './rows.ts'

/**
 * Rows of any ERP table by field name. Fields that have a column go there, the others into `extra`; null becomes the column's empty value.
 */
export async function insertRow(tx: Tx, table: string, fields: Fields): Promise<Row> {
  const { columns, extra } = await split(tx, table, fields)
  const names = [...columns.map(([name]) => identifier(name)), identifier('extra')]
  const values = [...columns.map(([, value]) => sql`${value}`), sql`${JSON.stringify(extra)}`]
  const rows = await tx<Row>`
    insert into ${identifier('scm', table)} (${join(names)}) values (${join(values)}) returning *`
  return required(rows[0], 'an inserted row')
}

export async function updateRow(tx: Tx, table: string, recid: number, fields: Fields): Promise<Row> {
  const { columns, extra } = await split(tx, table, fields)
  const sets = columns.map(([name, value]) => sql`${identifier(name)} = ${value}`)
  if (Object.keys(extra).length > 0) sets.push(sql`extra = extra || ${JSON.stringify(extra)}::jsonb`)
  if (sets.length === 0) return getRow(tx, table, { recid })
  const rows = await tx<Row>`
    update ${identifier('scm', table)} set ${join(sets)} where recid = ${recid} returning *`
  return required(rows[0], 'an updated row')
}

export async function deleteRow(tx: Tx, table: string, recid: number): Promise<void> {
  await tx`delete from ${identifier('scm', table)} where recid = ${recid}`
}

export async function findRow(tx: Tx, table: string, where: Fields, lock: 'lock' | 'read' = 'read'): Promise<Row | undefined> {
  const rows = await tx<Row>`
    select * from ${identifier('scm', table)} where ${matches(where)} ${lock === 'lock' ? sql`for update` : sql``}`
  return rows[0]
}

/** The row that must be there; the caller has made sure of it. */
export async function getRow(tx: Tx, table: string, where: Fields, lock: 'lock' | 'read' = 'read'): Promise<Row> {
  return required(await findRow(tx, table, where, lock), `the row of ${table}`)
}

export function listRows(tx: Tx, table: string, where: Fields, orderBy: string, lock: 'lock' | 'read' = 'read'): Promise<Row[]> {
  return tx<Row>`
    select * from ${identifier('scm', table)} where ${matches(where)}
     order by ${identifier(orderBy)} ${lock === 'lock' ? sql`for update` : sql``}`
}

/** Column names of a table with their types ('text', 'numeric', 'integer', 'bigint', 'timestamp with time zone', 'jsonb'). */
async function columnTypes(tx: Tx, table: string): Promise<ReadonlyMap<string, string>> {
  const known = columnTypesByTable.get(table)
  if (known !== undefined) return known
  const rows = await tx<{ name: string; type: string }>`
    select column_name::text as name, data_type::text as type
      from information_schema.columns where table_schema = 'scm' and table_name = ${table} and is_generated = 'NEVER'`
  assert(rows.length > 0, `the table scm.${table} exists`)
  const types = new Map(rows.map((row) => [row.name, row.type]))
  columnTypesByTable.set(table, types)
  return types
}

/**
 * Many rows of one shape in one statement, for loads; every row has exactly the fields of the first one. A unique or foreign key that
 * is violated fails the whole statement.
 */
export async function insertRows(tx: Tx, table: string, rows: readonly Fields[]): Promise<void> {
  const first = rows[0]
  if (first === undefined) return
  const types = await columnTypes(tx, table)
  const names = Object.keys(first)
  const shape = names.map((name) => sql`${identifier(name)} ${trustedSql(required(types.get(name), `column ${table}.${name}`))}`)
  const columns = names.map((name) => identifier(name))
  await tx`
    insert into ${identifier('scm', table)} (${join(columns)})
    select ${join(columns)} from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (${join(shape)})`
}

/** Lets the planner know what a load has brought, before the first reader comes. */
export async function analyzeTable(tx: Tx, table: string): Promise<void> {
  await tx`analyze ${identifier('scm', table)}`
}

/** This transaction writes no data events: for loads, whose readers start with a full read anyway. */
export async function quietEvents(tx: Tx): Promise<void> {
  await tx`select set_config('scm.quiet', 'on', true)`
}

// The migrations decide the columns and nothing changes them while the process runs.
const columnTypesByTable = new Map<string, ReadonlyMap<string, string>>()

/** Columns that rows bring with them and nobody sets by name. */
const OWN_COLUMNS = new Set(['recid', 'recversion', 'modified_at', 'extra'])

async function split(tx: Tx, table: string, fields: Fields) {
  const types = await columnTypes(tx, table)
  const columns: [string, FieldValue][] = []
  const extra: Record<string, FieldValue> = {}
  for (const [name, value] of Object.entries(fields)) {
    const type = OWN_COLUMNS.has(name) ? undefined : types.get(name)
    if (type === undefined) extra[name] = value
    else columns.push([name, value ?? emptyValue(type)])
  }
  return { columns, extra }
}

function emptyValue(type: string): FieldValue {
  if (type === 'text') return ''
  return type.startsWith('timestamp') ? NO_DATE : 0
}

function matches(where: Fields): Sql {
  return and(Object.entries(where).map(([name, value]) => sql`${identifier(name)} = ${value}`))
}

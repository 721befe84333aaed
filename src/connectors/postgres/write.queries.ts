import type { Tx } from '#postgres/database.ts'
import { identifier, join, sql } from '#postgres/sql.ts'
import { bothCases, cast, fieldOf } from './expressions.ts'
import { hasKey, record, type TextRow, table, versionText } from './read.queries.ts'
import type { PgColumn, PgEntity } from './tables.ts'

type Values = readonly (readonly [PgColumn, string | null])[]

export async function insertRecord(
  tx: Tx,
  entity: PgEntity,
  values: Values,
  columns: readonly PgColumn[],
): Promise<TextRow | undefined> {
  const names = values.map(([column]) => identifier(column.name))
  const [row] =
    values.length === 0
      ? await tx<TextRow>`insert into ${table(entity)} as r default values returning ${record(entity, columns)}`
      : await tx<TextRow>`
          insert into ${table(entity)} as r (${join(names)}) values (${join(values.map(([column, value]) => cast(column, value)))})
          returning ${record(entity, columns)}`
  return row
}

/** Locks the record and tells its version; undefined when it is gone. */
export async function lockRecord(tx: Tx, entity: PgEntity, key: Readonly<Record<string, string>>): Promise<TextRow | undefined> {
  const [row] = await tx<TextRow>`
    select ${record(entity, [])} from ${table(entity)} as r where ${isRecord(entity, key)} for update`
  return row
}

export async function updateRecord(
  tx: Tx,
  entity: PgEntity,
  key: Readonly<Record<string, string>>,
  values: Values,
  columns: readonly PgColumn[],
): Promise<TextRow | undefined> {
  const sets = values.map(([column, value]) => sql`${identifier(column.name)} = ${cast(column, value)}`)
  const [row] = await tx<TextRow>`
    update ${table(entity)} as r set ${join(sets)} where ${isRecord(entity, key)} returning ${record(entity, columns)}`
  return row
}

export async function deleteRecord(tx: Tx, entity: PgEntity, key: Readonly<Record<string, string>>): Promise<void> {
  await tx`delete from ${table(entity)} as r where ${isRecord(entity, key)}`
}

/** Columns with the values of as many rows. */
type Lists = readonly (readonly [PgColumn, readonly (string | null)[]])[]

/** Several at once; their keys are among the values. */
export function insertRecords(tx: Tx, entity: PgEntity, lists: Lists, columns: readonly PgColumn[]): Promise<TextRow[]> {
  return tx<TextRow>`
    insert into ${table(entity)} as r (${join(lists.map(([column]) => identifier(column.name)))})
    select ${join(lists.map(([column], at) => typed(column, `v${at}`)))} from ${rowsOf(lists.map(([, list], at) => [`v${at}`, list]))}
    returning ${record(entity, columns)}`
}

/** Several at once, with the same columns: those that are there, and have the version where one is named. */
export function updateRecords(
  tx: Tx,
  entity: PgEntity,
  request: { keys: readonly (readonly string[])[]; versions: readonly (string | null)[]; values: Lists },
  columns: readonly PgColumn[],
): Promise<TextRow[]> {
  const { keys, versions, values } = request
  const sets = values.map(([column], at) => sql`${identifier(column.name)} = ${typed(column, `v${at}`)}`)
  const lists: Named[] = [
    ...values.map(([, list], at): Named => [`v${at}`, list]),
    ['version', versions],
    ...keys.map((list, at): Named => [`k${at}`, list]),
  ]
  const same = entity.keyFields.map((name, at) => sql`${identifier('r', name)} = ${typed(fieldOf(entity, name), `k${at}`)}`)
  return tx<TextRow>`
    update ${table(entity)} as r set ${join(sets)}
      from ${rowsOf(lists)}
     where ${join(same, ' and ')} and (v.version is null or v.version = ${versionText(entity)})
    returning ${record(entity, columns)}`
}

export async function deleteRecords(tx: Tx, entity: PgEntity, keys: readonly (readonly string[])[]): Promise<void> {
  await tx`delete from ${table(entity)} as r where ${hasKey(entity, keys)}`
}

type Named = readonly [string, readonly (string | null)[]]

function rowsOf(lists: readonly Named[]) {
  const names = lists.map(([name]) => identifier(name))
  return sql`unnest(${join(lists.map(([, list]) => sql`${list}::text[]`))}) as v(${join(names)})`
}

function typed(column: PgColumn, name: string) {
  return sql`${identifier('v', name)}::${identifier(...column.sqlType)}`
}

function isRecord(entity: PgEntity, key: Readonly<Record<string, string>>) {
  const parts = entity.keyFields.map((name) => {
    const value = key[name] ?? ''
    return name === entity.companyField
      ? sql`${identifier('r', name)}::text = any(${bothCases(value)}::text[])`
      : sql`${identifier('r', name)} = ${cast(fieldOf(entity, name), value)}`
  })
  return join(parts, ' and ')
}

import type { Tx } from '#postgres/database.ts'
import { identifier, join, sql } from '#postgres/sql.ts'
import { bothCases, cast, fieldOf } from './expressions.ts'
import { record, type TextRow, table } from './read.queries.ts'
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

function isRecord(entity: PgEntity, key: Readonly<Record<string, string>>) {
  const parts = entity.keyFields.map((name) => {
    const value = key[name] ?? ''
    return name === entity.companyField
      ? sql`${identifier('r', name)}::text = any(${bothCases(value)}::text[])`
      : sql`${identifier('r', name)} = ${cast(fieldOf(entity, name), value)}`
  })
  return join(parts, ' and ')
}

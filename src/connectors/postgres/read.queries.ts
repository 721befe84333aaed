import type { HashRange, ReadPage, Selection } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { identifier, join, type Sql, sql } from '#postgres/sql.ts'
import { cast, fieldOf, keyText, keyTuple, placeText, placeTuple, selected, valueText } from './expressions.ts'
import type { PgColumn, PgEntity } from './tables.ts'

/** A record as text: fields in the asked order, then what it is told apart by. */
export type TextRow = { fields: (string | null)[]; version: string; place: string; modified: string | null }

export function listPage(tx: Tx, entity: PgEntity, page: ReadPage, columns: readonly PgColumn[]): Promise<TextRow[]> {
  const after = page.after === undefined ? sql`` : sql`and ${keyTuple(entity)} > ${placeTuple(entity, page.after)}`
  return tx<TextRow>`
    select ${record(entity, columns)} from ${table(entity)} as r
     where ${selected(entity, page)} ${after}
     order by ${join(entity.keyFields.map((name) => identifier('r', name)))} limit ${page.rowsMax}`
}

export async function countRows(tx: Tx, entity: PgEntity, selection: Selection): Promise<number> {
  const rows = await tx<{ count: string }>`
    select count(*) as count from ${table(entity)} as r where ${selected(entity, selection)}`
  return Number(rows[0]?.count ?? 0)
}

/** `keys`: the key's values, field by field, one list for each. */
export function listByKeys(
  tx: Tx,
  entity: PgEntity,
  keys: readonly (readonly string[])[],
  columns: readonly PgColumn[],
): Promise<TextRow[]> {
  return tx<TextRow>`select ${record(entity, columns)} from ${table(entity)} as r where ${hasKey(entity, keys)}`
}

export function hasKey(entity: PgEntity, keys: readonly (readonly string[])[]): Sql {
  const lists = entity.keyFields.map((name, at) => {
    const { sqlType } = fieldOf(entity, name)
    return sql`${keys[at] ?? []}::text[]::${identifier(...sqlType)}[]`
  })
  return sql`${keyTuple(entity)} in (select * from unnest(${join(lists)}))`
}

/** Records with exactly these values, in the order of the key. */
export function listByValues(
  tx: Tx,
  entity: PgEntity,
  values: readonly (readonly [PgColumn, string])[],
  columns: readonly PgColumn[],
): Promise<TextRow[]> {
  const same = values.map(([column, value]) => sql`${identifier('r', column.name)} = ${cast(column, value)}`)
  return tx<TextRow>`
    select ${record(entity, columns)} from ${table(entity)} as r where ${join(same, ' and ')}
     order by ${join(entity.keyFields.map((name) => identifier('r', name)))} limit 20`
}

/** Where ranges of about the same size begin, the first left out; with the size. */
export function listPlaces(
  tx: Tx,
  entity: PgEntity,
  selection: Selection & { rangesMax: number },
): Promise<{ place: string; rows: string }[]> {
  return tx<{ place: string; rows: string }>`
    select place, size as rows from (
      select ${placeText(entity)} as place, row_number() over key as number,
             greatest(1, ceil(count(*) over () / ${selection.rangesMax}::numeric)::bigint) as size
        from ${table(entity)} as r where ${selected(entity, selection)}
      window key as (order by ${join(entity.keyFields.map((name) => identifier('r', name)))})) as numbered
     where (number - 1) % size = 0 order by number`
}

/** As hashRecords() of #connector/range-hash.ts works it out. */
export async function readHash(tx: Tx, entity: PgEntity, request: HashRange): Promise<{ rows: number; hash: string }> {
  const values = [keyText(entity), ...request.fields.map((name) => valueText(fieldOf(entity, name)))]
  const parts = values.map(
    (value) => sql`coalesce('+' || replace(replace(${value}, ${'\\'}::text, ${'\\\\'}::text), '|', ${'\\|'}::text), '-')`,
  )
  const [found] = await tx<{ rows: string; hash: string }>`
    select count(*) as rows,
           mod(coalesce(sum(('x' || substr(md5(${join(parts, ` || '|' || `)}), 1, 15))::bit(60)::bigint), 0), 1152921504606846976) as hash
      from ${table(entity)} as r where ${selected(entity, request)}`
  return { rows: Number(found?.rows ?? 0), hash: found?.hash ?? '0' }
}

/** What is read of a record, and answered of one that was written. */
export function record(entity: PgEntity, columns: readonly PgColumn[]): Sql {
  const fields = columns.map((column) => valueText(column))
  const modified = entity.modifiedColumn === undefined ? sql`null` : valueText(entity.modifiedColumn)
  return sql`array[${join(fields)}]::text[] as fields, ${versionText(entity)} as version,
           ${placeText(entity)} as place, ${modified}::text as modified`
}

export function versionText(entity: PgEntity): Sql {
  // A row from before the version column has none yet. In full: two writes may come within a millisecond.
  return entity.versionColumn === undefined
    ? sql`r.xmin::text`
    : sql`coalesce(${identifier('r', entity.versionColumn.name)}::text, r.xmin::text)`
}

export function table(entity: PgEntity): Sql {
  return identifier(entity.schema, entity.table)
}

import type { Tx } from '#postgres/database.ts'
import { and, identifier, join, type Sql, sql } from '#postgres/sql.ts'

/** What PostgreSQL holds of a table now. */
export type ActualTable = {
  columns: ReadonlyMap<string, ActualColumn>
  /** Rows, counted up to `ROWS_COUNTED_MAX`. */
  rows: number
  indexes: readonly ActualIndex[]
  checks: readonly { name: string; isValid: boolean }[]
  references: readonly ActualReference[]
  triggers: ReadonlySet<string>
}
export type ActualColumn = { type: string; notNull: boolean; isGenerated: boolean; comment: string | null }
export type ActualIndex = { name: string; columns: readonly string[]; unique: boolean; isValid: boolean }
export type ActualReference = { name: string; column: string; onDelete: 'set null' | 'cascade' | 'restrict'; isValid: boolean }

/** Beyond it a table is large: what would lock it for long is done beside its users. */
export const ROWS_COUNTED_MAX = 1_001

type ColumnRow = { table: string; name: string; type: string; notNull: boolean; isGenerated: boolean; comment: string | null }

/** The tables that bear rows of people (every one has the trigger `touch`), by name. */
export async function readActualTables(tx: Tx): Promise<Map<string, ActualTable>> {
  const columns = await tx<ColumnRow>`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull",
           a.attgenerated <> '' as "isGenerated", d.description as comment
      from pg_class c
      join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'touch'
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
     where c.relnamespace = 'tables'::regnamespace and c.relkind = 'r'
     order by c.relname, a.attnum`
  const indexes = await tx<ActualIndex & { table: string }>`
    select t.relname as "table", i.relname as name, x.indisunique as "unique", x.indisvalid as "isValid",
           array(select pg_get_indexdef(x.indexrelid, k, true) from generate_series(1, x.indnkeyatts) as k order by k) as columns
      from pg_index x
      join pg_class i on i.oid = x.indexrelid
      join pg_class t on t.oid = x.indrelid
     where t.relnamespace = 'tables'::regnamespace and not x.indisprimary and x.indpred is null`
  const constraints = await tx<{ table: string; name: string; kind: string; isValid: boolean; column: string; action: string }>`
    select t.relname as "table", n.conname as name, n.contype::text as kind, n.convalidated as "isValid", a.attname as "column",
           n.confdeltype::text as action
      from pg_constraint n
      join pg_class t on t.oid = n.conrelid
      join pg_attribute a on a.attrelid = t.oid and a.attnum = n.conkey[1]
     where n.connamespace = 'tables'::regnamespace and n.contype in ('c', 'f')`
  const triggers = await tx<{ table: string; name: string }>`
    select t.relname as "table", g.tgname as name
      from pg_trigger g
      join pg_class t on t.oid = g.tgrelid
     where t.relnamespace = 'tables'::regnamespace and not g.tgisinternal`
  const rows = await countRowsOf(tx, [...new Set(columns.map((column) => column.table))])
  const names = [...new Set(columns.map((column) => column.table))]
  return new Map(
    names.map((name): [string, ActualTable] => {
      const own = <Row extends { table: string }>(list: readonly Row[]) => list.filter((row) => row.table === name)
      return [
        name,
        {
          columns: new Map(own(columns).map(({ table: _, name: column, ...rest }) => [column, rest])),
          rows: rows.get(name) ?? 0,
          indexes: own(indexes).map((index) => ({ ...index, columns: index.columns.map(unquoted) })),
          checks: own(constraints).filter((one) => one.kind === 'c'),
          references: own(constraints)
            .filter((one) => one.kind === 'f')
            .map(({ action, ...one }) => ({ ...one, onDelete: ON_DELETE[action] ?? 'restrict' })),
          triggers: new Set(own(triggers).map((trigger) => trigger.name)),
        },
      ]
    }),
  )
}

const ON_DELETE: Readonly<Record<string, ActualReference['onDelete']>> = { n: 'set null', c: 'cascade' }

/** Logical names need no quotes but where they are words of SQL ('order'). */
function unquoted(name: string): string {
  return name.replace(/^"(.*)"$/, '$1')
}

async function countRowsOf(tx: Tx, tables: readonly string[]): Promise<Map<string, number>> {
  if (tables.length === 0) return new Map()
  const counts = tables.map(
    (name) =>
      sql`select ${name}::text as name, (select count(*)::int from (select 1 from ${identifier('tables', name)} limit ${ROWS_COUNTED_MAX}) s) as rows`,
  )
  const found = await tx.run<{ name: string; rows: number }>(counts.reduce((all, one) => sql`${all} union all ${one}`))
  return new Map(found.map((row) => [row.name, row.rows]))
}

/** Names in the schema that are no table of rows: Comptoir's own. */
export async function listTakenNames(tx: Tx): Promise<Set<string>> {
  const rows = await tx<{ name: string }>`
    select c.relname as name
      from pg_class c
     where c.relnamespace = 'tables'::regnamespace
       and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'touch')`
  return new Set(rows.map((row) => row.name))
}

/** How many rows of a table are so. */
export function countWhere(tx: Tx, table: string, condition: Sql): Promise<number> {
  const query = sql`select count(*)::int as rows from ${identifier('tables', table)} where ${condition}`
  return tx.run<{ rows: number }>(query).then(([row]) => row?.rows ?? 0)
}

/** How many rows share all values of the columns with another one; rows with a null are outside. */
export function countDuplicates(tx: Tx, table: string, columns: readonly string[]): Promise<number> {
  const list = join(columns.map((name) => identifier(name)))
  const isComplete = and(columns.map((name) => sql`${identifier(name)} is not null`))
  const query = sql`
    select coalesce(sum(n), 0)::int as rows
      from (select count(*) as n from ${identifier('tables', table)} where ${isComplete} group by ${list} having count(*) > 1) s`
  return tx.run<{ rows: number }>(query).then(([row]) => row?.rows ?? 0)
}

/** For the rest of the transaction. */
export async function limitLockWaits(tx: Tx): Promise<void> {
  await tx`select set_config('lock_timeout', '3s', true)`
}

/** The tables that bear rows of people, by name. */
export async function listActualTables(tx: Tx): Promise<string[]> {
  const rows = await tx<{ name: string }>`
    select c.relname as name
      from pg_trigger t
      join pg_class c on c.oid = t.tgrelid
     where t.tgname = 'touch' and c.relnamespace = 'tables'::regnamespace
     order by c.relname`
  return rows.map((row) => row.name)
}

import { VISITOR_ROLE } from '#postgres/bearer.ts'
import type { Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'
import { RULE_SCHEMA } from './predicate.ts'

const visitor = identifier(VISITOR_ROLE)

/**
 * Opens tables to transactions that act for visitors, and closes their rows at once: with row-level security on and no policy nobody
 * sees a row. Which rows they see is said by access/ when a release is shown. For every new table, in the transaction that makes it.
 */
export async function openToVisitors(tx: Tx, tables: readonly string[]): Promise<void> {
  await tx.run(sql`grant usage on schema tables to ${visitor}`)
  for (const table of tables) {
    const name = identifier('tables', table)
    await tx.run(sql`alter table ${name} enable row level security`)
    await tx.run(sql`grant select, insert, update, delete on ${name} to ${visitor}`)
  }
}

/**
 * Keeps a view of each table with which rules read it: all rows and columns, with the owner's rights. Made anew where the table has other
 * columns by now; answers which.
 */
export async function refreshRuleViews(tx: Tx, tables: readonly string[]): Promise<string[]> {
  const [schema] = await tx`select 1 from pg_namespace where nspname = ${RULE_SCHEMA}`
  if (schema === undefined) {
    await tx.run(sql`create schema ${identifier(RULE_SCHEMA)}`)
    await tx.run(sql`grant usage on schema ${identifier(RULE_SCHEMA)} to ${visitor}`)
  }
  const stale = await tx<{ name: string }>`
    with columns as (
      select n.nspname, c.relname, string_agg(a.attname, ',' order by a.attnum) as names
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where n.nspname in ('tables', ${RULE_SCHEMA}) and c.relname = any(${tables}::text[])
       group by n.nspname, c.relname)
    select t.relname as name
      from columns t
      left join columns v on v.nspname = ${RULE_SCHEMA} and v.relname = t.relname
     where t.nspname = 'tables' and v.names is distinct from t.names
     order by t.relname`
  for (const { name } of stale) {
    await dropRuleView(tx, name)
    await tx.run(sql`create view ${identifier(RULE_SCHEMA, name)} as select * from ${identifier('tables', name)}`)
    await tx.run(sql`grant select on ${identifier(RULE_SCHEMA, name)} to ${visitor}`)
  }
  return stale.map((one) => one.name)
}

/** Before a column changes its type or goes, which PostgreSQL refuses for columns that a view speaks of. */
export async function dropRuleView(tx: Tx, table: string): Promise<void> {
  await tx.run(sql`drop view if exists ${identifier(RULE_SCHEMA, table)}`)
}

/** Of these tables those that are not open yet: `openToVisitors` locks what it changes, and a start should not. */
export async function listClosedTables(tx: Tx, tables: readonly string[]): Promise<string[]> {
  const rows = await tx<{ name: string }>`
    select c.relname as name
      from pg_class c
     where c.relnamespace = 'tables'::regnamespace and c.relkind = 'r' and c.relname = any(${tables}::text[])
       and not (c.relrowsecurity and has_table_privilege(${VISITOR_ROLE}, c.oid, 'select')
                and has_table_privilege(${VISITOR_ROLE}, c.oid, 'insert') and has_table_privilege(${VISITOR_ROLE}, c.oid, 'update')
                and has_table_privilege(${VISITOR_ROLE}, c.oid, 'delete'))
     order by c.relname`
  return rows.map((row) => row.name)
}

/**
 * What the tables do by themselves (versions, captured changes, numbers) they do with the owner's rights, whoever writes: visitors have
 * none on the tables behind it. A number that a column takes by default is the exception: whoever inserts takes it.
 */
export async function secureTriggers(tx: Tx): Promise<void> {
  const found = await tx<{ name: string }>`
    select p.proname as name
      from pg_proc p
     where p.pronamespace = 'tables'::regnamespace and p.prorettype = 'trigger'::regtype and not p.prosecdef`
  for (const { name } of found)
    await tx.run(sql`alter function ${identifier('tables', name)}() security definer set search_path = pg_catalog, pg_temp`)
  await tx.run(sql`grant usage on all sequences in schema tables to ${visitor}`)
}

/**
 * Takes the policies of a table away: nobody sees a row of it until access/ has written them again. Before a column changes its type or
 * goes, which PostgreSQL refuses for columns that a policy speaks of.
 */
export async function withdrawPolicies(tx: Tx, table: string): Promise<void> {
  const found = await tx<{ name: string }>`
    select p.polname as name
      from pg_policy p
      join pg_class c on c.oid = p.polrelid
     where c.relnamespace = 'tables'::regnamespace and c.relname = ${table}`
  for (const { name } of found) await tx.run(sql`drop policy ${identifier(name)} on ${identifier('tables', table)}`)
}

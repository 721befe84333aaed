import { VISITOR_ROLE } from '#postgres/bearer.ts'
import type { Tx } from '#postgres/database.ts'
import { identifier, join, quoteLiteral, type Sql, sql, trustedSql } from '#postgres/sql.ts'
import { WALL_SCHEMA, type WallCommand, type WallFunction, type WallPolicy } from './policies.ts'

/** A policy as it stands in PostgreSQL; `sha256` is what `createPolicy` noted beside it. */
export type StandingPolicy = { table: string; name: string; sha256: string | null }

const visitor = identifier(VISITOR_ROLE)

/** One at a time builds. Whoever waits for a table makes all behind him wait: not for long. */
export async function lockWall(tx: Tx): Promise<void> {
  await tx`set local lock_timeout = '5s'`
  await tx`select pg_advisory_xact_lock(hashtext('comptoir.wall'))`
}

export function listPolicies(tx: Tx): Promise<StandingPolicy[]> {
  return tx<StandingPolicy>`
    select c.relname as "table", p.polname as name, obj_description(p.oid, 'pg_policy') as sha256
      from pg_policy p
      join pg_class c on c.oid = p.polrelid
     where c.relnamespace = 'tables'::regnamespace
     order by c.relname, p.polname`
}

export async function listFunctions(tx: Tx): Promise<Map<string, string>> {
  const rows = await tx<{ name: string; signature: string }>`
    select p.proname as name, p.oid::regprocedure::text as signature
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = ${WALL_SCHEMA}`
  return new Map(rows.map((row) => [row.name, row.signature]))
}

export function dropPolicy(tx: Tx, policy: StandingPolicy): Promise<object[]> {
  return tx.run(sql`drop policy ${identifier(policy.name)} on ${identifier('tables', policy.table)}`)
}

export async function createPolicy(tx: Tx, name: string, policy: WallPolicy, sha256: string): Promise<void> {
  const on = sql`${identifier(name)} on ${identifier('tables', policy.table)}`
  await tx.run(sql`create policy ${on} for ${trustedSql(policy.command)} to ${visitor} ${join(clausesOf(policy), ' ')}`)
  await tx.run(sql`comment on policy ${on} is ${trustedSql(quoteLiteral(sha256))}`)
}

/** What is written must be inside what may be written, before and after. */
function clausesOf({ command, condition }: WallPolicy): Sql[] {
  const text = trustedSql(condition)
  const clauses: Record<WallCommand, Sql[]> = {
    select: [sql`using (${text})`],
    insert: [sql`with check (${text})`],
    update: [sql`using (${text})`, sql`with check (${text})`],
    delete: [sql`using (${text})`],
  }
  return clauses[command]
}

/** The functions are for policies: whoever calls one by hand learns which rows are his, and of nobody else's. */
export async function createFunction(tx: Tx, one: WallFunction): Promise<void> {
  const name = identifier(WALL_SCHEMA, one.name)
  const argument =
    typeof one.argument === 'object' ? sql`t ${identifier('tables', one.argument.table)}` : trustedSql(one.argument ?? '')
  const body = trustedSql(quoteLiteral(`select ${one.body}`))
  // With rights or settings of its own PostgreSQL would call it and could not put its text in its place.
  const rights = one.returns === 'setof uuid' ? sql`` : sql`security definer cost 100 set search_path = pg_catalog, pg_temp`
  await tx.run(
    sql`create function ${name}(${argument}) returns ${trustedSql(one.returns)} language sql stable parallel safe ${rights} as ${body}`,
  )
  await tx.run(sql`revoke all on function ${name} from public`)
  await tx.run(sql`grant execute on function ${name} to ${visitor}`)
}

export async function dropFunction(tx: Tx, signature: string): Promise<void> {
  await tx.run(sql`drop function ${trustedSql(signature)}`)
}

export async function prepareSchema(tx: Tx): Promise<void> {
  const [found] = await tx`select 1 from pg_namespace where nspname = ${WALL_SCHEMA}`
  if (found === undefined) await tx.run(sql`create schema ${identifier(WALL_SCHEMA)}`)
  await tx.run(sql`grant usage on schema ${identifier(WALL_SCHEMA)} to ${visitor}`)
}

import type { Tx } from '#postgres/database.ts'

/** About how many rows each table has, as PostgreSQL's statistics know: no table is read for it. */
export async function estimateRows(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx<{ name: string; rows: number }>`
    select c.relname as name, greatest(coalesce(s.n_live_tup, 0), greatest(c.reltuples, 0)::bigint)::int8 as rows
      from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_tables s on s.relid = c.oid
     where n.nspname = 'tables' and c.relkind = 'r'`
  return new Map(rows.map((row) => [row.name, row.rows]))
}

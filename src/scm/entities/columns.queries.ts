import type { Tx } from '#postgres/database.ts'

/** The columns of each table of the ERP. */
export async function listColumns(tx: Tx): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await tx<{ table: string; columns: string[] }>`
    select table_name::text as "table", array_agg(column_name::text) as "columns"
      from information_schema.columns where table_schema = 'scm' group by table_name`
  return new Map(rows.map((row) => [row.table, new Set(row.columns)]))
}

import type { Tx } from '#postgres/database.ts'

/** Columns by table, of the schema `tables`. */
export async function listExistingColumns(tx: Tx): Promise<Map<string, Set<string>>> {
  const rows = await tx<{ table_name: string; column_name: string }>`
    select table_name, column_name from information_schema.columns where table_schema = 'tables'`
  const tables = new Map<string, Set<string>>()
  for (const row of rows) {
    const columns = tables.get(row.table_name) ?? new Set<string>()
    tables.set(row.table_name, columns.add(row.column_name))
  }
  return tables
}

export async function listExistingIndexes(tx: Tx): Promise<string[]> {
  const rows = await tx<{ indexname: string }>`select indexname from pg_indexes where schemaname = 'tables'`
  return rows.map((row) => row.indexname)
}

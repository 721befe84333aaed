import type { Tx } from '#postgres/database.ts'
import { identifier, type Sql, sql } from '#postgres/sql.ts'
import type { TableDefinition } from './definition.ts'

/** What an expression over the columns of a table gives for some of its rows, beside what people call them. */
export async function sampleExpression(
  tx: Tx,
  table: TableDefinition,
  expression: Sql,
  rowsMax: number,
): Promise<{ name: string | null; value: string | null }[]> {
  return tx.run(sql`
    select ${identifier(table.nameColumn)}::text as name, (${expression})::text as value
      from ${identifier('tables', table.name)} limit ${rowsMax}`)
}

import type { Tx } from '#postgres/database.ts'
import { identifier, sql, trueSql } from '#postgres/sql.ts'
import { COMPANY_COLUMN, type TableDefinition } from '#tables/definition.ts'
import type { RowId } from '#tables/rows.queries.ts'

/** Rows of the table that are linked to no record of the map, in id order. */
export async function listUnlinkedRows(
  tx: Tx,
  of: { map: string; table: TableDefinition; companyId: RowId | undefined; after: RowId; rowsMax: number },
): Promise<RowId[]> {
  const id = identifier(of.table.idColumn)
  const inCompany = of.companyId === undefined ? trueSql : sql`t.${identifier(COMPANY_COLUMN)} = ${of.companyId}::uuid`
  const rows = await tx.run<{ id: RowId }>(sql`
    select t.${id}::text as id from ${identifier('tables', of.table.name)} as t
     where ${inCompany} and t.${id} > ${of.after}::uuid
       and not exists (select 1 from dual_write.row_link l where l.row_id = t.${id} and l.map = ${of.map})
     order by t.${id} limit ${of.rowsMax}`)
  return rows.map((row) => row.id)
}

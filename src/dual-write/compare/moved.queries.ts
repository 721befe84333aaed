import type { Tx } from '#postgres/database.ts'
import { identifier, sql } from '#postgres/sql.ts'
import type { TableDefinition } from '#tables/definition.ts'
import type { Part } from '../comparison.queries.ts'

export type MovedPage = {
  /** How many links were looked at, and the last of their keys. */
  count: number
  last: string | null
  /** Links that were written since. */
  links: string[]
  /** Rows that were written since, or are gone, while their link is as it was. */
  rows: string[]
}

/**
 * What has been written here since the horizon, of the links made before the pass began, in key order. PostgreSQL knows the transaction
 * that wrote a row: nothing needs to be read out of it to know that it is as it was.
 */
export async function findMovedPage(
  tx: Tx,
  of: Part & { table: TableDefinition; startedAt: string; horizon: string; after: string; rowsMax: number },
): Promise<MovedPage> {
  const [page] = await tx.run<MovedPage>(sql`
    with link as materialized (
      select remote_key, row_id, age(xmin) <= age(${of.horizon}::text::xid) as moved
        from dual_write.row_link
       where map = ${of.map} and (${of.company} = '' or lower(company) = lower(${of.company}))
         and linked_at < ${of.startedAt}::timestamptz and remote_key > ${of.after}
       order by remote_key limit ${of.rowsMax})
    select count(*)::int as count, max(l.remote_key) as last,
           coalesce(array_agg(l.remote_key) filter (where l.moved), '{}') as links,
           coalesce(array_agg(l.remote_key) filter (
             where not l.moved and (t.xmin is null or age(t.xmin) <= age(${of.horizon}::text::xid))), '{}') as rows
      from link l left join ${identifier('tables', of.table.name)} t on t.${identifier(of.table.idColumn)} = l.row_id`)
  return page ?? { count: 0, last: null, links: [], rows: [] }
}

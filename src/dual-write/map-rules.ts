import type { Database } from '#postgres/database.ts'
import { type DeleteRule, setDeleteRules } from '#tables/delete-rules.queries.ts'
import { setConfirmFirst } from './confirming.queries.ts'
import type { TableMap } from './table-map.ts'

const FUNCTION = 'dual_write.is_linked'

/**
 * What maps say to those who do not know maps, kept in the database: rows that the ERP has and the map keeps cannot be deleted here (the
 * person is told at once, with the map's reason), and saves that count once the ERP has answered.
 */
export async function keepMapRules(database: Database, maps: readonly TableMap[]): Promise<void> {
  const rules = maps.flatMap((map): DeleteRule[] =>
    map.deletes.toErp === 'refuse' && map.rows === 'own'
      ? [
          {
            table: map.table,
            name: map.name,
            reason: map.deletes.reason ?? `The ERP has this row, and the map ${map.name} keeps it`,
          },
        ]
      : [],
  )
  await database.transaction(async (tx) => {
    await setDeleteRules(tx, FUNCTION, rules)
    await setConfirmFirst(
      tx,
      maps.filter((map) => map.confirmFirst).map((map) => map.name),
    )
  })
}

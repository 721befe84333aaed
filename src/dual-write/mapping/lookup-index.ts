import type { Tx } from '#postgres/database.ts'
import type { TableDefinition } from '#tables/definition.ts'
import { findIdsByKey, type RowId } from '#tables/rows.queries.ts'

/**
 * Row ids by key, remembered across pages and batches: one query for what is not known yet, never one per row. Only what exists is
 * remembered; `forget` after anything that may have removed or renamed rows.
 */
export type LookupIndex = {
  find(tx: Tx, table: TableDefinition, columns: readonly string[], keys: readonly string[]): Promise<ReadonlyMap<string, RowId>>
  forget(): void
}

/** Between the values of a key, as findIdsByKey joins them. */
export const KEY_SEPARATOR = '\u001f'
/** Some 100 bytes each. */
const ENTRIES_MAX = 500_000

export function createLookupIndex(): LookupIndex {
  const known = new Map<string, Map<string, RowId>>()
  let entries = 0
  return {
    async find(tx, table, columns, keys) {
      const name = `${table.name} ${columns.join(' ')}`
      if (entries > ENTRIES_MAX) {
        known.clear()
        entries = 0
      }
      const ids = known.get(name) ?? new Map<string, RowId>()
      known.set(name, ids)
      const unknown = [...new Set(keys)].filter((key) => !ids.has(key))
      if (unknown.length > 0) {
        const found = await findIdsByKey(
          tx,
          table,
          columns,
          unknown.map((key) => key.split(KEY_SEPARATOR)),
        )
        for (const [key, id] of found) ids.set(key, id)
        entries += found.size
      }
      return ids
    },
    forget() {
      known.clear()
      entries = 0
    },
  }
}

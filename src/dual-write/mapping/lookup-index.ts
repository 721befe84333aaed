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
/** Of each of the two generations below: some 250 bytes each, so that all of them stay below 50 MB. */
const ENTRIES_MAX = 100_000

/**
 * Two generations: what is asked for moves into the younger one, and when that is full the older one is dropped. So what is used again and
 * again stays (currencies, units), and what a copy passes by once (a million orders) goes.
 */
export function createLookupIndex(): LookupIndex {
  let young = new Map<string, RowId>()
  let old = new Map<string, RowId>()

  function put(entry: string, id: RowId): void {
    if (young.size >= ENTRIES_MAX) {
      old = young
      young = new Map()
    }
    young.set(entry, id)
  }

  return {
    async find(tx, table, columns, keys) {
      const ids = new Map<string, RowId>()
      const unknown: string[] = []
      const prefix = `${table.name} ${columns.join(' ')}${KEY_SEPARATOR}`
      for (const key of new Set(keys)) {
        const entry = prefix + key
        const id = young.get(entry) ?? old.get(entry)
        if (id === undefined) unknown.push(key)
        else ids.set(key, id)
        if (id !== undefined && !young.has(entry)) put(entry, id)
      }
      if (unknown.length === 0) return ids
      const tuples = unknown.map((key) => key.split(KEY_SEPARATOR))
      for (const [key, id] of await findIdsByKey(tx, table, columns, tuples)) {
        ids.set(key, id)
        put(prefix + key, id)
      }
      return ids
    },
    forget() {
      young = new Map()
      old = new Map()
    },
  }
}

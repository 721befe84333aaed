import type { Core } from '../core.ts'
import { findVersions, listLinkedKeys } from '../links.queries.ts'
import { putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import { selectionOf } from './copy-pages.ts'

const PAGE_ROWS_MAX = 2_000

/**
 * Reads the other side through and queues every record whose version is not the one we know, and every linked record that is gone.
 * For what no notice told us. Answers how many records were queued.
 */
export async function sweep(core: Core, map: TableMap, signal: AbortSignal): Promise<number> {
  const seen = new Set<string>()
  let queued = 0
  const queue = async (keys: readonly string[]) => {
    queued += keys.length
    const changes = keys.map((remoteKey) => ({ map: map.name, remoteKey, eventId: null }))
    await core.database.transaction((tx) => putRemoteChanges(tx, changes))
  }
  let after: string | undefined
  do {
    const page = await core.connector.readPage(
      {
        ...selectionOf(core, map, ''),
        fields: map.recordKey,
        rowsMax: Math.min(PAGE_ROWS_MAX, core.connector.capabilities.pageRowsMax),
        ...(after === undefined ? {} : { after }),
      },
      signal,
    )
    const keys = page.records.map((record) => record.key)
    for (const key of keys) seen.add(key)
    const known = await core.database.read((tx) => findVersions(tx, map.name, keys))
    await queue(page.records.filter((record) => known.get(record.key) !== record.version).map((record) => record.key))
    after = page.next
  } while (after !== undefined && !signal.aborted)

  let last = ''
  for (;;) {
    const page = { map: map.name, company: null, after: last, rowsMax: PAGE_ROWS_MAX }
    const keys = await core.database.read((tx) => listLinkedKeys(tx, page))
    await queue(keys.filter((key) => !seen.has(key)))
    last = keys.at(-1) ?? ''
    if (keys.length < PAGE_ROWS_MAX || signal.aborted) return queued
  }
}

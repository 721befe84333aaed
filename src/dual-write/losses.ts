import { createHash } from 'node:crypto'
import type { Tx } from '#postgres/database.ts'
import { digestChanges, discardChangesOf, listQueuedCreates, sampleChanges } from '#tables/set-aside.queries.ts'
import type { Direction, Losses, MapScope } from './facets-control.ts'
import { markGivenUp } from './given-up.ts'
import { findLinksByRow } from './links.queries.ts'
import { digestRecords, discardRecordsOf, sampleRecords } from './scopes.queries.ts'
import { partName } from './scopes.ts'
import type { TableMap } from './table-map.ts'

const SAMPLES_MAX = 10
const ROWS_AT_ONCE_MAX = 1_000

/** What waits for a map, or for a part of it, and would be lost with its queue: what is parked too. */
export async function findLosses(tx: Tx, map: string, scope: MapScope): Promise<Losses> {
  const { company = null, direction } = scope
  const isMeant = (one: Direction) => direction === undefined || direction === one
  const part = company === null ? null : partName(company)
  const out = isMeant('toErp') ? await digestChanges(tx, map, part) : { count: 0, lastNumber: 0 }
  const into = isMeant('toPortal') ? await digestRecords(tx, map, company) : { count: 0, generations: 0 }
  const changes = out.count === 0 ? [] : await sampleChanges(tx, map, part, SAMPLES_MAX)
  const links = await findLinksByRow(
    tx,
    map,
    changes.map((one) => one.rowId),
  )
  const keys = into.count === 0 ? [] : await sampleRecords(tx, map, company, SAMPLES_MAX)
  return {
    toErp: out.count,
    toPortal: into.count,
    samples: [
      ...changes.map(({ rowId, operation, columns }) => {
        const remoteKey = links.get(rowId)?.remoteKey ?? null
        return { direction: 'toErp' as const, key: rowId, remoteKey, operation, columns }
      }),
      ...keys.map((key) => ({ direction: 'toPortal' as const, key, remoteKey: key, operation: 'read', columns: [] })),
    ],
    token: createHash('sha256')
      .update(JSON.stringify([map, scope.company ?? '', direction ?? '', out, into]))
      .digest('base64url')
      .slice(0, 16),
  }
}

/** New rows among what will be discarded, which the ERP then never gets, take what the map says of those (`givenUp`). */
export async function giveUpNewRows(tx: Tx, map: TableMap, scope: MapScope, actor: string): Promise<void> {
  if (scope.direction === 'toPortal' || Object.keys(map.givenUp).length === 0) return
  const part = scope.company === undefined ? null : partName(scope.company)
  for (let after = 0; ; ) {
    const page = await listQueuedCreates(tx, map.name, part, { after, rowsMax: ROWS_AT_ONCE_MAX })
    const rowIds = page.map((one) => one.rowId)
    await markGivenUp(tx, map, rowIds, actor)
    after = page.at(-1)?.number ?? after
    if (page.length < ROWS_AT_ONCE_MAX) return
  }
}

export async function discardLosses(tx: Tx, map: string, scope: MapScope): Promise<void> {
  const { company = null, direction } = scope
  if (direction !== 'toPortal') await discardChangesOf(tx, map, company === null ? null : partName(company))
  if (direction !== 'toErp') await discardRecordsOf(tx, map, company)
}

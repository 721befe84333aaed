import type { Clock } from '#lib/clock.ts'
import type { Tx } from '#postgres/database.ts'
import { sumComparisons } from './comparison.queries.ts'
import { readCopyProgress } from './copy-progress.ts'
import type { Direction } from './facets-control.ts'
import { countLinks } from './links.queries.ts'
import { listMaps } from './maps.queries.ts'
import { countQueuesExactly, type QueueCounter } from './queue-count.ts'
import { listScopeStates } from './scopes.ts'
import { listRates } from './series.queries.ts'
import type { MapStatus } from './status.ts'
import type { TableMap } from './table-map.ts'

/** The status of the maps, for any process that sees the database. */
export async function readStatus(
  tx: Tx,
  maps: readonly TableMap[],
  nowMs: number,
  linkCount: LinkCount = countLinks,
  queueCount: QueueCounter = countQueuesExactly,
): Promise<MapStatus[]> {
  const stored = await listMaps(tx)
  const rows = await linkCount(tx)
  const { outbound, inbound } = await queueCount(
    tx,
    maps.map((map) => map.name),
  )
  const progress = await readCopyProgress(tx)
  const rates = await listRates(tx, nowMs)
  const compared = new Map((await sumComparisons(tx)).map((one) => [one.map, one]))
  const scopes = await listScopeStates(tx, (map, direction) =>
    direction === 'toErp' ? (outbound.get(map)?.waiting ?? 0) : (inbound.get(map)?.waiting ?? 0),
  )
  const rateOf = (map: string, direction: Direction) =>
    rates.find((rate) => rate.map === map && rate.direction === direction)?.perMinute ?? 0
  const ageMs = (since: string | null | undefined) =>
    since === null || since === undefined ? 0 : Math.max(0, nowMs - Date.parse(since))
  return maps.map((map) => {
    const own = stored.get(map.name)
    const out = outbound.get(map.name)
    const into = inbound.get(map.name)
    return {
      name: map.name,
      title: map.title,
      version: map.version,
      table: map.table.name,
      entity: map.entity,
      state: own?.state ?? 'not_running',
      rows: rows.get(map.name) ?? 0,
      queued: { toErp: out?.waiting ?? 0, toPortal: into?.waiting ?? 0 },
      parked: (out?.parked ?? 0) + (into?.parked ?? 0),
      lagMs: { toErp: ageMs(out?.oldestCapturedAt), toPortal: ageMs(into?.oldestReceivedAt) },
      perMinute: { toErp: rateOf(map.name, 'toErp'), toPortal: rateOf(map.name, 'toPortal') },
      differences: compared.get(map.name)?.differences ?? null,
      comparedAt: compared.get(map.name)?.comparedAt ?? null,
      scopes: scopes.get(map.name) ?? [],
      misses: own?.misses ?? [],
      lastError: own?.lastError && own.lastErrorAt ? { at: own.lastErrorAt, reason: own.lastError } : null,
      initialSync: progress.get(map.name) ?? null,
    }
  })
}

type LinkCount = typeof countLinks

/** A count reads every link: of a million it takes a tenth of a second, and Studio asks each second. */
const LINK_COUNT_SHARE = 0.01

/** Counts links no more often than costs `LINK_COUNT_SHARE` of the time; in between it answers what it counted last. */
export function createLinkCount(clock: Clock): LinkCount {
  let last: { rows: Map<string, number>; freshUntilMs: number } | undefined
  return async (tx) => {
    const beforeMs = clock.nowMs()
    if (last !== undefined && beforeMs < last.freshUntilMs) return last.rows
    const rows = await countLinks(tx)
    const afterMs = clock.nowMs()
    last = { rows, freshUntilMs: afterMs + (afterMs - beforeMs) / LINK_COUNT_SHARE }
    return rows
  }
}

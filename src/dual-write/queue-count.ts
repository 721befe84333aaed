import type { Clock } from '#lib/clock.ts'
import type { Tx } from '#postgres/database.ts'
import { countQueues, type QueueCount } from '#tables/changes.queries.ts'
import { countRemoteQueues, type RemoteQueueCount } from './remote-changes.queries.ts'

/** How long the queues of both directions are, by map. */
export type QueueCounts = {
  outbound: ReadonlyMap<string, QueueCount>
  inbound: ReadonlyMap<string, RemoteQueueCount>
}

export type QueueCounter = (tx: Tx, maps: readonly string[]) => Promise<QueueCounts>

/** Up to so many are counted each time they are asked for: some two milliseconds. */
const COUNT_MAX = 10_000
/** What is longer is counted whole, no more often than costs this share of the time. */
const COUNT_SHARE = 0.01

export const countQueuesExactly: QueueCounter = (tx, maps) => countUpTo(tx, maps, null)

/**
 * For a process that is asked each second. Queues of up to `COUNT_MAX` are counted exactly, longer ones as exactly as of the last whole
 * count; nothing is kept up while changes are captured and settled, so counting costs them nothing.
 */
export function createQueueCount(clock: Clock): QueueCounter {
  let whole: { counts: QueueCounts; freshUntilMs: number } | undefined
  return async (tx, maps) => {
    const counts = await countUpTo(tx, maps, COUNT_MAX)
    const lists = [...counts.outbound.values(), ...counts.inbound.values()]
    if (lists.every((one) => one.waiting < COUNT_MAX && one.parked < COUNT_MAX)) return counts
    const beforeMs = clock.nowMs()
    if (whole === undefined || beforeMs >= whole.freshUntilMs) {
      const exact = await countQueuesExactly(tx, maps)
      const afterMs = clock.nowMs()
      whole = { counts: exact, freshUntilMs: afterMs + (afterMs - beforeMs) / COUNT_SHARE }
    }
    return {
      outbound: withLong(counts.outbound, whole.counts.outbound),
      inbound: withLong(counts.inbound, whole.counts.inbound),
    }
  }
}

/** Numbers below the limit are of this moment; the others are those of the whole count. */
function withLong<Count extends { waiting: number; parked: number }>(
  counts: ReadonlyMap<string, Count>,
  whole: ReadonlyMap<string, Count>,
): Map<string, Count> {
  const longer = (short: number, long: number | undefined) => (short < COUNT_MAX ? short : Math.max(short, long ?? short))
  return new Map(
    [...counts].map(([name, one]) => [
      name,
      {
        ...one,
        waiting: longer(one.waiting, whole.get(name)?.waiting),
        parked: longer(one.parked, whole.get(name)?.parked),
      },
    ]),
  )
}

async function countUpTo(tx: Tx, maps: readonly string[], countMax: number | null): Promise<QueueCounts> {
  const outbound = await countQueues(tx, maps, countMax)
  const inbound = await countRemoteQueues(tx, maps, countMax)
  return {
    outbound: new Map(outbound.map((queue) => [queue.subscriber, queue])),
    inbound: new Map(inbound.map((queue) => [queue.map, queue])),
  }
}

import type { Tx } from '#postgres/database.ts'
import type { CopyPart } from './facets-control.ts'
import { listPartProgress, type PartProgress } from './initial-sync.queries.ts'
import type { InitialSyncProgress } from './status.ts'

/** How far back the rate of a copy looks. */
const WINDOW_MS = 30_000

/** How far a map's copy is, for any process: one entry for each legal entity and direction. */
export async function readCopyParts(tx: Tx, map: string): Promise<CopyPart[]> {
  const parts = await listPartProgress(tx, map, WINDOW_MS)
  return parts.map((part) => {
    const { map: _, isBegun, done, recentRows: _rows, recentMs: _ms, ...figures } = part
    return { ...figures, state: done ? 'done' : isBegun ? 'running' : 'waiting', ...paceOf([part]) }
  })
}

/** How far the copies of all maps are. What goes out beside live sync counts only where it failed. */
export async function readCopyProgress(tx: Tx): Promise<Map<string, InitialSyncProgress>> {
  const byMap = Map.groupBy(await listPartProgress(tx, null, WINDOW_MS), (part) => part.map)
  return new Map([...byMap].map(([map, parts]) => [map, progressOf(parts)]))
}

function progressOf(parts: readonly PartProgress[]): InitialSyncProgress {
  const incoming = parts.filter((part) => part.direction === 'toPortal')
  const sum = (of: readonly PartProgress[], pick: (part: PartProgress) => number) => of.reduce((all, part) => all + pick(part), 0)
  const isDone = incoming.every((part) => part.done)
  return {
    state: isDone ? 'done' : incoming.some((part) => part.isBegun) ? 'running' : 'waiting',
    rowsDone: sum(incoming, (part) => part.rowsDone),
    rowsTotal: totalOf(incoming),
    created: sum(incoming, (part) => part.created),
    updated: sum(incoming, (part) => part.updated),
    unchanged: sum(incoming, (part) => part.unchanged),
    failed: sum(parts, (part) => part.failed),
    ...paceOf(incoming),
    startedAt: earliest(incoming.map((part) => part.startedAt)),
    finishedAt: isDone ? latest(incoming.map((part) => part.finishedAt)) : null,
    lastPageAt: latest(incoming.map((part) => part.lastPageAt)),
  }
}

/** Known once all parts have said it. */
function totalOf(parts: readonly PartProgress[]): number | null {
  let total = 0
  for (const part of parts) {
    if (part.rowsTotal === null && !part.done) return null
    total += part.rowsTotal ?? part.rowsDone
  }
  return total
}

/** Of a copy that is done: how quick it was in all. */
function paceOf(parts: readonly PartProgress[]): { rowsPerSecond: number | null; msLeft: number | null } {
  const rows = parts.reduce((sum, part) => sum + part.rowsDone, 0)
  if (parts.every((part) => part.done)) {
    const startedAt = earliest(parts.map((part) => part.startedAt))
    const finishedAt = latest(parts.map((part) => part.finishedAt))
    const ms = startedAt === null || finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt)
    return { rowsPerSecond: ms > 0 ? Math.round((rows * 1_000) / ms) : null, msLeft: null }
  }
  const recentMs = Math.max(0, ...parts.filter((part) => !part.done).map((part) => part.recentMs ?? 0))
  const recentRows = parts.reduce((sum, part) => sum + part.recentRows, 0)
  const perMs = recentMs > 0 ? recentRows / recentMs : 0
  const total = totalOf(parts)
  return {
    rowsPerSecond: recentMs > 0 ? Math.round(perMs * 1_000) : null,
    msLeft: perMs > 0 && total !== null ? Math.round(Math.max(0, total - rows) / perMs) : null,
  }
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.reduce((first, time) => (time !== null && (first === null || time < first) ? time : first), null)
}

function latest(times: readonly (string | null)[]): string | null {
  return times.reduce((last, time) => (time !== null && (last === null || time > last) ? time : last), null)
}

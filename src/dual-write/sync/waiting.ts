import type { Tx } from '#postgres/database.ts'
import { listPendingRows } from '#tables/changes.queries.ts'
import type { Applied } from '../apply/applied.ts'
import { findLinksByKey } from '../links.queries.ts'
import { KEY_SEPARATOR } from '../mapping/lookup-index.ts'
import { type MissingTarget, waitsFor } from '../mapping/to-portal.ts'
import { setMapError } from '../maps.queries.ts'
import {
  findStillToBeRead,
  parkRemoteChange,
  postponeRemoteChange,
  putRemoteChanges,
  type RemoteChange,
} from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'

/** So many attempts and, with the delays below, some twelve seconds; then a person is asked for what is not known to come. */
const PARENT_ATTEMPTS_MAX = 8
const WAIT_MS = 50
const DOUBLINGS_MAX = 8
/** The coming of the row makes it due at once; this is for what nobody tells: that the other is parked, or given up. */
const KNOWN_TO_COME_MS_MAX = 5 * 60_000

/** Records that are still to be read and do not wait for the one that asks, or that are about to be deleted, by `nameOf`. */
export type MayCome = ReadonlySet<string>

type Outcome = { change: RemoteChange; result: Applied['result'] }

/**
 * Of what these records have waited for long enough, what may come all the same: it is to be read, and is held up by a pause, by a first
 * copy, by an ERP that does not answer, or by what it waits for itself. One that waits for a row of the asking table may wait in a circle,
 * and is not counted. Three statements for each map. `beside`: what is worked on together, whose waiting the queue does not tell while it is claimed.
 */
export async function findWhatMayCome(
  tx: Tx,
  map: TableMap,
  outcomes: readonly Outcome[],
  beside: readonly { changes: readonly RemoteChange[] }[],
): Promise<MayCome> {
  const asked = outcomes.flatMap(({ change, result }) =>
    result.kind === 'waits' && hasWaited(change, result.missing) ? result.missing.flatMap((one) => one.remote ?? []) : [],
  )
  if (asked.length === 0) return new Set()
  const claimed = new Map(beside.flatMap((batch) => batch.changes.map((one) => [nameOf(one), one.waitedFor] as const)))
  const found = await findStillToBeRead(tx, asked)
  const open = found.filter((one) => {
    const behind = one.waitsFor ?? claimed.get(nameOf(one))
    return behind?.startsWith(`${map.table.name}${KEY_SEPARATOR}`) !== true
  })
  return new Set([...open.map(nameOf), ...(await listLeaving(tx, asked))])
}

/** Records whose rows were deleted here, of which the other side has still to hear: what belongs to them is gone with them, or is told then. */
async function listLeaving(tx: Tx, records: readonly { map: string; remoteKey: string }[]): Promise<string[]> {
  const names: string[] = []
  for (const [map, some] of Map.groupBy(records, (one) => one.map)) {
    const links = await findLinksByKey(
      tx,
      map,
      some.map((one) => one.remoteKey),
    )
    const pending = await listPendingRows(
      tx,
      map,
      [...links.values()].map((link) => link.rowId),
    )
    for (const [remoteKey, link] of links) if (pending.has(link.rowId)) names.push(nameOf({ map, remoteKey }))
  }
  return names
}

/**
 * A record whose row needs others that are not here: they are asked for, and it waits. A person is asked when it has waited for the same row
 * before, and that is not known to come. Attempts of an outage are none of waiting. Answers when it is due again.
 */
export async function settleWaiting(
  tx: Tx,
  map: TableMap,
  change: RemoteChange,
  missing: readonly MissingTarget[],
  mayCome: MayCome,
): Promise<number | undefined> {
  const [first] = missing
  const why = { ...waitsFor(missing), ...(first === undefined ? {} : { waitsFor: waitedRow(first) }) }
  if (!hasWaited(change, missing)) {
    const remote = missing.flatMap((one) => (one.remote === undefined ? [] : [{ ...one.remote, eventId: null }]))
    await putRemoteChanges(tx, remote)
    await postponeRemoteChange(tx, change, { afterMs: delayMs(change.attempt), ...why })
    return delayMs(change.attempt)
  }
  if (missing.every((one) => one.remote !== undefined && mayCome.has(nameOf(one.remote)))) {
    const afterMs = Math.min(WAIT_MS * 2 ** Math.min(change.attempt, 20), KNOWN_TO_COME_MS_MAX)
    await postponeRemoteChange(tx, change, { afterMs, ...why })
    return afterMs
  }
  await parkRemoteChange(tx, change, why)
  await setMapError(tx, map.name, why.reason)
  return undefined
}

export function delayMs(attempt: number): number {
  return WAIT_MS * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX)
}

/** Often enough, the last time for this very row: what waited in vain because nobody could be asked has not. */
function hasWaited(change: RemoteChange, [first]: readonly MissingTarget[]): boolean {
  return change.attempt >= PARENT_ATTEMPTS_MAX && first !== undefined && change.waitedFor === waitedRow(first)
}

function waitedRow({ table, key }: MissingTarget): string {
  return `${table.name}${KEY_SEPARATOR}${key}`
}

function nameOf({ map, remoteKey }: { map: string; remoteKey: string }): string {
  return `${map} ${remoteKey}`
}

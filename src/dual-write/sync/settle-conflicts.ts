import type { RemoteRecord } from '#connector/contract.ts'
import type { Tx } from '#postgres/database.ts'
import { postponeChanges, settleChange } from '#tables/changes.queries.ts'
import { applyRecords } from '../apply/apply-records.ts'
import { applyGone, GONE } from '../apply/gone.ts'
import { CONFLICT, type Core } from '../core.ts'
import { findNoticeTimes, putRemoteChanges } from '../remote-changes.queries.ts'
import type { TableMap } from '../table-map.ts'
import type { Step } from './outbound-plan.ts'
import { park } from './settle-applied.ts'

/** Shorter than a lease: a side that does not answer must not hold the groups longer than they are held for. */
const READ_MS_MAX = 20_000

type Write = Extract<Step, { kind: 'write' }>

/** Records as they now are, where writes met another version: by map and remote key, without those that are gone. */
export type Theirs = ReadonlyMap<TableMap, ReadonlyMap<string, RemoteRecord>>

/** With one request for each map. */
export async function readTheirs(core: Core, steps: readonly Write[], signal: AbortSignal): Promise<Theirs> {
  const theirs = new Map<TableMap, ReadonlyMap<string, RemoteRecord>>()
  const during = AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)])
  for (const [map, own] of Map.groupBy(steps, (step) => step.item.map)) {
    const keys = [...new Set(own.flatMap(({ write }) => (write.operation === 'create' ? [] : [write.key])))]
    if (keys.length > 0)
      theirs.set(map, await core.connector.readRecords({ entity: map.entity, fields: map.fields, keys }, during))
  }
  return theirs
}

/**
 * Both sides changed: takes in what the ERP has, column by column, and tries again with its version. Writes of one map, in a number of
 * statements that does not depend on how many they are, those aside whose records are gone. Answers when what waits is due.
 */
export async function settleConflicts(
  core: Core,
  tx: Tx,
  map: TableMap,
  steps: readonly Write[],
  theirs: Theirs,
): Promise<number[]> {
  const met: Met[] = []
  const gone: Write[] = []
  for (const step of steps) {
    const { write } = step
    if (write.operation === 'create') continue
    const record = theirs.get(map)?.get(write.key)
    if (record === undefined) gone.push(step)
    else met.push({ step, record })
  }
  await takeTheirs(core, tx, map, met)
  for (const step of gone) await settleGone(core, tx, step)
  const ended = new Set(gone)
  const waiting = steps.filter((step) => !ended.has(step))
  const why = { afterMs: 0, code: CONFLICT, reason: 'The record has changed in the ERP meanwhile' }
  await postponeChanges(
    tx,
    map.name,
    waiting.map(({ item: { change } }) => ({ change, ...why })),
  )
  return waiting.map(() => why.afterMs)
}

type Met = { step: Write; record: RemoteRecord }

/**
 * Times of notices tell which edit is the newer one, where the record itself does not. What somebody else has taken in since the writes were
 * planned stays: he may have read the record later.
 */
async function takeTheirs(core: Core, tx: Tx, map: TableMap, met: readonly Met[]): Promise<void> {
  const records = [...new Map(met.map(({ record }) => [record.key, record])).values()]
  if (records.length === 0) return
  const noticedAt = await findNoticeTimes(
    tx,
    map.name,
    records.map((record) => record.key),
  )
  const fence = new Map(
    met.flatMap(({ step: { link }, record }) => (link === undefined ? [] : [[record.key, link.revision] as const])),
  )
  const results = await applyRecords(core, tx, map, records, { quiet: false, noticedAt, fence })
  // Outside the map's filter by now: their own notices say what becomes of the rows.
  const excluded = results.filter((one) => one.result.kind === 'excluded')
  await putRemoteChanges(
    tx,
    excluded.map(({ record }) => ({ map: map.name, remoteKey: record.key, eventId: null })),
  )
}

/** The record is gone: so is what was to be told of it, unless the row stays here by the map's policy. */
async function settleGone(core: Core, tx: Tx, { item: { map, change }, write }: Write): Promise<void> {
  if (write.operation === 'create') return
  await applyGone(core, tx, map, [{ key: write.key, kind: 'gone' }], { quiet: false })
  if (map.deletes.toPortal === 'propagate' || write.operation === 'delete') await settleChange(tx, map.name, change)
  else await park(tx, { map, change }, { code: GONE, reason: 'The ERP no longer has this record' })
}

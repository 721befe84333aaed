import { z } from 'zod'
import { addHashes, hashRecords } from '#connector/range-hash.ts'
import { type Figures, findKnownDifferences, finishPass, putDifferences, saveProgress } from '../comparison.queries.ts'
import type { Core } from '../core.ts'
import type { Direction } from '../facets-control.ts'
import { listCopyRanges } from '../initial-sync.queries.ts'
import { addKey, type Buckets, newBuckets, packBuckets, unpackBuckets } from './buckets.ts'
import { comparedFields } from './columns.ts'
import { findMissing, findMovedHere } from './here.ts'
import { type Found, judge } from './judge.ts'
import { findNeverSent, findVanished } from './only-portal.ts'
import { findSuspects, readComparedPage } from './pages.ts'
import {
  addKeys,
  canHash,
  findSame,
  memoryOf,
  type Pass,
  planRanges,
  type RangeState,
  type Rest,
  reopen,
  storedRanges,
} from './ranges.ts'

/** Where a pass stands: in which range, and where in it. `rows` counts those that only the portal has. */
export type Progress = Figures & { buckets: Buckets; ranges: RangeState[]; cursor: string | undefined }

/** More than anybody looks through; beyond it differences are counted and not kept. */
const KEPT_MAX = 10_000

export type Pace = {
  rest: Rest
  /** Answers whether where the pass stands shall be kept now. */
  isCheckpoint(): boolean
}

const PACE_FREE: Pace = { rest: async () => undefined, isCheckpoint: () => false }

type Work = {
  progress: Progress
  pace: Pace
  add(found: readonly Found[]): Promise<void>
  seen: Set<string>
  signal: AbortSignal
}

/**
 * Compares one map and legal entity, page by page, beside live sync. Answers false when the signal aborted: then the stored progress is
 * where it goes on.
 */
export async function runPass(
  core: Core,
  of: Pass,
  signal: AbortSignal,
  { progress = beginning(), pace = PACE_FREE }: { progress?: Progress; pace?: Pace } = {},
): Promise<boolean> {
  try {
    return await goThrough(core, of, signal, { progress, pace })
  } catch (error) {
    // What it waits for ends with the reason of the signal.
    if (signal.aborted) return false
    throw error
  }
}

async function goThrough(
  core: Core,
  of: Pass,
  signal: AbortSignal,
  { progress, pace }: { progress: Progress; pace: Pace },
): Promise<boolean> {
  const copying = await findOpenCopies(core, of)
  const add = (found: readonly Found[]) =>
    keep(
      core,
      of,
      progress,
      found.map((one) => explainCopy(one, copying)),
    )
  if (progress.ranges.length === 0) {
    progress.ranges = await planRanges(core, of, signal)
    await findSame(core, of, progress.ranges, pace.rest, signal)
  }
  const work = { progress, pace, add, seen: new Set<string>(), signal }
  if (!(await readOpen(core, of, work)) || !(await lookHere(core, of, work))) return false
  const isWhole = progress.ranges.every((one) => one.state === 'read')
  if (of.map.rows === 'own' && isWhole)
    for await (const found of findVanished(core, of, progress.buckets, signal)) await add(found)
  for await (const found of findNeverSent(core, of, signal)) await add(found)
  if (signal.aborted) return false
  const rows = progress.ranges.reduce((sum, one) => sum + one.rows, progress.rows)
  const memory = canHash(core, of.map) ? memoryOf(of, progress.ranges, await findMissing(core, of, progress.ranges)) : null
  await core.database.transaction((tx) => finishPass(tx, partOf(of), { ...progress, rows }, memory))
  return true
}

/** Reads the ranges that are open. Answers false when the signal aborted. */
async function readOpen(core: Core, of: Pass, work: Work): Promise<boolean> {
  const { progress, pace, signal } = work
  for (const range of progress.ranges) {
    while (range.state === 'open') {
      const fromMs = core.clock.nowMs()
      if (!(await readPage(core, of, work, range))) return false
      const isLast = progress.ranges.every((one) => one.state !== 'open')
      if (!isLast && pace.isCheckpoint()) await save(core, of, progress)
      await pace.rest(core.clock.nowMs() - fromMs)
      if (signal.aborted) return false
    }
  }
  return true
}

async function readPage(core: Core, of: Pass, { progress, add, seen, signal }: Work, range: RangeState): Promise<boolean> {
  const page = await readComparedPage(core, of, { range, after: progress.cursor }, signal)
  const { rows, linkedKeys, oldKeys, isIncomplete, suspects } = await findSuspects(core, of, page.records)
  const found = await judge(core, of.map, of.company, suspects, signal)
  await add(found)
  if (signal.aborted) return false
  for (const key of oldKeys) addKey(progress.buckets, key)
  if (of.memory !== undefined) for (const { key } of page.records) seen.add(key)
  range.rows += rows
  range.keys = addKeys(range.keys, linkedKeys)
  range.oldKeys = addKeys(range.oldKeys, oldKeys)
  const isRight = canHash(core, of.map) && found.length === 0 && !isIncomplete
  range.hash = isRight && range.hash !== null ? addHashes(range.hash, hashRecords(page.records, comparedFields(of.map))) : null
  progress.rangesRead += 1
  if (suspects.length > 0) progress.rangesCompared += 1
  progress.cursor = page.next
  if (page.next === undefined) range.state = 'read'
  return true
}

/** What may have moved here, where ranges were not read because they are the same there. Answers false when the signal aborted. */
async function lookHere(core: Core, of: Pass, work: Work): Promise<boolean> {
  const { progress, pace, add, seen, signal } = work
  const same = progress.ranges.filter((one) => one.state === 'same')
  if (same.length === 0) return true
  const moved = await findMovedHere(core, of, progress.ranges, { seen, rest: pace.rest })
  if (moved === undefined) {
    for (const range of same) reopen(range)
    return readOpen(core, of, work)
  }
  const found = await judge(core, of.map, of.company, moved, signal)
  const keys = found.map((one) => one.difference.key)
  // After an interruption a page that was read before it may be looked at again.
  const known = new Set(await core.database.read((tx) => findKnownDifferences(tx, { map: of.map.name, pass: of.pass, keys })))
  await add(found.filter((one) => !known.has(one.difference.key)))
  return !signal.aborted
}

/** Directions in which the first copy of this part has not come to its end, as for a legal entity that was added to a running map. */
async function findOpenCopies(core: Core, of: Pass): Promise<Set<Direction>> {
  const ranges = await core.database.read((tx) => listCopyRanges(tx, of.map.name))
  return new Set(ranges.flatMap((one) => (one.company === of.company && !one.done ? [one.direction] : [])))
}

function explainCopy(found: Found, copying: ReadonlySet<Direction>): Found {
  const { difference, isExplained } = found
  if (isExplained) return found
  const isToCome =
    (difference.kind === 'only_erp' && difference.rowId === null && copying.has('toPortal')) ||
    (difference.kind === 'only_portal' && difference.rowId === difference.key && copying.has('toErp'))
  return isToCome ? { difference: { ...difference, explanation: 'It has not been copied yet' }, isExplained: true } : found
}

export function beginning(): Progress {
  const figures = { rows: 0, differences: 0, explained: 0, rangesRead: 0, rangesCompared: 0 }
  return { ...figures, buckets: newBuckets(), ranges: [], cursor: undefined }
}

const stored = z.object({
  startedAt: z.string(),
  horizon: z.string(),
  ranges: storedRanges,
  rows: z.number(),
  differences: z.number(),
  explained: z.number(),
  rangesRead: z.number(),
  rangesCompared: z.number(),
  buckets: z.array(z.string()),
})

/** What `save` has kept. An empty cursor stands between two ranges. */
export function parseProgress(
  cursor: string,
  text: unknown,
): { begun: Pick<Pass, 'startedAt' | 'horizon'>; progress: Progress } | undefined {
  const read = stored.safeParse(text)
  if (!read.success) return undefined
  const { startedAt, horizon, buckets, ...rest } = read.data
  return {
    begun: { startedAt, horizon },
    progress: { ...rest, buckets: unpackBuckets(buckets), cursor: cursor === '' ? undefined : cursor },
  }
}

async function save(core: Core, of: Pass, progress: Progress): Promise<void> {
  const { buckets, cursor = '', ...rest } = progress
  const { startedAt, horizon } = of
  const text = JSON.stringify({ ...rest, startedAt, horizon, buckets: packBuckets(buckets) })
  await core.database.transaction((tx) => saveProgress(tx, partOf(of), { cursor, progress: text }))
}

async function keep(core: Core, of: Pass, progress: Progress, found: readonly Found[]): Promise<void> {
  if (found.length === 0) return
  const kept = found.slice(0, Math.max(0, KEPT_MAX - progress.differences)).map((one) => one.difference)
  await core.database.transaction((tx) => putDifferences(tx, of.pass, kept))
  // A row of ours that the ERP should have is one that should be on both sides.
  progress.rows += found.filter((one) => one.difference.kind === 'only_portal').length
  progress.differences += found.length
  progress.explained += found.filter((one) => one.isExplained).length
}

function partOf(of: Pass): { map: string; company: string; pass: number; isExact: boolean } {
  return { map: of.map.name, company: of.company, pass: of.pass, isExact: of.isExact }
}

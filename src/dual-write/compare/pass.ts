import { z } from 'zod'
import { type Figures, finishPass, putDifferences, saveProgress } from '../comparison.queries.ts'
import type { Core } from '../core.ts'
import type { Direction } from '../facets-control.ts'
import { listCopyRanges } from '../initial-sync.queries.ts'
import { addKey, type Buckets, newBuckets, packBuckets, unpackBuckets } from './buckets.ts'
import { type Found, judge } from './judge.ts'
import { findNeverSent, findVanished } from './only-portal.ts'
import { findSuspects, type Pass, readComparedPage } from './pages.ts'

/** Where a pass stands. */
export type Progress = Figures & { buckets: Buckets; cursor: string | undefined }

/** More than anybody looks through; beyond it differences are counted and not kept. */
const KEPT_MAX = 10_000

export type Pace = {
  /** Called after each page with the time that it took. */
  rest(workedMs: number): Promise<void>
  /** Answers whether where the pass stands shall be kept now. */
  isCheckpoint(): boolean
}

const PACE_FREE: Pace = { rest: async () => undefined, isCheckpoint: () => false }

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
  const copying = await findOpenCopies(core, of)
  const add = (found: readonly Found[]) =>
    keep(
      core,
      of,
      progress,
      found.map((one) => explainCopy(one, copying)),
    )
  do {
    const fromMs = core.clock.nowMs()
    const page = await readComparedPage(core, of, progress.cursor, signal)
    const { rows, linkedKeys, suspects } = await findSuspects(core, of, page.records)
    await add(await judge(core, of.map, of.company, suspects, signal))
    if (signal.aborted) return false
    progress.rows += rows
    for (const key of linkedKeys) addKey(progress.buckets, key)
    progress.rangesRead += 1
    if (suspects.length > 0) progress.rangesCompared += 1
    progress.cursor = page.next
    if (progress.cursor !== undefined && pace.isCheckpoint()) await save(core, of, progress.cursor, progress)
    await pace.rest(core.clock.nowMs() - fromMs)
  } while (progress.cursor !== undefined && !signal.aborted)
  if (of.map.rows === 'own') for await (const found of findVanished(core, of, progress.buckets, signal)) await add(found)
  for await (const found of findNeverSent(core, of, signal)) await add(found)
  if (signal.aborted) return false
  await core.database.transaction((tx) => finishPass(tx, partOf(of), progress))
  return true
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
  return { rows: 0, differences: 0, explained: 0, rangesRead: 0, rangesCompared: 0, buckets: newBuckets(), cursor: undefined }
}

const stored = z.object({
  startedAt: z.string(),
  rows: z.number(),
  differences: z.number(),
  explained: z.number(),
  rangesRead: z.number(),
  rangesCompared: z.number(),
  buckets: z.array(z.string()),
})

/** What `save` has kept. */
export function parseProgress(cursor: string, text: unknown): { startedAt: string; progress: Progress } | undefined {
  const read = stored.safeParse(text)
  if (!read.success) return undefined
  const { startedAt, buckets, ...figures } = read.data
  return { startedAt, progress: { ...figures, buckets: unpackBuckets(buckets), cursor } }
}

async function save(core: Core, of: Pass, cursor: string, progress: Progress): Promise<void> {
  const { buckets, cursor: _, ...figures } = progress
  const text = JSON.stringify({ ...figures, startedAt: of.startedAt, buckets: packBuckets(buckets) })
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

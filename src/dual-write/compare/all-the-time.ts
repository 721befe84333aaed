import { messageOf } from '#lib/app-error.ts'
import { forgetComparison, listComparisons, type StoredComparison } from '../comparison.queries.ts'
import { type Core, pinned } from '../core.ts'
import type { TableMap } from '../table-map.ts'
import { begin, listComparable } from './all.ts'
import { beginning, type Pace, parseProgress, runPass } from './pass.ts'
import { canHash, readMemory, reopen } from './ranges.ts'

/** After a start, people's first questions and the first copies come first. */
const FIRST_MS = 60_000
/** A part is compared again no sooner; where there is much, the share below makes it later. */
const AGAIN_MS = 10 * 60_000
/** Every value is read once a day: what a version does not tell shows then. */
const EXACT_MS = 24 * 60 * 60_000
/** Of the time, the comparison works that much. */
const SHARE = 0.05
const REST_MS_MAX = 20_000
const CHECKPOINT_MS = 30_000
const LOOK_AROUND_MS = 15_000

type DuePart = { map: TableMap; company: string; stored: StoredComparison | undefined }

/**
 * Compares the maps that run, one legal entity after another, at a pace that nobody notices. It changes nothing: what it finds is shown, and
 * a person decides which side is right. An interrupted pass goes on where it stood.
 */
export async function compareAllTheTime(core: Core, signal: AbortSignal): Promise<void> {
  await core.clock.sleep(FIRST_MS, signal)
  while (!signal.aborted) {
    try {
      const part = await findDue(core)
      if (part === undefined) await core.clock.sleep(LOOK_AROUND_MS, signal)
      else await comparePart(pinned(core), part, signal)
    } catch (error) {
      core.log.debug({ reason: messageOf(error) }, 'the comparison is interrupted and goes on later')
      await core.clock.sleep(LOOK_AROUND_MS, signal)
    }
  }
}

/** One that was begun, else the one whose last comparison is oldest, if that is old enough. What is no longer carried is forgotten. */
async function findDue(core: Core): Promise<DuePart | undefined> {
  const stored = await core.database.read(listComparisons)
  const parts = (await listComparable(core)).map((part) => ({
    ...part,
    stored: stored.find((one) => one.map === part.map.name && one.company === part.company),
  }))
  const gone = stored.filter((one) => !parts.some((part) => part.stored === one))
  if (gone.length > 0)
    await core.database.transaction(async (tx) => {
      for (const one of gone) await forgetComparison(tx, one)
    })
  const begun = parts.find((part) => part.stored?.cursor != null)
  if (begun !== undefined) return begun
  const ageOf = (part: DuePart) => core.clock.nowMs() - timeOf(part.stored?.comparedAt)
  const [oldest] = parts.sort((a, b) => ageOf(b) - ageOf(a))
  return oldest !== undefined && ageOf(oldest) >= AGAIN_MS ? oldest : undefined
}

async function comparePart(core: Core, { map, company, stored }: DuePart, signal: AbortSignal): Promise<void> {
  const pace = createPace(core, signal)
  const earlier = stored?.cursor == null ? undefined : parseProgress(stored.cursor, stored.progress)
  if (stored?.pass != null && earlier !== undefined) {
    const { begun, progress } = earlier
    const memory = stored.isExact ? undefined : await readMemory(core, map, company)
    if (memory === undefined) for (const range of progress.ranges) if (range.state === 'same') reopen(range)
    // What was remembered is gone: then what is left is read value by value, as in a pass that has nothing to build on.
    const isExact = stored.isExact || (memory === undefined && canHash(core, map))
    await runPass(core, { map, company, pass: stored.pass, ...begun, isExact, memory }, signal, { progress, pace })
    return
  }
  const isDue = core.clock.nowMs() - timeOf(stored?.exactAt) >= EXACT_MS
  await runPass(core, await begin(core, { map, company }, isDue), signal, { progress: beginning(), pace })
}

function createPace(core: Core, signal: AbortSignal): Pace {
  let savedMs = core.clock.nowMs()
  return {
    rest: (workedMs) => core.clock.sleep(Math.min((workedMs / SHARE) * (1 - SHARE), REST_MS_MAX), signal),
    isCheckpoint() {
      const nowMs = core.clock.nowMs()
      if (nowMs - savedMs < CHECKPOINT_MS) return false
      savedMs = nowMs
      return true
    },
  }
}

function timeOf(text: string | null | undefined): number {
  return text == null ? 0 : Date.parse(text)
}

import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { KeyRange, RangeHash } from '#connector/contract.ts'
import { type BucketDigest, findMemory } from '../comparison.queries.ts'
import type { Core } from '../core.ts'
import { countLinksOf } from '../links.queries.ts'
import { selectionOf } from '../sync/copy-pages.ts'
import type { TableMap } from '../table-map.ts'
import { comparedFields } from './columns.ts'

/**
 * The other side in ranges of its key, with what is known of each. Where the side can tell the hash of a range, a range that has the same
 * hash as when it was last read and found right holds the same records, and is not read again.
 */

/** How one pass compares one map and legal entity ('' where it has none). */
export type Pass = {
  map: TableMap
  company: string
  pass: number
  startedAt: string
  horizon: string
  /** Every record is read, and every value. */
  isExact: boolean
  /** What an earlier pass has learnt: of what is read, every value is. Neither: a record whose version is the linked one is as agreed. */
  memory: Memory | undefined
}

/** Called after each piece of work with the time that it took. */
export type Rest = (workedMs: number) => Promise<void>

/** Keys as one number, whatever their order: how many, and the xor of 60 bits of their MD5. */
export type KeyDigest = { count: number; digest: string }

export type RangeState = {
  from: string | null
  before: string | null
  /** `same`: its hash is the one that is remembered. */
  state: 'open' | 'same' | 'read'
  /** Records within the map's filter. */
  rows: number
  /** Null while there is none, and where something did not match: then it is read again. */
  hash: RangeHash | null
  /** Keys of linked records: all, and those linked before the pass began. */
  keys: KeyDigest
  oldKeys: KeyDigest
}

/** What a whole pass leaves to the next. */
export type Memory = {
  signature: string
  horizon: string
  /** Links that no record was met for, and were found to be right so or kept as differences. */
  missing: KeyDigest
  ranges: Pick<RangeState, 'from' | 'before' | 'rows' | 'hash' | 'keys'>[]
}

const RANGE_ROWS = 1_000
const RANGES_MAX = 256
const NO_KEYS: KeyDigest = { count: 0, digest: '0' }

/** Whether ranges are read and remembered by their hash. Rows that belong to other maps have no link of this one, so nothing here tells that they moved. */
export function canHash({ connector }: Core, map: TableMap): boolean {
  const { ranges, hashes } = connector.capabilities
  return ranges && hashes && map.rows === 'own'
}

/** The ranges of the last pass, where they can be built on. */
export async function readMemory(core: Core, map: TableMap, company: string): Promise<Memory | undefined> {
  if (!canHash(core, map)) return undefined
  const read = memory.safeParse(await core.database.read((tx) => findMemory(tx, { map: map.name, company })))
  return read.success && read.data.signature === signatureOf(map) ? read.data : undefined
}

/** The ranges to go through; one, where the side does not tell ranges apart. */
export async function planRanges(core: Core, of: Pass, signal: AbortSignal): Promise<RangeState[]> {
  const { connector } = core
  const { map, company } = of
  if (of.memory !== undefined) return of.memory.ranges.map((one) => ({ ...one, state: 'open', oldKeys: NO_KEYS }))
  if (!canHash(core, map) || connector.splitRanges === undefined) return [openRange({ from: undefined, before: undefined })]
  const links = await core.database.read((tx) => countLinksOf(tx, map.name, company === '' ? null : company))
  const rangesMax = Math.max(1, Math.min(RANGES_MAX, Math.ceil(links / RANGE_ROWS)))
  const ranges = await connector.splitRanges({ ...selectionOf(core, map, company), rangesMax }, signal)
  return ranges.map(openRange)
}

/** Marks the ranges that still have their remembered hash; the others are to be read. */
export async function findSame(
  core: Core,
  of: Pass,
  ranges: readonly RangeState[],
  rest: Rest,
  signal: AbortSignal,
): Promise<void> {
  const { hashRange } = core.connector
  if (of.memory === undefined || hashRange === undefined) return
  for (const range of ranges) {
    const fromMs = core.clock.nowMs()
    const selection = { ...selectionOf(core, of.map, of.company), range: boundsOf(range) }
    const hash = range.hash === null ? undefined : await hashRange({ ...selection, fields: comparedFields(of.map) }, signal)
    if (hash !== undefined && hash.rows === range.hash?.rows && hash.hash === range.hash.hash) {
      range.state = 'same'
      range.oldKeys = range.keys
    } else reopen(range)
    await rest(core.clock.nowMs() - fromMs)
  }
}

/** To be read, whatever is remembered of it. */
export function reopen(range: RangeState): void {
  Object.assign(range, { state: 'open', rows: 0, hash: { rows: 0, hash: '0' }, keys: NO_KEYS, oldKeys: NO_KEYS })
}

export function boundsOf({ from, before }: Pick<RangeState, 'from' | 'before'>): KeyRange {
  return { from: from ?? undefined, before: before ?? undefined }
}

export function addKeys(to: KeyDigest, keys: readonly string[]): KeyDigest {
  let digest = BigInt(to.digest)
  for (const key of keys) digest ^= BigInt(`0x${createHash('md5').update(key).digest('hex').slice(0, 15)}`)
  return { count: to.count + keys.length, digest: digest.toString() }
}

/** The keys of the first that the others do not have. */
export function withoutKeys(all: KeyDigest, others: readonly KeyDigest[]): KeyDigest {
  let { count, digest } = { count: all.count, digest: BigInt(all.digest) }
  for (const one of others) {
    count -= one.count
    digest ^= BigInt(one.digest)
  }
  return { count, digest: digest.toString() }
}

export function digestOf(buckets: readonly BucketDigest[]): KeyDigest {
  return {
    count: buckets.reduce((sum, one) => sum + one.count, 0),
    digest: buckets.reduce((sum, one) => sum ^ BigInt(one.digest), 0n).toString(),
  }
}

export function memoryOf(of: Pass, ranges: readonly RangeState[], missing: KeyDigest): string {
  const kept = ranges.map(({ from, before, rows, hash, keys }) => ({ from, before, rows, hash, keys }))
  return JSON.stringify({ signature: signatureOf(of.map), horizon: of.horizon, missing, ranges: kept } satisfies Memory)
}

/** What the hashes and the verdicts depend on. */
function signatureOf(map: TableMap): string {
  const parts = [map.version, comparedFields(map), map.filter, map.deletes, map.leaves]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

function openRange({ from, before }: KeyRange): RangeState {
  const hash = { rows: 0, hash: '0' }
  return { from: from ?? null, before: before ?? null, state: 'open', rows: 0, hash, keys: NO_KEYS, oldKeys: NO_KEYS }
}

const keyDigest = z.object({ count: z.number(), digest: z.string() })
const range = {
  from: z.string().nullable(),
  before: z.string().nullable(),
  rows: z.number(),
  hash: z.object({ rows: z.number(), hash: z.string() }).nullable(),
  keys: keyDigest,
}
const memory = z.object({ signature: z.string(), horizon: z.string(), missing: keyDigest, ranges: z.array(z.object(range)) })

/** As `save` of a pass keeps them. */
export const storedRanges = z.array(z.object({ ...range, state: z.enum(['open', 'same', 'read']), oldKeys: keyDigest }))

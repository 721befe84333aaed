import { createHash } from 'node:crypto'
import type { BucketDigest } from '../comparison.queries.ts'

/**
 * The keys of one side as 1,024 digests: equal digests mean equal sets of keys, and of a million records a bucket that differs has a
 * thousand to look at. Worked out record by record, in any order; PostgreSQL works out the same from its links (`digestLinkedKeys`).
 */
export type Buckets = { count: number; digest: bigint }[]

const BUCKETS = 1_024

export function newBuckets(): Buckets {
  return Array.from({ length: BUCKETS }, () => ({ count: 0, digest: 0n }))
}

export function addKey(buckets: Buckets, key: string): void {
  const hex = createHash('md5').update(key).digest('hex')
  const bucket = buckets[Number.parseInt(hex.slice(0, 3), 16) >> 2]
  if (bucket === undefined) return
  bucket.count += 1
  bucket.digest ^= BigInt(`0x${hex.slice(0, 15)}`)
}

/** Numbers of the buckets that are not the same on both sides. */
export function differingBuckets(buckets: Buckets, others: readonly BucketDigest[]): number[] {
  const byNumber = new Map(others.map((one) => [one.bucket, one]))
  return buckets.flatMap((own, number) => {
    const other = byNumber.get(number)
    return own.count === (other?.count ?? 0) && own.digest === BigInt(other?.digest ?? 0) ? [] : [number]
  })
}

/** As JSON carries them: 'count:digest', empty buckets as ''. */
export function packBuckets(buckets: Buckets): string[] {
  return buckets.map((one) => (one.count === 0 ? '' : `${one.count}:${one.digest.toString(36)}`))
}

export function unpackBuckets(packed: readonly string[]): Buckets {
  return newBuckets().map((empty, number) => {
    const [count = '', digest = ''] = (packed[number] ?? '').split(':')
    return count === '' ? empty : { count: Number(count), digest: parseBase36(digest) }
  })
}

function parseBase36(text: string): bigint {
  return [...text].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n)
}
